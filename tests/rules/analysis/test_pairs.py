"""Pairs of rules that are always, or never, due at the same instant."""

from __future__ import annotations

from retention_engine.predicates import Truth, all_of, bucket, carts, customer, orders, views
from retention_engine.rules import Code, Rule, Send, Trigger, check, daily, entering, every, leaving, on
from retention_engine.rules.analysis.pairs import MOST_PAIRS
from retention_engine.timing import days

SEND = Send("a")
PAIRS = (Code.ALWAYS_TOGETHER, Code.NEVER_TOGETHER)


def pair(one: Trigger, other: Trigger, *, whens: tuple[Truth | None, Truth | None] = (None, None)) -> list[str]:
    """Return the codes found about two rules."""
    made = [Rule("a", one, SEND, when=whens[0]), Rule("b", other, SEND, when=whens[1])]
    return [each.code.value for each in check(made) if each.code in PAIRS and each.rules == ("a", "b")]


def test_equal_triggers_are_due_together() -> None:
    """With equal conditions, or with conditions that say the same."""
    assert pair(every(daily()), every(daily())) == ["always_together"]
    both = (orders.count() > 2, orders.count() >= 3)
    assert pair(on(carts), on(carts), whens=both) == ["always_together"]
    assert pair(on(orders), on(orders), whens=(None, orders.exists())) == ["always_together"]
    assert pair(on(carts), on(carts), whens=(None, orders.exists())) == []
    assert pair(every(daily()), every(daily(at="09:00"))) == []


def test_predicates_that_say_the_same_turn_together() -> None:
    """Entering one is entering the other; leaving is entering the opposite."""
    assert pair(entering(orders.count() >= 3), entering(orders.count() > 2)) == ["always_together"]
    assert pair(entering(~orders.exists()), leaving(orders.exists())) == ["always_together"]
    assert pair(entering(orders.count() >= 3), entering(orders.count() >= 2)) == []
    assert pair(entering(orders.exists()), entering(orders.exists(), include_current=True)) == []


def test_other_manners_of_re_entry_keep_rules_apart() -> None:
    """One of them fires more often."""
    made = [Rule("a", on(orders), SEND), Rule("b", on(orders), SEND, re_entry="once")]
    assert not [each for each in check(made) if each.code in PAIRS]


def test_conditions_that_exclude_each_other_are_worth_knowing() -> None:
    """A split by bucket is meant so; by mistake it is a surprise."""
    halves = (bucket("s") < 5_000, bucket("s") >= 5_000)
    assert pair(on(carts), on(carts), whens=halves) == ["never_together"]
    assert pair(entering(orders.within(days(5)).exists()), entering(orders.last().age >= days(45))) == [
        "never_together"
    ]
    assert pair(on(carts), on(views), whens=(orders.exists(), None)) == []


def test_dead_rules_are_not_compared() -> None:
    """What never fires never fires together with anything."""
    dead = all_of(customer.x == 1, customer.x == 2)
    assert pair(entering(dead), entering(dead)) == []


def test_many_rules_are_compared_for_equality_alone() -> None:
    """The rest would take too long."""
    many = [Rule(f"r{number}", entering(orders.count() >= number), SEND) for number in range(40)]
    assert len(many) * (len(many) - 1) // 2 > MOST_PAIRS
    more = [Rule("x", entering(orders.count() > 2), SEND), Rule("y", on(carts), SEND), Rule("z", on(carts), SEND)]
    found = [each.rules for each in check([*many, *more]) if each.code in PAIRS]
    assert found == [("y", "z")]
