"""What an expression may ask of a customer's membership, as steps in time without new facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from zoneinfo import ZoneInfo

from attrs import frozen

from retention_engine.clubs.achievements import achievement_steps, mission_progress
from retention_engine.clubs.books import account_state
from retention_engine.clubs.games import streak_length_steps, streak_risk_steps
from retention_engine.clubs.own_codes import expiring_codes, held_codes, usable_codes
from retention_engine.clubs.referred import referred_steps
from retention_engine.clubs.tiers import tier_steps
from retention_engine.errors import LedgerError
from retention_engine.loyalty import Account, State, balance_steps, expiring_steps, vesting_steps
from retention_engine.loyalty.tiers import Standing, review_within
from retention_engine.state import History, Steps
from retention_engine.timing import Span


@frozen
class Asked:
    """One question: what is declared under its first argument, the customer, the instant, their zone and the shop's."""

    about: Any
    arguments: tuple[Any, ...]
    history: History
    at: int
    where: ZoneInfo
    shop: ZoneInfo

    @property
    def span(self) -> Span:
        """The second argument."""
        found: Span = self.arguments[1]
        return found


def _account(asked: Asked) -> State:
    programme = asked.about
    account = Account(programme.id, programme.unit, asked.history.customer)
    try:
        return account_state(asked.history, account)
    except LedgerError:  # what cannot be read has nothing: ``verify`` tells of it, and the shop goes on
        return State(account=account)


def _balance(what: str) -> Callable[[Asked], Steps]:
    return lambda asked: list(balance_steps(_account(asked), what))


def _standing(read: Callable[[Any, Standing], Any]) -> Callable[[Asked], Steps]:
    def steps(asked: Asked) -> Steps:
        found = tier_steps(asked.about, asked.history, asked.at, asked.where)
        return _told((at, read(asked.about, standing)) for at, standing in found)

    return steps


def _told(steps: Iterable[tuple[int, Any]]) -> Steps:
    """Return the steps at which the value is another one."""
    found: Steps = []
    for at, value in steps:
        if not found or found[-1][1] != value:
            found.append((at, value))
    return found


def _review(asked: Asked) -> Steps:
    return list(review_within(tier_steps(asked.about, asked.history, asked.at, asked.where), asked.span))


def _achievement(asked: Asked) -> Steps:
    found = achievement_steps(asked.about, asked.history, asked.at, asked.where)
    return _told((at, standing.status.value) for at, standing in found)


def _progress(asked: Asked) -> Steps:
    found = achievement_steps(asked.about, asked.history, asked.at, asked.where)
    return _told((at, standing.progress) for at, standing in found)


def _mission(asked: Asked) -> Steps:
    found = mission_progress(asked.about, asked.history, asked.at, asked.where)
    return _told((at, standing.status.value) for at, standing in found)


ANSWERS: dict[str, tuple[str, Callable[[Asked], Steps]]] = {
    "achievement": ("achievements", _achievement),
    "balance": ("programmes", _balance("available")),
    "codes": (
        "promotions",
        lambda asked: usable_codes(asked.about, asked.history, asked.at, asked.where, shop=asked.shop),
    ),
    "codes_expiring": ("promotions", lambda asked: expiring_codes(asked.about, asked.span, asked.history, asked.at)),
    "codes_held": ("promotions", lambda asked: held_codes(asked.about, asked.history, asked.at)),
    "debt": ("programmes", _balance("debt")),
    "expiring": ("programmes", lambda asked: list(expiring_steps(_account(asked), asked.span))),
    "held": ("programmes", _balance("held")),
    "in_grace": ("tiers", _standing(lambda _, standing: standing.in_grace)),
    "mission": ("missions", _mission),
    "pending": ("programmes", _balance("pending")),
    "progress": ("achievements", _progress),
    "referred": (
        "referrals",
        lambda asked: list(referred_steps(asked.about, asked.history, asked.at, asked.where)),
    ),
    "review_due": ("tiers", _review),
    "streak": (
        "streaks",
        lambda asked: list(streak_length_steps(asked.about, asked.history, asked.at, asked.where)),
    ),
    "streak_at_risk": (
        "streaks",
        lambda asked: list(streak_risk_steps(asked.about, asked.history, asked.at, asked.where, lead=asked.span)),
    ),
    "tier": ("tiers", _standing(lambda _, standing: standing.level.name)),
    "tier_rank": ("tiers", _standing(lambda tiers, standing: tiers.programme.index(standing.level.name))),
    "to_keep": ("tiers", _standing(lambda _, standing: standing.to_keep)),
    "to_next": ("tiers", _standing(lambda _, standing: standing.to_next)),
    "vesting": ("programmes", lambda asked: list(vesting_steps(_account(asked), asked.span))),
}
"""Name of a quantity -> which of the club's declarations its first argument names, and how it is answered."""
