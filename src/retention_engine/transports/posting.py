"""Transports of one POST a message: a channel says what to post and what the answer means, two drivers do the rest."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from math import ceil
from typing import Any

from attrs import evolve

from retention_engine.envelopes import Envelope, Pace, SendOutcome
from retention_engine.timing import seconds
from retention_engine.transports.http import AsyncHttpClient, HttpClient, Reply, Request, Settings


class Poster(ABC):
    """What a channel makes of envelopes and of answers.

    Attributes:
        pace: how the channel wants to be called.
    """

    pace = Pace()

    @abstractmethod
    def request_of(self, envelope: Envelope) -> Request | SendOutcome:
        """Return the request, or why there is none; it may look up names, which takes time."""

    @abstractmethod
    def outcome_of(self, envelope: Envelope, reply: Reply) -> SendOutcome:
        """Return what the answer means."""

    def use(self, client: Any, settings: Settings) -> None:
        """Take the client of a host, or settings for one of our own; nothing is opened before the first message."""
        self.pace = evolve(self.pace, call=seconds(ceil(settings.connect + 2 * settings.wait)))


class Posts(Poster):
    """Posts from a thread."""

    def use(self, client: Any, settings: Settings) -> None:
        """Take an ``httpx2.Client``, or settings for one of our own."""
        super().use(client, settings)
        self._client = HttpClient(client, settings)

    def send(self, envelope: Envelope) -> SendOutcome:
        """Send one message."""
        request = self.request_of(envelope)
        if not isinstance(request, Request):
            return request
        return self.outcome_of(envelope, self._client.post(request))

    def close(self) -> None:
        """Close the connections; a later message opens new ones."""
        self._client.close()


class AsyncPosts(Poster):
    """Posts in an event loop; what takes time before is done in a thread."""

    def use(self, client: Any, settings: Settings) -> None:
        """Take an ``httpx2.AsyncClient``, or settings for one of our own."""
        super().use(client, settings)
        self._client = AsyncHttpClient(client, settings)

    async def send(self, envelope: Envelope) -> SendOutcome:
        """Send one message."""
        request = await asyncio.to_thread(self.request_of, envelope)
        if not isinstance(request, Request):
            return request
        return self.outcome_of(envelope, await self._client.post(request))

    async def close(self) -> None:
        """Close the connections; a later message opens new ones."""
        await self._client.close()
