"""`python -m services.flower` runs Flower."""

import sys

from services.flower.main import main

if __name__ == "__main__":
    sys.exit(main())
