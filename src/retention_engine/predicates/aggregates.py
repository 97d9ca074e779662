"""Aggregates of dated records, and the age of an instant; membership of a record changes at known instants."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from fractions import Fraction
from keyword import iskeyword
from typing import Any

from attrs import frozen

from retention_engine.errors import DefinitionError, nearest, shown
from retention_engine.predicates.base import Node
from retention_engine.predicates.compare import Constant, Quantity, Reading, kind_of, plain
from retention_engine.state import Moment, Record, read_any, read_field
from retention_engine.timing import NEVER, Span
from retention_engine.view import View

LONGEST_NAME = 200
FINEST = 1_000_000
"""A mean is compared exactly, as a sum with a multiple of the count: its constant has at most six decimals."""


@frozen
class Member:
    """A record and the instants from ``start`` (inclusive) to ``end`` (exclusive) at which it belongs."""

    record: Record
    start: int
    end: int


class Collection(Node):
    """Dated records of one customer, oldest first; refined by the classes of ``records``."""

    __slots__ = ()

    def members(self, view: View) -> list[Member]:
        """Return every record with the span of instants in which it belongs, sorted by (at, id)."""
        raise NotImplementedError  # every concrete collection lists its members

    def kinds(self) -> dict[str, str] | None:
        """Return field name -> number, text, flag or span; None when the fields are free."""
        raise NotImplementedError  # every concrete collection knows its fields


def is_name(name: object) -> bool:
    """Tell whether it can name a field or an attribute: 1 to 200 letters, digits and ``_``, no ``_`` in front."""
    if not isinstance(name, str) or len(name) > LONGEST_NAME or not name.isascii() or not name.isidentifier():
        return False
    return name[0] != "_" and not iskeyword(name)


def check_field(collection: Collection, name: object) -> str:
    """Return the field's name when the collection has it.

    Raises:
        DefinitionError: it has not; the message names the nearest one.
    """
    kinds = collection.kinds()
    free = kinds is None and is_name(name)
    if not isinstance(name, str) or not (free or name in (kinds or ())):
        raise DefinitionError(
            f"{collection} has no field {shown(name)}{nearest(name, kinds or ['letters_and_digits'])}"
        )
    return name


def field_kind(collection: Collection, name: str) -> str | None:
    """Return number, text, flag or span for a field that the collection has; None for a free field of an event."""
    kinds = collection.kinds()
    return ("text" if name == "id" else None) if kinds is None else kinds[name]


def _mean(values: Sequence[int]) -> Fraction | None:
    return Fraction(sum(values), len(values)) if values else None


_FOLDS: dict[str, Callable[[Sequence[Any]], Any]] = {
    "count": len,
    "sum": sum,
    "mean": _mean,
    "min": lambda values: min(values, default=None),
    "max": lambda values: max(values, default=None),
    "distinct": lambda values: len(set(values)),
    "first": lambda values: values[0] if values else None,
    "last": lambda values: values[-1] if values else None,
}
FOLDS = tuple(_FOLDS)


@frozen(eq=False, repr=False)
class Aggregate(Quantity):
    """One number, text or instant out of a collection; of nothing: 0 for count, sum, distinct, else no value."""

    fold: str
    records: Collection
    field: str | None

    def __attrs_post_init__(self) -> None:
        """Check the field where it is written."""
        if self.fold == "count":
            return
        if self.field is None:
            if self.fold not in ("first", "last"):
                raise DefinitionError(f"{self.fold}() needs the name of a field, such as {self.fold}('total')")
            return
        check_field(self.records, self.field)
        kind = field_kind(self.records, self.field)
        if self.fold in ("sum", "mean", "min", "max") and kind not in ("number", "span", None):
            raise DefinitionError(f"{self.fold}() needs a number, but {self.field!r} is a {kind}")

    @property
    def age(self) -> Age:
        """Elapsed time since the record; no value while there is none."""
        return Age(self, ahead=False)

    def parts(self) -> tuple[Node, ...]:
        """Return the collection."""
        return (self.records,)

    def sort(self) -> str:
        """Return the sort of the result."""
        if self.fold in ("count", "distinct"):
            return "number"
        if self.field is None:
            return "instant"
        free = "any" if self.fold in ("first", "last") else "number"
        return field_kind(self.records, self.field) or free

    def bound(self, constant: Constant) -> Any:
        """Return the constant as it is compared; that of a mean as an exact fraction."""
        if self.fold != "mean" or constant is None:
            return plain(constant)
        return tuple(map(check_mean, constant)) if isinstance(constant, tuple) else check_mean(constant)

    def read(self, view: View, constant: Constant) -> Reading:
        """Return the aggregate as a function of time."""
        return Timeline(self.records.members(view), _FOLDS[self.fold], self._getter(constant))

    def _getter(self, constant: Constant) -> Callable[[Record], Any]:
        if self.fold == "count":
            return lambda record: record
        if self.field is None:
            return lambda record: record.at
        name = self.field
        kind = "number" if self.fold not in ("first", "last") else _wanted(constant)
        if self.fold == "distinct" or kind is None or field_kind(self.records, name) is not None:
            return lambda record: _whole(self.fold, read_any(record, name))
        return lambda record: _whole(self.fold, read_field(record, name, kind))

    def write(self, *, python: bool) -> str:
        """Write the call."""
        field = "" if self.field is None else repr(self.field)
        return f"{self.records.write(python=python)}.{self.fold}({field})"


def check_mean(constant: Constant) -> Fraction:
    """Return the constant of a comparison with a mean as an exact fraction.

    Raises:
        DefinitionError: it has more than six decimals.
    """
    exact = Fraction(str(plain(constant)))
    if exact.denominator > FINEST:
        raise DefinitionError(f"a mean is compared with at most six decimals, not {shown(constant)}")
    return exact


def _wanted(constant: Constant) -> str | None:
    if constant is None:
        return None
    return kind_of(constant[0] if isinstance(constant, tuple) else constant)


def _whole(fold: str, value: Any) -> Any:
    """Sums and means take whole numbers only: they stay exact in every reading."""
    return None if fold in ("sum", "mean") and type(value) is not int else value


class Timeline:
    """The fold of the members at each instant."""

    def __init__(
        self, members: list[Member], fold: Callable[[Sequence[Any]], Any], get: Callable[[Record], Any]
    ) -> None:
        """Sort the instants at which a member comes or goes."""
        self._members = members
        self._fold = fold
        self._get = get
        edges = {member.start for member in members} | {member.end for member in members}
        self._edges = sorted(edges - {NEVER})

    def value(self, at: int) -> Any:
        """Fold the members of an instant; fields without a value are passed over."""
        inside = (self._get(member.record) for member in self._members if member.start <= at < member.end)
        return self._fold([value for value in inside if value is not None])

    def turns(self, after: int) -> int | None:
        """Return the next instant at which a member comes or goes."""
        place = bisect_right(self._edges, after)
        return self._edges[place] if place < len(self._edges) else None


@frozen(eq=False, repr=False)
class Age(Quantity):
    """Now minus an instant, from that instant on; with ``ahead`` the instant minus now, before it."""

    moment: Quantity
    ahead: bool

    def __attrs_post_init__(self) -> None:
        """Check that it is the age of an instant."""
        free = self.moment.sort() == "any" and not isinstance(self.moment, Aggregate)  # events hold no instants
        if not free and self.moment.sort() != "instant":
            raise DefinitionError(f"{self.moment} is no instant: it has no age")

    def parts(self) -> tuple[Node, ...]:
        """Return the instant."""
        return (self.moment,)

    def sort(self) -> str:
        """Return ``age``."""
        return "age"

    def read(self, view: View, constant: Constant) -> Reading:
        """Return the age as a function of time."""
        assert isinstance(constant, Span)
        wanted = int if self.moment.sort() == "instant" else Moment
        return _AgeReading(self.moment.read(view, None), wanted, constant.micros, ahead=self.ahead)

    def write(self, *, python: bool) -> str:
        """Write the property."""
        return f"{self.moment.write(python=python)}.{'ahead' if self.ahead else 'age'}"


class _AgeReading:
    """An age that moves: it crosses its bound at an instant known from the moment it is counted from."""

    def __init__(self, moment: Reading, wanted: type[int], bound: int, *, ahead: bool) -> None:
        """Keep the instant as a function of time, the type that tells it from other values, and the bound."""
        self._moment = moment
        self._wanted = wanted
        self._bound = bound
        self._ahead = ahead

    def value(self, at: int) -> int | None:
        """Return microseconds, None outside of the side it counts on."""
        moment = self._instant(at)
        if moment is None or (moment > at) != self._ahead:
            return None
        return int(abs(moment - at))

    def _instant(self, at: int) -> int | None:
        moment = self._moment.value(at)
        return moment if isinstance(moment, self._wanted) else None

    def turns(self, after: int) -> int | None:
        """Return the next instant at which the moment changes, is passed, or lies exactly at the bound."""
        found = [self._moment.turns(after)]
        moment = self._instant(after)
        if moment is not None:
            edge = moment - self._bound if self._ahead else moment + self._bound
            found += [moment, edge, edge + 1]
        return min((int(at) for at in found if at is not None and at > after), default=None)
