"""Envelopes as signed webhooks, for threads and for event loops; needs the extra ``webhook``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from retention_engine.envelopes import Envelope, NotSent, Rejected, SendOutcome, Sent, Unknown
from retention_engine.errors import DefinitionError
from retention_engine.keys import fingerprint
from retention_engine.timing import to_text
from retention_engine.transports.base import Ready, always, too_late, unsuitable
from retention_engine.transports.http import Failure, Reply, Request, Settings, seconds
from retention_engine.transports.posting import AsyncPosts, Poster, Posts
from retention_engine.transports.webhook.guard import Resolve, resolve_host, target_of
from retention_engine.transports.webhook.signing import LARGEST_BODY, Signer

_SECOND = 1_000_000


class WebhookCode(StrEnum):
    """Why a receiver did not take a webhook. Codes are stored and never renamed or reused."""

    RATE_LIMITED = "webhook_rate_limited"
    GONE = "webhook_gone"
    REFUSED = "webhook_refused"
    REDIRECTED = "webhook_redirected"
    SERVER_ERROR = "webhook_server_error"
    NO_ANSWER = "webhook_no_answer"
    UNREACHED = "webhook_unreached"
    NOT_ALLOWED = "webhook_not_allowed"


def payload_of(envelope: Envelope) -> bytes:
    """Return the body: type, timestamp and data, as the specification recommends it."""
    content = envelope.content
    said: dict[str, Any] = {
        "text": content.text,
        "subject": content.subject,
        "html": content.html,
        "buttons": [{"text": each.text, "url": each.url, "callback": each.callback} for each in content.buttons],
        "photo": content.photo,
        "document": content.document,
    }
    data = {
        "key": envelope.key,
        "customer": envelope.customer,
        "channel": envelope.channel,
        "topic": envelope.topic,
        "purpose": envelope.purpose,
        "attempt": envelope.attempt,
        "content": {name: value for name, value in said.items() if value},
        "data": envelope.data,
        "unsubscribe_url": envelope.unsubscribe_url,
    }
    whole = {"type": "message.send", "timestamp": to_text(envelope.at), "data": data}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()


def webhook_outcome(reply: Reply, id: str) -> SendOutcome:
    """Return what the status of an answer means."""
    if isinstance(reply, Failure):
        return (
            Unknown(WebhookCode.NO_ANSWER, reply.text) if reply.written else NotSent(WebhookCode.UNREACHED, reply.text)
        )
    status, text = reply.status, f"status {reply.status}"
    if 200 <= status < 300:
        return Sent(id, text=text)
    if status == 429:
        return NotSent(WebhookCode.RATE_LIMITED, text, retry_after=seconds(reply.headers), scope="channel")
    if status == 410:
        return Rejected(WebhookCode.GONE, text, scope="address")
    if status in (401, 403):
        return Rejected(WebhookCode.REFUSED, text, scope="channel")
    if 300 <= status < 400:
        return Rejected(WebhookCode.REDIRECTED, text)
    if 400 <= status < 500:
        return Rejected(WebhookCode.REFUSED, text)
    return Unknown(WebhookCode.SERVER_ERROR, text)


class _Hook(Poster):
    """What both clients share; the address of an envelope is the URL."""

    def __init__(
        self,
        signer: Signer,
        *,
        networks: Sequence[str] = (),
        client: Any = None,
        timeout: float = 20.0,
        verify: Any = True,
        resolve: Resolve = resolve_host,
        ready: Ready = always,
    ) -> None:
        """Remember the settings; nothing is opened before the first message."""
        self._signer = signer
        self._networks = tuple(networks)
        self._resolve = resolve
        self._ready = ready
        self.use(client, Settings(wait=timeout, verify=verify, pinned=True, extra="webhook"))

    def request_of(self, envelope: Envelope) -> Request | SendOutcome:
        """Return the request, or why there is none."""
        try:
            target = target_of(envelope.address, self._resolve, self._networks)
        except DefinitionError as error:
            return Rejected(WebhookCode.NOT_ALLOWED, str(error), scope="address")
        if target is None:
            return NotSent(WebhookCode.UNREACHED, "no address")
        body = payload_of(envelope)
        if len(body) > LARGEST_BODY:
            return unsuitable(DefinitionError(f"a webhook has at most {LARGEST_BODY} bytes"))
        if not self._ready(envelope):
            return too_late()
        headers = self._signer.headers(hook_id(envelope), envelope.at // _SECOND, body)
        headers |= {"host": target.host, "content-type": "application/json"}
        return Request(url=target.url, headers=headers, body=body, hostname=target.hostname, wants_body=False)

    def outcome_of(self, envelope: Envelope, reply: Reply) -> SendOutcome:
        """Return what the answer means."""
        return webhook_outcome(reply, hook_id(envelope))


def hook_id(envelope: Envelope) -> str:
    """Return the id of an envelope's webhook: the same for every attempt, so that the receiver knows a repeated one."""
    return f"msg_{fingerprint(envelope.key)}"


class WebhookTransport(_Hook, Posts):
    """Sends signed webhooks to the URL that is the envelope's address.

    Attributes:
        pace: how the channel wants to be called.

    Args:
        signer: the secrets.
        networks: allowed besides the public ones, such as ``10.1.0.0/16``.
        client: your own ``httpx2.Client``, which should follow no redirects and use no proxy.
        timeout: seconds to wait for the answer.
        verify: an ``ssl.SSLContext``, or True for the usual one.
        resolve: returns the addresses of a host.
        ready: asked before each call.
    """


class AsyncWebhookTransport(_Hook, AsyncPosts):
    """The same for an event loop; names are resolved in a thread.

    Attributes:
        pace: how the channel wants to be called.
    """
