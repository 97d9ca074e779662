"""What an order asks of an account: the command that makes it agree with the order as it is known now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from attrs import evolve

from retention_engine.clubs.earning import later_cells
from retention_engine.clubs.order_lines import Bought, with_refunds
from retention_engine.clubs.programme import Programme
from retention_engine.errors import LedgerError, shown
from retention_engine.facts import Event, Fact, OrderPlaced
from retention_engine.loyalty import (
    DELIVERED,
    PAID,
    OrderRecord,
    Receipt,
    ReconcileOrder,
    State,
    Status,
    promise_to,
)
from retention_engine.loyalty import order_command as reconcile
from retention_engine.loyalty.earning import Offer, added, receipt_for
from retention_engine.state import OrderDraft
from retention_engine.view import View

Others = tuple[Sequence[int], Sequence[int]]
"""Minor units of money that other programmes pay of an order: those before a programme, and those after it."""


def order_of(fact: Fact) -> str | None:
    """Return the order that a fact says something about; an event of the shop names one in its data."""
    if isinstance(fact, OrderPlaced):
        return fact.order.id
    name = fact.data.get("order") if isinstance(fact, Event) else getattr(fact, "order_id", None)
    return name if isinstance(name, str) else None


def units_for(state: State, order_id: str) -> int:
    """Return the units that pay for an order: spent, held, or promised by a hold that is over by time alone.

    An order that was cancelled spends what was promised since then, else what it spent before.
    """
    spent = sum(one.amount - one.restored for one in state.redemptions.values() if one.purpose == order_id)
    hold, known = promise_to(state, order_id), state.orders.get(order_id)
    if hold is not None:
        return spent + hold.amount
    if not spent and isinstance(known, OrderRecord) and known.receipt is not None and not known.is_paid:
        return known.receipt.points
    return spent


def others_of(programme: Programme, programmes: Iterable[tuple[Programme, State]], order_id: str) -> Others:
    """Return what the other programmes of a club pay of an order; they share it in the order they are declared in."""
    found: tuple[list[int], list[int]] = ([], [])
    place = 0
    for other, state in programmes:
        if other.id == programme.id:
            place = 1
        elif other.spending is not None and other.currency == programme.currency:
            found[place].append(int(units_for(state, order_id) * other.point_value))
    return found


def order_command(
    programme: Programme,
    view: View,
    order_id: str,
    state: State,
    *,
    tier: str | None = None,
    others: Others = ((), ()),
    anew: bool = False,
) -> ReconcileOrder | None:
    """Return the command that makes the account agree with an order as it is known now.

    None: nobody has placed it yet, it is in another currency, or the account knows all of this already.

    Args:
        anew: units of any programme were promised since it was cancelled: its next payment has a receipt of its own.

    Raises:
        LedgerError: the account knows the order from a merged one, whose facts are not this customer's; or units are
            held for it that cannot pay it.
    """
    draft: OrderDraft | None = view.history.drafts.get(("order", order_id))
    if draft is None or not _concerns(programme, order_id, draft, state):
        return None
    known, revision = state.orders.get(order_id), len(draft.facts)
    if isinstance(known, OrderRecord) and known.revision >= revision:
        return None
    status = Status.CANCELLED if draft.is_cancelled else Status.PLACED if draft.payment is None else Status.PAID
    receipt = Receipt(lines=())
    if draft.placed is not None:
        paid = draft.payment[0] if draft.payment is not None and status is Status.PAID else None
        words: dict[str, Any] = {"tier": tier, "paid": paid, "others": others, "anew": anew}
        receipt = _receipt(programme, view, with_refunds(draft), state, **words)
    return reconcile(
        programme.account(view.history.customer),
        order_id,
        revision=revision,
        at=view.now,
        effective_at=max(fact.at for fact in draft.facts.values()),
        status=status,
        receipt=receipt,
        happened=happened_to(draft),
        anew=anew,
    )


def _concerns(programme: Programme, order_id: str, draft: OrderDraft, state: State) -> bool:
    """Tell whether an order is one of a programme: placed in its currency, or cancelled with units held for it."""
    if order_id in state.joined:
        message = f"order {shown(order_id)} came with a merged account, but not its facts: reconcile it at the counter"
        raise LedgerError(message, code="merged")
    is_promised = promise_to(state, order_id) is not None
    if draft.placed is None:
        return draft.is_cancelled and is_promised
    currency = draft.placed.order.total.currency
    if currency == programme.currency or order_id in state.orders:
        return True
    if is_promised:
        message = f"units of programme {programme.id} are held for order {shown(order_id)}, which is in {currency}"
        raise LedgerError(message, code="other_currency")
    return False


def happened_to(draft: OrderDraft) -> tuple[tuple[str, int], ...]:
    """Return what has happened to an order and when, microseconds UTC, for the vesting of what it earns."""
    found, delivered = draft.happened, draft.delivered
    if delivered is not None:
        found[DELIVERED] = delivered
    if draft.payment is not None:
        found[PAID] = draft.payment[0]
    return tuple(sorted(found.items()))


def _receipt(
    programme: Programme,
    view: View,
    found: Bought,
    state: State,
    *,
    tier: str | None,
    paid: int | None,
    others: Others,
    anew: bool,
) -> Receipt:
    """Return the receipt of an order: calculated when it is paid first, with what changed since when it was.

    Paid again, with units that were promised since, it is calculated anew: by the rates, multiplier and tier of then.

    Args:
        paid: when; None: it is not.
    """
    record = state.orders.get(found.order.id)
    first = record.receipt if isinstance(record, OrderRecord) else None
    if first is None or (anew and paid is not None):
        offers: Iterable[Offer] = ()
        if paid is not None and first is not None:
            offers = _offers_again(programme, first, found)
        elif paid is not None:
            offers = programme.offers(found, view, tier, paid)
        return receipt_for(
            found.lines,
            offers,
            points=0 if programme.spending is None else units_for(state, found.order.id),
            others=others,
            point_value=programme.point_value,
            split=programme.split,
            rounding=programme.rounding,
        )
    old, new = added(first, found.lines)
    cells = later_cells(programme.earning, first, found, new)
    points, value = first.points, first.point_value
    return Receipt(lines=(*old, *new), cells=cells, points=points, point_value=value, awards=first.awards)


def _offers_again(programme: Programme, first: Receipt, found: Bought) -> Iterable[Offer]:
    """Yield what the awards of a receipt give for the order as it is now; a rule that is gone covers what it did."""
    rules = {rule.id: rule for rule in programme.earning}
    for place, award in enumerate(first.awards):
        rule, fresh = rules.get(award.rule), evolve(award, rooms=(), asked=None)
        if rule is not None and rule.version == award.version:
            yield Offer(award=fresh, lines=rule.covers(found), group=rule.group, priority=rule.priority)
        else:
            covered = frozenset(cell.line for cell in first.cells if cell.rule == award.rule)
            yield Offer(award=fresh, lines=covered, priority=-place)
