"""What a customer has and is in the shop's club: balances, tiers, streaks, codes; as steps that a teller tells."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

from attrs import frozen

from retention_engine.errors import DefinitionError, nearest, shown
from retention_engine.predicates.base import Truth, Verdict
from retention_engine.predicates.compare import Constant, Quantity, Reading
from retention_engine.state import Steps
from retention_engine.timing import Span
from retention_engine.values import is_printable
from retention_engine.view import View

MEMBERSHIP = "member"
"""What stands for it among the names that an expression reads: any fact may change it."""

QUANTITIES: dict[str, tuple[str, tuple[type, ...]]] = {
    "achievement": ("text", (str,)),
    "balance": ("number", (str,)),
    "codes": ("number", (str,)),
    "codes_expiring": ("number", (str, Span)),
    "codes_held": ("number", (str,)),
    "debt": ("number", (str,)),
    "expiring": ("number", (str, Span)),
    "held": ("number", (str,)),
    "mission": ("text", (str,)),
    "pending": ("number", (str,)),
    "progress": ("number", (str,)),
    "referred": ("text", (str,)),
    "streak": ("number", (str,)),
    "tier": ("text", (str,)),
    "tier_rank": ("number", (str,)),
    "to_keep": ("number", (str,)),
    "to_next": ("number", (str,)),
    "vesting": ("number", (str, Span)),
}
"""Name -> what it is, and its arguments: the first names a unit, a tier programme, a promotion, a streak and so on."""

TRUTHS: dict[str, tuple[type, ...]] = {
    "in_grace": (str,),
    "review_due": (str, Span),
    "streak_at_risk": (str, Span),
}
"""Name of what holds or does not -> its arguments."""


@frozen
class _Stepwise:
    """A quantity that changes at known instants."""

    steps: Steps

    def value(self, at: int) -> Any:
        """Return what holds at an instant, None before the first."""
        place = bisect_right(self.steps, at, key=_instant)
        return self.steps[place - 1][1] if place else None

    def turns(self, after: int) -> int | None:
        """Return the next step."""
        place = bisect_right(self.steps, after, key=_instant)
        return self.steps[place][0] if place < len(self.steps) else None


def _instant(step: tuple[int, Any]) -> int:
    return step[0]


@frozen(eq=False, repr=False)
class Membership(Quantity):
    """A quantity of the membership by its name, such as ``balance`` of a unit."""

    name: str
    arguments: tuple[str | Span, ...]

    def __attrs_post_init__(self) -> None:
        """Check the name and the arguments."""
        if self.name not in QUANTITIES:
            raise DefinitionError(f"unknown quantity {shown(f'member.{self.name}')}{nearest(self.name, QUANTITIES)}")
        _check(self.name, self.arguments, QUANTITIES[self.name][1])

    def reads(self) -> frozenset[str]:
        """Return the name that stands for all of it."""
        return frozenset({MEMBERSHIP})

    def sort(self) -> str:
        """Return what it is."""
        return QUANTITIES[self.name][0]

    def read(self, view: View, constant: Constant) -> Reading:
        """Return it as steps; nothing of somebody who is in no club."""
        return _Stepwise(view.history.steps(self.name, self.arguments, at=view.now, where=view.where))

    def write(self, *, python: bool) -> str:
        """Write the call."""
        return f"member.{self.name}({', '.join(map(repr, self.arguments))})"


@frozen(cache_hash=True, repr=False)
class MembershipTruth(Truth):
    """Something that holds of a member or not, by its name, such as ``in_grace``."""

    name: str
    arguments: tuple[str | Span, ...]

    def __attrs_post_init__(self) -> None:
        """Check the name and the arguments."""
        if self.name not in TRUTHS:
            raise DefinitionError(f"unknown truth {shown(f'member.{self.name}')}{nearest(self.name, TRUTHS)}")
        _check(self.name, self.arguments, TRUTHS[self.name])

    def reads(self) -> frozenset[str]:
        """Return the name that stands for all of it."""
        return frozenset({MEMBERSHIP})

    def verdict(self, view: View) -> Verdict:
        """Hold until the next step at which it does not; of somebody in no club never."""
        steps = _Stepwise(view.history.steps(self.name, self.arguments, at=view.now, where=view.where))
        holds, at = bool(steps.value(view.now)), steps.turns(view.now)
        while at is not None and bool(steps.value(at)) == holds:
            at = steps.turns(at)
        return Verdict(holds, at)

    def write(self, *, python: bool) -> str:
        """Write the call."""
        return f"member.{self.name}({', '.join(map(repr, self.arguments))})"


def _check(name: str, arguments: tuple[object, ...], kinds: tuple[type, ...]) -> None:
    words = ", ".join("a span such as days(7)" if kind is Span else "a name" for kind in kinds)
    fit = len(kinds) == len(arguments) and all(map(isinstance, arguments, kinds)) and is_printable(arguments[0])
    if not fit or any(isinstance(each, Span) and each.micros == 0 for each in arguments):
        raise DefinitionError(f"member.{name}() takes {words}, not {shown(arguments)}")


class _Member:
    """``member.balance("pts")``: what the customer has and is in the club."""

    def achievement(self, name: str) -> Membership:
        """Return where an achievement stands: ``not_started``, ``in_progress``, ``completed`` or ``expired``."""
        return Membership("achievement", (name,))

    def balance(self, unit: str) -> Membership:
        """Return the units that can be spent now."""
        return Membership("balance", (unit,))

    def codes(self, promotion: str) -> Membership:
        """Return how many codes of a promotion that the customer was given can be used now."""
        return Membership("codes", (promotion,))

    def codes_expiring(self, promotion: str, within: Span) -> Membership:
        """Return how many such codes, not used yet, end within a span."""
        return Membership("codes_expiring", (promotion, within))

    def codes_held(self, promotion: str) -> Membership:
        """Return how many orders that are not finished hold a use of a promotion."""
        return Membership("codes_held", (promotion,))

    def debt(self, unit: str) -> Membership:
        """Return the units that the customer owes."""
        return Membership("debt", (unit,))

    def expiring(self, unit: str, within: Span) -> Membership:
        """Return how many of the units that can be spent now expire within a span, its end included."""
        return Membership("expiring", (unit, within))

    def held(self, unit: str) -> Membership:
        """Return the units promised to orders that are not finished."""
        return Membership("held", (unit,))

    def in_grace(self, tiers: str) -> MembershipTruth:
        """Hold while the level is over and only kept for the grace period."""
        return MembershipTruth("in_grace", (tiers,))

    def mission(self, name: str) -> Membership:
        """Return where a mission stands: ``not_started``, ``in_progress``, ``completed`` or ``expired``."""
        return Membership("mission", (name,))

    def pending(self, unit: str) -> Membership:
        """Return the units granted but not yet spendable."""
        return Membership("pending", (unit,))

    def progress(self, achievement: str) -> Membership:
        """Return how much of an achievement's target is reached."""
        return Membership("progress", (achievement,))

    def referred(self, programme: str) -> Membership:
        """Return where the customer's own referral stands, such as ``attributed`` or ``rewarded``."""
        return Membership("referred", (programme,))

    def review_due(self, tiers: str, within: Span) -> MembershipTruth:
        """Hold while the level is reviewed within a span."""
        return MembershipTruth("review_due", (tiers, within))

    def streak(self, name: str) -> Membership:
        """Return how many periods in a row a streak has."""
        return Membership("streak", (name,))

    def streak_at_risk(self, name: str, lead: Span) -> MembershipTruth:
        """Hold while a streak breaks at the end of this period, which is not further away than a span."""
        return MembershipTruth("streak_at_risk", (name, lead))

    def tier(self, tiers: str) -> Membership:
        """Return the name of the customer's level."""
        return Membership("tier", (tiers,))

    def tier_rank(self, tiers: str) -> Membership:
        """Return the number of the customer's level, 0 for the lowest."""
        return Membership("tier_rank", (tiers,))

    def to_keep(self, tiers: str) -> Membership:
        """Return what is missing to keep the level at its review; 0: nothing."""
        return Membership("to_keep", (tiers,))

    def to_next(self, tiers: str) -> Membership:
        """Return what is missing to the next level; no value at the highest."""
        return Membership("to_next", (tiers,))

    def vesting(self, unit: str, within: Span) -> Membership:
        """Return how many pending units become spendable within a span, its end included."""
        return Membership("vesting", (unit, within))


member = _Member()
