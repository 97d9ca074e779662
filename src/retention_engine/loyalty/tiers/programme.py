"""Levels and the rules by which customers reach and keep them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from enum import Enum
from itertools import pairwise
from typing import Any, get_args
from zoneinfo import ZoneInfo

from attrs import field, frozen

from retention_engine.errors import DefinitionError, FactError, nearest, shown
from retention_engine.loyalty.tiers.windows import (
    Anniversary,
    Calendar,
    Frame,
    Lifetime,
    Months,
    Rolling,
    Valid,
    Validity,
    Window,
    days_after,
    frame_before,
)
from retention_engine.loyalty.units import LARGEST
from retention_engine.timing import DAY, NEVER, LocalDays, Span, days, local_days, zone
from retention_engine.typed import typed
from retention_engine.values import Scalar, check_data, is_printable

KEEP_PERCENT = 80
_LONGEST_NAME = 60
_GRACE, _RETURNS = local_days(30), days(14)


def _check_name(_: object, attribute: Any, value: Any) -> None:
    if not is_printable(value) or len(str(value)) > _LONGEST_NAME:
        allowed = f"a printable text of 1 to {_LONGEST_NAME} characters"
        raise DefinitionError(f"{attribute.name} is {allowed}, not {shown(value)}")


def _is(kind: Any) -> Callable[[object, Any, object], None]:
    def check(_: object, attribute: Any, value: object) -> None:
        if not isinstance(value, kind):
            names = ", ".join(one.__name__ for one in get_args(kind) or (kind,))
            raise DefinitionError(f"{attribute.name} is one of {names}, not {shown(value)}")

    return check


def _privileges(value: object) -> dict[str, Scalar]:
    try:
        return check_data(dict(value) if isinstance(value, Mapping) else value)
    except FactError as error:
        raise DefinitionError(f"privileges: {error}") from None


@frozen(field_transformer=typed)
class Level:
    """A level of a programme.

    Attributes:
        entry: the amount that reaches it; 0 for the first level, which everybody has.
        keep: the amount that keeps it at a review; left out, 80 % of ``entry``, rounded up.
        privileges: what it gives, by name; plain data for whoever reads it.
    """

    name: str = field(validator=_check_name)
    entry: int = field()
    keep: int = field()
    privileges: Mapping[str, Scalar] = field(factory=dict, converter=_privileges)

    @entry.validator
    def _check_entry(self, _: object, value: object) -> None:
        if type(value) is not int or not 0 <= value <= LARGEST:
            raise DefinitionError(f"entry of {self.name!r} is a whole number from 0 to {LARGEST}, not {shown(value)}")

    @keep.default
    def _usual_keep(self) -> int:
        return -(-KEEP_PERCENT * self.entry // 100) if type(self.entry) is int else 0

    @keep.validator
    def _check_keep(self, _: object, value: object) -> None:
        least = min(1, self.entry)
        if type(value) is not int or not least <= value <= self.entry:
            allowed = f"a whole number from {least} to its entry, {self.entry}"
            raise DefinitionError(f"keep of {self.name!r} is {allowed}, not {shown(value)}")


class Drop(Enum):
    """Where those fall who do not keep their level."""

    ONE_DOWN = "one_down"
    """To the level below: a soft landing."""
    QUALIFIED = "qualified"
    """To the highest level below whose ``keep`` is met."""
    BASE = "base"
    """To the first level."""


class OnRefund(Enum):
    """What a refund does to a level that was reached with the money."""

    KEEP_UNTIL_REVIEW = "keep_until_review"
    """Nothing before the review."""
    REEVALUATE = "reevaluate"
    """It drops to what remains, never below the level held when the window began."""


def _levels(value: object) -> tuple[Level, ...]:
    found = tuple(value) if isinstance(value, Iterable) else (value,)
    for one in found:
        if not isinstance(one, Level):
            raise DefinitionError(f"levels are Level values, not {shown(one)}")
    return found


@frozen(kw_only=True, field_transformer=typed)
class TierProgramme:
    """How levels are reached, kept and lost.

    Attributes:
        name: stored in facts and keys; never changed.
        levels: lowest first; the first has entry 0.
        window: where amounts are summed up, each at the instant of its order.
        validity: how long a level is valid before it is reviewed; none is needed for ``Lifetime``.
        drop: where those fall who do not keep their level.
        grace: how long a level stays after a failed review; purchases made meanwhile count. 0 days: not at all.
        on_refund: what a refund does before the review.
        count_pending: an amount counts at once; otherwise when its return window closes.
        zone: whose days, months and years.
    """

    name: str = field(validator=_check_name)
    levels: tuple[Level, ...] = field(converter=_levels)
    window: Window = field(factory=Calendar, validator=_is(Window))
    validity: Validity = field(default=Valid.CURRENT_AND_NEXT_PERIOD, validator=_is(Validity))
    drop: Drop = field(default=Drop.ONE_DOWN, validator=_is(Drop))
    grace: LocalDays = field(default=_GRACE, validator=_is(LocalDays))
    on_refund: OnRefund = field(default=OnRefund.KEEP_UNTIL_REVIEW, validator=_is(OnRefund))
    count_pending: bool = False
    zone: str = "UTC"

    @levels.validator
    def _rising(self, _: object, value: tuple[Level, ...]) -> None:
        if not value or value[0].entry:
            raise DefinitionError(f"the first level has entry 0, everybody has it; not {shown(value[:1])}")
        for lower, upper in pairwise(value):
            if upper.entry <= lower.entry:
                raise DefinitionError(f"entry of {upper.name!r}, {upper.entry}, is not above that of {lower.name!r}")
        if len({one.name for one in value}) < len(value):
            raise DefinitionError(f"two levels have one name: {shown([one.name for one in value])}")

    def __attrs_post_init__(self) -> None:
        """Refuse an unknown zone, and a validity that the window cannot have."""
        zone(self.zone)
        periods = self.validity in (Valid.CURRENT_AND_NEXT_PERIOD, Valid.PERIOD_END)
        if isinstance(self.window, Rolling) and periods:
            raise DefinitionError("a rolling window has no periods: say validity=Months(12) or Valid.NEXT_ANNIVERSARY")
        if isinstance(self.window, Lifetime) and self.validity is not Valid.CURRENT_AND_NEXT_PERIOD:
            raise DefinitionError(f"levels of a lifetime are never reviewed: leave validity out, not {self.validity}")

    @property
    def where(self) -> ZoneInfo:
        """The zone."""
        return zone(self.zone)

    def index(self, name: object) -> int:
        """Return the place of a level by its name, from 0.

        Raises:
            DefinitionError: there is none; the message names the nearest.
        """
        names = [one.name for one in self.levels]
        if name not in names:
            raise DefinitionError(f"programme {self.name!r} has no level {shown(name)}{nearest(name, names)}")
        return names.index(str(name))

    def qualified(self, metric: int) -> int:
        """Return the place of the highest level that an amount reaches."""
        return max((place for place, one in enumerate(self.levels) if metric >= one.entry), default=0)

    def fallen(self, metric: int, below: int) -> int:
        """Return where those fall who had the level at a place and did not keep it."""
        if self.drop is Drop.ONE_DOWN:
            return below - 1
        lower = range(1, below) if self.drop is Drop.QUALIFIED else ()
        return max((place for place in lower if metric >= self.levels[place].keep), default=0)

    def reached_until(self, frame: Frame, at: int, joined: date) -> int:
        """Return until when a level is valid that was reached at an instant in a window."""
        if self.validity is Valid.PERIOD_END:
            return frame[1]
        if self.validity is Valid.CURRENT_AND_NEXT_PERIOD:
            return NEVER if frame[1] == NEVER else self.window.frame(frame[1], self.where, joined)[1]
        return self.after(at, joined)

    def after(self, at: int, joined: date) -> int:
        """Return until when a level is valid that was kept, or fallen to, at an instant."""
        if isinstance(self.validity, Months):
            return self.validity.after(at, self.where)
        window = Anniversary() if self.validity is Valid.NEXT_ANNIVERSARY else self.window
        return window.frame(at, self.where, joined)[1]

    def grace_end(self, until: int) -> int:
        """Return when the grace after a review is over."""
        return days_after(until, self.grace.count, self.where)

    def review_start(self, until: int, joined: date) -> int:
        """Return from when on amounts count at the review of a level that is valid until an instant."""
        return frame_before(self.window, until, self.where, joined)

    def check(self, pending: Span = _RETURNS) -> list[str]:
        """Return what is allowed but probably not meant, a line each.

        Args:
            pending: how long an order can be returned.
        """
        found = []
        if not (self.count_pending or isinstance(self.window, Lifetime)) and self.grace.count * DAY < pending.micros:
            found.append(f"grace={self.grace} ends before the last orders of a window count, {pending} later")
        for lower, upper in pairwise(self.levels):
            if upper.keep < lower.keep:
                found.append(f"to keep {upper.name!r} takes {upper.keep}, less than {lower.name!r}: {lower.keep}")
        return found
