"""Conditions on one field of a record: ``item.price >= 1000``."""

from __future__ import annotations

import attrs

from retention_engine.predicates.compare import Constant, distinct, exact


@attrs.frozen
class FieldTest:
    """A condition on one field of a record, built from ``item.price >= 1000``."""

    field: str
    op: str
    constant: Constant = attrs.field(eq=exact)


class Item:
    """A field of the records at hand; compared with a constant it gives a condition for ``where``."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        """Name the field."""
        self._name = name

    def __repr__(self) -> str:
        """Return ``item.name``."""
        return f"item.{self._name}"

    def __eq__(self, other: object) -> FieldTest:  # type: ignore[override]  # builds a condition, as documented
        """Compare with a constant."""
        return FieldTest(self._name, "==", other)  # type: ignore[arg-type]  # checked by where

    def __ne__(self, other: object) -> FieldTest:  # type: ignore[override]  # builds a condition, as documented
        """Compare with a constant."""
        return FieldTest(self._name, "!=", other)  # type: ignore[arg-type]  # checked by where

    __hash__ = None  # type: ignore[assignment]  # its equality is no equality

    def __lt__(self, other: Constant) -> FieldTest:
        """Compare with a constant."""
        return FieldTest(self._name, "<", other)

    def __le__(self, other: Constant) -> FieldTest:
        """Compare with a constant."""
        return FieldTest(self._name, "<=", other)

    def __gt__(self, other: Constant) -> FieldTest:
        """Compare with a constant."""
        return FieldTest(self._name, ">", other)

    def __ge__(self, other: Constant) -> FieldTest:
        """Compare with a constant."""
        return FieldTest(self._name, ">=", other)

    def is_in(self, *values: str | float) -> FieldTest:
        """Hold when the field is one of the constants."""
        return FieldTest(self._name, "in", distinct(values))

    def contains(self, part: str) -> FieldTest:
        """Hold when the text contains a part."""
        return FieldTest(self._name, "contains", part)

    def starts_with(self, part: str) -> FieldTest:
        """Hold when the text starts with a part."""
        return FieldTest(self._name, "starts_with", part)

    def is_set(self) -> FieldTest:
        """Hold when the field has a value."""
        return FieldTest(self._name, "set", None)


class _Items:
    """``item.price`` is the field ``price`` of the records at hand."""

    def __getattr__(self, name: str) -> Item:
        """Return a field by its name."""
        if name.startswith("_"):
            raise AttributeError(name)
        return Item(name)


item = _Items()
