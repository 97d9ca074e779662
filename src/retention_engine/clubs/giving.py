"""Codes that friends and who brought them are owed: what has to be given, and taken back, by an instant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from retention_engine.clubs.referrals import ReferralProgramme
from retention_engine.clubs.referred import rewards
from retention_engine.facts import CodeUsed, Fact
from retention_engine.loyalty.referrals import CodeReward, Reward
from retention_engine.state import CodesKnown, codes_known
from retention_engine.timing import NEVER
from retention_engine.view import View


class Giver(Protocol):
    """Whoever registers promo codes."""

    def give(self, promotion: str, customer: str, occasion: str, *, at: int) -> Iterable[Fact]:
        """Return the fact that a customer was given a code for an occasion; none when that was done before."""
        ...

    def take_back(self, code: str, *, at: int) -> Iterable[Fact]:
        """Return the fact that a code does not count any more; none when that was done before."""
        ...


class NoCodes:
    """Gives none: codes are registered in a store."""

    def give(self, promotion: str, customer: str, occasion: str, *, at: int) -> Iterable[Fact]:
        """Return nothing."""
        return ()

    def take_back(self, code: str, *, at: int) -> Iterable[Fact]:
        """Return nothing."""
        return ()


class Owed(NamedTuple):
    """Codes of referrals at an instant.

    Attributes:
        give: (promotion, occasion).
        take_back: the codes.
        turn: when time alone may change it next.
    """

    give: tuple[tuple[str, str], ...]
    take_back: tuple[str, ...]
    turn: int


def owed_codes(referrals: Sequence[ReferralProgramme], view: View, since: int) -> Owed:
    """Return the codes that rewards still need, or need no more; only of what came about after ``since``.

    A reward has at most one code that stands. One that was taken back unused is replaced when the reward is due again,
    by a code of its own: occasions are ``key``, ``key:2``, ``key:3``. To withhold it for good, judge the referral.
    """
    if not referrals:
        return Owed((), (), NEVER)
    found = [
        one for programme in referrals for one in _code_rewards(programme, view) if (one.effective_at or 0) > since
    ]
    known = codes_known(view.history)
    used = {use.code for use in known.uses.values() if isinstance(use, CodeUsed)}
    given = _given(known)
    due = {one.key: one.code for one in found if one.is_due and one.code is not None}
    lost = [code for one in found if one.key not in due for code in given.get(one.key, ())]
    needed = [key for key in due if all(code in known.revoked and code not in used for code in given.get(key, ()))]
    return Owed(
        give=tuple((due[key], _occasion(key, len(given.get(key, ())))) for key in needed),
        take_back=tuple(code for code in lost if code not in known.revoked),
        turn=min(
            (one.vests_at for one in found if one.vests_at is not None and one.vests_at > view.now), default=NEVER
        ),
    )


def _occasion(key: str, before: int) -> str:
    """Return the occasion of a reward's next code, after so many before it."""
    return key if before == 0 else f"{key}:{before + 1}"


def _given(known: CodesKnown) -> dict[str, list[str]]:
    """Return the codes that were given for each reward, by its key."""
    found: dict[str, list[str]] = {}
    for code, fact in sorted(known.issued.items(), key=lambda each: (each[1].at, each[0])):
        key, _, number = fact.occasion.rpartition(":")
        found.setdefault(key if number.isdecimal() else fact.occasion, []).append(code)
    return found


def _code_rewards(programme: ReferralProgramme, view: View) -> Iterator[Reward]:
    if isinstance(programme.advocate, CodeReward) or isinstance(programme.friend, CodeReward):
        yield from (one for one in rewards(programme, view.history, view.now) if one.code is not None)
