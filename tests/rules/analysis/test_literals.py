"""Leaves that are about the same thing are weighed together; what is unknown is left open."""

from __future__ import annotations

from attrs import frozen

from retention_engine.predicates import Truth, Verdict, customer, orders, yearly
from retention_engine.rules.analysis import never_holds
from retention_engine.rules.analysis.literals import Literal, contradictory
from retention_engine.view import View


@frozen
class Moody(Truth):
    """A predicate of somebody else's."""

    word: str

    def verdict(self, _: View) -> Verdict:
        """Hold."""
        return Verdict(holds=True, until=None)

    def write(self, *, python: bool) -> str:
        """Write the word."""
        return self.word


def test_a_leaf_of_an_unknown_type_contradicts_its_own_negation_only() -> None:
    """Nothing else is known about it."""
    assert never_holds(Moody("a") & ~Moody("a"))
    assert not never_holds(Moody("a") & ~Moody("b") & orders.exists())


def test_repeated_literals_are_no_contradiction() -> None:
    """Only the same leaf with another truth is."""
    leaf = orders.exists()
    assert not contradictory([Literal(leaf, True), Literal(leaf, True)], entering=False)
    assert contradictory([Literal(leaf, True), Literal(leaf, False)], entering=False)


def test_a_birthday_is_a_text_or_an_instant() -> None:
    """A yearly date needs a value of one of the two kinds."""
    assert not never_holds(yearly(customer.birthday) & customer.birthday.starts_with("19"))
    assert never_holds(yearly(customer.birthday) & (customer.birthday > 3))
