"""What declarations of a club say about each other: refused when the club is made, not when a customer comes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from retention_engine.clubs.metrics import EarnedMetric
from retention_engine.clubs.programme import Programme
from retention_engine.clubs.promotions import Promotion
from retention_engine.clubs.referrals import ReferralProgramme
from retention_engine.clubs.tiers import Tiers
from retention_engine.errors import DefinitionError, nearest, shown
from retention_engine.loyalty import Unit
from retention_engine.loyalty.codes import Stack
from retention_engine.loyalty.referrals import CodeReward, UnitsReward
from retention_engine.predicates import Truth


class Declared(Protocol):
    """A club, as it is checked."""

    @property
    def programmes(self) -> tuple[Programme, ...]:
        """What is earned and spent."""
        ...

    @property
    def tiers(self) -> tuple[Tiers, ...]:
        """Levels."""
        ...

    @property
    def retired(self) -> frozenset[tuple[str, str]]:
        """Accounts that are left for good."""
        ...

    @property
    def promotions(self) -> tuple[Promotion, ...]:
        """What codes take off."""
        ...

    @property
    def referrals(self) -> tuple[ReferralProgramme, ...]:
        """What friends bring."""
        ...

    def check(self, node: Truth) -> None:
        """Refuse a question about something that is not declared."""
        ...


def check_together(club: Declared) -> None:
    """Refuse declarations that name what the club has not: a level, a unit, a programme, a promotion.

    Raises:
        DefinitionError: says who names it, and the nearest.
    """
    for fault in (*_levels(club), *_earned(club), *_rewards(club), *_points(club), *_retired(club)):
        raise DefinitionError(fault)
    for place, asked in _asked(club):
        try:
            club.check(asked)
        except DefinitionError as error:
            raise DefinitionError(f"{place}: {error}") from None


def _levels(club: Declared) -> Iterator[str]:
    levels = [level.name for tiers in club.tiers[:1] for level in tiers.programme.levels]
    for programme in club.programmes:
        for rule in programme.earning:
            for name in sorted(set(rule.multipliers) - set(levels)):
                yield f"rule {shown(rule.id)} multiplies by level {shown(name)}, which is none{_near(name, levels)}"


def _earned(club: Declared) -> Iterator[str]:
    accounts = {f"{one.id}, {one.unit.code}" for one in club.programmes}
    for tiers in club.tiers:
        metric = tiers.metric
        if isinstance(metric, EarnedMetric) and f"{metric.programme}, {metric.unit}" not in accounts:
            name, account = shown(tiers.programme.name), f"{metric.programme}, {metric.unit}"
            yield f"tiers {name} count {shown(account)}, which is no programme and its unit{_near(account, accounts)}"


def _rewards(club: Declared) -> Iterator[str]:
    units, codes = _units(club), [one.id for one in club.promotions if not one.automatic]
    for one in club.referrals:
        for reward in (one.advocate, one.friend):
            if isinstance(reward, UnitsReward) and units.get(reward.unit.code) != reward.unit:
                known = units.get(reward.unit.code)
                near = _near(reward.unit.code, units) if known is None else f": the programme's is {known!r}"
                yield f"referral {shown(one.id)} gives {reward.unit!r}, which is no unit of the club{near}"
            if isinstance(reward, CodeReward) and reward.promotion not in codes:
                near = _near(reward.promotion, codes)
                yield f"referral {shown(one.id)} gives codes of {shown(reward.promotion)}, which is no promotion{near}"


def _points(club: Declared) -> Iterator[str]:
    units = _units(club)
    for one in club.promotions:
        what = getattr(one.discount, "what", None)
        if one.stack is Stack.POINTS and what not in units:
            near = _near(what, units)
            yield f"promotion {shown(one.id)} gives {shown(what)} on top, which is no unit of the club{near}"


def _retired(club: Declared) -> Iterator[str]:
    for one in club.programmes:
        if (one.id, one.unit.code) in club.retired:
            yield f"programme {shown(one.id)} is declared and retired: a new one has an id or unit code of its own"


def _near(name: object, allowed: Iterable[str]) -> str:
    known = list(allowed)
    return nearest(name, known) if known else " (the club has none at all)"


def _units(club: Declared) -> dict[str, Unit]:
    return {one.unit.code: one.unit for one in club.programmes}


def _asked(club: Declared) -> Iterable[tuple[str, Truth]]:
    """Yield what declarations ask of customers, with their places."""
    for programme in club.programmes:
        for rule in programme.rules():
            if rule.when is not None:
                yield f"{type(rule).__name__} {shown(rule.id)}", rule.when
    for promotion in club.promotions:
        if promotion.who is not None:
            yield f"Promotion {shown(promotion.id)}", promotion.who
