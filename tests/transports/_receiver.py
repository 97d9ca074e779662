"""A server on this machine that answers what is posted to it over TLS as it is told, and keeps what came."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PEM = Path(__file__).with_name("certificate.pem")  # for this machine only; its key protects nothing
HERE: dict[str, Any] = {"networks": ["127.0.0.0/8"], "resolve": lambda *_: ["127.0.0.1"], "timeout": 5.0}
"""How a transport reaches it."""


class Receiver(BaseHTTPRequestHandler):
    """Answers as it is told, and keeps what came."""

    status = 200
    came: list[tuple[str, dict[str, str], bytes]]

    def log_message(self, *_: Any) -> None:
        """Write nothing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.came.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.status)
        self.send_header("Location", "https://127.0.0.1/elsewhere")
        self.send_header("Retry-After", "9")
        self.send_header("Content-Length", "0")
        self.end_headers()


def receiving(status: int = 200) -> Iterator[tuple[int, type[Receiver]]]:
    """Yield the port of the server, and what it is told and keeps."""
    handler = type("Mine", (Receiver,), {"came": [], "status": status})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.socket = certified().wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server.server_address[1], handler
    server.shutdown()
    server.server_close()


def certified() -> ssl.SSLContext:
    """Return the context of a server on this machine."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    return context


def trusting() -> ssl.SSLContext:
    """Return the context of somebody who trusts it."""
    return ssl.create_default_context(cafile=PEM)
