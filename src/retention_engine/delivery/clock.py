"""The engine's clock: it never goes back, never stands still, and does not believe a wall clock that leaps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from threading import Lock
from time import monotonic_ns, time_ns

from attrs import field, frozen

from retention_engine.delivery.base import Office
from retention_engine.errors import TimeError
from retention_engine.ports import Settings
from retention_engine.timing import DAY, MINUTE, Span, days, hours, to_instant, to_text

Nanoseconds = Callable[[], int]
_MICRO = 1_000
CLOCK, RESUMED, ACCEPTED = "clock", "clock resumed", "clock accepted"
"""Settings of a store: where time got to, which wall clock was accepted, and how far behind one was."""


class Step(StrEnum):
    """What the wall clock did since the last reading."""

    NONE = "none"
    """It went on."""
    SLEW = "slew"
    """It went back a little: engine time goes on at half speed until the wall has caught up."""
    HOLD = "hold"
    """It went back far: nothing begins until it is repaired, or somebody resumes."""
    CATCH_UP = "catch_up"
    """It leapt ahead, or nobody ran for hours: what is not valid any more expires, the rest is released."""
    WAIT = "wait"
    """It leapt ahead by more than a day, or nobody ran for as long: nothing begins until somebody resumes."""
    REFUSED = "refused"
    """It leapt ahead so far that it must be wrong: nothing begins until it is repaired."""


_HELD = frozenset([Step.HOLD, Step.WAIT, Step.REFUSED])


@frozen(kw_only=True)
class Bands:
    """From which steps of the wall clock on something else is done.

    Attributes:
        slew: the longest step back that is smoothed, and the longest step ahead that is an ordinary tick.
        resume: a step ahead longer than this waits for ``resume``.
        refuse: a step ahead longer than this is refused.
    """

    slew: Span = field(default=hours(6))
    resume: Span = field(default=hours(24))
    refuse: Span = field(default=days(400))


@frozen(kw_only=True)
class Reading:
    """One look at the clock.

    Attributes:
        at: engine time, microseconds UTC.
        by: how far the wall clock is ahead of where it should be; negative: behind engine time.
    """

    at: int
    step: Step = Step.NONE
    by: int = 0

    @property
    def held(self) -> bool:
        """Whether nothing may begin."""
        return self.step in _HELD

    def __str__(self) -> str:
        """Return one line for people."""
        return f"{to_text(self.at)} ({self.step.value}, the wall clock is off by {self.by / DAY:+.2f} days)"


@frozen(kw_only=True)
class Stand:
    """Where engine time stood at a reading of the monotonic clock; all in nanoseconds."""

    at: int
    monotonic: int
    step: Step = Step.NONE
    by: int = 0


@frozen(kw_only=True)
class Known:
    """What the store knows, for all workers; in nanoseconds.

    Attributes:
        at: the latest engine time that anybody used.
        resumed: a wall clock up to here was accepted.
        accepted: a wall clock so far behind was accepted, until it has caught up.
    """

    at: int = 0
    resumed: int = 0
    accepted: int = 0


def moved(stand: Stand, wall: int, monotonic: int, known: Known, *, bands: Bands = Bands()) -> Stand:
    """Return where engine time stands at readings of both clocks: ``max(wall, before + half of what elapsed)``.

    A wall clock that is ahead by more than may be believed is not followed: time goes on at the monotonic rate.
    """
    elapsed = monotonic - stand.monotonic
    expected = max(stand.at + elapsed, known.at)
    ahead = wall - max(expected, known.resumed)
    if ahead > _MICRO * bands.resume.micros:
        step = Step.REFUSED if ahead > _MICRO * bands.refuse.micros else Step.WAIT
        return Stand(at=expected, monotonic=monotonic, step=step, by=ahead)
    floor = max(stand.at + elapsed // 2, known.at)
    if wall >= floor:
        step = Step.CATCH_UP if wall - expected > _MICRO * bands.slew.micros else Step.NONE
        return Stand(at=wall, monotonic=monotonic, step=step, by=wall - expected)
    far = floor - wall > max(_MICRO * bands.slew.micros, known.accepted)
    return Stand(at=floor, monotonic=monotonic, step=Step.HOLD if far else Step.SLEW, by=wall - floor)


class EngineClock:
    """The clock of one worker, over the store that all workers share. Thread-safe.

    Calling it reads it without the store; ``sync`` looks into the store, too, and keeps there how far time got.
    """

    def __init__(
        self,
        office: Office,
        *,
        wall: Nanoseconds = time_ns,
        monotonic: Nanoseconds = monotonic_ns,
        bands: Bands = Bands(),
    ) -> None:
        """Take the two clocks of the machine.

        Args:
            wall: nanoseconds since 1970 UTC.
            monotonic: nanoseconds since any moment; it never goes back.
        """
        self._office = office
        self._wall = wall
        self._monotonic = monotonic
        self._bands = bands
        self._stand: Stand | None = None
        self._known = Known()
        self._lock = Lock()

    @classmethod
    def of(cls, office: Office, now: Callable[[], datetime | int | str]) -> EngineClock:
        """Return a clock that goes as one function says, such as a ``ManualClock``: it counts as both clocks."""

        def read() -> int:
            return to_instant(now()) * _MICRO

        return cls(office, wall=read, monotonic=read)

    def __call__(self) -> int:
        """Return engine time, microseconds UTC."""
        return self.read().at

    def read(self) -> Reading:
        """Read the clock."""
        if self._stand is None:
            return self.sync()
        with self._lock:
            return self._look(self._stand)

    def sync(self) -> Reading:
        """Read the clock together with the other workers, and store how far time got unless it is held."""
        with self._office.exclusively(), self._lock:
            settings = self._office.store.settings
            settings.hold(CLOCK, change=True)
            self._known = known = _known(settings)
            found = self._look(self._stand or Stand(at=known.at or self._wall(), monotonic=self._monotonic()))
            if not found.held:
                settings.put(CLOCK, str(found.at))
            if known.accepted and found.step not in (Step.SLEW, Step.HOLD):
                settings.put(ACCEPTED, "0")
        return found

    def resume(self) -> Reading:
        """Accept the wall clock as it is: go on after a long outage, or with a clock that was set back.

        Returns what the next ``sync`` of any worker will say.

        Raises:
            TimeError: it is so far ahead that it must be wrong.
        """
        found = self.sync()
        if found.step is Step.REFUSED:
            raise TimeError(f"the wall clock is {found.by // DAY} days ahead of the store: repair it, or the store")
        settings = self._office.store.settings
        with self._office.exclusively(), self._lock:
            settings.hold(CLOCK, change=True)
            if found.step is Step.WAIT:
                settings.put(RESUMED, str(self._wall() // _MICRO))
            if found.step is Step.HOLD:
                settings.put(ACCEPTED, str(MINUTE - found.by))
            self._known = _known(settings)
            assert self._stand is not None
            return _reading(moved(self._stand, self._wall(), self._monotonic(), self._known, bands=self._bands))

    def _look(self, stand: Stand) -> Reading:
        self._stand = moved(stand, self._wall(), self._monotonic(), self._known, bands=self._bands)
        return _reading(self._stand)


def _reading(stand: Stand) -> Reading:
    return Reading(at=stand.at // _MICRO, step=stand.step, by=int(stand.by / _MICRO))


def _known(settings: Settings) -> Known:
    """Return what the store knows; where time was advanced to counts, too: it never goes back behind it."""
    clock, cursor, resumed, accepted = (int(settings.get(name) or 0) for name in (CLOCK, "cursor", RESUMED, ACCEPTED))
    return Known(at=_MICRO * max(clock, cursor), resumed=_MICRO * resumed, accepted=_MICRO * accepted)
