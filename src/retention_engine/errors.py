"""Every error this library raises, in one tree.

```text
RetentionError
├── DefinitionError (ValueError)      a rule, expression or setting is wrong; found where it is written
│   └── ExpressionError               the text of an expression is wrong; knows the position
├── FactError (ValueError)            a fact or an untrusted payload is wrong; nothing of it was applied
│   └── FactConflict                  the id is known already with a different content
├── TokenError (ValueError)           a link is not valid: forged, altered, of another purpose, or expired
├── TemplateError (ValueError)        a template is wrong or cannot be filled; nothing of the message was made
│   └── EmptyContent                  it was filled, but there is nothing to say
├── SignatureError (ValueError)       a received webhook is not genuine: forged, altered, too old or too large
├── LedgerError (ValueError)          a command to a ledger is refused; nothing of it was posted
│   ├── Insufficient                  there are fewer units than asked for
│   ├── KeyConflict                   the key was used already for another command
│   ├── StaleSnapshot                 the order is known already in a later state
│   └── VersionConflict               somebody else appended in between: read again, decide again
├── TimeError (ValueError)            a naive datetime, an unknown zone, an instant out of range
├── StoreError (RuntimeError)         the store cannot be used (version, file, lock)
└── MissingExtra (ImportError)        an optional dependency is needed; says which extra to install
```

Messages are lower case, contain the offending value and say what is allowed.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class RetentionError(Exception):
    """Base of every error of this library."""


class DefinitionError(RetentionError, ValueError):
    """A rule, an expression or a setting is wrong."""


class ExpressionError(DefinitionError):
    """The text of an expression is wrong.

    Attributes:
        text: the text as given, shortened to 200 characters.
        position: 0-based offset of the offending part in the text, or None when the whole text is meant.
    """

    def __init__(self, message: str, *, text: str = "", position: int | None = None) -> None:
        """Add the place to the message when it is known."""
        place = "" if position is None else f" at position {position}"
        super().__init__(f"{message}{place}")
        self.text = text[:200]
        self.position = position


class FactError(RetentionError, ValueError):
    """A fact or an untrusted payload is wrong; nothing of it was applied.

    Attributes:
        place: where in the input it was found, such as ``row 7, field total``; empty when unknown.
    """

    def __init__(self, message: str, *, place: str = "") -> None:
        """Put the place in front of the message."""
        super().__init__(f"{place}: {message}" if place else message)
        self.place = place


class FactConflict(FactError):
    """A fact id is known already with a different content; none of the batch was applied."""


class TokenError(RetentionError, ValueError):
    """A signed link is not valid; the message never says why, so that nobody learns from it."""

    def __init__(self, message: str = "this link is not valid") -> None:
        """Take the one message there is."""
        super().__init__(message)


class SignatureError(RetentionError, ValueError):
    """A received webhook is not genuine; the message never says why, so that nobody learns from it."""

    def __init__(self, message: str = "this webhook is not genuine") -> None:
        """Take the one message there is."""
        super().__init__(message)


class TemplateError(RetentionError, ValueError):
    """A template is wrong or cannot be filled; nothing of the message was made.

    Attributes:
        template: its name.
        language: of the text that was found, None when none was.
        line: in the file, None when unknown.
        code: ``broken``, ``unknown_template``, ``unknown_name``, ``unbalanced_markup``, ``unfit_data``, ``too_much`` or
            ``empty``.
    """

    def __init__(
        self,
        message: str,
        *,
        template: str = "",
        language: str | None = None,
        line: int | None = None,
        code: str = "broken",
    ) -> None:
        """Put the place in front of the message."""
        known = {"template": template and shown(template), "language": language, "line": line}
        place = ", ".join(f"{name} {value}" for name, value in known.items() if value)
        super().__init__(f"{place}: {message}" if place else message)
        self.template = template
        self.language = language
        self.line = line
        self.code = code


class EmptyContent(TemplateError):
    """A template was filled, but there is nothing to say: no item is left, or the text is empty."""


class LedgerError(RetentionError, ValueError):
    """A command to a ledger is refused; nothing of it was posted.

    Attributes:
        code: why, such as ``bad_amount``, ``bad_window``, ``not_open`` or ``unknown_grant``; never renamed.
    """

    def __init__(self, message: str, *, code: str) -> None:
        """Keep the code beside the message."""
        super().__init__(message)
        self.code = code


class Insufficient(LedgerError):
    """There are fewer units than asked for.

    Attributes:
        available: what could be taken.
        asked: what was wanted.
    """

    def __init__(self, available: int, asked: int) -> None:
        """Say both numbers."""
        super().__init__(f"{asked} units are asked for, {available} are available", code="insufficient")
        self.available = available
        self.asked = asked


class KeyConflict(LedgerError):
    """The key was used already for another command."""

    def __init__(self, key: str) -> None:
        """Say which."""
        super().__init__(f"key {shown(key)} was used already for another command", code="key_conflict")


class StaleSnapshot(LedgerError):
    """The order is known already in a later state."""

    def __init__(self, order: str, *, revision: int, known: int) -> None:
        """Say both revisions."""
        message = f"revision {revision} of order {shown(order)} is older than {known}, which was applied"
        super().__init__(message, code="stale_snapshot")


class VersionConflict(LedgerError):
    """Somebody else appended in between: read again, decide again."""

    def __init__(self, stream: object, *, expected: int, found: int) -> None:
        """Say both versions."""
        message = f"{stream} is at version {found}, not {expected}"
        super().__init__(message, code="version_conflict")


class TimeError(RetentionError, ValueError):
    """A naive datetime, an unknown zone, or an instant outside the years 1 to 9999."""


class StoreError(RetentionError, RuntimeError):
    """The store cannot be used: wrong version, broken file, or locked for too long."""


class MissingExtra(RetentionError, ImportError):
    """An optional dependency is needed."""

    def __init__(self, extra: str, package: str) -> None:
        """Say what to install."""
        super().__init__(f'{package!r} is needed here: pip install "retention-engine[{extra}]"')
        self.extra = extra


def nearest(name: object, allowed: Iterable[str]) -> str:
    """Return `` (did you mean 'x'?)`` for the closest allowed name, else the allowed names themselves."""
    names = sorted(allowed)
    close = get_close_matches(str(name)[:100], names, n=1)
    if close:
        return f" (did you mean {close[0]!r}?)"
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f" (allowed: {shown})"


def shown(value: object, limit: int = 80) -> str:
    """Return the ``repr`` of a value for a message, shortened to ``limit`` characters; never raises."""
    try:
        text = repr(value[: limit * 2]) if isinstance(value, str | bytes) else repr(value)
    except Exception:  # noqa: BLE001 - a foreign __repr__ may raise anything; a message must still come out
        text = f"<{type(value).__name__}>"
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
