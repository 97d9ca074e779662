"""A referral programme as a shop declares it: what both sides get, for which order, and what speaks against it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import field, frozen

from retention_engine.clubs.earning import conditions, field_tests
from retention_engine.errors import DefinitionError, nearest, shown
from retention_engine.facts import FINGERPRINTS
from retention_engine.loyalty.referrals import CodeReward, RewardLimits, UnitsReward, Utm
from retention_engine.predicates import FieldTest, Where, orders
from retention_engine.state.records import OrderRecord
from retention_engine.timing import Span, days, zone
from retention_engine.typed import typed
from retention_engine.values import is_printable

_LONGEST_NAME = 40
_TOLD = ("channel", "currency", "promo", "total")
_MONTH, _RETURNS = days(30), days(14)


def _sorts(value: Iterable[str]) -> tuple[str, ...]:
    found = tuple(value)
    for one in found:
        if one not in FINGERPRINTS:
            raise DefinitionError(f"unknown fingerprint {shown(one)}{nearest(one, FINGERPRINTS)}")
    return found


def _sources(value: Iterable[str]) -> tuple[str, ...]:
    found = (value,) if isinstance(value, str) else tuple(value)
    for one in found:
        if not is_printable(one):
            raise DefinitionError(f"review_sources are ids of places, not {shown(one)}")
    return found


@frozen(kw_only=True, field_transformer=typed)
class ReferralGuards:
    """What speaks against a referral. Own links, circles and old customers are refused always.

    Attributes:
        reject_same: fingerprints that two people never share.
        review_same: fingerprints that two people may share: somebody has to look at it.
        near: as long as both left them at most so long apart.
        most_a_day: more friends of one advocate on one day have to be looked at; None: any number.
        review_sources: places whose friends have to be looked at, such as coupon sites.
    """

    reject_same: tuple[str, ...] = field(default=("email", "payment", "phone"), converter=_sorts)
    review_same: tuple[str, ...] = field(default=("address", "device", "ip"), converter=_sorts)
    near: Span = _MONTH
    most_a_day: int | None = None
    review_sources: tuple[str, ...] = field(default=(), converter=_sources)

    def __attrs_post_init__(self) -> None:
        """Refuse a number of friends that is none, and a fingerprint in both lists."""
        if self.most_a_day is not None and (type(self.most_a_day) is not int or self.most_a_day < 0):
            raise DefinitionError(f"most_a_day is None or a whole number from 0, not {shown(self.most_a_day)}")
        if both := set(self.reject_same) & set(self.review_same):
            raise DefinitionError(f"{', '.join(sorted(both))}: either rejected or reviewed, not both")


@frozen(kw_only=True, field_transformer=typed)
class ReferralProgramme:
    """Who brings a friend gets something, and the friend too, once the friend's first order cannot be returned.

    Attributes:
        id: its stable name: up to 40 letters, digits, ``-`` and ``_``.
        advocate: what who invites gets, None: nothing.
        friend: what who comes gets, None: nothing.
        order: what the first paid order has to be, as in ``item.total >= 3000``; of the money left after refunds: what
            was held or spent for it at the counter, in units of a programme of the club, is no money.
        window: how long after the touch that order has to be paid.
        hold: how long after that it can be returned: rewards are pending until then.
        last_touch: the last touch before the sign-up counts, not the first.
        guards: what speaks against it.
        limits: how many rewards an advocate may have.
        sources: the places where links are shared, and the UTM values that stand for them.
        zone: whose days and months the limits count.
    """

    id: str = field()
    advocate: UnitsReward | CodeReward | None = None
    friend: UnitsReward | CodeReward | None = None
    order: tuple[FieldTest, ...] = field(default=(), converter=field_tests)
    window: Span = _MONTH
    hold: Span = _RETURNS
    last_touch: bool = False
    guards: ReferralGuards = field(factory=ReferralGuards)
    limits: RewardLimits = field(factory=RewardLimits)
    sources: Mapping[str, Utm] = field(factory=dict)
    zone: str = "UTC"
    _tests: tuple[Where, ...] = field(init=False, eq=False, repr=False)

    @id.validator
    def _check_id(self, _: object, value: object) -> None:
        plain = is_printable(value) and value.isascii() and value.replace("-", "_").isidentifier()  # type: ignore[attr-defined]  # a text by then
        if not plain or len(value) > _LONGEST_NAME:  # type: ignore[arg-type]  # as above
            raise DefinitionError(
                f"id is 1 to {_LONGEST_NAME} letters, digits, - and _, a letter first, not {shown(value)}"
            )

    @_tests.default
    def _make_tests(self) -> tuple[Where, ...]:
        for test in self.order:
            if test.field not in _TOLD:
                raise DefinitionError(f"order takes conditions on item.{', item.'.join(_TOLD)}, not {shown(test)}")
        return conditions(orders, self.order)

    def __attrs_post_init__(self) -> None:
        """Refuse an unknown zone and a window without length."""
        zone(self.zone)
        if not self.window.micros:
            raise DefinitionError("window is a span above zero such as days(30)")

    def fits(self, record: OrderRecord) -> bool:
        """Tell whether an order, as it is now, is one that brings a reward."""
        return all(test.passes(record) for test in self._tests)
