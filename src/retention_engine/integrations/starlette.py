"""Starlette and FastAPI: the runner lives with the application; links and webhooks become facts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from html import escape
from typing import Any

from attrs import field, frozen

from retention_engine import intake as _intake  # noqa: F401 - lets our classes be bodies of FastAPI's endpoints
from retention_engine.delivery import Runner
from retention_engine.errors import FactConflict, FactError, SignatureError, TokenError
from retention_engine.facts import Fact, from_outside
from retention_engine.preferences import ONE_CLICK, Keyring, one_click, read_click, read_open, unsubscribe_page
from retention_engine.transports import LARGEST_BODY, verify_webhook

_SECOND = 1_000_000
_PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
_PAGE = (
    '<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
    '<p>{question}</p><form method="post"><input type="hidden" name="{name}" value="{value}">'
    "<button>{button}</button></form>"
)


def lifespan(runner: Runner) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    """Return the ``lifespan`` of an application: the runner runs while it does, and is ``app.state.retention``."""

    @asynccontextmanager
    async def live(app: Any) -> AsyncIterator[None]:
        app.state.retention = runner
        async with runner:
            yield

    return live


def routes(
    runner: Runner, *, keyring: Keyring | None = None, secrets: Sequence[str] = (), tenant: str = ""
) -> list[Any]:
    """Return routes for ``app.router.routes.extend(...)``, or for a ``Mount`` below a path of your choice.

    With a keyring: ``/unsubscribe`` (a page, and the POST of one click), ``/click`` and ``/open``. With secrets:
    ``/facts`` takes Standard Webhooks that hold one fact each, as ``to_json`` writes it; every one is signed with a
    secret of the shop, and what only the engine makes is refused all the same.

    Args:
        runner: whose engine records.
        keyring: opens the tokens of links.
        secrets: those of webhooks, the current one and the one before.
        tenant: whose links they are.
    """
    from starlette.routing import Route  # loaded by those who use it

    desk = _Desk(runner=runner, keyring=keyring, secrets=tuple(secrets), tenant=tenant)
    found = []
    if keyring is not None:
        found += [Route("/unsubscribe", desk.ask, methods=["GET"]), Route("/unsubscribe", desk.leave, methods=["POST"])]
        found += [Route("/click", desk.click, methods=["GET"]), Route("/open", desk.open, methods=["GET"])]
    if secrets:
        found.append(Route("/facts", desk.take, methods=["POST"]))
    return found


@frozen(kw_only=True)
class _Desk:
    """The endpoints: every error is a status without a reason."""

    runner: Runner
    keyring: Keyring | None = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    tenant: str

    async def ask(self, request: Any) -> Any:
        """Show the page of a link; opening it changes nothing."""

        async def page() -> Any:
            found = unsubscribe_page(_token(request), now=self._now(), language=_language(request), **self._keys())
            name, value = ONE_CLICK.split("=")
            texts = {"title": found.title, "question": found.question, "button": found.button}
            shown = {key: escape(text) for key, text in {**texts, "name": name, "value": value}.items()}
            return _html(_PAGE.format(**shown))

        return await _answered(page)

    async def leave(self, request: Any) -> Any:
        """Unsubscribe by one click, of a mail program or on the page."""

        async def left() -> Any:
            body = await _body(request, 2_000)
            await self._record(one_click(_token(request), body, at=self._now(), **self._keys()))
            return _html("<!doctype html><title>OK</title>OK")

        return await _answered(left)

    async def click(self, request: Any) -> Any:
        """Record a click and go on to where it leads."""

        async def clicked() -> Any:
            from starlette.responses import RedirectResponse  # loaded by those who use it

            found = read_click(dict(request.query_params), at=self._now(), **self._keys())
            await self._record([found.fact])
            return RedirectResponse(found.url, status_code=302)

        return await _answered(clicked)

    async def open(self, request: Any) -> Any:
        """Record that a mail was opened, and return its picture."""

        async def opened() -> Any:
            from starlette.responses import Response  # loaded by those who use it

            await self._record([read_open(dict(request.query_params), at=self._now(), **self._keys())])
            return Response(_PIXEL, media_type="image/gif", headers={"cache-control": "no-store"})

        return await _answered(opened)

    async def take(self, request: Any) -> Any:
        """Record the fact of a webhook; one that comes again changes nothing."""

        async def took() -> Any:
            body = await _body(request, LARGEST_BODY)
            verify_webhook(body, dict(request.headers), secrets=self.secrets, now=self._now() // _SECOND)
            await self._record([from_outside(body)])
            return _status(204)

        return await _answered(took)

    async def _record(self, facts: Iterable[Fact]) -> None:
        await asyncio.to_thread(self.runner.record, list(facts))  # a commit waits for the disk

    def _now(self) -> int:
        return self.runner.clock()

    def _keys(self) -> dict[str, Any]:
        return {"keyring": self.keyring, "tenant": self.tenant}


async def _answered(work: Callable[[], Awaitable[Any]]) -> Any:
    try:
        return await work()
    except (TokenError, SignatureError):
        return _status(400)
    except FactConflict:
        return _status(409)
    except FactError:
        return _status(422)


async def _body(request: Any, most: int) -> bytes:
    found = b""
    async for part in request.stream():
        found += part
        if len(found) > most:
            raise SignatureError
    return found


def _token(request: Any) -> str:
    return str(request.query_params.get("token", ""))


def _language(request: Any) -> str | None:
    first: str = request.headers.get("accept-language", "").partition(",")[0].partition("-")[0].strip().lower()
    return first or None


def _html(text: str) -> Any:
    from starlette.responses import HTMLResponse  # loaded by those who use it

    return HTMLResponse(text, headers={"referrer-policy": "no-referrer"})


def _status(code: int) -> Any:
    from starlette.responses import Response  # loaded by those who use it

    return Response(status_code=code)
