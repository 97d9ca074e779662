"""A shop with one programme: facts of one customer go in, commands come out and are posted."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from retention_engine import facts as f
from retention_engine import loyalty as lo
from retention_engine.clubs.programme import Programme, bonus_commands
from retention_engine.clubs.reconciling import order_command, order_of
from retention_engine.loyalty.earning import Spending
from retention_engine.money import Money
from retention_engine.state import History, apply
from retention_engine.timing import zone
from retention_engine.view import View

POINTS = lo.Unit("pts")
UTC = zone("UTC")
CENTS = Fraction(100)


def eur(amount: int) -> Money:
    """Return euro cents."""
    return Money(amount, "EUR")


def line(sku: str, price: int, quantity: int = 1, category: str | None = None) -> f.Line:
    """Return a line."""
    return f.Line(sku=sku, price=eur(price), quantity=quantity, category=category)


def programme(*earning: Any, **rest: Any) -> Programme:
    """Return a programme in which a point pays 1.00."""
    given: dict[str, Any] = {
        "id": "club",
        "unit": POINTS,
        "currency": "EUR",
        "spending": Spending(point_value=CENTS),
    } | rest
    return Programme(earning=earning, **given)


class Till:
    """One customer."""

    def __init__(self, one: Programme, start: int = 0, tier: str | None = None) -> None:
        self.programme = one
        self.account = one.account("anna")
        self.history = History("anna")
        self.ledger = lo.Ledger(one.terms)
        self.tier = tier
        self.now = 0
        self.count = 0
        if start:
            self.ledger.post(lo.Earn(key="start", account=self.account, at=0, amount=start))

    @property
    def state(self) -> lo.State:
        """The account as of its last entry."""
        return self.ledger.state(self.account)

    @property
    def view(self) -> View:
        """The customer now."""
        return View(self.history, self.now, UTC)

    def take(self, fact: f.Fact) -> list[Any]:
        """Take a fact in and return the answers of the ledger."""
        apply(self.history, fact)
        self.now = max(self.now, fact.effective)
        programme, view, order = self.programme, self.view, order_of(fact)
        asked = None if order is None else order_command(programme, view, order, self.state, tier=self.tier)
        found = [*([] if asked is None else [asked]), *bonus_commands(programme, view, fact, self.state)]
        return [self.ledger.post(one).result for one in found]

    def about(self, cls: Any, order: str = "o", **rest: Any) -> Any:
        """Tell something about an order, a moment later; return the answer."""
        self.count += 1
        at = rest.pop("at", self.now + 1)
        (found,) = self.take(cls(id=f"f{self.count}", customer="anna", at=at, order_id=order, **rest))
        return found

    def buy(self, *lines: f.Line, order: str = "o", paid: bool = True, **rest: Any) -> Any:
        """Place an order, a moment later; return the answer."""
        self.count += 1
        at = rest.pop("at", self.now + 1)
        made = f.Order(id=order, customer="anna", at=at, lines=lines, **rest)
        fact = f.OrderPlaced(id=f"f{self.count}", customer="anna", at=at, order=made, paid=paid)
        (found,) = self.take(fact)
        return found

    def back(self, amount: int | None = None, *skus: str, order: str = "o") -> Any:
        """Return goods."""
        lines = tuple(f.Returned(sku=sku) for sku in skus)
        return self.about(f.OrderRefunded, order, amount=None if amount is None else eur(amount), lines=lines)

    def hold(self, amount: int, order: str = "o") -> None:
        """Promise units to an order."""
        self.count += 1
        one = lo.OpenHold(key=f"h{self.count}", account=self.account, at=self.now, amount=amount, purpose=order)
        self.ledger.post(one)

    @property
    def earned(self) -> int:
        """Units of orders that were not taken back."""
        state = self.state
        return sum(state.lots[n].lot.issued - one.reversed for n, one in state.grants.items() if n != "start/0")

    @property
    def balance(self) -> lo.Balance:
        """What the customer sees now."""
        return self.ledger.balance(self.account, self.now)
