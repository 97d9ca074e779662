"""Envelopes as signed webhooks, for threads and for event loops; needs the extra ``webhook``."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from retention_engine.envelopes import Envelope, NotSent, Rejected, SendOutcome, Sent, Unknown
from retention_engine.errors import DefinitionError
from retention_engine.keys import fingerprint
from retention_engine.timing import to_text
from retention_engine.transports.base import Ready, always, too_late, unsuitable
from retention_engine.transports.http import AsyncHttpClient, Failure, HttpClient, Reply, Request, Settings, seconds
from retention_engine.transports.webhook.guard import Resolve, Target, resolve_host, target_of
from retention_engine.transports.webhook.signing import LARGEST_BODY, Signer

if TYPE_CHECKING:
    import httpx2

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


class _Hook:
    """What both clients share; the address of an envelope is the URL."""

    def __init__(
        self,
        signer: Signer,
        *,
        networks: Sequence[str] = (),
        resolve: Resolve = resolve_host,
        ready: Ready = always,
    ) -> None:
        self._signer = signer
        self._networks = tuple(networks)
        self._resolve = resolve
        self._ready = ready

    def target_of(self, envelope: Envelope) -> Target | SendOutcome:
        """Return where to connect, or why not."""
        try:
            target = target_of(envelope.address, self._resolve, self._networks)
        except DefinitionError as error:
            return Rejected(WebhookCode.NOT_ALLOWED, str(error), scope="address")
        return target or NotSent(WebhookCode.UNREACHED, "no address")

    def request_of(self, envelope: Envelope, target: Target) -> Request | SendOutcome:
        """Return the request, or why there is none."""
        body = payload_of(envelope)
        if len(body) > LARGEST_BODY:
            return unsuitable(DefinitionError(f"a webhook has at most {LARGEST_BODY} bytes"))
        if not self._ready(envelope):
            return too_late()
        headers = self._signer.headers(hook_id(envelope), envelope.at // _SECOND, body)
        headers |= {"host": target.host, "content-type": "application/json"}
        return Request(url=target.url, headers=headers, body=body, hostname=target.hostname, wants_body=False)


def hook_id(envelope: Envelope) -> str:
    """Return the id of an envelope's webhook: the same for every attempt, so that the receiver knows a repeated one."""
    return f"msg_{fingerprint(envelope.key)}"


class WebhookTransport(_Hook):
    """Sends signed webhooks to the URL that is the envelope's address.

    Attributes:
        longest: seconds one call may take; a lease should last longer.

    Args:
        signer: the secrets.
        networks: allowed besides the public ones, such as ``10.1.0.0/16``.
        client: your own ``httpx2.Client``, which should follow no redirects and use no proxy.
        timeout: seconds to wait for the answer.
        verify: an ``ssl.SSLContext``, or True for the usual one.
        resolve: returns the addresses of a host.
        ready: asked before each call.
    """

    def __init__(
        self,
        signer: Signer,
        *,
        client: httpx2.Client | None = None,
        timeout: float = 20.0,
        verify: Any = True,
        **more: Any,
    ) -> None:
        """Remember the settings; nothing is opened before the first message."""
        super().__init__(signer, **more)
        self._client = HttpClient(client, Settings(wait=timeout, verify=verify, pinned=True, extra="webhook"))
        self.longest = 10.0 + 2 * timeout

    def send(self, envelope: Envelope) -> SendOutcome:
        """Send one webhook."""
        target = self.target_of(envelope)
        if not isinstance(target, Target):
            return target
        request = self.request_of(envelope, target)
        if not isinstance(request, Request):
            return request
        return webhook_outcome(self._client.post(request), hook_id(envelope))

    def close(self) -> None:
        """Close the connections; a later message opens new ones."""
        self._client.close()


class AsyncWebhookTransport(_Hook):
    """The same for an event loop; names are resolved in a thread.

    Attributes:
        longest: seconds one call may take; a lease should last longer.
    """

    def __init__(
        self,
        signer: Signer,
        *,
        client: httpx2.AsyncClient | None = None,
        timeout: float = 20.0,
        verify: Any = True,
        **more: Any,
    ) -> None:
        """Remember the settings; nothing is opened before the first message."""
        super().__init__(signer, **more)
        self._client = AsyncHttpClient(client, Settings(wait=timeout, verify=verify, pinned=True, extra="webhook"))
        self.longest = 10.0 + 2 * timeout

    async def send(self, envelope: Envelope) -> SendOutcome:
        """Send one webhook."""
        target = await asyncio.to_thread(self.target_of, envelope)
        if not isinstance(target, Target):
            return target
        request = self.request_of(envelope, target)
        if not isinstance(request, Request):
            return request
        return webhook_outcome(await self._client.post(request), hook_id(envelope))

    async def close(self) -> None:
        """Close the connections; a later message opens new ones."""
        await self._client.close()
