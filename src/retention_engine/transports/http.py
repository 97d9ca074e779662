"""One POST, told by phase: an answer, or a failure of which is known whether anything can have arrived."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from retention_engine.errors import MissingExtra

if TYPE_CHECKING:
    import httpx2

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


def _extensions(request: Request) -> dict[str, Any]:
    return {} if request.hostname is None else {"sni_hostname": request.hostname}


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


class HttpClient:
    """Posts requests; makes its httpx2 client when it is used first.

    Args:
        client: your own ``httpx2.Client`` or ``httpx.Client``; it is not closed here.
    """

    def __init__(
        self,
        client: httpx2.Client | None = None,
        settings: Settings = USUAL,
    ) -> None:
        """Remember the settings; a missing httpx2 is found here, before anything is to be sent."""
        self._client = client
        self._own: httpx2.Client | None = None
        self._arguments = {} if client is not None else settings.arguments()

    def post(self, request: Request) -> Reply:
        """Post, and return the answer or the phase of the failure; never raises what the client raises."""
        client = self._client or self._opened()
        try:
            with client.stream(
                "POST",
                request.url,
                content=request.body,
                headers=request.headers,
                follow_redirects=False,
                extensions=_extensions(request),
            ) as answer:
                body = answer.read() if request.wants_body else b""
                return Response(answer.status_code, dict(answer.headers), body)
        except Exception as error:  # noqa: BLE001 - any error of any client is a phase, an unknown one "written"
            return failure_of(error)

    def _opened(self) -> httpx2.Client:
        if self._own is None:
            import httpx2

            self._own = httpx2.Client(**self._arguments)
        return self._own

    def close(self) -> None:
        """Close the connections of its own client; a later post opens new ones."""
        if self._own is not None:
            self._own.close()
            self._own = None


class AsyncHttpClient:
    """The same for an event loop.

    Args:
        client: your own ``httpx2.AsyncClient`` or ``httpx.AsyncClient``; it is not closed here.
    """

    def __init__(
        self,
        client: httpx2.AsyncClient | None = None,
        settings: Settings = USUAL,
    ) -> None:
        """Remember the settings; a missing httpx2 is found here, before anything is to be sent."""
        self._client = client
        self._own: httpx2.AsyncClient | None = None
        self._arguments = {} if client is not None else settings.arguments()

    async def post(self, request: Request) -> Reply:
        """Post, and return the answer or the phase of the failure; never raises what the client raises."""
        client = self._client or self._opened()
        try:
            async with client.stream(
                "POST",
                request.url,
                content=request.body,
                headers=request.headers,
                follow_redirects=False,
                extensions=_extensions(request),
            ) as answer:
                body = await answer.aread() if request.wants_body else b""
                return Response(answer.status_code, dict(answer.headers), body)
        except Exception as error:  # noqa: BLE001 - any error of any client is a phase, an unknown one "written"
            return failure_of(error)

    def _opened(self) -> httpx2.AsyncClient:
        if self._own is None:
            import httpx2

            self._own = httpx2.AsyncClient(**self._arguments)
        return self._own

    async def close(self) -> None:
        """Close the connections of its own client; a later post opens new ones."""
        if self._own is not None:
            await self._own.aclose()
            self._own = None
