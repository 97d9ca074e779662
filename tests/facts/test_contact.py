"""Facts about the customer: registration, attributes, contact points."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine.errors import FactError
from retention_engine.facts import AttributeChanged, ConsentWithdrawn, ContactAdded, Customer, Registered


def changed(**parts: Any) -> AttributeChanged:
    """Return a change of an attribute."""
    return AttributeChanged(**({"id": "f1", "customer": "c7", "at": 0, "name": "city"} | parts))


def test_a_registration_takes_its_time_and_names_from_the_profile() -> None:
    """The id of the fact follows from the customer's."""
    fact = Registered.of(Customer(id="c7", registered=5))
    assert (fact.id, fact.customer, fact.at) == ("registered:c7", "c7", 5)


def test_the_customer_of_a_registration_is_that_of_the_profile() -> None:
    """Another customer is refused."""
    with pytest.raises(FactError, match="differs from that of the profile"):
        Registered(id="f1", customer="c8", at=0, profile=Customer(id="c7", registered=0))


@pytest.mark.parametrize("value", [None, "Riga", "", 5, -1.5, True, 2**63 - 1, "a" * 10_000])
def test_an_attribute_holds_a_plain_value(value: Any) -> None:
    """Texts, finite numbers, yes/no and nothing are kept as they are."""
    assert changed(value=value).value is value


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), 2**63, "a" * 10_001, "nul\0", "\ud800", [1], {"a": 1}, b"x", 1j]
)
def test_an_attribute_holds_nothing_else(value: Any) -> None:
    """Other values are refused by the attribute's name."""
    with pytest.raises(FactError, match="attribute city"):
        changed(value=value)


@pytest.mark.parametrize("name", ["", "9lives", "_private", "two words", "a-b", "сity", "ſ", 5, None])
def test_an_attribute_is_named_like_a_variable(name: Any) -> None:
    """Letters that only look right, blanks and a leading underscore are refused."""
    with pytest.raises(FactError, match="name is"):
        changed(name=name)


@pytest.mark.parametrize("value", [None, "2026-11-21T12:00:00+00:00", 0])
def test_an_attribute_may_be_an_instant(value: Any) -> None:
    """Instants are texts with an offset, or microseconds."""
    assert changed(value=value, is_instant=True).value == value


@pytest.mark.parametrize("value", ["2026-11-21", "2026-11-21T12:00:00", "soon", 1.5, True, 10**18])
def test_an_instant_is_checked_when_it_is_told(value: Any) -> None:
    """What a rule could not ask the age of later is refused now."""
    with pytest.raises(FactError):
        changed(value=value, is_instant=True)


@pytest.mark.parametrize("flag", [1, "yes", None])
def test_whether_it_is_an_instant_is_yes_or_no(flag: Any) -> None:
    """Nothing else will do."""
    with pytest.raises(FactError, match="is_instant"):
        changed(value="2026-11-21T12:00:00+00:00", is_instant=flag)


def test_the_repr_of_a_contact_hides_the_address() -> None:
    """Addresses do not get into logs."""
    fact = ContactAdded(id="f1", customer="c7", at=0, channel="email", address="zzPIIzz@example.org")
    assert "zzPIIzz" not in repr(fact)


def test_consent_may_be_withdrawn_for_every_topic() -> None:
    """Without a topic the whole channel is meant."""
    assert ConsentWithdrawn(id="f1", customer="c7", at=0, channel="email").topic is None
