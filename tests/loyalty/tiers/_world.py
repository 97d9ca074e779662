"""Random programmes and customers, aimed at thresholds, told to the library and to the oracle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Protocol, TypeVar

from attrs import evolve

from retention_engine.loyalty import tiers as t
from retention_engine.loyalty.tiers.walk import Walk
from retention_engine.timing import DAY, EARLIEST, HOUR, local_days
from tests.loyalty.tiers._oracle import Oracle, day_of, midnight

T = TypeVar("T")
ZONES = ("Europe/Moscow", "America/New_York", "Asia/Kolkata", "Africa/Cairo", "Pacific/Apia")
PERIODS = (t.Valid.CURRENT_AND_NEXT_PERIOD, t.Valid.PERIOD_END)
OTHERS = (t.Valid.NEXT_ANNIVERSARY, t.Months(1), t.Months(12))
LEVELS = (t.Level("Base", 0), t.Level("Silver", 10), t.Level("Gold", 25), t.Level("Platinum", 60, 31))
FIRST = date(2026, 1, 1)
YEARS = 3


class Dice(Protocol):
    """Where chance comes from."""

    def randrange(self, stop: int) -> int:
        """Return a whole number from 0, below ``stop``."""
        ...


class World:
    """One customer in one programme.

    Attributes:
        tally: how often what is rare came about.
    """

    def __init__(self, dice: Dice, **options: Any) -> None:
        self.dice = dice
        self.tally: Counter[str] = Counter()
        self.joined = FIRST + timedelta(days=dice.randrange(365) - 200)
        if dice.randrange(5) == 0:
            self.joined = date(2024, 2, 29)
        self.programme = self.some_programme(**options)
        self.zone = self.programme.zone
        self.contributions: list[t.Contribution] = []
        self.overlays: list[t.Overlay] = []
        pending = self.pick([0, 3, 14]) * DAY
        for _ in range(dice.randrange(9) + 2):
            self.order(pending)
        if dice.randrange(2):
            self.order_in_grace()
        for _ in range(dice.randrange(3)):
            self.overlay()

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of the choices."""
        return choices[self.dice.randrange(len(choices))]

    def some_programme(self, **options: Any) -> t.TierProgramme:
        """Return a programme, every option drawn that is not given."""
        units = ("month", "quarter", "half", "year", "year", "year")
        windows = (*map(t.Calendar, units), t.Lifetime(), t.Rolling(1), t.Rolling(12), t.Anniversary())
        window = options.get("window") or self.pick(windows)
        validity: Any = self.pick((PERIODS[0], *PERIODS, *OTHERS))
        if isinstance(window, t.Lifetime):
            validity = PERIODS[0]
        elif isinstance(window, t.Rolling):
            validity = self.pick(OTHERS)
        drawn: dict[str, Any] = {
            "name": "club",
            "levels": LEVELS,
            "window": window,
            "validity": validity,
            "drop": self.pick(list(t.Drop)),
            "grace": local_days(self.pick([0, 5, 30, 30])),
            "on_refund": self.pick(list(t.OnRefund)),
            "count_pending": self.dice.randrange(3) == 0,
            "zone": self.pick(ZONES),
        }
        return t.TierProgramme(**(drawn | options))

    def instant(self) -> int:
        """Return an instant, often just at, before or after the end of a month or a year."""
        dice = self.dice
        day = FIRST + timedelta(days=dice.randrange(365 * YEARS))
        if dice.randrange(3) == 0:
            day = day.replace(month=self.pick([1, 1, day.month]), day=1)
            return midnight(day, self.zone) + self.pick([-1, 0, 1, HOUR])
        return midnight(day, self.zone) + dice.randrange(24) * HOUR

    def order(self, pending: int) -> None:
        """Add an order that brings a window to a threshold, and perhaps its refunds."""
        placed = self.instant()
        known = placed + self.pick([0, 0, 0, 1, 40 * DAY])
        level = self.pick(LEVELS[1:])
        target = self.pick([level.entry, level.entry, level.keep]) + self.pick([-1, 0, 0, 0, 1])
        amount = max(1, target - self.counted(placed)) if self.dice.randrange(4) else self.dice.randrange(30) + 1
        opens = None if self.dice.randrange(12) == 0 else placed + pending
        self.contributions.append(t.Contribution(known, placed, amount, opens))
        left = amount
        while left and self.dice.randrange(3) == 0:
            back = self.pick([left, 1, self.dice.randrange(left) + 1])
            left -= back
            later = known + self.pick([0, 1, HOUR, 20 * DAY, 200 * DAY])
            self.contributions.append(t.Contribution(later, placed, -back, opens))
            self.tally["refunds"] += 1

    def order_in_grace(self) -> None:
        """Add an order made or counted while a level is about to be lost, of about what is missing."""
        last = midnight(FIRST + timedelta(days=365 * (YEARS + 1)), self.zone)
        waits = [(at, each) for at, each in self.standings() if each.in_grace and at < last]
        if waits:
            at, standing = self.pick(waits)
            known = at + self.dice.randrange(((standing.grace_until or at) - at) // HOUR) * HOUR
            amount = max(1, (standing.to_keep or 0) + self.pick([-1, 0, 0, 1]))
            self.contributions.append(t.Contribution(known, known - self.pick([0, 0, 20 * DAY]), amount, known))

    def counted(self, at: int) -> int:
        """Return what the window of an instant holds by now."""
        window, area = self.programme.window, self.programme.where
        first, end = window.frame(at, area, self.joined)
        return sum(one.amount for one in self.contributions if first <= one.placed_at < end)

    def overlay(self) -> None:
        """Add a level given by hand."""
        since = self.instant()
        until = self.pick([None, since, since + DAY, since + 100 * DAY])
        ended = self.pick([None, None, since + 10 * DAY])
        name = self.pick([*(level.name for level in LEVELS), "Diamond"])
        self.overlays.append(t.Overlay(name, since, until, ended))

    def standings(self, at: int = EARLIEST) -> list[tuple[int, t.Standing]]:
        """Return all steps, by all that is ever known."""
        return self.walk().run(at)

    def walk(self) -> Walk:
        """Return the fold of all that is ever known."""
        known = 2**60
        return Walk(self.programme, self.contributions, self.overlays, at=known, joined=self.joined)

    def oracle(self) -> Oracle:
        """Return the other telling."""
        return Oracle(self.programme, self.contributions, self.overlays, self.joined)

    def ticks(self) -> list[int]:
        """Return every midnight, and every instant at which anything may change."""
        found = {midnight(FIRST + timedelta(days=each), self.zone) for each in range(-32, 365 * (YEARS + 2))}
        for one in self.contributions:
            found.update({one.known_at, max(one.known_at, one.counts_from or 0)})
        for given in self.overlays:
            found.update(each for each in (given.since, given.until, given.ended) if each is not None)
        return sorted(found)

    def faults(self) -> list[str]:
        """Return where the library and the oracle differ."""
        steps, oracle, found = self.standings(), self.oracle(), []
        place, before = 0, None
        for at in self.ticks():
            oracle.tick(at)
            while place + 1 < len(steps) and steps[place + 1][0] <= at:
                place += 1
                if steps[place][0] != at:
                    found.append(f"a step at {steps[place][0]}, which is no tick")
            says, since = oracle.says(at), oracle.since
            shown = steps[place][1]
            if before is not None and shown != before:
                self.note(before, shown)
            before = shown
            differs = {
                name: (getattr(shown, name), value) for name, value in says.items() if getattr(shown, name) != value
            }
            if shown.level.entry and shown.since != since:
                differs["since"] = (shown.since, since)
            if differs:
                found.append(f"{day_of(at, self.zone)} {at}: {differs}")
                break
        reached = [(one.at, one.level.name) for one in self.reached()]
        if reached != oracle.reached:
            found.append(f"reached {reached}, not {oracle.reached}")
        return found

    def reached(self) -> list[t.Reached]:
        """Return every reach of a level."""
        walk = self.walk()
        walk.run(EARLIEST)
        return walk.reached

    def note(self, before: t.Standing, after: t.Standing) -> None:
        """Count what happened."""
        if after.earned.entry > before.earned.entry:
            self.tally["up"] += 1
        if after.earned.entry < before.earned.entry:
            self.tally["down"] += 1
        if after.in_grace and not before.in_grace:
            self.tally["grace"] += 1
        if before.in_grace and not after.in_grace and after.earned == before.earned:
            self.tally["saved"] += 1
        if after.earned == before.earned and not before.in_grace and after.valid_until != before.valid_until:
            self.tally["kept"] += 1
        if after.level != after.earned:
            self.tally["by hand"] += 1

    def with_programme(self, **changed: Any) -> t.TierProgramme:
        """Return the programme with other options."""
        return evolve(self.programme, **changed)
