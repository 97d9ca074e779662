"""A club is wrong where it is written: by the type of each field, and by what declarations say about each other."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from retention_engine import Engine
from retention_engine.clubs import (
    Bonus,
    Club,
    EarnedMetric,
    Earning,
    Gift,
    Programme,
    Promotion,
    ReferralProgramme,
    SpendMetric,
    Tiers,
    YearlyBonus,
    per_money,
)
from retention_engine.errors import DefinitionError
from retention_engine.loyalty import AT_ONCE, Fresh, Lasts, Terms, Unit, Vesting, WhileActive
from retention_engine.loyalty import codes as lc
from retention_engine.loyalty.referrals import CodeReward, UnitsReward
from retention_engine.loyalty.tiers import Level, TierProgramme
from retention_engine.predicates import customer, member
from retention_engine.timing import days

PTS = Unit("pts")
KEYS = lc.CodeKeys({"a": b"k" * 32}, current="a")
RATE = per_money(1, 100)
TEN = lc.Percent(10)
WELCOME = Promotion(id="welcome", discount=TEN)
LEVELS = TierProgramme(name="levels", levels=[Level("Base", 0), Level("Gold", 100)])
RICH = member.balance("pst") >= 100


def any_(value: Any) -> Any:
    """Return a value as one of any type: what is wrong with it is seen when the program runs."""
    return value


def programme(**more: Any) -> Programme:
    """Return a programme of points."""
    return Programme(**{"id": "club", "unit": PTS, "currency": "EUR"} | more)


def club(**more: Any) -> Club:
    """Return a club with it."""
    return Club(**{"programmes": [programme()], "keys": KEYS} | more)


def promotion(**more: Any) -> Promotion:
    """Return a promotion."""
    return Promotion(**{"id": "p", "discount": TEN} | more)


def friends(**more: Any) -> ReferralProgramme:
    """Return a referral programme."""
    return ReferralProgramme(id="friends", **more)


def doubled(level: str) -> Programme:
    """Return a programme that gives twice as much at a level."""
    return programme(earning=[Earning("base", RATE, multipliers={level: Fraction(2)})])


def counted(*words: str) -> Tiers:
    """Return tiers by what was earned."""
    return Tiers(programme=LEVELS, metric=EarnedMetric(*words))


SPENT = Tiers(programme=LEVELS, metric=SpendMetric("EUR"))

TYPES: dict[str, tuple[Callable[[], object], str]] = {
    "group": (lambda: Earning("b", RATE, group=any_("x")), "group of Earning is Group or None, not 'x'"),
    "validity": (
        lambda: Earning("b", RATE, validity=any_(30)),
        "validity of Earning is Lasts or Until or WhileActive or None",
    ),
    "vesting": (lambda: Earning("b", RATE, vesting=any_(14)), "vesting of Earning is Vesting, not 14"),
    "bonus vesting": (lambda: Bonus("b", on="x", amount=1, vesting=any_(None)), "vesting of Bonus is Vesting"),
    "after": (lambda: Vesting(after=any_(14)), "after of Vesting is Span, not 14"),
    "while active": (lambda: WhileActive(any_(30)), "span of WhileActive is Span, not 30"),
    "unit": (lambda: programme(unit="pts"), "unit of Programme is Unit, not 'pts'"),
    "terms": (lambda: programme(terms={"debt_limit": 0}), "terms of Programme is Terms"),
    "debt limit": (lambda: Terms(debt_limit="own"), "debt_limit is None or a whole number from 0, not 'own'"),
    "spending": (lambda: programme(spending=Fraction(1)), "spending of Programme is Spending or None"),
    "grants_last": (lambda: programme(grants_last=30), "grants_last of Programme is Lasts or"),
    "rounding": (lambda: programme(rounding="floo"), r"rounding .*Rounding.FLOOR.* \(did you mean 'floor'\?\)"),
    "earning": (lambda: programme(earning=RATE), "earning of Programme is a list of Earning"),
    "stack": (lambda: promotion(stack="ordr"), r"stack of Promotion is .* \(did you mean 'order'\?\)"),
    "combines_with": (lambda: promotion(combines_with="order"), "combines_with of Promotion is a list of Stack.ORDER"),
    "limits": (lambda: promotion(limits=[5]), r"limits of Promotion is a list of Limit, not \[5\]"),
    "hours": (lambda: promotion(hours="9-12"), "hours of Promotion is ClockWindow or None"),
    "who": (lambda: promotion(who="vip"), "who is a predicate such as"),
    "lines": (lambda: promotion(lines=5), "lines of Promotion is a list of FieldTest"),
    "valid_for": (lambda: promotion(valid_for=30), "valid_for of Promotion is Span or None"),
    "reissue_grace": (lambda: promotion(reissue_grace=5), "reissue_grace of Promotion is Span or None"),
    "priority": (lambda: promotion(priority="high"), "priority of Promotion is a whole number"),
    "one programme": (lambda: Club(programmes=any_(programme())), "programmes of Club is a list of Programme"),
    "a list": (lambda: Engine([], club=any_([programme()])), r"club is Club\(programmes=\[...\]\) or None"),
    "metric unit": (lambda: EarnedMetric("club", any_(PTS)), "unit of EarnedMetric is a text"),
    "hold": (lambda: friends(hold=14), "hold of ReferralProgramme is Span"),
    "what": (lambda: lc.Gift(any_(5)), "what of Gift is a text, not 5"),
}


@pytest.mark.parametrize("name", TYPES)
def test_a_field_of_another_type_is_refused_by_name(name: str) -> None:
    """With the value and what is allowed."""
    make, message = TYPES[name]
    with pytest.raises(DefinitionError, match=message):
        make()


TOGETHER: dict[str, tuple[Callable[[], object], str]] = {
    "no level": (
        lambda: club(programmes=[doubled("gold")], tiers=[SPENT]),
        r"rule 'base' multiplies by level 'gold', which is none \(did you mean 'Gold'\?\)",
    ),
    "no tiers": (lambda: club(programmes=[doubled("Gold")]), r"'Gold', which is none \(the club has none at all\)"),
    "reward in no unit": (lambda: club(referrals=[friends(advocate=UnitsReward(Unit("pst"), 3))]), "mean 'pts'"),
    "reward in another scale": (
        lambda: club(referrals=[friends(friend=UnitsReward(Unit("pts", 2), 3))]),
        "no unit of the club: the programme's is Unit",
    ),
    "unknown code": (
        lambda: club(promotions=[WELCOME], referrals=[friends(friend=CodeReward("welcom"))]),
        r"referral 'friends' gives codes of 'welcom', which is no promotion \(did you mean 'welcome'\?\)",
    ),
    "no promotions": (lambda: club(referrals=[friends(advocate=CodeReward("welcome"))]), "has none at all"),
    "a code of none": (
        lambda: club(promotions=[promotion(automatic=True)], referrals=[friends(friend=CodeReward("p"))]),
        "'p', which is no promotion",
    ),
    "points in no unit": (
        lambda: club(promotions=[promotion(stack="points", discount=lc.Gift("pst", 1))]),
        r"promotion 'p' gives 'pst' on top, which is no unit of the club \(did you mean 'pts'\?\)",
    ),
    "levels by no programme": (lambda: club(tiers=[counted("klub", "pts")]), "mean 'club, pts'"),
    "levels in no unit": (lambda: club(tiers=[counted("club", "pst")]), "mean 'club, pts'"),
    "declared and retired": (lambda: club(retired=[("club", "pts")]), "'club' is declared and retired"),
    "earning asks": (lambda: club(programmes=[programme(earning=[Earning("b", RATE, when=RICH)])]), "Earning 'b': "),
    "bonus asks": (
        lambda: club(programmes=[programme(bonuses=[Bonus("b", on="x", amount=1, when=RICH)])]),
        "Bonus 'b': .* mean 'pts'",
    ),
    "birthday asks": (
        lambda: club(programmes=[programme(yearly=[YearlyBonus("b", anchor=customer.birthday, amount=1, when=RICH)])]),
        "YearlyBonus 'b'",
    ),
    "gift asks": (lambda: club(programmes=[programme(gifts=[Gift("mug", 60, when=RICH)])]), "Gift 'mug'"),
    "promotion asks": (lambda: club(promotions=[promotion(who=~RICH)]), "Promotion 'p': .* mean 'pts'"),
}


@pytest.mark.parametrize("name", TOGETHER)
def test_what_names_nothing_is_refused_when_the_club_is_made(name: str) -> None:
    """With who names it, and the nearest there is."""
    make, message = TOGETHER[name]
    with pytest.raises(DefinitionError, match=message):
        make()


def test_what_belongs_together_is_a_club() -> None:
    """Each of them, put right."""
    asks = member.balance("pts") >= 100
    made = club(
        programmes=[
            programme(
                earning=[Earning("base", RATE, multipliers={"Gold": Fraction(2)}, when=asks)],
                gifts=[Gift("mug", 60)],
            )
        ],
        tiers=[counted("club", "pts")],
        promotions=[WELCOME, promotion(stack="points", discount=lc.Gift("pts", 5), who=asks)],
        referrals=[friends(advocate=UnitsReward(PTS, 300), friend=CodeReward("welcome"))],
        retired=[("old", "pts"), ("club", "stars")],
    )
    assert Engine([], club=made).club == made


def test_a_span_alone_is_how_long_and_from_when() -> None:
    """As in ``Grant(..., lasts=days(30))``, wherever a validity or a vesting is wanted."""
    month, span = Lasts(span=days(30)), days(30)
    assert Earning("b", RATE, validity=span, vesting=days(7)) == Earning(
        "b", RATE, validity=month, vesting=Vesting(after=days(7))
    )
    assert Bonus("b", on="x", amount=1, validity=span, vesting=days(0)) == Bonus(
        "b", on="x", amount=1, validity=month, vesting=AT_ONCE
    )
    assert programme(grants_last=span).grants_last == month
    assert UnitsReward(PTS, 3, span) == UnitsReward(PTS, 3, month)
    assert Fresh(span) == Fresh(month)
    with pytest.raises(DefinitionError, match="need months or a span"):
        programme(grants_last=days(0))
