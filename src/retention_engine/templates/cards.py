"""Product cards: plain dicts of what can be shown of an item; what cannot be bought is dropped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import field, frozen

from retention_engine.errors import DefinitionError, EmptyContent, TemplateError, shown
from retention_engine.facts import Product
from retention_engine.money import Money

_MOST = 50


@frozen(kw_only=True)
class Cards:
    """A block of product cards, as the head of a template describes it.

    Attributes:
        of: the value that holds the list of cards.
        most: how many are shown, 1 to 50; the first ones that can be bought.
        required: without any there is nothing to say.
        line: how the default renderer writes one card.
    """

    of: str = "items"
    most: int = field(default=10)
    required: bool = True
    line: str = "{name}"

    def __attrs_post_init__(self) -> None:
        """Refuse values of a wrong type, and a number of cards out of range."""
        texts = type(self.of) is str and self.of.isidentifier() and type(self.line) is str
        if not texts or type(self.most) is not int or type(self.required) is not bool or not 1 <= self.most <= _MOST:
            raise DefinitionError(f"cards have of, most (1 to {_MOST}), required and line, not {shown(self)}")


def card(
    product: Product,
    *,
    url: str | None = None,
    image: str | None = None,
    was: Money | None = None,
    available: bool = True,
) -> dict[str, object]:
    """Return the plain values of a product's card; ``was`` is the price before."""
    found = {"sku": product.sku, "name": product.name or product.sku, "category": product.category}
    more = {"brand": product.brand, "price": product.price, "was": was, "url": url, "image": image}
    return {**found, **more, "available": available}


def available(cards: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the cards of what can be bought: not those with ``available`` false or ``pieces`` 0."""
    return [each for each in cards if each.get("available", True) is True and each.get("pieces", 1) != 0]


def with_cards(block: Cards | None, data: dict[str, Any]) -> dict[str, Any]:
    """Return the values with only those cards that are shown.

    Raises:
        EmptyContent: none is left, and the block is required.
        TemplateError: the value is no list of dicts.
    """
    if block is None:
        return data
    cards = data.get(block.of, [])
    if type(cards) is not list or not all(type(each) is dict for each in cards):
        raise TemplateError(f"value {block.of}: a list of cards is needed, each a dict", code="unfit_data")
    left = available(cards)[: block.most]
    if block.required and not left:
        raise EmptyContent(f"no item of {block.of!r} is left to show", code="empty")
    return data | {block.of: left}
