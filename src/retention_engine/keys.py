"""Stable hashes: the same in every process, on every machine, in every SQL dialect."""

from __future__ import annotations

from functools import lru_cache
from hashlib import md5, sha256

BUCKETS = 10_000


def hash_text(customer: str, salt: str) -> str:
    """Return 8 hexadecimal digits (lower case) of md5(``salt:customer``); md5 because every SQL dialect has it."""
    return md5(f"{salt}:{customer}".encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()[:8]


def bucket(customer: str, salt: str) -> int:
    """Return the customer's stable bucket, 0 to 9,999, for a salt."""
    return (int(hash_text(customer, salt), 16) * BUCKETS) >> 32


def bucket_edge(number: int) -> str:
    """Return the smallest 8-digit hash text whose bucket is ``number`` or more; ``g`` when there is none."""
    value = -((-number << 32) // BUCKETS)
    return f"{value:08x}" if value < 1 << 32 else "g"


@lru_cache(maxsize=4096)
def fingerprint(*texts: str) -> str:
    """Return 32 hexadecimal digits that identify a sequence of texts."""
    raws = [text.encode("utf-8", "surrogatepass") for text in texts]
    return sha256(b"".join(part for raw in raws for part in (len(raw).to_bytes(8, "big"), raw))).hexdigest()[:32]
