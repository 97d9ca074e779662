"""Stable hashes: the same in every process, on every machine, in every SQL dialect; and the secrets of keyed ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import md5, sha256
from typing import Any, TypeGuard

from retention_engine.errors import DefinitionError, nearest, shown

BUCKETS = 10_000
LEAST_SECRET = 16


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
    return sha256(framed(*texts, width=8)).hexdigest()[:32]


def framed(*parts: str | bytes, width: int = 4) -> bytes:
    """Join parts so that no two sequences give the same bytes: each after its length, in ``width`` bytes."""
    raws = [part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass") for part in parts]
    return b"".join(piece for raw in raws for piece in (len(raw).to_bytes(width, "big"), raw))


def is_secret(value: object, least: int = LEAST_SECRET) -> TypeGuard[bytes]:
    """Tell whether it can be the key of a hash: at least so many bytes."""
    return isinstance(value, bytes) and len(value) >= least


def named_secrets(given: Any, is_id: Callable[[str], bool], ids: str, *, least: int) -> dict[str, bytes]:
    """Return a checked copy of a mapping from the id of a key to its secret.

    Args:
        given: at least one.
        is_id: tells whether something can be an id.
        ids: what an id is, in words.
        least: bytes of a secret.

    Raises:
        DefinitionError: it is none; no secret is shown.
    """
    if not isinstance(given, Mapping) or not given:
        raise DefinitionError("secrets are a mapping from the id of a key to its bytes, at least one")
    for name, secret in given.items():
        if not isinstance(name, str) or not is_id(name):
            raise DefinitionError(f"the id of a key is {ids}, not {shown(name)}")
        if not is_secret(secret, least):
            raise DefinitionError(f"secret {name!r} is bytes, at least {least} of them")
    return dict(given)


def check_current(holder: Any, _: object, value: Any) -> None:
    """Validate the id of the current key: one of the holder's ``secrets``."""
    if value not in holder.secrets:
        raise DefinitionError(f"current is no key: {shown(value)}{nearest(value, holder.secrets)}")
