"""What can go wrong at the Bot API, one value each."""

from __future__ import annotations

import json
from typing import Any

from attrs import field, frozen


@frozen(kw_only=True)
class Fault:
    """One answer that is no success, or no answer at all.

    Attributes:
        status: of the answer; 0: the connection is reset without one.
        body: of the answer.
        headers: of the answer, besides its length.
        counted: the message is accepted and counted nevertheless: the ambiguous case.
        wait: seconds before anything happens.
        cut: bytes of the body that are held back before the connection ends.
    """

    status: int = 0
    body: bytes = b""
    headers: dict[str, str] = field(factory=dict)
    counted: bool = False
    wait: float = 0.0
    cut: int = 0


def error(status: int, description: str, **parameters: Any) -> Fault:
    """Return an error as the Bot API writes it."""
    more = {"parameters": parameters} if parameters else {}
    return Fault(status=status, body=_json({"ok": False, "error_code": status, "description": description} | more))


def flood(retry_after: int, *, header: bool = False) -> Fault:
    """Return "too many requests", with the wait in its parameters or, like a proxy, in a header only."""
    if header:
        return Fault(status=429, body=b"<html>", headers={"Retry-After": str(retry_after)})
    return error(429, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after)


def retry_after(fault: Fault) -> float:
    """Return the seconds that a "too many requests" asks to wait; 0 for anything else."""
    if fault.status != 429:
        return 0.0
    if "Retry-After" in fault.headers:
        return float(fault.headers["Retry-After"])
    return float(json.loads(fault.body)["parameters"]["retry_after"])


def migrated(chat: int) -> Fault:
    """Return "the group has become a supergroup"."""
    return error(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat)


def bad_gateway(status: int = 502, *, counted: bool = False) -> Fault:
    """Return the HTML page of a proxy."""
    return Fault(status=status, body=b"<html><h1>Bad Gateway</h1></html>", counted=counted)


def reset(*, counted: bool) -> Fault:
    """Return a reset connection: after the message was accepted (``counted``), or before it was looked at."""
    return Fault(counted=counted)


def slow(seconds: float, *, counted: bool = True) -> Fault:
    """Return an answer that comes later than a client waits."""
    return Fault(wait=seconds, counted=counted)


def truncated(*, counted: bool = True) -> Fault:
    """Return a success whose body ends too early."""
    return Fault(status=200, body=_json({"ok": True, "result": {"message_id": 1}}), counted=counted, cut=10)


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
