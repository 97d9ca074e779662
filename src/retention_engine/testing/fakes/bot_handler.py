"""The HTTP side of the Bot API: every way in which bots pass parameters, and every way to fail."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar, Protocol
from urllib.parse import parse_qsl, urlsplit

from retention_engine.testing.fakes.faults import Fault

_PATH = re.compile(r"/bot([^/]+)/([A-Za-z]+)")
_NESTED = frozenset(["reply_markup", "entities", "caption_entities", "options", "link_preview_options"])


class Api(Protocol):
    """What decides about a call."""

    token: str
    stopped: threading.Event

    def take(self, method: str, params: dict[str, Any]) -> tuple[Fault | None, Any]:
        """Return the fault, if there is to be one, and the result."""
        ...


class BotHandler(BaseHTTPRequestHandler):
    """Reads one call, asks the API, answers or fails."""

    api: ClassVar[Api]
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Write nothing."""

    def do_GET(self) -> None:
        """Answer a call without a body."""
        self.do_POST()

    def do_POST(self) -> None:
        """Answer a call."""
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:  # the client is gone
            self.close_connection = True
            return
        parts = urlsplit(self.path)
        found = _PATH.fullmatch(parts.path)
        if found is None or found[1] != self.api.token:
            self._say(401, _json({"ok": False, "error_code": 401, "description": "Unauthorized"}))
            return
        params = dict(parse_qsl(parts.query)) | _params(self.headers.get("content-type", ""), body)
        fault, result = self.api.take(found[2], params)
        if fault is None:
            self._say(200, _json({"ok": True, "result": result}))
        else:
            self._fail(fault)

    def _fail(self, fault: Fault) -> None:
        if fault.wait:
            self.api.stopped.wait(fault.wait)
        if fault.status == 0:
            self._reset()
        elif fault.cut:
            self._say(fault.status, fault.body[: -fault.cut], length=len(fault.body))
            self.close_connection = True
        else:
            self._say(fault.status, fault.body, headers=fault.headers)

    def _reset(self) -> None:
        """End the connection as a broken line does: without a word."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()
        self.wfile = _Nowhere()  # type: ignore[assignment]  # whatever is written afterwards is lost

    def _say(
        self, status: int, body: bytes, *, headers: dict[str, str] | None = None, length: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json" if body[:1] == b"{" else "text/html")
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)


class _Nowhere:
    closed = False

    def write(self, _: bytes) -> int:
        return 0

    def flush(self) -> None:
        return

    def close(self) -> None:
        return


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _params(kind: str, body: bytes) -> dict[str, Any]:
    if kind.startswith("application/json"):
        return dict(json.loads(body))
    if kind.startswith("multipart/form-data"):
        whole = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
        return _nested(
            {str(part.get_param("name", header="content-disposition")): _value(part) for part in _all(whole)}
        )
    return _nested(dict(parse_qsl(body.decode("utf-8", "replace"))))


def _all(message: Any) -> list[Any]:
    return message.get_payload() if message.is_multipart() else []


def _value(part: Any) -> str:
    return str(part.get_payload(decode=True).decode("utf-8", "replace"))


def _nested(params: dict[str, Any]) -> dict[str, Any]:
    return {name: json.loads(value) if name in _NESTED else value for name, value in params.items()}
