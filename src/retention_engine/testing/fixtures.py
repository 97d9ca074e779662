"""The fixtures that the pytest plugin offers to every project."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count

import pytest

from retention_engine import testing
from retention_engine.errors import StoreError
from retention_engine.testing.fakes import PostgresServer

_NUMBERS = count(1)


@pytest.fixture
def engine_clock() -> testing.ManualClock:
    """Return a clock that stands at 2026-01-01 00:00 UTC until the test moves it."""
    return testing.ManualClock()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """Start a PostgreSQL server for the tests of this process; where none is to be had, they are skipped."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    with ExitStack() as stack:
        try:
            server = stack.enter_context(PostgresServer())
        except StoreError as error:
            pytest.skip(str(error))
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    """Return the URL of a schema that is not there yet, for ``open_store``; each test has its own."""
    return f"{postgres_server.url('postgres')}&schema=test_{next(_NUMBERS)}"
