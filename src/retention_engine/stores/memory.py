"""The store in memory: for tests, for backtests, and for trying things out."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial

from retention_engine.actions import Decision
from retention_engine.facts import Fact
from retention_engine.ports import FactLog, Journal, Roster, Settings, Store, Wakes
from retention_engine.stores.parcels import MemoryDeliveries, MemoryOutbox, MemoryParcels, Rows, new_keys
from retention_engine.stores.repeats import check_repeat, distinct
from retention_engine.stores.undo import Undo
from retention_engine.stores.wheel import Wheel


class MemoryStore(Store):
    """Everything in the memory of this process; closing it changes nothing."""

    def __init__(self) -> None:
        """Begin empty."""
        undo = Undo()
        facts = _Facts(undo)
        self._undo = undo
        self.facts = facts
        self.roster = _Roster(undo, facts)
        self.wakes = _Wakes(undo)
        self.journal = _Journal(undo)
        rows = Rows(undo)
        self.outbox = MemoryOutbox(rows)
        self.parcels = MemoryParcels(rows)
        self.deliveries = MemoryDeliveries(rows)
        self.settings = _Settings(undo)

    def transaction(self) -> AbstractContextManager[None]:
        """Begin; commit at the end of the block, roll everything back when it raises.

        Raises:
            StoreError: one is open already, or a change inside failed.
        """
        return self._undo.transaction()

    def close(self) -> None:
        """Do nothing: there is nothing to release."""


def _order(fact: Fact) -> tuple[int, int, str]:
    return (fact.effective, fact.at, fact.id)


class _Facts(FactLog):
    def __init__(self, undo: Undo) -> None:
        self._undo = undo
        self._by_id: dict[str, Fact] = {}
        self._by_customer: defaultdict[str, list[Fact]] = defaultdict(list)
        self._by_subject: defaultdict[str, list[Fact]] = defaultdict(list)
        self._customers: list[str] | None = []  # sorted; None: to be sorted again

    def append(self, facts: Sequence[Fact]) -> list[Fact]:
        with self._undo.change():
            fresh = [fact for fact in distinct(facts).values() if self._is_new(fact)]
            self._undo.note(partial(self._forget, fresh))
            before = len(self._by_customer)
            for fact in fresh:
                self._by_id[fact.id] = fact
                for ordered in self._lists(fact):
                    insort(ordered, fact, key=_order)
            if len(self._by_customer) != before:
                self._customers = None
            return fresh

    def of(self, customers: Sequence[str]) -> dict[str, list[Fact]]:
        return {customer: list(self._by_customer.get(customer, ())) for customer in customers}

    def about(self, subjects: Sequence[str]) -> list[Fact]:
        found = {fact.id: fact for subject in subjects for fact in self._by_subject.get(subject, ())}
        return sorted(found.values(), key=_order)

    def customers(self) -> list[str]:
        """Return the ids of all customers, in ascending order; callers leave the list unchanged."""
        if self._customers is None:
            self._customers = sorted(self._by_customer)
        return self._customers

    def _is_new(self, fact: Fact) -> bool:
        known = self._by_id.get(fact.id)
        if known is not None:
            check_repeat(known, fact)
        return known is None

    def _lists(self, fact: Fact) -> list[list[Fact]]:
        if fact.customer is not None:
            return [self._by_customer[fact.customer]]
        return [self._by_subject[subject] for subject in fact.subjects()]

    def _forget(self, fresh: list[Fact]) -> None:
        gone = {fact.id for fact in fresh}
        for fact in fresh:
            self._by_id.pop(fact.id, None)
            for ordered in self._lists(fact):
                ordered[:] = [one for one in ordered if one.id not in gone]
            if fact.customer is not None and not self._by_customer[fact.customer]:
                del self._by_customer[fact.customer]
        self._customers = None


class _Roster(Roster):
    def __init__(self, undo: Undo, facts: _Facts) -> None:
        self._undo = undo
        self._facts = facts
        self._interests: defaultdict[str, set[str]] = defaultdict(set)

    def customers(self, after: str, limit: int) -> list[str]:
        known = self._facts.customers()
        start = bisect_right(known, after)
        return known[start : start + max(limit, 0)]

    def note(self, interests: Iterable[tuple[str, str]]) -> None:
        with self._undo.change():
            fresh = {(subject, one) for subject, one in interests if one not in self._interests[subject]}
            self._undo.note(partial(self._forget, fresh))
            for subject, customer in fresh:
                self._interests[subject].add(customer)

    def interested(self, subjects: Sequence[str]) -> list[str]:
        return sorted({customer for subject in subjects for customer in self._interests.get(subject, ())})

    def _forget(self, fresh: set[tuple[str, str]]) -> None:
        for subject, customer in fresh:
            self._interests[subject].discard(customer)


class _Wakes(Wakes):
    def __init__(self, undo: Undo) -> None:
        self._undo = undo
        self._wheel = Wheel()

    def lower(self, wakes: Mapping[str, int]) -> None:
        before = {customer: self._wheel.get(customer) for customer in wakes}
        kept = ((customer, instant, before[customer]) for customer, instant in wakes.items())
        self.set({customer: instant for customer, instant, old in kept if old is None or instant < old})

    def set(self, wakes: Mapping[str, int | None]) -> None:
        with self._undo.change():
            before = {customer: self._wheel.get(customer) for customer in wakes}
            self._undo.note(partial(self._put, before))
            self._put(wakes)

    def due(self, to: int, limit: int, *, among: Sequence[str] | None = None) -> list[tuple[str, int]]:
        if among is None:
            return self._wheel.due(to, limit)
        known = ((customer, self._wheel.get(customer)) for customer in sorted(set(among)))
        found = [(customer, instant) for customer, instant in known if instant is not None and instant <= to]
        return sorted(found, key=lambda wake: wake[1])[: max(limit, 0)]

    def _put(self, wakes: Mapping[str, int | None]) -> None:
        for customer, instant in wakes.items():
            self._wheel.set(customer, instant)


class _Journal(Journal):
    def __init__(self, undo: Undo) -> None:
        self._undo = undo
        self._entries: list[Decision] = []
        self._by_customer: defaultdict[str, list[Decision]] = defaultdict(list)
        self._keys: set[str] = set()
        self._sorted: list[Decision] = []  # the first so many entries; the rest is sorted in when it is read

    def add(self, decisions: Sequence[Decision]) -> None:
        with self._undo.change():
            actions = [decision.action for decision in decisions if decision.action is not None]
            keys = list(new_keys(actions, self._keys, "in the journal"))
            sizes = {decision.customer: len(self._by_customer[decision.customer]) for decision in decisions}
            self._undo.note(partial(self._cut, len(self._entries), sizes, keys))
            self._entries.extend(decisions)
            self._keys.update(keys)
            for decision in decisions:
                self._by_customer[decision.customer].append(decision)

    def of(self, customers: Sequence[str]) -> dict[str, list[Decision]]:
        return {customer: list(self._by_customer.get(customer, ())) for customer in customers}

    def read(self, start: int, end: int) -> Iterator[Decision]:
        if len(self._sorted) < len(self._entries):
            self._sorted += self._entries[len(self._sorted) :]
            self._sorted.sort(key=lambda decision: (decision.at, decision.customer))  # stable: ties stay as added
        low, high = (bisect_left(self._sorted, edge, key=lambda decision: decision.at) for edge in (start, end))
        return iter(self._sorted[low:high])

    def _cut(self, size: int, sizes: dict[str, int], keys: list[str]) -> None:
        del self._entries[size:]
        for customer, kept in sizes.items():
            del self._by_customer[customer][kept:]
        self._keys.difference_update(keys)
        self._sorted.clear()


class _Settings(Settings):
    def __init__(self, undo: Undo) -> None:
        self._undo = undo
        self._texts: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        return self._texts.get(name)

    def put(self, name: str, value: str) -> None:
        with self._undo.change():
            self._undo.note(partial(self._restore, name, self._texts.get(name)))
            self._texts[name] = value

    def _restore(self, name: str, value: str | None) -> None:
        self._texts.pop(name, None)
        if value is not None:
            self._texts[name] = value
