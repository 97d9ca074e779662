"""A programme of points or cashback as a shop declares it, and the commands that facts about a customer ask for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from attrs import field, frozen

from retention_engine.clubs.bonuses import Bonus, YearlyBonus, due_bonuses
from retention_engine.clubs.earning import Earning, all_of_kind, check_id
from retention_engine.clubs.order_lines import Bought
from retention_engine.clubs.spending import Gift
from retention_engine.errors import DefinitionError, LedgerError, shown
from retention_engine.facts import Fact, OrderPlaced
from retention_engine.loyalty import (
    PAID,
    Account,
    Cap,
    Earn,
    Rounding,
    Split,
    State,
    Terms,
    Unit,
    Validity,
    source,
    step_key,
)
from retention_engine.loyalty.awards import can_be_spent
from retention_engine.loyalty.earning import Offer, Spending
from retention_engine.loyalty.validity import lasting
from retention_engine.money import Money
from retention_engine.typed import typed
from retention_engine.view import View

_NO_LIMIT = 10**30


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


@frozen(kw_only=True, field_transformer=typed)
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
    grants_last: Validity = field(default=None, converter=lasting)

    def __attrs_post_init__(self) -> None:
        """Refuse two rules of one id, and a group that is decided in two ways."""
        Money(0, self.currency)
        names = [one.id for one in self.rules()]
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
        return frozenset().union(*(one.when.reads() for one in self.rules() if one.when is not None))

    def rules(self) -> Iterator[Earning | Bonus | YearlyBonus | Gift]:
        """Yield everything in it that has an id and may ask something of customers."""
        yield from self.earning
        yield from self.bonuses
        yield from self.yearly
        yield from self.gifts

    def offers(self, found: Bought, view: View, tier: str | None, paid: int | None = None) -> list[Offer]:
        """Return what the rules give for an order that is known now; ``paid``: when it was, None: now.

        A rule whose units would be over before they could be spent gives nothing.
        """
        at = view.now if paid is None else paid
        rules = (rule for rule in self.earning if can_be_spent(rule.vesting, rule.validity, {PAID: at}))
        made = (rule.offer(found, view, tier=tier, caps=self.caps) for rule in rules)
        return [offer for offer in made if offer is not None]

    def check_hold(self, amount: int) -> None:
        """Refuse to promise units that cannot pay for any order.

        Raises:
            LedgerError: units do not pay for orders, or not so many or so few.
        """
        if self.spending is None:
            raise LedgerError(f"{self.unit.code} of programme {self.id} does not pay for orders", code="not_for_orders")
        found = self.spending.spendable(amount, amount, _NO_LIMIT, _NO_LIMIT)
        if found.units != amount:
            raise LedgerError(f"of {amount} {self.unit.code} {found.text}", code="not_for_orders")

    @property
    def point_value(self) -> Fraction:
        """Minor units of money that one unit pays; 1 where units do not pay for orders: nothing comes of it."""
        return Fraction(1) if self.spending is None else self.spending.point_value


def bonus_commands(programme: Programme, view: View, fact: Fact, state: State) -> list[Earn]:
    """Return the bonuses that a fact, folded already, earns; none that was given."""
    made = (
        _earn(programme, view, bonus, key=step_key(bonus.id, _occasion(fact)), at=fact.at)
        for bonus in programme.bonuses
        if bonus.applies(fact, view) and can_be_spent(bonus.vesting, bonus.validity, {PAID: fact.at})
    )
    return _new(made, state)


def _occasion(fact: Fact) -> str:
    """Return what a bonus is given once for: the fact, but an order however often it is placed again."""
    return f"order:{fact.order.id}" if isinstance(fact, OrderPlaced) else fact.id


def due_commands(programme: Programme, view: View, state: State, *, after: int) -> tuple[list[Earn], int | None]:
    """Return the yearly bonuses due after an instant up to now, and the next instant at which one may be due."""
    found, following = due_bonuses(programme.yearly, view.history, after=after, upto=view.now, where=view.where)
    useful = (one for one in found if can_be_spent(one.bonus.vesting, one.bonus.validity, {PAID: one.at}))
    made = (_earn(programme, view, one.bonus, key=step_key(one.key), at=one.at) for one in useful)
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
