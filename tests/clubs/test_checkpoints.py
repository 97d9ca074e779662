"""Levels that go on from a checkpoint are those of a walk from the beginning, whenever facts come and whoever asks."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_engine import loyalty as lo
from retention_engine.clubs import Club, checkpoints
from retention_engine.clubs import tiers as c
from retention_engine.clubs.checkpoints import Checkpoint
from retention_engine.errors import LedgerError
from retention_engine.facts import (
    Customer,
    Event,
    Fact,
    LedgerPosted,
    LevelSet,
    LevelUnset,
    Line,
    Order,
    OrderCancelled,
    OrderDelivered,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    Registered,
)
from retention_engine.loyalty import tiers as t
from retention_engine.money import Money
from retention_engine.predicates import item
from retention_engine.state import History, apply, fold
from retention_engine.timing import DAY, HOUR, NEVER, days
from tests.loyalty.tiers._oracle import midnight
from tests.loyalty.tiers._world import FIRST, World

UTC = ZoneInfo("UTC")
WHO: dict[str, Any] = {"customer": "anna"}
START = midnight(FIRST, "UTC")
POINTS = lo.Unit("pts")
ANNA = lo.Account("club", POINTS, "anna")
METRICS = (
    c.SpendMetric("EUR"),
    c.SpendMetric("EUR", item.category == "tea"),
    c.OrderMetric(),
    c.EarnedMetric("club", "pts"),
    c.CustomMetric(
        lambda history, at, where: [
            t.Contribution(one.at, one.at, 5, one.at) for one in history.records("orders") if one.at <= at
        ]
    ),
)


class Member:
    """A customer with facts in the order in which they take effect, but for a few that come late."""

    def __init__(self, dice: random.Random, metric: Any = None) -> None:
        self.dice = dice
        self.metric = dice.choice(METRICS) if metric is None else metric
        self.declaration = c.Tiers(
            programme=World(dice).programme,
            metric=self.metric,
            pending=days(dice.choice([1, 14, 60])),
            counts_from=dice.choice(list(c.CountsFrom)),
        )
        self.facts: list[Fact] = []
        for number in range(dice.randrange(12) + 1):
            self.order(f"o{number}")
        self.units()
        self.given_by_hand()
        self.facts.sort(key=lambda fact: (fact.effective, fact.at, fact.id))
        for _ in range(dice.choice([0, 0, 1, 3])):  # late, and once more
            self.facts.insert(dice.randrange(len(self.facts)), self.facts.pop(dice.randrange(len(self.facts))))
            self.facts.insert(dice.randrange(len(self.facts)), dice.choice(self.facts))

    def instant(self) -> int:
        """Return an instant of two years, often the same."""
        return START + self.dice.randrange(60) * 12 * DAY + self.dice.choice([0, 0, HOUR])

    def order(self, name: str) -> None:
        """Add an order and what is said about it."""
        dice, at = self.dice, self.instant()
        lines = [Line(sku=each, category=each, price=Money(dice.choice([5, 10, 25]), "EUR")) for each in ("tea", "mug")]
        self.facts.append(OrderPlaced.of(Order(id=name, at=at, lines=lines, **WHO), paid=dice.random() < 0.8))
        for number in range(dice.choice([0, 0, 1, 1, 2, 3])):
            later = at + dice.choice([0, 1, 3, 15, 200]) * DAY
            learned = later + dice.choice([0, 0, 0, 30]) * DAY
            words: dict[str, Any] = {"id": f"{name}.{number}", "at": later, "learned": learned, **WHO}
            kind = dice.choice(
                [OrderPaid, OrderCancelled, OrderDelivered, OrderDelivered, OrderRefunded, OrderRefunded, Event]
            )
            if kind is Event:
                self.facts.append(Event(name="packed", data={"order": name}, **words))
            elif kind is OrderRefunded:
                amount = dice.choice([None, Money(5, "EUR"), Money(12, "EUR")])
                self.facts.append(OrderRefunded(order_id=name, amount=amount, **words))
            else:
                self.facts.append(kind(order_id=name, **words))

    def units(self) -> None:
        """Post grants, some of which wait for a fact, and take some of them back."""
        dice, ledger, at = self.dice, lo.Ledger(), START
        lots: list[str] = []
        for number in range(dice.randrange(10)):
            at += dice.choice([0, 1, 20 * DAY, 90 * DAY])
            words: dict[str, Any] = {"key": f"e{number}", "account": ANNA, "at": at}
            kind = dice.choice(["earn", "earn", "wait", "vest", "reverse"])
            with suppress(LedgerError):
                if kind == "vest" and lots:
                    ledger.post(lo.VestNow(lot=dice.choice(lots), **words))
                elif kind == "reverse" and lots:
                    ledger.post(lo.Reverse(lot=dice.choice(lots), amount=dice.randrange(3) + 1, **words))
                else:
                    more = {"waits": True} if kind == "wait" else {"vests_at": at + dice.choice([0, 14]) * DAY}
                    done = ledger.post(lo.Earn(amount=dice.choice([5, 10, 25]), **words, **more))
                    lots.append(str(done.result["lot"]))
        for entry in ledger.streams.get(ANNA, ()):
            words = {"seq": entry.seq, "key": entry.key, "what": entry.kind, "entry": lo.to_json(entry), "amount": 0}
            words |= {"at": entry.at, "learned": entry.at + dice.choice([0, 1, 1]), **WHO}
            self.facts.append(LedgerPosted(id=f"l{entry.seq}", programme="club", unit="pts", **words))

    def given_by_hand(self) -> None:
        """Give levels for a while, take one back, and let the customer register some time."""
        for number in range(self.dice.choice([0, 0, 1, 2])):
            words: dict[str, Any] = {"at": self.instant(), "programme": "club", **WHO}
            level, until = self.dice.choice(["Silver", "Gold"]), words["at"] + self.dice.choice([1, 50]) * DAY
            self.facts.append(LevelSet(id=f"s{number}", level=level, until=until, reason="x", **words))
            if self.dice.random() < 0.3:
                self.facts.append(LevelUnset(id=f"u{number}", reason="x", **words | {"at": self.instant()}))
        if self.dice.random() < 0.3:
            at = self.instant()
            self.facts.append(Registered(id="r", at=at, profile=Customer(id="anna", registered=at), **WHO))

    def faults(self) -> list[str]:
        """Return where levels told from fact to fact differ from those told from the beginning."""
        history, told, found = History("anna", teller=Club()), list[Fact](), list[str]()
        for fact in self.facts:
            apply(history, fact)
            told.append(fact)
            now = max(each.effective for each in told)
            asked = [now, now, now + 1, now + self.dice.randrange(400) * DAY]
            if not isinstance(self.metric, c.CustomMetric):
                asked += [fact.effective, now - 1]
            for at in self.dice.sample(asked, self.dice.randrange(4)):
                fresh = fold(History("anna"), told)
                for name, says in SAYS.items():
                    one, other = says(self.declaration, history, at), anew(name, self.declaration, fresh, at)
                    if one != other:
                        found.append(f"{name} at {at}: {one}, not {other}")
        return found


def _from(steps: list[tuple[int, t.Standing]], at: int) -> list[tuple[int, t.Standing]]:
    return [(max(at, since), each) for since, each in steps]


SAYS: dict[str, Callable[[c.Tiers, History, int], Any]] = {
    "before": lambda declaration, history, at: c.standing_before(declaration, history, at, UTC),
    "rewards": lambda declaration, history, at: c.tier_rewards(declaration, history, at, UTC),
    "next": lambda declaration, history, at: c.next_step(declaration, history, at, UTC),
    "now": lambda declaration, history, at: c.standing_at(declaration, history, at, UTC),
    "steps": lambda declaration, history, at: _from(c.tier_steps(declaration, history, at, UTC), at),
}


def anew(name: str, declaration: c.Tiers, history: History, at: int) -> Any:
    """Return the same from a walk that knows all and begins at the beginning."""
    at -= name == "before"
    counted, given_ = c.contributions(declaration, history, at, UTC), c.overlays(declaration, history, at)
    steps, reached = t.walked(declaration.programme, counted, given_, at=at, joined=c._joined(declaration, history))
    return {
        "before": steps[0][1],
        "rewards": t.rewarded(declaration.programme, reached, "anna", at=at),
        "next": min((since for since, _ in steps if since > at), default=NEVER),
        "now": steps[0][1],
        "steps": _from(steps, at),
    }[name]


CUSTOMERS = 2_000 if os.environ.get("RETENTION_NIGHTLY") == "1" else 60


@settings(max_examples=CUSTOMERS)
@given(st.randoms(use_true_random=True))
def test_levels_go_on_as_they_would_anew(dice: random.Random) -> None:
    """Refunds, cancellations, vestings, levels given by hand, late facts; reviews and grace between them."""
    assert Member(dice).faults() == []


def kept_when_late(patch: pytest.MonkeyPatch) -> None:
    """Keep a checkpoint although what came is about the time before it."""
    learn = t.Walk.learn

    def blind(self: t.Walk, came: Any, gone: Any = ()) -> bool:
        learn(self, *([each for each in some if self.counts(each) > self._moment] for some in (came, gone)))
        return True

    patch.setattr(t.Walk, "learn", blind)


def never_copied(patch: pytest.MonkeyPatch) -> None:
    """Let whoever asks move the checkpoint itself."""
    patch.setattr(t.Walk, "copy", lambda self: self)


def nothing_gone(patch: pytest.MonkeyPatch) -> None:
    """Go on counting what counts no more."""
    learn = t.Walk.learn
    patch.setattr(t.Walk, "learn", lambda self, came, gone=(): learn(self, came))


def known_before(patch: pytest.MonkeyPatch) -> None:
    """Answer for an instant before the last fact with what it said."""
    extended = Checkpoint.extended

    def early(self: Checkpoint, source: Any) -> Checkpoint | None:
        found = extended(self, source)
        return found and evolve(found, learned=0)

    patch.setattr(Checkpoint, "extended", early)


def deaf_to_gifts(patch: pytest.MonkeyPatch) -> None:
    """Go on although a level was given by hand meanwhile."""
    ahead = checkpoints.ahead
    patch.setattr(c, "ahead", lambda *args, given, **more: ahead(*args, given=None, **more))


@pytest.mark.parametrize("fault", [kept_when_late, never_copied, nothing_gone, known_before, deaf_to_gifts])
def test_a_planted_fault_is_found(fault: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the law, among few customers."""
    fault(monkeypatch)
    assert any(broken(seed) for seed in range(100))


def broken(seed: int) -> bool:
    """Tell whether the law fails, or nothing comes of the asking at all."""
    try:
        return Member(random.Random(seed)).faults() != []
    except (AssertionError, ValueError, StopIteration):
        return True


def test_the_law_sees_checkpoints_kept_and_thrown_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of random customers most facts go on from one, and some do not."""
    seen: Counter[bool] = Counter()
    extended = Checkpoint.extended

    def counted(self: Checkpoint, source: Any) -> Checkpoint | None:
        found = extended(self, source)
        seen[found is not None] += 1
        return found

    monkeypatch.setattr(Checkpoint, "extended", counted)
    assert [seed for seed in range(25) if Member(random.Random(seed)).faults()] == []
    assert seen[True] > 40
    assert seen[False] > 2
