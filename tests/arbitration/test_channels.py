"""By which channel a message goes."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine.arbitration import Arbiter, Channels, Consent, Never, QuietHours, Reachable, Situation
from retention_engine.errors import DefinitionError
from retention_engine.facts import ChannelsChosen, ContactAdded, Fact
from tests.arbitration._desk import ANNA, NOW, answer, letter, seen, utc

USUAL = Channels(["telegram", "email"])
NAMELESS = letter(channel=None)


def has(*channels: str) -> list[Fact]:
    """Return addresses of anna."""
    return [ContactAdded(id=name, customer=ANNA, at=NOW - 5, channel=name, address="x") for name in channels]


def likes(*channels: str) -> Fact:
    """Return the order that anna chose."""
    return ChannelsChosen(id="likes", customer=ANNA, at=NOW - 5, channels=channels)


def by(arbiter: Arbiter, message: Any, situation: Situation) -> tuple[Any, ...]:
    """Return the channel, and the answer."""
    ruled = arbiter.rule(message, situation)
    return (ruled.message.channel, *answer(ruled.ruling))


@pytest.mark.parametrize(
    ("channels", "expected"),
    [
        (("telegram", "email"), ("telegram", "allow")),
        (("email",), ("email", "allow")),
        ((), ("telegram", "drop", "unreachable")),
    ],
)
def test_the_first_channel_on_which_it_is_not_dropped_is_taken(channels: Any, expected: Any) -> None:
    """If it is dropped on all of them, the reason of the first counts."""
    assert by(Arbiter([Reachable(), USUAL]), NAMELESS, seen(*has(*channels))) == expected


def test_on_the_way_down_each_channel_has_its_own_reason() -> None:
    """No address on the first, no consent on the second: the message is unreachable."""
    arbiter = Arbiter([Reachable(), Consent(channel="email"), USUAL])
    assert by(arbiter, NAMELESS, seen(*has("email"))) == ("telegram", "drop", "unreachable")


def test_a_deferral_is_not_a_reason_to_take_another_channel() -> None:
    """A night on the first channel is waited for."""
    arbiter = Arbiter([QuietHours("22:00", "09:00", channel="telegram"), USUAL])
    situation = seen(at=utc("2026-07-15 23:00"))
    assert by(arbiter, NAMELESS, situation)[:3] == ("telegram", "defer", "quiet_hours")


def test_the_customers_own_order_goes_first() -> None:
    """Of the channels that will do; those they did not name follow, and no others are added."""
    assert by(Arbiter([USUAL]), NAMELESS, seen(likes("sms", "email"))) == ("email", "allow")
    arbiter = Arbiter([USUAL, Never(channel="email")])
    assert by(arbiter, NAMELESS, seen(likes("sms", "email"))) == ("telegram", "allow")


def test_a_message_may_say_its_own_channels() -> None:
    """They stand in for the usual ones; a message with one channel has no choice."""
    own = letter(channel=None, channels=("sms", "email"))
    assert by(Arbiter([USUAL]), own, seen(likes("telegram"))) == ("sms", "allow")
    assert by(Arbiter([USUAL, Never(channel="sms")]), own, seen()) == ("email", "allow")
    assert by(Arbiter([USUAL, Never(channel="sms")]), letter(channel="sms"), seen())[1] == "drop"


def test_without_a_usual_order_the_delivery_chooses() -> None:
    """Also where the usual order is of other topics."""
    assert by(Arbiter([]), NAMELESS, seen()) == (None, "allow")
    assert by(Arbiter([Channels("sms", topic="tips")]), NAMELESS, seen()) == (None, "allow")
    assert by(Arbiter([Channels("sms", topic="tips"), USUAL]), NAMELESS, seen()) == ("telegram", "allow")


@pytest.mark.parametrize("order", [None, [], [None], 5, [""]])
def test_an_order_is_made_of_names(order: Any) -> None:
    """At least one."""
    with pytest.raises(DefinitionError, match=r"a name or several are needed|names in order of preference"):
        Channels(order)
