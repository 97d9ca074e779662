"""``check`` says the worst first, and what it calls impossible never happens in the engine."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given, settings

from retention_engine.actions import Decision, Outcome
from retention_engine.engine import Engine
from retention_engine.errors import DefinitionError
from retention_engine.predicates import local, orders
from retention_engine.rules import Code, Finding, Rule, RuleSet, Send, Severity, check, entering, load_rules, on
from retention_engine.rules.analysis import worst_case
from retention_engine.testing.strategies.scenarios import Scenario, scenarios
from retention_engine.timing import DAY
from tests.rules.test_toml import FILE

ENTERED = (Outcome.ACT, Outcome.WAIT, Outcome.DONE)


def test_the_worst_comes_first() -> None:
    """Errors, warnings, the rest; within them the order of the rules."""
    made = [Rule("a", on(orders), Send("a"), when=orders.count() >= 0), Rule("b", entering(local.hour > 23), Send("b"))]
    found = check(made)
    assert [each.severity for each in found] == sorted((each.severity for each in found), key=list(Severity).index)
    assert [(each.rules, each.code) for each in found[:2]] == [(("b",), Code.NEVER_TRUE), (("a",), Code.ALWAYS_TRUE)]


def test_rules_are_checked_from_python_and_from_files_alike() -> None:
    """A rule set, or any rules."""
    made = load_rules(FILE)
    assert check(made) == check(list(made))
    assert [each for each in check(made) if each.severity is not Severity.INFO] == []
    assert check([]) == check(RuleSet(())) == []
    with pytest.raises(DefinitionError, match="a rule is needed"):
        check(["rules.toml"])  # type: ignore[list-item]  # the point of the test


def entries(scenario: Scenario) -> dict[str, list[Decision]]:
    """Return what was decided about each rule, refusals left out."""
    engine = Engine(scenario.rules, zone=scenario.zone, since=scenario.since)
    engine.record(scenario.facts)
    found: dict[str, list[Decision]] = defaultdict(list)
    for decision in engine.advance(scenario.to).decisions:
        if decision.outcome in ENTERED:
            found[decision.rule].append(decision)
    return found


def assert_true(finding: Finding, made: RuleSet, decided: dict[str, list[Decision]]) -> None:
    """Compare a finding with what happened."""
    stops = finding.code in (Code.NEVER_TRUE, Code.ALWAYS_TRUE) and finding.severity is Severity.ERROR
    if stops or finding.code in (Code.NEVER_FIRES, Code.LEFT_AT_ENTRY):
        assert decided[finding.rules[0]] == [], str(finding)
    if finding.code is Code.UNREACHABLE_STEP:
        steps = {f"step {decision.step!r}" for decision in decided[finding.rules[0]]}
        assert finding.message.split(" is never")[0] not in steps
    if finding.code is Code.NEVER_TOGETHER:
        first = [
            {(each.customer, each.at) for each in decided[name] if each.step == made[name].steps[0].name}
            for name in finding.rules
        ]
        assert first[0].isdisjoint(first[1]), str(finding)


def most_in_a_week(decisions: list[Decision]) -> int:
    """Return the largest number of messages to one customer within seven days."""
    sent: dict[str, list[int]] = defaultdict(list)
    for decision in decisions:
        if decision.action is not None and decision.action.kind == "send":
            sent[decision.customer].append(decision.at)
    return max((sum(at <= other < at + 7 * DAY for other in ats) for ats in sent.values() for at in ats), default=0)


@settings(max_examples=60)
@given(scenarios(max_rules=3))
def test_what_is_called_impossible_never_happens(scenario: Scenario) -> None:
    """Over random rules, customers and catalogues, run through the engine."""
    found, decided = check(scenario.rules), entries(scenario)
    for finding in found:
        assert_true(finding, scenario.rules, decided)
    for rule in scenario.rules:
        most = worst_case(rule)
        # Seven times 24 hours may hold eight dates where a clock change shortens a day.
        assert most is None or most_in_a_week(decided[rule.id]) <= most + len(rule.steps)
