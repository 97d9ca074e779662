"""Points for anything but orders: a review, an answer, a consent, a registration, and dates that come every year."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from attrs import Factory, field, frozen

from retention_engine.clubs.earning import (
    check_id,
    check_truth,
    check_version,
    conditions,
    field_tests,
    hold_all,
    own_caps,
)
from retention_engine.errors import DefinitionError, shown
from retention_engine.facts import KINDS, Fact
from retention_engine.loyalty import AT_ONCE, PAID, Cap, Validity, Vesting
from retention_engine.loyalty.awards import vesting_after
from retention_engine.loyalty.units import LARGEST
from retention_engine.loyalty.validity import lasting
from retention_engine.predicates import Attribute, FieldTest, MonthDay, Truth, Where, anchor_of, events
from retention_engine.state import EVENTS, History, Moment, as_event, event_name, zones_of
from retention_engine.timing import LocalDays, anniversary, is_zone, local_date, start_of_day, zone
from retention_engine.typed import typed
from retention_engine.view import View

_TODAY = LocalDays(0)
_OF_THE_LEDGER = ("ledger_posted", "ledger_refused")


def _check_amount(_: Any, __: Any, value: Any) -> None:
    if type(value) is not int or not 0 < value <= LARGEST:
        raise DefinitionError(f"amount is a whole number from 1 to {LARGEST}, not {shown(value)}")


def _check_vesting(_: Any, __: Any, value: Vesting) -> None:
    if value.start != PAID or value.latest is not None:
        raise DefinitionError("a bonus vests a span after its fact: nothing else happens to it")


@frozen(field_transformer=typed)
class _Bonus:
    id: str = field(validator=check_id)
    amount: int = field(kw_only=True, validator=_check_amount)
    version: int = field(default=1, kw_only=True, validator=check_version)
    when: Truth | None = field(default=None, kw_only=True, validator=check_truth)
    vesting: Vesting = field(default=AT_ONCE, kw_only=True, converter=vesting_after, validator=_check_vesting)
    validity: Validity = field(default=None, kw_only=True, converter=lasting)
    caps: tuple[Cap, ...] = field(default=(), kw_only=True, converter=own_caps)


@frozen(field_transformer=typed)
class Bonus(_Bonus):
    """Units for a fact, once for each.

    Attributes:
        on: the stable name of the kind of fact, such as ``reviewed``, or of an event of the shop's own.
        where: conditions on the fact, such as ``item.score >= 4``.
        when: condition on the customer, asked when the fact is known.
        vesting: counted from the fact.
    """

    on: str = field(kw_only=True)
    where: tuple[FieldTest, ...] = field(default=(), kw_only=True, converter=field_tests)
    _where: tuple[Where, ...] = field(
        default=Factory(lambda one: conditions(events(one.on), one.where), takes_self=True),
        init=False,
        eq=False,
        repr=False,
    )

    @on.validator
    def _check_on(self, _: object, value: object) -> None:
        if value in KINDS and not KINDS[str(value)].HAS_CUSTOMER:
            raise DefinitionError(f"a bonus is for facts about a customer, and {value!r} concerns none")
        if value in _OF_THE_LEDGER:
            raise DefinitionError(f"a bonus on {value!r} would be given for itself, on and on")

    def applies(self, fact: Fact, view: View) -> bool:
        """Tell whether a fact earns it."""
        meant = event_name(fact) == EVENTS + self.on and hold_all(self._where, as_event(fact))
        return meant and (self.when is None or self.when.verdict(view).holds)


@frozen(field_transformer=typed)
class YearlyBonus(_Bonus):
    """Units once a year, due at the local start of a date, or at the move to a zone in which it has begun already.

    Attributes:
        anchor: ``customer.birthday``, ``customer.registered`` (from the first anniversary on) or ``month_day(3, 8)``.
        before: so many local days ahead of it.
        when: condition on the customer, asked at that instant.
        leap: where 29 February falls in other years: ``feb28`` or ``mar1``.
    """

    anchor: Attribute | MonthDay = field(kw_only=True)
    before: LocalDays = field(default=_TODAY, kw_only=True)
    leap: str = field(default="feb28", kw_only=True)

    @anchor.validator
    def _check_anchor(self, _: object, value: object) -> None:
        if not isinstance(value, Attribute | MonthDay):
            raise DefinitionError(f"anchor is an attribute or month_day(m, d), not {shown(value)}")

    @leap.validator
    def _check_leap(self, _: object, value: object) -> None:
        if value not in {"feb28", "mar1"}:
            raise DefinitionError(f"leap is feb28 or mar1, not {shown(value)}")

    def dates(self, view: View) -> Iterator[tuple[date, int]]:
        """Yield (local date, year) of every time it is due from the year before the local one of a view on."""
        found = anchor_of(self.anchor, view)
        if found is None:
            return
        value = view.history.value(self.anchor.name) if isinstance(self.anchor, Attribute) else None
        first = local_date(value, view.where).year + 1 if isinstance(value, Moment) else 2
        year = local_date(view.now, view.where).year - 1  # whoever moves east may jump over the end of a year
        for each in range(max(first, year), 9998):
            yield _ahead(anniversary(found.month, found.day, each, self.leap), self.before.count), each


def _ahead(day: date, count: int) -> date:
    return date.fromordinal(day.toordinal() - count)


class Due(NamedTuple):
    """A yearly bonus that is due.

    Attributes:
        key: the same whenever it is asked: one for each year.
    """

    at: int
    key: str
    amount: int
    bonus: YearlyBonus


def due_bonuses(
    bonuses: tuple[YearlyBonus, ...], history: History, *, after: int, upto: int, where: ZoneInfo
) -> tuple[list[Due], int | None]:
    """Return the yearly bonuses due in (after, upto], in order, and the next instant at which one may be due.

    Each is asked with what is known of the customer now, at its own instant. A date that had not begun where the
    customer lived before, and has begun where they live now, is due at the move: at ``upto``.
    """
    found, later = [], []
    before = _lived(history, after, where)
    for bonus in bonuses:
        for day, year in bonus.dates(View(history, after, where)):
            at = start_of_day(day, where)
            if at > upto:
                later.append(at)
                break
            if at <= after < start_of_day(day, before):
                at = upto
            if at > after and (bonus.when is None or bonus.when.verdict(View(history, at, where)).holds):
                found.append(Due(at, f"{bonus.id}:{history.customer}:{year}", bonus.amount, bonus))
    return sorted(found, key=lambda one: (one.at, one.key)), min(later, default=None)


def _lived(history: History, at: int, where: ZoneInfo) -> ZoneInfo:
    """Return the zone of the customer as it was known at an instant; a zone that is learned first is no move.

    Args:
        where: the zone as it is known now.
    """
    known = [name for since, name in zones_of(history) if since <= at]
    return zone(known[-1]) if known and is_zone(known[-1]) else where
