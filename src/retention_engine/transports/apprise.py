"""Alerts to your staff, and channels for which nothing else is there, by Apprise; needs the extra ``apprise``."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from urllib.parse import quote

from retention_engine.envelopes import Envelope, Pace, Rejected, SendOutcome, Sent, Unknown
from retention_engine.errors import DefinitionError, MissingExtra
from retention_engine.timing import seconds
from retention_engine.transports.base import Ready, always, too_late, unsuitable
from retention_engine.transports.hiding import Secret

ADDRESS = "{address}"
FAILED, NO_SERVICE = "apprise_failed", "apprise_no_service"
LOGGERS = ("apprise", "urllib3.connectionpool")
_CALLING: ContextVar[bool] = ContextVar("calling", default=False)


class AppriseTransport:
    """Sends to one service that Apprise knows. It tells only whether all went well: anything else is unknown.

    Attributes:
        pace: how the channel wants to be called.
    """

    pace = Pace(call=seconds(60))

    def __init__(self, url: str, *, ready: Ready = always) -> None:
        """Take the service; nothing is opened before the first message.

        Args:
            url: of Apprise, such as ``slack://token/#alerts``; it is never part of a ``repr`` or a log line. With
                ``{address}`` in it, the address of each message stands there; else all go to one place.
            ready: asked before each call.

        Raises:
            DefinitionError: Apprise knows no such service. MissingExtra: it is not installed.
        """
        try:
            import apprise
        except ImportError:
            raise MissingExtra("apprise", "apprise") from None
        self._url = Secret(url)
        self._ready = ready
        self._apprise: Any = apprise.Apprise
        for name in LOGGERS:
            logging.getLogger(name).addFilter(_not_while_calling)
        if ADDRESS not in url and self._service("") is None:
            raise DefinitionError("the URL is none of a service that Apprise knows")

    def send(self, envelope: Envelope) -> SendOutcome:
        """Send one message."""
        content = envelope.content
        if content.poll or content.photo or content.document or content.keyboard or not content.text:
            return unsuitable(DefinitionError("an alert has a text, perhaps a subject and links"))
        if any(each.url is None for each in content.buttons):
            return unsuitable(DefinitionError("an alert cannot be answered by a button"))
        service = self._service(envelope.address)
        if service is None:
            return Rejected(NO_SERVICE, scope="address")
        if not self._ready(envelope):
            return too_late()
        links = [f"{each.text}: {each.url}" for each in content.buttons]
        with _quietly():
            done = service.notify(
                body="\n".join([content.text, *links]), title=content.subject or "", body_format="text"
            )
        return Sent(envelope.key) if done else Unknown(FAILED)

    def _service(self, address: str) -> Any:
        with _quietly():
            service = self._apprise()
            return service if service.add(self._url.reveal().replace(ADDRESS, quote(address, safe=""))) else None


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep what is told while calling out of the logs: texts and URLs, which hold secrets."""
    token = _CALLING.set(True)
    try:
        yield
    finally:
        _CALLING.reset(token)


def _not_while_calling(_: logging.LogRecord) -> bool:
    return not _CALLING.get()
