"""What a shop gives points for when somebody buys: rules as expressions over customer, order and lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, TypeVar

from attrs import Factory, field, frozen

from retention_engine.clubs.order_lines import Bought
from retention_engine.errors import DefinitionError, shown
from retention_engine.loyalty import PAID, Award, Basis, Cap, Cell, OrderLine, Rate, Receipt, Until, Validity, Vesting
from retention_engine.loyalty.awards import vesting_after
from retention_engine.loyalty.earning import Group, Offer, exact_cells, whole_cells
from retention_engine.loyalty.validity import lasting
from retention_engine.predicates import FieldTest, Refinable, Truth, Where, orders, purchases
from retention_engine.state import Record
from retention_engine.typed import typed
from retention_engine.values import is_printable
from retention_engine.view import View

T = TypeVar("T")


def per_money(units: int, money: int, *, points_paid: bool = False) -> Rate:
    """Return the rate of units for each so many minor units of money: ``per_money(1, 100)`` is one for each 1.00.

    Args:
        points_paid: the part of an order that was paid with points earns, too.
    """
    return Rate(Basis.VALUE if points_paid else Basis.MONEY, _fraction(units, money))


def per_quantity(units: int) -> Rate:
    """Return the rate of units for each piece."""
    return Rate(Basis.QUANTITY, _fraction(units, 1))


def per_order(units: int) -> Rate:
    """Return the rate of units for each order, shared over the lines in question by their value."""
    return Rate(Basis.ORDER, _fraction(units, 1))


def _fraction(units: int, money: int) -> Fraction:
    for each in (units, money):
        if type(each) is not int or each <= 0:
            raise DefinitionError(f"a rate is made of whole numbers above zero, not {shown(each)}")
    return Fraction(units, money)


def check_id(_: Any, __: Any, value: Any) -> None:
    """Validate the id of a rule: printable, and no @, which separates it from its version where it is stored."""
    if not is_printable(value) or "@" in value or len(value) > 100:
        raise DefinitionError(f"a rule's id is a printable text of 1 to 100 characters without @, not {shown(value)}")


def check_version(_: Any, __: Any, value: Any) -> None:
    """Validate the version of a rule: 1 and counting."""
    if type(value) is not int or value < 1:
        raise DefinitionError(f"a version is a whole number from 1, not {shown(value)}")


def check_truth(_: Any, attribute: Any, value: Any) -> None:
    """Validate a condition on the customer, or none."""
    if value is not None and not isinstance(value, Truth):
        raise DefinitionError(f"{attribute.name} is a predicate such as orders.count() >= 3, not {shown(value)}")


def all_of_kind(kind: type[T], value: Iterable[T]) -> tuple[T, ...]:
    """Return the values as a tuple when all of them are of one class."""
    found = tuple(value)
    for each in found:
        if not isinstance(each, kind):
            raise DefinitionError(f"{kind.__name__} values are needed, not {shown(each)}")
    return found


def field_tests(value: Iterable[FieldTest]) -> tuple[FieldTest, ...]:
    """Convert conditions on a record."""
    found = tuple(value)
    for each in found:
        if not isinstance(each, FieldTest):
            raise DefinitionError(f"conditions such as item.category == 'tea' are needed, not {shown(each)}")
    return found


def own_caps(value: Iterable[Cap]) -> tuple[Cap, ...]:
    """Convert the caps of one rule."""
    found = all_of_kind(Cap, value)
    if any(cap.whole for cap in found):
        raise DefinitionError("the caps of a rule are its own: those of the whole programme belong to the programme")
    return found


def conditions(of: Refinable, tests: Iterable[FieldTest]) -> tuple[Where, ...]:
    """Return conditions on one record, checked against the fields that such records have."""
    return tuple(of.where(test) for test in tests)


def hold_all(tests: Iterable[Where], record: Record | None) -> bool:
    """Tell whether a record passes every condition; a missing one passes none, and none is passed by everything."""
    return all(record is not None and test.passes(record) for test in tests)


def _multipliers(value: Mapping[str, Fraction]) -> dict[str, Fraction]:
    wrong = [each for each in value.values() if not isinstance(each, int | Fraction) or each <= 0]
    if wrong:
        raise DefinitionError(f"a multiplier is a Fraction above zero, never a float, not {shown(wrong[0])}")
    return {tier: Fraction(each) for tier, each in value.items()}


@frozen(field_transformer=typed)
class Earning:
    """A rule that gives units for orders.

    Attributes:
        version: grows when the rule changes; lines added to an order later earn by the version that it was paid under.
        when: condition on the customer, asked when the order is paid first, the order included.
        lines: conditions on a line, such as ``item.category == "tea"``; a line that meets them all earns.
        order: conditions on the order, such as ``item.total >= 5000``.
        multipliers: by tier; others get the plain rate.
        vesting: when the units become spendable.
        validity: how long from then on.
        caps: the most units within a window.
        group: the rules it is weighed against, line by line; None: it adds up with all.
        priority: higher before lower within a group and under a cap.
    """

    id: str = field(validator=check_id)
    rate: Rate
    version: int = field(default=1, kw_only=True, validator=check_version)
    when: Truth | None = field(default=None, kw_only=True, validator=check_truth)
    lines: tuple[FieldTest, ...] = field(default=(), kw_only=True, converter=field_tests)
    order: tuple[FieldTest, ...] = field(default=(), kw_only=True, converter=field_tests)
    multipliers: dict[str, Fraction] = field(factory=dict, kw_only=True, converter=_multipliers)
    vesting: Vesting = field(factory=Vesting, kw_only=True, converter=vesting_after)
    validity: Validity = field(default=None, kw_only=True, converter=lasting)
    caps: tuple[Cap, ...] = field(default=(), kw_only=True, converter=own_caps)
    group: Group | None = field(default=None, kw_only=True)
    priority: int = field(default=0, kw_only=True)
    _lines: tuple[Where, ...] = field(
        default=Factory(lambda one: conditions(purchases, one.lines), takes_self=True),
        init=False,
        eq=False,
        repr=False,
    )
    _order: tuple[Where, ...] = field(
        default=Factory(lambda one: conditions(orders, one.order), takes_self=True), init=False, eq=False, repr=False
    )

    def __attrs_post_init__(self) -> None:
        """Refuse units that may be over before they vest."""
        waits = self.vesting.start != PAID and self.vesting.latest is None
        if waits and (isinstance(self.validity, Until) or getattr(self.validity, "from_earning", False)):
            what = f"units of {shown(self.id)} wait for {shown(self.vesting.start)}"
            raise DefinitionError(f"{what}, and {self.validity} may be over before: name the latest= of the vesting")

    def covers(self, found: Bought) -> frozenset[str] | None:
        """Return the ids of the lines that earn; None: all of them."""
        if not self._lines:
            return None
        return frozenset(line.id for line in found.lines if hold_all(self._lines, found.records.get(line.id)))

    def offer(self, found: Bought, view: View, *, tier: str | None, caps: tuple[Cap, ...]) -> Offer | None:
        """Return what it gives for an order that is paid now; None: it does not apply."""
        if not hold_all(self._order, found.order) or not (self.when is None or self.when.verdict(view).holds):
            return None
        award = Award(
            rule=self.id,
            version=self.version,
            rate=self.rate,
            multiplier=self.multipliers.get(tier, Fraction(1)) if tier is not None else Fraction(1),
            tier=tier if self.multipliers else None,
            vesting=self.vesting,
            validity=self.validity,
            caps=(*self.caps, *caps),
        )
        return Offer(award=award, lines=self.covers(found), group=self.group, priority=self.priority)


def later_cells(
    rules: Iterable[Earning], receipt: Receipt, found: Bought, lines: tuple[OrderLine, ...]
) -> tuple[Cell, ...]:
    """Return what lines that came after the payment earn: by the rules of the receipt that still stand in its version.

    Rates, multiplier and tier are those of the receipt; an amount for the whole order is not given twice.
    """
    offers = []
    for rule in rules:
        award = receipt.award(rule.id)
        if award is not None and award.version == rule.version and award.rate.basis is not Basis.ORDER:
            names = rule.covers(found)
            mine = None if names is None else frozenset(one.id for one in lines if one.id.removeprefix("+") in names)
            offers.append(Offer(award=award, lines=mine, group=rule.group, priority=rule.priority))
    return whole_cells(lines, exact_cells(lines, offers), receipt.rounding)
