"""How long units last: lengths, local periods, dates and activity."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine import loyalty as lo
from retention_engine.errors import DefinitionError, LedgerError, TimeError
from retention_engine.loyalty import Account, Lasts, Ledger, Unit, WhileActive
from retention_engine.timing import DAY, days, to_instant

ANNA = Account("club", Unit("pts"), "anna")
SQUARE = ("2020-07-06T12:00:00+00:00", "2021-08-01T00:00:00+00:00")
"""Square's documentation of loyalty: P12M rounded to the month, earned on 6 July 2020, expires on 1 August 2021."""
ENDS = {
    "day": "2026-05-16",
    "week": "2026-05-18",
    "month": "2026-06-01",
    "quarter": "2026-07-01",
    "half": "2026-07-01",
    "year": "2027-01-01",
}


def end(vested: str, **rest: Any) -> int:
    """Return when units end that vest at an instant."""
    return Lasts(**rest).expires_at(to_instant(vested), to_instant(vested))


def test_the_published_example_comes_out() -> None:
    """Square's example."""
    assert end(SQUARE[0], months=12, round_up="month") == to_instant(SQUARE[1])


@pytest.mark.parametrize(("unit", "day"), ENDS.items())
def test_lengths_are_rounded_up_to_the_first_instant_after_the_last_day(unit: str, day: str) -> None:
    """15 May 2026 at ten, rounded up; what is at an edge already stays there."""
    edge = to_instant(f"{day}T00:00:00+00:00")
    assert end("2026-04-15T10:00:00+00:00", months=1, round_up=unit) == edge
    assert Lasts(span=days(1), round_up=unit).expires_at(edge - DAY, 0) == edge


@pytest.mark.parametrize(("start", "wanted"), [("2026-01-31", "2026-02-28"), ("2028-01-31", "2028-02-29")])
def test_a_month_ends_with_the_month(start: str, wanted: str) -> None:
    """31 January and a month is the last day of February."""
    assert end(f"{start}T09:30:15+00:00", months=1) == to_instant(f"{wanted}T09:30:15+00:00")


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1)),  # noqa: DTZ001 - local times, given a zone below
    st.integers(0, 30),
    st.integers(1, 900),
    st.sampled_from(sorted(ENDS)),
    st.sampled_from(["Europe/Berlin", "America/Sao_Paulo", "Asia/Kolkata", "Pacific/Apia", "Australia/Lord_Howe"]),
)
def test_rounding_never_shortens_and_ends_at_a_local_midnight(
    wall: datetime, months: int, length: int, unit: str, where: str
) -> None:
    """TZ: in every zone, over clock changes; the last day is whole, and less than the period is added."""
    start = to_instant(wall.replace(tzinfo=ZoneInfo(where)))
    plain = Lasts(months=months, span=days(length), zone=where).expires_at(start, start)
    rounded = Lasts(months=months, span=days(length), zone=where, round_up=unit).expires_at(start, start)
    local = datetime.fromtimestamp(rounded / 10**6, ZoneInfo(where))
    before = datetime.fromtimestamp((rounded - 1) / 10**6 - 0.001, ZoneInfo(where))
    assert plain <= rounded <= plain + 367 * DAY
    assert before.date() < local.date()
    assert local.date() - before.date() <= timedelta(days=2)


def test_validity_counts_from_vesting_unless_said_otherwise() -> None:
    """D2, X24: a long pending time does not eat the customer's; the other anchor is offered."""
    for from_earning, wanted in ((False, 44), (True, 30)):
        book = Ledger()
        lasts = Lasts(span=days(30), from_earning=from_earning)
        book.post(lo.Earn(key="e", account=ANNA, at=0, amount=1, vests_at=14 * DAY, validity=lasts))
        assert lo.expiring(book.state(ANNA)) == [(wanted * DAY, 1)]


def test_a_validity_that_counts_from_earning_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """X24, planted: the example above sees it."""
    sound = Lasts.expires_at
    monkeypatch.setattr(Lasts, "expires_at", lambda self, vested, earned: sound(self, earned, earned))
    with pytest.raises(AssertionError):
        test_validity_counts_from_vesting_unless_said_otherwise()


def test_activity_prolongs_what_lasts_while_active_and_revives_nothing() -> None:
    """Each activity starts the span again; one after the end, or late, does not."""
    book = Ledger()
    for key, at, amount in (("a", 0, 5), ("b", 6, 1), ("c", 20, 1)):
        life = WhileActive(days(10))
        book.post(lo.Earn(key=key, account=ANNA, at=at * DAY, amount=amount, validity=life))
    assert [book.balance(ANNA, 20 * DAY).available, book.balance(ANNA, 30 * DAY).available] == [1, 0]
    assert lo.balance_at(ANNA, book.streams[ANNA], 15 * DAY).available == 6
    assert lo.balance_at(ANNA, book.streams[ANNA], 16 * DAY).available == 0


@pytest.mark.parametrize(
    ("validity", "waits"),
    [(lo.Until(5), True), (Lasts(span=days(1), from_earning=True), True), (lo.Until(0), False)],
)
def test_units_that_could_end_before_they_vest_are_refused(validity: Any, waits: bool) -> None:
    """A lot that waits for a fact needs a length from vesting; a fixed end must come after vesting."""
    with pytest.raises(LedgerError) as caught:
        Ledger().post(lo.Earn(key="e", account=ANNA, at=0, amount=1, waits=waits, validity=validity))
    assert caught.value.code == "bad_window"


def test_units_wait_for_a_delivery_and_vest_two_weeks_later() -> None:
    """``VestAt`` sets the vesting, and the expiry once; a fact that comes late makes them spendable at once."""
    book = Ledger()
    for key in ("a", "b"):
        book.post(lo.Earn(key=key, account=ANNA, at=0, amount=4, waits=True, validity=Lasts(span=days(30))))
    assert lo.project(book.state(ANNA)) == [lo.Step(0, lo.Balance(pending=8))]
    result = book.post(lo.VestAt(key="v", account=ANNA, at=DAY, lot="a/0", vests_at=15 * DAY)).result
    assert (result["vests_at"], result["expires_at"]) == (15 * DAY, 45 * DAY)
    book.post(lo.VestAt(key="w", account=ANNA, at=20 * DAY, lot="b/0", vests_at=19 * DAY))
    assert book.balance(ANNA, 20 * DAY) == lo.Balance(available=8)
    assert lo.expiring(book.state(ANNA)) == [(45 * DAY, 4), (49 * DAY, 4)]
    assert lo.verify(book) == []
    book.post(lo.Earn(key="c", account=ANNA, at=20 * DAY, amount=1, waits=True, validity=Lasts(span=days(30))))
    assert book.post(lo.VestNow(key="n", account=ANNA, at=21 * DAY, lot="c/0")).result["expires_at"] == 51 * DAY
    for lot, code in (("a/0", "not_waiting"), ("z", "unknown_lot")):
        with pytest.raises(LedgerError) as caught:
            book.post(lo.VestAt(key="x", account=ANNA, at=21 * DAY, lot=lot, vests_at=21 * DAY))
        assert caught.value.code == code


def test_vesting_before_a_known_instant_leaves_the_expiry() -> None:
    """The latest instant was known: the end was computed from it, once."""
    book = Ledger()
    book.post(lo.Earn(key="a", account=ANNA, at=0, amount=4, vests_at=9, waits=True, validity=lo.Until(20)))
    assert book.post(lo.VestNow(key="n", account=ANNA, at=1, lot="a/0")).result["expires_at"] == 20
    assert book.balance(ANNA, 1).available == 4


def test_only_a_later_end_can_be_given() -> None:
    """Named lots must exist, be alive and end sooner; without names, those that would not be prolonged are left."""
    book = Ledger()
    book.post(lo.Earn(key="a", account=ANNA, at=0, amount=4, validity=lo.Until(9)))
    book.post(lo.Earn(key="b", account=ANNA, at=0, amount=4))
    assert book.post(lo.Extend(key="x", account=ANNA, at=1, expires_at=12)).result["lots"] == ("a/0",)
    for lots, end_at in ((("a/0",), 11), (("b/0",), 99)):
        with pytest.raises(LedgerError) as caught:
            book.post(lo.Extend(key="y", account=ANNA, at=1, expires_at=end_at, lots=lots))
        assert caught.value.code == "would_shorten"


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: Lasts(), DefinitionError),
        (lambda: Lasts(months=-1), DefinitionError),
        (lambda: Lasts(months=1, round_up="decade"), DefinitionError),
        (lambda: Lasts(months=1, zone="Mars/Olympus"), TimeError),
        (lambda: lo.Until(datetime(2026, 1, 1)), TimeError),  # noqa: DTZ001 - naive on purpose
        (lambda: lo.Until.through(date(2026, 1, 1), "nowhere"), TimeError),
    ],
)
def test_bad_lengths_are_refused_where_they_are_written(make: Any, error: type[Exception]) -> None:
    """No length, negative months, an unknown period or zone, a naive instant."""
    with pytest.raises(error):
        make()
