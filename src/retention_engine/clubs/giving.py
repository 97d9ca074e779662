"""Codes that friends and who brought them are owed: what has to be given, and taken back, by an instant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from retention_engine.clubs.referrals import ReferralProgramme
from retention_engine.clubs.referred import rewards
from retention_engine.facts import Fact
from retention_engine.loyalty.referrals import CodeReward, Reward
from retention_engine.state import codes_known
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
    """Return the codes that rewards still need, or need no more; only of what came about after ``since``."""
    if not referrals:
        return Owed((), (), NEVER)
    found = [
        one for programme in referrals for one in _code_rewards(programme, view) if (one.effective_at or 0) > since
    ]
    known = codes_known(view.history)
    given = {fact.occasion: code for code, fact in known.issued.items()}
    due = {one.key: one.code for one in found if one.is_due and one.code is not None}
    lost = [given[one.key] for one in found if one.key in given and one.key not in due]
    return Owed(
        give=tuple((promotion, key) for key, promotion in due.items() if key not in given),
        take_back=tuple(code for code in lost if code not in known.revoked),
        turn=min(
            (one.vests_at for one in found if one.vests_at is not None and one.vests_at > view.now), default=NEVER
        ),
    )


def _code_rewards(programme: ReferralProgramme, view: View) -> Iterator[Reward]:
    if isinstance(programme.advocate, CodeReward) or isinstance(programme.friend, CodeReward):
        yield from (one for one in rewards(programme, view.history, view.now) if one.code is not None)
