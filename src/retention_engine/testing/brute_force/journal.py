"""What is noted about one customer, and what is known of them at an instant."""

from __future__ import annotations

from heapq import heappush
from typing import Any

from attrs import define, field, frozen

from retention_engine.actions import Action, Decision, Outcome
from retention_engine.arbitration import Policy, Said
from retention_engine.facts import Fact, FrequencyChosen, MessageSent
from retention_engine.rules import RuleSet
from retention_engine.state import History, fold
from retention_engine.testing.brute_force.letters import Journey
from retention_engine.testing.brute_force.letters import said as as_said
from retention_engine.testing.brute_force.moments import dates, spans
from retention_engine.timing import SECOND
from retention_engine.view import View, zone_of


@frozen(kw_only=True)
class Shop:
    """What is the same for every customer.

    Attributes:
        news: facts about the catalogue and the shop.
        launched: rule id -> launch, exclusive, microseconds UTC.
        lateness: microseconds.
        policies: all that stand.
    """

    rules: RuleSet
    news: list[Fact]
    launched: dict[str, int]
    zone: str
    lateness: int
    assume_sent: bool
    policies: tuple[Policy, ...]


@define
class Journal:
    """The decisions about one customer.

    Attributes:
        decided: (rule, occasion) -> when it was first decided about.
        entered: rule -> when it was last entered.
        own: the messages let through.
        ahead: (instant to ask at, whether it matters for held messages only).
    """

    shop: Shop
    customer: str
    facts: list[Fact]
    made: list[Decision] = field(factory=list)
    decided: dict[tuple[str, str], int] = field(factory=dict)
    entered: dict[str, int] = field(factory=dict)
    own: list[Said] = field(factory=list)
    ahead: list[tuple[int, bool]] = field(factory=list)
    _histories: dict[int, History] = field(factory=dict)

    def known(self, at: int) -> list[Fact]:
        """Return the facts known at an instant."""
        return [fact for fact in self.facts if fact.effective <= at]

    def seen(self, at: int) -> View | None:
        """Return what is known at an instant: nothing of somebody who is not known yet."""
        known = self.known(at)
        if not known:
            return None
        if len(known) not in self._histories:
            ordered = sorted(known, key=lambda fact: (fact.at, fact.id))
            self._histories[len(known)] = fold(History(self.customer), ordered)
        history = self._histories[len(known)]
        return View(history, at, zone_of(history, self.shop.zone))

    def said(self, action: Action, at: int) -> None:
        """Count a message as sent, and note the instants at which it may make room again."""
        if action.kind != "send":
            return
        self.own.append(as_said(action, at))
        chosen = {fact.seconds * SECOND for fact in self.facts if isinstance(fact, FrequencyChosen)}
        lengths = chosen | spans(self.shop.policies)
        for instant in (at + span + step for span in lengths for step in (-1, 0, 1)):
            heappush(self.ahead, (max(instant, at + 1), True))
        if self.shop.assume_sent:
            self._learn_of(action, at)

    def _learn_of(self, action: Action, at: int) -> None:
        names = ("rule", "step", "channel", "topic", "purpose", "items")
        fact = MessageSent(
            id=f"sent:{action.key}",
            customer=self.customer,
            at=at,
            learned=at + 1,
            message=action.key,
            template=action.name,
            **{name: getattr(action, name) for name in names},
        )
        self.facts.append(fact)
        lengths = (0, *spans(self.shop.rules.rules), *spans(self.shop.policies))
        for instant in (near for date in dates(fact) for span in lengths for near in (date + span, date + span + 1)):
            if instant > at:
                heappush(self.ahead, (instant, False))

    def note(self, journey: Journey, now: View, **more: Any) -> None:
        """Note a decision about the step at which a journey stands; ``more`` are its other fields."""
        rule = journey.rule
        if more["outcome"] is not Outcome.DROP:
            self.entered[rule.id] = max(journey.entry, self.entered.get(rule.id, journey.entry))
        if more["outcome"] in (Outcome.ACT, Outcome.WAIT, Outcome.ARM):
            journey.is_past_door = True
        more |= {"customer": self.customer, "occasion": journey.occasion, "step": journey.rest[0].name}
        self.made.append(Decision(at=now.now, rule=rule.id, **more))
