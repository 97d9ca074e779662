"""A policy as text, and as Python."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

import retention_engine
from retention_engine import arbitration, orders
from retention_engine.arbitration import Arbiter, HoldWhile, Policy, read_policy
from retention_engine.errors import ExpressionError
from tests.arbitration._policies import ALL, policies

NAMES: dict[str, Any] = {**vars(retention_engine), **vars(arbitration)}


@given(policies())
def test_every_policy_is_read_back(policy: Policy) -> None:
    """Its text gives an equal policy, and so does its text again."""
    again = read_policy(policy.text())
    assert again == policy
    assert str(again) == policy.text()


@given(policies())
def test_every_policy_shows_how_it_is_built(policy: Policy) -> None:
    """Its repr is the Python that builds it."""
    assert eval(repr(policy), NAMES) == policy


def test_no_policy_is_left_out() -> None:
    """The laws ask every public policy."""
    public = {each for each in vars(arbitration).values() if isinstance(each, type) and issubclass(each, Policy)}
    assert public - {Policy} == set(ALL)


@pytest.mark.parametrize(
    "text",
    [
        "AtMost(3, per=days(7), topic='offers')",
        "CalendarCap(1, per='day', channel=['email', 'sms'])",
        "QuietHours('22:00', '09:00', unknown_zone=['20:00', '11:00'])",
        "Consent(confirmed='email', purpose=None)",
        "HoldWhile(orders.within(days(2)).exists() and not visits.exists(), reason='variety')",
        "Fatigue(5, pause=None)",
        "Holdout(2.5, salt='2026')",
        "Never(channel='sms')",
    ],
)
def test_a_text_is_as_short_as_it_can_be(text: str) -> None:
    """What is the default is left out, one name stands without a list."""
    assert read_policy(text).text() == text


def test_a_segment_may_be_named() -> None:
    """The predicate behind the name is given by the caller."""
    policy = read_policy("HoldWhile(segment('bought'))", segments={"bought": orders.exists()})
    assert isinstance(policy, HoldWhile)
    assert policy.reads() == {"orders"}
    assert Arbiter([policy]).policies == (policy,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("AtMst(3, per=days(7))", "did you mean 'AtMost'"),
        ("AtMost(0, per=days(7))", "a cap counts 1 message or more"),
        ("AtMost(3, per='week')", "for a calendar week use CalendarCap"),
        ("AtMost(3)", "per"),
        ("AtMost(3, per=days(7), chanel='sms')", "chanel"),
        ("orders.exists()", "a policy is needed"),
        ("days(7)", "a policy is needed"),
        ("None", "no constant of the language|a policy is needed"),
        ("__import__('os').system('true')", "position"),
        ("Never(channel='sms'", "position"),
    ],
)
def test_a_wrong_text_says_what_is_wrong(text: str, message: str) -> None:
    """With its position and the nearest name."""
    with pytest.raises(ExpressionError, match=message):
        read_policy(text)
