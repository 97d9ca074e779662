"""Whether there is an address, and whether it may be used."""

from __future__ import annotations

import pytest

from retention_engine.arbitration import Reachable, Suppression
from retention_engine.facts import AddressRestored, AddressSuppressed, ContactAdded, ContactRemoved, Fact
from tests.arbitration._desk import ANNA, NOW, ask, asked, letter, seen


def has(channel: str, at: int = NOW - 5, address: str = "a@b.example") -> Fact:
    """Return an address of anna."""
    return ContactAdded(id=f"has {channel}{at}", customer=ANNA, at=at, channel=channel, address=address)


def lost(channel: str, at: int = NOW) -> Fact:
    """Return the end of an address."""
    return ContactRemoved(id=f"lost {channel}", customer=ANNA, at=at, channel=channel)


def bounced(channel: str = "email", at: int = NOW - 1) -> Fact:
    """Return a hard bounce."""
    return AddressSuppressed(id=f"b{channel}", customer=ANNA, at=at, channel=channel, reason="hard_bounce")


def test_an_address_is_needed() -> None:
    """Of the channel the message goes by; from the instant it is known until it is gone."""
    assert asked(Reachable(), situation=seen(has("email"))) == ("allow",)
    assert asked(Reachable(), situation=seen(has("sms"))) == ("drop", "unreachable")
    assert asked(Reachable(), situation=seen(has("email", NOW + 1))) == ("drop", "unreachable")
    assert asked(Reachable(), situation=seen(has("email"), lost("email"), at=NOW - 1)) == ("allow",)
    assert asked(Reachable(), situation=seen(has("email"), lost("email"))) == ("drop", "unreachable")


def test_any_address_will_do_for_a_message_that_names_no_channel() -> None:
    """But one there must be."""
    assert asked(Reachable(), letter(channel=None), seen(has("sms"))) == ("allow",)
    ruling = ask(Reachable(), letter(channel=None))
    assert ruling.because == ("no address of any channel",)  # type: ignore[union-attr]  # it is dropped


@pytest.mark.parametrize("purpose", ["marketing", "service", "transactional"])
def test_a_suppressed_address_is_never_used(purpose: str) -> None:
    """Whatever the purpose; from its instant until it is restored."""
    restored = AddressRestored(id="r", customer=ANNA, at=NOW, channel="email")
    message = letter(purpose=purpose)
    assert asked(Suppression(), message, seen(bounced(), at=NOW - 2)) == ("allow",)
    assert asked(Suppression(), message, seen(bounced())) == ("drop", "suppressed")
    assert asked(Suppression(), message, seen(bounced(), restored)) == ("allow",)


def test_a_message_without_a_channel_needs_an_address_that_is_not_suppressed() -> None:
    """The delivery would have nowhere to go; another address is enough."""
    message = letter(channel=None)
    assert asked(Suppression(), message, seen(has("email"), bounced())) == ("drop", "suppressed")
    assert asked(Suppression(), message, seen(bounced())) == ("drop", "suppressed")
    assert asked(Suppression(), message, seen(has("email"), has("sms"), bounced())) == ("allow",)
    assert asked(Suppression(), message, seen(has("email"))) == ("allow",)


def test_other_channels_go_on() -> None:
    """A bounce of the email says nothing about the telephone; the evidence says why."""
    facts = [has("email"), has("sms"), bounced()]
    assert asked(Suppression(), letter(channel="sms"), seen(*facts)) == ("allow",)
    ruling = ask(Suppression(), situation=seen(*facts))
    assert ruling.because == ("the address of email is suppressed: hard_bounce",)  # type: ignore[union-attr]  # it is dropped


def test_a_new_address_is_not_the_one_that_bounced() -> None:
    """Only the address named is suppressed."""
    old = AddressSuppressed(id="b", customer=ANNA, at=NOW - 2, channel="email", reason="x", address="A@b.example")
    assert asked(Suppression(), situation=seen(has("email"), old)) == ("drop", "suppressed")
    assert asked(Suppression(), situation=seen(has("email"), old, has("email", NOW, "new@b.example"))) == ("allow",)


def test_they_look_at_addresses_alone() -> None:
    """There are, or must not be used."""
    assert (Reachable().reads(), Suppression().reads()) == ({"contacts"}, {"contacts", "suppressions"})
