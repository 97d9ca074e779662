"""``ReconcileOrder``: the order as it is now; whatever differs from what was posted is posted.

It copes with cancelling and paying again, late refunds, won disputes, lost and repeated deliveries: only the latest
snapshot counts.
"""

from __future__ import annotations

from typing import ClassVar

from attrs import evolve, field, frozen

from retention_engine.errors import LedgerError, StaleSnapshot, shown
from retention_engine.keys import fingerprint
from retention_engine.loyalty.awards import PAID, Award, can_be_spent
from retention_engine.loyalty.caps import fit
from retention_engine.loyalty.changes import OrderKnown
from retention_engine.loyalty.granting import grant, let_vest, reverse
from retention_engine.loyalty.lots import Bucket
from retention_engine.loyalty.orders import OrderRecord, Receipt, Status
from retention_engine.loyalty.spending import capture, hold_for, promise_to, redeem, restore, set_hold, void
from retention_engine.loyalty.state import State
from retention_engine.loyalty.units import Account
from retention_engine.loyalty.validity import Validity
from retention_engine.loyalty.work import Command, Result, Work
from retention_engine.values import LONGEST_ID


@frozen(kw_only=True)
class ReconcileOrder(Command):
    """Make the ledger agree with an order as it is now.

    Attributes:
        order: its id.
        revision: grows with every change of the order.
        receipt: its lines with what was returned so far; grants and points count when it is paid first, later only
            those of lines that were added.
        happened: what happened to it and when: ``paid``, ``delivered``, events of the shop.
        vests_at, waits, validity: of what is granted now, as for ``Earn``, where the receipt names no award.
        anew: whether this payment has a receipt of its own, though the order was paid before and cancelled.
    """

    KIND: ClassVar[str] = "order"

    order: str
    revision: int
    status: Status = field(converter=Status)
    receipt: Receipt
    happened: tuple[tuple[str, int], ...] = ()
    vests_at: int | None = None
    waits: bool = False
    validity: Validity = None
    anew: bool = False

    def perform(self, work: Work) -> Result:
        """Void and restore, then reverse, then capture, then earn."""
        known = work.state.orders.get(self.order)
        record = known if isinstance(known, OrderRecord) else OrderRecord(revision=-1)
        if self.revision <= record.revision:
            raise StaleSnapshot(self.order, revision=self.revision, known=record.revision)
        paid = self.status is Status.PAID
        is_anew = (self.anew and not record.is_paid) or begins_again(work.state, self.order)
        receipt = None if is_anew else record.receipt
        if receipt is None:
            when = dict(self.happened).get(PAID, work.effective_at)
            receipt = self.receipt.capped(work.state, when) if paid else self.receipt
        now = receipt.returning(self.receipt.lines, self.receipt.cells)
        spend = now.points - now.points_back if paid else 0
        kept = now.kept if paid else {}
        kept_receipt = receipt if paid else record.receipt
        desk = _Desk(work, self, evolve(record, revision=self.revision, receipt=kept_receipt, status=self.status))
        moved = {
            "restored": desk.give_back(spend),
            "reversed": desk.take_back(kept),
            "spent": desk.spend(spend),
            "held": desk.hold(self.receipt.points) if self.status is Status.PLACED else 0,
            "granted": desk.grant(kept),
            "vested": desk.vest(),
        }
        if paid or (self.status is Status.CANCELLED and record.status is not Status.CANCELLED):
            desk.let_go()
        work.is_idle = not moved["granted"] and not (paid and not record.is_paid)
        work.do(OrderKnown(self.order, desk.record))
        back = now.money_back if paid else sum(line.in_money for line in now.lines)
        return {
            **moved,
            "money_back": back if desk.record.receipt else 0,
            "kept": sum(kept.values()),
        }


class _Desk:
    """The steps of one reconciliation, and the record that they lead to."""

    def __init__(self, work: Work, command: ReconcileOrder, record: OrderRecord) -> None:
        self.work = work
        self.command = command
        purposes = {one.id: one.purpose for one in work.state.redemptions.values()}
        paid_before = (name for name, purpose in purposes.items() if purpose == command.order)
        self.record = evolve(record, redemptions=tuple(dict.fromkeys((*record.redemptions, *paid_before))))
        self.happened = {PAID: work.effective_at, **dict(command.happened)}

    def _as(self, step: str) -> Work:
        self.work.name = f"{self.command.key}/{step}"
        return self.work

    def _spent(self) -> int:
        known = self.work.state.redemptions
        return sum(known[name].amount - known[name].restored for name in self.record.redemptions)

    def give_back(self, target: int) -> int:
        """Restore what is spent beyond the target, the last redemption first."""
        left = total = max(0, self._spent() - target)
        for name in reversed(self.record.redemptions):
            one = self.work.state.redemptions[name]
            part = min(left, one.amount - one.restored)
            if part:
                restore(self._as(f"restore:{name}"), name, part)
                left -= part
        return total

    def _granted(self, rule: str) -> list[tuple[str, int]]:
        """Return (lot, units not reversed), the last first."""
        state = self.work.state
        lots = [lot for name, _, lot in reversed(self.record.grants) if name == rule]
        return [(lot, state.lots[lot].lot.issued - state.grants[lot].reversed) for lot in lots]

    def take_back(self, kept: dict[str, int]) -> int:
        """Reverse what was granted beyond what is kept, the last grant first."""
        total = 0
        for rule in dict.fromkeys(name for name, _, _ in self.record.grants):
            lots = self._granted(rule)
            left = max(0, sum(units for _, units in lots) - kept.get(rule, 0))
            for lot, units in lots:
                part = min(left, units)
                if part:
                    reverse(self._as(f"reverse:{rule}"), lot, part)
                    left -= part
                    total += part
        return total

    def spend(self, target: int) -> int:
        """Capture the hold of the order, and redeem what it lacks."""
        need = total = max(0, target - self._spent())
        hold = hold_for(self.work.state, self.command.order)
        names = []
        if hold is not None and need:
            part = min(hold.amount, need)
            names.append(str(capture(self._as("capture"), hold, part)["redemption"]))
            need -= part
        if need:
            names.append(redeem(self._as("redeem"), need, self.command.order).id)
        self.record = evolve(self.record, redemptions=(*self.record.redemptions, *names))
        return total

    def hold(self, target: int) -> int:
        """Hold units for an order that is not paid."""
        return set_hold(self._as("hold"), self.command.order, target)[0].amount if target else self.let_go()

    def let_go(self) -> int:
        """Hold nothing any more for an order that is paid or over; what is held after that is for its next payment."""
        found = promise_to(self.work.state, self.command.order)
        if found is not None:
            void(self.work, found)
        return 0

    def grant(self, kept: dict[str, int]) -> int:
        """Grant what is kept beyond what was granted, as a new cycle of the rule."""
        total = 0
        for rule, units in kept.items():
            missing = units - sum(left for _, left in self._granted(rule))
            award = self._award(rule)
            if award is not None and not can_be_spent(award.vesting, award.validity, self.happened):
                continue
            if missing > 0 and award is not None:
                missing = fit(missing, award.caps, self.work.state, rule=rule, at=self.happened[PAID])
            if missing > 0:
                cycle = 1 + sum(name == rule for name, _, _ in self.record.grants)
                lot = self._grant(f"earn:{rule}:{cycle}", missing, award)
                self.record = evolve(self.record, grants=(*self.record.grants, (rule, cycle, lot)))
                total += missing
        return total

    def _award(self, rule: str) -> Award | None:
        return None if self.record.receipt is None else self.record.receipt.award(rule)

    def _grant(self, step: str, amount: int, award: Award | None) -> str:
        one, work = self.command, self._as(step)
        vests = one.vests_at if one.vests_at is not None or one.waits else work.effective_at
        validity, source = one.validity, f"order:{one.order}"
        if award is not None:
            vests, validity = award.vesting.vests_at(self.happened), award.validity
            source = award.source(source)
        lot = grant(work, amount, vests, validity=validity, source=source, earned_at=self.happened[PAID])
        work.settle([lot])
        return lot

    def vest(self) -> int:
        """Let units vest whose instant is known by now, or is sooner than the latest one; return how many."""
        found = 0
        for rule, _, lot in self.record.grants:
            award, stock = self._award(rule), self.work.state.lots[lot]
            vests = award.vesting.vests_at(self.happened) if award is not None else None
            if vests is not None and stock[Bucket.PENDING] and (stock.vests_at is None or vests < stock.vests_at):
                let_vest(self.work, lot, vests)
                found += stock[Bucket.PENDING]
        return found


def begins_again(state: State, order: str) -> bool:
    """Tell whether units were promised to an order that was paid and is not: its next payment has its own receipt."""
    known = state.orders.get(order)
    return isinstance(known, OrderRecord) and not known.is_paid and promise_to(state, order) is not None


def step_key(*parts: str) -> str:
    """Return a key of parts joined by colons; one that would be too long is shortened to its hash."""
    text = ":".join(parts)
    return text if len(text) <= LONGEST_ID else f"{parts[0][:100]}:{fingerprint(*parts)}"


def order_command(account: Account, order: str, *, revision: int, **rest: object) -> ReconcileOrder:
    """Return the command for a snapshot of an order; its key follows from the order and the revision."""
    if type(revision) is not int or revision < 0:
        raise LedgerError(f"a revision is a whole number from 0, not {shown(revision)}", code="bad_amount")
    given: dict[str, object] = {"account": account, "order": order, "revision": revision, **rest}
    return ReconcileOrder(key=step_key("order", order, str(revision)), **given)  # type: ignore[arg-type] # checked by the class
