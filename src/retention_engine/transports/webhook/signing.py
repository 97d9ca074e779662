"""Signatures of the Standard Webhooks specification: HMAC-SHA256 over ``id.timestamp.body``."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence

from retention_engine.errors import DefinitionError, SignatureError

LARGEST_BODY = 1_000_000
TOLERANCE = 300
"""Seconds that a timestamp may lie in the past or in the future."""
_PREFIX = "whsec_"
_LONGEST_HEADER = 4_000


class Signer:
    """One or several secrets; the first signs, and all of them verify, so that a secret can be changed.

    Args:
        secrets: each ``whsec_`` and base64 of 24 to 64 bytes, the current one first.
    """

    def __init__(self, *secrets: str) -> None:
        """Check the secrets; they are never part of a ``repr`` or a message."""
        if not secrets:
            raise DefinitionError("at least one secret is needed: without one, everything would be accepted")
        self._keys = tuple(_key(each) for each in secrets)

    def __repr__(self) -> str:
        """Tell only how many secrets there are."""
        return f"Signer(<{len(self._keys)} secrets>)"

    def headers(self, id: str, timestamp: int, body: bytes) -> dict[str, str]:
        """Return the three headers of a webhook, signed by the current secret; ``timestamp`` is in seconds."""
        if not id or "." in id or not id.isascii() or not id.isprintable():
            raise DefinitionError("the id of a webhook is printable ASCII without a dot")
        signed = signature(self._keys[0], id, timestamp, body)
        return {"webhook-id": id, "webhook-timestamp": str(timestamp), "webhook-signature": signed}

    def verify(self, body: bytes, headers: Mapping[str, str], *, now: int, tolerance: int = TOLERANCE) -> str:
        """Return the id of a genuine webhook; see ``verify_webhook``."""
        if not isinstance(body, bytes) or len(body) > LARGEST_BODY:
            raise SignatureError
        found = {name.lower(): value for name, value in headers.items()}
        id, stamp = found.get("webhook-id", ""), found.get("webhook-timestamp", "")
        given = found.get("webhook-signature", "")[:_LONGEST_HEADER].split(" ")
        if not id or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
            raise SignatureError
        genuine = False
        for key in self._keys:
            wanted = signature(key, id, int(stamp), body).encode()
            for each in given:
                genuine |= hmac.compare_digest(wanted, each.encode("utf-8", "replace"))
        if not genuine or abs(now - int(stamp)) > tolerance:
            raise SignatureError
        return id


def verify_webhook(
    body: bytes, headers: Mapping[str, str], *, secrets: Sequence[str], now: int, tolerance: int = TOLERANCE
) -> str:
    """Return the id of a genuine webhook: keep it, so that a repeated one is known.

    Args:
        body: the bytes as they came, not parsed and written again.
        headers: of the request; the case of their names does not matter.
        secrets: the accepted ones, such as the current one and the one before.
        now: seconds since 1970.
        tolerance: seconds that its timestamp may differ.

    Raises:
        SignatureError: forged, altered, too old or too large; which of it is not told.
    """
    return Signer(*secrets).verify(body, headers, now=now, tolerance=tolerance)


def signature(key: bytes, id: str, timestamp: int, body: bytes) -> str:
    """Return the value of ``webhook-signature``."""
    signed = b".".join((id.encode("utf-8", "replace"), str(timestamp).encode(), body))
    return f"v1,{base64.b64encode(hmac.digest(key, signed, 'sha256')).decode()}"


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError, AttributeError):
        key = b""
    if not 24 <= len(key) <= 64:
        raise DefinitionError(f"a secret is {_PREFIX} and base64 of 24 to 64 bytes; this one is not")
    return key
