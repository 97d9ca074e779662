"""Steps are values with names; wrong ones fail where they are written, right ones print themselves."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine.errors import DefinitionError
from retention_engine.predicates import carts, customer, orders
from retention_engine.rules import Delay, Do, Send, Step, WaitFor
from retention_engine.timing import days, hours

ROUND = [
    (Send("hello"), "Send('hello')"),
    (Send("hello", name="hello"), "Send('hello')"),
    (
        Send("hello", topic="offers", channel="email", data={"b": None, "a": 1.5}, name="it's"),
        "Send('hello', topic='offers', channel='email', data={'a': 1.5, 'b': None}, name=\"it's\")",
    ),
    (Do("tag", "vip"), "Do('tag', 'vip')"),
    (Do("send", "hello"), "Send('hello')"),
    (Do("call", "crm", data={"n": True}), "Do('call', 'crm', data={'n': True})"),
    (Delay(days(3)), "Delay(days(3))"),
    (Delay(days(3), name="pause"), "Delay(days(3), name='pause')"),
    (WaitFor(orders.exists(), hours(5)), "WaitFor(orders.exists(), hours(5))"),
    (
        WaitFor(orders.exists() & ~carts.exists(), hours(5), on_timeout="exit", name="w"),
        "WaitFor(orders.exists() and not carts.exists(), hours(5), on_timeout='exit', name='w')",
    ),
]


@pytest.mark.parametrize(("step", "text"), ROUND)
def test_a_step_prints_as_the_call_that_builds_it(step: Step, text: str) -> None:
    """The text form leaves defaults out, and ``eval(repr(step))`` is equal."""
    assert str(step) == text
    assert eval(repr(step)) == step


def test_steps_are_named_by_what_they_are_about() -> None:
    """A name given wins; it is what an enrolment remembers."""
    assert Send("hello").name == "hello"
    assert Delay(days(3)).name == "delay days(3)"
    assert WaitFor(orders.exists(), days(3)).name == "wait orders.exists()"
    assert len(WaitFor(customer.city == "x" * 300, days(3)).name) == 200


WRONG: list[tuple[Any, str]] = [
    (lambda: Send(""), "about is a printable text of 1 to 200 characters, not ''"),
    (lambda: Send("a\n"), "about is a printable text"),
    (lambda: Send(7), "not 7"),
    (lambda: Send("a", topic=7), "topic is a printable text of 1 to 200 characters, not 7"),
    (lambda: Send("a", channel="x" * 201), "channel is"),
    (lambda: Send("a", name=""), "name is"),
    (lambda: Send("a", data={"a": [1]}), "data: a holds a text"),
    (lambda: Send("a", data={"a": float("nan")}), "data: a holds a text"),
    (lambda: Send("a", data={1: 2}), "data: 1 is no field name"),
    (lambda: Send("a", data=7), "data: "),
    (lambda: Do("", "a"), "kind is"),
    (lambda: Delay(3), "Delay takes a span above zero such as days(3), not 3"),
    (lambda: Delay(days(0)), "not days(0)"),
    (lambda: Delay(days(1), name="\u200b"), "name is"),
    (lambda: WaitFor(True, days(1)), "WaitFor takes a predicate, not True"),
    (lambda: WaitFor(orders, days(1)), "WaitFor takes a predicate, not orders"),
    (lambda: WaitFor(orders.exists(), 3), "WaitFor takes a timeout above zero such as days(3), not 3"),
    (lambda: WaitFor(orders.exists(), days(0)), "not days(0)"),
    (lambda: WaitFor(orders.exists(), days(1), on_timeout="stop"), "'continue' or 'exit', not 'stop'"),
]


@pytest.mark.parametrize(("build", "message"), WRONG)
def test_a_wrong_step_fails_where_it_is_written(build: Any, message: str) -> None:
    """The message names the part, what is allowed, and what was given."""
    with pytest.raises(DefinitionError) as caught:
        build()
    assert message in str(caught.value)


def test_data_is_kept_sorted_and_keeps_its_types() -> None:
    """Equal whatever the order; True is not 1, and 1 is not 1.0."""
    assert Send("a", data={"a": 1, "b": 2}) == Send("a", data={"b": 2, "a": 1})
    assert len({Send("a", data={"n": value}) for value in (1, 1.0, True, "1", None)}) == 5
