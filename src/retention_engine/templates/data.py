"""What a template may see: texts, numbers, flags, None, lists and dicts of them; no objects."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from math import isfinite
from typing import Any

from attrs import define

from retention_engine.errors import TemplateError
from retention_engine.money import Money
from retention_engine.values import LARGEST_INTEGER, LONGEST_TEXT

_DEEPEST, _MOST = 8, 2_000


@define
class _Taker:
    """Copies values, counting them."""

    count: int = 0

    def take(self, value: object, place: str, depth: int) -> Any:
        """Return a plain copy of a value."""
        self.count += 1
        if self.count > _MOST or depth > _DEEPEST:
            raise _unfit(place, f"at most {_MOST} values, {_DEEPEST} deep, can be shown")
        kind = type(value)
        if value is None or kind is bool or kind is Money or issubclass(kind, date):
            return _known(value)
        if issubclass(kind, str):
            return _text(value, place)
        if kind is int or kind is float:
            return _number(value, place)
        if kind is dict:
            return {
                _text(key, place): self.take(held, f"{place}.{_shown(key)}", depth + 1) for key, held in _pairs(value)
            }
        if kind is list or kind is tuple:
            return [self.take(held, f"{place}[{number}]", depth + 1) for number, held in enumerate(_each(value))]
        raise _unfit(place, f"a template is shown plain values, not {kind.__name__}")


def _known(value: Any) -> Any:
    if type(value) is Money:
        return {"amount": value.amount, "currency": value.currency}
    if isinstance(value, datetime):
        return datetime.isoformat(value)
    return date.isoformat(value) if isinstance(value, date) else value


def _pairs(value: Any) -> list[tuple[object, object]]:
    return list(dict.items(value))


def _each(value: Any) -> tuple[object, ...]:
    return tuple(value)


def _text(value: Any, place: str) -> str:
    if not issubclass(type(value), str):
        raise _unfit(place, f"names are texts, not {type(value).__name__}")
    text = str.__str__(value)  # of a subclass: its letters, whatever methods it has
    if len(text) > LONGEST_TEXT or "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise _unfit(place, f"a text has at most {LONGEST_TEXT} characters, without NUL and lone surrogates")
    return text


def _number(value: Any, place: str) -> int | float:
    if (type(value) is int and abs(value) > LARGEST_INTEGER) or not isfinite(value):
        raise _unfit(place, "a number is finite and below 2**63")
    return value  # type: ignore[no-any-return]  # an int or a float by then


def _shown(key: object) -> str:
    return key[:40] if type(key) is str and key.isprintable() else "..."


def _unfit(place: str, message: str) -> TemplateError:
    return TemplateError(f"value {place}: {message}", code="unfit_data")


def plain(data: Mapping[str, object]) -> dict[str, Any]:
    """Return a copy of plain values; money becomes a dict, dates become ISO texts. No method of a value is called.

    Raises:
        TemplateError: an object, a name that starts with _, NaN, a text over 10,000 characters, too many values, ...
    """
    taker = _Taker()
    found: dict[str, Any] = {}
    for name, value in data.items():
        if not (type(name) is str and name.isidentifier()) or name.startswith("_"):
            raise _unfit(_shown(name), "a name is made of letters, digits and _, and starts with a letter")
        found[name] = taker.take(value, name, 1)
    return found
