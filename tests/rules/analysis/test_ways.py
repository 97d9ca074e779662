"""The analysis looks into nested steps: how long each way takes, and what is done on it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from retention_engine.predicates import customer, orders, views
from retention_engine.rules import (
    Branch,
    Code,
    Delay,
    Do,
    Goal,
    Rule,
    RuleSet,
    Send,
    Split,
    Step,
    Tag,
    Variant,
    WaitFor,
    WaitUntil,
    When,
    check,
    daily,
    entering,
    every,
    on,
    weekly,
)
from retention_engine.rules.analysis.pressure import worst_case
from retention_engine.rules.analysis.ways import acts, lasting, sequences
from retention_engine.testing.strategies.rules import rule_sets
from retention_engine.timing import DAY, days

CITY = customer.city.is_set()
NEVER = (customer.age > 5) & (customer.age < 3)
BRANCH = Branch(
    When(CITY, Delay(days(2)), Send("a")), otherwise=[WaitFor(views.exists(), days(1)), Tag("b"), Delay(days(4))]
)
LASTING: list[tuple[Step, tuple[int, int]]] = [
    (Send("a"), (0, 0)),
    (Delay(days(3)), (3, 3)),
    (WaitFor(views.exists(), days(3)), (0, 3)),
    (WaitUntil(weekly("mon")), (0, 9)),
    (BRANCH, (2, 5)),
    (Split(Variant("x", Delay(days(1))), Variant("y"), id="e"), (0, 1)),
]


@pytest.mark.parametrize(("step", "bounds"), LASTING)
def test_a_step_lasts_between_its_shortest_and_its_longest_way(step: Step, bounds: tuple[int, int]) -> None:
    """Waits for something may be over at once."""
    assert lasting([step, step]) == (2 * bounds[0] * DAY, 2 * bounds[1] * DAY)


def test_actions_are_met_after_the_waits_before_them() -> None:
    """Those of the same path, and the shortest way through the paths before."""
    found = [(each.step.name, each.least // DAY, each.waited) for each in acts([Send("0"), BRANCH, Send("1")])]
    assert found == [("0", 0, False), ("a", 2, True), ("b", 0, True), ("1", 2, True)]
    assert [len(each) for each in sequences([BRANCH, Send("1")])] == [2, 2, 3]


def codes(*steps: Step, **manners: object) -> set[Code]:
    """Return what is found about a rule, its pressure left out."""
    made = Rule("a", on(orders), *steps, **manners)  # type: ignore[arg-type]  # manners of a rule
    return {finding.code for finding in check([made])} - {Code.PRESSURE}


def test_findings_reach_into_nested_steps() -> None:
    """A path that is never taken, a wait that nobody gets past, a wait at the very end, a promotion after a wait."""
    assert codes(Branch(When(CITY, Send("a")))) == set()
    assert codes(Branch(When(NEVER, Send("a")))) == {Code.NEVER_TRUE}
    assert codes(Send("a"), goal=Goal(NEVER)) == {Code.NEVER_TRUE}
    stuck = WaitFor(NEVER, days(1), on_timeout="exit")
    assert Code.UNREACHABLE_STEP in codes(Branch(When(CITY, stuck, Send("a"))))
    assert Code.UNREACHABLE_STEP not in codes(Branch(When(CITY, stuck)), Send("a"))
    assert codes(Send("a"), Branch(When(CITY, Delay(days(1))))) == {Code.POINTLESS_WAIT}
    assert codes(Branch(When(CITY, Delay(days(1)))), Send("a")) == set()
    assert codes(Branch(When(CITY, Delay(days(1)), Send("a", topic="offers")))) == {Code.NO_EXIT_ON_PURCHASE}
    assert codes(Branch(When(CITY, Delay(days(1)))), Send("a", topic="offers")) == {Code.NO_EXIT_ON_PURCHASE}


def test_a_nested_step_may_outlive_the_journey() -> None:
    """What comes after the exit by itself is found in a path, too (F16)."""
    fresh = orders.within(days(5)).exists()
    late = Branch(When(CITY, Delay(days(6)), Send("late")))
    found = check([Rule("a", entering(fresh), late, exit_when=~fresh)])
    assert [each.message.split(" comes")[0] for each in found if each.code is Code.OUTLIVES_WINDOW] == ["step 'late'"]


DAILY = every(daily())
PRESSURE: list[tuple[Rule, int | None]] = [
    (Rule("a", DAILY, Branch(When(CITY, Send("a")), otherwise=[Send("b")])), 14),
    (Rule("a", DAILY, Branch(When(CITY, Send("a")), otherwise=[Send("b")]), re_entry="once"), 1),
    (Rule("a", DAILY, Split(Variant("x", Send("a")), Variant("y", Send("b"), Send("c")), id="e")), 14),
    (Rule("a", DAILY, Branch(When(CITY, Tag("a")))), 0),
    (Rule("a", DAILY, WaitUntil(daily(at="11:00")), Send("a")), 10),
    (Rule("a", on(orders), Branch(When(CITY, Send("a")))), None),
]


@pytest.mark.parametrize(("rule", "most"), PRESSURE)
def test_the_worst_case_counts_nested_messages(rule: Rule, most: int | None) -> None:
    """The same customer may take another path next time, but never another variant."""
    assert worst_case(rule) == most


@settings(max_examples=300)
@given(rule_sets(nested=True))
def test_any_rule_set_can_be_checked(made: RuleSet) -> None:
    """Every action is met once, and no finding names what is not there."""
    for rule in made:
        done = [step for step in rule.flow.steps.values() if isinstance(step, Do)]
        assert [each.step for each in acts(rule.steps)] == done
    ids = {rule.id for rule in made}
    assert all(ids >= set(finding.rules) for finding in check(made))
