"""Achievements that are followed from fact to fact are those counted anew, whenever facts come and whoever asks."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_engine import orders, purchases
from retention_engine.clubs import Achievement
from retention_engine.clubs.achievements import (
    achieved,
    mission_stages,
    new_completions,
    recorded,
)
from retention_engine.facts import Fact, Line, Order, OrderCancelled, OrderPlaced, OrderRefunded
from retention_engine.loyalty.games import Activation, Completion, Instances, Mission, Recurrence, instances, unfold
from retention_engine.loyalty.games import achievements as games
from retention_engine.money import Money
from retention_engine.state import History, apply, fold
from retention_engine.timing import DAY, EARLIEST, days, to_instant

UTC = ZoneInfo("UTC")
WHO: dict[str, Any] = {"customer": "anna"}
START = to_instant("2026-03-02T00:00:00Z")


class Player:
    """A customer whose orders count, in the order in which they take effect, but for a few that come late."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        recurrence = dice.choice([*Recurrence, Recurrence.ON_COMPLETION])
        self.goal = Achievement(
            id="g",
            measure=dice.choice([orders.count(), orders.sum("total"), purchases.where(category="tea").distinct("sku")]),
            target=dice.choice([1, 2, 3]),
            period=dice.choice(["week", days(5), None][: 2 if recurrence is Recurrence.ON_EXPIRATION else 3]),
            recurrence=recurrence,
            activation=dice.choice(list(Activation)),
            start=START + dice.choice([0, 3]) * DAY,
            end=dice.choice([None, START + 30 * DAY]),
            revocable=dice.random() < 0.3,
        )
        steps = [Achievement(id=f"s{place}", measure=orders.count(), target=place + 1) for place in range(2)]
        self.mission = Mission(id="m", steps=steps, ordered=dice.random() < 0.5)
        self.facts: list[Fact] = []
        for number in range(dice.randrange(14) + 1):
            self.order(f"o{number}")
        self.facts.sort(key=lambda fact: (fact.effective, fact.at, fact.id))
        for _ in range(dice.choice([0, 0, 1, 3])):
            self.facts.insert(dice.randrange(len(self.facts)), self.facts.pop(dice.randrange(len(self.facts))))

    def order(self, name: str) -> None:
        """Add an order, some of them at one instant, and perhaps that it was given back."""
        dice, at = self.dice, START + self.dice.randrange(-3, 40) * DAY
        line = Line(sku=dice.choice("ab"), category="tea", price=Money(dice.choice([1, 2]), "EUR"))
        self.facts.append(OrderPlaced.of(Order(id=name, at=at, lines=[line], **WHO), paid=True))
        if dice.random() < 0.3:
            later = at + dice.randrange(9) * DAY
            words: dict[str, Any] = {"id": f"{name}.", "at": later, "order_id": name, **WHO}
            back = OrderRefunded(amount=None, **words)
            self.facts.append(dice.choice([OrderCancelled(**words), back]))

    def faults(self) -> list[str]:
        """Return where what is followed differs from what is counted anew; completions are remembered, or not."""
        history, told, found = History("anna"), list[Fact](), list[str]()
        waiting = list(self.facts)
        while waiting:
            fact = waiting.pop(0)
            apply(history, fact)
            told.append(fact)
            now = max(each.effective for each in told)
            for at in self.dice.sample(
                [fact.effective, now - 3 * DAY, now, now + 1, now + 9 * DAY], self.dice.randrange(3)
            ):
                fresh = fold(History("anna"), told)
                since = self.dice.choice([EARLIEST, now - 9 * DAY])
                one, other = self.says(history, at, since), self.anew(fresh, at, since)
                if one != other:
                    found.append(f"at {at}: {one}, not {other}")
            for game in (self.goal, self.mission):
                made = new_completions(game, history, now, UTC) if self.dice.random() < 0.5 else []
                waiting[:0] = [one for one in made if one not in told]
        return found

    def says(self, history: History, at: int, since: int) -> Any:
        """Return what is followed."""
        made = [
            *new_completions(self.goal, history, at, UTC, since=since),
            *new_completions(self.mission, history, at, UTC),
        ]
        return (
            achieved(self.goal, history, at, UTC),
            mission_stages(self.mission, history, at, UTC),
            [(one.achievement, one.instance, one.at) for one in made],
        )

    def anew(self, history: History, at: int, since: int) -> Any:
        """Return the same, counted from the beginning."""
        found = instances(self.goal, self.goal.marks(history, at, UTC), recorded(history, "g"))
        stages = unfold(self.mission, lambda step: step.marks(history, at, UTC), lambda name: recorded(history, name))
        named = [("g", one) for one in found if (one.completed or EARLIEST) > since]
        named += [(self.mission.name_of(stage.step), one) for stage in stages for one in stage.found]
        return (
            found,
            stages,
            [
                (name, one.opened, one.completed)
                for name, one in named
                if one.completed is not None and one.opened not in {each.opened for each in recorded(history, name)}
            ],
        )


CUSTOMERS = 2_000 if os.environ.get("RETENTION_NIGHTLY") == "1" else 60


@settings(max_examples=CUSTOMERS)
@given(st.randoms(use_true_random=True))
def test_followed_is_counted_anew(dice: random.Random) -> None:
    """Orders that come late, are cancelled, give money back; completions that are remembered or lost."""
    assert Player(dice).faults() == []


def kept_when_late(patch: pytest.MonkeyPatch) -> None:
    """Keep instances although what came lies before their end."""
    tell = Instances.tell

    def blind(self: Instances, since: int, marks: Any, known: Iterable[Completion] = ()) -> int:
        last = self.instants[-1] + 1 if self.instants else since
        return tell(self, max(since, last), [mark for mark in marks if mark.at >= max(since, last)], known)

    patch.setattr(Instances, "tell", blind)


def kept_all(patch: pytest.MonkeyPatch) -> None:
    """Keep what is over at the instant of what comes."""
    rewind = Instances._rewind
    patch.setattr(Instances, "_rewind", lambda self, since: rewind(self, since + 10 * DAY))


def counted_on(patch: pytest.MonkeyPatch) -> None:
    """Count on in an instance although marks before its last one changed."""
    tell = Instances.tell

    def stale(self: Instances, since: int, marks: Any, known: Iterable[Completion] = ()) -> int:
        tally = self._tally
        if tally is not None:
            tally.upto = min(tally.upto, since - 1)
        return tell(self, since, marks, known)

    patch.setattr(Instances, "tell", stale)


@pytest.mark.parametrize("fault", [kept_when_late, kept_all, counted_on])
def test_a_planted_fault_is_found(fault: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the law, among few customers."""
    fault(monkeypatch)
    assert any(Player(random.Random(seed)).faults() for seed in range(100))


def test_the_law_sees_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a law that compares the same with the same would hold of anything."""
    seen: Counter[str] = Counter()
    tell = Instances.tell

    def counted(self: Instances, since: int, marks: Any, known: Iterable[Completion] = ()) -> int:
        before, kept = len(self.found), tell(self, since, marks, known)
        seen["kept"] += kept
        seen["again"] += before - kept
        return kept

    monkeypatch.setattr(games.Instances, "tell", counted)
    assert [seed for seed in range(60) if Player(random.Random(seed)).faults()] == []
    assert seen["kept"] > 500
    assert seen["again"] > 500
