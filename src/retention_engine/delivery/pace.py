"""When a channel may be called: at most so many in any span of time, overall, to one address, to one domain."""

from __future__ import annotations

from collections import deque

from attrs import define, field

from retention_engine.envelopes import Pace, Rate

_KEPT = 10_000
_SLOWEST = 64.0
_RECOVERY = 0.98


@define
class Window:
    """The calls of the last span. One in flight counts until a span after its end, so that no network can bunch them.

    After ``slow_down`` the span is longer; every call that went well brings it a little back.
    """

    rate: Rate
    flying: int = 0
    stretch: float = 1.0
    _ended: deque[int] = field(factory=deque)
    _blocked: int = 0

    @property
    def span(self) -> int:
        """The length of the span as it is now, in microseconds."""
        return int(self.rate.per.micros * self.stretch)

    def free_at(self, now: int) -> int:
        """Return the instant from which on a call may begin; ``now`` when it may at once."""
        while self._ended and self._ended[0] + self.span <= now:
            self._ended.popleft()
        if now < self._blocked:
            return self._blocked
        if self.flying + len(self._ended) < self.rate.most:
            return now
        return self._ended[0] + self.span if self._ended else now + self.span

    def begin(self) -> None:
        """Count a call that begins."""
        self.flying += 1

    def end(self, at: int, *, well: bool) -> None:
        """Count a call that ended."""
        self.flying -= 1
        self._ended.append(at)
        if well:
            self.stretch = max(1.0, self.stretch * _RECOVERY)

    def slow_down(self, factor: float) -> None:
        """Make the span longer."""
        self.stretch = min(_SLOWEST, self.stretch * factor)

    def block(self, until: int) -> None:
        """Let no call begin before an instant: somebody else may have called until a span before it."""
        self._blocked = max(self._blocked, until)

    def is_idle(self, now: int) -> bool:
        """Tell whether it would answer as a new one does."""
        return self.free_at(now) == now and not (self.flying or self._ended) and self.stretch == 1.0


@define
class Pacer:
    """The windows of one channel."""

    pace: Pace
    overall: Window | None = field(init=False)
    _narrow: dict[str, Window] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        """Begin with nothing called."""
        self.overall = None if self.pace.overall is None else Window(self.pace.overall)

    def rests_until(self, now: int) -> int:
        """Return until when no message at all may be called for; ``now`` when one may."""
        return now if self.overall is None else self.overall.free_at(now)

    def free_at(self, address: str, now: int) -> int:
        """Return when this address may be called, whatever the whole channel may; ``now`` when at once."""
        return max((window.free_at(now) for window in self._windows(address, now)), default=now)

    def begin(self, address: str, now: int) -> None:
        """Count a call that begins."""
        for window in self._all(address, now):
            window.begin()

    def end(self, address: str, at: int, *, well: bool) -> None:
        """Count a call that ended, whatever it brought."""
        for window in self._all(address, at):
            window.end(at, well=well)

    def slow_channel(self) -> None:
        """Lower the rate of the channel by a fifth: the other side said that it is too fast."""
        if self.overall is not None:
            self.overall.slow_down(1.25)

    def slow_domain(self, address: str, now: int) -> None:
        """Halve the rate of a domain: its server asked for it."""
        if self.pace.domain is not None:
            self._window(f"@{domain_of(address)}", self.pace.domain, now).slow_down(2)

    def take_over(self, at: int) -> None:
        """Wait for as long as whoever sent before may still count."""
        if self.overall is not None:
            self.overall.block(at + self.overall.span)

    @property
    def is_flying(self) -> bool:
        """Tell whether a call is under way."""
        windows = [*([] if self.overall is None else [self.overall]), *self._narrow.values()]
        return any(window.flying for window in windows)

    def _all(self, address: str, now: int) -> list[Window]:
        return [*([] if self.overall is None else [self.overall]), *self._windows(address, now)]

    def _windows(self, address: str, now: int) -> list[Window]:
        found = []
        if self.pace.address is not None:
            found.append(self._window(f"={address}", self.pace.address, now))
        if self.pace.domain is not None:
            found.append(self._window(f"@{domain_of(address)}", self.pace.domain, now))
        return found

    def _window(self, name: str, rate: Rate, now: int) -> Window:
        if name not in self._narrow:
            if len(self._narrow) >= _KEPT:
                self._narrow = {each: one for each, one in self._narrow.items() if not one.is_idle(now)}
            self._narrow[name] = Window(rate)
        return self._narrow[name]


def domain_of(address: str) -> str:
    """Return what stands behind the last ``@``, in small letters; the whole address when there is none."""
    return address.rpartition("@")[2].lower()
