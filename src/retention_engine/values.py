"""Plain values: what attributes, events and the data of actions may hold, and what can be an id."""

from __future__ import annotations

from retention_engine.errors import FactError, shown

LONGEST_ID = 200
LONGEST_TEXT = 10_000
LARGEST_INTEGER = 2**63 - 1

PURPOSES = ("marketing", "service", "transactional")
"""What a message is for: to sell, to be of use after a purchase, or what the customer has a right to get."""

Scalar = str | int | float | bool | None
"""What an attribute or a field of a custom event may hold."""


def check_scalar(name: str, value: object) -> Scalar:
    """Return the value when it is a plain one: text, finite number, yes/no, or None.

    Raises:
        FactError: anything else, such as NaN, a list, a text over 10,000 characters or an integer beyond 2**63.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and len(value) <= LONGEST_TEXT and _is_clean(value):
        return value
    if type(value) is int and abs(value) <= LARGEST_INTEGER:
        return value
    if type(value) is float and abs(value) < 1e300:
        return value
    raise FactError(f"{name} holds a text, a finite number, True, False or None, not {shown(value)}")


def _is_clean(value: str) -> bool:
    return "\x00" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)


def check_data(value: object) -> dict[str, Scalar]:
    """Return a checked copy of a flat mapping from names to plain values (at most 200 of them)."""
    if not isinstance(value, dict) or len(value) > 200:
        raise FactError(f"a flat mapping of at most 200 names is needed, not {shown(value)}")
    for name in value:
        if not (isinstance(name, str) and name.isidentifier() and name.isascii() and not name.startswith("_")):
            raise FactError(f"{shown(name)} is no field name: letters, digits and _, not starting with _ or a digit")
    return {name: check_scalar(name, held) for name, held in value.items()}


def is_printable(value: object) -> bool:
    """Tell whether it can be an id or a short name: a printable text of 1 to 200 characters."""
    return isinstance(value, str) and 0 < len(value) <= LONGEST_ID and value.isprintable()
