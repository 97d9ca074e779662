"""How long the ways through nested steps take, and what is done on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import frozen

from retention_engine.rules.acts import Do
from retention_engine.rules.steps import Branch, Split, Step
from retention_engine.rules.waits import Delay, WaitFor, WaitUntil
from retention_engine.timing import DAY

_LONGEST_WAIT = {"daily": 2 * DAY, "weekly": 9 * DAY, "monthly": 33 * DAY}
"""Until the next instant of a schedule, a date that a zone skips included."""


@frozen
class Met:
    """An action on some way.

    Attributes:
        step: the action.
        least: how much time has passed at least, microseconds.
        waited: whether a wait may lie before it.
    """

    step: Do
    least: int
    waited: bool


def sequences(steps: Sequence[Step]) -> Iterator[Sequence[Step]]:
    """Yield the steps, and the steps of each path inside them."""
    yield steps
    for step in steps:
        for _, path in step.paths() if isinstance(step, Branch | Split) else ():
            yield from sequences(path)


def lasting(steps: Sequence[Step]) -> tuple[int, int]:
    """Return how long steps take at least and at most, microseconds."""
    each = [_lasting(step) for step in steps]
    return sum(least for least, _ in each), sum(most for _, most in each)


def _lasting(step: Step) -> tuple[int, int]:
    match step:
        case Delay():
            return step.span.micros, step.span.micros
        case WaitFor():
            return 0, step.timeout.micros
        case WaitUntil():
            return 0, _LONGEST_WAIT[step.schedule.unit]
        case Branch() | Split():
            paths = [lasting(path) for _, path in step.paths()]
            return min(least for least, _ in paths), max(most for _, most in paths)
    return 0, 0


def acts(steps: Sequence[Step], least: int = 0, *, waited: bool = False) -> Iterator[Met]:
    """Yield every action, in reading order."""
    for step in steps:
        if isinstance(step, Do):
            yield Met(step, least, waited)
        for _, path in step.paths() if isinstance(step, Branch | Split) else ():
            yield from acts(path, least, waited=waited)
        shortest, longest = _lasting(step)
        least, waited = least + shortest, waited or longest > 0
