"""Text to trigger, step and span: the grammar of the expression language, with the calls of rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from retention_engine.errors import ExpressionError, shown
from retention_engine.predicates import Truth, read
from retention_engine.rules.base import Trigger
from retention_engine.rules.catalogue import back_in_stock, on_sale, price_drop
from retention_engine.rules.schedules import daily, monthly, weekly
from retention_engine.rules.steps import Delay, Do, Send, Step, WaitFor
from retention_engine.rules.triggers import after, before, entering, every, leaving, on
from retention_engine.timing import Span

_TRIGGERS: dict[str, Callable[..., Any]] = {
    "after": after,
    "back_in_stock": back_in_stock,
    "before": before,
    "daily": daily,
    "entering": entering,
    "every": every,
    "leaving": leaving,
    "monthly": monthly,
    "on": on,
    "on_sale": on_sale,
    "price_drop": price_drop,
    "weekly": weekly,
}
_STEPS: dict[str, Callable[..., Any]] = {"Delay": Delay, "Do": Do, "Send": Send, "WaitFor": WaitFor}


def read_trigger(text: str, *, segments: Mapping[str, Truth] | None = None) -> Trigger:
    """Read a trigger, such as ``entering(segment('lapsed'))``; the inverse of ``trigger.text()``.

    Args:
        text: one call; predicates inside in the text form or as Python.
        segments: the predicates behind ``segment("name")``.

    Raises:
        ExpressionError: anything wrong, with the position and the nearest valid name.
    """
    found = read(text, calls=_TRIGGERS, segments=segments)
    if not isinstance(found, Trigger):
        message = f"a trigger is needed, such as entering(...) or after(orders, days(28)), not {shown(found)}"
        raise ExpressionError(message, text=text, position=0)
    return found


def read_step(text: str, *, segments: Mapping[str, Truth] | None = None) -> Step:
    """Read a step, such as ``Send('we-miss-you', topic='offers')``; the inverse of ``step.text()``.

    Args:
        text: one call of Send, Do, Delay or WaitFor.
        segments: the predicates behind ``segment("name")``.

    Raises:
        ExpressionError: anything wrong, with the position and the nearest valid name.
    """
    found = read(text, calls=_STEPS, segments=segments)
    if not isinstance(found, Do | Delay | WaitFor):
        message = f"a step is needed, such as Send('template') or Delay(days(3)), not {shown(found)}"
        raise ExpressionError(message, text=text, position=0)
    return found


def read_span(text: str) -> Span:
    """Read a length of elapsed time, such as ``days(3)``; the inverse of its ``repr``.

    Raises:
        ExpressionError: it is none.
    """
    found = read(text)
    if not isinstance(found, Span):
        raise ExpressionError(f"a span is needed, such as days(3), not {shown(found)}", text=text, position=0)
    return found
