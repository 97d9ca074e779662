"""A rule checks its parts; a rule set its ids and segments; both print themselves and have fingerprints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings

from retention_engine import predicates, timing
from retention_engine import rules as all_rules
from retention_engine.errors import DefinitionError
from retention_engine.predicates import Truth, all_of, carts, customer, entry, orders, segment, views
from retention_engine.rules import (
    Branch,
    Delay,
    Do,
    Goal,
    Rule,
    RuleSet,
    Send,
    Split,
    Variant,
    WaitFor,
    When,
    after,
    before,
    entering,
    leaving,
    on,
    on_sale,
    price_drop,
)
from retention_engine.testing.strategies.rules import rules
from retention_engine.timing import days, hours, local_days, microseconds

HELLO = Send("hello")
SCOPE = {name: getattr(module, name) for module in (timing, predicates, all_rules) for name in module.__all__}
WIN_BACK = Rule(
    "win-back",
    entering(orders.last().age >= days(45)),
    Send("we-miss-you", topic="offers"),
    Delay(days(3)),
    WaitFor(views.exists(), hours(5)),
    Do("tag", "lost"),
    when=~carts.exists(),
    exit_when=orders.since(entry).exists(),
    valid_for=days(3),
    re_entry=days(30),
    title="We miss you",
)


def test_a_rule_prints_as_the_call_that_builds_it() -> None:
    """Manners that are the default are left out; ``eval(repr(rule))`` is equal, title included."""
    again = eval(repr(WIN_BACK), SCOPE)
    assert again == WIN_BACK
    assert again.title == "We miss you"
    assert repr(Rule("a", on(orders), HELLO)) == "Rule('a', on(orders), Send('hello'))"
    assert repr(Rule("a", on(orders), HELLO, re_entry="once")).endswith("re_entry='once')")


MANNERS = [
    ({"priority": -3}, "priority=-3"),
    ({"value": 500}, "value=500"),
    ({"at_cap": "best"}, "at_cap='best'"),
    ({"goal": Goal(orders.since(entry).exists())}, "goal=Goal(orders.since(entry).exists())"),
    ({"re_entry": "once", "priority": 1, "at_cap": "drop"}, "re_entry='once', priority=1, at_cap='drop'"),
]


@pytest.mark.parametrize(("manners", "text"), MANNERS)
def test_manners_are_printed_and_make_another_rule(manners: dict[str, Any], text: str) -> None:
    """What is not the default stands in the rule, in its text and in its fingerprint."""
    rule = Rule("a", on(orders), HELLO, **manners)
    assert repr(rule) == f"Rule('a', on(orders), Send('hello'), {text})"
    assert eval(repr(rule)) == rule != Rule("a", on(orders), HELLO)
    assert RuleSet.digest(rule) != RuleSet.digest(Rule("a", on(orders), HELLO))


@settings(max_examples=300)
@given(rules(nested=True))
def test_any_rule_prints_as_the_call_that_builds_it(rule: Rule) -> None:
    """Over every trigger, step and manner there is."""
    assert eval(repr(rule), SCOPE) == rule


DEEP: Truth = orders.exists()
for _ in range(40):
    DEEP = segment("deep", DEEP)
CITY = customer.city.is_set()
MANY = [Send(f"s{number}") for number in range(50)]
WIDE = all_of(*(customer.n == number for number in range(600)))

WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: Rule("", on(orders), HELLO), "a rule's id is a printable text of 1 to 200 characters, not ''"),
    (lambda: Rule("a\n", on(orders), HELLO), "a rule's id"),
    (lambda: Rule(7, on(orders), HELLO), "not 7"),  # type: ignore[arg-type]  # the point of the test
    (lambda: Rule("a", orders, HELLO), "rule 'a': the trigger is after(), on(), entering(), ..., not orders"),
    (lambda: Rule("a", orders.exists(), HELLO), "the trigger is after()"),
    (lambda: Rule("a", on(orders)), "rule 'a': a rule has 1 to 100 steps such as Send('template'), not 0"),
    (lambda: Rule("a", on(orders), *[HELLO] * 101), "rule 'a' has at most 100 steps, not 101"),
    (lambda: Rule("a", on(orders), "hello"), "rule 'a': 'hello' is no step: use Send, Do, Tag, Delay, WaitFor"),
    (lambda: Rule("a", on(orders), HELLO, HELLO), "two steps are called 'hello': give one name='...'"),
    (lambda: Rule("a", on(orders), HELLO, Branch(When(CITY, HELLO))), "two steps are called 'hello'"),
    (lambda: Rule("a", on(orders), Branch(When(CITY)), Branch(When(CITY))), "two steps are called 'branch'"),
    (
        lambda: Rule("a", on(orders), *MANY, Branch(When(CITY, *MANY, HELLO))),
        "1 to 100 steps such as Send('template'), not 1",
    ),
    (lambda: Rule("a", on(orders), When(CITY, HELLO)), "When(customer.city.is_set(), Send('hello')) is no step"),
    (lambda: Rule("a", on(orders), Branch(When(WIDE, HELLO))), "at most 1000 nodes"),
    (lambda: Rule("a", on(orders), HELLO, goal=Goal(WIDE)), "at most 1000 nodes"),
    (lambda: Rule("a", on(orders), HELLO, goal=CITY), "goal is Goal(predicate, within=days(7)) or None, not customer"),
    (lambda: Rule("a", on(orders), HELLO, priority=1.0), "a whole number from -1000000 to 1000000, not 1.0"),
    (lambda: Rule("a", on(orders), HELLO, priority=True), "rule 'a': priority is a whole number"),
    (lambda: Rule("a", on(orders), HELLO, priority=10**7), "not 10000000"),
    (lambda: Rule("a", on(orders), HELLO, value=-1), "value is a whole number of minor units from 0 to 10000000"),
    (lambda: Rule("a", on(orders), HELLO, value="1"), "not '1'"),
    (lambda: Rule("a", on(orders), HELLO, at_cap="differ"), "at_cap is a word, not 'differ' (did you mean 'defer'?)"),
    (lambda: Rule("a", on(orders), HELLO, when=True), "rule 'a': when is a predicate, not True"),
    (lambda: Rule("a", on(orders), HELLO, exit_when=orders), "exit_when is a predicate, not orders"),
    (lambda: Rule("a", on(orders), HELLO, when=orders.since(entry).exists()), "entry has no meaning in when"),
    (lambda: Rule("a", on(orders), HELLO, when=DEEP), "at most 1000 nodes and depth 32"),
    (lambda: Rule("a", on(orders), HELLO, exit_when=WIDE), "at most 1000 nodes and depth 32, not 1201 and 3"),
    (lambda: Rule("a", entering(WIDE), HELLO), "at most 1000 nodes"),
    (lambda: Rule("a", on(orders), WaitFor(WIDE, days(1)), HELLO), "at most 1000 nodes"),
    (lambda: Rule("a", on(orders), HELLO, valid_for=3), "valid_for is a span above zero or None, not 3"),
    (lambda: Rule("a", on(orders), HELLO, valid_for=days(0)), "not days(0)"),
    (lambda: Rule("a", on(orders), HELLO, re_entry="onse"), "not 'onse' (did you mean 'once'?)"),
    (lambda: Rule("a", on(orders), HELLO, re_entry=3), "re_entry is a span or a word, not 3"),
    (lambda: Rule("a", on(orders), HELLO, title=7), "title is a text of at most 1,000 characters, not 7"),
    (lambda: Rule("a", on(orders), HELLO, title="x" * 1_001), "title is a text"),
    (lambda: Rule("a", on(orders), HELLO, title="\ud800"), "title is a text"),
    (lambda: RuleSet.of([WIN_BACK, WIN_BACK]), "two rules have the id 'win-back'"),
    (lambda: RuleSet((WIN_BACK, WIN_BACK)), "two rules have the id 'win-back'"),
    (lambda: RuleSet.of(["win-back"]), "a rule is needed, not 'win-back'"),
    (lambda: RuleSet.of(WIN_BACK), "rules are given as a list, not as Rule('win-back'"),
    (lambda: RuleSet((), {"": orders.exists()}), "a segment's name is a printable text"),
    (lambda: RuleSet((), {"a": True}), "segment() needs a predicate, not True"),
    (lambda: RuleSet((), {"a": WIDE}), "at most 1000 nodes"),
    (lambda: RuleSet.of([])["a"], "no rule 'a'"),
    (lambda: RuleSet.of([WIN_BACK])["winback"], "no rule 'winback' (did you mean 'win-back'?)"),
]


@pytest.mark.parametrize(("build", "message"), WRONG)
def test_a_wrong_rule_fails_where_it_is_written(build: Callable[[], Any], message: str) -> None:
    """The message names the rule, the part, what is allowed, and what was given."""
    with pytest.raises(DefinitionError) as caught:
        build()
    assert message in str(caught.value)


def test_a_rule_reads_what_its_parts_read() -> None:
    """The trigger, the condition, the waits and the exit, with the entry it needs."""
    assert WIN_BACK.reads() == {"orders", "carts", "views", "entry"}
    assert WIN_BACK.predicates() == (
        orders.last().age >= days(45),
        ~carts.exists(),
        views.exists(),
        orders.since(entry).exists(),
    )
    assert Rule("a", on(orders), HELLO).predicates() == ()


NESTED = Rule(
    "nested",
    on(orders),
    Branch(
        When(carts.exists(), Send("a", items=views.since(entry))),
        otherwise=[Split(Variant("x", WaitFor(customer.city.is_set(), days(1)), Send("b")), Variant("y"), id="e")],
    ),
    Do("tag", "c"),
    goal=Goal(customer.vip == True),  # noqa: E712 - a predicate, no truth
)


def test_a_rule_looks_into_nested_steps() -> None:
    """Their predicates, what their items read, their messages and their names."""
    assert NESTED.predicates() == (carts.exists(), customer.city.is_set(), customer.vip == True)  # noqa: E712 - a predicate
    assert NESTED.reads() == {"orders", "carts", "views", "entry", "customer.city", "customer.vip"}
    assert [step.name for step in NESTED.messages()] == ["a", "b"]
    assert WIN_BACK.messages() == (Send("we-miss-you", topic="offers"),)


def test_a_rule_set_is_a_sequence_of_rules() -> None:
    """In their order; a rule set of a rule set is itself."""
    made = RuleSet.of([WIN_BACK, Rule("a", on(orders), HELLO)])
    assert [rule.id for rule in made] == ["win-back", "a"]
    assert len(made) == 2
    assert made["win-back"] is WIN_BACK
    assert RuleSet.of(made) is made
    assert hash(made) == hash(RuleSet(made.rules))


def test_only_catalogue_triggers_need_the_catalogue() -> None:
    """Whoever waits for no price keeps no interests."""
    assert not RuleSet.of([WIN_BACK]).needs_catalogue
    assert RuleSet.of([Rule("a", price_drop(views), HELLO)]).needs_catalogue
    assert RuleSet.of([Rule("a", on_sale(views), HELLO)]).needs_catalogue


def test_a_rule_set_knows_the_segments_its_rules_name() -> None:
    """Each after those that it names itself; those given keep their order."""
    inner = segment("inner", orders.exists())
    outer = segment("outer", inner & ~carts.exists())
    made = RuleSet(
        (Rule("a", entering(outer), HELLO),), {"own": views.exists(), "late": segment("early", carts.exists())}
    )
    assert list(made.segments) == ["own", "early", "late", "inner", "outer"]
    assert made.segments["outer"] == (inner & ~carts.exists())


def test_one_name_stands_for_one_predicate() -> None:
    """Two rules cannot mean different things by one segment; the same thing they can."""
    one, other = segment("s", orders.exists()), segment("s", carts.exists())
    with pytest.raises(DefinitionError, match="two segments are called 's'"):
        RuleSet.of([Rule("a", entering(one), HELLO), Rule("b", leaving(other), HELLO)])
    with pytest.raises(DefinitionError, match="two segments are called 's'"):
        RuleSet((Rule("a", entering(one), HELLO),), {"s": carts.exists()})
    assert len(RuleSet.of([Rule("a", entering(one), HELLO), Rule("b", leaving(one), HELLO)]).segments) == 1


def test_the_fingerprint_leaves_titles_and_order_out() -> None:
    """What rules say is the same under another title, and in another order (T10)."""
    one, other = Rule("a", on(orders), HELLO), Rule("b", on(carts), HELLO)
    titled = Rule("a", on(orders), HELLO, title="first")
    assert RuleSet.of([one, other]).fingerprint == RuleSet.of([other, titled]).fingerprint
    assert one == titled


CHANGED = [
    Rule("b", on(orders), HELLO),
    Rule("a", on(carts), HELLO),
    Rule("a", after(orders, microseconds(1)), HELLO),
    Rule("a", on(orders), Send("hello", data={"n": 1})),
    Rule("a", on(orders), Send("hello", data={"n": True})),
    Rule("a", on(orders), HELLO, when=customer.n == 1),
    Rule("a", on(orders), HELLO, when=customer.n == 1.0),
    Rule("a", on(orders), HELLO, exit_when=customer.n == 1),
    Rule("a", on(orders), HELLO, valid_for=days(1)),
    Rule("a", on(orders), HELLO, re_entry="once"),
    Rule("a", before(customer.birthday, local_days(3)), HELLO),
]


@pytest.mark.parametrize("changed", CHANGED)
def test_the_fingerprint_sees_everything_else(changed: Rule) -> None:
    """Any other word changes it, the type of a constant included."""
    rest = [Rule("a", on(orders), HELLO), *(each for each in CHANGED if each is not changed)]
    assert RuleSet.digest(changed) not in {RuleSet.digest(each) for each in rest}
