"""A referral programme as it is declared: every option changes something, and what is wrong is refused at once."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from retention_engine import facts as f
from retention_engine.clubs.referral_report import SourceRow, referral_report
from retention_engine.clubs.referrals import ReferralGuards
from retention_engine.clubs.referred import friends_steps, referred_steps, reward_commands, rewards
from retention_engine.errors import DefinitionError, TimeError
from retention_engine.loyalty.referrals import CodeReward, ReferralState, RewardLimits, UnitsReward, Utm
from retention_engine.money import Money
from retention_engine.predicates import item
from retention_engine.timing import DAY, days
from retention_engine.view import View
from tests.engine._referrals import (
    ADVOCATE,
    BOTH,
    END,
    FRIEND,
    HOLD,
    LEAST,
    PTS,
    UTC,
    WINDOW,
    World,
    banned,
    bought,
    judged,
    linked,
    programme,
    seen,
    signed_up,
    then,
    touched,
)


def shop(*more: f.Fact, **changes: Any) -> World:
    """Return a shop in which f0 came by ann's link and signed up, and more happened."""
    world = World(programme=programme(**changes))
    world.record(linked("ann"), touched("f0", "ann", 1, "story7"), signed_up("f0", 2), *more)
    world.walk()
    return world


WRONG: list[tuple[str, Callable[[], object], type[Exception], str]] = [
    ("empty id", lambda: programme(id=""), DefinitionError, "id is"),
    ("id with a colon", lambda: programme(id="a:b"), DefinitionError, "id is"),
    ("id too long", lambda: programme(id="a" * 41), DefinitionError, "id is"),
    ("no id", lambda: programme(id=7), DefinitionError, "id is"),
    ("a field nobody is told", lambda: programme(order=(item.items >= 2,)), DefinitionError, "item.total"),
    ("no condition", lambda: programme(order=(5,)), DefinitionError, "conditions such as"),
    ("a text for a number", lambda: programme(order=(item.total >= "x",)), DefinitionError, "total"),
    ("no window", lambda: programme(window=days(0)), DefinitionError, "window"),
    ("unknown zone", lambda: programme(zone="Mars"), TimeError, "Mars"),
    ("unknown fingerprint", lambda: ReferralGuards(reject_same=["mail"]), DefinitionError, "'email'"),
    ("in both lists", lambda: ReferralGuards(reject_same=["ip"]), DefinitionError, "either"),
    ("a place without a name", lambda: ReferralGuards(review_sources=[""]), DefinitionError, "review_sources"),
    ("too few a day", lambda: ReferralGuards(most_a_day=-1), DefinitionError, "most_a_day"),
    ("yes a day", lambda: ReferralGuards(most_a_day=True), DefinitionError, "most_a_day"),
]


@pytest.mark.parametrize(("make", "error", "text"), [each[1:] for each in WRONG], ids=[each[0] for each in WRONG])
def test_what_is_wrong_is_refused_where_it_is_written(make: Any, error: type[Exception], text: str) -> None:
    """With the field, and what is allowed."""
    with pytest.raises(error, match=text):
        make()


OPTIONS: list[tuple[str, dict[str, Any], list[f.Fact], int]] = [
    ("advocate", {"advocate": None}, [bought("f0", "o", 3)], END),
    ("friend", {"friend": None}, [bought("f0", "o", 3)], END),
    ("advocate's amount", {"advocate": UnitsReward(PTS, 7)}, [bought("f0", "o", 3)], END),
    ("order", {"order": (item.total > LEAST,)}, [bought("f0", "o", 3)], END),
    ("order's channel", {"order": (item.channel == "web",)}, [bought("f0", "o", 3)], END),
    ("order's currency", {"order": (item.currency == "RUB",)}, [bought("f0", "o", 3)], END),
    ("order's promo", {"order": (item.promo.is_set(),)}, [bought("f0", "o", 3)], END),
    ("window", {"window": days(2)}, [bought("f0", "o", 3)], END),
    ("hold", {"hold": days(HOLD + 1)}, [bought("f0", "o", 3)], 3 + HOLD),
    ("last_touch", {"last_touch": True}, [linked("bob"), touched("f0", "bob", 2), bought("f0", "o", 3)], END),
    ("limits", {"limits": RewardLimits(lifetime=0)}, [bought("f0", "o", 3)], END),
    ("limits a day", {"limits": RewardLimits(day=0)}, [bought("f0", "o", 3)], END),
    ("limits a month", {"limits": RewardLimits(month=0)}, [bought("f0", "o", 3)], END),
    (
        "reject_same",
        {"guards": ReferralGuards(reject_same=())},
        [seen("ann", "email", "x", 1), seen("f0", "email", "x", 1)],
        END,
    ),
    (
        "review_same",
        {"guards": ReferralGuards(review_same=())},
        [seen("ann", "ip", "x", 1), seen("f0", "ip", "x", 1)],
        END,
    ),
    ("near", {"guards": ReferralGuards(near=days(1))}, [seen("ann", "ip", "x", 1), seen("f0", "ip", "x", 3)], END),
    ("most_a_day", {"guards": ReferralGuards(most_a_day=0)}, [], END),
    ("review_sources", {"guards": ReferralGuards(review_sources="story7")}, [], END),
]


@pytest.mark.parametrize(("changes", "facts", "day"), [each[1:] for each in OPTIONS], ids=[each[0] for each in OPTIONS])
def test_every_option_changes_something(changes: dict[str, Any], facts: list[f.Fact], day: int) -> None:
    """OPTIONS: the same facts end otherwise."""
    ends = []
    for option in ({}, changes):
        world = shop(
            *facts,
            *([] if any(isinstance(each, f.OrderPlaced) for each in facts) else [bought("f0", "o", 3)]),
            **option,
        )
        statuses = [
            [
                (one.key, one.amount, str(one.status), one.flagged)
                for one in rewards(world.programme, world.history(each), day * DAY)
            ]
            for each in ("ann", "bob", "f0")
        ]
        ends.append(statuses)
    assert ends[0] != ends[1]


def test_the_zone_decides_which_day_it_is() -> None:
    """OPTIONS: 23:00 and 01:00 of New York are one day in UTC."""
    late, early = 3 * DAY + 4 * DAY // 24 - 1, 3 * DAY + 5 * DAY // 24 + 1
    kept = []
    for zone in ("UTC", "America/New_York"):
        world = World(programme=programme(zone=zone, limits=RewardLimits(day=1)))
        world.record(linked("ann"))
        for friend, at in (("f0", late), ("f1", early)):
            order = f.Order(id=friend, customer=friend, at=at, total=bought(friend, friend, 3).order.total)
            world.record(touched(friend, "ann", 1), signed_up(friend, 2), f.OrderPlaced.of(order))
        kept.append([one.is_due for one in rewards(world.programme, world.history("ann"), END * DAY)])
    assert kept == [[True, False], [True, True]]


def test_a_friend_can_get_a_code_for_the_first_order() -> None:
    """At the sign-up, if nothing speaks against it; it waits for whoever has to look at it."""
    code = {"friend": CodeReward("welcome")}
    (mine,) = rewards(programme(**code), shop(**code).history("f0"), 2 * DAY)
    assert (mine.is_due, mine.code, mine.effective_at, mine.order) == (True, "welcome", 2 * DAY, None)
    doubted = shop(guards=ReferralGuards(review_sources=["story7"]), **code)
    (waits,) = rewards(doubted.programme, doubted.history("f0"), 2 * DAY)
    assert (waits.is_due, waits.status, waits.flagged) == (False, ReferralState.QUALIFIED, True)
    doubted.record(judged("f0", "approved", 5))
    (approved,) = rewards(doubted.programme, doubted.history("f0"), 5 * DAY)
    assert (approved.is_due, approved.vests_at) == (True, 5 * DAY)
    doubted.record(judged("f0", "rejected", 6))
    (refused,) = rewards(doubted.programme, doubted.history("f0"), 6 * DAY)
    assert (refused.is_due, refused.reason) == (False, "review")
    own = World(programme=programme(**code))
    own.record(linked("f0"), touched("f0", "f0", 1), signed_up("f0", 2))
    mine, _ = rewards(own.programme, own.history("f0"), END * DAY)
    assert (mine.is_due, mine.reason) == (False, "own_token")


def test_an_advocate_can_get_a_code_once_it_is_settled() -> None:
    """Not while the order can be returned."""
    code = {"advocate": CodeReward("thanks")}
    world = shop(bought("f0", "o", 3), **code)
    due = [
        rewards(world.programme, world.history("ann", day), day * DAY)[0].is_due for day in (2, 3, 2 + HOLD, 3 + HOLD)
    ]
    assert due == [False, False, False, True]


def test_steps_tell_what_becomes_of_ones_own_referral() -> None:
    """Each value holds from its instant on; somebody who was not brought has none."""
    world = shop()
    assert referred_steps(world.programme, world.history("f0"), 2 * DAY, UTC) == [
        (2 * DAY, "attributed"),
        ((1 + WINDOW) * DAY, "expired"),
    ]
    assert referred_steps(world.programme, world.history("ann"), 2 * DAY, UTC) == [(2 * DAY, None)]
    world.record(bought("f0", "o", 3))
    found = referred_steps(world.programme, world.history("f0"), 3 * DAY, UTC)
    assert found == [(3 * DAY, "pending"), ((3 + HOLD) * DAY, "rewarded")]


def test_steps_count_the_friends_in_a_state() -> None:
    """Two friends become two rewards, one after the other."""
    world = shop(bought("f0", "o", 3))
    world.record(touched("f1", "ann", 1), signed_up("f1", 2), bought("f1", "p", 5))
    history = world.history("ann")
    found = friends_steps(world.programme, history, 5 * DAY, state=ReferralState.REWARDED)
    assert found == [(5 * DAY, 0), ((3 + HOLD) * DAY, 1), ((5 + HOLD) * DAY, 2)]
    assert friends_steps(world.programme, history, END * DAY, state=ReferralState.EXPIRED) == [(END * DAY, 0)]


def test_a_ban_leaves_what_ended_otherwise() -> None:
    """A reason that was there stays."""
    world = shop(bought("f0", "o", 3), then(f.OrderCancelled, "f0", "o", 5), banned("ann", 6))
    (one,) = rewards(world.programme, world.history("ann"), END * DAY)
    assert (one.status, one.reason) == (ReferralState.REJECTED, "order_cancelled")


def test_a_refund_in_another_money_is_none() -> None:
    """As in the orders of the history."""
    refund = then(f.OrderRefunded, "f0", "o", 5, amount=Money(LEAST, "EUR"))
    assert shop(bought("f0", "o", 3), refund).net() == {}
    other = then(f.OrderRefunded, "f0", "o", 5, amount=Money(LEAST, "RUB"))
    assert shop(bought("f0", "o", 3), other).net() == BOTH


def test_what_is_said_of_an_unknown_order_waits_for_it() -> None:
    """Paid, then placed: in whatever order it is told."""
    world = shop(then(f.OrderPaid, "f0", "o", 4))
    assert world.net() == {}
    world.record(bought("f0", "o", 3, paid=False))
    world.walk()
    assert world.net() == BOTH


def test_what_was_earned_before_the_launch_is_history() -> None:
    """Orders up to that instant bring nothing."""
    world = World(programme=programme())
    world.record(linked("ann"), touched("f0", "ann", 1), signed_up("f0", 2), bought("f0", "o", 3))
    view = View(world.history("f0", 4), 4 * DAY, UTC)
    state = world.ledger.state(world.account("f0"))
    assert reward_commands(world.programme, view, state, since=3 * DAY) == []
    assert len(reward_commands(world.programme, view, state, since=3 * DAY - 1)) == 1


def test_the_report_counts_by_place() -> None:
    """Touches, friends, orders, rewards, doubts and cost; links without a place have a row of their own."""
    world = shop(bought("f0", "o", 3), guards=ReferralGuards(review_sources=["coupons"]))
    world.record(
        touched("f1", "ann", 1), signed_up("f1", 2), bought("f1", "p", 5), then(f.OrderCancelled, "f1", "p", 6)
    )
    world.record(
        touched("f2", "ann", 1, "coupons"), touched("f2", "ann", 2, "coupons"), signed_up("f2", 2), linked("cat")
    )
    world.record(touched("cat", "cat", 1, "story7"), signed_up("cat", 2))
    histories = [world.history(each) for each in world.everybody()]
    report = referral_report(world.programme, histories, END * DAY)
    assert report.rows == (
        SourceRow(source=None, touches=1, attributed=1),
        SourceRow(source="coupons", touches=2, attributed=1, flagged=1),
        SourceRow(source="story7", touches=2, attributed=1, qualified=1, rewarded=1, cost={"pts": ADVOCATE + FRIEND}),
    )
    assert [row.flagged_share for row in report.rows] == [0, 1, 0]
    assert report.total == SourceRow(
        source=None, touches=5, attributed=3, qualified=1, rewarded=1, flagged=1, cost={"pts": ADVOCATE + FRIEND}
    )
    assert (report.advocates, report.k_factor) == (2, Fraction(3, 2))


def test_an_empty_report_divides_by_nothing() -> None:
    """No advocates, no friends."""
    report = referral_report(programme(), [], 0)
    assert (report.k_factor, report.total.flagged_share) == (Fraction(0), Fraction(0))
    assert not report.rows


def test_sources_stand_for_utm_values() -> None:
    """OPTIONS: they are looked up by the id that is signed in the link."""
    utm = Utm(source="telegram", campaign="spring")
    world = shop(sources={"story7": utm})
    (row,) = referral_report(world.programme, [world.history("f0")], END * DAY).rows
    assert row.utm == utm
