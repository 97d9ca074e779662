"""One line of the standard library's logging for each signal."""

from __future__ import annotations

import logging

from attrs import field, frozen

from retention_engine.signals import Escalated, MessageSettled, Signal, TimeAdvanced
from retention_engine.timing import to_text

_TROUBLE = frozenset({"unknown", "dead"})


@frozen
class LogObserver:
    """Writes ids, codes and counts to a logger: what needs a person as errors, lost messages as warnings.

    Attributes:
        logger: by default ``retention_engine``.
    """

    logger: logging.Logger = field(factory=lambda: logging.getLogger("retention_engine"))

    def note(self, signal: Signal) -> None:
        """Log a signal."""
        match signal:
            case Escalated():
                self.logger.error("%s: %s %s", signal.code, signal.subject, signal.text)
            case MessageSettled():
                level = logging.WARNING if signal.state in _TROUBLE else logging.INFO
                text = "message %s of %s by %s: %s %s, attempt %d"
                who = (signal.key, signal.rule, signal.channel)
                self.logger.log(level, text, *who, signal.state, signal.reason, signal.attempt)
            case TimeAdvanced():
                total = sum(signal.decisions.values())
                to = to_text(signal.to)
                self.logger.debug("advanced to %s: %d customers, %d decisions", to, signal.evaluated, total)
            case _:
                self.logger.debug("recorded %d facts, %d known", signal.new, signal.known)
