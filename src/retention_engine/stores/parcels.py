"""The outbox in memory: its rows, and the three ports that look at them."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from functools import partial
from heapq import merge
from itertools import islice

from attrs import define, evolve, field

from retention_engine.actions import Action, Parcel, ParcelState
from retention_engine.errors import StoreError
from retention_engine.ports import Deliveries, Outbox, Parcels
from retention_engine.stores.undo import Undo

_HELD = (ParcelState.SENDING, ParcelState.UNKNOWN)
_FREE = (ParcelState.PENDING, ParcelState.UNKNOWN)


Lane = tuple[str, str | None]
"""Kind and channel of an action: rows that wait together, and are passed over together."""


@define
class _Queue:
    """Keys in the order of their instants."""

    _order: list[tuple[int, str]] = field(factory=list)
    _fresh: list[tuple[int, str]] = field(factory=list)  # sorted in when somebody asks: a backtest never does

    def add(self, due_at: int, key: str) -> None:
        self._fresh.append((due_at, key))

    def remove(self, due_at: int, key: str) -> None:
        self._sort_in()
        del self._order[bisect_left(self._order, (due_at, key))]

    def until(self, at: int) -> Iterator[tuple[int, str]]:
        self._sort_in()
        for entry in self._order:
            if entry[0] > at:
                return
            yield entry

    def _sort_in(self) -> None:
        if 100 * len(self._fresh) < len(self._order):
            for entry in self._fresh:
                insort(self._order, entry)
        else:
            self._order = sorted(self._order + self._fresh)
        self._fresh.clear()


class Rows:
    """The rows by key, and the pending ones in the order of their instants, each lane for itself."""

    def __init__(self, undo: Undo) -> None:
        """Begin with none."""
        self.undo = undo
        self.parcels: dict[str, Parcel] = {}
        self.sending: dict[str, Parcel] = {}
        self._lanes: defaultdict[Lane, _Queue] = defaultdict(_Queue)

    def add(self, fresh: Mapping[str, Action]) -> None:
        """Take in new actions, as pending."""
        with self.undo.change():
            self.undo.note(partial(self._restore, dict.fromkeys(fresh)))
            for key, action in fresh.items():
                self._put(key, Parcel(action=action, due_at=action.due))

    def change(self, parcels: Sequence[Parcel]) -> None:
        """Write rows that are there already."""
        with self.undo.change():
            self.undo.note(partial(self._restore, {one.key: self.parcels[one.key] for one in parcels}))
            for one in parcels:
                self._put(one.key, one)

    def lanes(self) -> list[Lane]:
        """Return the lanes in which rows are or were pending."""
        return list(self._lanes)

    def pending(self, at: int, lanes: Iterable[Lane]) -> Iterator[Parcel]:
        """Yield the pending rows of these lanes with due_at <= at, by (due_at, key)."""
        for _, key in merge(*(self._lanes[lane].until(at) for lane in lanes)):
            yield self.parcels[key]

    def _put(self, key: str, parcel: Parcel | None) -> None:
        self.sending.pop(key, None)
        old = self.parcels.pop(key, None)
        if old is not None and old.state is ParcelState.PENDING:
            self._lane(old).remove(old.due_at, key)
        if parcel is not None:
            self.parcels[key] = parcel
            if parcel.state is ParcelState.PENDING:
                self._lane(parcel).add(parcel.due_at, key)
            self.sending |= {key: parcel} if parcel.state is ParcelState.SENDING else {}

    def _lane(self, parcel: Parcel) -> _Queue:
        return self._lanes[parcel.action.kind, parcel.action.channel]

    def _restore(self, before: Mapping[str, Parcel | None]) -> None:
        for key, parcel in before.items():
            self._put(key, parcel)


class MemoryOutbox(Outbox):
    """What may be carried out now."""

    def __init__(self, rows: Rows) -> None:
        """Look at these rows."""
        self._rows = rows

    def put(self, actions: Sequence[Action]) -> None:
        """Store actions as pending.

        Raises:
            StoreError: an action of the same identity is there already.
        """
        with self._rows.undo.change():
            self._rows.add(new_keys(actions, self._rows.parcels, "in the outbox"))

    def pending(self, at: int, limit: int) -> list[Action]:
        """Return up to ``limit`` pending actions with due_at <= at < valid_until, by (due_at, key)."""
        found: list[Action] = []
        for row in self._rows.pending(at, self._rows.lanes()):
            if len(found) >= limit:
                break
            if row.action.valid_until is None or at < row.action.valid_until:
                found.append(row.action)
        return found

    def overrule(self, parcel: Parcel) -> bool:
        """Write what was decided about a row that nobody holds, and give it a new token."""
        with self._rows.undo.change():
            row = self._rows.parcels.get(parcel.key)
            if row is None or row.token != parcel.token or row.state not in _FREE:
                return False
            self._rows.change([evolve(parcel, action=row.action, token=row.token + 1)])
            return True


class MemoryParcels(Parcels):
    """The rows, for whoever sends them."""

    def __init__(self, rows: Rows) -> None:
        """Look at these rows."""
        self._rows = rows

    def waiting(
        self, at: int, limit: int, *, kinds: Collection[str] = ("send",), without: Collection[str] = ()
    ) -> list[Parcel]:
        """Return up to ``limit`` pending rows of these kinds with due_at <= at, by (due_at, key)."""
        wanted = [one for one in self._rows.lanes() if one[0] in kinds and (one[1] is None or one[1] not in without)]
        return list(islice(self._rows.pending(at, wanted), max(limit, 0)))

    def of(self, keys: Sequence[str]) -> dict[str, Parcel]:
        """Return the rows of these keys; unknown keys are left out."""
        return {key: self._rows.parcels[key] for key in keys if key in self._rows.parcels}

    def listed(self, state: ParcelState, after: str, limit: int) -> list[Parcel]:
        """Return up to ``limit`` rows in a state with a key greater than ``after``, by key."""
        found = sorted(key for key, row in self._rows.parcels.items() if row.state is state and key > after)
        return [self._rows.parcels[key] for key in found[: max(limit, 0)]]


class MemoryDeliveries(Deliveries):
    """Taking rows, settling them, recovering them."""

    def __init__(self, rows: Rows) -> None:
        """Change these rows."""
        self._rows = rows

    def begin(self, keys: Sequence[str], at: int, lease_until: int) -> list[Parcel]:
        """Take the pending rows with due_at <= at among ``keys``, and return them as they are now."""
        with self._rows.undo.change():
            known = (self._rows.parcels[key] for key in dict.fromkeys(keys) if key in self._rows.parcels)
            free = [row for row in known if row.state is ParcelState.PENDING and row.due_at <= at]
            taken = [row.begun(lease_until) for row in free]
            self._rows.change(taken)
            return taken

    def settle(self, parcel: Parcel) -> bool:
        """Write what became of a row; False: somebody else has it."""
        with self._rows.undo.change():
            row = self._rows.parcels.get(parcel.key)
            if row is None or row.token != parcel.token or row.state not in _HELD:
                return False
            self._rows.change([evolve(parcel, action=row.action)])
            return True

    def recover(self, at: int, limit: int) -> list[Parcel]:
        """Make up to ``limit`` sending rows with lease_until <= at unknown, and return them."""
        with self._rows.undo.change():
            ended = [row for row in self._rows.sending.values() if row.lease_until is None or row.lease_until <= at]
            ended.sort(key=lambda row: (row.lease_until or 0, row.key))
            found = [row.recovered() for row in ended[: max(limit, 0)]]
            self._rows.change(found)
            return found


def new_keys(actions: Sequence[Action], known: Container[str], place: str) -> dict[str, Action]:
    """Return the actions by key.

    Raises:
        StoreError: one of them is known, or stands there twice.
    """
    fresh: dict[str, Action] = {}
    for action in actions:
        key = action.key
        if key in known or key in fresh:
            raise StoreError(f"action {action.identity} is {place} already")
        fresh[key] = action
    return fresh
