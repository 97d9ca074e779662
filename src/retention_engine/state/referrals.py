"""The fold of referrals: what was said about the customer's own, and about those of the friends they brought."""

from __future__ import annotations

from typing import Any

from attrs import define, field

from retention_engine import facts as f
from retention_engine.state.history import History
from retention_engine.state.records import ReferralRecord


@define
class ReferralDraft:
    """Everything said about one programme to one customer, in whatever order it was said.

    Attributes:
        facts: links, touches, the attribution, verdicts, friends who joined, by id.
        orders: of friends, by (friend, order): the facts about it, by id.
    """

    facts: dict[str, f.Fact] = field(factory=dict)
    orders: dict[tuple[str, str], dict[str, f.Fact]] = field(factory=dict)


def fold_referral(history: History, fact: Any) -> None:
    """Keep a fact about referrals; a friend who may bring a reward is one of ``referrals``."""
    draft: ReferralDraft = history.drafts.setdefault(("referral", fact.programme), ReferralDraft())
    if isinstance(fact, f.FriendOrdered | f.FriendOrderChanged):
        draft.orders.setdefault((fact.friend, fact.order_id), {})[fact.id] = fact.original()
        return
    draft.facts[fact.id] = fact
    if isinstance(fact, f.FriendJoined) and fact.refused is None:
        history.put("referrals", ReferralRecord(fact.id, fact.at, fact.friend, fact.source))


def referral_of(history: History, programme: str) -> ReferralDraft:
    """Return what was said about a programme; not to be changed."""
    found: ReferralDraft = history.drafts.get(("referral", programme)) or ReferralDraft()
    return found
