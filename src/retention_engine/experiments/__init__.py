"""Experiments: who gets which variant, who is held out, and which experiments never meet in one customer.

Everything here is a pure function of stable ids; nothing is stored and nothing is drawn by chance.
"""

from retention_engine.experiments.assignment import HASHINGS, Experiment, Variant, in_holdout
from retention_engine.experiments.hashing import (
    VARIANT_SEED,
    Range,
    bucket_ranges,
    choose_variation,
    fnv1a,
    growthbook_hash,
    in_namespace,
    in_rollout,
    murmur3,
    unleash_number,
    unleash_variant,
)
from retention_engine.experiments.layers import Layer, Slot

__all__ = [
    "HASHINGS",
    "VARIANT_SEED",
    "Experiment",
    "Layer",
    "Range",
    "Slot",
    "Variant",
    "bucket_ranges",
    "choose_variation",
    "fnv1a",
    "growthbook_hash",
    "in_holdout",
    "in_namespace",
    "in_rollout",
    "murmur3",
    "unleash_number",
    "unleash_variant",
]
