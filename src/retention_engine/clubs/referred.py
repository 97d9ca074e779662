"""What a referral programme means for one customer, who is a friend, an advocate or both: cases, rewards, steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from attrs import evolve

from retention_engine.clubs.friend_orders import purchases
from retention_engine.clubs.referrals import ReferralProgramme
from retention_engine.facts import (
    AdvocateBanned,
    Fact,
    FriendJoined,
    FriendJudged,
    ReferralAttributed,
    ReferralCovered,
    ReferralJudged,
)
from retention_engine.loyalty import Command, State
from retention_engine.loyalty.referrals import (
    Case,
    CodeReward,
    Objection,
    ReferralState,
    Reward,
    Side,
    Standing,
    commands,
    limited,
    reward_key,
    settle,
)
from retention_engine.state import History, referral_of
from retention_engine.timing import EARLIEST, zone
from retention_engine.view import View


def rewards(programme: ReferralProgramme, history: History, at: int) -> list[Reward]:
    """Return what a customer gets, or would get, for being brought and for every friend brought, at an instant."""
    found = []
    for one, case in own_referral(programme, history):
        found += _rewards(programme, one, case, at=at)
    brought = [
        each for one, case in friends_brought(programme, history) for each in _rewards(programme, one, case, at=at)
    ]
    banned_at = _banned_at(programme, history)
    if banned_at is not None:
        brought = [_without(one, banned_at) for one in brought]
    return found + limited(brought, programme.limits, zone(programme.zone))


def reward_commands(
    programme: ReferralProgramme, view: View, state: State, *, since: int = EARLIEST - 1
) -> list[Command]:
    """Return what an account of the customer lacks, or has too much, of the rewards; repeated, nothing more.

    Args:
        since: what was earned up to this instant is history and brings nothing.
    """
    found = rewards(programme, view.history, view.now)
    return commands([one for one in found if one.effective_at is None or one.effective_at > since], state, view.now)


def referred_steps(
    programme: ReferralProgramme, history: History, at: int, where: ZoneInfo
) -> list[tuple[int, str | None]]:
    """Return where the customer's own referral stands from an instant on, if nothing more is said; None: nowhere."""
    for _, case in own_referral(programme, history):
        return [(when, str(state)) for when, state in standing_of(programme, case).steps(at)]
    return [(at, None)]


def friends_steps(
    programme: ReferralProgramme, history: History, at: int, *, state: ReferralState
) -> list[tuple[int, int]]:
    """Return how many referrals of the customer's friends stand in a state, from an instant on."""
    standings = [standing_of(programme, case) for _, case in friends_brought(programme, history)]
    edges = {at} | {when for one in standings for when, _ in one.steps(at)}
    counts = [(edge, sum(one.at(edge) is state for one in standings)) for edge in sorted(edges)]
    return [step for place, step in enumerate(counts) if not place or counts[place - 1][1] != step[1]]


Joining = ReferralAttributed | FriendJoined


def _friend(one: Joining) -> str:
    return one.friend if isinstance(one, FriendJoined) else str(one.customer)


def own_referral(programme: ReferralProgramme, history: History) -> Iterator[tuple[Joining, Case]]:
    """Yield the customer's own referral, if there is one."""
    told = referral_of(history, programme.id).facts.values()
    for one in told:
        if isinstance(one, ReferralAttributed):
            drafts = (draft for (subject, _), draft in history.drafts.items() if subject == "order")
            mine: list[ReferralJudged | ReferralCovered] = [each for each in told if isinstance(each, ReferralJudged)]
            covers = (each for each in told if isinstance(each, ReferralCovered))
            mine += [each for each in covers if each.friend == history.customer]
            yield one, _case(programme, one, [draft.facts.values() for draft in drafts], mine)


def friends_brought(programme: ReferralProgramme, history: History) -> Iterator[tuple[Joining, Case]]:
    """Yield the referrals of the customer's friends, by id of the fact."""
    draft = referral_of(history, programme.id)
    placed: dict[str, list[Iterable[Fact]]] = {}
    for (friend, _), facts in draft.orders.items():
        placed.setdefault(friend, []).append(facts.values())
    said: dict[str, list[Any]] = {}
    for one in draft.facts.values():
        if isinstance(one, FriendJudged | ReferralCovered):
            said.setdefault(one.friend, []).append(one)
    for _, one in sorted(draft.facts.items()):
        if isinstance(one, FriendJoined):
            yield one, _case(programme, one, placed.get(one.friend, []), said.get(one.friend, []))


def _case(
    programme: ReferralProgramme,
    one: Joining,
    told: list[Iterable[Fact]],
    said: Sequence[ReferralJudged | FriendJudged | ReferralCovered],
) -> Case:
    """Return everything said about a referral, whichever side it was said to.

    Args:
        told: the facts of each order of the friend.
    """
    covers = [each for each in said if isinstance(each, ReferralCovered)]
    judged = [each for each in said if not isinstance(each, ReferralCovered)]
    bought = [each for facts in told for each in purchases(facts, covers)]
    refused = one.refused
    if refused is None and any(each.was_bought(one.touched_at) for each in bought):
        refused = "has_ordered"
    later = [each for each in bought if each.paid_at >= one.touched_at]
    approved_at, rejected_at = _reviews(judged)
    same = [(each.at, each.verdict, each.verdict.removeprefix("same_")) for each in judged]
    objections = [Objection(at, code) for at, code, sort in same if sort in programme.guards.reject_same]
    if rejected_at is not None:
        objections.append(Objection(rejected_at, "review", final=True))
    doubts = [at for at, _, sort in same if sort in programme.guards.review_same]
    return Case(
        touched_at=one.touched_at,
        refused=refused,
        deals=tuple(each.deal(programme) for each in later),
        objections=tuple(sorted(objections)),
        doubts=tuple(sorted([*doubts, *([one.at] if one.flags else [])])),
        approved_at=approved_at,
    )


def _reviews(judged: Sequence[ReferralJudged | FriendJudged]) -> tuple[int | None, int | None]:
    """Return when it was approved first, and since when it is rejected, if that is the latest word.

    What was somebody's already is not less so because it is approved again: later approvals move nothing.
    """
    words = sorted((each.at, each.verdict) for each in judged if each.verdict in ("approved", "rejected"))
    approved = next((at for at, verdict in words if verdict == "approved"), None)
    rejected = None
    for at, verdict in words:
        rejected = None if verdict == "approved" else at if rejected is None else rejected
    return approved, rejected


def standing_of(programme: ReferralProgramme, case: Case) -> Standing:
    """Return where a referral stands, now and later."""
    return settle(case, window=programme.window.micros, hold=programme.hold.micros)


def _rewards(programme: ReferralProgramme, one: Joining, case: Case, *, at: int) -> list[Reward]:
    side, what = Side.FRIEND, programme.friend
    if isinstance(one, FriendJoined):
        side, what = Side.ADVOCATE, programme.advocate
    if what is None:
        return []
    stands = standing_of(programme, case)
    reward = Reward(
        key=reward_key(programme.id, _friend(one), side),
        side=side,
        friend=_friend(one),
        what=what,
        order=stands.order,
        effective_at=stands.paid_at,
        vests_at=stands.vests_at,
        status=stands.at(at),
        reason=stands.reason,
        source=one.source,
        flagged=bool(case.doubts),
    )
    at_once = isinstance(what, CodeReward) and side is Side.FRIEND
    return [_at_once(reward, case, one.at) if at_once else reward]


def _at_once(reward: Reward, case: Case, signed_up: int) -> Reward:
    """Return the reward of a friend who gets it at the sign-up, for the order to come."""
    bar = case.refused or next((each.reason for each in case.objections), None)
    theirs = case.approved_at if case.doubts else signed_up
    status = ReferralState.QUALIFIED if theirs is None else ReferralState.REWARDED
    made = evolve(reward, order=None, effective_at=signed_up, vests_at=theirs, status=status, reason=None)
    return made if bar is None else made.refused(bar)


def _banned_at(programme: ReferralProgramme, history: History) -> int | None:
    told = referral_of(history, programme.id).facts.values()
    words = sorted((each.at, each.id, each.banned) for each in told if isinstance(each, AdvocateBanned))
    return words[-1][0] if words and words[-1][2] else None


def _without(reward: Reward, banned_at: int) -> Reward:
    over = reward.status in (ReferralState.REJECTED, ReferralState.CLAWED_BACK, ReferralState.EXPIRED)
    return (
        reward if over or (reward.vests_at is not None and reward.vests_at <= banned_at) else reward.refused("banned")
    )
