"""The published hashes of GrowthBook and Unleash, so that a shop can share assignments with its flag system.

GrowthBook: FNV-1a of 32 bits over UTF-16 code units, as its JavaScript reference does
(https://docs.growthbook.io/lib/build-your-own). Unleash: MurmurHash3 x86_32 of the UTF-8 text, an algorithm in the
public domain by Austin Appleby (https://docs.getunleash.io/reference/stickiness). Texts of ASCII letters hash alike in
every SDK.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from retention_engine.errors import DefinitionError, shown

VARIANT_SEED = 86_028_157
"""The seed that Unleash uses for variants, so that they do not follow the rollout."""

Range = tuple[float, float]
"""A half-open part of [0, 1): the start is inside, the end is not."""

_WORD = 0xFFFFFFFF
_SUMS = 0.99, 1.01  # GrowthBook takes weights with a sum between these as they are


def fnv1a(text: str) -> int:
    """Return the 32-bit FNV-1a hash of a text's UTF-16 code units."""
    raw = text.encode("utf-16-le", "surrogatepass")
    value = 0x811C9DC5
    for low, high in zip(raw[::2], raw[1::2], strict=True):
        value = ((value ^ (low | high << 8)) * 0x01000193) & _WORD
    return value


def growthbook_hash(seed: str, customer: str, version: int = 2) -> float:
    """Return GrowthBook's number in [0, 1) for a customer.

    Version 1 has steps of 0.001, version 2 of 0.0001; version 2 keeps experiments independent of each other.

    Raises:
        DefinitionError: the version is neither 1 nor 2.
    """
    if version == 1:
        return fnv1a(customer + seed) % 1000 / 1000
    if version == 2:
        return fnv1a(str(fnv1a(seed + customer))) % 10_000 / 10_000
    raise DefinitionError(f"GrowthBook's hash has the versions 1 and 2, not {shown(version)}")


def bucket_ranges(variants: int, coverage: float = 1.0, weights: Sequence[float] | None = None) -> tuple[Range, ...]:
    """Return GrowthBook's range of each variant; coverage is held to 0 to 1.

    Weights of another number than ``variants``, or that do not sum to 1 (0.99 to 1.01), are replaced by equal ones.
    """
    share = min(max(coverage, 0.0), 1.0)
    parts = list(weights or ())
    if len(parts) != variants or not _SUMS[0] <= list(accumulate(parts, initial=0.0))[-1] <= _SUMS[1]:
        parts = [1 / variants] * variants
    starts = accumulate(parts, initial=0.0)  # one after the other, rounded as in JavaScript
    return tuple((start, start + share * part) for start, part in zip(starts, parts, strict=False))


def choose_variation(number: float, ranges: Sequence[Range]) -> int:
    """Return the position of the first range that holds a number, or -1 for none."""
    return next((place for place, (start, end) in enumerate(ranges) if start <= number < end), -1)


def in_namespace(customer: str, namespace: str, start: float, end: float) -> bool:
    """Tell whether GrowthBook counts a customer to the part [start, end) of a namespace."""
    return start <= growthbook_hash(f"__{namespace}", customer, 1) < end


def murmur3(raw: bytes, seed: int = 0) -> int:
    """Return the 32-bit MurmurHash3 (x86_32) of some bytes."""
    value = seed & _WORD
    whole = len(raw) // 4 * 4
    for place in range(0, whole, 4):
        value ^= _scrambled(int.from_bytes(raw[place : place + 4], "little"))
        value = (_rotated(value, 13) * 5 + 0xE6546B64) & _WORD
    value ^= _scrambled(int.from_bytes(raw[whole:], "little")) ^ len(raw)
    value = (value ^ value >> 16) * 0x85EBCA6B & _WORD
    value = (value ^ value >> 13) * 0xC2B2AE35 & _WORD
    return value ^ value >> 16


def _scrambled(block: int) -> int:
    return _rotated(block * 0xCC9E2D51 & _WORD, 15) * 0x1B873593 & _WORD


def _rotated(value: int, by: int) -> int:
    return (value << by | value >> (32 - by)) & _WORD


def unleash_number(customer: str, group: str, most: int = 100, seed: int = 0) -> int:
    """Return Unleash's number for a customer in a group, 1 to ``most``.

    Raises:
        DefinitionError: ``most`` is less than 1.
    """
    if most < 1:
        raise DefinitionError(f"the largest number is 1 or more, not {shown(most)}")
    return murmur3(f"{group}:{customer}".encode("utf-8", "surrogatepass"), seed) % most + 1


def in_rollout(customer: str, group: str, percent: int) -> bool:
    """Tell whether Unleash rolls out to a customer, with ``percent`` from 0 to 100."""
    return unleash_number(customer, group) <= percent


def unleash_variant(customer: str, group: str, weights: Sequence[int]) -> int:
    """Return the position of the variant that Unleash chooses, or -1 when no weight is above 0."""
    total = sum(weights)
    if total <= 0:
        return -1
    wanted = unleash_number(customer, group, total, VARIANT_SEED)
    return next(place for place in range(len(weights)) if sum(weights[: place + 1]) >= wanted)
