"""What an order asks of an account: the command that makes it agree with the order as it is known now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import evolve

from retention_engine.clubs.earning import later_cells
from retention_engine.clubs.order_lines import Bought, with_refunds
from retention_engine.clubs.programme import Programme
from retention_engine.errors import LedgerError, shown
from retention_engine.facts import Event, Fact, OrderPlaced
from retention_engine.loyalty import (
    DELIVERED,
    PAID,
    Account,
    Command,
    OrderRecord,
    Receipt,
    State,
    Status,
    Void,
    begins_again,
    promise_to,
    step_key,
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
    """Return the units that pay for an order: spent, held, or promised by a hold that is over by time alone."""
    spent = sum(one.amount - one.restored for one in state.redemptions.values() if one.purpose == order_id)
    hold = promise_to(state, order_id)
    return spent + (0 if hold is None else hold.amount)


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
) -> Command | None:
    """Return the command that makes the account agree with an order as it is known now.

    None: nobody has placed it yet, it is in another currency, or the account knows all of this already.

    Raises:
        LedgerError: the account knows the order from a merged one, whose facts are not this customer's; or units are
            held for it that cannot pay it.
    """
    draft: OrderDraft | None = view.history.drafts.get(("order", order_id))
    if draft is None or draft.placed is None:
        asked = None if draft is None or not draft.is_cancelled else programme.account(view.history.customer)
        return _unplaced(order_id, state, asked, view.now)
    known = state.orders.get(order_id)
    revision = len(draft.facts)
    currency = draft.placed.order.total.currency
    if known is None and currency != programme.currency:
        if promise_to(state, order_id) is None:
            return None
        message = f"units of programme {programme.id} are held for order {shown(order_id)}, which is in {currency}"
        raise LedgerError(message, code="other_currency")
    if isinstance(known, OrderRecord) and known.revision >= revision:
        return None
    status = Status.CANCELLED if draft.is_cancelled else Status.PLACED if draft.payment is None else Status.PAID
    paid = draft.payment[0] if draft.payment is not None and status is Status.PAID else None
    return reconcile(
        programme.account(view.history.customer),
        order_id,
        revision=revision,
        at=view.now,
        effective_at=max(fact.at for fact in draft.facts.values()),
        status=status,
        receipt=_receipt(programme, view, with_refunds(draft), state, tier=tier, paid=paid, others=others),
        happened=_happened(draft),
    )


def _unplaced(order_id: str, state: State, cancelled: Account | None, now: int) -> Command | None:
    """Return what is asked by facts about an order that this customer has not placed: a hold for it may be over.

    Args:
        cancelled: the account when the order is cancelled, else None.
    """
    if order_id in state.joined:
        message = f"order {shown(order_id)} came with a merged account, but not its facts: reconcile it at the counter"
        raise LedgerError(message, code="merged")
    hold = promise_to(state, order_id)
    if cancelled is None or hold is None or hold.expires_at <= now:
        return None
    return Void(key=step_key("void", hold.id), account=cancelled, at=now, hold=hold.id)


def _happened(draft: OrderDraft) -> tuple[tuple[str, int], ...]:
    found, delivered = draft.happened, draft.delivered
    if delivered is not None:
        found[DELIVERED] = delivered
    if draft.payment is not None:
        found[PAID] = draft.payment[0]
    return tuple(sorted(found.items()))


def _receipt(
    programme: Programme, view: View, found: Bought, state: State, *, tier: str | None, paid: int | None, others: Others
) -> Receipt:
    """Return the receipt of an order: calculated when it is paid first, with what changed since when it was.

    Paid again, with units that were promised since, it is calculated anew: by the rates, multiplier and tier of then.

    Args:
        paid: when; None: it is not.
    """
    record = state.orders.get(found.order.id)
    first = record.receipt if isinstance(record, OrderRecord) else None
    if first is None or begins_again(state, found.order.id):
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
