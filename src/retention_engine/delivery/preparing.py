"""Before a call: is it still wanted, by which channel, to which address, and with what words?"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from attrs import asdict, frozen

from retention_engine.actions import Action, Parcel, ParcelState, Reason
from retention_engine.arbitration import Allow, Clearance
from retention_engine.delivery.base import Change, Limits, Office
from retention_engine.delivery.brakes import Brakes
from retention_engine.delivery.machine import ended, held_back, refused
from retention_engine.envelopes import Content, Envelope
from retention_engine.errors import EmptyContent, StoreError, TemplateError
from retention_engine.facts import Tagged, Untagged
from retention_engine.keys import fingerprint
from retention_engine.templates import Renderer, message_values

Unsubscribe = Callable[[str, str, str | None], str]
"""(customer, channel, topic) -> the address of one-click unsubscription."""
Cards = Callable[[str], Mapping[str, Any] | None]
"""An item, such as an article number -> its card, as ``templates.card`` makes it; None: it is gone."""
FAULT = "fault"
"""The reason of a message that waits because weighing or filling it raised."""
DONE = "done"
"""The reason of what needed no channel."""
_TAGS = {"tag": Tagged, "untag": Untagged}
log = logging.getLogger("retention_engine.delivery")


@frozen
class Ready:
    """A call that may be made: what is handed over, and the digest of what the customer is told."""

    envelope: Envelope
    digest: str | None = None


@frozen(kw_only=True)
class Preparer:
    """Turns a row into an envelope, or into what becomes of it instead.

    Attributes:
        channels: those with a transport.
        addresses: (customer, channel) -> address, None when there is none; None: the latest ``ContactAdded``.
        unsubscribe: for marketing messages.
        cards: item -> what a template may show of it, None: it is gone; None: templates see the items themselves.
        finish: changes a finished envelope last, such as its links.
        repeats: rules that may tell a customer the same again.
    """

    office: Office
    brakes: Brakes
    renderer: Renderer
    limits: Limits
    channels: Collection[str]
    addresses: Callable[[str, str], str | None] | None = None
    unsubscribe: Unsubscribe | None = None
    cards: Cards | None = None
    finish: Callable[[Envelope], Envelope] | None = None
    repeats: frozenset[str] = frozenset()

    def prepared(self, row: Parcel, at: int, resting: Mapping[str, int]) -> Ready | Change:
        """Return what is handed to the transport now, else what becomes of the row; nothing is raised but by the store.

        Args:
            resting: channel -> until when nothing goes by it.
        """
        limits, action = self.limits, row.action
        if at >= limits.end_of(row):
            return ended(row, ParcelState.EXPIRED, Reason.EXPIRED.value, at)
        if action.kind in _TAGS:
            tag = _TAGS[action.kind](id=f"{action.kind}:{row.key}", customer=action.customer, at=at, tag=action.name)
            return Change(parcel=ended(row, ParcelState.SENT, DONE, at).parcel, facts=(tag,))
        if action.kind != "send":
            return Ready(_order(row, at))
        if self.brakes.is_struck("template", action.name):
            return held_back(row, at + limits.hold.micros, Reason.TEMPLATE_ERROR.value, at=at, limits=limits)
        try:
            return self._message(row, at, resting)
        except StoreError:
            raise
        except EmptyContent:
            return ended(row, ParcelState.DEAD, Reason.EMPTY_CONTENT.value, at)
        except TemplateError:
            found = ended(row, ParcelState.DEAD, Reason.TEMPLATE_ERROR.value, at)
            return Change(parcel=found.parcel, facts=found.facts, strike="template")
        except Exception as error:  # noqa: BLE001 - one message that cannot be weighed must not stop the others
            log.warning("message %s waits: it cannot be weighed or filled: %s", row.key, type(error).__qualname__)
            return held_back(row, at + limits.hold.micros, FAULT, at=at, limits=limits)

    def _message(self, row: Parcel, at: int, resting: Mapping[str, int]) -> Ready | Change:
        action, limits = row.action, self.limits
        clearance = self.office.clear(action, at)
        if not isinstance(clearance.ruling, Allow):
            return refused(row, clearance.ruling, at=at, limits=limits)
        channel = clearance.channel
        if channel is None or channel not in self.channels:
            return ended(row, ParcelState.SUPPRESSED, Reason.UNREACHABLE.value, at)
        if channel in resting:
            return held_back(row, resting[channel], Reason.CHANNEL_PAUSED.value, at=at, limits=limits)
        address = self.addresses(action.customer, channel) if self.addresses else clearance.address
        if not address:
            return ended(row, ParcelState.SUPPRESSED, Reason.UNREACHABLE.value, at)
        envelope = self._envelope(row, clearance, address, at)
        digest = _digest(envelope)
        if self._is_repeated(action, digest, clearance, at):
            found = ended(row, ParcelState.CANCELLED, Reason.DUPLICATE.value, at)
            return Change(parcel=found.parcel, facts=found.facts, strike="rule")
        return Ready(envelope if self.finish is None else self.finish(envelope), digest)

    def _envelope(self, row: Parcel, clearance: Clearance, address: str, at: int) -> Envelope:
        action, channel, name = row.action, clearance.channel or "", clearance.attributes.get("name")
        url = None
        if self.unsubscribe is not None and action.purpose == "marketing":
            url = self.unsubscribe(action.customer, channel, action.topic)
        return Envelope(
            key=row.key,
            customer=action.customer,
            channel=channel,
            address=address,
            content=self._content(action, channel, clearance, {} if url is None else {"unsubscribe_url": url}),
            at=at,
            name=name if isinstance(name, str) else None,
            topic=action.topic,
            purpose=action.purpose,
            data=dict(action.data),
            unsubscribe_url=url,
        )

    def _content(self, action: Action, channel: str, clearance: Clearance, more: Mapping[str, str]) -> Content:
        language = clearance.attributes.get("language")
        given = {**more, **action.data}
        data = message_values(action.customer, clearance.attributes, items=self._items(action), more=given)
        return self.renderer.render(action.name, channel, language if isinstance(language, str) else None, data)

    def _items(self, action: Action) -> Sequence[Any]:
        if self.cards is None:
            return action.items
        return [dict(card) for card in map(self.cards, action.items) if card is not None]

    def _is_repeated(self, action: Action, digest: str, clearance: Clearance, at: int) -> bool:
        if action.purpose != "marketing" or action.rule in self.repeats:
            return False
        before = clearance.told.get(digest)
        return before is not None and before > at - self.limits.repeat.micros


def _digest(envelope: Envelope) -> str:
    said = json.dumps(asdict(envelope.content), default=str, sort_keys=True)
    return fingerprint(envelope.channel, said)


def _order(row: Parcel, at: int) -> Envelope:
    """Return an action for a handler: its kind is the channel, what it is about the address."""
    action = row.action
    return Envelope(
        key=row.key,
        customer=action.customer,
        channel=action.kind,
        address=action.name,
        content=Content(text=action.name),
        at=at,
        topic=action.topic,
        purpose=action.purpose,
        data=dict(action.data),
    )
