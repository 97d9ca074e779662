"""A mail server on a socket of this machine that answers each phase as it is told to."""

from __future__ import annotations

import socket
import socketserver
import ssl
import struct
import threading
from collections import deque
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import BinaryIO, Final

from attrs import field, frozen

DROP: Final = "drop"
"""The connection is reset instead of an answer."""
SILENCE: Final = "silence"
"""Nothing is answered until the server stops."""
PHASES = ("connect", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "body", "dot")
_USUAL = {
    "connect": "220 fake ready",
    "ehlo": "250-fake\r\n250-8BITMIME\r\n{more}250 ENHANCEDSTATUSCODES",
    "starttls": "220 2.0.0 go ahead",
    "auth": "235 2.7.0 welcome",
    "mail": "250 2.1.0 ok",
    "rcpt": "250 2.1.5 ok",
    "data": "354 end with a dot",
    "dot": "250 2.0.0 queued",
}


@frozen(kw_only=True)
class Received:
    """One accepted mail.

    Attributes:
        data: as it came, without the dots that were doubled on the way.
    """

    sender: str
    recipient: str
    data: bytes = field(repr=False)

    @property
    def message(self) -> EmailMessage:
        """The mail as it is read."""
        found = message_from_bytes(self.data, policy=policy.SMTP)
        assert isinstance(found, EmailMessage)
        return found


class FakeSmtp:
    """A mail server in a thread; use it as a context manager.

    Attributes:
        mails: what was accepted, in order: the truth to compare with what a client believes.
        commands: every command line, in order.
        pause: seconds it takes over the final dot.

    Args:
        context: with a certificate, to offer STARTTLS.
        login: offers AUTH PLAIN.
    """

    def __init__(self, *, context: ssl.SSLContext | None = None, login: bool = False) -> None:
        """Prepare; the server starts with ``with``."""
        self.mails: list[Received] = []
        self.commands: list[str] = []
        self.pause = 0.0
        self.context = context
        self.login = login
        self.stopped = threading.Event()
        self._script: dict[str, deque[str]] = {phase: deque() for phase in PHASES}
        self._server: socketserver.ThreadingTCPServer | None = None

    def __enter__(self) -> FakeSmtp:
        """Start listening on a free port."""
        fake = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                _Talk(fake, self.request).run()

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
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
    def port(self) -> int:
        """The port of this machine."""
        assert self._server is not None
        return int(self._server.server_address[1])

    def script(self, phase: str, *replies: str) -> None:
        """Answer a phase this way the next times: such as ``550 5.1.1 unknown``, ``DROP`` or ``SILENCE``.

        The phases: connect, ehlo, starttls, auth, mail, rcpt, data, body (before the final dot) and dot (after it).
        """
        self._script[phase].extend(replies)

    def reply(self, phase: str) -> str:
        """Return the next answer of a phase; empty: none is due."""
        if self._script[phase]:
            return self._script[phase].popleft()
        more = ("250-STARTTLS\r\n" if self.context else "") + ("250-AUTH PLAIN\r\n" if self.login else "")
        return _USUAL.get(phase, "").replace("{more}", more)


class _Talk:
    """One connection."""

    def __init__(self, fake: FakeSmtp, line: socket.socket) -> None:
        self._fake = fake
        self._line = line
        self._file: BinaryIO = line.makefile("rb")
        self._sender = self._recipient = ""

    def run(self) -> None:
        try:
            self._say("connect")
            while (text := self._file.readline(4096)) and self._command(text.decode("utf-8", "replace").strip()):
                pass
        except OSError:
            return
        finally:
            self._file.close()
            self._line.close()

    def _command(self, text: str) -> bool:
        self._fake.commands.append(text)
        verb, _, rest = text.partition(" ")
        verb = verb.upper()
        if verb == "QUIT":
            self._write("221 2.0.0 bye")
            return False
        if verb == "DATA":
            self._data()
        elif verb == "STARTTLS":
            self._starttls()
        elif verb in ("EHLO", "HELO", "AUTH"):
            self._say("auth" if verb == "AUTH" else "ehlo")
        elif verb in ("MAIL", "RCPT"):
            address = rest.partition("<")[2].partition(">")[0]
            self._sender, self._recipient = (address, "") if verb == "MAIL" else (self._sender, address)
            self._say(verb.lower())
        else:
            self._write("502 5.5.1 unknown command")
        return True

    def _data(self) -> None:
        if not self._say("data").startswith("354"):
            return
        lines: list[bytes] = []
        while (line := self._file.readline()) != b".\r\n":
            if not line or self._say("body"):
                raise ConnectionAbortedError
            lines.append(line[1:] if line.startswith(b".") else line)
        self._fake.stopped.wait(self._fake.pause)
        answer = self._fake.reply("dot")
        if answer[:1] in ("2", "d", "s"):  # accepted, told or not
            self._fake.mails.append(Received(sender=self._sender, recipient=self._recipient, data=b"".join(lines)))
        self._act(answer)

    def _starttls(self) -> None:
        if self._say("starttls").startswith("220") and self._fake.context is not None:
            self._file.close()
            self._line = self._fake.context.wrap_socket(self._line, server_side=True)
            self._file = self._line.makefile("rb")

    def _say(self, phase: str) -> str:
        return self._act(self._fake.reply(phase))

    def _act(self, answer: str) -> str:
        if answer == DROP:
            self._line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._line.close()
            raise ConnectionAbortedError
        if answer == SILENCE:
            self._fake.stopped.wait()
            raise ConnectionAbortedError
        if answer:
            self._write(answer)
        if answer.startswith("421"):
            raise ConnectionAbortedError
        return answer

    def _write(self, text: str) -> None:
        self._line.sendall(f"{text}\r\n".encode())
