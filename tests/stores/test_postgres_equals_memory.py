"""Whatever happens to both, the store in PostgreSQL and the store in memory give the same answers."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import HealthCheck, settings

from retention_engine.ports import Store
from retention_engine.stores import open_store
from retention_engine.testing.fakes import PostgresServer
from tests.stores.test_sqlite_equals_memory import Twins

NUMBERS = count(1)
URLS: list[str] = []


@pytest.fixture(scope="module", autouse=True)
def _server(postgres_server: PostgresServer) -> None:
    URLS.append(postgres_server.create("twins"))


class PostgresTwins(Twins):
    """The same transactions on both stores; the connection is opened again now and then."""

    def __init__(self) -> None:
        self.schema = f"&schema=twins_{next(NUMBERS)}"
        super().__init__()

    def opened(self) -> Store:
        """Open the schema of this example."""
        return open_store(URLS[-1] + self.schema)


TestPostgresTwins = PostgresTwins.TestCase
TestPostgresTwins.settings = settings(
    max_examples=max(settings().max_examples // 10, 1),
    stateful_step_count=10,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
