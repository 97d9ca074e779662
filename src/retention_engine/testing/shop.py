"""Engines of one rule set over empty stores, and what they decide."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from attrs import field, frozen

from retention_engine.actions import Decision
from retention_engine.arbitration import Policy
from retention_engine.clubs import Club
from retention_engine.engine import Engine
from retention_engine.facts import Fact
from retention_engine.ports import Store
from retention_engine.rules import Rule, RuleSet
from retention_engine.timing import Span, to_instant

Run = Sequence[tuple[Sequence[Fact], int]]


@frozen
class Shop:
    """Engines of one rule set, and what they decide."""

    rules: RuleSet
    since: int
    zone: str
    lateness: Span
    assume_sent: bool
    policies: Iterable[Policy]
    club: Club | None
    make: Callable[[], Store] = field(repr=False)

    @classmethod
    def of(
        cls,
        rules: Iterable[Rule] | RuleSet,
        *,
        since: datetime | int | str,
        zone: str,
        lateness: Span,
        assume_sent: bool = False,
        policies: Iterable[Policy],
        club: Club | None = None,
        store: Callable[[], Store],
    ) -> Shop:
        """Return the shop of what a law was given."""
        standing = tuple(policies)
        return cls(RuleSet.of(rules), to_instant(since), zone, lateness, assume_sent, standing, club, store)

    def engine(self, store: Store) -> Engine:
        """Return a new engine on a store that may have been used before."""
        return Engine(
            self.rules,
            store=store,
            zone=self.zone,
            since=self.since,
            lateness=self.lateness,
            assume_sent=self.assume_sent,
            policies=self.policies,
            club=self.club,
        )

    def record(self, store: Store, told: Sequence[Fact]) -> int:
        """Record facts with a new engine on a store; return how many were new."""
        return self.engine(store).record(told).new

    def advance(self, store: Store, to: int) -> list[Decision]:
        """Advance a new engine on a store."""
        return self.engine(store).advance(to).decisions

    def decide(self, run: Run, before: Iterable[Sequence[Fact]] = ()) -> list[Decision]:
        """Record the batches that come before, make the run, and return what every advance gave."""
        with self.engine(self.make()) as engine:
            for batch in before:
                engine.record(batch)
            made: list[Decision] = []
            for told, at in run:
                engine.record(told)
                made += engine.advance(at).decisions
        return made
