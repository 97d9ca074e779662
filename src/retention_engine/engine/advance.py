"""What an advance gives back."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from retention_engine.actions import Action, Decision


@frozen
class Advance:
    """What an advance decided; iterating gives the due actions.

    Attributes:
        to: the instant advanced to, microseconds UTC.
        decisions: by (instant, customer), those of one customer in the order they were made.
        evaluated: how many customers were looked at.
        stopped: the rules that the blast guard stopped at the end of it.
    """

    to: int
    decisions: list[Decision]
    evaluated: int
    stopped: tuple[str, ...] = ()

    @property
    def actions(self) -> list[Action]:
        """The due actions, in the order of their decisions."""
        return [decision.action for decision in self.decisions if decision.action is not None]

    def __iter__(self) -> Iterator[Action]:
        """Return the due actions."""
        return iter(self.actions)

    def __len__(self) -> int:
        """Return the number of due actions."""
        return len(self.actions)
