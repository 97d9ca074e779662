"""The laws of referrals bite: each planted fault is found by the stories and their oracle.

X38 is numbered as in the design notes and stands for three faults; the others are ours.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from retention_engine import facts as f
from retention_engine.clubs import referred
from retention_engine.clubs.friend_orders import Purchase
from retention_engine.clubs.referrals import ReferralProgramme
from retention_engine.engine import referring
from retention_engine.facts.telling import told
from retention_engine.loyalty.referrals import ReferralState, Reward, rewards, standing
from tests.engine._referral_oracle import check

Patch = pytest.MonkeyPatch
STORIES = 400


def paid_at_registration(patch: Patch) -> None:
    """X38a: the reward is theirs at the sign-up, before any money came."""
    sound = referred._rewards

    def made(programme: Any, one: Any, case: Any, *, at: int) -> list[Reward]:
        at_once = {"status": ReferralState.REWARDED, "effective_at": one.at, "vests_at": one.at, "reason": None}
        found = sound(programme, one, case, at=at)
        return found if case.refused else [evolve(each, order="o", **at_once) for each in found]

    patch.setattr(referred, "_rewards", made)


def second_touch_wins(patch: Patch) -> None:
    """X38b: whoever was touched last has the credit."""
    sound = referring.attribution
    patch.setattr(referring, "attribution", lambda programme, *rest: sound(evolve(programme, last_touch=True), *rest))


def no_circle_check(patch: Patch) -> None:
    """X38c: two may bring each other."""
    patch.setattr(referring._Desk, "_ancestors", lambda *_: set())


def own_links_count(patch: Patch) -> None:
    """Whoever comes by their own link gets both rewards."""
    sound = referring._Desk.looked_at

    def looked_at(self: Any, programme: Any, touch: Any, pending: Any) -> Any:
        found = sound(self, programme, touch, pending)
        return (found[0], None) if found and found[1] == "own_token" else found

    patch.setattr(referring._Desk, "looked_at", looked_at)


def changes_are_not_told(patch: Patch) -> None:
    """The advocate hears of orders, but not that they are paid later or cancelled."""
    sound = told
    silent = (f.OrderPaid, f.OrderCancelled)
    patch.setattr(referring, "told", lambda one, cause: None if isinstance(cause, silent) else sound(one, cause))


def refunds_change_nothing(patch: Patch) -> None:
    """A refunded order still brings the reward (AffiliateWP#2602)."""
    sound = referred.purchases
    patch.setattr(referred, "purchases", lambda *told: [evolve(each, refunds=()) for each in sound(*told)])


def hold_is_too_long(patch: Patch) -> None:
    """What is lost at the very end of the hold counts as lost in time."""
    sound = standing.settle
    patch.setattr(referred, "settle", lambda case, *, window, hold: sound(case, window=window, hold=hold + 1))


def window_is_closed(patch: Patch) -> None:
    """An order of the last instant counts, and one a microsecond later."""
    sound = standing.settle
    patch.setattr(referred, "settle", lambda case, *, window, hold: sound(case, window=window + 1, hold=hold))


def old_customers_count(patch: Patch) -> None:
    """Whoever bought before is brought all the same."""
    patch.setattr(Purchase, "was_bought", lambda *_: False)


def doubts_do_not_wait(patch: Patch) -> None:
    """What has to be looked at is paid out anyway."""
    patch.setattr(standing, "_vesting", lambda case, matures: matures)


def one_person_is_two(patch: Patch) -> None:
    """A common e-mail address is no objection."""
    sound = referred._case
    patch.setattr(referred, "_case", lambda *given: evolve(sound(*given), objections=()))


def nearness_is_ignored(patch: Patch) -> None:
    """One device counts however long apart."""
    patch.setattr(referring, "_counts", lambda *_: True)


def any_order_counts(patch: Patch) -> None:
    """The least amount is not asked for."""
    patch.setattr(ReferralProgramme, "fits", lambda *_: True)


def granted_and_kept(patch: Patch) -> None:
    """A pending reward is not taken back."""
    sound = rewards.commands
    kept = lambda *given: [one for one in sound(*given) if one.KIND != "cancel_pending"]  # noqa: E731 - a fault in a line
    patch.setattr(referred, "commands", kept)


def bans_are_forgotten(patch: Patch) -> None:
    """A banned advocate is paid."""
    patch.setattr(referred, "_banned_at", lambda *_: None)


def only_paid_once(patch: Patch) -> None:
    """An order that is paid again is nothing (wpswings#111)."""
    sound = referred.purchases
    patch.setattr(referred, "purchases", lambda *told: list(sound(*told))[:1])


FAULTS: list[Callable[[Patch], None]] = [
    paid_at_registration,
    second_touch_wins,
    no_circle_check,
    own_links_count,
    changes_are_not_told,
    refunds_change_nothing,
    hold_is_too_long,
    window_is_closed,
    old_customers_count,
    doubts_do_not_wait,
    one_person_is_two,
    nearness_is_ignored,
    any_order_counts,
    granted_and_kept,
    bans_are_forgotten,
    only_paid_once,
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_planted_fault_is_found(fault: Callable[[Patch], None], monkeypatch: Patch) -> None:
    """Within four hundred stories."""
    fault(monkeypatch)
    with pytest.raises(AssertionError):
        _tell(STORIES)


def _tell(stories: int) -> None:
    for seed in range(stories):
        check(random.Random(seed))
