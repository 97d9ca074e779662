"""Findings about rules under policies: each kind once, and what looks alike but is fine."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine import (
    Delay,
    Rule,
    Send,
    before,
    customer,
    daily,
    days,
    entering,
    entry,
    every,
    hours,
    local,
    local_days,
    on,
    orders,
    visits,
)
from retention_engine.arbitration import (
    AtMost,
    CalendarCap,
    Channels,
    Consent,
    CoolDown,
    Holdout,
    HoldWhile,
    Never,
    Policy,
    QuietHours,
    Variety,
)
from retention_engine.engine import check, worst_week
from retention_engine.errors import DefinitionError
from retention_engine.rules import Branch, Code, Finding, RuleSet, Severity, Tag, Trigger, WaitUntil, When, weekly

NIGHT = QuietHours("22:00", "09:00")
OFFER = Send("a", topic="offers", channel="email")
NEW = (Code.NO_SLOT, Code.NO_WINDOW, Code.NO_TOPIC, Code.NO_CONSENT_SOURCE, Code.NO_CAP, Code.WAITS_FOR_EVER)


def rule(trigger: Trigger, *steps: Any, **manners: Any) -> Rule:
    """Return a rule that sends an offer unless other steps are given."""
    return Rule("r", trigger, *(steps or (OFFER,)), **manners)


def found(made: Rule, *policies: Policy, **words: Any) -> list[Finding]:
    """Return the findings of the kinds that need policies."""
    return [each for each in check([made], policies, **words) if each.code in NEW]


LATE = {"valid_for": hours(2)}
BIRTHDAY = before(customer.birthday, local_days(0), at="02:00")
ABSENT = entering(orders.last().age >= days(45))
CASES: list[tuple[Rule, tuple[Policy, ...], Code, Severity]] = [
    (rule(on(orders)), (Never(),), Code.NO_SLOT, Severity.INFO),
    (rule(on(orders)), (Never(channel="email"),), Code.NO_SLOT, Severity.INFO),
    (rule(on(orders), Send("a")), (Channels("sms"), Never(channel="sms")), Code.NO_SLOT, Severity.INFO),
    (rule(on(orders)), (Holdout(100),), Code.NO_SLOT, Severity.WARNING),
    (rule(every(daily(at="23:00")), **LATE), (NIGHT,), Code.NO_SLOT, Severity.ERROR),
    (rule(every(daily(at="23:00")), Tag("t"), OFFER, **LATE), (NIGHT,), Code.NO_SLOT, Severity.ERROR),
    (rule(BIRTHDAY, **LATE), (NIGHT,), Code.NO_SLOT, Severity.ERROR),
    (rule(on(orders), WaitUntil(weekly("mon", at="23:00")), OFFER, **LATE), (NIGHT,), Code.NO_SLOT, Severity.ERROR),
    (rule(on(orders)), (NIGHT, QuietHours("08:00", "23:00")), Code.NO_WINDOW, Severity.ERROR),
    (
        rule(on(orders)),
        (NIGHT, QuietHours("09:00", "22:00", unknown_zone=("12:00", "13:00"))),
        Code.NO_WINDOW,
        Severity.WARNING,
    ),
    (rule(on(orders)), (HoldWhile(local.hour < 24),), Code.NO_SLOT, Severity.ERROR),
    (rule(ABSENT), (HoldWhile(orders.last().age >= days(30)),), Code.NO_SLOT, Severity.ERROR),
    (rule(on(orders)), (HoldWhile(orders.exists()),), Code.NO_SLOT, Severity.ERROR),
    (rule(on(orders), Branch(When(visits.exists(), OFFER))), (Never(),), Code.NO_SLOT, Severity.INFO),
    (
        rule(on(orders), Branch(When(visits.exists(), OFFER))),
        (HoldWhile(orders.exists()),),
        Code.NO_SLOT,
        Severity.ERROR,
    ),
    (rule(on(orders), Send("a")), (Consent(),), Code.NO_TOPIC, Severity.ERROR),
    (rule(on(orders), at_cap="best"), (NIGHT,), Code.NO_CAP, Severity.INFO),
    (rule(on(orders)), (HoldWhile(visits.exists()),), Code.WAITS_FOR_EVER, Severity.INFO),
]


@pytest.mark.parametrize(("made", "policies", "code", "severity"), CASES)
def test_each_kind_is_found(made: Rule, policies: tuple[Policy, ...], code: Code, severity: Severity) -> None:
    """Once, with its severity, and with a sentence that names the rule."""
    (finding,) = [each for each in found(made, *policies) if each.code is code]
    assert (finding.rules, finding.severity) == (("r",), severity)
    assert str(finding).startswith(f"{severity} r: ")


FINE: list[tuple[Rule, tuple[Policy, ...]]] = [
    (rule(on(orders)), (Never(channel="sms"), Never(topic="news"))),
    (rule(on(orders), Send("a", channels=["sms", "email"], topic="offers")), (Never(channel="sms"),)),
    (rule(on(orders)), (Holdout(99.99),)),
    (rule(on(orders), Send("b", purpose="service"), OFFER), (Holdout(100),)),
    (rule(every(daily(at="23:00")), valid_for=hours(12)), (NIGHT,)),
    (rule(every(daily(at="21:59")), **LATE), (NIGHT,)),
    (
        rule(every(daily(at="23:00")), Send("b", purpose="service"), OFFER, **LATE),
        (QuietHours("22:00", "09:00", rule="x"),),
    ),
    (rule(every(daily(at="23:00")), OFFER, Delay(hours(1)), Send("b", topic="x"), valid_for=days(1)), (NIGHT,)),
    (rule(on(orders), WaitUntil(daily(at="23:00")), Delay(hours(1)), OFFER, **LATE), (NIGHT,)),
    (rule(on(orders)), (NIGHT, QuietHours("09:00", "21:59", unknown_zone=("09:00", "12:00")))),
    (rule(on(orders)), (NIGHT, QuietHours("08:00", "23:00", channel="sms"))),
    (rule(ABSENT, Tag("t"), OFFER, valid_for=days(1)), (HoldWhile(orders.last().age >= days(30)),)),
    (rule(ABSENT, valid_for=days(1)), (HoldWhile(orders.last().age >= days(50)),)),
    (rule(on(orders), Send("a", purpose="service")), (Consent(),)),
    (rule(on(orders), at_cap="best"), (AtMost(1, per=days(1)),)),
    (rule(on(orders)), (HoldWhile(visits.within(days(2)).exists()),)),
]


@pytest.mark.parametrize(("made", "policies"), FINE)
def test_what_is_fine_is_not_reported(made: Rule, policies: tuple[Policy, ...]) -> None:
    """A minute, a channel or a step makes the difference."""
    assert found(made, *policies) == []


def test_a_topic_that_nobody_can_consent_to_is_found() -> None:
    """Only when the topics are told, and only under a policy that asks for consent."""
    assert found(rule(on(orders)), Consent()) == []
    assert found(rule(on(orders)), Consent(), consent_topics={"offers"}) == []
    assert found(rule(on(orders)), consent_topics={"news"}) == []
    (finding,) = found(rule(on(orders)), Consent(), consent_topics={"news"})
    assert (finding.code, finding.severity) == (Code.NO_CONSENT_SOURCE, Severity.ERROR)


def test_marketing_without_consent_is_worth_knowing() -> None:
    """One hint for all rules; not where consent is asked for."""
    made = [rule(on(orders)), Rule("s", on(visits), Send("b", topic="offers"))]
    codes = {each.code: each for each in check(made)}
    assert codes[Code.NO_CONSENT].rules == ("r", "s")
    assert codes[Code.NO_CONSENT].severity is Severity.INFO
    assert Code.NO_CONSENT not in {each.code for each in check(made, [Consent()])}


def test_a_policy_of_ones_own_is_not_looked_into() -> None:
    """It may answer otherwise than the one it is made from."""

    class Sometimes(Never):
        pass

    assert found(rule(on(orders)), Sometimes()) == []


def test_what_is_said_of_rules_alone_is_said_too() -> None:
    """The worst first; a journey nested in a branch goes on after a purchase."""
    steps = (Delay(days(1)), Branch(When(visits.exists(), OFFER)))
    codes = [each.code for each in check([rule(on(orders), *steps), rule_that_never()])]
    assert codes[0] is Code.NEVER_TRUE
    assert Code.NO_EXIT_ON_PURCHASE in codes
    left = rule(on(orders), *steps, exit_when=orders.since(entry).exists())
    assert Code.NO_EXIT_ON_PURCHASE not in [each.code for each in check([left])]


def rule_that_never() -> Rule:
    """Return a rule whose trigger never holds."""
    return Rule("n", entering((orders.count() >= 3) & (orders.count() < 2)), Send("n"))


def test_what_is_no_policy_is_refused() -> None:
    """As by an engine."""
    with pytest.raises(DefinitionError, match="a policy is needed"):
        check([], [1])  # type: ignore[list-item]  # the point of the test


DAILY = every(daily())
TWO = RuleSet.of([rule(DAILY), Rule("s", on(orders), Send("b", topic="news"))])
WEEKS: list[tuple[RuleSet, tuple[Policy, ...], str]] = [
    (TWO, (), "at most 0 a week, and those of r, s without bound"),
    (TWO, (AtMost(3, per=days(7)),), "at most 3 a week (AtMost(3, per=days(7)))"),
    (TWO, (AtMost(3, per=days(30)),), "at most 3 a week (AtMost(3, per=days(30)))"),
    (TWO, (AtMost(1, per=days(2)),), "at most 4 a week (AtMost(1, per=days(2)))"),
    (TWO, (CalendarCap(1, per="day"),), "at most 8 a week (CalendarCap(1, per='day'))"),
    (TWO, (CalendarCap(1, per="month"), AtMost(5, per=days(7))), "at most 2 a week (CalendarCap(1, per='month'))"),
    (
        TWO,
        (AtMost(3, per=days(7), rule="r"),),
        "at most 3 a week (AtMost(3, per=days(7), rule='r')), and those of s without bound",
    ),
    (TWO, (CoolDown(days(2)),), "at most 8 a week"),
    (TWO, (CoolDown(days(2)), Variety(days(5))), "at most 4 a week"),
    (RuleSet.of([rule(DAILY, valid_for=days(2))]), (), "at most 10 a week"),
    (RuleSet.of([rule(DAILY, re_entry="once")]), (), "at most 1 a week"),
]


@pytest.mark.parametrize(("rules", "policies", "text"), WEEKS)
def test_the_worst_week_is_bounded(rules: RuleSet, policies: tuple[Policy, ...], text: str) -> None:
    """By the caps that do it best, by cool-downs and variety, by what each rule can do alone."""
    assert str(worst_week(rules, policies)).endswith(text)
    (finding,) = [each for each in check(rules, policies) if "all rules under the policies" in each.message]
    assert finding.message.endswith(text)


def test_rules_that_say_nothing_have_no_week() -> None:
    """Tags are no messages."""
    assert Code.PRESSURE not in {each.code for each in check([rule(on(orders), Tag("t"))], [AtMost(1, per=days(7))])}
