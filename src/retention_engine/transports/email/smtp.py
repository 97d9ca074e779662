"""Mails by ``smtplib``, for threads."""

from __future__ import annotations

import smtplib
import socket
import ssl
from contextlib import suppress
from typing import Any, cast

from retention_engine.envelopes import Envelope, Rejected, SendOutcome
from retention_engine.transports.email.conversation import Security, Server, Smtp, Step, failed, plain
from retention_engine.transports.email.outcomes import Phase, SmtpReply


class SmtpTransport(Smtp):
    """Sends mails by ``smtplib``: one connection, one recipient a mail.

    Attributes:
        pace: how the channel wants to be called.
    """

    def send(self, envelope: Envelope) -> SendOutcome:
        """Send one mail."""
        mail = self.mail_of(envelope)
        if isinstance(mail, Rejected):
            return mail
        driver = _Driver(self._server)
        talk = self.talk(envelope, mail)
        step = next(talk)
        try:
            while True:
                try:
                    reply: SmtpReply | SendOutcome = driver.do(step)
                except Exception as error:  # noqa: BLE001 - the phase decides what any failure means
                    reply = failed(step, error)
                if not isinstance(reply, SmtpReply):
                    return reply
                step = talk.send(reply)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]  # the outcome the conversation returned
        finally:
            driver.leave(polite=step.phase not in (Phase.DATA, Phase.BODY))


class _Driver:
    """Does the steps of one conversation by ``smtplib``."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._client: smtplib.SMTP | None = None

    def do(self, step: Step) -> SmtpReply:
        """Do one step."""
        if step.what == "connect":
            self._client = self._connected()
            return SmtpReply(220, "")
        assert self._client is not None
        code, text = getattr(self, f"_{step.what}")(self._client, step.argument)
        return SmtpReply(code, plain(text))

    def leave(self, *, polite: bool) -> None:
        """Close the connection; while a mail is being told, QUIT would be a part of it."""
        if self._client is not None:
            with suppress(Exception):
                if polite:
                    self._client.putcmd("QUIT")
            self._client.close()

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        how: dict[str, Any] = {"local_hostname": server.hostname, "timeout": server.timeout}
        if server.security is Security.TLS:
            context = server.context or ssl.create_default_context()
            return smtplib.SMTP_SSL(server.host, server.port, context=context, **how)
        return smtplib.SMTP(server.host, server.port, **how)

    def _ehlo(self, client: smtplib.SMTP, _: Any) -> tuple[int, bytes]:
        code, text = client.ehlo()
        return (code, text) if code // 100 in (2, 4) else client.helo()

    def _starttls(self, client: smtplib.SMTP, _: Any) -> tuple[int, bytes]:
        return client.starttls(context=self._server.context or ssl.create_default_context())

    def _login(self, client: smtplib.SMTP, _: Any) -> tuple[int, bytes]:
        password = self._server.password
        return client.login(self._server.user or "", password.reveal() if password else "")

    def _mail(self, client: smtplib.SMTP, sender: str) -> tuple[int, bytes]:
        return client.mail(sender)

    def _rcpt(self, client: smtplib.SMTP, recipient: str) -> tuple[int, bytes]:
        return client.rcpt(recipient)

    def _data(self, client: smtplib.SMTP, _: Any) -> tuple[int, bytes]:
        return client.docmd("DATA")

    def _body(self, client: smtplib.SMTP, data: bytes) -> tuple[int, bytes]:
        client.send(data)
        return 250, b""

    def _dot(self, client: smtplib.SMTP, _: Any) -> tuple[int, bytes]:
        line = cast(socket.socket, client.sock)  # None when it is gone: an error before the dot, as it should be
        line.settimeout(self._server.after_dot)
        client.send(b".\r\n")
        return 250, b""

    def _answer(self, client: smtplib.SMTP, _: Any) -> tuple[int, bytes]:
        return client.getreply()
