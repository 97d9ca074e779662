"""Who gets which variant: decided by stable ids alone, so it is the same everywhere and needs no storage.

The default way is weighted rendezvous hashing (Thaler and Ravishankar 1998; weights as in Schindelhauer and Schomaker
2005): every variant draws a number for the customer, and the smallest of -ln(u) / weight wins. A changed weight changes
only its own variant's numbers, so customers move to or from that variant and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from math import fsum, isfinite, log

from attrs import field, frozen

from retention_engine.errors import DefinitionError, nearest, shown
from retention_engine.experiments.hashing import (
    bucket_ranges,
    choose_variation,
    growthbook_hash,
    in_rollout,
    unleash_variant,
)
from retention_engine.experiments.layers import Layer, check_id
from retention_engine.keys import BUCKETS, bucket, framed

HASHINGS = ("growthbook", "growthbook-1", "own", "unleash")
"""The ways to assign; ``growthbook`` is its hash version 2."""


def in_holdout(customer: str, share: float, salt: str) -> bool:
    """Tell whether a customer is held out: a stable part of all customers, ``share`` from 0 to 1 in steps of 0.0001.

    A larger share keeps every member and adds others. It is the same as ``bucket(salt) < 10_000 * share`` in a rule.

    Raises:
        DefinitionError: the share is not between 0 and 1.
    """
    return bucket(customer, salt) < _edge("the share of a holdout", share)


def _edge(what: str, share: float) -> int:
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        raise DefinitionError(f"{what} is a number from 0 to 1, not {shown(share)}")
    return round(share * BUCKETS)


@frozen
class Variant:
    """One arm of an experiment.

    Attributes:
        id: stable, since it is hashed; never changed while the experiment runs.
        weight: its size beside the others, 0 or more; 0 takes nobody.
    """

    id: str = field(validator=check_id)
    weight: float = 1

    def __attrs_post_init__(self) -> None:
        """Check the weight."""
        plain = isinstance(self.weight, int | float) and not isinstance(self.weight, bool)
        if not plain or not isfinite(self.weight) or self.weight < 0:
            raise DefinitionError(f"the weight of {self.id!r} is a number of 0 or more, not {shown(self.weight)}")


def _variants(given: Mapping[str, float] | Iterable[Variant]) -> tuple[Variant, ...]:
    if isinstance(given, Mapping):
        return tuple(Variant(name, weight) for name, weight in given.items())
    return tuple(given)


@frozen
class Experiment:
    """A question put to customers: who is in it, and which variant each of them gets.

    Attributes:
        id: stable; the only salt, so an experiment of another id assigns independently.
        variants: name -> weight, or ``Variant`` values. Their order matters to GrowthBook and Unleash only.
        title: for people; may change at any time.
        layer: what the experiment shares with others, so that no customer is in two of them.
        share: of all customers (of the layer's slot), 0 to 1 in steps of 0.0001; Unleash knows whole percents only.
        hashing: ``own``, ``growthbook`` (hash version 2), ``growthbook-1`` or ``unleash``; the id is then the key of
            the experiment there, or the name of the flag and its group. Only ``own`` keeps customers where they are
            when weights change.
    """

    id: str = field(validator=check_id)
    variants: tuple[Variant, ...] = field(converter=_variants)
    title: str = field(default="", kw_only=True)
    layer: Layer | None = field(default=None, kw_only=True)
    share: float = field(default=1.0, kw_only=True)
    hashing: str = field(default="own", kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check the variants, the share, the layer and the way to hash."""
        names = [variant.id for variant in self.variants]
        if len(set(names)) != len(names):
            raise DefinitionError(f"the variants of {self.id!r} have different ids, not {shown(names)}")
        if not any(variant.weight for variant in self.variants):
            raise DefinitionError(f"{self.id!r} has at least one variant with a weight above 0, not {shown(names)}")
        _edge(f"the share of {self.id!r}", self.share)
        if self.hashing not in HASHINGS:
            raise DefinitionError(f"unknown hashing {shown(self.hashing)}{nearest(self.hashing, HASHINGS)}")
        if self.layer is not None:
            self.layer.slot(self.id)
        if self.hashing == "unleash":
            self._check_unleash()

    def _check_unleash(self) -> None:
        if round(self.share * 100) != round(self.share * 100, 9):
            raise DefinitionError(f"unleash knows whole percents, not the share {shown(self.share)}")
        if odd := [variant.weight for variant in self.variants if variant.weight != int(variant.weight)]:
            raise DefinitionError(f"unleash knows whole weights, not {shown(odd)}")

    def assign(self, customer: str) -> str | None:
        """Return the id of the customer's variant, or None when the customer is not in the experiment."""
        if self.layer is not None and not self.layer.takes(self.id, customer):
            return None
        place = _CHOICES[self.hashing](self, customer)
        return self.variants[place].id if place >= 0 else None


def _own(experiment: Experiment, customer: str) -> int:
    if bucket(customer, f"share:{experiment.id}") >= round(experiment.share * BUCKETS):
        return -1
    scores = [(_score(experiment.id, one, customer), place) for place, one in enumerate(experiment.variants)]
    return min(scores)[1]


def _score(experiment: str, variant: Variant, customer: str) -> float:
    if not variant.weight:
        return float("inf")
    digest = sha256(framed(experiment, variant.id, customer)).digest()
    number = int.from_bytes(digest[:6], "big")  # 48 bits: exact as a float
    return -log((number + 0.5) / (1 << 48)) / variant.weight


def _growthbook(experiment: Experiment, customer: str, version: int = 2) -> int:
    total = fsum(variant.weight for variant in experiment.variants)  # the same on every version of Python
    weights = [variant.weight / total for variant in experiment.variants]
    ranges = bucket_ranges(len(weights), experiment.share, weights)
    return choose_variation(growthbook_hash(experiment.id, customer, version), ranges)


def _growthbook_1(experiment: Experiment, customer: str) -> int:
    return _growthbook(experiment, customer, 1)


def _unleash(experiment: Experiment, customer: str) -> int:
    if not in_rollout(customer, experiment.id, round(experiment.share * 100)):
        return -1
    return unleash_variant(customer, experiment.id, [int(variant.weight) for variant in experiment.variants])


_CHOICES = {"growthbook": _growthbook, "growthbook-1": _growthbook_1, "own": _own, "unleash": _unleash}
