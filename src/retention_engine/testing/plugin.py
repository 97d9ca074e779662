"""The pytest plugin; loaded by pytest wherever the library is installed, so it imports nothing until it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Offer the fixtures of ``retention_engine.testing.fixtures``."""
    from retention_engine.testing import fixtures

    config.pluginmanager.register(fixtures, "retention_engine.testing.fixtures")
