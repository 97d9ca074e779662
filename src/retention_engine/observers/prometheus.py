"""Counters and a histogram for Prometheus (extra ``prometheus``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retention_engine.errors import MissingExtra
from retention_engine.signals import FactsRecorded, MessageSettled, Signal, TimeAdvanced
from retention_engine.timing import SECOND

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_WAITS = (0.1, 1, 5, 15, 60, 300, 900, 3_600, 21_600, 86_400)


class PrometheusObserver:
    """Counts facts, decisions, messages and escalations, and how long messages waited after they were due (seconds).

    The labels are rules, channels and stable codes: as many series as a shop has rules, never as many as customers.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        """Register the metrics, by default in the global registry.

        Raises:
            MissingExtra: prometheus_client is not installed.
        """
        try:
            from prometheus_client import REGISTRY, Counter, Gauge, Histogram
        except ImportError:
            raise MissingExtra("prometheus", "prometheus_client") from None
        to = REGISTRY if registry is None else registry
        self._facts = Counter("retention_facts", "Facts recorded.", ["known"], registry=to)
        self._evaluated = Counter("retention_customers_evaluated", "Customers looked at.", registry=to)
        self._decisions = Counter("retention_decisions", "Decisions.", ["rule", "outcome", "reason"], registry=to)
        self._messages = Counter(
            "retention_messages", "What messages became.", ["rule", "channel", "state", "reason"], registry=to
        )
        self._waited = Histogram(
            "retention_message_wait_seconds", "From due to sent.", ["channel"], registry=to, buckets=_WAITS
        )
        self._escalated = Counter("retention_escalations", "What a person has to look at.", ["code"], registry=to)
        self._now = Gauge("retention_logical_time_seconds", "Where logical time stands, since 1970.", registry=to)

    def note(self, signal: Signal) -> None:
        """Count a signal."""
        match signal:
            case FactsRecorded():
                self._facts.labels("no").inc(signal.new)
                self._facts.labels("yes").inc(signal.known)
            case TimeAdvanced():
                self._now.set(signal.to / SECOND)
                self._evaluated.inc(signal.evaluated)
                for names, count in signal.decisions.items():
                    self._decisions.labels(*names).inc(count)
            case MessageSettled():
                channel = signal.channel or ""
                self._messages.labels(signal.rule, channel, signal.state, signal.reason).inc()
                if signal.state == "sent":
                    self._waited.labels(channel).observe(signal.waited / SECOND)
            case _:
                self._escalated.labels(signal.code).inc()
