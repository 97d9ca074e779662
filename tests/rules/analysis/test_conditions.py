"""Conditions that never or always hold are reported with their text, once, at their place."""

from __future__ import annotations

from retention_engine.predicates import Truth, bucket, carts, customer, entry, local, orders, segment, views
from retention_engine.rules import Code, Delay, Finding, Rule, RuleSet, Send, Severity, WaitFor, check, entering, on
from retention_engine.timing import days

SEND = Send("a")
NEVER = local.hour > 23
ALWAYS = orders.count() >= 0


def found(*rules: Rule, segments: dict[str, Truth] | None = None) -> list[Finding]:
    """Return the findings about conditions."""
    wanted = {Code.NEVER_TRUE, Code.ALWAYS_TRUE, Code.NEVER_READS, Code.NEVER_FIRES, Code.LEFT_AT_ENTRY}
    return [each for each in check(RuleSet(rules, segments or {})) if each.code in wanted]


def told(*rules: Rule, segments: dict[str, Truth] | None = None) -> list[str]:
    """Return them as code and message."""
    return [f"{each.code}: {each.message}" for each in found(*rules, segments=segments)]


def test_a_sound_rule_has_no_finding() -> None:
    """Two questions that can be answered yes together are fine."""
    lapsed = orders.exists() & (orders.last().age >= days(45))
    assert told(Rule("a", entering(lapsed), SEND, when=~carts.exists(), exit_when=orders.since(entry).exists())) == []


def test_what_can_never_hold_is_an_error_where_it_stops_the_rule() -> None:
    """In the trigger and in the condition; a wait or an exit that never comes is a warning."""
    made = Rule("a", entering(NEVER), SEND, WaitFor(NEVER, days(1)), Send("b"), when=NEVER, exit_when=NEVER)
    assert [(each.message.split(" can")[0], each.severity) for each in found(made)] == [
        ("the trigger", Severity.ERROR),
        ("when", Severity.ERROR),
        ("step 'wait local.hour > 23'", Severity.WARNING),
        ("exit_when", Severity.WARNING),
    ]


def test_what_always_holds_is_a_warning() -> None:
    """A condition can be left out; a trigger turns once in a lifetime."""
    assert told(Rule("a", on(carts), SEND, when=ALWAYS)) == ["always_true: when always holds: orders.count() >= 0"]
    (one,) = found(Rule("a", entering(ALWAYS), SEND))
    assert one.suggestion == "it turns true once, with the first fact about a customer"


def test_an_exit_that_always_holds_is_an_error() -> None:
    """Nobody enters such a rule."""
    (one,) = found(Rule("a", on(carts), SEND, exit_when=ALWAYS))
    assert (one.code, one.severity) == (Code.ALWAYS_TRUE, Severity.ERROR)


def test_an_alternative_that_can_never_hold_is_named() -> None:
    """The rest of the condition is fine."""
    made = Rule("a", on(carts), SEND, when=orders.exists() & (views.exists() | (NEVER & views.exists())))
    assert told(made) == ["never_true: a part of when can never hold: local.hour > 23 and views.exists()"]


def test_a_collection_that_is_always_empty_is_an_error() -> None:
    """The innermost one is named, even where the condition can hold without it."""
    empty = orders.where(channel="a").where(channel="b")
    made = Rule("a", on(carts), SEND, when=~empty.within(days(3)).exists() & orders.exists())
    assert told(made) == [
        "never_reads: when reads a collection that is always empty: orders.where(channel='a').where(channel='b')"
    ]


def test_a_condition_that_contradicts_the_trigger_is_an_error() -> None:
    """Each can hold, but not together."""
    assert told(Rule("a", entering(orders.count() > 3), SEND, when=orders.count() < 2)) == [
        "never_fires: it can never fire: when orders.count() < 2 contradicts entering(orders.count() > 3)"
    ]
    assert told(Rule("a", on(orders.where(channel="a")), SEND, when=~orders.exists()))[0].startswith("never_fires")
    assert told(Rule("a", on(orders), SEND, when=carts.exists())) == []


def test_an_exit_that_holds_at_entry_is_an_error() -> None:
    """What happens since entry cannot."""
    journey = (SEND, Delay(days(1)), Send("b"))
    lapsed = entering(orders.last().age >= days(45))
    assert told(Rule("a", lapsed, *journey, exit_when=orders.exists())) == [
        "left_at_entry: it is left at the instant it is entered: orders.exists() holds then"
    ]
    assert told(Rule("a", lapsed, *journey, exit_when=orders.since(entry).exists() | carts.exists())) == []
    assert told(Rule("a", on(orders), *journey, exit_when=~orders.since(entry).exists()))[0].startswith("left_at")
    assert told(Rule("a", lapsed, *journey, exit_when=customer.city == "Bath")) == []


def test_segments_are_checked_once() -> None:
    """Those that rules name are checked there; others by themselves."""
    assert told(segments={"odd": NEVER}) == ["never_true: segment 'odd' can never hold: local.hour > 23"]
    named = segment("odd", NEVER)
    assert [each.rules for each in found(Rule("a", entering(named), SEND))] == [("a",)]
    assert told(segments={"fine": bucket("x") < 100}) == []
