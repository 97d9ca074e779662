"""One cell at a time: what it holds, exactly, or why not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.errors import FactError
from retention_engine.intake.cells import is_missing, moment, name, scaled, text, whole
from retention_engine.timing import to_instant
from tests.facts._facts import HUGE

LONDON = ZoneInfo("Europe/London")


class Strange:
    """A value that refuses to be compared, as pandas.NA refuses to be yes or no."""

    def __ne__(self, _: object) -> bool:
        """Refuse."""
        raise TypeError("boolean value of NA is ambiguous")

    __hash__ = None  # type: ignore[assignment]  # comparable values that refuse have no hash either


@pytest.mark.parametrize("value", [None, "", "  ", "\u00a0", float("nan"), Decimal("NaN"), Decimal("sNaN"), Strange()])
def test_nothing_is_missing(value: Any) -> None:
    """None, blanks and every kind of NaN are missing, and no text."""
    assert is_missing(value)
    assert text(value) is None


@pytest.mark.parametrize("value", [0, 0.0, False, "0", [], "nan"])
def test_something_is_not_missing(value: Any) -> None:
    """Zero, no, and an empty list are values."""
    assert not is_missing(value)


TEXTS = [
    (" 13085 ", "13085"),
    ("47503J ", "47503J"),
    (13085, "13085"),
    (13085.0, "13085"),
    (Decimal("13085.00"), "13085"),
    ("13085.0", "13085.0"),
    (-1, "-1"),
    ("Жанна", "Жанна"),
    (UUID(int=5), "00000000-0000-0000-0000-000000000005"),
]


@pytest.mark.parametrize(("value", "held"), TEXTS)
def test_ids_are_texts_or_whole_numbers(value: Any, held: str) -> None:
    """Blanks around go away; a whole number that a table made a float is written in digits."""
    assert text(value) == held


@pytest.mark.parametrize("value", [True, 1.5, float("inf"), b"x", [], {}, HUGE, "a" * 201, "a\nb", "nul\0x", "\u202e"])
def test_other_values_are_no_ids(value: Any) -> None:
    """Yes/no, fractions, other types and unprintable texts are refused."""
    with pytest.raises(FactError):
        text(value)


def test_broken_bytes_hint_at_the_encoding() -> None:
    """A text that was read in the wrong encoding says so."""
    with pytest.raises(FactError, match="another encoding"):
        text("Pr\udce4mie")


def test_names_have_single_spaces() -> None:
    """A no-break space in a category is a space."""
    assert name(" Для\u00a0лица \n и\ttела ") == "Для лица и tела"
    assert name(5) == "5"


SCALED = [
    ("19.99", 2, 1999),
    (" 19.9 ", 2, 1990),
    ("-5", 2, -500),
    ("+5.", 2, 500),
    (".5", 2, 50),
    ("0", 2, 0),
    ("-0.00", 2, 0),
    (19.99, 2, 1999),
    (0.1 + 0.7, 1, None),
    (1e-05, 5, 1),
    (1e16, 0, 10**16),
    (1.1, 1, 11),
    (7, 2, 700),
    (Decimal("19.990"), 2, 1999),
    (Decimal("1E+3"), 0, 1000),
    ("1234", 0, 1234),
    ("1000000000000000000", 0, 10**18),
]


@pytest.mark.parametrize(("value", "places", "held"), SCALED)
def test_decimals_become_minor_units_exactly(value: Any, places: int, held: int | None) -> None:
    """A float counts as its shortest text; what is finer than the places is refused."""
    if held is None:
        with pytest.raises(FactError, match="decimals wanted"):
            scaled(value, places)
    else:
        assert scaled(value, places) == held


WRONG_NUMBERS: list[Any] = [
    "1.5E+400",
    "1e3",
    "NaN",
    "Infinity",
    "-inf",
    "1,234.56",
    "1 234",
    "1_000",
    "0x10",
    "£5",
    "--5",
    "+",
    ".",
    "１２",
    "٣",
    "²",
    "9" * 10**6,
    "0." + "0" * 10**6,
    float("inf"),
    float("nan"),
    1e300,
    Decimal("1E+400"),
    Decimal("1E-400"),
    Decimal("Infinity"),
    Decimal("sNaN"),
    Decimal("9" * 100),
    10**18 + 1,
    HUGE,
    True,
    None,
    b"5",
    [5],
    5j,
    object(),
]


@pytest.mark.parametrize("value", WRONG_NUMBERS, ids=range(len(WRONG_NUMBERS)))
def test_what_is_no_plain_number_is_refused(value: Any) -> None:
    """Exponents, separators, other digits, endless and huge numbers."""
    with pytest.raises(FactError):
        scaled(value, 2, rounding="half_up")


def test_a_decimal_comma_is_read_where_it_is_told() -> None:
    """Then a point is a mistake, never a separator of thousands."""
    assert scaled("19,99", 2, point=",") == 1999
    assert scaled("19", 2, point=",") == 1900
    for value in ("1.234,56", "19,9,9"):
        with pytest.raises(FactError):
            scaled(value, 2, point=",")
    with pytest.raises(FactError):
        scaled("19,99", 2)


HALVES = [("0.005", 1), ("0.015", 2), ("-0.005", -1), ("0.0049999", 0), ("2.675", 268), (2.675, 268), ("1.004", 100)]


@pytest.mark.parametrize(("value", "held"), HALVES)
def test_rounding_is_half_up_when_it_is_asked_for(value: Any, held: int) -> None:
    """Halves go away from zero, in decimal, not in binary."""
    assert scaled(value, 2, rounding="half_up") == held


@given(st.integers(-(10**15), 10**15), st.integers(0, 6))
def test_any_amount_is_read_back_exactly(amount: int, places: int) -> None:
    """Written with its decimals as text or as Decimal, an amount is the same again."""
    written = Decimal(amount).scaleb(-places)
    assert scaled(written, places) == scaled(f"{written:f}", places) == amount


@given(st.integers(-(10**13), 10**13))
def test_no_cent_is_lost_in_a_float(amount: int) -> None:
    """Up to a hundred thousand million, two decimals survive as a float."""
    assert scaled(amount / 100, 2) == amount


def test_a_whole_number_may_look_like_a_float() -> None:
    """12.0 is twelve, 12.5 is no whole number."""
    assert whole(12) == whole(12.0) == whole("12") == whole("12.0") == 12
    with pytest.raises(FactError, match="a whole number wanted"):
        whole(12.5)


MOMENTS: list[tuple[Any, str, str]] = [
    ("2009-12-01 07:45:00", "iso", "2009-12-01T07:45:00Z"),
    ("2009-07-01 07:45", "iso", "2009-07-01T06:45:00Z"),
    ("2009-07-01", "iso", "2009-06-30T23:00:00Z"),
    ("20090701", "iso", "2009-06-30T23:00:00Z"),
    ("2009-07-01T07:45:00Z", "iso", "2009-07-01T07:45:00Z"),
    ("2009-07-01T07:45:00.000001+05:30", "iso", "2009-07-01T02:15:00.000001Z"),
    (datetime(2009, 7, 1, 7, 45, 1, 5), "iso", "2009-07-01T06:45:01.000005Z"),  # noqa: DTZ001  # naive on purpose
    (datetime(2009, 7, 1, 7, 45, tzinfo=timezone(timedelta(hours=2))), "iso", "2009-07-01T05:45:00Z"),
    (date(2009, 7, 1), "seconds", "2009-06-30T23:00:00Z"),
    ("01.07.2009", "%d.%m.%Y", "2009-06-30T23:00:00Z"),
    (19970101, "%Y%m%d", "1997-01-01T00:00:00Z"),
    (19970101.0, "%Y%m%d", "1997-01-01T00:00:00Z"),
    ("1.7.2009 07:45 +0300", "%d.%m.%Y %H:%M %z", "2009-07-01T04:45:00Z"),
    (1246434300, "seconds", "2009-07-01T07:45:00Z"),
    ("1246434300", "seconds", "2009-07-01T07:45:00Z"),
    (1246434300.5, "seconds", "2009-07-01T07:45:00.500000Z"),
    (Decimal("1246434300.000001"), "seconds", "2009-07-01T07:45:00.000001Z"),
    (1246434300000, "milliseconds", "2009-07-01T07:45:00Z"),
    (1246434300000001, "microseconds", "2009-07-01T07:45:00.000001Z"),
    ("2010-03-28 01:30:00", "iso", "2010-03-28T01:00:00Z"),  # in the gap: the first instant after it
    ("2010-10-31 01:30:00", "iso", "2010-10-31T00:30:00Z"),  # twice: the first
]


@pytest.mark.parametrize(("value", "form", "held"), MOMENTS)
def test_times_are_read_as_the_file_says(value: Any, form: str, held: str) -> None:
    """Times that carry a zone keep it; others are those of London."""
    assert moment(value, form, LONDON) == to_instant(held)


def test_a_naive_time_needs_a_zone() -> None:
    """Without a zone it is refused, and the message says what to set."""
    with pytest.raises(FactError, match="has no zone: set zone"):
        moment("2009-12-01 07:45:00", "iso", None)


WRONG_TIMES: list[tuple[Any, str]] = [
    ("soon", "iso"),
    ("2009-02-30", "iso"),
    ("", "iso"),
    (None, "iso"),
    (20090701, "iso"),
    (True, "iso"),
    ([], "iso"),
    ("\ud800", "iso"),
    ("2" * 10**6, "iso"),
    ("2009-07-01", "%d.%m.%Y"),
    ("31.02.2009", "%d.%m.%Y"),
    (1.5, "%Y%m%d"),
    (True, "seconds"),
    ("soon", "seconds"),
    (float("nan"), "seconds"),
    (1e300, "seconds"),
    (10**18, "seconds"),
    (HUGE.values[0], "milliseconds"),
    ("9999-12-31 23:59:59", "iso"),
    ("0001-01-01 00:00:00", "iso"),
    (datetime(9999, 12, 31, 23), "iso"),  # noqa: DTZ001  # naive on purpose
    (datetime.min.replace(tzinfo=UTC), "iso"),
    (date.max, "iso"),
]


@pytest.mark.parametrize(("value", "form"), WRONG_TIMES, ids=range(len(WRONG_TIMES)))
def test_what_is_no_time_is_refused(value: Any, form: str) -> None:
    """Impossible dates, other formats, other types and the far ends of time."""
    for where in (LONDON, ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Pacific/Niue")):
        with pytest.raises(FactError):
            moment(value, form, where)


def test_numbers_of_other_libraries_are_numbers() -> None:
    """The scalars of numpy are read like those of Python."""
    numpy = pytest.importorskip("numpy", reason="numpy is not installed: it is no dependency of ours")
    assert (text(numpy.int64(5)), scaled(numpy.float64(1.1), 1), whole(numpy.int32(7))) == ("5", 11, 7)
    with pytest.raises(FactError):
        scaled(numpy.bool_(True), 1)
