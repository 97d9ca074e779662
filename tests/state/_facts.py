"""Facts of one customer, in few words."""

from __future__ import annotations

from typing import Any

from retention_engine import facts as f
from retention_engine.money import Money
from retention_engine.state import History, fold
from retention_engine.testing import order_independent

WHO = "anna"


def eur(amount: int) -> Money:
    """Return euro cents."""
    return Money(amount, "EUR")


def placed(id: str = "o", at: int = 0, *, paid: bool = True, fact: str = "", **more: Any) -> f.OrderPlaced:
    """Return the fact of an order, of 100 unless told otherwise."""
    order = f.Order(id=id, customer=WHO, at=at, **({"total": eur(100)} | more))
    return f.OrderPlaced(id=fact or f"order:{id}", customer=WHO, at=at, order=order, paid=paid)


def about(cls: type[f.Fact], at: int = 0, **given: Any) -> f.Fact:
    """Return a fact of any kind; its id follows from kind and instant unless it is given."""
    return cls(**({"id": f"{cls.KIND}:{at}", "customer": WHO, "at": at} | given))


def told(*facts: f.Fact) -> History:
    """Return the history that the facts give, in any order and however often they are told."""
    order_independent(facts)
    return fold(History(WHO), facts)


def rows(history: History, collection: str) -> list[str]:
    """Return the ids of the records of a collection."""
    return [record.id for record in history.records(collection)]
