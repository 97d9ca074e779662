"""Triggers, steps and spans are read from the text they write, in the grammar of the language."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_engine.errors import ExpressionError
from retention_engine.predicates import carts, orders, segment
from retention_engine.rules import (
    RuleSet,
    Send,
    entering,
    every,
    leaving,
    on,
    read_span,
    read_step,
    read_trigger,
    weekly,
)
from retention_engine.testing.strategies.rules import rule_sets
from retention_engine.timing import days, hours, microseconds, seconds

TRIGGERS = [
    ("on(orders)", on(orders)),
    (" entering( orders.exists() and\tnot carts.exists() ) ", entering(orders.exists() & ~carts.exists())),
    ("entering(orders.exists() & ~carts.exists())", entering(orders.exists() & ~carts.exists())),
    ("leaving(segment('s'), include_current=True)", leaving(segment("s", orders.exists()), include_current=True)),
    ('every(weekly("sun", "mon", at="09:00"))', every(weekly("sun", "mon", at="09:00"))),
]


@pytest.mark.parametrize(("text", "trigger"), TRIGGERS)
def test_a_trigger_is_read(text: str, trigger: Any) -> None:
    """As text or as Python, with any spaces, with either quotes."""
    assert read_trigger(text, segments={"s": orders.exists()}) == trigger


STEPS = [
    "Branch(When(orders.exists(), Send('a')), otherwise=[Delay(days(1))])",
    "Branch(\n  When(orders.exists() & ~carts.exists(), Send('a'),),\n  otherwise=[\n    Send('b'),\n  ],\n)",
    "Split(Variant('a', Send('a', channels=['email'])), Variant('b', weight=0), id='e')",
    "WaitUntil(weekly('mon', at='09:00'), name='w')",
    "Branch(When(segment('s')))",
    "Send('a', items=orders.since(entry), channels=[])",
]


@pytest.mark.parametrize("text", STEPS)
def test_a_step_is_read(text: str) -> None:
    """With steps inside it, on several lines, with lists and with segments."""
    step = read_step(text, segments={"s": orders.exists()})
    assert read_step(step.text(), segments={"s": orders.exists()}) == step


def test_predicates_in_different_steps_are_counted_by_themselves() -> None:
    """Each may be as large as a predicate may be; one that is larger is refused all the same."""
    large = " and ".join(["orders.exists()"] * 300)
    assert read_step(f"Branch({', '.join([f'When({large})'] * 9)})")
    with pytest.raises(ExpressionError, match="at most 1000 nodes"):
        read_step(f"Branch(When({' and '.join(['orders.exists()'] * 1_001)}))")


@settings(max_examples=300)
@given(rule_sets(nested=True))
def test_every_trigger_and_step_is_read_back(made: RuleSet) -> None:
    """Over every kind there is, with the segments it names."""
    for rule in made:
        assert read_trigger(rule.trigger.text(), segments=made.segments) == rule.trigger
        for step in rule.steps:
            assert read_step(step.text(), segments=made.segments) == step


@given(st.sampled_from((days, hours, seconds, microseconds)), st.integers(0, 10**6))
def test_every_span_is_read_back(unit: Callable[[int], Any], count: int) -> None:
    """In the largest unit that divides it."""
    assert read_span(repr(unit(count % 200_000))) == unit(count % 200_000)


WRONG: list[tuple[Callable[[str], Any], str, str]] = [
    (
        read_trigger,
        "orders.exists()",
        "such as entering(...) or after(orders, days(28)), not orders",
    ),
    (read_trigger, "daily()", "a trigger is needed"),
    (read_trigger, "Send('a')", "unknown function 'Send'"),
    (read_trigger, "entring(orders.exists())", "unknown function 'entring' (did you mean 'entering'?)"),
    (read_trigger, "entering(orders)", "a predicate is needed, not orders"),
    (read_trigger, "entering(on(orders))", "a predicate is needed, not on(orders)"),
    (read_trigger, "entering(orders.exists(), current=True)", "unexpected keyword argument 'current'"),
    (read_trigger, "entering(segment('s'))", "unknown segment 's'"),
    (read_trigger, "after(orders, 3)", "takes a span such as days(28), not 3"),
    (read_trigger, "after(orders)", "missing 1 required positional argument"),
    (read_trigger, "every(daily)", "'daily' does not stand alone: write daily(...)"),
    (read_trigger, "every(weekly())", "needs at least one weekday"),
    (read_trigger, "price_drop(orders)", "takes records with a sku"),
    (read_trigger, "on(orders) or on(carts)", "a predicate is needed here, not 'on(orders)'"),
    (read_trigger, "not on(orders)", "a predicate is needed here"),
    (read_step, "Sent('a')", "unknown function 'Sent' (did you mean 'Send'?)"),
    (read_step, "Send()", "missing 1 required positional argument: 'template'"),
    (read_step, "Send('a', data={'a': {'b': 1}})", "data: a holds a text, a finite number"),
    (read_step, "Send('a', data=orders)", "data: "),
    (read_step, "Delay(3)", "Delay takes a span above zero such as days(3), not 3"),
    (read_step, "Delay(days(1.5))", "days takes a whole number"),
    (read_step, "WaitFor(orders.exists(), days(3), 'exit')", "positional arguments"),
    (read_step, "orders.exists()", "a step is needed, such as Send('template') or Delay(days(3)), not orders.exists()"),
    (read_step, "entering(orders.exists())", "unknown function 'entering'"),
    (read_step, "[Send('a')]", "a step is needed, such as Send('template') or Delay(days(3)), not [Send('a')]"),
    (read_step, "When(orders.exists())", "a step is needed"),
    (read_step, "daily()", "a step is needed"),
    (read_step, "Branch([When(orders.exists())])", "Branch takes When(predicate, steps...), not [When("),
    (read_step, "Branch(When(orders.exists(), Sent('a')))", "unknown function 'Sent' (did you mean 'Send'?)"),
    (read_step, "Branch(When(orders.exists()), otherwise=(Send('a'), Send('b')))", "Tuple is not part of the language"),
    (read_step, "Branch(When(orders.exists()), else_=[])", "unexpected keyword argument 'else_'"),
    (read_step, "Branch(*[When(orders.exists())])", "Starred is not part of the language"),
    (read_step, "Split(Variant('a'), Variant('b'))", "missing 1 required keyword-only argument: 'id'"),
    (read_step, "Send('a', items=orders.where(total=[1]))", "a list has no place here"),
    (read_step, "WaitFor(orders.count() == [1], days(1))", "compared with a number"),
    (read_step, "Delay(days([1]))", "a list has no place here"),
    (read_step, "Send('a', data={'b': [1]})", "data: b holds a text"),
    (read_step, "Send('a', channels=[[]])", "channels is a printable text"),
    (read_step, "WaitUntil(weekly(['mon']))", "unknown weekday ['mon']"),
    (read_step, "WaitUntil(entering(orders.exists()))", "unknown function 'entering'"),
    (read_trigger, "on([orders])", "take a collection without windows, not"),
    (read_trigger, "entering([orders.exists()])", "a predicate is needed, not [orders.exists()]"),
    (read_span, "3", "a span is needed, such as days(3), not 3"),
    (read_span, "local_days(3)", "a span is needed"),
    (read_span, "days(-1)", "a whole number from 0 to 200000, not -1"),
    (read_span, "months(1)", "unknown function 'months'"),
    (read_span, "[days(1)]", "List is not part of the language"),
]


@pytest.mark.parametrize(("reader", "text", "message"), WRONG)
def test_a_wrong_text_is_refused_with_its_place(reader: Callable[[str], Any], text: str, message: str) -> None:
    """The message says what is needed and what was given; the error knows the position."""
    with pytest.raises(ExpressionError) as caught:
        reader(text)
    assert message in str(caught.value)
    assert caught.value.position is not None
    assert caught.value.text == text


def test_the_same_words_do_not_exist_in_predicates() -> None:
    """Steps belong to steps and triggers to triggers."""
    assert read_step("Send('hello', topic='offers')") == Send("hello", topic="offers")
    with pytest.raises(ExpressionError, match="unknown function 'price_drop'"):
        read_step("price_drop(views)")
    with pytest.raises(ExpressionError, match="unknown function 'Delay'"):
        read_span("Delay(days(1))")
