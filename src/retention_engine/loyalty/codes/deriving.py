"""Codes are derived, not drawn: the same secret and the same reason give the same code, and nobody else finds it."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping

from attrs import field, frozen

from retention_engine.keys import check_current, framed, named_secrets
from retention_engine.loyalty.codes.spelling import body_of, check_symbol
from retention_engine.values import is_printable


def _checked(given: Mapping[str, bytes]) -> dict[str, bytes]:
    return named_secrets(given, is_printable, "a printable text of 1 to 200 characters", least=32)


@frozen(eq=False)
class CodeKeys:
    """The secrets codes are derived from; to change them, add a new one and make it current.

    Attributes:
        secrets: id of a key -> at least 32 secret bytes (``secrets.token_bytes(32)``); never shown.
        current: the id of the key for new codes; the others find what they issued before.
    """

    secrets: dict[str, bytes] = field(converter=_checked, repr=False)
    current: str = field(kw_only=True, validator=check_current)

    def derive(self, *reason: str, length: int, key: str | None = None) -> Iterator[str]:
        """Yield the codes for a reason without end: the first that nobody else has is the one.

        Args:
            reason: such as promotion, customer and occasion; each is written with its length in front.
            length: symbols before the check symbol.
            key: the id of the key; by default the current one.
        """
        message, secret, number = framed(*reason), self.secrets[self.current if key is None else key], 0
        while True:
            mac = hmac.digest(secret, message + number.to_bytes(4, "big"), "sha256")
            value = int.from_bytes(mac[:8], "big") >> 64 - 5 * length
            last = check_symbol(value)
            if last is not None:
                yield body_of(value, length) + last
            number += 1
