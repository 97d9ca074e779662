"""Whoever watches is told ids, codes and counts; nobody who watches can disturb anything."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry, generate_latest

from retention_engine import Engine, Rule, Send, events, on
from retention_engine.delivery import Delivery
from retention_engine.engine import BlastGuard
from retention_engine.envelopes import Sent, Unknown
from retention_engine.errors import MissingExtra
from retention_engine.facts import ContactAdded, Event
from retention_engine.observers import LogObserver, OpenTelemetryObserver, PrometheusObserver, Watchers
from retention_engine.signals import Escalated, FactsRecorded, MessageSettled, Signal, TimeAdvanced
from retention_engine.transports import RecordingTransport
from tests.delivery._shop import START, Plain

SIGNALS = [
    FactsRecorded(new=3, known=1),
    TimeAdvanced(to=START, evaluated=2, decisions={("news", "act", ""): 2, ("news", "drop", "no_consent"): 1}),
    MessageSettled(key="k1", rule="news", channel="telegram", state="sent", reason="sent", attempt=1, waited=2_500_000),
    MessageSettled(key="k2", rule="news", channel=None, state="dead", reason="empty_content", attempt=0, waited=0),
    Escalated(code="channel_down", subject="telegram"),
]


class Seen:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.signals: list[Signal] = []

    def note(self, signal: Signal) -> None:
        """Remember."""
        self.signals.append(signal)


class Broken:
    """An observer that fails, with something personal in its error."""

    def note(self, signal: Signal) -> None:
        """Fail."""
        raise ValueError("zzPIIzz")


def test_an_engine_tells_what_it_recorded_and_decided() -> None:
    """Counts of new and known facts; decisions by rule, outcome and reason."""
    seen = Seen()
    rule = Rule("news", on(events("post")), Send("hello", topic="news", channel="telegram"))
    fact = Event(id="1", customer="ann", at=START + 1, name="post")
    with Engine([rule], since=START, observers=[seen]) as engine:
        engine.record([fact, fact])
        engine.advance(START + 2)
    assert seen.signals == [
        FactsRecorded(new=1, known=1),
        TimeAdvanced(to=START + 2, evaluated=1, decisions={("news", "act", ""): 1}),
    ]


def test_a_guard_that_stops_a_rule_calls_a_person() -> None:
    """The rule and the reason are told."""
    seen = Seen()
    rule = Rule("news", on(events("post")), Send("hello"))
    with Engine([rule], since=START, observers=[seen], guard=BlastGuard(2)) as engine:
        engine.record(Event(id=str(n), customer=f"c{n}", at=START + 1, name="post") for n in range(3))
        engine.advance(START + 1)
    (told,) = [one for one in seen.signals if isinstance(one, Escalated)]
    assert (told.code, told.subject, told.text) == ("blast_guard", "news", "3 messages in an hour, more than 2")


def test_an_observer_that_fails_disturbs_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """The others are told, the work goes on, its error is named by its type alone."""
    seen = Seen()
    with Engine([], observers=[seen]) as engine:
        engine.watchers.remove(seen)
        engine.watchers.remove(seen)
        engine.watchers.add(Broken())
        engine.watchers.add(seen)
        engine.record(Event(id="1", customer="ann", at=START + 1, name="post"))
    assert seen.signals == [FactsRecorded(new=1, known=0)]
    assert "Broken failed: ValueError" in caplog.text
    assert "zzPIIzz" not in caplog.text


def test_watchers_are_an_observer() -> None:
    """They may be nested."""
    seen = Seen()
    Watchers([Watchers([seen])]).note(SIGNALS[0])
    assert seen.signals == SIGNALS[:1]


def test_the_log_has_one_line_a_signal(caplog: pytest.LogCaptureFixture) -> None:
    """A person is called by an error, a lost message is a warning, the rest is quiet."""
    caplog.set_level(logging.DEBUG, "retention_engine")
    for signal in SIGNALS:
        LogObserver().note(signal)
    assert [(one.levelname, one.getMessage()) for one in caplog.records] == [
        ("DEBUG", "recorded 3 facts, 1 known"),
        ("DEBUG", "advanced to 2026-07-01T12:00:00Z: 2 customers, 3 decisions"),
        ("INFO", "message k1 of news by telegram: sent sent, attempt 1"),
        ("WARNING", "message k2 of news by None: dead empty_content, attempt 0"),
        ("ERROR", "channel_down: telegram "),
    ]


def test_prometheus_counts() -> None:
    """The page that Prometheus reads."""
    registry = CollectorRegistry()
    observer = PrometheusObserver(registry)
    for signal in SIGNALS:
        observer.note(signal)
    lines = [line.rpartition(" ") for line in generate_latest(registry).decode().splitlines()]
    found = {name: float(value) for name, _, value in lines if not name.startswith("#") and "_created" not in name}
    wanted = {
        'retention_facts_total{known="no"}': 3,
        'retention_facts_total{known="yes"}': 1,
        "retention_customers_evaluated_total": 2,
        'retention_decisions_total{outcome="act",reason="",rule="news"}': 2,
        'retention_decisions_total{outcome="drop",reason="no_consent",rule="news"}': 1,
        'retention_messages_total{channel="telegram",reason="sent",rule="news",state="sent"}': 1,
        'retention_messages_total{channel="",reason="empty_content",rule="news",state="dead"}': 1,
        'retention_message_wait_seconds_sum{channel="telegram"}': 2.5,
        'retention_escalations_total{code="channel_down"}': 1,
        "retention_logical_time_seconds": START / 1_000_000,
    }
    assert {
        name: value for name, value in found.items() if "bucket" not in name and "wait_seconds_count" not in name
    } == wanted


def test_opentelemetry_counts_and_marks_the_span() -> None:
    """By the meter of the host; an escalation is an event of the span it happened in."""
    reader = InMemoryMetricReader()
    observer = OpenTelemetryObserver(MeterProvider([reader]).get_meter("shop"))
    with TracerProvider().get_tracer("shop").start_as_current_span("tick") as span:
        for signal in SIGNALS:
            observer.note(signal)
    assert [(one.name, dict(one.attributes or {})) for one in span.events] == [
        ("retention.escalated", {"code": "channel_down", "subject": "telegram"})
    ]
    data: Any = reader.get_metrics_data()
    found = {
        (metric.name, *sorted(point.attributes.values(), key=str)): getattr(point, "value", getattr(point, "sum", None))
        for metric in data.resource_metrics[0].scope_metrics[0].metrics
        for point in metric.data.data_points
    }
    assert found == {
        ("retention.facts", False): 3,
        ("retention.facts", True): 1,
        ("retention.customers.evaluated",): 2,
        ("retention.decisions", "", "act", "news"): 2,
        ("retention.decisions", "drop", "news", "no_consent"): 1,
        ("retention.messages", "news", "sent", "sent", "telegram"): 1,
        ("retention.messages", "", "dead", "empty_content", "news"): 1,
        ("retention.message.wait", "telegram"): 2.5,
        ("retention.escalations", "channel_down"): 1,
    }


@pytest.mark.parametrize(
    ("kind", "module", "extra"),
    [
        (PrometheusObserver, "prometheus_client", "prometheus"),
        (OpenTelemetryObserver, "opentelemetry", "opentelemetry"),
    ],
)
def test_what_is_not_installed_is_named(kind: Any, module: str, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says which extra to install."""
    monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(MissingExtra, match=rf"\[{extra}\]"):
        kind()


def test_nothing_personal_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """A customer's address, name and words are in no signal and in no line, whatever goes wrong."""
    caplog.set_level(logging.DEBUG)
    seen = Seen()
    rule = Rule("news", on(events("post")), Send("hello", channel="telegram"))
    with Engine([rule], since=START, observers=[seen, LogObserver(), Broken()]) as engine:
        engine.record(ContactAdded(id="c", customer="42", at=START + 1, channel="telegram", address="zzPIIzz"))
        for number, outcome in enumerate((Sent("m"), Unknown("timeout", "zz@PIIzz.example"))):
            engine.record(Event(id=f"e{number}", customer="42", at=START + 2 + number, name="post"))
            engine.advance(START + 2 + number)
            transport = RecordingTransport([outcome])
            Delivery(engine, {"telegram": transport}, renderer=Plain()).deliver(START + 3 + number)
    assert len(seen.signals) > 4
    assert "PII" not in f"{seen.signals} {caplog.text}"
