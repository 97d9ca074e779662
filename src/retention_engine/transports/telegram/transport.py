"""Our own client of the Bot API, for threads and for event loops; needs the extra ``telegram``."""

from __future__ import annotations

import json
import re
from typing import Any

from retention_engine.envelopes import Envelope, SendOutcome
from retention_engine.errors import DefinitionError
from retention_engine.transports.base import Ready, always, too_late, unsuitable
from retention_engine.transports.hiding import Secret, hide_tokens
from retention_engine.transports.http import Reply, Request, Settings
from retention_engine.transports.posting import AsyncPosts, Poster, Posts
from retention_engine.transports.telegram.calls import PACE, call_of
from retention_engine.transports.telegram.outcomes import telegram_outcome

BASE_URL = "https://api.telegram.org"
_TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{3,100}")


class _Bot(Poster):
    """What both clients know: the token and where to post, told to nobody."""

    pace = PACE

    def __init__(
        self,
        token: str,
        *,
        base_url: str = BASE_URL,
        client: Any = None,
        timeout: float = 30.0,
        ready: Ready = always,
    ) -> None:
        """Check the token; nothing is opened before the first message."""
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise DefinitionError("the token of a bot looks like 123456:ABC-DEF; this one does not")
        self._token = Secret(token)
        self._base = base_url.rstrip("/")
        self._ready = ready
        hide_tokens()
        self.use(client, Settings(wait=timeout))

    def request_of(self, envelope: Envelope) -> Request | SendOutcome:
        """Return the request of one message."""
        try:
            call = call_of(envelope)
        except DefinitionError as error:
            return unsuitable(error)
        if not self._ready(envelope):
            return too_late()
        url = f"{self._base}/bot{self._token.reveal()}/{call.method}"
        body = json.dumps(call.params, ensure_ascii=False).encode()
        return Request(url=url, headers={"content-type": "application/json"}, body=body)

    def outcome_of(self, envelope: Envelope, reply: Reply) -> SendOutcome:
        """Return what the answer to one message means."""
        return telegram_outcome(call_of(envelope).method, reply)


class TelegramTransport(_Bot, Posts):
    """Sends by a bot, one call a message.

    Attributes:
        pace: how the channel wants to be called.

    Args:
        token: of the bot; it is never part of a ``repr``, a log line or an error.
        client: your own ``httpx2.Client``.
        timeout: seconds to wait for the answer.
        ready: asked before each call.
    """


class AsyncTelegramTransport(_Bot, AsyncPosts):
    """The same for an event loop.

    Attributes:
        pace: how the channel wants to be called.
    """
