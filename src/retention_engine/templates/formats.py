"""Numbers, money, dates and plurals by the rules of a language: those of Babel. Needs the extra ``templates``."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeGuard

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_skeleton
from babel.numbers import format_currency, format_decimal, get_currency_precision

from retention_engine.errors import TemplateError, nearest, shown
from retention_engine.timing import is_zone, to_datetime, to_instant, zone

DATE_FORMATS = ("short", "medium", "long", "full", "day")
TIME_FORMATS = ("short", "medium", "long", "full")
_ORDER = ("zero", "one", "two", "few", "many")
_YEARLESS = "--"
_ANY_YEAR = 2000  # a leap year: 29 February is a day of it


@lru_cache(maxsize=200)
def locale_of(language: str) -> Locale:
    """Return what Babel knows about a language such as ``ru`` or ``pt-br``.

    Raises:
        TemplateError: nothing is known.
    """
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        raise TemplateError(f"no plurals and formats are known for the language {shown(language)}") from None


def plural(value: Any, language: str, *forms: str) -> str:
    """Return the form of a word for a number: балл, балла, баллов; point, points.

    Raises:
        TemplateError: not a number, or the language has another number of forms.
    """
    rule = locale_of(language).plural_form
    tags = [tag for tag in _ORDER if tag in rule.tags]
    if len(forms) == len(tags) + 1:
        return forms[[*tags, "other"].index(rule(_number(value)))]
    if len(forms) != len(tags) or "few" not in tags:
        count = f"{len(tags)} forms" if "few" in tags else f"{len(tags) + 1} forms"
        raise TemplateError(f"plural: the language {language!r} has {count} ({', '.join(tags)}, other)")
    form = rule(_number(value))
    return forms[tags.index("few" if form == "other" else form)]  # a fraction takes the form of a few


def _number(value: Any) -> int | float:
    if type(value) is not int and type(value) is not float:
        raise TemplateError("a number is needed here, not a text or a list", code="unfit_data")
    return abs(value)


def number(value: Any, language: str) -> str:
    """Return a number as people of a language write it."""
    _number(value)
    return format_decimal(Decimal(str(value)), locale=locale_of(language))


def money(value: Any, language: str, currency: str | None = None, *, cents: bool = True) -> str:
    """Return an amount of minor units as people of a language write it.

    Args:
        value: money, or minor units with ``currency``.
        cents: show the decimals of a whole amount, too.

    Raises:
        TemplateError: no money.
    """
    if type(value) is dict:
        value, currency = value.get("amount"), value.get("currency")
    if type(value) is not int or not _is_currency(currency):
        raise TemplateError("money is an amount of whole minor units with a currency", code="unfit_data")
    locale, amount = locale_of(language), Decimal(value).scaleb(-get_currency_precision(currency))
    if cents or amount != amount.to_integral_value():
        return format_currency(amount, currency, locale=locale)
    pattern = locale.currency_formats["standard"].pattern.replace("0.00", "0")
    return format_currency(amount, currency, pattern, locale=locale, currency_digits=False)


def _is_currency(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and len(value) == 3 and value.isascii() and value.isalpha() and value.isupper()


def day(value: Any, language: str, zone_name: str, form: str = "long") -> str:
    """Return a date; of an instant, the one in a zone. ``day``: without the year.

    Raises:
        TemplateError: no date and no instant, or no such form.
    """
    if form not in DATE_FORMATS:
        raise TemplateError(f"unknown form of a date {shown(form)}{nearest(form, DATE_FORMATS)}")
    yearless = isinstance(value, str) and value.startswith(_YEARLESS)
    found = _date(f"{_ANY_YEAR}{value[1:]}" if yearless else value, zone_name)
    if form == "day" or yearless:
        return format_skeleton("MMMMd", datetime.combine(found, time()), locale=locale_of(language))
    return format_date(found, form, locale=locale_of(language))


def _date(value: Any, zone_name: str) -> date:
    if isinstance(value, str) and len(value) == 10:
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise _no_date() from None
    return _local(value, zone_name).date()


def _local(value: Any, zone_name: str) -> datetime:
    if type(value) is not int and not isinstance(value, str):
        raise _no_date()
    try:
        moment = to_datetime(to_instant(value))
        return datetime.fromtimestamp(moment.timestamp(), zone(zone_name))
    except (ValueError, OverflowError, OSError):
        raise _no_date() from None


def _no_date() -> TemplateError:
    return TemplateError(
        "a date is YYYY-MM-DD, or an instant: microseconds UTC or ISO 8601 with offset", code="unfit_data"
    )


def moment(value: Any, language: str, zone_name: str, form: str = "medium") -> str:
    """Return date and time of an instant in a zone.

    Raises:
        TemplateError: no instant, or no such form.
    """
    if form not in TIME_FORMATS:
        raise TemplateError(f"unknown form of a time {shown(form)}{nearest(form, TIME_FORMATS)}")
    if isinstance(value, str) and len(value) == 10:
        raise _no_date()
    local = _local(value, zone_name)
    return format_datetime(local, form, tzinfo=local.tzinfo, locale=locale_of(language))


def known_zone(name: object, otherwise: str) -> str:
    """Return a zone's name when there is such a zone, else another."""
    return name if isinstance(name, str) and is_zone(name) else otherwise
