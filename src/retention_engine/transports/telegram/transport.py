"""Our own client of the Bot API, for threads and for event loops; needs the extra ``telegram``."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from retention_engine.envelopes import Envelope, Rejected, SendOutcome
from retention_engine.errors import DefinitionError
from retention_engine.transports.base import Ready, always, too_late, unsuitable
from retention_engine.transports.hiding import Secret, hide_tokens
from retention_engine.transports.http import AsyncHttpClient, HttpClient, Request, Settings
from retention_engine.transports.telegram.calls import Call, call_of
from retention_engine.transports.telegram.outcomes import telegram_outcome

if TYPE_CHECKING:
    import httpx2

BASE_URL = "https://api.telegram.org"
_TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{3,100}")


class _Bot:
    """What both clients know: the token and where to post, told to nobody."""

    def __init__(self, token: str, base_url: str) -> None:
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise DefinitionError("the token of a bot looks like 123456:ABC-DEF; this one does not")
        self._token = Secret(token)
        self._base = base_url.rstrip("/")
        hide_tokens()

    def request_of(self, call: Call) -> Request:
        """Return the request of one call."""
        url = f"{self._base}/bot{self._token.reveal()}/{call.method}"
        body = json.dumps(call.params, ensure_ascii=False).encode()
        return Request(url=url, headers={"content-type": "application/json"}, body=body)


def _call_of(envelope: Envelope) -> Call | Rejected:
    try:
        return call_of(envelope)
    except DefinitionError as error:
        return unsuitable(error)


class TelegramTransport(_Bot):
    """Sends by a bot, one call a message.

    Attributes:
        longest: seconds one call may take; a lease should last longer.

    Args:
        token: of the bot; it is never part of a ``repr``, a log line or an error.
        client: your own ``httpx2.Client``.
        timeout: seconds to wait for the answer.
        ready: asked before each call.
    """

    def __init__(
        self,
        token: str,
        *,
        base_url: str = BASE_URL,
        client: httpx2.Client | None = None,
        timeout: float = 30.0,
        ready: Ready = always,
    ) -> None:
        """Check the token; nothing is opened before the first message."""
        super().__init__(token, base_url)
        self._client = HttpClient(client, Settings(wait=timeout))
        self._ready = ready
        self.longest = 10.0 + 2 * timeout

    def send(self, envelope: Envelope) -> SendOutcome:
        """Send one message."""
        call = _call_of(envelope)
        if isinstance(call, Rejected):
            return call
        if not self._ready(envelope):
            return too_late()
        return telegram_outcome(call.method, self._client.post(self.request_of(call)))

    def close(self) -> None:
        """Close the connections; a later message opens new ones."""
        self._client.close()


class AsyncTelegramTransport(_Bot):
    """The same for an event loop.

    Attributes:
        longest: seconds one call may take; a lease should last longer.
    """

    def __init__(
        self,
        token: str,
        *,
        base_url: str = BASE_URL,
        client: httpx2.AsyncClient | None = None,
        timeout: float = 30.0,
        ready: Ready = always,
    ) -> None:
        """Check the token; nothing is opened before the first message."""
        super().__init__(token, base_url)
        self._client = AsyncHttpClient(client, Settings(wait=timeout))
        self._ready = ready
        self.longest = 10.0 + 2 * timeout

    async def send(self, envelope: Envelope) -> SendOutcome:
        """Send one message."""
        call = _call_of(envelope)
        if isinstance(call, Rejected):
            return call
        if not self._ready(envelope):
            return too_late()
        return telegram_outcome(call.method, await self._client.post(self.request_of(call)))

    async def close(self) -> None:
        """Close the connections; a later message opens new ones."""
        await self._client.close()
