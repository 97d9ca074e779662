"""The production engine over history on a virtual clock, and the difference between two rule sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from attrs import frozen

from retention_engine.actions import Decision, Outcome
from retention_engine.arbitration import Policy
from retention_engine.clubs import Club
from retention_engine.engine.engine import Engine
from retention_engine.facts import Fact
from retention_engine.rules import Rule, RuleSet
from retention_engine.timing import Span, days, to_instant, to_text

WEEK = days(7)


@frozen
class Backtest:
    """What a rule set would have done.

    Attributes:
        start: launch of the rules, exclusive, microseconds UTC.
        end: inclusive, microseconds UTC.
        decisions: every decision, by (instant, customer).
        customers: how many customers there were.
    """

    start: int
    end: int
    decisions: list[Decision]
    customers: int

    def outcomes(self) -> dict[str, Counter[str]]:
        """Return rule -> how often each outcome came; drops and exits with their reason, as ``drop expired``."""
        counts: dict[str, Counter[str]] = {}
        for decision in self.decisions:
            reason = "" if decision.reason is None else f" {decision.reason.value}"
            counts.setdefault(decision.rule, Counter())[f"{decision.outcome.value}{reason}"] += 1
        return counts

    def messages(self) -> Counter[str]:
        """Return customer -> number of messages (actions of kind ``send``); customers with none are left out."""
        return Counter(each.customer for each in self._sends())

    def distribution(self) -> Counter[int]:
        """Return number of messages -> number of customers who got so many; 0 included."""
        messages = self.messages()
        spread = Counter(messages.values())
        spread[0] = self.customers - len(messages)
        return spread

    def over(self, most: int, *, per: Span = WEEK) -> set[str]:
        """Return the customers who got more than ``most`` messages within some rolling ``per`` of elapsed time."""
        sent: dict[str, list[int]] = {}
        for decision in self._sends():
            sent.setdefault(decision.customer, []).append(decision.at)
        return {
            customer
            for customer, instants in sent.items()
            if any(late - early < per.micros for early, late in zip(instants, instants[most:], strict=False))
        }

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "start": to_text(self.start),
            "end": to_text(self.end),
            "customers": self.customers,
            "outcomes": {rule: dict(sorted(counts.items())) for rule, counts in sorted(self.outcomes().items())},
            "messages_per_customer": dict(sorted(self.distribution().items())),
            "over_3_a_week": len(self.over(3)),
        }

    def _sends(self) -> list[Decision]:
        return [each for each in self.decisions if each.action is not None and each.action.kind == "send"]


def backtest(
    rules: Iterable[Rule] | RuleSet,
    facts: Iterable[Fact],
    *,
    start: datetime | int | str,
    end: datetime | int | str,
    zone: str = "UTC",
    policies: Iterable[Policy] = (),
    club: Club | None = None,
    progress: Callable[[int], None] | None = None,
) -> Backtest:
    """Run the production engine from ``start`` (exclusive) to ``end`` (inclusive) over facts, in memory.

    Every message counts as sent at once. ``progress`` gets the number of customers looked at.
    """
    engine = Engine(rules, zone=zone, since=start, assume_sent=True, policies=policies, club=club)
    given = list(facts)
    engine.record(given)
    advance = engine.advance(end, progress=progress)
    customers = len({fact.customer for fact in given if fact.customer is not None})
    return Backtest(to_instant(start), advance.to, advance.decisions, customers)


@frozen
class Difference:
    """How a second backtest differs from a first one over the same facts.

    Attributes:
        sends: rule -> messages more (or fewer, negative); rules without a difference are left out.
        gained: actions only the second one has, by (rule, customer, occasion, step).
        lost: actions only the first one has.
        over: customers over three messages a week more (or fewer, negative).
    """

    sends: dict[str, int]
    gained: tuple[tuple[str, str, str, str], ...]
    lost: tuple[tuple[str, str, str, str], ...]
    over: int

    def __str__(self) -> str:
        """Return one line, such as ``+412 sends, -37 customers over three a week``."""
        total = sum(self.sends.values())
        return f"{total:+} sends, {self.over:+} customers over three a week"

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "sends": self.sends,
            "gained": len(self.gained),
            "lost": len(self.lost),
            "customers_over_3_a_week": self.over,
        }


def difference(first: Backtest, second: Backtest) -> Difference:
    """Return what the second backtest does otherwise than the first."""
    one, two = (_identities(each) for each in (first, second))
    sends = Counter(name[0] for name in two)
    sends.subtract(Counter(name[0] for name in one))
    changed = {rule: count for rule, count in sorted(sends.items()) if count}
    gained, lost = tuple(sorted(two - one)), tuple(sorted(one - two))
    return Difference(changed, gained, lost, len(second.over(3)) - len(first.over(3)))


def _identities(run: Backtest) -> set[tuple[str, str, str, str]]:
    return {
        each.action.identity
        for each in run.decisions
        if each.outcome is Outcome.ACT and each.action is not None and each.action.kind == "send"
    }
