"""`python -m services.gateway` runs the gateway."""

import sys

from services.gateway.main import main

if __name__ == "__main__":
    sys.exit(main())
