"""Layers: experiments that must not meet in one customer divide the customers between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from attrs import field, frozen

from retention_engine.errors import DefinitionError, nearest, shown
from retention_engine.experiments.hashing import growthbook_hash
from retention_engine.keys import BUCKETS, bucket
from retention_engine.values import is_printable


def check_id(_: object, attribute: Any, value: Any) -> None:
    """Refuse an id that is no printable text of 1 to 200 characters; a validator of attrs."""
    if not is_printable(value):
        raise DefinitionError(f"{attribute.name} is a printable text of 1 to 200 characters, not {shown(value)}")


@frozen
class Slot:
    """The part of a layer that one experiment owns: from ``start`` up to but not including ``end``, 0 to 1.

    Written down rather than computed from shares, so that ending one experiment moves no customer of another.
    """

    experiment: str = field(validator=check_id)
    start: float
    end: float

    def __attrs_post_init__(self) -> None:
        """Check that the part lies within 0 to 1 and is not empty."""
        numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in (self.start, self.end))
        if not (numbers and 0 <= self.start < self.end <= 1):
            given = shown((self.start, self.end))
            raise DefinitionError(f"{self.experiment!r} owns 0 <= start < end <= 1, not {given}")

    def buckets(self) -> tuple[int, int]:
        """Return the same part in buckets of a ten-thousandth."""
        return round(self.start * BUCKETS), round(self.end * BUCKETS)


def _slots(given: Mapping[str, tuple[float, float]] | Iterable[Slot]) -> tuple[Slot, ...]:
    if isinstance(given, Mapping):
        return tuple(Slot(experiment, *part) for experiment, part in given.items())
    return tuple(given)


@frozen
class Layer:
    """Experiments of which a customer is in one at most.

    Attributes:
        id: stable; the only salt.
        slots: id of an experiment -> (start, end), or ``Slot`` values; they do not overlap and may leave room.
        hashing: ``own``, or ``growthbook`` for the same parts as a namespace of this name there.
    """

    id: str = field(validator=check_id)
    slots: tuple[Slot, ...] = field(converter=_slots)
    hashing: str = field(default="own", kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check that no two slots share a bucket."""
        if self.hashing not in ("own", "growthbook"):
            raise DefinitionError(f"a layer hashes as own or growthbook, not {shown(self.hashing)}")
        names = [slot.experiment for slot in self.slots]
        if len(set(names)) != len(names):
            raise DefinitionError(f"an experiment has one slot in the layer {self.id!r}: {shown(names)}")
        for first, second in pairwise(sorted(self.slots, key=Slot.buckets)):
            if first.buckets()[1] > second.buckets()[0]:
                raise DefinitionError(f"slots of the layer {self.id!r} overlap: {shown(first)} and {shown(second)}")

    def slot(self, experiment: str) -> Slot:
        """Return the slot of an experiment.

        Raises:
            DefinitionError: the layer has none for it.
        """
        for slot in self.slots:
            if slot.experiment == experiment:
                return slot
        close = nearest(experiment, [slot.experiment for slot in self.slots])
        raise DefinitionError(f"the layer {self.id!r} has no slot for {shown(experiment)}{close}")

    def takes(self, experiment: str, customer: str) -> bool:
        """Tell whether the layer gives a customer to an experiment.

        Raises:
            DefinitionError: the layer has no slot for the experiment.
        """
        start, end = self.slot(experiment).buckets()
        return start <= self._bucket(customer) < end

    def _bucket(self, customer: str) -> int:
        if self.hashing == "growthbook":
            return round(growthbook_hash(f"__{self.id}", customer, 1) * BUCKETS)
        return bucket(customer, f"layer:{self.id}")
