"""Actions and decisions survive being written down."""

from __future__ import annotations

import json
from typing import Any

import pytest
from attrs import evolve, fields
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.actions import Action, Decision, Outcome, Reason
from retention_engine.errors import StoreError
from retention_engine.stores.codec import action_text, decision_text, read_action, read_decision
from retention_engine.testing.conformance.samples import acted, action, decision

INSTANTS = st.integers(-(2**60), 2**60)
TEXTS = st.text(max_size=8)
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | TEXTS
ACTIONS = st.builds(
    Action,
    rule=TEXTS,
    customer=TEXTS,
    occasion=TEXTS,
    step=TEXTS,
    kind=TEXTS,
    name=TEXTS,
    channel=st.none() | TEXTS,
    topic=st.none() | TEXTS,
    purpose=TEXTS,
    items=st.lists(TEXTS, max_size=3).map(tuple),
    data=st.dictionaries(TEXTS, SCALARS, max_size=4),
    due=INSTANTS,
    valid_until=st.none() | INSTANTS,
    on_unknown=TEXTS,
    reason=TEXTS,
    because=st.lists(TEXTS, max_size=3).map(tuple),
)
DECISIONS = st.builds(
    Decision,
    at=INSTANTS,
    rule=TEXTS,
    customer=TEXTS,
    occasion=TEXTS,
    step=TEXTS,
    outcome=st.sampled_from(Outcome),
    until=st.none() | INSTANTS,
    due=st.none() | INSTANTS,
    reason=st.none() | st.sampled_from(Reason),
    variant=st.none() | TEXTS,
    because=st.lists(TEXTS, max_size=3).map(tuple),
    action=st.none() | ACTIONS,
)


def typed(value: Any) -> Any:
    """Return the value with the types of what it holds: 1, 1.0 and True are equal, but not the same."""
    if isinstance(value, Action | Decision):
        return type(value), [(each.name, typed(getattr(value, each.name))) for each in fields(type(value))]
    return sorted((name, repr(held)) for name, held in value.items()) if isinstance(value, dict) else repr(value)


@given(ACTIONS)
def test_an_action_comes_back(one: Action) -> None:
    """Every action is read as it was written, types included."""
    assert typed(read_action(action_text(one))) == typed(one)


@given(DECISIONS)
def test_a_decision_comes_back(one: Decision) -> None:
    """Every decision is read as it was written, types included."""
    assert typed(read_decision(decision_text(one))) == typed(one)


@given(DECISIONS)
def test_equal_decisions_give_equal_text(one: Decision) -> None:
    """The order in which data was filled in leaves no trace, and the text is one line."""
    twin = (
        one
        if one.action is None
        else evolve(one, action=evolve(one.action, data=dict([*one.action.data.items()][::-1])))
    )
    assert decision_text(twin) == decision_text(one)
    assert "\n" not in decision_text(one)


def test_every_field_of_an_action_counts() -> None:
    """Two actions that differ in any field have different texts, and come back different."""
    one = action(due=3, valid_until=9)
    others = {each.name: evolve(one, **{each.name: _other(getattr(one, each.name))}) for each in fields(Action)}
    assert [name for name, other in others.items() if action_text(other) == action_text(one)] == []
    assert [name for name, other in others.items() if read_action(action_text(other)) != other] == []


def test_every_field_of_a_decision_counts() -> None:
    """Two decisions that differ in any field have different texts, and come back different."""
    one = evolve(decision(), action=action())
    others = {each.name: evolve(one, **{each.name: _other(getattr(one, each.name))}) for each in fields(Decision)}
    assert [name for name, other in others.items() if decision_text(other) == decision_text(one)] == []
    assert [name for name, other in others.items() if read_decision(decision_text(other)) != other] == []


def _other(value: Any) -> Any:
    swaps: dict[Any, Any] = {Outcome.DROP: Outcome.EXIT, Reason.QUIET_HOURS: Reason.HOLDOUT}
    if isinstance(value, Action):
        return evolve(value, name="other")
    if isinstance(value, tuple):
        return () if value else ("other",)
    if isinstance(value, dict) or value is None:
        return {} if value else "other"
    return swaps[value] if value in swaps else value + type(value)("1")


def test_the_text_of_a_decision_is_kept_for_ever() -> None:
    """What was stored once can be read by every later version: this text may get new readers, never a new form."""
    text = (
        '{"action":{"customer":"c","data":{"sku":"a"},"due":5,"kind":"send","name":"n","occasion":"o","rule":"r","step":"s",'
        '"valid_until":9},"at":5,"because":["yes"],"customer":"c","occasion":"o","outcome":"act","rule":"r","step":"s"}'
    )
    who = {"rule": "r", "customer": "c", "occasion": "o", "step": "s"}
    sent = Action(**who, kind="send", name="n", data={"sku": "a"}, due=5, valid_until=9)
    wanted = Decision(**who, at=5, outcome=Outcome.ACT, because=("yes",), action=sent)
    assert read_decision(text) == wanted
    assert decision_text(wanted) == text


WRONG = [
    "",
    "[]",
    "{}",
    "null",
    decision_text(decision()).replace("quiet_hours", "tired"),
    '{"outcome": "act", "x": 1}',
]


@pytest.mark.parametrize("text", WRONG)
def test_what_cannot_be_read_is_an_error_of_the_store(text: str) -> None:
    """Broken or unknown text raises StoreError with the text, chained, for actions and decisions alike."""
    with pytest.raises(StoreError, match="a stored decision cannot be read") as caught:
        read_decision(text)
    assert caught.value.__cause__ is not None
    with pytest.raises(StoreError, match="a stored action cannot be read"):
        read_action(text)


def test_defaults_take_no_room() -> None:
    """Fields that hold their default are left out."""
    assert set(json.loads(decision_text(acted()))) == {
        "at",
        "rule",
        "customer",
        "occasion",
        "step",
        "outcome",
        "action",
    }
