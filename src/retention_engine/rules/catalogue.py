"""Triggers on changes of the catalogue, fanned out to the customers whom they concern."""

from __future__ import annotations

from attrs import frozen

from retention_engine.errors import DefinitionError, nearest, shown
from retention_engine.facts import Fact, PriceChanged, SaleStarted, StockChanged
from retention_engine.predicates import Refinable
from retention_engine.rules.base import Trigger
from retention_engine.view import View

CHANGES = ("price_drop", "back_in_stock", "on_sale")


@frozen(cache_hash=True, repr=False)
class Catalogue(Trigger):
    """Due when something happens to an item that a record of the customer is about; the catalogue's fact is the key.

    Attributes:
        change: ``price_drop``, ``back_in_stock`` or ``on_sale``.
        interest: records with a sku (with a category for ``on_sale``); windows count at the instant of the change.
        percent: the least reduction, 1 to 100; 0 for ``back_in_stock``.
    """

    change: str
    interest: Refinable
    percent: int

    def __attrs_post_init__(self) -> None:
        """Check that there is such a change, and that the records are about items."""
        if self.change not in CHANGES:
            raise DefinitionError(f"unknown change {shown(self.change)}{nearest(self.change, CHANGES)}")
        if not isinstance(self.interest, Refinable) or "entry" in self.interest.reads():
            raise DefinitionError(f"{self.change}() takes records such as views, not {shown(self.interest)}")
        needed = "category" if self.change == "on_sale" else "sku"
        if needed not in (self.interest.kinds() or {}):
            raise DefinitionError(f"{self.change}() takes records with a {needed}, such as views, not {self.interest}")
        least, most = (0, 0) if self.change == "back_in_stock" else (1, 100)
        if type(self.percent) is not int or not least <= self.percent <= most:
            raise DefinitionError(f"percent is a whole number from {least} to {most}, not {shown(self.percent)}")

    def reads(self) -> frozenset[str]:
        """Return the collection."""
        return self.interest.reads()

    def concerns(self, fact: Fact, view: View) -> bool:
        """Tell whether a fact about the catalogue is such a change, of something the customer is interested in now."""
        inside = (each.record for each in self.interest.members(view) if each.start <= view.now < each.end)
        match fact:
            case PriceChanged() if self.change == "price_drop":
                return fact.dropped_by(self.percent) and any(each.sku == fact.sku for each in inside)  # type: ignore[attr-defined]  # has a sku, as checked
            case StockChanged() if self.change == "back_in_stock":
                return fact.was == 0 < fact.pieces and any(each.sku == fact.sku for each in inside)  # type: ignore[attr-defined]  # has a sku, as checked
            case SaleStarted() if self.change == "on_sale":
                return fact.percent >= self.percent and any(each.category == fact.category for each in inside)  # type: ignore[attr-defined]  # has a category, as checked
        return False

    def write(self, *, python: bool) -> str:
        """Write the call."""
        percent = f", percent={self.percent}" if self.percent else ""
        return f"{self.change}({self.interest.write(python=python)}{percent})"


def price_drop(interest: Refinable, *, percent: int = 1) -> Catalogue:
    """Be due when the price of an item falls by at least ``percent`` of the old price."""
    return Catalogue("price_drop", interest, percent)


def back_in_stock(interest: Refinable) -> Catalogue:
    """Be due when an item that had no pieces has some again."""
    return Catalogue("back_in_stock", interest, 0)


def on_sale(interest: Refinable, *, percent: int = 1) -> Catalogue:
    """Be due when a category goes on sale with at least ``percent`` off."""
    return Catalogue("on_sale", interest, percent)
