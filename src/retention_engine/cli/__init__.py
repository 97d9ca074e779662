"""The command line ``retention-engine``; needs the extra ``cli``."""

from retention_engine.cli.start import main

__all__ = ["main"]
