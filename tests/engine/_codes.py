"""A small shop with promotions: what is typed, what is held, what is paid; and a plain list that knows the answers."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from attrs import define, field

from retention_engine import Engine, Money
from retention_engine.clubs.checkouts import Checkout
from retention_engine.clubs.promotions import Cancel, Limit, Promotion
from retention_engine.engine.codes import Codes
from retention_engine.facts import Line, OrderShipped
from retention_engine.loyalty.codes import CodeKeys, Off, Percent, Stage
from retention_engine.loyalty.orders import Status
from retention_engine.ports import Store
from retention_engine.timing import HOUR, MINUTE, to_instant

START = to_instant("2026-07-01T12:00:00+00:00")
KEYS = CodeKeys({"one": b"k" * 32}, current="one")


def eur(amount: int) -> Money:
    """Return euro cents."""
    return Money(amount, "EUR")


def promotion(id: str = "spring", **more: Any) -> Promotion:
    """Return 1 euro off, with a code that everybody knows."""
    return Promotion(**({"id": id, "discount": Off(eur(100)), "vanity": [f"{id}-code"]} | more))


def given(id: str = "gift", **more: Any) -> Promotion:
    """Return 5 euro off, with codes that are given to customers; each is good for once."""
    limits = [Limit(uses=1, per="code")]
    return Promotion(**({"id": id, "discount": Off(eur(500)), "prefix": "GIFT", "limits": limits} | more))


def codes(*promotions: Promotion, store: str | Store = "memory", keys: CodeKeys = KEYS, **more: Any) -> Codes:
    """Return the service over a new engine."""
    return Codes(Engine([], store=store, **more), promotions, keys)


def basket(order: str = "o1", who: str | None = "anna", amount: int = 1_000, **more: Any) -> Checkout:
    """Return a checkout of one line."""
    lines = () if amount == 0 else (Line(sku="tea", price=eur(amount)),)
    return Checkout(**({"order": order, "customer": who, "lines": lines, "channel": "web"} | more))


def engine_of(service: Codes) -> Engine:
    """Return the engine below."""
    return service._engine


WORLD = (
    promotion("last", limits=[Limit(uses=2)]),
    promotion("each", limits=[Limit(uses=1, per="customer")], cancel=Cancel.ALWAYS),
    promotion("money", limits=[Limit(amount=eur(250))], cancel=Cancel.NEVER),
    promotion("free"),
    promotion("share", discount=Percent(1)),
)
_ORDERS = {f"o{number}": "anna" if number < 2 else "bob" for number in range(4)}


@define
class Plain:
    """What a plain list of uses says: no counters, everything is counted again for every question.

    Attributes:
        uses: order and promotion -> stage, end of the hold, amount.
    """

    uses: dict[tuple[str, str], tuple[Stage, int, int]] = field(factory=dict)
    shipped: set[str] = field(factory=set)

    def counting(self, name: str, at: int, without: str = "") -> list[tuple[str, int]]:
        """Return (order, amount) of the uses of a promotion that count."""
        return [
            (order, amount)
            for (order, promotion), (stage, until, amount) in self.uses.items()
            if promotion == name and order != without and (stage is Stage.USED or (stage is Stage.HELD and at < until))
        ]

    def room(self, name: str, order: str, amount: int, at: int) -> bool:
        """Tell whether a promotion has room for one more use."""
        others = self.counting(name, at, order)
        if name == "last":
            return len(others) < 2
        if name == "each":
            return all(_ORDERS[other] != _ORDERS[order] for other, _ in others)
        return name != "money" or sum(cost for _, cost in others) + amount <= 250

    def hold(self, order: str, name: str, amount: int, at: int) -> bool:
        """Hold one promotion and drop the others; tell whether it counts."""
        mine = {promotion: use for (other, promotion), use in self.uses.items() if other == order}
        if any(stage is Stage.USED for stage, _, _ in mine.values()):
            return mine.get(name, (None, 0, 0))[0] is Stage.USED and amount > 0
        stage, until, _ = mine.get(name, (None, 0, 0))
        own = stage is Stage.HELD and at < until
        counts = amount > 0 and ((own and name != "money") or self.room(name, order, amount, at))
        for other, (stage, end, cost) in mine.items():
            if stage in (Stage.HELD, Stage.ENDED) and (other != name or not counts):
                self.uses[order, other] = (Stage.DROPPED, end, cost)
        if counts:
            self.uses[order, name] = (Stage.HELD, until if own else at + HOUR, amount)
        return counts

    def counted(self, order: str, name: str, amount: int) -> int:
        """Return what is taken off: for a paid order no more than was counted."""
        stage, _, cost = self.uses.get((order, name), (None, 0, 0))
        return min(amount, cost) if stage is Stage.USED else amount

    def settle(self, order: str, status: Status, at: int) -> None:
        """Bring an order where it stands."""
        for (other, name), (stage, until, amount) in list(self.uses.items()):
            if other != order:
                continue
            if status is Status.PAID and stage in (Stage.HELD, Stage.ENDED):
                live = stage is Stage.HELD and at < until
                good = live or self.room(name, order, amount, at)
                self.uses[order, name] = (Stage.USED if good else Stage.ENDED, until, amount)
            elif status is Status.CANCELLED and stage is Stage.HELD:
                self.uses[order, name] = (Stage.ENDED, until, amount)
            elif status is Status.CANCELLED and stage is Stage.USED:
                stays = name == "money" or (name != "each" and order in self.shipped)
                self.uses[order, name] = (stage if stays else Stage.ENDED, until, amount)


@define
class Played:
    """How often something was tried and worked."""

    tried: dict[str, int] = field(factory=dict)
    worked: dict[str, int] = field(factory=dict)

    def note(self, move: str, *, worked: bool) -> None:
        """Count one move."""
        self.tried[move] = self.tried.get(move, 0) + 1
        self.worked[move] = self.worked.get(move, 0) + worked


def play(service: Codes, seed: int, moves: int = 30, played: Played | None = None) -> None:
    """Play a random day in the shop: after every move the service says what the plain list says, and all is well."""
    chance, plain, at, seen = Random(seed), Plain(), START, played or Played()
    for number in range(moves):
        at += chance.choice((0, 1, MINUTE, 20 * MINUTE, HOUR, HOUR))
        order = chance.choice(list(_ORDERS))
        move = chance.choice(("hold", "hold", "hold", "pay", "pay", "cancel", "ship"))
        if move == "hold":
            name, amount = chance.choice([one.id for one in WORLD]), chance.choice((1_000, 60, 0))
            applied = service.hold(basket(order, _ORDERS[order], amount), [f"{name}-code"], at=at).applied
            off = amount // 100 if name == "share" else min(100, amount)
            good = plain.hold(order, name, off, at)
            off = plain.counted(order, name, off)
            assert [one.id for one in applied] == [name] * good, (seed, number)
            assert [one.amount for one in applied] == [off] * good, (seed, number)
            seen.note("hold", worked=good)
        elif move == "ship":
            plain.shipped.add(order)
            fact = OrderShipped(id=f"shipped:{order}", customer=_ORDERS[order], at=START, order_id=order)
            engine_of(service).record(fact)
        else:
            status = Status.PAID if move == "pay" else Status.CANCELLED
            before = dict(plain.uses)
            plain.settle(order, status, at)
            found = {one.promotion: one.stage for one in service.settle({order: status}, at=at)[order]}
            known = {name: stage for (other, name), (stage, _, _) in plain.uses.items() if other == order}
            assert found == known, (seed, number)
            seen.note(move, worked=before != plain.uses)
        check(service, plain, at, seed)


def check(service: Codes, plain: Plain, at: int, seed: int) -> None:
    """CODE-LIMIT by the plain list, and the documents agree with the facts."""
    assert service.verify(at=at) == [], seed
    assert len(plain.counting("last", at)) <= 2
    assert sum(amount for _, amount in plain.counting("money", at)) <= 250
    people: Sequence[str] = [_ORDERS[order] for order, _ in plain.counting("each", at)]
    assert len(set(people)) == len(people)
