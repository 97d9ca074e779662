"""What is called impossible never happens, and the worst week is never exceeded; planted faults are noticed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from retention_engine import arbitration as a
from retention_engine import facts as f
from retention_engine import orders
from retention_engine.actions import Decision
from retention_engine.engine import worst_week
from retention_engine.engine.checks import blocked, clock, reach, week
from retention_engine.engine.checks.clock import Quiet
from retention_engine.money import Money
from retention_engine.rules import Rule, RuleSet, Send, Tag, daily, entering, every, on
from retention_engine.testing import Scenario
from retention_engine.timing import DAY, HOUR, days, hours, to_instant, to_text
from tests.engine.checks._worlds import decided, worlds

SLOW = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def assert_never(scenario: Scenario, journal: list[Decision]) -> int:
    """Assert that no message called impossible was sent; return how many were called so."""
    sent = {(each.rule, each.step) for each in journal if each.action is not None}
    walls = 0
    for rule in scenario.rules:
        for step in rule.messages():
            block = blocked(rule, step, scenario.policies)
            walls += block is not None
            assert block is None or (rule.id, step.name) not in sent, f"{rule!r} {step!r}: {block}"
    return walls


def assert_week(scenario: Scenario, journal: list[Decision]) -> None:
    """Assert that no customer got more in any seven times 24 hours than the bound says."""
    found = worst_week(scenario.rules, scenario.policies)
    sent = [each for each in journal if each.action is not None and each.action.kind == "send"]
    bounded = [each for each in sent if each.rule not in found.unbounded]
    for customer in {each.customer for each in bounded}:
        ats = [each.at for each in bounded if each.customer == customer]
        most = max(sum(at <= other < at + 7 * DAY for other in ats) for at in ats)
        assert most <= found.most, f"{most} messages, but {found}: {scenario.rules!r} {scenario.policies!r}"


@SLOW
@given(worlds())
def test_what_is_called_impossible_never_happens(scenario: Scenario) -> None:
    """In zones whose clocks change, under any policies, with any choices of customers and any switch."""
    assert_never(scenario, decided(scenario))


@SLOW
@given(worlds(zone="UTC"))
def test_the_worst_week_is_never_exceeded(scenario: Scenario) -> None:
    """On a clock that is not changed; held messages that go out together included."""
    assert_week(scenario, decided(scenario))


START = to_instant("2026-01-05T00:00:00+00:00")


def order(number: int) -> f.OrderPlaced:
    """Return one of her orders."""
    at = START + number * 20 * HOUR
    return f.OrderPlaced.of(f.Order(id=f"o{number}", customer="anna", at=to_text(at), total=Money(1, "EUR")))


def world(*rules: Rule, policies: tuple[a.Policy, ...], told: tuple[f.Fact, ...] = ()) -> Scenario:
    """Return a month of one customer who ordered at the beginning."""
    made = [order(n) for n in range(20)]
    return Scenario(RuleSet.of(rules), [*made, *told], START - 1, START + 30 * DAY, "UTC", policies)


NIGHT = Rule("r", every(daily(at="23:00")), Send("a"), valid_for=hours(2))
PAUSED = f.Paused(id="p", customer="anna", at=START + 1, until=START + 12 * DAY)


def _unpadded(policies: Any) -> Any:
    return Quiet(frozenset(range(1_440)), frozenset(range(1_440)))


FAULTS: list[tuple[str, Any, str, Any, Scenario]] = [
    (
        "any quiet hours",
        clock.Quiet,
        "of",
        staticmethod(_unpadded),
        world(NIGHT, policies=(a.QuietHours("01:00", "02:00"),)),
    ),
    (
        "a stretch too short",
        reach,
        "stretch",
        lambda minute, valid: (minute, 30),
        world(NIGHT, policies=(a.QuietHours("22:00", "23:45"),)),
    ),
    ("a small holdout", reach, "_whole", lambda met: bool(met), world(NIGHT, policies=(a.Holdout(1, salt="x"),))),
    (
        "a hold that ends",
        reach,
        "always_holds",
        lambda predicate: True,
        world(Rule("r", on(orders), Send("a")), policies=(a.HoldWhile(orders.last().age < hours(5)),)),
    ),
    (
        "a step that is past the door",
        reach,
        "_openers",
        lambda rule: set(rule.flow.steps),
        world(
            Rule("r", entering(orders.last().age < hours(3)), Tag("t"), Send("a")),
            policies=(a.HoldWhile(orders.last().age < hours(3)),),
        ),
    ),
]


@pytest.mark.parametrize(("_", "where", "name", "fault", "scenario"), FAULTS)
def test_a_planted_false_alarm_is_noticed(
    monkeypatch: pytest.MonkeyPatch, _: str, where: Any, name: str, fault: Any, scenario: Scenario
) -> None:
    """Each looks sound without the fault, and calls something impossible that happens with it."""
    journal = decided(scenario)
    assert assert_never(scenario, journal) == 0
    monkeypatch.setattr(where, name, fault)
    with pytest.raises(AssertionError, match="Block"):
        assert_never(scenario, journal)


TIMES = Rule("r", every(daily()), Send("a"))
WEEKS: list[tuple[str, Any, str, Any, Scenario]] = [
    ("nothing is held", week, "worst_case", lambda rule, held: 7, world(TIMES, policies=(), told=(PAUSED,))),
    ("too few days", week, "_PERIODS", {"day": 3}, world(TIMES, policies=(a.CalendarCap(1, per="day"),))),
    ("too few stretches", week, "_times", lambda span: 1, world(TIMES, policies=(a.AtMost(1, per=days(2)),))),
    ("covers too much", week, "_covers", lambda *_: True, world(TIMES, policies=(a.AtMost(1, per=days(9), rule="x"),))),
]


@pytest.mark.parametrize(("_", "where", "name", "fault", "scenario"), WEEKS)
def test_a_planted_bound_too_low_is_noticed(
    monkeypatch: pytest.MonkeyPatch, _: str, where: Any, name: str, fault: Any, scenario: Scenario
) -> None:
    """Each is within its bound without the fault, and beyond it with the fault."""
    journal = decided(scenario)
    assert_week(scenario, journal)
    monkeypatch.setattr(where, name, fault)
    with pytest.raises(AssertionError, match="messages, but"):
        assert_week(scenario, journal)
