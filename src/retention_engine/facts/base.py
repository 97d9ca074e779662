"""What every fact has: an id, a customer, the instant it happened and the instant we learned it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import islice
from typing import Any, ClassVar, TypeVar

from attrs import Attribute, evolve, field, frozen

from retention_engine.errors import FactError, TimeError, nearest, shown
from retention_engine.money import Money
from retention_engine.timing import DAY, LATEST, to_instant
from retention_engine.values import LARGEST_INTEGER, LONGEST_ID, is_printable

_LAST = LATEST - 400 * DAY  # a year of head room: calendars look at the days after a fact
_MOST_TEXTS = 100
LONGEST_ADDRESS = 4_096
_FactType = TypeVar("_FactType", bound="type[Fact]")
KINDS: dict[str, type[Fact]] = {}
"""Every kind of fact by its stable name; filled by ``kind`` as the modules of this package are read."""


def check_text(_: object, attribute: Attribute[str], value: object) -> None:
    """Validate an id or a short name: 1 to 200 characters, no control characters, no lone surrogates."""
    if not is_printable(value):
        raise FactError(f"{attribute.name} is a printable text of 1 to {LONGEST_ID} characters, not {shown(value)}")


def check_address(_: object, attribute: Attribute[str], value: object) -> None:
    """Validate an address: 1 to 4,096 printable characters; a browser's subscription is one, and long."""
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_ADDRESS or not value.isprintable():
        raise FactError(f"{attribute.name} is a printable text of 1 to {LONGEST_ADDRESS} characters")


def check_optional(instance: object, attribute: Attribute[str | None], value: object) -> None:
    """Validate a short text that may be missing (None)."""
    if value is not None:
        check_text(instance, attribute, value)  # type: ignore[arg-type]  # same rule, attribute of another type


def check_word(instance: object, attribute: Attribute[str], value: object) -> None:
    """Validate the name of a channel or topic: a short text but not ``*``, which stands for every one in ids."""
    check_text(instance, attribute, value)
    if value == "*":
        raise FactError(f"{attribute.name} is a name, not '*'; where every one can be meant, leave it out")


def check_scope(instance: object, attribute: Attribute[str | None], value: object) -> None:
    """Validate the name of a channel or topic that may be missing (None): every one."""
    if value is not None:
        check_word(instance, attribute, value)  # type: ignore[arg-type]  # same rule, attribute of another type


def check_count(_: object, attribute: Attribute[int], value: object) -> None:
    """Validate a whole number from 0 to 10**12; True is not a number."""
    if type(value) is not int or not 0 <= value <= 10**12:
        raise FactError(f"{attribute.name} is a whole number from 0 to 10**12, not {shown(value)}")


def check_optional_count(instance: object, attribute: Attribute[int | None], value: object) -> None:
    """Validate a count that may be missing (None)."""
    if value is not None:
        check_count(instance, attribute, value)  # type: ignore[arg-type]  # same rule, attribute of another type


def check_price(_: object, attribute: Attribute[Any], value: object) -> None:
    """Validate money of zero or more, as a price is."""
    if not isinstance(value, Money) or value.amount < 0:
        raise FactError(f"{attribute.name} is Money of zero or more, not {shown(value)}")


def check_optional_price(instance: object, attribute: Attribute[Any], value: object) -> None:
    """Validate a price that may be missing (None)."""
    if value is not None:
        check_price(instance, attribute, value)


def check_integer(_: object, attribute: Attribute[int], value: object) -> None:
    """Validate a whole number that fits into 64 bits; True is not a number."""
    if type(value) is not int or abs(value) > LARGEST_INTEGER:
        raise FactError(f"{attribute.name} is a whole number below 2**63, not {shown(value)}")


def instance_of(kind: type[Any]) -> Callable[[object, Attribute[Any], object], None]:
    """Return a validator that accepts exactly the instances of one class."""

    def check(_: object, attribute: Attribute[Any], value: object) -> None:
        if not isinstance(value, kind):
            raise FactError(f"{attribute.name} is a {kind.__name__}, not {shown(value)}")

    return check


def instant(value: datetime | int | str) -> int:
    """Convert an instant at the door of a fact.

    Raises:
        FactError: the value is no instant, a naive datetime, or after the year 9998.
    """
    try:
        made = to_instant(value)
    except TimeError as error:
        raise FactError(str(error)) from None
    if made > _LAST:
        raise FactError(f"instant {shown(value)} lies after the year 9998 (integers are microseconds UTC)")
    return made


def optional_instant(value: datetime | int | str | None) -> int | None:
    """Convert an instant that may be missing."""
    return None if value is None else instant(value)


def text_list(value: Iterable[str]) -> tuple[str, ...]:
    """Convert a list of at most 100 short texts to a tuple.

    Raises:
        FactError: no list (a single text is none), too many, or one of them is no short printable text.
    """
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise FactError(f"a list of texts is needed, not {shown(value)}")
    found = tuple(islice(value, _MOST_TEXTS + 1))
    if len(found) > _MOST_TEXTS:
        raise FactError(f"a list has at most {_MOST_TEXTS} texts")
    for one in found:
        if not is_printable(one):
            raise FactError(f"a list holds printable texts of 1 to {LONGEST_ID} characters, not {shown(one)}")
    return found


@frozen(kw_only=True)
class Fact:
    """Something that happened, as stored; equal ids mean the same fact.

    Attributes:
        id: stable and unique in the shop; repeating a fact with the same id and content changes nothing.
        customer: whom it concerns; None for facts about the catalogue or the shop (``ShopFact``).
        at: when it happened, microseconds UTC; aware datetimes and ISO texts are converted.
        learned: when we learned it, or None: as it happened. A fact takes effect at the later of the two.
    """

    KIND: ClassVar[str] = ""
    HAS_CUSTOMER: ClassVar[bool] = True
    MADE_BY_ENGINE: ClassVar[bool] = False
    """Whether only the engine makes it: nobody outside the process may tell us one."""
    id: str = field(validator=check_text)
    customer: str | None = field(default=None, validator=check_optional)
    at: int = field(converter=instant)
    learned: int | None = field(default=None, converter=optional_instant)

    @customer.validator
    def _concerns_somebody(self, _: object, value: object) -> None:
        if self.HAS_CUSTOMER and value is None:
            raise FactError("customer is missing")
        if not self.HAS_CUSTOMER and value is not None:
            raise FactError(f"customer is left out of a fact about the catalogue or the shop, not {shown(value)}")

    @property
    def effective(self) -> int:
        """The instant from which the fact counts: the later of ``at`` and ``learned``."""
        return self.at if self.learned is None or self.learned < self.at else self.learned

    def subjects(self) -> tuple[str, ...]:
        """Return what it mentions (``sku:...``, ``category:...``, ``switch:...``): how shop facts are found."""
        return ()

    def learned_at(self, instant: int) -> Fact:
        """Return the same fact, learned at ``instant`` (microseconds UTC)."""
        return evolve(self, learned=instant)


@frozen(kw_only=True)
class ShopFact(Fact):
    """Base of the facts that concern no customer: about the catalogue, or about the shop as a whole."""

    HAS_CUSTOMER: ClassVar[bool] = False


def kind(name: str) -> Callable[[_FactType], _FactType]:
    """Register a fact class under its stable name (used in JSON and as ``events(name)``); never renamed."""

    def register(cls: _FactType) -> _FactType:
        if name in KINDS:
            raise FactError(f"two kinds of fact are called {name!r}")
        cls.KIND = name
        KINDS[name] = cls
        return cls

    return register


def kind_of(name: object) -> type[Fact]:
    """Return the fact class of a stable name.

    Raises:
        FactError: the name is unknown; the message names the nearest one.
    """
    found = KINDS.get(name) if isinstance(name, str) else None
    if found is None:
        raise FactError(f"unknown kind of fact {shown(name)}{nearest(name if isinstance(name, str) else '', KINDS)}")
    return found
