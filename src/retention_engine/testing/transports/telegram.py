"""The table of the Bot API, row by row, over a socket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from attrs import field, frozen

from retention_engine.envelopes import Migrated, NotSent, Rejected, Sent, Unknown
from retention_engine.testing.fakes import (
    FakeTelegram,
    Fault,
    bad_gateway,
    error,
    flood,
    migrated,
    reset,
    slow,
    truncated,
)
from retention_engine.testing.fakes.telegram import closed_port
from retention_engine.testing.transports.common import an_envelope, sending
from retention_engine.testing.transports.rows import Expected, expected, matches
from retention_engine.transports import TelegramCode as Code


@frozen(kw_only=True)
class TelegramRow:
    """One row: what the Bot API does, what has to come out, and how many messages the chat sees."""

    row: str
    fault: Fault | None
    wanted: Expected = field(repr=False)
    seen: int = 0


def _row(row: str, fault: Fault | None, wanted: Expected, seen: int = 0) -> TelegramRow:
    return TelegramRow(row=row, fault=fault, wanted=wanted, seen=seen)


def _gone(row: str, status: int, text: str, code: Code) -> TelegramRow:
    return _row(row, error(status, text), expected(Rejected, code, scope="address", permanent=True))


def _template(row: str, status: int, text: str, code: Code) -> TelegramRow:
    return _row(row, error(status, text), expected(Rejected, code, scope="template", permanent=True))


def _channel(row: str, status: int, text: str, code: Code) -> TelegramRow:
    return _row(row, error(status, text), expected(Rejected, code, scope="channel"))


def _open(row: str, fault: Fault, code: Code, seen: int = 0) -> TelegramRow:
    return _row(row, fault, expected(Unknown, code, partial=False), seen)


def _flood(fault: Fault) -> TelegramRow:
    wanted = expected(NotSent, Code.RATE_LIMITED, retry_after=7, counts=False, scope="channel")
    return _row("TG2", fault, wanted)


TELEGRAM_ROWS = [
    _row("TG1", None, expected(Sent, "sent", id="1"), 1),
    _flood(flood(7)),
    _flood(flood(7, header=True)),
    _flood(Fault(status=429, body=error(429, "Too Many Requests").body, headers={"Retry-After": "7"})),
    _gone("TG3", 403, "Forbidden: bot was blocked by the user", Code.BLOCKED),
    _gone("TG3", 403, "Forbidden: user is deactivated", Code.BLOCKED),
    _gone("TG4", 403, "Forbidden: bot can't initiate conversation with a user", Code.NOT_STARTED),
    _gone("TG5", 403, "Forbidden: bot was kicked from the supergroup chat", Code.GROUP_LEFT),
    _gone("TG5", 403, "Forbidden: bot is not a member of the channel chat", Code.GROUP_LEFT),
    _gone("TG5", 403, "Forbidden: the group chat was deleted", Code.GROUP_LEFT),
    _row(
        "TG6",
        error(403, "Forbidden: bot can't send messages to the user"),
        expected(Rejected, Code.FORBIDDEN, scope="address", permanent=False),
    ),
    _row("TG7", migrated(-1001), expected(Migrated, Code.MIGRATED, new_address="-1001")),
    _gone("TG8", 400, "Bad Request: chat not found", Code.CHAT_NOT_FOUND),
    _gone("TG8", 400, "Bad Request: private chat not found", Code.CHAT_NOT_FOUND),
    _gone("TG8", 400, "Bad Request: PEER_ID_INVALID", Code.CHAT_NOT_FOUND),
    _gone("TG8", 400, "Bad Request: user not found", Code.CHAT_NOT_FOUND),
    _template("TG9", 400, "Bad Request: can't parse entities: unsupported start tag", Code.BAD_CONTENT),
    _template("TG9", 400, "Bad Request: message is too long", Code.BAD_CONTENT),
    _template("TG9", 400, "Bad Request: message text is empty", Code.BAD_CONTENT),
    _template("TG9", 400, "Bad Request: BUTTON_URL_INVALID", Code.BAD_CONTENT),
    _template("TG9", 400, "Bad Request: entities too long", Code.BAD_CONTENT),
    _template("TG9", 400, "Bad Request: wrong file identifier/HTTP URL specified", Code.BAD_CONTENT),
    _gone("TG10", 400, "Bad Request: not enough rights to send text messages to the chat", Code.NO_RIGHTS),
    _row(
        "TG11",
        error(400, "Bad Request: something never seen"),
        expected(Rejected, Code.BAD_REQUEST, scope="message", permanent=True),
    ),
    _channel("TG13", 401, "Unauthorized", Code.BOT_REFUSED),
    _channel("TG13", 404, "Not Found", Code.BOT_REFUSED),
    _channel("TG13", 421, "Misdirected Request", Code.BOT_REFUSED),
    _channel("TG14", 409, "Conflict: terminated by other getUpdates request", Code.CONFLICT),
    _template("TG15", 413, "Request Entity Too Large", Code.TOO_LARGE),
    _open("TG16", error(500, "Internal Server Error: restart"), Code.SERVER_ERROR),
    _open("TG16", error(503, "Service Unavailable"), Code.SERVER_ERROR),
    _open("TG17", bad_gateway(502), Code.NO_JSON),
    _open("TG17", bad_gateway(504, counted=True), Code.NO_JSON, 1),
    _open("TG17", Fault(status=200, body=b"[]", counted=True), Code.NO_JSON, 1),
    _open("TG17", truncated(), Code.NO_ANSWER, 1),
    _open("TG18", reset(counted=False), Code.NO_ANSWER),
    _open("TG18", reset(counted=True), Code.NO_ANSWER, 1),
    _open("TG18", slow(30.0), Code.NO_ANSWER, 1),
]


class TelegramConformance:
    """Subclass it and say in ``make_transport`` how to make a transport of yours.

    Attributes:
        left_out: rows the transport cannot tell, such as one on a client that hides them, with a reason each.
        our_codes: the codes are compared as well.
    """

    left_out: ClassVar[dict[str, str]] = {}
    our_codes = False

    def make_transport(self, url: str, token: str, timeout: float) -> Any:
        """Return a transport for the bot of this token, at this base URL, that waits so many seconds."""
        raise NotImplementedError  # the user's own suite makes its transport here

    @pytest.fixture
    def api(self) -> Iterator[FakeTelegram]:
        """Return a running Bot API."""
        with FakeTelegram() as found:
            yield found

    @pytest.mark.parametrize("row", TELEGRAM_ROWS, ids=lambda row: row.row)
    def test_a_row_of_the_table(self, api: FakeTelegram, row: TelegramRow) -> None:
        """The outcome is that of the row, and the chat saw as many messages as it says."""
        if row.row in self.left_out:
            pytest.skip(self.left_out[row.row])
        api.script(row.fault)
        (outcome,) = sending(self.make_transport(api.url, api.token, 0.5), an_envelope())
        assert matches(outcome, row.wanted, codes=self.our_codes), outcome
        assert len(api.delivered(1001)) == row.seen

    def test_nobody_listens(self) -> None:
        """TG19: what was never connected was not sent."""
        transport = self.make_transport(f"http://127.0.0.1:{closed_port()}", "123456:TEST-token", 0.5)
        (outcome,) = sending(transport, an_envelope())
        assert matches(outcome, expected(NotSent, Code.UNREACHED, scope="message"), codes=self.our_codes), outcome

    def test_a_wrong_token_pauses_the_channel(self, api: FakeTelegram) -> None:
        """TG13: nothing of the message is consumed."""
        (outcome,) = sending(self.make_transport(api.url, "123456:WRONG-token", 0.5), an_envelope())
        assert matches(outcome, expected(Rejected, Code.BOT_REFUSED, scope="channel"), codes=self.our_codes), outcome

    def test_nothing_is_repeated_by_the_transport_itself(self, api: FakeTelegram) -> None:
        """One call of ``send`` is one call of the Bot API, whatever becomes of it."""
        api.script(flood(1), reset(counted=False), error(500, "Internal Server Error"), None)
        sending(self.make_transport(api.url, api.token, 0.5), *[an_envelope(address=str(n)) for n in range(1, 5)])
        assert [chat for _, chat in api.calls] == ["1", "2", "3", "4"]
