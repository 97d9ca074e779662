"""The same figures for OpenTelemetry, escalations as events of the current span too (extra ``opentelemetry``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retention_engine.errors import MissingExtra
from retention_engine.signals import FactsRecorded, MessageSettled, Signal, TimeAdvanced
from retention_engine.timing import SECOND

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter


class OpenTelemetryObserver:
    """Counts by a meter of the host; which exporter reads them is the host's business."""

    def __init__(self, meter: Meter | None = None) -> None:
        """Create the instruments, by default of the global meter provider.

        Raises:
            MissingExtra: the OpenTelemetry API is not installed.
        """
        try:
            from opentelemetry import metrics, trace
        except ImportError:
            raise MissingExtra("opentelemetry", "opentelemetry-api") from None
        by = metrics.get_meter("retention_engine") if meter is None else meter
        self._span = trace.get_current_span
        self._facts = by.create_counter("retention.facts", "{fact}")
        self._evaluated = by.create_counter("retention.customers.evaluated", "{customer}")
        self._decisions = by.create_counter("retention.decisions", "{decision}")
        self._messages = by.create_counter("retention.messages", "{message}")
        self._waited = by.create_histogram("retention.message.wait", "s", "From due to sent.")
        self._escalated = by.create_counter("retention.escalations", "{escalation}")

    def note(self, signal: Signal) -> None:
        """Count a signal."""
        match signal:
            case FactsRecorded():
                self._facts.add(signal.new, {"known": False})
                self._facts.add(signal.known, {"known": True})
            case TimeAdvanced():
                self._evaluated.add(signal.evaluated)
                for (rule, outcome, reason), count in signal.decisions.items():
                    self._decisions.add(count, {"rule": rule, "outcome": outcome, "reason": reason})
            case MessageSettled():
                channel = signal.channel or ""
                names = {"rule": signal.rule, "channel": channel, "state": signal.state, "reason": signal.reason}
                self._messages.add(1, names)
                if signal.state == "sent":
                    self._waited.record(signal.waited / SECOND, {"channel": channel})
            case _:
                self._escalated.add(1, {"code": signal.code})
                self._span().add_event("retention.escalated", {"code": signal.code, "subject": signal.subject})
