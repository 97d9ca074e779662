"""Actions and decisions as JSON: every field is kept, those that hold their default are left out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from attrs import Factory, fields

from retention_engine.actions import Action, Decision, Outcome, Reason
from retention_engine.errors import StoreError, shown


def action_text(action: Action) -> str:
    """Return the action as one line of JSON; ``read_action`` gives an equal action back."""
    return _dump(_plain(action, _ACTION))


def decision_text(decision: Decision) -> str:
    """Return the decision, its action inside, as one line of JSON; ``read_decision`` gives an equal decision back."""
    plain = _plain(decision, _DECISION)
    if decision.action is not None:
        plain["action"] = _plain(decision.action, _ACTION)
    return _dump(plain)


def read_action(text: str) -> Action:
    """Read what ``action_text`` wrote.

    Raises:
        StoreError: anything else was written there.
    """
    with _readable("action", text):
        return _action(json.loads(text))


def read_decision(text: str) -> Decision:
    """Read what ``decision_text`` wrote.

    Raises:
        StoreError: anything else was written there, such as a reason that only a later version knows.
    """
    with _readable("decision", text):
        raw = json.loads(text)
        raw["outcome"] = Outcome(raw["outcome"])
        if "reason" in raw:
            raw["reason"] = Reason(raw["reason"])
        if "action" in raw:
            raw["action"] = _action(raw["action"])
        return Decision(**{**raw, "because": tuple(raw.get("because", ()))})


def _defaults(cls: type[Any]) -> dict[str, object]:
    defaults = {each.name: each.default for each in fields(cls)}
    made = {name: default.factory() for name, default in defaults.items() if isinstance(default, Factory)}  # type: ignore[arg-type]  # Factory is a class at run time
    return {**defaults, **made}


_ACTION = _defaults(Action)
_DECISION = _defaults(Decision)


def _plain(value: object, defaults: dict[str, object]) -> dict[str, Any]:
    return {name: held for name, default in defaults.items() if (held := getattr(value, name)) != default}


_ENCODE = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode  # made once: dear


def _dump(plain: dict[str, Any]) -> str:
    return _ENCODE(plain)


def _action(raw: dict[str, Any]) -> Action:
    plain: dict[str, Any] = {**raw}
    for name in ("items", "because"):
        if name in plain:
            plain[name] = tuple(plain[name])
    return Action(**plain)


@contextmanager
def _readable(what: str, text: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, TypeError, KeyError) as error:
        raise StoreError(f"a stored {what} cannot be read: {shown(text)}") from error
