"""The seam of delivery: one method, typed outcomes, and nothing foreign that gets through."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from retention_engine.envelopes import Envelope, Migrated, NotSent, Rejected, SendOutcome, Sent, Unknown
from retention_engine.errors import DefinitionError

Ready = Callable[[Envelope], bool]
"""Asked immediately before the point of no return; False: there is no time left, the call is not made."""
_OUTCOMES = (Sent, NotSent, Unknown, Rejected, Migrated)


@runtime_checkable
class Transport(Protocol):
    """Hands one envelope to one channel. Called by one thread at a time."""

    def send(self, envelope: Envelope) -> SendOutcome:
        """Send, and say what is known about it; an exception counts as unknown."""
        ...


@runtime_checkable
class AsyncTransport(Protocol):
    """The same for an event loop; may be called again before an earlier call has ended."""

    async def send(self, envelope: Envelope) -> SendOutcome:
        """Send, and say what is known about it; an exception counts as unknown, a cancellation goes on."""
        ...


def always(envelope: Envelope) -> bool:
    """Say that there is time; the default of transports."""
    return True


def raised(error: Exception) -> Unknown:
    """Return the outcome of any exception: its type is told, its text may hold anything and is not."""
    return Unknown("exception", f"{type(error).__module__}.{type(error).__qualname__}")


def unsuitable(error: DefinitionError) -> Rejected:
    """Return the outcome of content that this channel cannot show: nothing was sent."""
    return Rejected("unsuitable_content", str(error), scope="template")


def too_late() -> NotSent:
    """Return the outcome of a call that was not made because there was no time left for it."""
    return NotSent("no_time_left")


def _checked(outcome: object) -> SendOutcome:
    return outcome if isinstance(outcome, _OUTCOMES) else Unknown("no_outcome", type(outcome).__name__)


class Guarded:
    """A transport out of which no exception comes: each becomes ``Unknown``, as does an answer that is no outcome."""

    def __init__(self, transport: Transport) -> None:
        """Guard a transport."""
        self.inner = transport

    def send(self, envelope: Envelope) -> SendOutcome:
        """Send by the transport inside."""
        try:
            return _checked(self.inner.send(envelope))
        except Exception as error:  # noqa: BLE001 - whatever a foreign transport raises, the outcome is unknown
            return raised(error)


class AsyncGuarded:
    """The same for an asynchronous transport; only a cancellation comes out."""

    def __init__(self, transport: AsyncTransport) -> None:
        """Guard a transport."""
        self.inner = transport

    async def send(self, envelope: Envelope) -> SendOutcome:
        """Send by the transport inside."""
        try:
            return _checked(await self.inner.send(envelope))
        except Exception as error:  # noqa: BLE001 - whatever a foreign transport raises, the outcome is unknown
            return raised(error)


class InThread:
    """A synchronous transport for an event loop: one call at a time, each in a thread."""

    def __init__(self, transport: Transport) -> None:
        """Take the transport."""
        self.inner = transport
        self._turn = asyncio.Lock()

    async def send(self, envelope: Envelope) -> SendOutcome:
        """Send by the transport inside."""
        async with self._turn:
            return await asyncio.to_thread(self.inner.send, envelope)


def guarded(transport: Transport) -> Transport:
    """Return a transport that never raises."""
    return transport if isinstance(transport, Guarded) else Guarded(transport)


def guarded_async(transport: AsyncTransport) -> AsyncTransport:
    """Return an asynchronous transport that never raises, but for a cancellation."""
    return transport if isinstance(transport, AsyncGuarded) else AsyncGuarded(transport)
