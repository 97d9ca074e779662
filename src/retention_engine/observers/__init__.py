"""Who watches an engine and its delivery: logs, Prometheus, OpenTelemetry. Ids, codes and counts, nothing personal."""

from retention_engine.observers.base import Watchers
from retention_engine.observers.log import LogObserver
from retention_engine.observers.opentelemetry import OpenTelemetryObserver
from retention_engine.observers.prometheus import PrometheusObserver

__all__ = ["LogObserver", "OpenTelemetryObserver", "PrometheusObserver", "Watchers"]
