"""The flow of a rule says the same as a walk through its nested steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from attrs import evolve
from hypothesis import given, settings

from retention_engine.errors import DefinitionError
from retention_engine.predicates import entry, orders, views
from retention_engine.rules import Branch, Choice, Delay, Flow, Rule, Send, Split, Step, Tag, Variant, When, on
from retention_engine.testing.strategies.rules import rules
from retention_engine.timing import days

BOUGHT = orders.since(entry).exists()
RULE = Rule(
    "a",
    on(orders),
    Send("first"),
    Branch(
        When(BOUGHT, Send("thanks"), Split(Variant("x", Tag("x")), Variant("y"), id="gift")),
        When(views.exists()),
        otherwise=[Delay(days(1), name="pause")],
    ),
    Send("last"),
)


def test_a_flow_links_names() -> None:
    """The end of a path leads behind its branch, an empty path at once."""
    flow = RULE.flow
    assert flow.first == "first"
    assert list(flow.steps) == ["first", "branch", "thanks", "gift", "x", "pause", "last"]
    assert flow.after == {
        "first": "branch",
        "branch": "last",
        "thanks": "gift",
        "gift": "last",
        "x": "last",
        "pause": "last",
        "last": None,
    }
    assert [flow.into("branch", choice) for choice in (0, 1, None)] == ["thanks", "last", "pause"]
    assert [flow.into("gift", choice) for choice in ("x", "y")] == ["x", "last"]


WRONG: list[tuple[str, Choice, str]] = [
    ("branch", 2, "no path 2 at step 'branch' (allowed: 0, 1, None)"),
    ("gift", "z", "no path 'z' at step 'gift' (allowed: x, y)"),
    ("gift", None, "no path None at step 'gift'"),
    ("first", None, "no path None at step 'first'"),
    ("nobody", 0, "no path 0 at step 'nobody'"),
]


@pytest.mark.parametrize(("name", "choice", "message"), WRONG)
def test_a_path_that_is_not_there_is_an_error(name: str, choice: Choice, message: str) -> None:
    """The message names the paths that are."""
    with pytest.raises(DefinitionError) as caught:
        RULE.flow.into(name, choice)
    assert message in str(caught.value)


def test_the_flow_is_no_part_of_what_a_rule_says() -> None:
    """It follows from the steps: it is neither compared nor printed."""
    assert "flow" not in repr(RULE)
    assert Rule("a", on(orders), *RULE.steps) == RULE


Way = tuple[tuple[str, Choice], ...]
"""Names of steps as they are met, each with the path taken at it, None where there is one way only."""


def walked(steps: Sequence[Step]) -> Iterator[Way]:
    """Yield every way through nested steps, by going into them: the oracle."""
    if not steps:
        yield ()
        return
    first, rest = steps[0], steps[1:]
    paths = first.paths() if isinstance(first, Branch | Split) else ((None, ()),)
    for choice, path in paths:
        for way in walked([*path, *rest]):
            yield ((first.name, choice), *way)


def followed(flow: Flow, name: str | None) -> Iterator[Way]:
    """Yield every way through a flow, by following its links."""
    if name is None:
        yield ()
        return
    step = flow.steps[name]
    if isinstance(step, Branch | Split):
        following = [(choice, flow.into(name, choice)) for choice, _ in step.paths()]
    else:
        following = [(None, flow.after[name])]
    for choice, then in following:
        for way in followed(flow, then):
            yield ((name, choice), *way)


def ways_agree(rule: Rule, flow: Flow) -> bool:
    """Tell whether both go the same ways, in the same order; up to some of them where there are many."""
    pairs = zip(walked(rule.steps), followed(flow, flow.first), strict=False)
    some = [pair for pair, _ in zip(pairs, range(200), strict=False)]
    return all(one == other for one, other in some)


@settings(max_examples=300)
@given(rules(nested=True))
def test_following_the_flow_is_walking_the_steps(rule: Rule) -> None:
    """Every name is reached, nothing else is, and every way has the same steps in the same order."""
    flow = rule.flow
    assert ways_agree(rule, flow)
    assert flow.steps.keys() == flow.after.keys()
    assert list(flow.steps) == list(dict.fromkeys(flow.steps))
    assert all(flow.steps[name].name == name for name in flow.steps)
    targets = {flow.first, *flow.after.values()}
    for name, step in flow.steps.items():
        targets |= {flow.into(name, each) for each, _ in step.paths()} if isinstance(step, Branch | Split) else set()
    assert targets - {None} == set(flow.steps)


def test_planted_flows_are_found() -> None:
    """A path that ends the journey, one that is left out, and one that goes round."""
    flow = RULE.flow
    planted = [{"gift": None}, {"thanks": "last"}, {"x": None}, {"pause": None}, {"first": "last"}, {"branch": None}]
    for wrong in planted:
        assert not ways_agree(RULE, evolve(flow, after={**flow.after, **wrong})), wrong
