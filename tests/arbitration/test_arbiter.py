"""The one place where policies meet a message."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import frozen

from retention_engine import days, orders
from retention_engine.actions import Reason
from retention_engine.arbitration import (
    ALLOW,
    Arbiter,
    AtMost,
    Choices,
    Consent,
    Defer,
    Drop,
    Fresh,
    HoldWhile,
    KillSwitch,
    Never,
    Policy,
    QuietHours,
    Reachable,
    Stage,
    Suppression,
    courtesy,
)
from retention_engine.errors import DefinitionError
from retention_engine.timing import HOUR
from tests.arbitration._desk import NOW, answer, letter, seen


@frozen(repr=False)
class Says(Policy):
    """Answers what it is told to."""

    stage = Stage.PRESSURE
    ruling: Any = ALLOW

    def weigh(self, message: Any, situation: Any) -> Any:
        """Answer."""
        return self.ruling


def wait(until: int | None, reason: Reason = Reason.FREQUENCY_CAP) -> Says:
    """Return a policy that defers."""
    return Says(ruling=Defer(until, reason))


def no(reason: Reason = Reason.FATIGUE, *, whole: bool = False) -> Says:
    """Return a policy that drops."""
    return Says(ruling=Drop(reason, whole=whole))


def ruled(*policies: Policy, message: Any = None) -> tuple[Any, ...]:
    """Return the answer of several policies."""
    return answer(Arbiter(policies).rule(message or letter(), seen()).ruling)


def test_policies_are_asked_in_the_order_of_their_stages() -> None:
    """Whatever the order given; those of one stage in that order, equal ones once."""
    cap, quiet, never = AtMost(1, per=days(7)), QuietHours("22:00", "09:00"), Never(channel="sms")
    given = [KillSwitch(), quiet, cap, Fresh(), Consent(), never, AtMost(1, per=days(7))]
    assert Arbiter(given).policies == (Consent(), never, Fresh(), cap, quiet, KillSwitch())


def test_the_first_drop_wins() -> None:
    """Over later drops and over any deferral."""
    assert ruled(wait(NOW + HOUR), no(Reason.FATIGUE), no(Reason.SUPPRESSED)) == ("drop", "fatigue")
    assert ruled(no(Reason.FATIGUE), Never(topic="offers")) == ("drop", "stopped")


@pytest.mark.parametrize(
    ("waits", "expected"),
    [
        ([NOW + 1, NOW + 2], ("defer", "variety", NOW + 2)),
        ([NOW + 2, NOW + 1], ("defer", "frequency_cap", NOW + 2)),
        ([NOW + 2, NOW + 2], ("defer", "frequency_cap", NOW + 2)),
        ([NOW + 2, None], ("defer", "variety", None)),
        ([None, NOW + 2], ("defer", "frequency_cap", None)),
        ([None, None], ("defer", "frequency_cap", None)),
    ],
)
def test_otherwise_the_latest_deferral_counts(waits: list[int | None], expected: tuple[Any, ...]) -> None:
    """One that only a fact ends is the latest; of two equal ones the first asked is named."""
    first, second = waits
    assert ruled(wait(first), wait(second, Reason.VARIETY)) == expected


def test_otherwise_it_goes_out() -> None:
    """When every policy allows it, and when there is none."""
    assert ruled() == ruled(Says(), Says(channel="email")) == ("allow",)


@pytest.mark.parametrize("scope", [{"channel": "sms"}, {"topic": "tips"}, {"purpose": "service"}, {"rule": "x"}])
def test_a_policy_is_asked_about_its_scope(scope: dict[str, str]) -> None:
    """All four must fit; several names fit if one does."""
    assert ruled(Says(ruling=Drop(Reason.FATIGUE), **scope)) == ("allow",)
    mine = {"channel": ("sms", "email"), "topic": "offers", "purpose": "marketing", "rule": "win-back"}
    assert ruled(Says(ruling=Drop(Reason.FATIGUE), **mine)) == ("drop", "fatigue")
    assert ruled(Says(ruling=Drop(Reason.FATIGUE), **{**mine, **scope})) == ("allow",)


def test_lists_are_weighed_by_policies_about_them_alone() -> None:
    """Joining a retargeting list takes no slot and knows no night."""
    assert ruled(no(), message=letter(kind="audience_join")) == ("allow",)


def test_a_drop_on_one_channel_tries_the_next_and_a_whole_one_does_not() -> None:
    """A holdout ends the matter on every channel."""
    message = letter(channel=None, channels=("sms", "email"))
    one = Arbiter([Says(ruling=Drop(Reason.FATIGUE), channel="sms")]).rule(message, seen())
    assert (one.message.channel, one.ruling) == ("email", ALLOW)
    all_of_it = Arbiter([Says(ruling=Drop(Reason.HOLDOUT, whole=True), channel="sms")]).rule(message, seen())
    assert (all_of_it.message.channel, answer(all_of_it.ruling)) == ("sms", ("drop", "holdout"))


def test_every_answer_can_be_asked_for() -> None:
    """Of each policy in whose scope the message is, behind the first drop as well."""
    policies = [no(), wait(None), Says(), Says(channel="sms")]
    answers = [answer(ruling)[0] for _, ruling in Arbiter(policies).rulings(letter(), seen())]
    assert answers == ["drop", "defer", "allow"]


def test_what_is_kept_is_what_somebody_looks_at() -> None:
    """The collections of all policies, with the customer's order of channels; nothing without policies."""
    assert Arbiter().reads() == frozenset()
    assert Arbiter([Reachable(), HoldWhile(orders.exists())]).reads() == {"channel_order", "contacts", "orders"}
    assert (Arbiter([Reachable()]).needs_news, Arbiter([Reachable(), Fresh()]).needs_news) == (False, True)


@pytest.mark.parametrize("wrong", ["AtMost(3, per=days(7))", None, AtMost])
def test_only_policies_are_taken(wrong: Any) -> None:
    """The message shows one."""
    with pytest.raises(DefinitionError, match=r"a policy is needed, such as AtMost"):
        Arbiter([wrong])


@pytest.mark.parametrize("scope", [{"channel": ""}, {"topic": []}, {"rule": [None]}, {"channel": 5}])
def test_a_scope_is_made_of_names(scope: dict[str, Any]) -> None:
    """One or several."""
    with pytest.raises(DefinitionError, match="a name or several are needed"):
        Never(**scope)


def test_a_scope_names_each_once() -> None:
    """And purposes that there are."""
    assert Never(channel=["sms", "sms"]) == Never(channel="sms")
    with pytest.raises(DefinitionError, match=r"unknown purpose 'service '.*did you mean 'service'"):
        Never(purpose="service ")


def test_the_base_of_policies_answers_nothing() -> None:
    """A policy of one's own says itself what it thinks."""
    with pytest.raises(NotImplementedError):
        Policy().weigh(letter(), seen())


def test_courtesy_is_what_always_stands() -> None:
    """Suppressed addresses, choices, the kill switch."""
    assert courtesy() == (Suppression(), Choices(), KillSwitch())
