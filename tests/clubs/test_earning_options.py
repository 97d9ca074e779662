"""B35, OPTIONS: whichever setting of a declaration is flipped, something comes out differently."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from attrs import evolve

from retention_engine import facts as f
from retention_engine import loyalty as lo
from retention_engine.clubs.bonuses import Bonus, YearlyBonus
from retention_engine.clubs.earning import Earning, per_money, per_order, per_quantity
from retention_engine.clubs.preview import preview
from retention_engine.clubs.programme import Programme, due_commands
from retention_engine.clubs.spending import Gift
from retention_engine.loyalty.earning import Group, Spending, Stack
from retention_engine.predicates import customer, item, orders
from retention_engine.timing import DAY, HOUR, days, local_days, zone
from retention_engine.view import View
from tests.clubs._till import CENTS, Till, line, programme

FIRST = Group("g", Stack.FIRST)
BEST = Group("g", Stack.BEST)
EARN = Earning("base", per_money(3, 100), group=BEST)
OTHER = Earning("other", per_money(1, 100), group=BEST)
BONUS = Bonus("review", on="reviewed", amount=50)
YEARLY = YearlyBonus("born", anchor=customer.birthday, amount=9)
PLAIN = programme(EARN, OTHER, bonuses=[BONUS], yearly=[YEARLY], gifts=[Gift("mug", 100)])


def everything(one: Programme) -> list[Any]:
    """Return what a life answers under a programme: every setting matters in it."""
    till = Till(one, start=100, tier="gold")
    till.history.hold("birthday", "--02-29", 0, "p")
    cart = [line("A", 3333, 2, "tea"), line("B", 55)]
    said: list[Any] = [preview(one, till.view, cart, till.state)]
    till.hold(37)
    said.append(dict(till.buy(*cart)))
    said.append(dict(till.back(3300, "A")))
    said += [dict(each) for each in till.take(f.Reviewed(id="r", customer="anna", at=2 * DAY - HOUR, score=3))]
    said += [dict(each) for each in till.take(f.Reviewed(id="s", customer="anna", at=2 * DAY + HOUR, score=5))]
    said.append(dict(till.about(f.OrderDelivered, at=3 * DAY)))
    made, following = due_commands(one, View(till.history, 800 * DAY, zone("UTC")), till.state, after=0)
    said += [dict(till.ledger.post(each).result) for each in made]
    lots = [(stock.lot.source, stock.vests_at, stock.expires_at) for stock in till.state.lots.values()]
    return [*said, lots, following, till.account, one.grants_last]


def earning(**rest: Any) -> Programme:
    """Return the programme with another first rule."""
    return evolve(PLAIN, earning=(evolve(EARN, **rest), OTHER))


def bonus(**rest: Any) -> Programme:
    """Return the programme with another bonus."""
    return evolve(PLAIN, bonuses=(evolve(BONUS, **rest),))


def yearly(**rest: Any) -> Programme:
    """Return the programme with another yearly bonus."""
    return evolve(PLAIN, yearly=(evolve(YEARLY, **rest),))


def spending(**rest: Any) -> Programme:
    """Return the programme with other limits."""
    return evolve(PLAIN, spending=Spending(**{"point_value": CENTS} | rest))


DAILY = lo.Cap(limit=60, window="day")


def capped(**rest: Any) -> Programme:
    """Return the programme with a cap on reviews, which are two hours around a midnight of Tokyo."""
    return bonus(caps=(evolve(DAILY, **rest),))


FLIPPED: dict[str, tuple[Programme, Programme]] = {
    "rule id": (PLAIN, earning(id="basis")),
    "rate": (PLAIN, earning(rate=per_money(4, 100))),
    "points paid": (PLAIN, earning(rate=per_money(3, 100, points_paid=True))),
    "by piece": (PLAIN, earning(rate=per_quantity(3))),
    "by order": (PLAIN, earning(rate=per_order(3))),
    "version": (PLAIN, earning(version=2)),
    "when": (PLAIN, earning(when=orders.count() == 7)),
    "lines": (PLAIN, earning(lines=(item.category == "tea",))),
    "order": (PLAIN, earning(order=(item.total >= 9999,))),
    "multipliers": (PLAIN, earning(multipliers={"gold": Fraction(2)})),
    "vesting": (PLAIN, earning(vesting=lo.AT_ONCE)),
    "vesting start": (PLAIN, earning(vesting=lo.Vesting(start="delivered"))),
    "vesting latest": (
        earning(vesting=lo.Vesting(start="never")),
        earning(vesting=lo.Vesting(start="never", latest=days(1))),
    ),
    "vesting round up": (PLAIN, earning(vesting=lo.Vesting(round_up=True))),
    "vesting zone": (
        earning(vesting=lo.Vesting(round_up=True)),
        earning(vesting=lo.Vesting(round_up=True, zone="Asia/Tokyo")),
    ),
    "validity": (PLAIN, earning(validity=lo.Lasts(months=1))),
    "caps": (PLAIN, earning(caps=(lo.Cap(limit=7, window="day"),))),
    "group": (PLAIN, earning(group=None)),
    "stack": (PLAIN, evolve(PLAIN, earning=tuple(evolve(r, group=Group("g", Stack.SUM)) for r in (EARN, OTHER)))),
    "priority": (
        evolve(PLAIN, earning=(evolve(EARN, group=FIRST), evolve(OTHER, group=FIRST))),
        evolve(PLAIN, earning=(evolve(EARN, group=FIRST), evolve(OTHER, group=FIRST, priority=1))),
    ),
    "bonus amount": (PLAIN, bonus(amount=51)),
    "bonus on": (PLAIN, bonus(on="answered")),
    "bonus where": (PLAIN, bonus(where=(item.score >= 4,))),
    "bonus when": (PLAIN, bonus(when=orders.count() == 7)),
    "bonus version": (PLAIN, bonus(version=2)),
    "bonus vesting": (PLAIN, bonus(vesting=lo.Vesting())),
    "bonus validity": (PLAIN, bonus(validity=lo.Lasts(months=1))),
    "cap": (PLAIN, capped(window="week")),
    "cap limit": (capped(window="week"), capped(window="week", limit=61)),
    "cap window": (capped(), capped(window=days(1))),
    "cap reject": (capped(window="week"), capped(window="week", reject=True)),
    "cap zone": (capped(), capped(zone="Pacific/Kiritimati")),
    "yearly anchor": (PLAIN, yearly(anchor=customer.nameday)),
    "yearly before": (PLAIN, yearly(before=local_days(3))),
    "yearly leap": (PLAIN, yearly(leap="mar1")),
    "yearly when": (PLAIN, yearly(when=orders.count() == 7)),
    "spending": (PLAIN, evolve(PLAIN, spending=None)),
    "point value": (PLAIN, spending(point_value=Fraction(50))),
    "coverage": (PLAIN, spending(max_coverage=Fraction(1, 2))),
    "step": (PLAIN, spending(step=7)),
    "least": (PLAIN, spending(min_redeem=99)),
    "gift": (PLAIN, evolve(PLAIN, gifts=())),
    "gift price": (PLAIN, evolve(PLAIN, gifts=(Gift("mug", 101),))),
    "gift when": (PLAIN, evolve(PLAIN, gifts=(Gift("mug", 100, when=orders.exists()),))),
    "whole caps": (PLAIN, evolve(PLAIN, caps=(lo.Cap(limit=70, window="day", whole=True),))),
    "rounding": (PLAIN, evolve(PLAIN, rounding="ceil")),
    "split": (PLAIN, evolve(PLAIN, split="money_first")),
    "unit": (PLAIN, evolve(PLAIN, unit=lo.Unit("stars"))),
    "id": (PLAIN, evolve(PLAIN, id="other")),
    "grants last": (PLAIN, evolve(PLAIN, grants_last=lo.Lasts(months=1))),
}


@pytest.mark.parametrize("name", FLIPPED)
def test_b35_no_setting_is_dead(name: str) -> None:
    """FloCafe stored one that nobody read. https://github.com/FreeOpenSourcePOS/FloCafe/issues/62"""
    usual, other = FLIPPED[name]
    assert everything(usual) != everything(other)
