"""Rewards of referrals: what each side gets, how many an advocate may have, and the commands the ledger is owed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from attrs import evolve, field, frozen

from retention_engine.errors import DefinitionError, shown
from retention_engine.keys import fingerprint
from retention_engine.loyalty.granting import CancelPending, Earn, Reverse
from retention_engine.loyalty.lots import Bucket
from retention_engine.loyalty.referrals.standing import ReferralState
from retention_engine.loyalty.state import State
from retention_engine.loyalty.timeline import advance
from retention_engine.loyalty.units import Unit, valid_amount
from retention_engine.loyalty.validity import Validity, lasting
from retention_engine.loyalty.work import Command
from retention_engine.timing import period_of
from retention_engine.typed import typed
from retention_engine.values import is_printable

_LONGEST_NAME = 120  # leaves room in a key for programme, side and number


class Side(StrEnum):
    """Whose reward. Codes are stored and never renamed."""

    ADVOCATE = "advocate"
    """Who invites."""
    FRIEND = "friend"
    """Who comes."""


@frozen(field_transformer=typed)
class UnitsReward:
    """A reward of units, pending until the order cannot be returned any more.

    Attributes:
        validity: how long they may be spent from then on; None: for ever.
    """

    unit: Unit
    amount: int = field(validator=valid_amount)
    validity: Validity = field(default=None, converter=lasting)


@frozen
class CodeReward:
    """A promo code: the friend gets it at the sign-up, for the order to come; the advocate once that is settled."""

    promotion: str = field()

    @promotion.validator
    def _check_promotion(self, _: object, value: object) -> None:
        if not is_printable(value):
            raise DefinitionError(f"promotion is a printable text of 1 to 200 characters, not {shown(value)}")


def _check_limit(_: Any, attribute: Any, value: Any) -> None:
    if value is not None and (type(value) is not int or value < 0):
        raise DefinitionError(f"{attribute.name} is None or a whole number from 0, not {shown(value)}")


@frozen(kw_only=True)
class RewardLimits:
    """The most rewards of one advocate, by the instant at which the friends paid; the friends get theirs all the same.

    What was taken back frees its place.
    """

    day: int | None = field(default=None, validator=_check_limit)
    month: int | None = field(default=None, validator=_check_limit)
    lifetime: int | None = field(default=None, validator=_check_limit)


@frozen(kw_only=True)
class Reward:
    """What one side of a referral gets, or would.

    Attributes:
        key: ``ref:{programme}:{friend}:{side}``.
        friend: whose referral.
        what: the units or the code.
        order: the order that earned it, None: not yet, or it needs none.
        effective_at: when it was earned: the order was paid, or the friend signed up.
        vests_at: when it is theirs; None: not before somebody has looked at it.
        status: where it stands at the instant asked about.
        reason: the code of why there is none.
        source: the id of the place where the link was shared.
        flagged: something had to be looked at.
    """

    key: str
    side: Side
    friend: str
    what: UnitsReward | CodeReward
    order: str | None = None
    effective_at: int | None = None
    vests_at: int | None = None
    status: ReferralState
    reason: str | None = None
    source: str | None = None
    flagged: bool = False

    @property
    def is_due(self) -> bool:
        """Whether it has to be given by now: units as pending ones, a code when it is theirs."""
        if self.status is ReferralState.PENDING:
            return self.vests_at is not None and isinstance(self.what, UnitsReward)
        return self.status is ReferralState.REWARDED

    @property
    def amount(self) -> int | None:
        """The units, None when it is a code."""
        return self.what.amount if isinstance(self.what, UnitsReward) else None

    @property
    def code(self) -> str | None:
        """The promotion of the code, None when it is units."""
        return self.what.promotion if isinstance(self.what, CodeReward) else None

    def refused(self, reason: str) -> Reward:
        """Return the same without a reward."""
        return evolve(self, status=ReferralState.REJECTED, reason=reason)


_TAKES_A_PLACE = (ReferralState.PENDING, ReferralState.QUALIFIED, ReferralState.REWARDED)


def reward_key(programme: str, friend: str, side: Side) -> str:
    """Return the key of a reward: one for each side of a referral."""
    short = friend if len(friend) <= _LONGEST_NAME else fingerprint(friend)
    return f"ref:{programme}:{short}:{side}"


def limited(rewards: Iterable[Reward], limits: RewardLimits, where: ZoneInfo) -> list[Reward]:
    """Return the rewards of an advocate with those refused that are over a limit, by (instant, friend)."""
    kept: list[int] = []
    found = []
    for one in sorted(rewards, key=lambda each: (each.effective_at or 0, each.friend)):
        if one.effective_at is not None and one.status in _TAKES_A_PLACE:
            over = _over(kept, one.effective_at, limits, where)
            if over is None:
                kept.append(one.effective_at)
            found.append(one if over is None else one.refused(over))
        else:
            found.append(one)
    return found


def _over(kept: list[int], at: int, limits: RewardLimits, where: ZoneInfo) -> str | None:
    for name in ("day", "month"):
        limit, (start, end) = getattr(limits, name), period_of(name, at, where)
        if limit is not None and sum(start <= one < end for one in kept) >= limit:
            return f"limit_{name}"
    return "limit_lifetime" if limits.lifetime is not None and len(kept) >= limits.lifetime else None


def commands(rewards: Iterable[Reward], state: State, at: int) -> list[Command]:
    """Return what an account of one side lacks, or has too much, of its rewards; nothing when it is as it should be.

    Only units of the account count. A reward that was taken back and is due again, for another order, has the number
    of the grant behind its key.
    """
    units = [(one, one.what) for one in rewards if isinstance(one.what, UnitsReward)]
    ours = [(one, what) for one, what in units if what.unit == state.account.unit]
    now = advance(state, at) if ours else state
    return [each for one, what in ours for each in _owed(one, what, now, at)]


def _owed(one: Reward, what: UnitsReward, state: State, at: int) -> Iterator[Command]:
    source = f"referral:{fingerprint(one.order or '')}"
    common: dict[str, Any] = {"account": state.account, "at": at, "reason": one.reason or f"referral of {one.friend}"}
    number, granted = 1, False
    while (lot := f"{(key := _numbered(one.key, number))}/0") in state.lots:
        stock, number = state.lots[lot], number + 1
        left = stock.lot.issued - state.grants[lot].reversed
        if not left:
            continue
        if one.is_due and stock.lot.source == source:
            granted = True
        elif stock[Bucket.PENDING] >= left:
            yield CancelPending(key=f"{key}:void", lot=lot, amount=left, **common)
        else:
            yield Reverse(key=f"{key}:back", lot=lot, amount=left, **common)
    if one.is_due and not granted:
        times: dict[str, Any] = {"effective_at": min(one.effective_at or at, at), "vests_at": one.vests_at}
        yield Earn(key=key, amount=what.amount, source=source, validity=what.validity, **times, **common)


def _numbered(key: str, number: int) -> str:
    return key if number == 1 else f"{key}:{number}"
