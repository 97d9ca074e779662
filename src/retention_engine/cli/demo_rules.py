"""The rules of the demo: a small shop's retention, from the first order on."""

from __future__ import annotations

from retention_engine import Delay, Rule, RuleSet, Send, days, entering, entry, orders


def _win_back(after: int, template: str) -> Rule:
    """Write once per silence: the newest order is the occasion, so a customer who returns can lapse again."""
    return Rule(f"win-back-{after}", entering(orders.last().age >= days(after)), Send(template, topic="offers"))


def demo_rules() -> RuleSet:
    """Return the rule set of the demo."""
    thanks = Rule("thank-you", entering(orders.exists()), Send("thank-you", topic="service"))
    second_order = Rule(
        "second-order",
        entering(orders.exists()),
        Delay(days(7), name="first-week"),
        Send("how-was-it", topic="service"),
        Delay(days(7), name="second-week"),
        Send("ten-percent", topic="offers"),
        exit_when=orders.since(entry).exists(),
    )
    regular = Rule(
        "regular",
        entering(orders.within(days(180)).count() >= 3),
        Send("early-access", topic="offers"),
        re_entry="once",
    )
    first_year = Rule(
        "first-year",
        entering(orders.first().age >= days(365)),
        Send("a-year-with-us", topic="offers"),
        when=orders.within(days(180)).exists(),
    )
    silences = (_win_back(30, "new-releases"), _win_back(60, "we-miss-you"), _win_back(90, "last-call"))
    return RuleSet.of([thanks, second_order, *silences, regular, first_year])
