"""What triggers and steps have in common: they are values, and write themselves as the call that builds them."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from retention_engine.errors import DefinitionError, shown
from retention_engine.values import is_printable
from retention_engine.view import View


def check_name(_: object, attribute: Any, value: Any) -> None:
    """Validate an id or a short name."""
    if not is_printable(value):
        raise DefinitionError(f"{attribute.name} is a printable text of 1 to 200 characters, not {shown(value)}")


def check_optional(instance: object, attribute: Any, value: Any) -> None:
    """Validate a short name that may be missing."""
    if value is not None:
        check_name(instance, attribute, value)


class Written:
    """A value that is written as the call that builds it."""

    __slots__ = ()

    def write(self, *, python: bool) -> str:
        """Return the call; predicates inside with ``& | ~`` for Python, with ``and or not`` otherwise."""
        raise NotImplementedError  # every concrete value writes itself

    def text(self) -> str:
        """Return the form of rule files, which ``read_trigger`` or ``read_step`` reads back to an equal value."""
        return self.write(python=False)

    def __str__(self) -> str:
        """Return the text form."""
        return self.text()

    def __repr__(self) -> str:
        """Return the Python expression that builds the value."""
        return self.write(python=True)


@frozen
class Occasion:
    """One reason to act: this order, this birthday, this lapse.

    Attributes:
        key: what it is about; a record, a fact or a calendar period, never an instant.
        due: when it is due, microseconds UTC.
    """

    key: str
    due: int


class Trigger(Written):
    """Base of the triggers: what turns the state of a customer into occasions."""

    __slots__ = ()

    def reads(self) -> frozenset[str]:
        """Return the names of the collections and attributes it depends on."""
        return frozenset()

    def next_due(self, view: View) -> int | None:
        """Return the earliest instant after ``view.now`` at which an occasion is due, as far as facts are known."""
        return None

    def due_now(self, view: View) -> list[Occasion]:
        """Return the occasions due exactly at ``view.now``."""
        return []

    def stands(self, key: str, view: View) -> bool:
        """Tell whether what made an occasion is still there; asked again before a held message is let go."""
        return True
