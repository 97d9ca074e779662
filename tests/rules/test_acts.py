"""Steps that act are values with names; wrong ones fail where they are written, right ones print the shortest call."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine.errors import DefinitionError
from retention_engine.predicates import carts, customer, entry, events, item, orders, purchases
from retention_engine.rules import Audience, Call, Do, Escalate, Grant, IssueCode, Send, Tag, Untag, read_step
from retention_engine.timing import days, minutes

OPEN = carts.where(ordered=False)
ROUND = [
    (Send("hello"), "Send('hello')"),
    (Send("hello", name="hello"), "Send('hello')"),
    (
        Send("hello", topic="offers", channel="email", data={"b": None, "a": 1.5}, name="it's"),
        "Send('hello', topic='offers', channel='email', data={'a': 1.5, 'b': None}, name=\"it's\")",
    ),
    (Send("hello", channels=("email", "sms")), "Send('hello', channels=['email', 'sms'])"),
    (Send("hello", on_unknown="retry"), "Send('hello', on_unknown='retry')"),
    (Do("grant", "x", on_unknown="ask"), "Do('grant', 'x', on_unknown='ask')"),
    (Send("hello", channels=["sms"], purpose="service"), "Send('hello', channels=['sms'], purpose='service')"),
    (Send("hello", items=OPEN), "Send('hello', items=carts.where(ordered=False))"),
    (
        Send("hello", items=events("comment").within(minutes(6)), data={"n": 1}),
        "Send('hello', items=events('comment').within(minutes(6)), data={'n': 1})",
    ),
    (Send("hello", items=purchases.since(entry)), "Send('hello', items=purchases.since(entry))"),
    (Do("send", "hello"), "Send('hello')"),
    (Tag("vip"), "Tag('vip')"),
    (Grant("pts", 5), "Grant('pts', amount=5)"),
    (Grant("pts", 5, lasts=days(2), why="x", name="g"), "Grant('pts', amount=5, lasts=days(2), why='x', name='g')"),
    (Do("grant", "pts", data={"amount": 5}), "Grant('pts', amount=5)"),
    (Do("grant", "pts", data={"points": 5}), "Do('grant', 'pts', data={'points': 5})"),
    (Do("grant", "pts", data={"amount": 5, "why": None}), "Do('grant', 'pts', data={'amount': 5, 'why': None})"),
    (IssueCode("spring"), "IssueCode('spring')"),
    (IssueCode("spring", name="spring"), "IssueCode('spring', name='spring')"),
    (Do("tag", "vip", name="mark"), "Tag('vip', name='mark')"),
    (Do("tag", "vip", topic="a", data={"n": True}), "Do('tag', 'vip', topic='a', data={'n': True})"),
    (Untag("vip"), "Untag('vip')"),
    (Audience("lost"), "Audience('lost')"),
    (Audience("lost", leave=True, channel="ads"), "Audience('lost', leave=True, channel='ads')"),
    (Do("audience_leave", "lost", topic="a"), "Do('audience_leave', 'lost', topic='a')"),
    (Do("audience_join", "lost", purpose="service"), "Do('audience_join', 'lost', purpose='service')"),
    (Escalate("ann"), "Escalate('ann')"),
    (Escalate("ann", about="a call", data={"n": 1}), "Escalate('ann', about='a call', data={'n': 1})"),
    (Escalate("ann", data={"about": "", "n": 1}), "Escalate('ann', about='', data={'n': 1})"),
    (Escalate("ann", data={"about": 7}), "Escalate('ann', data={'about': 7})"),
    (Do("escalate", "ann", topic="a", data={"about": "b"}), "Do('escalate', 'ann', topic='a', data={'about': 'b'})"),
    (Call("crm", data={"n": True}), "Call('crm', data={'n': True})"),
    (Do("grant", "points", data={"points": 50}), "Do('grant', 'points', data={'points': 50})"),
    (Do("Send", "points"), "Do('Send', 'points')"),
]


@pytest.mark.parametrize(("step", "text"), ROUND)
def test_an_action_prints_as_the_call_that_builds_it(step: Do, text: str) -> None:
    """The text form leaves defaults out and reads back; ``eval(repr(step))`` is equal and hashes equal."""
    assert str(step) == text
    assert read_step(text) == step
    assert eval(repr(step)) == step
    assert hash(eval(repr(step))) == hash(step)


def test_each_function_has_a_kind_of_its_own() -> None:
    """The kinds are stored with actions: they never change."""
    made = [Send("a"), Tag("a"), Untag("a"), Audience("a"), Audience("a", leave=True), Escalate("a"), Call("a")]
    kinds = ["send", "tag", "untag", "audience_join", "audience_leave", "escalate", "call"]
    assert [step.kind for step in made] == kinds
    assert {step.name for step in made} == {"a"}
    assert {step.purpose for step in made} == {"marketing"}
    assert Escalate("a", about="b").data == (("about", "b"),)


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
    (lambda: Send("a", channels="email"), "channels are a list such as ['email', 'sms'], the best first, not 'email'"),
    (lambda: Send("a", channels=None), "channels are a list"),
    (lambda: Send("a", channels=["email", ""]), "channels is a printable text of 1 to 200 characters, not ''"),
    (lambda: Send("a", channels=[None]), "channels is a printable text of 1 to 200 characters, not None"),
    (lambda: Send("a", channels=["b", "b"]), "channels are at most 10 different names, not ('b', 'b')"),
    (lambda: Send("a", channels=[str(number) for number in range(11)]), "channels are at most 10 different names"),
    (lambda: Send("a", channel="b", channels=["c"]), "give channel= or channels=, not both: 'b' and ['c']"),
    (lambda: Send("a", purpose="servise"), "unknown purpose 'servise' (did you mean 'service'?)"),
    (lambda: Send("a", on_unknown="retri"), "unknown on_unknown 'retri' (did you mean 'retry'?)"),
    (lambda: Send("a", on_unknown=None), "unknown on_unknown None (allowed: ask, drop, retry)"),
    (lambda: Send("a", purpose=None), "unknown purpose None (allowed: marketing, service, transactional)"),
    (lambda: Send("a", items=orders.exists()), "items are records such as carts.where(ordered=False), not orders"),
    (lambda: Send("a", items="carts"), "items are records such as carts.where(ordered=False), not 'carts'"),
    (lambda: Send("a", items=orders.gaps()), "not orders.gaps()"),
    (lambda: Send("a", items=orders.where(*[item.total > 1] * 40)), "at most 1000 nodes and depth 32"),
    (lambda: Audience("a", leave=1), "leave is True or False, not 1"),
    (lambda: Escalate("a", about=7), "about is a text, given once, not 7 with data {}"),
    (lambda: Escalate("a", about="b", data={"about": "c"}), "about is a text, given once, not 'b' with data {'about'"),
    (lambda: Escalate("a", about="b", data={"c": []}), "data: c holds a text"),
    (lambda: Grant("pts", 0), "amount is a whole number of minor units from 1 to 1000000000000000, not 0"),
    (lambda: Grant("pts", 5, lasts=days(0)), "lasts is a span such as days(30), not days(0)"),
    (lambda: Grant("pts", 5, lasts=5), "lasts is a span such as days(30), not 5"),
    (lambda: Grant("pts", 5, why=""), "why is a printable text of 1 to 200 characters, not ''"),
    (lambda: IssueCode(""), "about is a printable text"),
    (lambda: Tag(customer.city), "about is a printable text of 1 to 200 characters, not customer.city"),
]


@pytest.mark.parametrize(("build", "message"), WRONG)
def test_a_wrong_action_fails_where_it_is_written(build: Any, message: str) -> None:
    """The message names the part, what is allowed, and what was given."""
    with pytest.raises(DefinitionError) as caught:
        build()
    assert message in str(caught.value)


def test_data_is_kept_sorted_and_keeps_its_types() -> None:
    """Equal whatever the order; True is not 1, and 1 is not 1.0."""
    assert Send("a", data={"a": 1, "b": 2}) == Send("a", data={"b": 2, "a": 1})
    assert len({Send("a", data={"n": value}) for value in (1, 1.0, True, "1", None)}) == 5


def test_an_action_reads_what_its_items_read() -> None:
    """Nothing without items."""
    assert Send("a").reads() == frozenset()
    assert Send("a", items=purchases.since(entry)).reads() == {"purchases", "entry"}
