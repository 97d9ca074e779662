"""The application for ``INSTALLED_APPS``."""

from __future__ import annotations

from django.apps import AppConfig


class RetentionConfig(AppConfig):
    """Brings the command ``retention_run``."""

    name = "retention_engine.integrations.django"
    label = "retention_engine"
    verbose_name = "Retention"
