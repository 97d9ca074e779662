"""Attributes of the customer, and their stable bucket."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from retention_engine.errors import DefinitionError, shown
from retention_engine.keys import bucket as stable_bucket
from retention_engine.predicates.aggregates import Age, is_name
from retention_engine.predicates.compare import Constant, Quantity, Reading, kind_of
from retention_engine.state import kind_of_value
from retention_engine.view import View


@frozen
class Constantly:
    """A quantity that only a fact can change."""

    held: Any

    def value(self, _: int) -> Any:
        """Return the value."""
        return self.held

    def turns(self, _: int) -> None:
        """Return None: time does not change it."""


@frozen(eq=False, repr=False)
class Attribute(Quantity):
    """An attribute by its name; it counts only while it holds a value of the kind it is compared with."""

    name: str

    def __attrs_post_init__(self) -> None:
        """Check the name."""
        if not is_name(self.name):
            raise DefinitionError(f"an attribute's name is letters, digits and _, not {shown(self.name)}")

    @property
    def age(self) -> Age:
        """Elapsed time since the instant it holds; no value before that instant."""
        return Age(self, ahead=False)

    @property
    def ahead(self) -> Age:
        """Time left until the instant it holds; no value once that has come."""
        return Age(self, ahead=True)

    def reads(self) -> frozenset[str]:
        """Return ``customer.name``."""
        return frozenset({f"customer.{self.name}"})

    def sort(self) -> str:
        """Return ``any``: its use decides."""
        return "any"

    def read(self, view: View, constant: Constant) -> Reading:
        """Return the value when it is of the constant's kind; for an age, the instant; for is_set, anything."""
        return Constantly(of_kind(view.history.value(self.name), constant))

    def write(self, *, python: bool) -> str:
        """Write the property."""
        return f"customer.{self.name}"


def of_kind(value: Any, constant: Constant) -> Any:
    """Return the value when a comparison with the constant can read it, else None."""
    if constant is None:
        return value
    kind = kind_of(constant[0] if isinstance(constant, tuple) else constant)
    return value if kind_of_value(value) == kind else None


class _Customer:
    """``customer.city`` is the attribute ``city``; ``customer.id`` the customer's id."""

    def __getattr__(self, name: str) -> Attribute:
        """Return an attribute by its name."""
        if name.startswith("__"):
            raise AttributeError(name)
        return Attribute(name)


customer = _Customer()


@frozen(eq=False, repr=False)
class Bucket(Quantity):
    """The customer's stable number from 0 to 9,999 for a salt, the same in every process and dialect."""

    salt: str

    def __attrs_post_init__(self) -> None:
        """Check the salt."""
        good = (
            isinstance(self.salt, str)
            and 0 < len(self.salt) <= 200
            and self.salt.isprintable()
            and ":" not in self.salt
        )
        if not good:
            raise DefinitionError(
                f"a salt is a printable text of 1 to 200 characters without ':', not {shown(self.salt)}"
            )

    def reads(self) -> frozenset[str]:
        """Return nothing: no fact changes it."""
        return frozenset()

    def sort(self) -> str:
        """Return ``number``."""
        return "number"

    def read(self, view: View, constant: Constant) -> Reading:
        """Return the number."""
        return Constantly(stable_bucket(view.history.customer, self.salt))

    def write(self, *, python: bool) -> str:
        """Write the call."""
        return f"bucket({self.salt!r})"


def bucket(salt: str) -> Bucket:
    """Return the customer's stable bucket: ``bucket("spring") < 1_000`` holds for a tenth of all customers."""
    return Bucket(salt)
