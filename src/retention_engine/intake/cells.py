"""One cell of a table at a time: texts, numbers, instants. What is no such thing is a ``FactError`` with the value."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from numbers import Integral
from uuid import UUID
from zoneinfo import ZoneInfo

from retention_engine.errors import FactError, TimeError, shown
from retention_engine.facts.base import instant
from retention_engine.intake.mapping import EPOCHS
from retention_engine.timing import SECOND, at_local
from retention_engine.values import LONGEST_ID

_PLAIN = re.compile(r"[+-]?(?:[0-9]{1,20}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})")
_LARGEST = 10**18
_TENS: list[int] = [10**power for power in range(70)]


def is_missing(value: object) -> bool:
    """Tell whether a cell holds nothing: None, a blank text, or a value that differs from itself (NaN, NaT)."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return True
    try:
        return bool(value != value)
    except Exception:  # noqa: BLE001  # pandas.NA refuses to be yes or no, a signalling NaN to be compared
        return True


def text(value: object) -> str | None:
    """Return an id without blanks around it; None when missing.

    Whole numbers are written in digits, also where a table turned them into floats (13085.0 is ``13085``).
    """
    if isinstance(value, str):
        return _clean(value.strip()) or None
    if is_missing(value):
        return None
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Integral | float | Decimal) and not isinstance(value, bool):
        return str(whole(value))
    raise FactError(f"a text or a whole number is needed, not {shown(value)}")


def _clean(found: str) -> str:
    if len(found) > LONGEST_ID or not found.isprintable():
        wrong = any("\ud800" <= letter <= "\udfff" for letter in found[:LONGEST_ID])
        hint = "; is the file in another encoding?" if wrong else ""
        raise FactError(f"a printable text of at most {LONGEST_ID} characters is needed, not {shown(found)}{hint}")
    return found


def name(value: object) -> str | None:
    """Return a name, every run of blanks (unusual ones too) as one space; None when missing."""
    return text(" ".join(value.split()) if isinstance(value, str) else value)


def scaled(value: object, places: int, *, point: str = ".", rounding: str | None = None) -> int:
    """Return a decimal number times ``10**places``, exactly; a float counts as its shortest decimal text.

    Raises:
        FactError: no plain finite number (an exponent, a separator of thousands), over 10**18 in the result, or finer
            than the places while ``rounding`` is None.
    """
    sign, digits, exponent = _decimal(value, point).as_tuple()
    if not isinstance(exponent, int) or abs(exponent) > 60 or len(digits) > 60:
        raise FactError(f"a plain number is needed, not {shown(value)}")
    size = int("".join(map(str, digits)))
    if exponent + places >= 0:
        size *= _TENS[exponent + places]
    else:
        unit = _TENS[-exponent - places]
        size, rest = divmod(size, unit)
        if rest and rounding is None:
            allowed = f"at most {places} decimals" if places else "a whole number"
            raise FactError(f"{allowed} wanted, not {shown(value)}")
        size += 2 * rest >= unit
    if size > _LARGEST:
        raise FactError(f"a number up to {_LARGEST} is needed, not {shown(value)}")
    return -size if sign else size


def whole(value: object) -> int:
    """Return a whole number; 12.0 is one, 1.5 is not."""
    return value if type(value) is int and abs(value) < _LARGEST else scaled(value, 0)


def _decimal(value: object, point: str) -> Decimal:
    if isinstance(value, str):
        plain = value.strip()
        plain = plain.replace(",", ".") if point == "," and "." not in plain else plain
        if _PLAIN.fullmatch(plain):
            return Decimal(plain)
    elif isinstance(value, Decimal):
        return value
    elif isinstance(value, float):
        return Decimal(float.__repr__(value))
    elif isinstance(value, Integral) and not isinstance(value, bool):
        return Decimal(int(value))
    raise FactError(f"a plain number is needed, not {shown(value)}")


def moment(value: object, form: str, where: ZoneInfo | None) -> int:
    """Return an instant, microseconds UTC, from a datetime, a date, or what ``form`` says (see ``OrderMapping``).

    A wall time that occurs twice means the first one, one that does not exist the first instant after the gap, and a
    date its first instant.

    Raises:
        FactError: no such time, or one without a zone while ``where`` is None.
    """
    if form in EPOCHS and not isinstance(value, date):
        return instant(scaled(value, EPOCHS[form], rounding="half_up"))
    wall = value if isinstance(value, datetime) else _wall(value, form)
    if wall.utcoffset() is not None:
        return instant(wall)
    if where is None:
        raise FactError(f"{shown(str(wall))} has no zone: set zone, such as 'Europe/London'")
    try:
        minute = at_local(wall.date(), wall.hour, wall.minute, where)
    except (TimeError, OverflowError):
        raise FactError(f"{shown(str(wall))} lies outside the years 1 to 9998") from None
    return instant(minute + wall.second * SECOND + wall.microsecond)


def _wall(value: object, form: str) -> datetime:
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001  # its zone is looked up later
    if form == "iso" and not isinstance(value, str):
        raise FactError(f"a time in ISO 8601 is a text, not {shown(value)}: set time_format")
    try:
        return _parsed(text(value) or "", form)
    except ValueError:
        raise FactError(f"no time as {form}: {shown(value)}") from None


@lru_cache(maxsize=4096)
def _parsed(value: str, form: str) -> datetime:
    return datetime.fromisoformat(value) if form == "iso" else datetime.strptime(value, form)  # noqa: DTZ007  # as above
