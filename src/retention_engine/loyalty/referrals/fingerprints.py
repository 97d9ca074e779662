"""Fingerprints of addresses, numbers and devices: the same for every way to write them, useless to who reads them."""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Callable
from ipaddress import ip_address, ip_network

from retention_engine.errors import FactError, nearest
from retention_engine.keys import LEAST_SECRET, is_secret

_DOTLESS = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}
_LONGEST = 1_000


def fingerprint_of(sort: str, text: str, secret: bytes) -> str:
    """Return a keyed hash of what a customer gave away, for ``Fingerprinted``: 32 hexadecimal digits.

    Capital letters, blanks, plus-tags, the dots of Gmail, and the ways to write a telephone number make no difference;
    of an IP address only the network counts (/24, and /64 of version 6).

    Args:
        sort: ``address``, ``device``, ``email``, ``ip``, ``payment`` or ``phone``.
        text: the thing itself; it is kept nowhere.
        secret: at least 16 bytes, always the same.

    Raises:
        FactError: the sort is unknown, the text cannot be one, or the secret is short; the text is not shown.
    """
    if not is_secret(secret):
        raise FactError(f"secret is bytes, at least {LEAST_SECRET} of them")
    if sort not in _NORMAL:
        raise FactError(f"unknown fingerprint{nearest(sort, _NORMAL)}")
    if not isinstance(text, str) or not 0 < len(text) <= _LONGEST:
        raise FactError(f"{sort} is a text of 1 to {_LONGEST} characters")
    normal = _NORMAL[sort](unicodedata.normalize("NFKC", text))
    if not normal:
        raise FactError(f"this is no {sort}")
    return hmac.digest(secret, f"{sort}:{normal}".encode("utf-8", "surrogatepass"), "sha256").hex()[:32]


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _email(text: str) -> str:
    local, at, domain = text.strip().casefold().rpartition("@")
    local, domain = local.partition("+")[0], domain.rstrip(".")
    if domain in _DOTLESS:
        local, domain = local.replace(".", ""), _DOTLESS[domain]
    return f"{local}{at}{domain}" if local and domain else ""


def _phone(text: str) -> str:
    digits = re.sub(r"\D", "", text)
    if text.strip().startswith("+"):
        return digits
    if digits.startswith("00"):
        return digits[2:]
    return f"7{digits[1:]}" if len(digits) == 11 and digits.startswith("8") else digits  # as dialled inside Russia


def _network(text: str) -> str:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return ""
    address = getattr(address, "ipv4_mapped", None) or address
    return str(ip_network(f"{address}/{24 if address.version == 4 else 64}", strict=False))


_NORMAL: dict[str, Callable[[str], str]] = {
    "address": _plain,
    "device": str.strip,
    "email": _email,
    "ip": _network,
    "payment": str.strip,
    "phone": _phone,
}
