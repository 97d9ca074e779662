"""Text to trigger, step and span: the grammar of the expression language, with the calls of rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from retention_engine.predicates import Truth, read
from retention_engine.rules.acts import Audience, Call, Do, Escalate, Grant, IssueCode, Send, Tag, Untag
from retention_engine.rules.base import Trigger
from retention_engine.rules.catalogue import back_in_stock, on_sale, price_drop
from retention_engine.rules.goals import Goal
from retention_engine.rules.schedules import daily, monthly, weekly
from retention_engine.rules.steps import Branch, Split, Step, Variant, When
from retention_engine.rules.triggers import after, before, entering, every, leaving, on
from retention_engine.rules.waits import Delay, WaitFor, WaitUntil
from retention_engine.timing import Span

_SCHEDULES: dict[str, Callable[..., Any]] = {"daily": daily, "monthly": monthly, "weekly": weekly}
_TRIGGERS: dict[str, Callable[..., Any]] = {
    **_SCHEDULES,
    "after": after,
    "back_in_stock": back_in_stock,
    "before": before,
    "entering": entering,
    "every": every,
    "leaving": leaving,
    "on": on,
    "on_sale": on_sale,
    "price_drop": price_drop,
}
_STEPS: dict[str, Callable[..., Any]] = {
    **_SCHEDULES,
    "Audience": Audience,
    "Branch": Branch,
    "Call": Call,
    "Delay": Delay,
    "Do": Do,
    "Escalate": Escalate,
    "Grant": Grant,
    "IssueCode": IssueCode,
    "Send": Send,
    "Split": Split,
    "Tag": Tag,
    "Untag": Untag,
    "Variant": Variant,
    "WaitFor": WaitFor,
    "WaitUntil": WaitUntil,
    "When": When,
}


def read_trigger(text: str, *, segments: Mapping[str, Truth] | None = None) -> Trigger:
    """Read a trigger, such as ``entering(segment('lapsed'))``; the inverse of ``trigger.text()``.

    Args:
        text: one call; predicates inside in the text form or as Python.
        segments: the predicates behind ``segment("name")``.

    Raises:
        ExpressionError: anything wrong, with the position and the nearest valid name.
    """
    such = "a trigger is needed, such as entering(...) or after(orders, days(28))"
    found: Trigger = read(text, Trigger, such, calls=_TRIGGERS, segments=segments)
    return found


def read_step(text: str, *, segments: Mapping[str, Truth] | None = None) -> Step:
    """Read a step, such as ``Send('we-miss-you', topic='offers')``; the inverse of ``step.text()``.

    Args:
        text: one call, such as Send, Do, Delay, WaitFor, Branch or Split; further steps inside it.
        segments: the predicates behind ``segment("name")``.

    Raises:
        ExpressionError: anything wrong, with the position and the nearest valid name.
    """
    such = "a step is needed, such as Send('template') or Delay(days(3))"
    found: Step = read(text, Step, such, calls=_STEPS, segments=segments)
    return found


def read_goal(text: str, *, segments: Mapping[str, Truth] | None = None) -> Goal:
    """Read a goal, such as ``Goal(orders.since(entry).exists(), within=days(7))``; the inverse of ``goal.text()``.

    Raises:
        ExpressionError: anything wrong, with the position and the nearest valid name.
    """
    such = "a goal is needed, such as Goal(orders.since(entry).exists())"
    found: Goal = read(text, Goal, such, calls={"Goal": Goal}, segments=segments)
    return found


def read_span(text: str) -> Span:
    """Read a length of elapsed time, such as ``days(3)``; the inverse of its ``repr``.

    Raises:
        ExpressionError: it is none.
    """
    found: Span = read(text, Span, "a span is needed, such as days(3)")
    return found
