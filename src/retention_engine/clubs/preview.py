"""Before buying: what a cart would earn, how much of it units may pay, which gifts may be had."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import evolve, frozen

from retention_engine.clubs.order_lines import bought
from retention_engine.clubs.programme import Programme
from retention_engine.clubs.reconciling import Others
from retention_engine.errors import DefinitionError, LedgerError, nearest, shown
from retention_engine.facts import Line, Order, OrderPlaced
from retention_engine.loyalty import PAID, Redeem, State, advance, step_key
from retention_engine.loyalty.earning import Spendable, receipt_for
from retention_engine.money import Money
from retention_engine.state import supposed
from retention_engine.view import View

CART = "cart"
"""The id of an order that is none yet."""


@frozen(kw_only=True)
class Preview:
    """What a cart would mean if it were paid now.

    Attributes:
        earns: units, by rule.
        vests_at: when they become spendable, by rule; None: that waits for a fact.
        spend: how many units may pay for it; None: units do not pay for orders.
        gifts: the ids of those that may be had now.
    """

    earns: dict[str, int]
    vests_at: dict[str, int | None]
    spend: Spendable | None
    gifts: tuple[str, ...]

    @property
    def total(self) -> int:
        """All units it would earn."""
        return sum(self.earns.values())


def preview(
    programme: Programme,
    view: View,
    lines: Iterable[Line],
    state: State,
    *,
    total: Money | None = None,
    paid: int = 0,
    points: int = 0,
    asked: int | None = None,
    order_id: str = CART,
    tier: str | None = None,
    others: Others = ((), ()),
) -> Preview:
    """Return what a cart would earn and how much of it units may pay.

    Conditions on the customer are asked as the order will ask them: as if the cart were placed and paid now.

    Args:
        total: what is to be paid for the cart; None: the sum of its lines.
        paid: minor units of money that something else has paid, such as a voucher.
        points: units that are going to pay: what they pay may earn nothing.
        asked: units that the customer wants to spend; None: as many as possible.
        order_id: of the order that the cart may have become: what is held for it already counts as available.
        others: minor units of money that other programmes pay of it: they earn nothing.
    """
    words: dict[str, Any] = {"id": order_id, "customer": view.history.customer, "at": view.now, "lines": lines}
    order = Order(**words) if total is None else Order(**words, total=total)
    if order.total.currency != programme.currency:
        raise DefinitionError(f"the cart is in {order.total.currency}, the programme in {programme.currency}")
    found = bought(order)
    then = view
    if any(rule.when is not None for rule in programme.earning):
        then = evolve(view, history=supposed(view.history, OrderPlaced.of(order)))
    receipt = receipt_for(
        found.lines,
        programme.offers(found, then, tier),
        points=points,
        others=others,
        point_value=programme.point_value,
        split=programme.split,
        rounding=programme.rounding,
    ).capped(state, view.now)
    earns = {rule: units for rule, units in receipt.kept.items() if units}
    vests = {one.rule: one.vesting.vests_at({PAID: view.now}) for one in receipt.awards if one.rule in earns}
    now = advance(state, view.now)
    return Preview(
        earns=earns,
        vests_at=vests,
        spend=_spend(programme, now, order, sum(line.net for line in found.lines), paid=paid, asked=asked),
        gifts=tuple(gift.id for gift in programme.gifts if gift.refusal(view, state) is None),
    )


def _spend(
    programme: Programme, state: State, order: Order, eligible: int, *, paid: int, asked: int | None
) -> Spendable | None:
    if programme.spending is None:
        return None
    own = sum(hold.amount for hold in state.holds.values() if hold.purpose == order.id)
    available = state.balance.available + own
    wanted = available if asked is None else asked
    return programme.spending.spendable(wanted, available, eligible, max(0, order.total.amount - paid))


def gift_command(programme: Programme, view: View, gift_id: str, state: State, *, request: str) -> Redeem:
    """Return the command that takes a gift.

    Args:
        request: the id of this wish; the same again is the same gift, for what it cost when it was taken.

    Raises:
        DefinitionError: there is no such gift.
        LedgerError: the customer cannot have it; the message says why.
    """
    gifts = {gift.id: gift for gift in programme.gifts}
    key = step_key("gift", gift_id, request)
    taken = state.redemptions.get(key)
    if taken is None and gift_id not in gifts:
        raise DefinitionError(f"there is no gift {shown(gift_id)}{nearest(gift_id, gifts)}")
    refusal = None if taken is not None else gifts[gift_id].refusal(view, state)
    if refusal is not None:
        raise LedgerError(refusal, code="gift_refused")
    account, amount = programme.account(view.history.customer), gifts[gift_id].price if taken is None else taken.amount
    return Redeem(key=key, account=account, at=view.now, amount=amount, purpose=f"gift:{gift_id}")
