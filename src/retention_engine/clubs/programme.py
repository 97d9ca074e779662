"""A programme of points or cashback as a shop declares it, and the commands that facts about a customer ask for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from attrs import field, frozen

from retention_engine.clubs.bonuses import Bonus, YearlyBonus, due_bonuses
from retention_engine.clubs.earning import Earning, all_of_kind, check_id, later_cells
from retention_engine.clubs.order_lines import Bought, with_refunds
from retention_engine.clubs.spending import Gift
from retention_engine.errors import DefinitionError, shown
from retention_engine.facts import Event, Fact, OrderPlaced
from retention_engine.loyalty import (
    DELIVERED,
    PAID,
    Account,
    Cap,
    Command,
    Earn,
    OrderRecord,
    Receipt,
    ReconcileOrder,
    Rounding,
    Split,
    State,
    Status,
    Terms,
    Unit,
    Validity,
    source,
    step_key,
)
from retention_engine.loyalty import order_command as reconcile
from retention_engine.loyalty.earning import Offer, Spending, added, receipt_for
from retention_engine.money import Money
from retention_engine.state import OrderDraft
from retention_engine.view import View


def _earning(value: Iterable[Earning]) -> tuple[Earning, ...]:
    return all_of_kind(Earning, value)


def _bonuses(value: Iterable[Bonus]) -> tuple[Bonus, ...]:
    return all_of_kind(Bonus, value)


def _yearly(value: Iterable[YearlyBonus]) -> tuple[YearlyBonus, ...]:
    return all_of_kind(YearlyBonus, value)


def _gifts(value: Iterable[Gift]) -> tuple[Gift, ...]:
    return all_of_kind(Gift, value)


def _whole_caps(value: Iterable[Cap]) -> tuple[Cap, ...]:
    found = all_of_kind(Cap, value)
    if not all(cap.whole for cap in found):
        raise DefinitionError("the caps of a programme count all of its rules: Cap(..., whole=True)")
    return found


@frozen(kw_only=True)
class Programme:
    """One unit of a club: what earns it, how it is spent, and on which terms.

    Attributes:
        currency: of the orders that earn it and are paid with it; other orders concern another programme.
        earning: rules for orders.
        bonuses: for any other fact.
        yearly: for dates.
        spending: how units pay for orders; None: they do not.
        gifts: what units are spent on besides.
        caps: of all rules together.
        rounding: of all units of an order, once.
        split: which part of a returned line was paid in money.
        grants_last: how long units last that rules grant by an action of their own.
    """

    id: str = field(validator=check_id)
    unit: Unit
    currency: str = field()
    terms: Terms = field(factory=Terms)
    earning: tuple[Earning, ...] = field(default=(), converter=_earning)
    bonuses: tuple[Bonus, ...] = field(default=(), converter=_bonuses)
    yearly: tuple[YearlyBonus, ...] = field(default=(), converter=_yearly)
    spending: Spending | None = None
    gifts: tuple[Gift, ...] = field(default=(), converter=_gifts)
    caps: tuple[Cap, ...] = field(default=(), converter=_whole_caps)
    rounding: Rounding = field(default=Rounding.FLOOR, converter=Rounding)
    split: Split = field(default=Split.PRO_RATA, converter=Split)
    grants_last: Validity = None

    def __attrs_post_init__(self) -> None:
        """Refuse two rules of one id, and a group that is decided in two ways."""
        Money(0, self.currency)
        names = [one.id for one in self._all()]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise DefinitionError(f"two rules of programme {shown(self.id)} are called {shown(twice[0])}")
        groups = {one.group for one in self.earning if one.group is not None}
        if len({group.name for group in groups}) < len(groups):
            raise DefinitionError(f"a group of programme {shown(self.id)} is decided in two ways: {shown(groups)}")

    def account(self, customer: str) -> Account:
        """Return the account of a customer."""
        return Account(self.id, self.unit, customer)

    def reads(self) -> frozenset[str]:
        """Return what the conditions on customers ask for."""
        return frozenset().union(*(one.when.reads() for one in self._all() if one.when is not None))

    def _all(self) -> Iterator[Earning | Bonus | YearlyBonus | Gift]:
        yield from self.earning
        yield from self.bonuses
        yield from self.yearly
        yield from self.gifts

    def offers(self, found: Bought, view: View, tier: str | None) -> list[Offer]:
        """Return what the rules give for an order that is paid now."""
        made = (rule.offer(found, view, tier=tier, caps=self.caps) for rule in self.earning)
        return [offer for offer in made if offer is not None]

    @property
    def point_value(self) -> Fraction:
        """Minor units of money that one unit pays; 1 where units do not pay for orders: nothing comes of it."""
        return Fraction(1) if self.spending is None else self.spending.point_value


def commands(programme: Programme, view: View, fact: Fact, state: State, *, tier: str | None = None) -> list[Command]:
    """Return what a fact, folded already, asks of the customer's account.

    Args:
        tier: of the customer before the fact.
    """
    order_id = order_of(fact)
    found: list[Command] = []
    if order_id is not None:
        one = order_command(programme, view, order_id, state, tier=tier)
        found += [] if one is None else [one]
    return [*found, *bonus_commands(programme, view, fact, state)]


def order_of(fact: Fact) -> str | None:
    """Return the order that a fact says something about; an event of the shop names one in its data."""
    if isinstance(fact, OrderPlaced):
        return fact.order.id
    name = fact.data.get("order") if isinstance(fact, Event) else getattr(fact, "order_id", None)
    return name if isinstance(name, str) else None


def order_command(
    programme: Programme, view: View, order_id: str, state: State, *, tier: str | None = None
) -> ReconcileOrder | None:
    """Return the command that makes the account agree with an order as it is known now.

    None: nobody has placed it yet, it is in another currency, or the account knows all of this already.
    """
    draft: OrderDraft | None = view.history.drafts.get(("order", order_id))
    if draft is None or draft.placed is None or draft.placed.order.total.currency != programme.currency:
        return None
    known = state.orders.get(order_id)
    record = known if isinstance(known, OrderRecord) else None
    revision = len(draft.facts)
    payment = draft.payment
    if record is not None and record.revision >= revision:
        return None
    status = Status.CANCELLED if draft.is_cancelled else Status.PLACED if payment is None else Status.PAID
    return reconcile(
        programme.account(view.history.customer),
        order_id,
        revision=revision,
        at=view.now,
        effective_at=max(fact.at for fact in draft.facts.values()),
        status=status,
        receipt=_receipt(programme, view, with_refunds(draft), state, tier=tier, paid=status is Status.PAID),
        happened=_happened(draft),
    )


def _happened(draft: OrderDraft) -> tuple[tuple[str, int], ...]:
    found = dict(draft.events)
    if draft.delivered is not None:
        found[DELIVERED] = draft.delivered
    if draft.payment is not None:
        found[PAID] = draft.payment[0]
    return tuple(sorted(found.items()))


def _receipt(programme: Programme, view: View, found: Bought, state: State, *, tier: str | None, paid: bool) -> Receipt:
    """Return the receipt of an order: calculated when it is paid first, with what changed since when it was."""
    record = state.orders.get(found.order.id)
    first = record.receipt if isinstance(record, OrderRecord) else None
    if first is None:
        return receipt_for(
            found.lines,
            programme.offers(found, view, tier) if paid else (),
            points=0 if programme.spending is None else _points(state, found.order.id),
            point_value=programme.point_value,
            split=programme.split,
            rounding=programme.rounding,
        )
    old, new = added(first, found.lines)
    cells = later_cells(programme.earning, first, found, new)
    points, value = first.points, first.point_value
    return Receipt(lines=(*old, *new), cells=cells, points=points, point_value=value, awards=first.awards)


def _points(state: State, order_id: str) -> int:
    """Return the units that pay for an order: held, spent, or promised by a hold that is over by time alone."""
    spent = sum(one.amount - one.restored for one in state.redemptions.values() if one.purpose == order_id)
    known = spent + sum(hold.amount for hold in state.holds.values() if hold.purpose == order_id)
    record = state.orders.get(order_id)
    promised = record.held if isinstance(record, OrderRecord) else None
    if not known and promised is not None and state.ended.get(promised[0]) == "timed_out":
        return promised[1]
    return known


def bonus_commands(programme: Programme, view: View, fact: Fact, state: State) -> list[Earn]:
    """Return the bonuses that a fact, folded already, earns; none that was given."""
    made = (
        _earn(programme, view, bonus, key=step_key(bonus.id, fact.id), at=fact.at)
        for bonus in programme.bonuses
        if bonus.applies(fact, view)
    )
    return _new(made, state)


def due_commands(programme: Programme, view: View, state: State, *, after: int) -> tuple[list[Earn], int | None]:
    """Return the yearly bonuses due after an instant up to now, and the next instant at which one may be due."""
    found, following = due_bonuses(programme.yearly, view.history, after=after, upto=view.now, where=view.where)
    made = (_earn(programme, view, one.bonus, key=step_key(one.key), at=one.at) for one in found)
    return _new(made, state), following


def _earn(programme: Programme, view: View, bonus: Bonus | YearlyBonus, *, key: str, at: int) -> Earn:
    return Earn(
        key=key,
        account=programme.account(view.history.customer),
        at=view.now,
        effective_at=at,
        amount=bonus.amount,
        vests_at=bonus.vesting.vests_at({PAID: at}),
        validity=bonus.validity,
        source=source(bonus.id, bonus.version, key),
        caps=(*bonus.caps, *programme.caps),
    )


def _new(commands: Iterable[Earn], state: State) -> list[Earn]:
    """Leave out what was granted: by another zone or version it would be another command under the same key."""
    return [one for one in commands if f"{one.key}/0" not in state.lots]
