"""Gifts: what units are spent on besides orders."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from retention_engine.clubs.earning import check_id, check_truth
from retention_engine.loyalty import State, advance
from retention_engine.loyalty.units import check_amount
from retention_engine.predicates import Truth
from retention_engine.view import View


def _check_price(_: Any, __: Any, value: Any) -> None:
    check_amount(value)


@frozen
class Gift:
    """Something that customers take for units.

    Attributes:
        price: in units.
        when: condition on the customer.
    """

    id: str = field(validator=check_id)
    price: int = field(validator=_check_price)
    when: Truth | None = field(default=None, kw_only=True, validator=check_truth)

    def refusal(self, view: View, state: State) -> str | None:
        """Return why a customer cannot have it now, in words; None: they can."""
        if self.when is not None and not self.when.verdict(view).holds:
            return f"{self.id} is for customers with {self.when}"
        available = advance(state, view.now).balance.available
        if available < self.price:
            return f"{self.id} costs {self.price}, {available} are available"
        return None
