"""Updates of a Telegram bot as facts: commands, blocks, clicks on buttons, answers to polls."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from attrs import frozen

from retention_engine.errors import DefinitionError, FactError, TokenError, shown
from retention_engine.facts import AddressRestored, AddressSuppressed, Answered, Event, Fact, MessageClicked
from retention_engine.preferences import Keyring, telegram_command
from retention_engine.timing import to_instant

TELEGRAM = "telegram"
_CLICK = re.compile(r"([0-9a-f]{32}):([^\x00-\x1f]{1,31})")
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_KEY = re.compile(r"[0-9a-f]{32}")
_SECOND = 1_000_000
CustomerOf = Callable[[str], str | None]


@frozen(kw_only=True)
class AskedPoll:
    """A poll that was sent: what its answers are answers to.

    Attributes:
        options: as they were shown, in order.
        sent: the instant, microseconds UTC.
    """

    survey: str
    options: tuple[str, ...]
    sent: int
    question: str | None = None


def callback_data(key: str, word: str) -> str:
    """Return the callback of a button whose click counts for the action of this key; the word says which button.

    Raises:
        DefinitionError: the key is none of an action, or the word has not 1 to 31 printable characters of ASCII.
    """
    if not _KEY.fullmatch(key) or not (1 <= len(word) <= 31 and word.isascii() and word.isprintable()):
        raise DefinitionError(f"a callback is the key of an action and 1 to 31 ASCII characters, not {shown(word)}")
    return f"{key}:{word}"


def is_from_telegram(header: str | None, secret: str) -> bool:
    """Tell whether the header ``X-Telegram-Bot-Api-Secret-Token`` holds the secret given to ``setWebhook``.

    Raises:
        DefinitionError: there is no secret, or it is none that Telegram takes: nothing may be accepted then.
    """
    if not _SECRET.fullmatch(secret):
        raise DefinitionError("a secret of 1 to 256 letters, digits, '_' and '-' is needed")
    return hmac.compare_digest((header or "").encode("utf-8", "replace"), secret.encode())


def updates_to_facts(
    update: Mapping[str, Any],
    *,
    customer_of: CustomerOf,
    learned: datetime | int | str,
    keyring: Keyring | None = None,
    tenant: str = "",
    polls: Callable[[str], AskedPoll | None] = lambda _: None,
) -> list[Fact]:
    """Return the facts of one update of a private chat; none when it is about nothing we know.

    An update that comes again gives facts with the same ids and content, so that it changes nothing.

    Args:
        update: as it came from ``getUpdates`` or a webhook.
        customer_of: returns the customer of a chat, None when it is not known.
        learned: when it came; what happened may have happened earlier.
        keyring: opens the payload of ``/start``; a payload that is not valid counts as none.
        tenant: whose payload it must be.
        polls: returns the poll of an id, None when it is none of ours.

    Raises:
        FactError: it is no update of Telegram.
    """
    number = update.get("update_id") if isinstance(update, Mapping) else None
    if type(number) is not int:
        raise FactError(f"an update of Telegram has a number as its update_id, not {shown(number)}")
    inbox = _Inbox(f"telegram:update:{number}", customer_of, to_instant(learned), keyring=keyring, tenant=tenant)
    try:
        found = inbox.facts(update, polls)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise FactError(f"update {number} is not built as Telegram builds them: {type(error).__name__}") from None
    return [fact.learned_at(inbox.learned) for fact in found]


class _Inbox:
    def __init__(self, id: str, customer_of: CustomerOf, learned: int, *, keyring: Keyring | None, tenant: str) -> None:
        self.id = id
        self.customer_of = customer_of
        self.learned = learned
        self.keyring = keyring
        self.tenant = tenant

    def facts(self, update: Mapping[str, Any], polls: Callable[[str], AskedPoll | None]) -> list[Fact]:
        """Return the facts of the one thing an update is about."""
        if "message" in update:
            return self._message(update["message"])
        if "my_chat_member" in update:
            return self._member(update["my_chat_member"])
        if "callback_query" in update:
            return self._click(update["callback_query"])
        if "poll_answer" in update:
            return self._answer(update["poll_answer"], polls)
        return []

    def _message(self, message: Mapping[str, Any]) -> list[Fact]:
        chat = message["chat"]
        if chat["type"] != "private" or not isinstance(message.get("text"), str):
            return []
        text, address = message["text"], str(chat["id"])
        customer, at = self.customer_of(address), self._at(message)
        more: dict[str, Any] = {"id": self.id, "address": address, "tenant": self.tenant}
        try:
            return telegram_command(text, customer, at, keyring=self.keyring, **more)
        except TokenError:
            return telegram_command("/start", customer, at, **more)

    def _member(self, change: Mapping[str, Any]) -> list[Fact]:
        address = str(change["chat"]["id"])
        customer = self.customer_of(address)
        if change["chat"]["type"] != "private" or customer is None:
            return []
        common: dict[str, Any] = {"customer": customer, "at": self._at(change), "channel": TELEGRAM}
        if change["new_chat_member"]["status"] in ("kicked", "left"):
            common["address"] = address
            return [AddressSuppressed(id=f"{self.id}:blocked", reason="telegram_blocked", **common)]
        return [AddressRestored(id=f"{self.id}:restored", **common)]

    def _click(self, query: Mapping[str, Any]) -> list[Fact]:
        data, customer = query.get("data"), self.customer_of(str(query["from"]["id"]))
        if not isinstance(data, str) or customer is None:
            return []
        common: dict[str, Any] = {"customer": customer, "at": self._at(query.get("message") or {})}
        if found := _CLICK.fullmatch(data):
            return [MessageClicked(id=f"{self.id}:click", message=found[1], link=found[2], **common)]
        return [Event(id=f"{self.id}:click", name="telegram_callback", data={"callback": data}, **common)]

    def _answer(self, answer: Mapping[str, Any], polls: Callable[[str], AskedPoll | None]) -> list[Fact]:
        customer, poll = self.customer_of(str(answer["user"]["id"])), polls(str(answer["poll_id"]))
        if customer is None or poll is None:
            return []
        return [
            Answered(
                id=f"{self.id}:answer:{number}",
                customer=customer,
                at=poll.sent,
                survey=poll.survey,
                question=poll.question,
                choice=poll.options[number],
            )
            for number in answer["option_ids"]
        ]

    def _at(self, holder: Mapping[str, Any]) -> int:
        """Return when it happened; for a click: when its message was sent, which stays the same if it comes again."""
        date = holder.get("date")
        return date * _SECOND if type(date) is int and date > 0 else self.learned
