"""What ``/start`` and ``/stop`` in a Telegram chat mean for a customer's choices."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from retention_engine.errors import FactError, TokenError, shown
from retention_engine.facts import AddressRestored, ConsentGiven, ConsentWithdrawn, ContactAdded, Fact, Resumed
from retention_engine.facts.base import instant
from retention_engine.preferences.tokens import START, Claim, Keyring
from retention_engine.values import is_printable

TELEGRAM = "telegram"
LONGEST_UPDATE = 120
_COMMAND = re.compile(r"/(start|stop)(?:@[A-Za-z0-9_]{1,64})?(?:[ \t]+(\S{1,256}))?\s*", re.IGNORECASE | re.ASCII)


def telegram_command(
    text: str,
    customer: str | None,
    at: datetime | int | str,
    *,
    id: str,
    address: str | None = None,
    keyring: Keyring | None = None,
    tenant: str = "",
) -> list[Fact]:
    """Return the facts of one message of a private chat; none when it is no such command.

    ``/stop`` withdraws everything on Telegram. ``/start`` ends a pause of Telegram and tells the address, where a bot
    that was blocked may write again; it gives no consent. ``/start <payload>`` opens a token of ``Keyring.sign_start``:
    the chat belongs to its customer, who agrees to its topic if it names one.

    Args:
        text: of the message.
        customer: who writes, None when the chat is not known yet: then only a payload tells.
        at: when it was written.
        id: of the update, such as ``update:123``, at most 120 characters; the same update gives the same facts.
        address: of the chat, such as its id; None: not told.
        keyring: the keys that open payloads; None: payloads are not valid.
        tenant: whose payload it must be.

    Raises:
        TokenError: the payload is not valid, or was made for another customer than ``customer``.
        FactError: the id or another value cannot be in a fact.
    """
    found = _COMMAND.fullmatch(text) if isinstance(text, str) and len(text) <= 400 else None
    if found is None:
        return []
    if not is_printable(id) or len(id) > LONGEST_UPDATE:
        raise FactError(f"id is a printable text of 1 to {LONGEST_UPDATE} characters, not {shown(id)}")
    when = instant(at)
    claim = None
    if found[1].lower() == "start" and found[2]:
        claim = _claim(found[2], customer, when, keyring, tenant=tenant)
        customer = claim.customer
    if customer is None:
        return []
    if found[1].lower() == "stop":
        return [ConsentWithdrawn(channel=TELEGRAM, id=f"{id}:stop", customer=customer, at=when)]
    return _started(claim, address, {"customer": customer, "at": when}, id)


def _claim(payload: str, customer: str | None, at: int, keyring: Keyring | None, *, tenant: str) -> Claim:
    if keyring is None:
        raise TokenError
    claim = keyring.open(payload, purpose=START, now=at, tenant=tenant)
    if customer not in (None, claim.customer):
        raise TokenError
    return claim


def _started(claim: Claim | None, address: str | None, common: dict[str, Any], id: str) -> list[Fact]:
    made: list[Fact] = []
    if address is not None:
        made.append(ContactAdded(channel=TELEGRAM, address=address, id=f"{id}:contact", **common))
        made.append(AddressRestored(channel=TELEGRAM, id=f"{id}:restored", **common))
    made.append(Resumed(channel=TELEGRAM, id=f"{id}:resumed", **common))
    if claim is not None and claim.topic is not None:
        words: dict[str, Any] = {"channel": TELEGRAM, "topic": claim.topic, "source": "telegram_start", "proof": id}
        made.append(ConsentGiven(id=f"{id}:consent", **words, **common))
    return made
