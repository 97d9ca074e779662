"""Rewards become commands of the ledger: once, taken back when they have to be, and never more than the limits."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.errors import DefinitionError, LedgerError
from retention_engine.loyalty import Account, CancelPending, Earn, Lasts, Ledger, Redeem, Reverse, Unit
from retention_engine.loyalty.referrals import (
    CodeReward,
    ReferralState,
    Reward,
    RewardLimits,
    Side,
    UnitsReward,
    commands,
    limited,
    reward_key,
)
from retention_engine.timing import DAY, days, to_utc, zone

PTS = Unit("pts")
ACCOUNT = Account("club", PTS, "ann")
HOLD = 14


def reward(friend: str = "bob", day: int = 0, **parts: Any) -> Reward:
    """Return an advocate's reward for an order paid on a day."""
    usual: dict[str, Any] = {
        "key": reward_key("friends", friend, Side.ADVOCATE),
        "side": Side.ADVOCATE,
        "friend": friend,
        "what": UnitsReward(PTS, 300),
        "order": f"{friend}-1",
        "effective_at": day * DAY,
        "vests_at": (day + HOLD) * DAY,
        "status": ReferralState.PENDING,
    }
    return Reward(**usual | parts)


def post(ledger: Ledger, rewards: list[Reward], day: int) -> list[type]:
    """Post what is owed on a day; return the kinds of commands."""
    owed = commands(rewards, ledger.state(ACCOUNT), day * DAY)
    for command in owed:
        ledger.post(command)
    return [type(one) for one in owed]


def test_a_reward_is_granted_once_and_vests_by_itself() -> None:
    """Pending until the end of the hold; asked again, nothing more is owed."""
    ledger = Ledger()
    assert post(ledger, [reward()], 1) == [Earn]
    assert post(ledger, [reward()], 1) == post(ledger, [reward(status=ReferralState.REWARDED)], 30) == []
    assert ledger.balance(ACCOUNT, 13 * DAY).pending == 300
    assert ledger.balance(ACCOUNT, 14 * DAY).available == 300
    (lot,) = ledger.state(ACCOUNT).lots
    assert lot == "ref:friends:bob:advocate/0"


def test_lost_in_time_it_is_cancelled_later_it_is_reversed() -> None:
    """Before the vesting nothing was there to spend; after it what was spent becomes debt."""
    lost = reward(status=ReferralState.REJECTED, order=None, vests_at=None, reason="order_refunded")
    early = Ledger()
    assert [*post(early, [reward()], 1), *post(early, [lost], 13)] == [Earn, CancelPending]
    assert post(early, [lost], 14) == []
    assert early.balance(ACCOUNT, 99 * DAY).net == 0
    late = Ledger()
    post(late, [reward()], 1)
    late.post(Redeem(key="spent", account=ACCOUNT, at=20 * DAY, amount=200))
    clawed = reward(status=ReferralState.CLAWED_BACK, reason="order_refunded")
    assert post(late, [clawed], 21) == [Reverse]
    assert late.balance(ACCOUNT, 21 * DAY).net == -200
    assert post(late, [clawed], 22) == []


def test_another_order_is_another_grant() -> None:
    """The number of the grant stands behind the key, and there is never more than one at a time."""
    ledger = Ledger()
    post(ledger, [reward()], 1)
    again = reward(day=3, order="bob-2")
    assert post(ledger, [again], 4) == [CancelPending, Earn]
    assert set(ledger.state(ACCOUNT).lots) == {"ref:friends:bob:advocate/0", "ref:friends:bob:advocate:2/0"}
    assert ledger.balance(ACCOUNT, 5 * DAY).pending == 300
    assert post(ledger, [again], 5) == []


def test_what_was_partly_taken_by_hand_is_taken_to_the_end() -> None:
    """Only what is left of a grant is taken back."""
    ledger = Ledger()
    post(ledger, [reward()], 1)
    ledger.post(CancelPending(key="by hand", account=ACCOUNT, at=2 * DAY, lot="ref:friends:bob:advocate/0", amount=100))
    assert post(ledger, [reward()], 3) == []
    assert post(ledger, [reward(status=ReferralState.REJECTED)], 3) == [CancelPending]
    assert ledger.balance(ACCOUNT, 3 * DAY).pending == 0


def test_other_units_and_codes_are_not_of_this_account() -> None:
    """The commands of one account speak of its unit only."""
    other = reward(what=UnitsReward(Unit("stars"), 5))
    code = reward(what=CodeReward("welcome"), status=ReferralState.REWARDED)
    assert commands([other, code], Ledger().state(ACCOUNT), DAY) == []


def test_validity_counts_from_the_vesting() -> None:
    """As the reward says."""
    ledger = Ledger()
    post(ledger, [reward(what=UnitsReward(PTS, 300, Lasts(span=days(30))))], 1)
    assert ledger.balance(ACCOUNT, (HOLD + 30) * DAY - 1).available == 300
    assert ledger.balance(ACCOUNT, (HOLD + 30) * DAY).available == 0


@pytest.mark.parametrize(
    ("what", "parts", "due"),
    [
        (UnitsReward(PTS, 1), {}, True),
        (UnitsReward(PTS, 1), {"vests_at": None}, False),
        (UnitsReward(PTS, 1), {"status": ReferralState.QUALIFIED, "vests_at": None}, False),
        (UnitsReward(PTS, 1), {"status": ReferralState.ATTRIBUTED, "vests_at": None}, False),
        (UnitsReward(PTS, 1), {"status": ReferralState.REWARDED}, True),
        (UnitsReward(PTS, 1), {"status": ReferralState.CLAWED_BACK}, False),
        (CodeReward("x"), {}, False),
        (CodeReward("x"), {"status": ReferralState.REWARDED}, True),
    ],
)
def test_what_is_due(what: Any, parts: dict[str, Any], due: bool) -> None:
    """Units as soon as they are pending and nobody has to look at it, codes once they are theirs."""
    one = reward(what=what, **parts)
    assert one.is_due is due
    assert (one.amount, one.code) == ((1, None) if isinstance(what, UnitsReward) else (None, "x"))


def test_a_key_is_unique_and_short_enough() -> None:
    """A friend with a very long id has a key, too; sides and numbers never meet."""
    assert reward_key("friends", "bob", Side.FRIEND) == "ref:friends:bob:friend"
    names = ["bob", "bob:friend", "bob:friend:2", "x" * 120, "x" * 121, "x" * 200]
    keys = [reward_key("p" * 40, name, side) for name in names for side in Side]
    assert len(set(keys)) == len(keys)
    assert all(len(f"{key}:99:void/0") <= 200 for key in keys)


DAYS = st.lists(st.integers(0, 100), max_size=12)
LIMITS = st.builds(
    RewardLimits,
    day=st.none() | st.integers(0, 3),
    month=st.none() | st.integers(0, 4),
    lifetime=st.none() | st.integers(0, 8),
)


@given(DAYS, LIMITS, st.randoms(use_true_random=False))
def test_ref_cap_no_window_has_more_than_its_limit(given_days: list[int], limits: RewardLimits, rng: Any) -> None:
    """REF-CAP: counted by hand for every day and month; whoever was refused would have been one too many."""
    rewards = [reward(f"f{number}", day) for number, day in enumerate(given_days)]
    where = zone("Pacific/Auckland")
    found = limited(rng.sample(rewards, len(rewards)), limits, where)
    assert found == limited(rewards, limits, where)
    kept: list[Any] = []
    for one in sorted(found, key=lambda each: (each.effective_at, each.friend)):
        local = to_utc(one.effective_at or 0).astimezone(where)
        full = {
            "limit_day": limits.day is not None and sum(k.date() == local.date() for k in kept) >= limits.day,
            "limit_month": limits.month is not None
            and sum((k.year, k.month) == (local.year, local.month) for k in kept) >= limits.month,
            "limit_lifetime": limits.lifetime is not None and len(kept) >= limits.lifetime,
        }
        if any(full.values()):
            assert one.status is ReferralState.REJECTED
            assert full[str(one.reason)]
        else:
            assert one.is_due
            kept.append(local)


def test_what_was_taken_back_frees_its_place() -> None:
    """And what has no order takes none."""
    one, two = reward("a", 1, status=ReferralState.REJECTED), reward("b", 2)
    waiting = reward("c", effective_at=None, vests_at=None, status=ReferralState.ATTRIBUTED)
    assert limited([two, one, waiting], RewardLimits(lifetime=1), zone("UTC")) == [waiting, one, two]


@pytest.mark.parametrize("limit", [-1, 1.5, True, "1"])
def test_a_limit_is_a_whole_number(limit: Any) -> None:
    """Or None."""
    with pytest.raises(DefinitionError, match="month"):
        RewardLimits(month=limit)


def test_rewards_are_checked_where_they_are_written() -> None:
    """No units, no name."""
    with pytest.raises(LedgerError, match="amount"):
        UnitsReward(PTS, 0)
    with pytest.raises(DefinitionError, match="promotion"):
        CodeReward("")
