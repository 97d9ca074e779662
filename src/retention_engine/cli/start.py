"""Where the program starts; it runs without the packages of the extra, to say that they are missing."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from retention_engine.errors import MissingExtra


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0 done, 1 findings or something refused, 2 the command line is wrong, 3 an input is bad, 4 the store cannot be used,
    130 interrupted.

    Args:
        arguments: without the name of the program; None: those of the process.
    """
    try:
        from retention_engine.cli.app import run
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in ("cyclopts", "rich"):
            raise
        sys.stderr.write(f"error: {MissingExtra('cli', package)}\n")
        return 2
    return run(list(sys.argv[1:] if arguments is None else arguments))
