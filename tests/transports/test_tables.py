"""Every row of both error tables, over sockets, by the threads' and the loop's drivers."""

from __future__ import annotations

from typing import Any

from retention_engine.testing.transports import SmtpConformance, TelegramConformance
from retention_engine.transports import (
    AsyncSmtpTransport,
    AsyncTelegramTransport,
    Security,
    Sender,
    Server,
    SmtpTransport,
    TelegramTransport,
)


class TestTelegram(TelegramConformance):
    our_codes = True

    def make_transport(self, url: str, token: str, timeout: float) -> Any:
        return TelegramTransport(token, base_url=url, timeout=timeout)


class TestAsyncTelegram(TelegramConformance):
    our_codes = True

    def make_transport(self, url: str, token: str, timeout: float) -> Any:
        return AsyncTelegramTransport(token, base_url=url, timeout=timeout)


def server(port: int, timeout: float, after_dot: float) -> Server:
    """Return the settings of a server on this machine."""
    return Server(host="127.0.0.1", port=port, security=Security.NONE, timeout=timeout, after_dot=after_dot)


class TestSmtp(SmtpConformance):
    our_codes = True

    def make_transport(self, port: int, timeout: float, after_dot: float) -> Any:
        return SmtpTransport(server(port, timeout, after_dot), Sender("shop@shop.example"))


class TestAsyncSmtp(SmtpConformance):
    our_codes = True

    def make_transport(self, port: int, timeout: float, after_dot: float) -> Any:
        return AsyncSmtpTransport(server(port, timeout, after_dot), Sender("shop@shop.example"))
