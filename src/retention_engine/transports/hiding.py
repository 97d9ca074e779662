"""Secrets stay where they belong: not in a ``repr``, and not in what HTTP clients write to their logs."""

from __future__ import annotations

import logging
import re

TOKEN = re.compile(r"(bot)?\d{3,}:[A-Za-z0-9_-]{3,}")
LOGGERS = (
    "httpx",
    "httpx2",
    *(f"{root}.{part}" for root in ("httpcore", "httpcore2") for part in ("connection", "http11", "http2", "proxy")),
)
"""Those that may write the address of a request, of which a bot token is a part."""


class Secret:
    """A text that is only told when it is asked for by ``reveal``."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Hide a text."""
        self._text = text

    def reveal(self) -> str:
        """Return the text."""
        return self._text

    def __repr__(self) -> str:
        """Tell nothing."""
        return "Secret(...)"


class TokenFilter(logging.Filter):
    """Takes bot tokens out of log records."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace every token in the record; the record itself is always kept."""
        message = record.getMessage()
        hidden = TOKEN.sub("<secret>", message)
        if hidden != message:
            record.msg, record.args = hidden, ()
        return True


_FILTER = TokenFilter()


def hide_tokens() -> None:
    """Put the filter on the loggers of HTTP clients; doing it again changes nothing."""
    for name in LOGGERS:
        logging.getLogger(name).addFilter(_FILTER)
