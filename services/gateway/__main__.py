"""`python -m services.gateway` runs the gateway."""

import gc
import sys

# Nothing that is imported is garbage: looking through it over and over is a fifth of a start. `main` begins it again.
gc.disable()

from services.gateway.main import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
