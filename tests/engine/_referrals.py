"""A small shop with referrals: stories of customers, and the accounts they end in."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from attrs import define, field

from retention_engine import facts as f
from retention_engine.clubs import referred
from retention_engine.clubs.referrals import ReferralGuards, ReferralProgramme
from retention_engine.engine import referring
from retention_engine.loyalty import Account, Ledger, Unit
from retention_engine.loyalty.referrals import ReferralLinks, UnitsReward
from retention_engine.money import Money
from retention_engine.predicates import item
from retention_engine.state import History, fold
from retention_engine.stores import MemoryStore
from retention_engine.timing import DAY, days
from retention_engine.view import View

PTS = Unit("pts")
UTC = ZoneInfo("UTC")
LINKS = ReferralLinks("friends", b"a secret of a test")
ADVOCATE, FRIEND, LEAST = 300, 100, 1000
BOTH = {"ref:friends:f0:friend": FRIEND, "ref:friends:f0:advocate": ADVOCATE}
WINDOW, HOLD, NEAR = 30, 14, 10
END = 80
MANY = 4


def programme(**changes: Any) -> ReferralProgramme:
    """Return the programme of the stories."""
    usual: dict[str, Any] = {
        "id": "friends",
        "advocate": UnitsReward(PTS, ADVOCATE),
        "friend": UnitsReward(PTS, FRIEND),
        "order": (item.total >= LEAST,),
        "window": days(WINDOW),
        "hold": days(HOLD),
        "guards": ReferralGuards(near=days(NEAR), most_a_day=MANY),
    }
    return ReferralProgramme(**usual | changes)


def signed_up(customer: str, day: int) -> f.Fact:
    """Return a sign-up."""
    return f.Registered.of(f.Customer(id=customer, registered=day * DAY))


def linked(customer: str, day: int = 0) -> f.Fact:
    """Return the fact of having been given a link."""
    return f.ReferralLinked.of("friends", customer, LINKS.token(customer), at=day * DAY)


def touched(customer: str, advocate: str, day: int, source: str | None = None) -> f.Fact:
    """Return the fact of having come by somebody's link."""
    return f.ReferralTouched.of("friends", customer, LINKS.token(advocate), at=day * DAY, source=source)


def bought(customer: str, order: str, day: int, total: int = LEAST, *, paid: bool = True, **more: Any) -> f.OrderPlaced:
    """Return an order."""
    given = f.Order(id=order, customer=customer, at=day * DAY, total=Money(total, "EUR"), **more)
    return f.OrderPlaced.of(given, paid=paid)


def then(kind: type[Any], customer: str, order: str, day: int, **more: Any) -> Any:
    """Return what became of an order."""
    return kind(id=f"{kind.KIND}:{order}:{day}", customer=customer, at=day * DAY, order_id=order, **more)


def judged(friend: str, verdict: str, day: int) -> f.Fact:
    """Return a verdict of the shop."""
    return f.ReferralJudged.of("friends", friend, verdict, at=day * DAY)


def seen(customer: str, sort: str, value: str, day: int) -> f.Fact:
    """Return a fingerprint."""
    return f.Fingerprinted.of(customer, sort, value, at=day * DAY)


@define
class World:
    """A store that facts are recorded in, and the accounts of everybody."""

    programme: ReferralProgramme = field(factory=programme)
    store: Any = field(factory=MemoryStore)
    ledger: Ledger = field(factory=Ledger)

    def record(self, *facts: f.Fact) -> list[f.Fact]:
        """Record facts as the engine does; return what was made out of them."""
        with self.store.transaction():
            new = self.store.facts.append(facts)
            made = referring.refer(self.store, [self.programme], new)
            return list(self.store.facts.append(made))

    def facts(self, customer: str) -> list[f.Fact]:
        """Return what is known of a customer."""
        found: list[f.Fact] = self.store.facts.of([customer])[customer]
        return found

    def everybody(self) -> list[str]:
        """Return the customers."""
        found: list[str] = self.store.roster.customers("", 1000)
        return found

    def history(self, customer: str, day: int = END) -> History:
        """Return what is known of a customer on a day."""
        return fold(History(customer), [fact for fact in self.facts(customer) if fact.effective <= day * DAY])

    def state(self, customer: str, day: int) -> str | None:
        """Return where a customer's own referral stands on a day."""
        return referred.referred_steps(self.programme, self.history(customer, day), day * DAY, UTC)[0][1]

    def account(self, customer: str) -> Account:
        """Return a customer's account."""
        return Account("club", PTS, customer)

    def walk(self, until: int = END, *, ticks: Iterable[int] = ()) -> None:
        """Look at everybody at the instant of each of their facts, and at some others: post what is owed."""
        for customer in self.everybody():
            told = self.facts(customer)
            instants = {fact.effective for fact in told} | {tick * DAY for tick in ticks}
            start = self.ledger.state(self.account(customer)).at
            for now in sorted(instants):
                if start <= now <= until * DAY:
                    self.look(customer, now, told)

    def look(self, customer: str, now: int, told: Sequence[f.Fact]) -> int:
        """Post what is owed to a customer at an instant; return how many commands that were."""
        history = fold(History(customer), [fact for fact in told if fact.effective <= now])
        state = self.ledger.state(self.account(customer))
        owed = referred.reward_commands(self.programme, View(history, now, UTC), state)
        for command in owed:
            self.ledger.post(command)
        return len(owed)

    def net(self) -> dict[str, int]:
        """Return what of each grant was not taken back, by its key."""
        found = {}
        for state in self.ledger.states.values():
            for lot, known in state.grants.items():
                left = state.lots[lot].lot.issued - known.reversed
                if left:
                    found[lot.removesuffix("/0")] = left
        return found


def story(rng: random.Random, *, circles: bool = True) -> list[f.Fact]:
    """Return the facts of two old customers, and of some who come by their links or by each other's."""
    friends = [f"f{number}" for number in range(rng.randint(1, 3))]
    told = [signed_up("ann", 0), signed_up("bob", 0), *(linked(each) for each in ["ann", "bob", *friends])]
    told += [seen("ann", sort, "a", rng.randint(0, 30)) for sort in ("email", "device") if rng.random() < 0.7]
    for friend in friends:
        told += _friend(rng, friend, ["ann", "ann", "bob", *(friends if circles else [])])
    if rng.random() < 0.15:
        told.append(banned("ann", rng.randint(0, 40)))
    return told


def banned(advocate: str, day: int, *, banned: bool = True) -> f.Fact:
    """Return the word that somebody gets no more rewards."""
    made = f"ban:{advocate}:{day}"
    return f.AdvocateBanned(id=made, customer=advocate, at=day * DAY, programme="friends", banned=banned)


def _friend(rng: random.Random, friend: str, advocates: list[str]) -> list[f.Fact]:
    told = [touched(friend, rng.choice(advocates), rng.randint(1, 3)) for _ in range(rng.randint(1, 2))]
    told.append(signed_up(friend, rng.choice([2, 3, 4, 5])))
    for number in range(rng.choice([0, 1, 1, 2, 3])):
        told += _order(rng, friend, f"{friend}-{number}")
    if rng.random() < 0.5:
        told.append(seen(friend, rng.choice(["email", *["device"] * 4]), rng.choice("aaab"), rng.randint(2, 30)))
    if rng.random() < 0.3:
        verdicts = rng.choices(["approved", "approved", "rejected"], k=rng.randint(1, 3))
        told += [judged(friend, verdict, rng.randint(4, 40)) for verdict in verdicts]
    return _once(told)


def _once(told: list[f.Fact]) -> list[f.Fact]:
    return list({fact.id: fact for fact in told}.values())


def _order(rng: random.Random, friend: str, order: str) -> list[f.Fact]:
    day = rng.choice([rng.randint(1, 5), *(rng.randint(6, 25) for _ in range(5)), rng.randint(26, 40)])
    total = rng.choice([0, LEAST - 1, *[LEAST] * 4, *[3 * LEAST] * 5])
    paid = rng.random() < 0.7
    told: list[f.Fact] = [bought(friend, order, day, total, paid=paid)]
    if not paid and rng.random() < 0.8:
        day += rng.randint(0, 3)
        told.append(then(f.OrderPaid, friend, order, day))
    later = day + rng.choice([1, rng.randint(1, HOLD - 1), HOLD, *(rng.randint(HOLD, 30) for _ in range(3))])
    fate = rng.random()
    if fate < 0.25:
        told.append(then(f.OrderCancelled, friend, order, later))
        if rng.random() < 0.4:
            told.append(then(f.OrderPaid, friend, order, later + rng.randint(1, 3)))
    elif fate < 0.5:
        amount = rng.choice([None, Money(1, "EUR"), Money(LEAST, "EUR"), Money(2 * LEAST, "EUR")])
        told.append(then(f.OrderRefunded, friend, order, later, amount=amount))
    return told
