"""What referrals brought, by the place where the links were shared."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from attrs import field, frozen

from retention_engine.clubs.referrals import ReferralProgramme
from retention_engine.clubs.referred import own_referral, rewards, standing_of
from retention_engine.facts import FriendJoined, ReferralLinked, ReferralTouched
from retention_engine.loyalty.referrals import ReferralState, UnitsReward, Utm
from retention_engine.state import History, referral_of


@frozen(kw_only=True)
class SourceRow:
    """What the links shared at one place brought.

    Attributes:
        source: its id; None: links without one.
        touches: how often one was opened.
        attributed: friends who signed up.
        qualified: those whose order qualified.
        rewarded: those whose rewards are paid out.
        flagged: those that had to be looked at.
        cost: units paid out to both sides, by unit.
        utm: what the programme says that the place stands for.
    """

    source: str | None
    touches: int = 0
    attributed: int = 0
    qualified: int = 0
    rewarded: int = 0
    flagged: int = 0
    cost: Mapping[str, int] = field(factory=dict)
    utm: Utm | None = None

    @property
    def flagged_share(self) -> Fraction:
        """The share of the friends that had to be looked at."""
        return Fraction(self.flagged, self.attributed) if self.attributed else Fraction(0)


@frozen(kw_only=True)
class ReferralReport:
    """What a programme brought.

    Attributes:
        rows: one a place, by its id.
        advocates: customers who were given a link, or brought somebody.
    """

    rows: tuple[SourceRow, ...]
    advocates: int

    @property
    def total(self) -> SourceRow:
        """Everything in one row."""
        cost = Counter[str]()
        for row in self.rows:
            cost.update(row.cost)
        names = ("touches", "attributed", "qualified", "rewarded", "flagged")
        counts: dict[str, Any] = {name: _sum(self.rows, name) for name in names}
        return SourceRow(source=None, cost=dict(cost), **counts)

    @property
    def k_factor(self) -> Fraction:
        """New customers for each advocate."""
        return Fraction(self.total.attributed, self.advocates) if self.advocates else Fraction(0)


def _sum(rows: Iterable[SourceRow], name: str) -> int:
    return sum(getattr(row, name) for row in rows)


def referral_report(programme: ReferralProgramme, histories: Iterable[History], at: int) -> ReferralReport:
    """Return what the links brought until an instant, by place; the histories are those of all customers."""
    counts: dict[str | None, Counter[str]] = defaultdict(Counter)
    cost: dict[str | None, Counter[str]] = defaultdict(Counter)
    advocates = 0
    for history in histories:
        told = referral_of(history, programme.id).facts.values()
        advocates += any(isinstance(each, ReferralLinked | FriendJoined) for each in told)
        for touch in told:
            if isinstance(touch, ReferralTouched):
                counts[touch.source]["touches"] += 1
        for one, case in own_referral(programme, history):
            if one.refused is None:
                stands = standing_of(programme, case)
                counts[one.source]["attributed"] += 1
                counts[one.source]["qualified"] += stands.order is not None
                counts[one.source]["rewarded"] += stands.at(at) is ReferralState.REWARDED
                counts[one.source]["flagged"] += bool(case.doubts)
        for reward in rewards(programme, history, at):
            if isinstance(reward.what, UnitsReward) and reward.status is ReferralState.REWARDED:
                cost[reward.source][reward.what.unit.code] += reward.what.amount
    places = sorted(counts.keys() | cost.keys(), key=lambda place: (place is not None, place))
    named = {place: programme.sources.get(place or "") for place in places}
    rows = (
        SourceRow(source=one, cost=dict(cost[one]), utm=named[one], **dict[str, Any](counts[one])) for one in places
    )
    return ReferralReport(rows=tuple(rows), advocates=advocates)
