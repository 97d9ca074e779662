"""What every game has: a name that can stand in keys, and the time in which it is open."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from attrs import field, frozen

from retention_engine.errors import DefinitionError, shown
from retention_engine.keys import fingerprint
from retention_engine.timing import to_instant
from retention_engine.values import LONGEST_ID, is_printable

_Value = TypeVar("_Value")


def check_name(_: Any, attribute: Any, value: Any) -> None:
    """Validate a name of a game: printable, without the ``:`` and ``/`` that part the pieces of a key."""
    if not is_printable(value) or ":" in value or "/" in value:
        wanted = f"a printable text of 1 to {LONGEST_ID} characters without ':' and '/'"
        raise DefinitionError(f"{attribute.name} is {wanted}, not {shown(value)}")


def check_number(least: int, most: int = 10**15) -> Callable[[Any, Any, Any], None]:
    """Return a validator of whole numbers between two bounds, both allowed; True is no number."""

    def check(_: Any, attribute: Any, value: Any) -> None:
        if type(value) is not int or not least <= value <= most:
            raise DefinitionError(f"{attribute.name} is a whole number from {least} to {most}, not {shown(value)}")

    return check


def as_tuple(value: Any) -> tuple[Any, ...]:
    """Convert a list to a tuple; a single text is no list of its letters.

    Raises:
        DefinitionError: it is no list.
    """
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise DefinitionError(f"a list is needed, not {shown(value)}")
    return tuple(value)


def optional_instant(value: Any) -> int | None:
    """Convert an instant that may be missing."""
    return None if value is None else to_instant(value)


def unique(names: Iterable[str], what: str) -> None:
    """Refuse an empty list of names, and one that names something twice.

    Raises:
        DefinitionError: it does.
    """
    given = list(names)
    if not given:
        raise DefinitionError(f"at least one of {what} is needed, not 0")
    for name in given:
        if given.count(name) > 1:
            raise DefinitionError(f"{what} are given once each, {shown(name)} is there twice")


def reward_key(game: str, name: str, customer: str, *, instance: int | None = None) -> str:
    """Return the key under which a reward is given once, such as ``quiz:autumn:anna``; at most 200 characters."""
    parts = [game, name, customer, *([] if instance is None else [str(instance)])]
    key = ":".join(parts)
    return key if len(key) <= LONGEST_ID else f"{game}:{fingerprint(*parts)}"


def steps_of(instants: Iterable[int], at: int, read: Callable[[int], _Value]) -> list[tuple[int, _Value]]:
    """Return the values from ``at`` on, each with the instant from which it holds; equal neighbours are one.

    Args:
        instants: where the value may change; those not after ``at`` are passed over.
        read: the value at an instant.
    """
    steps = [(at, read(at))]
    for instant in sorted({each for each in instants if each > at}):
        value = read(instant)
        if value != steps[-1][1]:
            steps.append((instant, value))
    return steps


@frozen(kw_only=True)
class Opening:
    """A game that is open from one instant, inclusive, to another, exclusive."""

    id: str = field(validator=check_name)
    opens_at: int = field(converter=to_instant)
    closes_at: int = field(converter=to_instant)

    @closes_at.validator
    def _later(self, _: Any, value: int) -> None:
        if value <= self.opens_at:
            raise DefinitionError(f"closes_at lies after opens_at, {self.opens_at}, not at {value}")

    def is_open(self, at: int) -> bool:
        """Tell whether it is open at an instant."""
        return self.opens_at <= at < self.closes_at

    def open_steps(self, at: int) -> list[tuple[int, bool]]:
        """Return whether it is open from ``at`` on."""
        return steps_of((self.opens_at, self.closes_at), at, self.is_open)
