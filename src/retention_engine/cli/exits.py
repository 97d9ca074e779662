"""Exit codes, and which error ends in which of them."""

from __future__ import annotations

from enum import IntEnum

from cyclopts import CycloptsError

from retention_engine.errors import MissingExtra, RetentionError, StoreError, TimeError


class Exit(IntEnum):
    """How a command ended. Codes are relied upon by scripts and never change their meaning."""

    OK = 0
    """Done."""
    FOUND = 1
    """Done, but there is something to look at: findings of ``check``, refused rows, unknown outcomes, a held clock."""
    USAGE = 2
    """The command line is wrong: an unknown option or name, an instant that cannot be, a missing extra."""
    INPUT = 3
    """An input is bad: rules, orders, a mapping or an expression; or it is not there."""
    STORE = 4
    """The store cannot be used: no such file, not ours, broken, or locked for too long."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C; what was committed stays, and the same command goes on."""


def code_of(error: Exception) -> Exit:
    """Return the exit code of an error."""
    if isinstance(error, CycloptsError | MissingExtra | TimeError):
        return Exit.USAGE
    if isinstance(error, StoreError):
        return Exit.STORE
    return Exit.INPUT


def line_of(error: Exception) -> str:
    """Return an error as one line."""
    text = str(error)
    if isinstance(error, OSError) and not isinstance(error, RetentionError) and error.strerror:
        name = "" if error.filename is None else f": {error.filename!r}"
        text = f"{error.strerror.lower()}{name}"
    return " ".join(text.split())
