"""All that is known of one customer: collections of dated records and attributes, whatever the order of arrival."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from operator import attrgetter
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from attrs import define, field

from retention_engine.state.records import Record

_sort_key = attrgetter("at", "id")
_Made = TypeVar("_Made")


@define
class Held:
    """A value that the latest fact by (at, id) has set."""

    value: Any
    at: int
    fact: str


@define
class Change:
    """A record that came (``old`` None), went (``new`` None) or was replaced."""

    collection: str
    old: Record | None
    new: Record | None


EVERYTHING = "*"
"""Stands for every name among those that changed: what a teller says may be another now."""

Steps = list[tuple[int, Any]]
"""What holds from an instant on, until the next one; the first instant is the one asked about, or earlier."""


class Teller(Protocol):
    """Whoever can tell of a customer's membership, such as balances and tiers, what their facts mean for it."""

    def steps(self, history: History, name: str, arguments: tuple[Any, ...], *, at: int, where: ZoneInfo) -> Steps:
        """Return a quantity from an instant on, if no fact comes.

        Raises:
            DefinitionError: there is no such quantity.
        """
        ...


@define
class History:
    """The folded facts of one customer.

    Attributes:
        customer: their id.
        lists: records by collection, sorted by (at, id).
        attributes: values by name, each with the fact that set it.
        drafts: what the fold keeps about a subject (an order, a cart) to be independent of the order of facts.
        first: the earliest instant at which the customer was known to exist, None before the first fact.
        wanted: the collections to keep, None for all: a rule set remembers only what it asks for.
        teller: tells of the customer's membership; None: there is no club.
        memo: what a teller keeps beside the facts, to be quick.
    """

    customer: str
    wanted: frozenset[str] | None = field(default=None, eq=False)
    lists: dict[str, list[Any]] = field(factory=dict)
    attributes: dict[str, Held] = field(factory=dict)
    drafts: dict[tuple[str, str], Any] = field(factory=dict)
    first: int | None = None
    teller: Teller | None = field(default=None, eq=False, repr=False)
    memo: dict[Any, Any] = field(factory=dict, eq=False, repr=False)
    _arrived: dict[str, list[Any]] = field(factory=dict, eq=False, repr=False)
    _told: dict[Any, tuple[int, Any]] = field(factory=dict, eq=False, repr=False)
    _index: dict[tuple[str, str], Record] = field(factory=dict, eq=False, repr=False)
    _changes: list[Change] = field(factory=list, eq=False, repr=False)
    _touched: set[str] = field(factory=set, eq=False, repr=False)

    def records(self, collection: str) -> list[Any]:
        """Return the records of a collection, oldest first; not to be changed."""
        return self.lists.get(collection, [])

    def find(self, collection: str, record_id: str) -> Record | None:
        """Return one record by its id."""
        return self._index.get((collection, record_id))

    def put(self, collection: str, record: Record) -> None:
        """Add a record, or replace the one with its id; an equal or unwanted one changes nothing."""
        if self.wanted is not None and collection not in self.wanted:
            return
        old = self._index.get((collection, record.id))
        if old == record:
            return
        rows = self.lists.setdefault(collection, [])
        if old is not None:
            del rows[self._place(rows, old)]
        key = (record.at, record.id)
        rows.insert(len(rows) if not rows or _sort_key(rows[-1]) < key else self._place(rows, record), record)
        self._index[collection, record.id] = record
        self._changes.append(Change(collection, old, record))
        self.note(collection, record.at if old is None else min(old.at, record.at))

    def drop(self, collection: str, record_id: str) -> None:
        """Remove a record if it is there."""
        old = self._index.pop((collection, record_id), None)
        if old is None:
            return
        rows = self.lists[collection]
        del rows[self._place(rows, old)]
        if not rows:
            del self.lists[collection]
        self._changes.append(Change(collection, old, None))
        self.note(collection, old.at)

    def hold(self, name: str, value: Any, at: int, fact: str) -> None:
        """Set an attribute, unless a later fact has set it already; None counts as no value."""
        held = self.attributes.get(name)
        if held is None or (held.at, held.fact) < (at, fact):
            self.attributes[name] = Held(value, at, fact)
            self._touched.add(name)

    def value(self, name: str) -> Any:
        """Return the value of an attribute, None when there is none; ``id`` is the customer's own."""
        if name == "id":
            return self.customer
        held = self.attributes.get(name)
        return None if held is None else held.value

    def steps(self, name: str, arguments: tuple[Any, ...], *, at: int, where: ZoneInfo) -> Steps:
        """Return a quantity of the membership from an instant on; nothing without a club."""
        if self.teller is None:
            return []
        teller = self.teller
        key = (name, arguments, where.key)
        return self.kept(key, at, lambda: teller.steps(self, name, arguments, at=at, where=where))

    def kept(self, key: Any, at: int, make: Callable[[], _Made]) -> _Made:
        """Return what was made for an instant at or before ``at`` since the last fact came, else make it."""
        found = self._told.get(key)
        if found is None or found[0] > at:
            found = self._told[key] = (at, make())
        made: _Made = found[1]
        return made

    def note(self, about: str, what: Any) -> None:
        """Take note of what came: of a collection the instant of the record that came, went or was replaced."""
        self.arrived(about).append(what)

    def arrived(self, about: str) -> list[Any]:
        """Return what was noted, in the order of arrival; not to be changed.

        Whoever has read so much of it knows that the rest is all that has changed since.
        """
        return self._arrived.setdefault(about, [])

    def copy(self) -> History:
        """Return another history of the same, to apply facts to; drafts are shared until somebody replaces one."""
        return History(
            self.customer,
            wanted=self.wanted,
            lists={name: [*rows] for name, rows in self.lists.items()},
            attributes=dict(self.attributes),
            drafts=dict(self.drafts),
            first=self.first,
            teller=self.teller,
            arrived={about: [*known] for about, known in self._arrived.items()},
            index=dict(self._index),
        )

    def stir(self) -> None:
        """Take note that a fact came: what the teller said may be another now."""
        if self.teller is not None:
            self._told.clear()
            self._touched.add(EVERYTHING)

    def drain(self) -> tuple[list[Change], set[str]]:
        """Return what changed since the last call: records in order, and names of attributes."""
        changes, touched = self._changes, self._touched
        self._changes, self._touched = [], set()
        return changes, touched

    @staticmethod
    def _place(rows: list[Any], record: Record) -> int:
        return bisect_left(rows, (record.at, record.id), key=_sort_key)
