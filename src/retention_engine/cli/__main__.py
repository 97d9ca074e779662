"""``python -m retention_engine.cli`` is ``retention-engine``."""

import sys

from retention_engine.cli import main

if __name__ == "__main__":
    sys.exit(main())
