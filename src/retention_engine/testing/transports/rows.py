"""What a row of an error table expects: the kind of the outcome and the fields that decide what happens next."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from retention_engine.envelopes import SendOutcome


@frozen
class Expected:
    """The kind of an outcome, some of its fields, and our own code for it."""

    kind: type[Any]
    code: str
    fields: dict[str, Any] = field(factory=dict)


def expected(kind: type[Any], code: str, **fields: Any) -> Expected:
    """Return what a row expects."""
    return Expected(kind, code, fields)


def matches(outcome: SendOutcome, wanted: Expected, *, codes: bool = False) -> bool:
    """Tell whether an outcome is what a row expects; with ``codes`` the code has to be ours, too."""
    same = type(outcome) is wanted.kind and (not codes or outcome.code == wanted.code)
    return same and all(getattr(outcome, name) == value for name, value in wanted.fields.items())
