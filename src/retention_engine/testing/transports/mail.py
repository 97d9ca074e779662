"""The table of mail servers, row by row, over a socket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from attrs import field, frozen

from retention_engine.envelopes import Content, Envelope, NotSent, Rejected, Sent, Unknown
from retention_engine.testing.fakes import DROP, SILENCE, FakeSmtp
from retention_engine.testing.fakes.telegram import closed_port
from retention_engine.testing.transports.common import an_envelope, sending
from retention_engine.testing.transports.rows import Expected, expected, matches
from retention_engine.transports import SmtpCode as Code

LARGE = "x" * 70 + "\n"


@frozen(kw_only=True)
class SmtpRow:
    """One row: the phase, the answer of the server in it, what has to come out, and how many mails were accepted."""

    row: str
    phase: str
    reply: str
    wanted: Expected = field(repr=False)
    seen: int = 0


def _row(row: str, at: str, wanted: Expected, seen: int = 0) -> SmtpRow:
    phase, _, reply = at.partition(" ")
    return SmtpRow(row=row, phase=phase, reply=reply, wanted=wanted, seen=seen)


_LATER = expected(NotSent, Code.BROKEN_OFF, counts=False, scope="message")
_UNREACHED = expected(NotSent, Code.UNREACHED, counts=False, scope="message")
_AGAIN = expected(NotSent, Code.TRY_AGAIN, counts=True, scope="domain")
_SLOWER = expected(NotSent, Code.SLOW_DOWN, counts=False, scope="domain")
_FULL = expected(Rejected, Code.MAILBOX_FULL, scope="address", permanent=False)
_LOGIN = expected(Rejected, Code.LOGIN_REFUSED, scope="channel")
_GONE = expected(Rejected, Code.NO_SUCH_ADDRESS, scope="address", permanent=True)
_DISABLED = expected(Rejected, Code.DISABLED, scope="address", permanent=True)
_POLICY = expected(Rejected, Code.POLICY, scope="message", permanent=True)
_DNS = expected(Rejected, Code.NOT_AUTHENTIC, scope="channel")
_CONTENT = expected(Rejected, Code.BAD_CONTENT, scope="template", permanent=True)
_SOFT = expected(Rejected, Code.TEMPORARY, scope="message", permanent=False)
_HARD = expected(Rejected, Code.PERMANENT, scope="message", permanent=True)
_OPEN = expected(Unknown, Code.NO_ANSWER, partial=False)

SMTP_ROWS = [
    _row("SM1", f"connect {DROP}", _UNREACHED),
    _row("SM1", f"connect {SILENCE}", _UNREACHED),
    _row("SM1", f"ehlo {SILENCE}", _UNREACHED),
    _row("SM2", "connect 421 4.3.2 closing", _LATER),
    _row("SM2", "mail 421 4.3.2 closing", _LATER),
    _row("SM2", "rcpt 421 bye", _LATER),
    _row("SM2", "data 421 bye", _LATER),
    _row("SM2", "dot 421 4.3.2 closing", _LATER),
    _row("SM2", f"mail {DROP}", _LATER),
    _row("SM2", f"rcpt {SILENCE}", _LATER),
    _row("SM2", f"data {DROP}", _LATER),
    _row("SM3", "rcpt 450 4.2.1 too quickly", _AGAIN),
    _row("SM3", "mail 451 4.3.0 try later", _AGAIN),
    _row("SM3", "dot 452 4.3.1 no space", _AGAIN),
    _row("SM3", "rcpt 451 4.4.3 dns", _AGAIN),
    _row("SM4", "rcpt 450 4.7.1 greylisted", _SLOWER),
    _row("SM4", "rcpt 451 4.7.1 greylisted", _SLOWER),
    _row("SM4", "mail 421 4.7.0 unusual rate", _SLOWER),
    _row("SM4", "dot 421 4.7.28 unusual rate", _SLOWER),
    _row("SM5", "rcpt 452 4.2.2 mailbox full", _FULL),
    _row("SM5", "dot 552 5.2.2 mailbox full", _FULL),
    _row("SM6", "mail 530 5.7.0 log in first", _LOGIN),
    _row("SM6", "mail 454 4.7.0 TLS not available", _LOGIN),
    _row("SM6", "mail 534 5.7.9 mechanism", _LOGIN),
    _row("SM6", "mail 535 5.7.8 credentials", _LOGIN),
    *(_row("SM7", f"rcpt 550 5.1.{n} no such address", _GONE) for n in (1, 2, 3, 6, 10)),
    _row("SM7", "rcpt 551 user not local", _GONE),
    _row("SM7", "rcpt 553 mailbox name not allowed", _GONE),
    _row("SM8", "rcpt 550 5.2.1 disabled", _DISABLED),
    _row("SM9", "dot 550 5.7.1 spam", _POLICY),
    _row("SM9", "dot 554 5.7.1 policy", _POLICY),
    _row("SM10", "dot 550 5.7.26 unauthenticated", _DNS),
    _row("SM10", "dot 550 5.7.515 unauthenticated", _DNS),
    _row("SM11", "dot 552 5.3.4 too big", _CONTENT),
    _row("SM11", "dot 554 5.6.0 malformed", _CONTENT),
    _row("SM11", "mail 501 5.5.4 syntax", _CONTENT),
    _row("SM11", "mail 555 parameters", _CONTENT),
    _row("SM12", "rcpt 450 mailbox busy", _SOFT),
    _row("SM12", "dot 451 4.5.0 never seen", _SOFT),
    _row("SM13", "rcpt 550 never seen", _HARD),
    _row("SM13", "dot 554 5.0.0 never seen", _HARD),
    _row("SM13", "mail 550 5.1.1 this says nothing about the recipient", _HARD),
    _row("SM14", f"dot {DROP}", _OPEN, 1),
    _row("SM14", f"dot {SILENCE}", _OPEN, 1),
    _row("SM15", "dot 250 2.0.0 queued", expected(Sent, "sent"), 1),
]


class SmtpConformance:
    """Subclass it and say in ``make_transport`` how to make a transport of yours.

    Attributes:
        our_codes: the codes are compared as well.
    """

    our_codes = False

    def make_transport(self, port: int, timeout: float, after_dot: float) -> Any:
        """Return a transport for the server at this port of this machine, in the clear, without a login."""
        raise NotImplementedError  # the user's own suite makes its transport here

    def envelope(self, text: str = "Your cart is waiting") -> Envelope:
        """Return a mail."""
        return an_envelope(channel="email", address="anna@example.org", content=Content(text=text, subject="Your cart"))

    @pytest.fixture
    def server(self) -> Iterator[FakeSmtp]:
        """Return a running mail server."""
        with FakeSmtp() as found:
            yield found

    @pytest.mark.parametrize("row", SMTP_ROWS, ids=lambda row: f"{row.row}-{row.phase}")
    def test_a_row_of_the_table(self, server: FakeSmtp, row: SmtpRow) -> None:
        """The outcome is that of the row, and the server accepted as many mails as it says."""
        server.script(row.phase, row.reply)
        (outcome,) = sending(self.make_transport(server.port, 0.4, 0.4), self.envelope())
        assert matches(outcome, row.wanted, codes=self.our_codes), outcome
        assert len(server.mails) == row.seen

    def test_the_line_breaks_before_the_dot(self, server: FakeSmtp) -> None:
        """SM2: a mail without its final dot was not accepted."""
        server.script("body", DROP)
        (outcome,) = sending(self.make_transport(server.port, 5.0, 5.0), self.envelope(LARGE * 150_000))
        assert matches(outcome, _LATER, codes=self.our_codes), outcome
        assert server.mails == []

    def test_nobody_listens(self) -> None:
        """SM1: what was never connected was not sent."""
        (outcome,) = sending(self.make_transport(closed_port(), 0.4, 0.4), self.envelope())
        assert matches(outcome, _UNREACHED, codes=self.our_codes), outcome

    def test_the_wait_after_the_dot_is_its_own(self, server: FakeSmtp) -> None:
        """A server that takes longer over the final dot than over a command is waited for."""
        server.pause = 0.5
        (outcome,) = sending(self.make_transport(server.port, 0.25, 5.0), self.envelope())
        assert isinstance(outcome, Sent), outcome
