"""Points on top of an order, by a promotion: granted when it is paid, taken back when it is off as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import frozen

from retention_engine.clubs.reconciling import happened_to
from retention_engine.facts import CodeReleased, CodeUsed
from retention_engine.loyalty import (
    Bucket,
    CancelPending,
    Command,
    Earn,
    OrderRecord,
    Reverse,
    State,
    Stock,
    Validity,
    VestAt,
    Vesting,
    advance,
    step_key,
)
from retention_engine.state import OrderDraft, codes_known
from retention_engine.state.codes import CodeUse
from retention_engine.view import View


def gift_commands(
    view: View, state: State, orders: Mapping[str, object], *, validity: Validity, since: int
) -> Iterator[Command]:
    """Yield what an account lacks, or has too much, of the points on top of orders.

    They belong to the customer whose order it is, and vest with the last of what the order itself earns.
    Each payment grants them once.

    Args:
        orders: what the account knows of them by now.
        since: orders paid up to this instant are history.
    """
    for use in codes_known(view.history).uses.values():
        if use.user is None and use.units and use.unit == state.account.unit.code:
            yield from _OnTop(use, view, state, orders.get(use.order_id), validity).commands(since)


@frozen
class _OnTop:
    """The points of one use of a promotion, as the account stands."""

    use: CodeUse
    view: View
    state: State
    record: object
    validity: Validity

    def commands(self, since: int) -> Iterator[Command]:
        """Yield what is missing or too much."""
        use = self.use
        source = f"code:{use.promotion}:{use.order_id}"
        draft = self.view.history.drafts.get(("order", use.order_id)) or OrderDraft()
        given = (stock for stock in self.state.lots.values() if stock.lot.source == source)
        left = [stock for stock in given if stock.lot.id in self.state.grants and self._left(stock)]
        if isinstance(use, CodeReleased) or draft.is_cancelled or draft.is_returned:
            yield from map(self._back, left)
        elif left:
            yield from self._vest(left, draft)
        elif isinstance(use, CodeUsed) and draft.payment is not None:
            paid_at, payment = draft.payment
            words = self._words("code", use.promotion, use.order_id, f"{use.turn}", payment)
            if paid_at > since and f"{words['key']}/0" not in self.state.lots:
                vests_at = self._vests_at(draft)
                words |= {"effective_at": paid_at, "vests_at": vests_at, "waits": vests_at is None}
                yield Earn(**words, amount=use.units, validity=self.validity, source=source)

    def _vest(self, left: Iterable[Stock], draft: OrderDraft) -> Iterator[Command]:
        waits = [stock.lot.id for stock in left if stock.vests_at is None and stock[Bucket.PENDING]]
        vests_at = self._vests_at(draft) if waits else None
        if vests_at is not None:
            yield from (VestAt(**self._words("vest", lot), lot=lot, vests_at=vests_at) for lot in waits)

    def _words(self, *key: str) -> dict[str, Any]:
        return {"key": step_key(*key), "account": self.state.account, "at": self.view.now}

    def _left(self, stock: Stock) -> int:
        return stock.lot.issued - self.state.grants[stock.lot.id].reversed

    def _back(self, stock: Stock) -> Command:
        lot, amount = stock.lot.id, self._left(stock)
        pending = advance(self.state, self.view.now).lots[lot][Bucket.PENDING]
        kind = CancelPending if pending >= amount else Reverse
        return kind(**self._words("back", lot), lot=lot, amount=amount, reason=f"order {self.use.order_id}")

    def _vests_at(self, draft: OrderDraft) -> int | None:
        """Return when the last of what the order earns vests; None: that is not known yet."""
        happened = dict(happened_to(draft))
        receipt = self.record.receipt if isinstance(self.record, OrderRecord) else None
        rules = set() if receipt is None else {cell.rule for cell in receipt.cells}
        awards = () if receipt is None else (one for one in receipt.awards if one.rule in rules)
        found = [one.vesting.vests_at(happened) for one in awards] or [Vesting().vests_at(happened)]
        known = [one for one in found if one is not None]
        return max(known) if len(known) == len(found) else None
