"""Facts about the catalogue; they concern no customer and are fanned out to those who showed interest."""

from __future__ import annotations

from attrs import field, frozen

from retention_engine.errors import FactError, shown
from retention_engine.facts.base import (
    ShopFact,
    check_count,
    check_optional,
    check_price,
    check_text,
    instance_of,
    kind,
)
from retention_engine.facts.words import Product
from retention_engine.money import Money


@frozen(kw_only=True)
class CatalogueFact(ShopFact):
    """Base of the facts about the catalogue; they have no customer."""


@kind("product_listed")
@frozen(kw_only=True)
class ProductListed(CatalogueFact):
    """A product is in the catalogue, with these properties."""

    product: Product = field(validator=instance_of(Product))

    def subjects(self) -> tuple[str, ...]:
        """Return the item."""
        return (f"sku:{self.product.sku}",)


@kind("price_changed")
@frozen(kw_only=True)
class PriceChanged(CatalogueFact):
    """A product has a new price.

    Attributes:
        was: the price before; a drop is told from the two.
    """

    sku: str = field(validator=check_text)
    price: Money = field(validator=check_price)
    was: Money = field(validator=check_price)

    def dropped_by(self, percent: int) -> bool:
        """Tell whether the price fell by at least so many percent of the old one (same currency)."""
        drop = self.was.amount - self.price.amount
        return self.price.currency == self.was.currency and drop > 0 and drop * 100 >= percent * self.was.amount

    def subjects(self) -> tuple[str, ...]:
        """Return the item."""
        return (f"sku:{self.sku}",)


@kind("stock_changed")
@frozen(kw_only=True)
class StockChanged(CatalogueFact):
    """A product has this many pieces in stock; ``was`` pieces before."""

    sku: str = field(validator=check_text)
    pieces: int = field(validator=check_count)
    was: int = field(validator=check_count)

    def subjects(self) -> tuple[str, ...]:
        """Return the item."""
        return (f"sku:{self.sku}",)


@kind("availability_changed")
@frozen(kw_only=True)
class AvailabilityChanged(CatalogueFact):
    """A product can be bought from now on, or no longer."""

    sku: str = field(validator=check_text)
    available: bool = field(validator=instance_of(bool))

    def subjects(self) -> tuple[str, ...]:
        """Return the item."""
        return (f"sku:{self.sku}",)


@kind("sale_started")
@frozen(kw_only=True)
class SaleStarted(CatalogueFact):
    """A category is on sale.

    Attributes:
        percent: by how much, 1 to 100.
    """

    category: str = field(validator=check_text)
    percent: int = field(validator=check_count)
    name: str | None = field(default=None, validator=check_optional)

    @percent.validator
    def _share(self, _: object, value: int) -> None:
        if not 1 <= value <= 100:
            raise FactError(f"percent is a whole number from 1 to 100, not {shown(value)}")

    def subjects(self) -> tuple[str, ...]:
        """Return the category."""
        return (f"category:{self.category}",)
