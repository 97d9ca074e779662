"""Updates of a bot, recorded before the bot's own handlers see them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from attrs import evolve, field, frozen

from retention_engine.delivery import Runner
from retention_engine.envelopes import Envelope
from retention_engine.errors import FactError
from retention_engine.integrations.telegram import AskedPoll, CustomerOf, callback_data, updates_to_facts
from retention_engine.preferences import Keyring

log = logging.getLogger("retention_engine.integrations")


def keyed_buttons(envelope: Envelope) -> Envelope:
    """Let each button of a message tell which message it belongs to: ``Delivery(..., finish=keyed_buttons)``.

    A click on a button with the callback ``yes`` is then a ``MessageClicked`` of this message with the link ``yes``.
    """
    told = [
        each if each.callback is None else evolve(each, callback=callback_data(envelope.key, each.callback))
        for each in envelope.content.buttons
    ]
    return evolve(envelope, content=evolve(envelope.content, buttons=told))


def _same(chat: str) -> str | None:
    return chat


@frozen(kw_only=True)
class Inbox:
    """Records what an update says; what it says twice changes nothing.

    Attributes:
        runner: whose engine records.
        customer_of: returns the customer of a chat, None when it is not known; left out, the chat's id is the customer.
        keyring: opens the payload of ``/start``.
        tenant: whose payload it must be.
        polls: returns the poll of an id, None when it is none of ours.
    """

    runner: Runner
    customer_of: CustomerOf = _same
    keyring: Keyring | None = field(default=None, repr=False)
    tenant: str = ""
    polls: Callable[[str], AskedPoll | None] = lambda _: None

    async def take(self, update: Mapping[str, Any]) -> None:
        """Record an update as Telegram sends it; one that cannot be a fact is logged, and the bot still gets it.

        Raises:
            StoreError: the store cannot be used; a bot on webhooks is sent the update again then.
        """
        try:
            facts = updates_to_facts(
                update,
                customer_of=self.customer_of,
                learned=self.runner.clock(),
                keyring=self.keyring,
                tenant=self.tenant,
                polls=self.polls,
            )
            if facts:
                await asyncio.to_thread(self.runner.record, facts)  # a commit waits for the disk
        except FactError as error:
            log.warning("update %s is not recorded: %s", update.get("update_id"), type(error).__qualname__)
