"""What a template can do with a value: a short list of filters, each of them for plain values only."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from math import isfinite
from typing import Any
from urllib.parse import quote

from jinja2 import Undefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from retention_engine.errors import TemplateError
from retention_engine.templates.base import LONGEST_OUTPUT, flag_text
from retention_engine.templates.cards import available
from retention_engine.templates.formats import day, moment, money, number, plural
from retention_engine.templates.markup import CLOSE, HTTPS, OPEN

MOST_STEPS = 100_000
"""How much the loops and snippets of one part may do, all together; one step is one node of the template."""
_STEPS_OF_A_SNIPPET = 1_000


def _known(value: Any) -> Any:
    if isinstance(value, Undefined):
        str(value)  # raises: the name is unknown
    return value


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if type(value) is int or (type(value) is float and isfinite(value)):
        return str(value)
    raise TemplateError("a text is needed here, not a list, a flag or nothing", code="unfit_data")


def _list(value: Any) -> list[Any]:
    if type(value) in (list, range, dict):
        return list(value)
    raise TemplateError("a list is needed here", code="unfit_data")


def printed(context: Context, value: Any) -> Any:
    """Return what stands in the message for a value; None and lists are no text."""
    if isinstance(value, Undefined):
        return str(value)  # raises if the name is unknown; the else that an inline if does not have is empty
    if isinstance(value, bool):
        return flag_text(value, context["_language"])
    if value is None:
        raise TemplateError("a value is None: show it behind {% if %}, or write |default('...')", code="unfit_data")
    return _text(value)


def joined(values: Any, by: str = "") -> str:
    """Return texts as one; not longer than a message may be."""
    texts = [_text(_known(value)) for value in _list(values)]
    if sum(map(len, texts)) + len(by) * len(texts) > LONGEST_OUTPUT:
        raise TemplateError(f"more than {LONGEST_OUTPUT} characters come out", code="too_much")
    return str.join(by, texts)


def counted(context: Context, values: Any, steps: int) -> list[Any]:
    """Return what a loop goes through, if that many steps a round are left."""
    found = _list(_known(values))
    _spend(context, len(found) * steps)
    return found


def included(context: Context, name: str) -> str:
    """Return the name of a snippet, if the steps for one more are left."""
    _spend(context, _STEPS_OF_A_SNIPPET)
    return name


def _spend(context: Context, steps: int) -> None:
    context["_budget"][0] -= steps
    if context["_budget"][0] < 0:
        raise TemplateError(f"loops and snippets take more than {MOST_STEPS} steps", code="too_much")


def _default(value: Any, otherwise: Any = "") -> Any:
    return otherwise if isinstance(value, Undefined) or value is None or value == "" else value


def _truncate(value: Any, length: int = 80, end: str = "…") -> str:
    text = _text(value)
    return text if len(text) <= length else text[: max(length - len(end), 0)].rstrip() + end


def _length(value: Any) -> int:
    return len(value) if isinstance(value, str) else len(_list(value))


def _round(value: Any, digits: int = 0) -> float | int:
    if not isinstance(value, int | float):
        raise TemplateError("a number is needed here", code="unfit_data")
    return round(value, digits) if digits > 0 else round(value)


def _first(value: Any) -> Any:
    return next(iter(_list(value)), None)


def _last(value: Any) -> Any:
    return next(reversed(_list(value)), None)


def _available(value: Any) -> Any:
    if not all(type(each) is dict for each in _list(value)):
        raise TemplateError("cards are dicts", code="unfit_data")
    return available(value)


def _sku_card(context: Context, value: Any) -> str:
    if type(value) is not dict or not isinstance(value.get("name"), str):
        raise TemplateError("a card is a dict with a name, and perhaps price, was and url", code="unfit_data")
    name, url = value["name"], _text(value.get("url") or "")
    prices = [_money(context, value[key]) for key in ("was", "price") if value.get(key)]
    price = f" — {' → '.join(prices)}" if prices else ""
    if context["_label"] == "html":
        link = Markup('<a href="{}">{}</a>').format(url, name) if url else escape(name)
        return Markup("{}{}").format(link, price)
    return (f"{OPEN}{name}{HTTPS}{url}{CLOSE}" if url and context["_label"] == "text" else name) + price


def _money(context: Context, value: Any, currency: str | None = None, *, cents: bool = True) -> str:
    return money(value, context["_language"], currency, cents=cents)


def _day(context: Context, value: Any, form: str = "long") -> str:
    return day(value, context["_language"], context["_zone"], form)


def _moment(context: Context, value: Any, form: str = "medium") -> str:
    return moment(value, context["_language"], context["_zone"], form)


def _plural(context: Context, value: Any, *forms: str) -> str:
    return plural(value, context["_language"], *forms)


def _number(context: Context, value: Any) -> str:
    return number(value, context["_language"])


def _shown(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter that is given known values only."""

    @wraps(function)
    def given(*values: Any, **options: Any) -> Any:
        return function(*map(_known, values), **{name: _known(value) for name, value in options.items()})

    return given


_OF_THE_CONTEXT: dict[str, Callable[..., Any]] = {
    "date": _day,
    "datetime": _moment,
    "money": _money,
    "number": _number,
    "plural": _plural,
    "sku_card": _sku_card,
}
_SIMPLE: dict[str, Callable[..., Any]] = {
    "available": _available,
    "capitalize": lambda value: _text(value)[:1].upper() + _text(value)[1:],
    "first": _first,
    "join": joined,
    "last": _last,
    "length": _length,
    "lower": lambda value: _text(value).lower(),
    "round": _round,
    "trim": lambda value: _text(value).strip(),
    "truncate": _truncate,
    "upper": lambda value: _text(value).upper(),
    "urlencode": lambda value: quote(_text(value), safe=""),
}
FILTERS: dict[str, Callable[..., Any]] = {
    "default": _default,
    **{name: _shown(function) for name, function in _SIMPLE.items()},
    **{name: pass_context(_shown(function)) for name, function in _OF_THE_CONTEXT.items()},
}
"""Name -> filter; there are no others."""
