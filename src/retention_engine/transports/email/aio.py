"""Mails by ``aiosmtplib``, for event loops; needs the extra ``email``."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from retention_engine.envelopes import Envelope, Rejected, SendOutcome
from retention_engine.errors import MissingExtra
from retention_engine.transports.base import Ready, always
from retention_engine.transports.email.conversation import Security, Server, Smtp, Step, failed, plain
from retention_engine.transports.email.message import Sender
from retention_engine.transports.email.outcomes import Phase, SmtpReply

if TYPE_CHECKING:
    import aiosmtplib
    from aiosmtplib.protocol import SMTPProtocol


class AsyncSmtpTransport(Smtp):
    """The same by ``aiosmtplib``, for an event loop; needs the extra ``email``.

    Attributes:
        pace: how the channel wants to be called.
    """

    def __init__(self, server: Server, sender: Sender, *, ready: Ready = always) -> None:
        """Take the server and the sender; nothing is opened before the first mail."""
        try:
            import aiosmtplib  # noqa: F401 - a missing library is found here, before anything is to be sent
        except ImportError:
            raise MissingExtra("email", "aiosmtplib") from None
        super().__init__(server, sender, ready=ready)

    async def send(self, envelope: Envelope) -> SendOutcome:
        """Send one mail."""
        mail = self.mail_of(envelope)
        if isinstance(mail, Rejected):
            return mail
        driver = _AsyncDriver(self._server)
        talk = self.talk(envelope, mail)
        step = next(talk)
        try:
            while True:
                try:
                    reply: SmtpReply | SendOutcome = await driver.do(step)
                except Exception as error:  # noqa: BLE001 - the phase decides what any failure means
                    reply = failed(step, error)
                if not isinstance(reply, SmtpReply):
                    return reply
                step = talk.send(reply)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]  # the outcome the conversation returned
        finally:
            driver.leave(polite=step.phase not in (Phase.DATA, Phase.BODY))


class _AsyncDriver:
    """Does the steps of one conversation by ``aiosmtplib``."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._client = self._made()

    async def do(self, step: Step) -> SmtpReply:
        """Do one step."""
        reply = await getattr(self, f"_{step.what}")(self._client, step.argument)
        return SmtpReply(reply[0], plain(reply[1]))

    def leave(self, *, polite: bool) -> None:
        """Close the connection; while a mail is being told, QUIT would be a part of it."""
        client = self._client
        with suppress(Exception):
            if polite and client.protocol is not None:
                client.protocol.write(b"QUIT\r\n")
        client.close()

    def _made(self) -> aiosmtplib.SMTP:
        import aiosmtplib

        server = self._server
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.security is Security.TLS,
            start_tls=False,
            timeout=server.timeout,
            local_hostname=server.hostname,
            tls_context=server.context or ssl.create_default_context(),
        )

    async def _connect(self, client: aiosmtplib.SMTP, _: Any) -> tuple[int, str]:
        return await client.connect()

    async def _ehlo(self, client: aiosmtplib.SMTP, _: Any) -> tuple[int, str]:
        try:
            return await client.ehlo()
        except Exception as error:
            if getattr(error, "code", 0) // 100 != 5:
                raise
            return await client.helo()

    async def _starttls(self, client: aiosmtplib.SMTP, _: Any) -> tuple[int, str]:
        if not client.supports_extension("starttls"):
            raise smtplib.SMTPNotSupportedError
        return await client.starttls()

    async def _login(self, client: aiosmtplib.SMTP, _: Any) -> tuple[int, str]:
        if not client.supports_extension("auth"):
            raise smtplib.SMTPNotSupportedError
        password = self._server.password
        return await client.login(self._server.user or "", password.reveal() if password else "")

    async def _mail(self, client: aiosmtplib.SMTP, sender: str) -> tuple[int, str]:
        return await client.mail(sender)

    async def _rcpt(self, client: aiosmtplib.SMTP, recipient: str) -> tuple[int, str]:
        return await client.rcpt(recipient)

    async def _data(self, client: aiosmtplib.SMTP, _: Any) -> tuple[int, str]:
        return await client.execute_command(b"DATA", timeout=self._server.timeout)

    async def _body(self, client: aiosmtplib.SMTP, data: bytes) -> tuple[int, str]:
        protocol, line = _line(client)
        line.set_write_buffer_limits(0)
        protocol.write(data)
        await asyncio.wait_for(protocol._drain_helper(), self._server.timeout)
        return 250, ""

    async def _dot(self, client: aiosmtplib.SMTP, _: Any) -> tuple[int, str]:
        protocol, _line_of_it = _line(client)
        protocol.write(b".\r\n")
        return 250, ""

    async def _answer(self, client: aiosmtplib.SMTP, _: Any) -> tuple[int, str]:
        protocol, _line_of_it = _line(client)
        return await protocol.read_response(timeout=self._server.after_dot)


def _line(client: aiosmtplib.SMTP) -> tuple[SMTPProtocol, asyncio.WriteTransport]:
    """Return the protocol and its line, if both are still there."""
    protocol = client.protocol
    if protocol is None or not isinstance(protocol.transport, asyncio.WriteTransport):
        raise ConnectionResetError
    return protocol, protocol.transport
