"""Where a webhook may go: https, to public addresses only, and exactly to the address that was looked at."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit, urlunsplit

from attrs import field, frozen

from retention_engine.errors import DefinitionError

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Sequence[str]]
"""Returns the addresses of a host name."""
_NUMERIC = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)")
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?)*\.?")
_CLOSED = tuple(
    ip_network(each)
    for each in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
        "168.63.129.16/32",  # where a cloud answers its own machines
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "3fff::/20",
        "5f00::/16",
    )
)
_OPEN_V6 = IPv6Network("2000::/3")
_WRAPPED = (  # networks whose addresses hold a v4 address, and how many bits follow it
    (IPv6Network("::ffff:0:0/96"), 0),
    (IPv6Network("::/96"), 0),
    (IPv6Network("::ffff:0:0:0/96"), 0),
    (IPv6Network("64:ff9b::/96"), 0),
    (IPv6Network("2002::/16"), 80),
)


@frozen(kw_only=True)
class Target:
    """A checked URL whose host was replaced by one of its addresses.

    Attributes:
        url: to connect to; may hold a secret path.
        host: for the header ``Host``.
        hostname: what the certificate must name.
    """

    url: str = field(repr=False)
    host: str
    hostname: str


def is_public(address: Address, networks: Sequence[str] = ()) -> bool:
    """Tell whether an address belongs to the public internet, or to one of the ``networks`` allowed besides."""
    if any(address in ip_network(each) for each in networks):
        return True
    if isinstance(address, IPv6Address):
        for wrapping, shift in _WRAPPED:
            if address in wrapping:
                return is_public(IPv4Address((int(address) >> shift) & 0xFFFFFFFF), networks)
        if address not in _OPEN_V6:
            return False
    return address.is_global and not any(address in each for each in _CLOSED)


def check_url(url: str) -> SplitResult:
    """Return the parts of a URL a webhook may have.

    Raises:
        DefinitionError: not https, with a user or a password, or with a host that is no name and no plain address.
    """
    try:
        parts = urlsplit(url)
        port, host = parts.port, (parts.hostname or "").rstrip(".")
    except ValueError:
        raise DefinitionError("the URL cannot be read") from None
    if parts.scheme != "https" or "@" in parts.netloc or port == 0 or not url.isascii() or not url.isprintable():
        raise DefinitionError("only https is possible, without a user in the URL")
    if "%" in host or not (":" in host or _HOST.fullmatch(host)):
        raise DefinitionError("the host of a URL is a name or an address")
    if ":" not in host and _NUMERIC.fullmatch(host.rpartition(".")[2]) and not _is_plain(host):
        raise DefinitionError("the host of a URL is written as four decimal numbers, if it is an address")
    return parts


def _is_plain(host: str) -> bool:
    try:
        return str(ip_address(host)) == host
    except ValueError:
        return False


def resolve_host(host: str, port: int) -> list[str]:
    """Return the addresses of a host, as the system knows them."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def target_of(url: str, resolve: Resolve, networks: Sequence[str] = ()) -> Target | None:
    """Return where to connect, None when the host has no address now; it is asked for once and pinned.

    Raises:
        DefinitionError: the URL is none a webhook may have, or one of its addresses is not public.
    """
    parts = check_url(url)
    host, port = parts.hostname or "", parts.port or 443
    try:
        found = [ip_address(each.partition("%")[0]) for each in resolve(host, port)]
    except (OSError, UnicodeError):
        return None
    if not found:
        return None
    if not all(is_public(each, networks) for each in found):
        raise DefinitionError("the host of the URL has an address that is not public")
    pinned = f"[{found[0]}]" if found[0].version == 6 else str(found[0])
    there = urlunsplit(("https", f"{pinned}:{port}", parts.path or "/", parts.query, ""))
    return Target(url=there, host=parts.netloc, hostname=host.rstrip("."))
