"""Attributes hold what the latest fact said; buckets never change."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine.errors import DefinitionError
from retention_engine.keys import bucket as stable_bucket
from retention_engine.predicates import Attribute, Verdict, bucket, customer
from retention_engine.timing import days
from tests.predicates._shop import WHO, ask, expires, holds, knows


def test_an_attribute_stands_under_its_name() -> None:
    """``customer.city`` is ``Attribute("city")``; so is a name that Python's objects have, such as ``mro``."""
    assert customer.city == Attribute("city")
    assert str(customer.mro) == "customer.mro"


def test_the_latest_fact_sets_the_value() -> None:
    """A later value replaces an earlier one, None removes it."""
    facts = [*knows(0, city="Riga"), *knows(1, city="Oslo"), *knows(2, city=None)]
    assert holds(customer.city == "Riga", *facts, day=0)
    assert holds(customer.city == "Oslo", *facts, day=1)
    assert not holds(customer.city.is_set(), *facts, day=2)


def test_the_id_is_the_customers_own() -> None:
    """``customer.id`` needs no fact."""
    assert holds(customer.id == WHO)


def test_an_instant_is_no_number() -> None:
    """An attribute that holds an instant is set, has an age, and compares with nothing else."""
    expiry = expires("expiry", 5)
    assert holds(customer.expiry.is_set() & (customer.expiry.ahead <= days(5)), expiry)
    assert not holds((customer.expiry > 0) | (customer.expiry != "x"), expiry)


def test_a_bucket_is_stable() -> None:
    """It depends on the customer and the salt alone, and has no horizon."""
    number = stable_bucket(WHO, "spring")
    assert ask(bucket("spring") == number) == Verdict(True, None)
    assert ask(bucket("spring") < number) == Verdict(False, None)
    assert bucket("spring").reads() == frozenset()


@pytest.mark.parametrize("salt", ["", "a:b", "a\n", "x" * 201, None, 5])
def test_a_salt_is_a_short_text_without_a_colon(salt: Any) -> None:
    """The colon separates the salt from the customer in the hash."""
    with pytest.raises(DefinitionError, match="a salt is a printable text of 1 to 200 characters without ':', not"):
        bucket(salt)


@pytest.mark.parametrize("name", ["", "a b", "_x", "if", "naïve", "x" * 201, None])
def test_an_attribute_needs_a_plain_name(name: Any) -> None:
    """Letters, digits and underscores, no keyword, nothing private."""
    with pytest.raises(DefinitionError, match="an attribute's name is letters, digits and _, not"):
        Attribute(name)


def test_dunder_names_are_no_attributes() -> None:
    """Tools that look for ``__x__`` find nothing."""
    with pytest.raises(AttributeError, match="__wrapped__"):
        _ = customer.__wrapped__
