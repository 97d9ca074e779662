"""The steps of every question about the future are sound and tight: brute force advances a copy to every instant."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retention_engine import loyalty as lo
from retention_engine.errors import DefinitionError
from retention_engine.loyalty import Bucket, horizons
from retention_engine.timing import DAY, HOUR, Span, days, local_date, local_days, to_instant, zone
from tests.loyalty._world import ANNA, BOB, World

AHEAD = 16
QUIET = [HealthCheck.too_slow]
Patch = pytest.MonkeyPatch


def value_at(steps: list[tuple[int, int]], instant: int) -> int:
    """Return what steps say about an instant."""
    return [value for at, value in steps if at <= instant][-1]


def sound(steps: list[tuple[int, int]], truth: Callable[[int], int], first: int, last: int) -> None:
    """Check that steps say the truth at every instant, and that each of them changes it."""
    assert steps[0][0] <= first
    assert all(one[0] < other[0] and one[1] != other[1] for one, other in pairwise(steps)), "tight"
    for instant in range(first, last):
        assert value_at(steps, instant) == truth(instant), (instant, steps)
    assert steps[-1][0] < last


def check(number: int) -> None:
    """Compare every question about two accounts with copies that were advanced instant by instant."""
    world = World(random.Random(number), laws=False, oracle=False).run(25)
    within = Span(world.dice.randrange(7))
    for account in (ANNA, BOB):
        state = world.state(account)
        later = {at: lo.advance(state, at) for at in range(world.now, world.now + AHEAD)}

        def expiring(at: int, later: dict[int, lo.State] = later) -> int:
            stocks = later[at].lots.values()
            soon = [each for each in stocks if each.expires_at and at < each.expires_at <= at + within.micros]
            return sum(each[Bucket.AVAILABLE] for each in soon)

        def vesting(at: int, later: dict[int, lo.State] = later) -> int:
            stocks = later[at].lots.values()
            soon = [each for each in stocks if each.vests_at is not None and at < each.vests_at <= at + within.micros]
            return sum(each[Bucket.PENDING] for each in soon)

        bounds = (world.now, world.now + AHEAD)
        for what in horizons.QUESTIONS:
            steps = lo.balance_steps(state, what)
            truth = {at: getattr(one.balance, what) for at, one in later.items()}
            sound(steps, truth.__getitem__, *bounds)
        sound(lo.expiring_steps(state, within), expiring, *bounds)
        sound(lo.vesting_steps(state, within), vesting, *bounds)


@settings(max_examples=150, suppress_health_check=QUIET)
@given(st.integers(0, 2**32))
def test_every_step_is_true_and_every_change_is_a_step(number: int) -> None:
    """PROJECT: constant between two steps, different at each."""
    check(number)


def account_with(*lots: dict[str, Any], at: int = 0) -> lo.State:
    """Return an account with lots."""
    book = lo.Ledger()
    for number, lot in enumerate(lots):
        book.post(lo.Earn(key=f"e{number}", account=ANNA, at=at, amount=10, **lot))
    return book.state(ANNA)


def test_held_and_pending_last_until_the_last_of_them() -> None:
    """Until the last hold ends and the last lot vests, not the first; what waits for a fact has no step."""
    state = account_with({"vests_at": 3 * DAY}, {"vests_at": 5 * DAY}, {"waits": True}, {})
    assert lo.balance_steps(state, "pending") == [(0, 30), (3 * DAY, 20), (5 * DAY, 10)]
    book = lo.Ledger()
    book.post(lo.Earn(key="e", account=ANNA, at=0, amount=10))
    for number in (1, 2):
        ttl = days(number)
        book.post(lo.OpenHold(key=f"h{number}", account=ANNA, at=0, amount=4, purpose=f"o{number}", ttl=ttl))
    assert lo.balance_steps(book.state(ANNA), "held") == [(0, 8), (DAY, 4), (2 * DAY, 0)]


def test_units_enter_a_span_and_leave_it_at_their_end() -> None:
    """Half-open: from exactly ``expires_at - d`` until just before ``expires_at``."""
    state = account_with({"validity": lo.Until(30 * DAY)}, {"validity": lo.Until(33 * DAY)}, {})
    week = days(7)
    assert lo.expiring_steps(state, week) == [
        *((0, 0), (23 * DAY, 10), (26 * DAY, 20), (30 * DAY, 10), (33 * DAY, 0)),
    ]
    assert lo.expiring_steps(lo.advance(state, 24 * DAY), week)[0] == (24 * DAY, 10)
    assert lo.expiring_steps(state, Span(0)) == [(0, 0)]


@pytest.mark.parametrize("where", ["Europe/Berlin", "America/New_York", "Pacific/Apia"])
@pytest.mark.parametrize("day", ["2026-03-28", "2026-10-25", "2026-11-01", "2026-07-01"])
def test_local_days_are_counted_by_date(where: str, day: str) -> None:
    """Over a change of the clock too: true on the last date and on the dates before it, from midnight to the end."""
    area = zone(where)
    end = lo.Until.through(to_date(day), where).instant
    begin = end - 6 * DAY
    state = account_with({"validity": lo.Until(end)}, at=begin)
    steps = lo.expiring_steps(state, local_days(2), area)
    dates = {(to_date(day) - timedelta(days=number)).isoformat() for number in range(3)}
    for instant in range(begin, end + DAY, HOUR // 2):
        assert bool(value_at(steps, instant)) == (local_date(instant, area).isoformat() in dates)
    vests = end - 9 * HOUR
    steps = lo.vesting_steps(account_with({"vests_at": vests}, at=begin), local_days(0), area)
    for instant in range(begin, end + DAY, HOUR // 2):
        same = local_date(instant, area) == local_date(vests, area)
        assert bool(value_at(steps, instant)) == (same and instant < vests)


def to_date(text: str) -> Any:
    """Return a date."""
    return local_date(to_instant(f"{text}T12:00:00+00:00"), zone("UTC"))


def test_an_unknown_question_names_the_nearest() -> None:
    """One typed error."""
    with pytest.raises(DefinitionError, match="available"):
        lo.balance_steps(account_with({}), "availabel")


def first_only(patch: Patch) -> None:
    """X25: the end of the first hold or lot is taken for the end of the last."""
    sound_project = horizons.project
    patch.setattr(horizons, "project", lambda state: sound_project(state)[:2])


def inclusive(patch: Patch) -> None:
    """X23: units still count at the instant at which they are over."""
    walk = horizons.Sweep.walk

    def later(self: Any, until: int) -> Any:
        yield from walk(self, until)
        self.changes = [(at + (units < 0), lot, units) for at, lot, units in self.changes]

    patch.setattr(horizons.Sweep, "walk", later)


def too_late(patch: Patch) -> None:
    """A span is entered one instant too late."""
    begin = horizons._begin
    patch.setattr(horizons, "_begin", lambda *args: begin(*args) + 1)


def forgets_releases(patch: Patch) -> None:
    """What a hold lets go is not counted among what expires soon."""
    gain = horizons.Sweep._gain

    def silent(self: Any, lot: str, amount: int) -> None:
        gain(self, lot, amount)
        self.changes.pop()

    patch.setattr(horizons.Sweep, "_gain", silent)


def not_tight(patch: Patch) -> None:
    """Steps at which nothing changes."""
    patch.setattr(horizons, "_tight", list)


@pytest.mark.parametrize(
    "fault", [first_only, inclusive, too_late, forgets_releases, not_tight], ids=lambda one: one.__name__
)
def test_a_planted_fault_is_found(fault: Callable[[Patch], None], monkeypatch: Patch) -> None:
    """Soundness and tightness bite."""
    fault(monkeypatch)
    with pytest.raises(AssertionError):
        search(200)


def search(rounds: int) -> None:
    """Check many accounts."""
    for number in range(rounds):
        check(number)
