"""What counts for a level, what was given by hand, and the standing that follows."""

from __future__ import annotations

from attrs import field, frozen

from retention_engine.errors import LedgerError, shown
from retention_engine.loyalty.tiers.programme import Level


@frozen
class Contribution:
    """An amount that counts for a level: of an order, or (negative) of its refund.

    Attributes:
        known_at: when we learned it.
        placed_at: the instant of the original order: it says in which window the amount counts.
        amount: more or less.
        counts_from: when its return window closes; None: not yet known.
    """

    known_at: int
    placed_at: int
    amount: int = field()
    counts_from: int | None = None

    @amount.validator
    def _check(self, _: object, value: object) -> None:
        if type(value) is not int:
            raise LedgerError(f"an amount that counts is a whole number, not {shown(value)}", code="bad_amount")
        if self.placed_at > self.known_at:
            message = f"an order of {self.placed_at} cannot be known at {self.known_at}, before it was placed"
            raise LedgerError(message, code="bad_window")


@frozen
class Overlay:
    """A level given by hand: a floor for a while, under which the earned level goes its own way.

    Attributes:
        level: its name; one that the programme has not gives nothing.
        since: from when on.
        until: to when, exclusive; None: without end.
        ended: when it was taken back, if it was.
    """

    level: str
    since: int
    until: int | None = None
    ended: int | None = None
    reason: str = ""


@frozen
class Standing:
    """What a customer has and needs, from an instant on.

    Attributes:
        level: the one in force.
        earned: the one below what was given by hand.
        since: when ``level`` began to be in force.
        valid_until: when ``earned`` is reviewed; None: never.
        grace_until: when the grace that follows a failed review is over; None: there is none.
        to_next: what is missing to the level above; None at the top.
        to_keep: what is missing to keep ``earned`` at the next review; None: there is none.
        metric: what counts in the window of this instant.
    """

    level: Level
    earned: Level
    since: int
    valid_until: int | None
    grace_until: int | None
    to_next: int | None
    to_keep: int | None
    metric: int

    @property
    def in_grace(self) -> bool:
        """Whether a review failed and the level is about to be lost."""
        return self.grace_until is not None

    @property
    def review_at(self) -> int | None:
        """When it is decided again whether ``earned`` stays."""
        return self.valid_until if self.grace_until is None else self.grace_until


@frozen
class Reached:
    """A level was reached by what counts; the period is the window that gave it, by its first local date."""

    at: int
    level: Level
    period: str
