"""One POST, told by phase: an answer, or a failure of which is known whether anything can have arrived."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from attrs import field, frozen

from retention_engine.errors import MissingExtra

NOT_SENT = frozenset(
    ["ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol", "ProxyError", "ClientConnectorError"]
)
"""Errors before anything was written, by name: those of httpx2, httpx and aiohttp. All others leave it open."""


@frozen(kw_only=True)
class Request:
    """What is to be posted.

    Attributes:
        url: may hold a secret; not part of the ``repr``.
        hostname: the name the certificate must have, when the url holds an address instead.
        wants_body: the body of the answer is read; otherwise its status is enough.
    """

    url: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    hostname: str | None = None
    wants_body: bool = True


@frozen
class Response:
    """An answer; the names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str] = field(factory=dict)
    body: bytes = b""


@frozen
class Failure:
    """No answer.

    Attributes:
        written: the request may have been written, wholly or in part.
        text: the name of the error, never its text.
    """

    written: bool
    text: str


Reply = Response | Failure


def failure_of(error: BaseException) -> Failure:
    """Return the phase in which a call failed, by the names of the error and its bases."""
    names = [each.__name__ for each in type(error).__mro__]
    return Failure(not NOT_SENT.intersection(names), names[0])


def seconds(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that ``Retry-After`` asks to wait, None when it says none."""
    text = headers.get("retry-after", "")
    return min(float(text), 10.0**9) if text.isascii() and text.isdigit() else None


@frozen(kw_only=True)
class Settings:
    """How a client of our own is made.

    Attributes:
        connect: seconds to open a connection.
        wait: seconds to wait for each part of an answer.
        verify: an ``ssl.SSLContext``, or True for the usual one.
        pinned: to addresses, not to names: without proxies, and no connection is used again for another name.
        extra: what to install when httpx2 is missing.
    """

    connect: float = 10.0
    wait: float = 30.0
    verify: Any = True
    pinned: bool = False
    extra: str = "telegram"

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of a client.

        Raises:
            MissingExtra: httpx2 is not installed.
        """
        try:
            import httpx2
        except ImportError:
            raise MissingExtra(self.extra, "httpx2") from None
        # Connections kept for longer are often closed by the other side at the moment they are used.
        limits = httpx2.Limits(keepalive_expiry=10.0, max_keepalive_connections=0 if self.pinned else 20)
        return {
            "timeout": httpx2.Timeout(self.wait, connect=self.connect, pool=self.connect),
            "limits": limits,
            "verify": self.verify,
            "trust_env": not self.pinned,
            "follow_redirects": False,
        }


USUAL = Settings()


class _Client:
    """What both clients share.

    Args:
        client: your own client of httpx2 or httpx; it is not closed here.
    """

    _kind: ClassVar[str]

    def __init__(self, client: Any = None, settings: Settings = USUAL) -> None:
        """Remember the settings; a missing httpx2 is found here, before anything is to be sent."""
        self._given = client
        self._own: Any = None
        self._arguments = {} if client is not None else settings.arguments()

    def _stream(self, request: Request) -> Any:
        """Begin a call, by the client that was given or by one that is made for the first call."""
        if self._given is None and self._own is None:
            import httpx2

            self._own = getattr(httpx2, self._kind)(**self._arguments)
        return (self._given or self._own).stream(
            "POST",
            request.url,
            content=request.body,
            headers=request.headers,
            follow_redirects=False,
            extensions={} if request.hostname is None else {"sni_hostname": request.hostname},
        )


class HttpClient(_Client):
    """Posts requests; makes its httpx2 client when it is used first."""

    _kind = "Client"

    def post(self, request: Request) -> Reply:
        """Post, and return the answer or the phase of the failure; never raises what the client raises."""
        try:
            with self._stream(request) as answer:
                body = answer.read() if request.wants_body else b""
                return Response(answer.status_code, dict(answer.headers), body)
        except Exception as error:  # noqa: BLE001 - any error of any client is a phase, an unknown one "written"
            return failure_of(error)

    def close(self) -> None:
        """Close the connections of its own client; a later post opens new ones."""
        own, self._own = self._own, None
        if own is not None:
            own.close()


class AsyncHttpClient(_Client):
    """The same for an event loop."""

    _kind = "AsyncClient"

    async def post(self, request: Request) -> Reply:
        """Post, and return the answer or the phase of the failure; never raises what the client raises."""
        try:
            async with self._stream(request) as answer:
                body = await answer.aread() if request.wants_body else b""
                return Response(answer.status_code, dict(answer.headers), body)
        except Exception as error:  # noqa: BLE001 - any error of any client is a phase, an unknown one "written"
            return failure_of(error)

    async def close(self) -> None:
        """Close the connections of its own client; a later post opens new ones."""
        own, self._own = self._own, None
        if own is not None:
            await own.aclose()
