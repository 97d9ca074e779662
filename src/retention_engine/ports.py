"""Every seam of the engine on one page: what a store must do. Each has one to three methods.

All of them may be called from one thread at a time. Whatever changes something is called inside
``with store.transaction():`` and takes effect as a whole when the block ends, or not at all when it raises.
Outside of one it raises StoreError; a change that raised, even if the block goes on, lets nothing be kept.
A ``limit`` below one gives nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

from retention_engine.actions import Action, Decision, Parcel, ParcelState
from retention_engine.facts import Fact
from retention_engine.signals import Signal


@runtime_checkable
class FactLog(Protocol):
    """The facts, for ever."""

    def append(self, facts: Sequence[Fact]) -> list[Fact]:
        """Store the facts whose id is new and return those, in the order given.

        A known id with the same content (``facts.content``) is passed over, also within the batch.

        Raises:
            FactConflict: a known id with another content; the whole transaction is to be given up.
        """
        ...

    def of(self, customers: Sequence[str]) -> dict[str, list[Fact]]:
        """Return the facts of each customer asked for, by (effective, at, id); unknown customers have an empty list."""
        ...

    def about(self, subjects: Sequence[str]) -> list[Fact]:
        """Return the facts about the catalogue that mention one of the subjects, each once, by (effective, at, id)."""
        ...


@runtime_checkable
class Roster(Protocol):
    """The customers there are, and what of the catalogue each of them showed interest in."""

    def customers(self, after: str, limit: int) -> list[str]:
        """Return up to ``limit`` ids of customers that have a fact, greater than ``after``, in ascending order."""
        ...

    def note(self, interests: Iterable[tuple[str, str]]) -> None:
        """Remember (subject, customer) pairs; known pairs are passed over."""
        ...

    def interested(self, subjects: Sequence[str]) -> list[str]:
        """Return the customers noted for one of the subjects, each once, in ascending order."""
        ...


@runtime_checkable
class Wakes(Protocol):
    """When each customer has to be looked at again: one instant per customer, microseconds UTC."""

    def lower(self, wakes: Mapping[str, int]) -> None:
        """Wake each customer at the given instant or earlier: keeps an earlier one that is set already."""
        ...

    def set(self, wakes: Mapping[str, int | None]) -> None:
        """Set the instant of each customer; None: not at all."""
        ...

    def due(self, to: int, limit: int, *, among: Sequence[str] | None = None) -> list[tuple[str, int]]:
        """Return up to ``limit`` (customer, instant) with instant <= ``to``, the earliest first, ties by customer.

        Args:
            among: only these customers; None: all.
        """
        ...


@runtime_checkable
class Journal(Protocol):
    """Every decision, for ever."""

    def add(self, decisions: Sequence[Decision]) -> None:
        """Append decisions in the order given.

        Raises:
            StoreError: an action of the same identity is in the journal already.
        """
        ...

    def of(self, customers: Sequence[str]) -> dict[str, list[Decision]]:
        """Return the decisions about each customer asked for, in the order they were added."""
        ...

    def read(self, start: int, end: int) -> Iterator[Decision]:
        """Yield decisions with start <= at < end, by (at, customer), then in the order they were added."""
        ...


@runtime_checkable
class Outbox(Protocol):
    """The actions that may be carried out now."""

    def put(self, actions: Sequence[Action]) -> None:
        """Store actions as pending.

        Raises:
            StoreError: an action of the same identity is there already.
        """
        ...

    def pending(self, at: int, limit: int) -> list[Action]:
        """Return up to ``limit`` pending actions with due_at <= at < valid_until, by (due_at, key)."""
        ...

    def overrule(self, parcel: Parcel) -> bool:
        """Write what was decided about a row that nobody holds, and give it a new token: whoever held it lost it.

        Every field but the action and the token is taken from ``parcel``. Nothing is changed, and False returned,
        unless the row is pending or unknown and has the token of ``parcel``.
        """
        ...


@runtime_checkable
class Parcels(Protocol):
    """The rows of the outbox as whoever sends them sees them."""

    def waiting(
        self, at: int, limit: int, *, kinds: Collection[str] = ("send",), without: Collection[str] = ()
    ) -> list[Parcel]:
        """Return up to ``limit`` pending rows of these kinds with due_at <= at, by (due_at, key).

        Those that are not valid any more are among them: somebody has to end them. Rows whose action names one of the
        channels in ``without`` are left out; those that name no channel never are.
        """
        ...

    def of(self, keys: Sequence[str]) -> dict[str, Parcel]:
        """Return the rows of these keys; unknown keys are left out."""
        ...

    def listed(self, state: ParcelState, after: str, limit: int) -> list[Parcel]:
        """Return up to ``limit`` rows in a state with a key greater than ``after``, by key."""
        ...


@runtime_checkable
class Deliveries(Protocol):
    """The life of a row that is being sent: taken, settled by who took it, recovered from who is gone."""

    def begin(self, keys: Sequence[str], at: int, lease_until: int) -> list[Parcel]:
        """Take the pending rows with due_at <= at among ``keys``, and return them as they are now, in that order.

        Each becomes ``sending``, with one more attempt, a new token and the lease.
        """
        ...

    def settle(self, parcel: Parcel) -> bool:
        """Write what became of a row: every field of ``parcel`` but its action and its token.

        Nothing is changed, and False returned, unless the row is sending or unknown and has the token of ``parcel``.
        """
        ...

    def recover(self, at: int, limit: int) -> list[Parcel]:
        """Make up to ``limit`` sending rows with lease_until <= at unknown, by (lease_until, key), and return them.

        Each has one more counted attempt, unknown and recovery; it keeps its token, so that a late outcome is welcome.
        """
        ...


@runtime_checkable
class Settings(Protocol):
    """A few named texts of the engine: its cursor, its rules' launch instants."""

    def get(self, name: str) -> str | None:
        """Return a text, None when it was never put."""
        ...

    def hold(self, name: str, *, change: bool = False) -> str | None:
        """Return a text as ``get`` does; nobody else changes it before this transaction ends.

        With ``change``, for whoever is going to put it, nobody else holds it either. A store that runs one transaction
        at a time has nothing to do for that.
        """
        return self.get(name)

    def put(self, name: str, value: str) -> None:
        """Set a text."""
        ...


@runtime_checkable
class Observer(Protocol):
    """Whoever watches: logs, metrics, traces, a person who is called."""

    def note(self, signal: Signal) -> None:
        """Take notice of something that has happened and is committed; called in the thread that did it."""
        ...


class Store(Protocol):
    """All of it behind one transaction.

    Attributes:
        facts: the fact log.
        roster: the customers.
        wakes: the wake-ups.
        journal: the decisions.
        outbox: the actions.
        parcels: the actions with what became of them.
        deliveries: taking and settling them.
        settings: the engine's own texts.
    """

    facts: FactLog
    roster: Roster
    wakes: Wakes
    journal: Journal
    outbox: Outbox
    parcels: Parcels
    deliveries: Deliveries
    settings: Settings

    def transaction(self) -> AbstractContextManager[None]:
        """Begin; commit at the end of the block, roll everything back when it raises.

        Raises:
            StoreError: one is open already, the store is locked for too long, or a change inside failed.
        """
        ...

    def close(self) -> None:
        """Release files and locks; calling it twice is harmless."""
        ...
