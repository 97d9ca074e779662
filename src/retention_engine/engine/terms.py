"""What a walk through one customer's time is given, and what comes out of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from attrs import frozen

from retention_engine.actions import Decision
from retention_engine.clubs.giving import Giver, NoCodes
from retention_engine.engine.plan import Plan
from retention_engine.facts import (
    AchievementCompleted,
    CodeIssued,
    CodeRevoked,
    Fact,
    LedgerPosted,
    LedgerRefused,
    LevelReached,
    MessageSent,
)

_NO_CODES = NoCodes()
OURS = (MessageSent, LedgerPosted, LedgerRefused, CodeIssued, CodeRevoked, LevelReached, AchievementCompleted)
"""Facts that come of what rules do."""
CLUB = ""
"""Among the launch instants: that of the club; no rule is called so."""


@frozen(kw_only=True)
class Terms:
    """What a walk is done under.

    Attributes:
        plan: the rules.
        launches: rule id -> instant after which its occasions count, microseconds UTC.
        zone: the shop's zone.
        lateness: how long after it was due an occasion may still become known, microseconds.
        giver: registers the codes that rules and referrals give.
        echo: the fact that a decided message makes by itself, such as that it was sent; for backtests.
    """

    plan: Plan
    launches: Mapping[str, int]
    zone: str
    lateness: int
    echo: Callable[[Decision], Fact] | None = None
    giver: Giver = _NO_CODES


@frozen(kw_only=True)
class Subject:
    """One customer as the store knows them.

    Attributes:
        facts: theirs, by (effective, at, id).
        news: facts about the catalogue that may concern them, in the same order.
        decisions: the journal about them, in its order.
    """

    customer: str
    facts: Sequence[Fact]
    news: Sequence[Fact] = ()
    decisions: Sequence[Decision] = ()


@frozen
class Walked:
    """The outcome of a walk.

    Attributes:
        decisions: in the order they were made.
        wake: the next instant after the end of the walk at which something may be due; None: only a fact can change it.
        echoes: facts made by ``Terms.echo``, to be recorded with the decisions.
    """

    decisions: list[Decision]
    wake: int | None
    echoes: list[Fact]
