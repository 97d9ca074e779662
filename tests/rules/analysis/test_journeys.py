"""Steps that nobody reaches, waits for nothing, and journeys that last too long or sell too long."""

from __future__ import annotations

import pytest

from retention_engine.predicates import Truth, carts, customer, entry, events, local, orders, segment, visits
from retention_engine.rules import (
    Code,
    Delay,
    Do,
    Finding,
    Rule,
    Send,
    Severity,
    Step,
    WaitFor,
    check,
    entering,
    leaving,
    on,
)
from retention_engine.timing import days

NEVER = local.hour > 23
BOUGHT = orders.since(entry).exists()


def found(code: Code, rule: Rule, **options: frozenset[str]) -> list[Finding]:
    """Return the findings of one code."""
    return [each for each in check([rule], **options) if each.code is code]


def journey(*steps: Step, exit_when: Truth | None = None) -> Rule:
    """Return a journey that begins with a visit."""
    return Rule("a", on(visits), *steps, exit_when=exit_when)


def test_a_step_behind_an_endless_wait_is_never_reached() -> None:
    """When the wait leaves at its timeout, or the exit holds as soon as what is waited for does."""
    endless = WaitFor(NEVER, days(1), on_timeout="exit")
    (one,) = found(Code.UNREACHABLE_STEP, journey(Send("a"), endless, Send("b")))
    assert one.message == "step 'b' is never reached: what is waited for can never hold: local.hour > 23"
    overtaken = journey(Send("a"), WaitFor(BOUGHT, days(1), on_timeout="exit"), Send("b"), exit_when=orders.exists())
    (other,) = found(Code.UNREACHABLE_STEP, overtaken)
    assert other.message.endswith("exit_when holds as soon as orders.since(entry).exists() does")


REACHED = [
    journey(Send("a"), WaitFor(NEVER, days(1)), Send("b")),
    journey(Send("a"), WaitFor(BOUGHT, days(1), on_timeout="exit"), Send("b")),
    journey(Send("a"), WaitFor(BOUGHT, days(1), on_timeout="exit"), Send("b"), exit_when=carts.exists()),
    journey(Send("a"), WaitFor(NEVER, days(1), on_timeout="exit")),
]


@pytest.mark.parametrize("rule", REACHED)
def test_a_step_that_may_be_reached_is_left_alone(rule: Rule) -> None:
    """A wait that goes on, one that may come true, and one that nothing follows."""
    assert found(Code.UNREACHABLE_STEP, rule) == []


def test_waits_for_nothing_are_named() -> None:
    """A rule without an action is a warning, a wait at the end worth knowing."""
    (idle,) = found(Code.POINTLESS_WAIT, journey(Delay(days(1))))
    assert (idle.severity, idle.message) == (
        Severity.WARNING,
        "it does nothing: its steps are waits, such as Delay(days(1))",
    )
    (late,) = found(Code.POINTLESS_WAIT, journey(Do("tag", "x"), Delay(days(1))))
    assert (late.severity, late.message) == (Severity.INFO, "nothing follows its last wait, Delay(days(1))")
    assert found(Code.POINTLESS_WAIT, journey(Delay(days(1)), Send("a"))) == []


RECENT = orders.within(days(5)).exists()


def long(predicate: Truth, exit_when: Truth, *, wait: int = 26) -> list[Finding]:
    """Return the findings about a journey with a delay."""
    steps = (Send("a"), Delay(days(wait)), Send("b"))
    return found(Code.OUTLIVES_WINDOW, Rule("a", entering(predicate), *steps, exit_when=exit_when))


def test_a_journey_longer_than_its_window_is_a_warning() -> None:
    """F16: a five-day segment and a flow of twenty-six days (Klaviyo thread 3178)."""
    (one,) = long(RECENT, ~RECENT)
    assert one.severity is Severity.WARNING
    assert one.message == (
        "step 'b' comes after days(26), but unless new facts renew it exit_when ends the journey after days(5) "
        "at most, with orders.within(days(5)).exists()"
    )


def test_the_window_may_be_part_of_the_entry_or_of_the_exit() -> None:
    """Named or not, on either side."""
    named = segment("recent", RECENT)
    assert long(named & customer.city.is_set(), ~named)
    assert long(RECENT & customer.city.is_set(), ~RECENT | carts.exists())
    assert long(RECENT, ~(RECENT & customer.city.is_set()))


def test_a_journey_within_its_window_is_fine() -> None:
    """So is one that other things end, or that begins otherwise."""
    assert not long(RECENT, ~RECENT, wait=4)
    assert not long(RECENT, BOUGHT)
    assert not long(orders.exists(), ~orders.exists())
    short = Rule("a", leaving(RECENT), Send("a"), Delay(days(26)), Send("b"), exit_when=RECENT)
    assert found(Code.OUTLIVES_WINDOW, short) == []
    assert found(Code.OUTLIVES_WINDOW, journey(Send("a"), Delay(days(26)), Send("b"), exit_when=~RECENT)) == []


OFFERS = (Send("a", topic="offers"), Delay(days(3)), Send("b", topic="offers"))


def test_selling_on_after_a_purchase_is_a_warning() -> None:
    """Without an exit, and with one that a purchase does not bring about."""
    (one,) = found(Code.NO_EXIT_ON_PURCHASE, journey(*OFFERS))
    assert one.message == "it goes on sending 'offers' to those who have bought meanwhile: exit_when is None"
    assert found(Code.NO_EXIT_ON_PURCHASE, journey(*OFFERS, exit_when=visits.since(entry).exists()))


FINE = [
    journey(*OFFERS, exit_when=BOUGHT),
    journey(*OFFERS, exit_when=carts.where(ordered=True).exists()),
    journey(*OFFERS, exit_when=events("order_paid").since(entry).exists()),
    journey(Send("a", topic="offers"), Send("b", topic="offers")),
    journey(Send("a", topic="offers"), Delay(days(3)), Send("b", topic="service")),
    journey(Send("a", topic="offers"), Delay(days(3)), Send("b")),
    journey(Send("a", topic="offers"), Delay(days(3)), Do("tag", "b", topic=None)),
]


@pytest.mark.parametrize("rule", FINE)
def test_selling_that_stops_is_fine(rule: Rule) -> None:
    """An exit on orders, carts or events of orders; all at once; or no selling after the wait."""
    assert found(Code.NO_EXIT_ON_PURCHASE, rule) == []


def test_the_shop_says_what_is_promotional() -> None:
    """Its own topics replace the usual ones."""
    tips = journey(Send("a"), Delay(days(3)), Send("b", topic="tips"))
    assert found(Code.NO_EXIT_ON_PURCHASE, tips) == []
    assert found(Code.NO_EXIT_ON_PURCHASE, tips, promotional=frozenset({"tips"}))
    assert found(Code.NO_EXIT_ON_PURCHASE, journey(*OFFERS), promotional=frozenset({"tips"})) == []
