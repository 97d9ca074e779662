"""A Bot API on a socket of this machine: it records whatever comes and fails when it is told to."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable
from http.server import ThreadingHTTPServer
from typing import Any

from attrs import field, frozen

from retention_engine.testing.fakes.bot_handler import BotHandler
from retention_engine.testing.fakes.faults import Fault, error, flood, retry_after

TOKEN = "123456:TEST-token-of-a-fake-bot"  # opens nothing
SENDING = frozenset(["sendMessage", "sendPhoto", "sendDocument", "sendPoll"])


@frozen(kw_only=True)
class Message:
    """One accepted message: what the chat would see.

    Attributes:
        id: as told in the answer.
        at: seconds of a monotonic clock.
        params: of the call.
    """

    id: int
    chat: str
    method: str
    at: float
    params: dict[str, Any] = field(repr=False)

    @property
    def text(self) -> str:
        """The text, caption or question."""
        return str(next((self.params[name] for name in ("text", "caption", "question") if name in self.params), ""))


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over clients that are gone: some are killed on purpose."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class FakeTelegram:
    """A Bot API in a thread; use it as a context manager and give ``url`` to the client as its base.

    It asserts nothing: ``messages`` is the truth about what arrived, to compare with what a client believes.

    Attributes:
        messages: what was accepted, in order.
        calls: (method, chat) of every call, accepted or not, in order.
        arrivals: (seconds of a monotonic clock, chat) of every call for a message, accepted or not, in order.
        bans: (from, until) of every "too many requests", seconds of the same clock.

    Args:
        per_second: more messages within a second are answered by 429; None: no limit.
        per_chat: the same for one chat.
    """

    def __init__(self, *, token: str = TOKEN, per_second: int | None = None, per_chat: int | None = None) -> None:
        """Prepare; the server starts with ``with``."""
        self.token = token
        self.messages: list[Message] = []
        self.calls: list[tuple[str, str]] = []
        self.arrivals: list[tuple[float, str]] = []
        self.bans: list[tuple[float, float]] = []
        self._limits = (per_second, per_chat)
        self._next: deque[Fault | None] = deque()
        self._of_chat: dict[str, deque[Fault | None]] = {}
        self._for_ever: dict[str, Fault] = {}
        self._updates: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self.stopped = threading.Event()
        self._server: ThreadingHTTPServer | None = None

    def __enter__(self) -> FakeTelegram:
        """Start listening on a free port."""
        fake = self

        class Handler(BotHandler):
            api = fake

        self._server = _Quiet(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stopped.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    @property
    def url(self) -> str:
        """The base URL, without the token."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def script(self, *faults: Fault | None, chat: object = None) -> None:
        """Answer the next messages (to one chat) this way, one after the other; None: as usual."""
        with self._lock:
            queue = self._next if chat is None else self._of_chat.setdefault(str(chat), deque())
            queue.extend(faults)

    def always(self, chat: object, fault: Fault | None) -> None:
        """Answer every message to a chat this way from now on, such as one whose customer blocked the bot."""
        with self._lock:
            self._for_ever.pop(str(chat), None)
            if fault is not None:
                self._for_ever[str(chat)] = fault

    def block(self, chat: object) -> None:
        """Let a customer block the bot: the bot is told, too."""
        self.always(chat, error(403, "Forbidden: bot was blocked by the user"))

    def update(self, **what: Any) -> dict[str, Any]:
        """Add an update for ``getUpdates`` and return it; its id is the next one."""
        with self._lock:
            found = {"update_id": len(self._updates) + 1, **what}
            self._updates.append(found)
        return found

    def delivered(self, chat: object) -> list[str]:
        """Return the texts that arrived in a chat, in order."""
        return [each.text for each in list(self.messages) if each.chat == str(chat)]

    def most_per_second(self, chat: object = None) -> int:
        """Return the most messages that arrived within any second, in all chats or in one."""
        return _most((each.at for each in list(self.messages) if chat is None or each.chat == str(chat)), 1.0)

    def most_calls(self, seconds: float, *, per_chat: bool = False) -> int:
        """Return the most calls that arrived within any span of this length, in all chats or in the busiest one."""
        times: dict[str, list[float]] = {}
        for at, chat in list(self.arrivals):
            times.setdefault(chat if per_chat else "", []).append(at)
        return max((_most(each, seconds) for each in times.values()), default=0)

    def calls_in_bans(self) -> int:
        """Return how many calls arrived while a ban was in force."""
        bans = list(self.bans)
        return sum(any(since < at < until for since, until in bans) for at, _ in list(self.arrivals))

    def take(self, method: str, params: dict[str, Any]) -> tuple[Fault | None, Any]:
        """Decide about one call: the fault, if there is to be one, and the result."""
        chat = str(params.get("chat_id", ""))
        with self._lock:
            self.calls.append((method, chat))
            if method not in SENDING:
                return None, self._other(method, params)
            at = time.monotonic()
            self.arrivals.append((at, chat))
            fault = self._fault(chat)
            if fault is not None and (wait := retry_after(fault)):
                self.bans.append((at, at + wait))
            if fault is not None and not fault.counted:
                return fault, None
            return fault, self._accepted(method, chat, params)

    def _fault(self, chat: str) -> Fault | None:
        for queue in (self._of_chat.get(chat), self._next):
            if queue:
                return queue.popleft()
        return self._for_ever.get(chat) or self._over_the_limit(chat)

    def _over_the_limit(self, chat: str) -> Fault | None:
        if self._limits == (None, None):
            return None
        since = time.monotonic() - 1.0
        recent = [each for each in self.messages[-2_000:] if each.at > since]
        counts = (len(recent), sum(each.chat == chat for each in recent))
        over = any(limit is not None and count >= limit for limit, count in zip(self._limits, counts, strict=True))
        return flood(1) if over else None

    def _accepted(self, method: str, chat: str, params: dict[str, Any]) -> dict[str, Any]:
        made = Message(id=len(self.messages) + 1, chat=chat, method=method, at=time.monotonic(), params=params)
        self.messages.append(made)
        number = int(chat) if chat.lstrip("-").isdigit() else 1
        said = self._said(made)
        return {"message_id": made.id, "date": 1_767_225_600, "chat": {"id": number, "type": "private"}, **said}

    def _said(self, made: Message) -> dict[str, Any]:
        if made.method == "sendMessage":
            return {"text": made.text}
        if made.method != "sendPoll":
            return {}
        options = [{"text": each["text"], "voter_count": 0} for each in made.params["options"]]
        flags = {"is_closed": False, "is_anonymous": False, "allows_multiple_answers": False, "total_voter_count": 0}
        poll = {"id": f"poll-{made.id}", "question": made.text, "options": options, "type": "regular"}
        return {"poll": poll | flags}

    def _other(self, method: str, params: dict[str, Any]) -> Any:
        if method == "getMe":
            return {"id": 123456, "is_bot": True, "first_name": "Fake", "username": "fake_bot"}
        if method == "getUpdates":
            first = int(params.get("offset") or 0)
            return [each for each in self._updates if each["update_id"] >= first][: int(params.get("limit") or 100)]
        if method == "getChat":
            return {"id": params.get("chat_id"), "type": "private"}
        return True


def _most(times: Iterable[float], span: float) -> int:
    window: deque[float] = deque()
    most = 0
    for each in times:
        window.append(each)
        while window[0] <= each - span:
            window.popleft()
        most = max(most, len(window))
    return most


def closed_port() -> int:
    """Return a port of this machine at which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
