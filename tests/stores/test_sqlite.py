"""The store in a file keeps every promise, and says what is wrong with a file in its own words."""

from __future__ import annotations

import logging
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread, Timer
from typing import Any

import pytest
from attrs import evolve

from retention_engine import stores
from retention_engine.actions import Parcel
from retention_engine.errors import DefinitionError, FactError, StoreError
from retention_engine.ports import Store
from retention_engine.stores import MemoryStore, SqliteStore, open_store
from retention_engine.stores.codec import action_text
from retention_engine.stores.sqlite.schema import APPLICATION_ID, MIGRATIONS, Migration
from retention_engine.stores.sqlite.session import Session, has_wal_reset_bug
from retention_engine.testing.conformance import StoreConformance
from retention_engine.testing.conformance.samples import action, append, change, contents, fill, viewed
from retention_engine.timing import microseconds


class TestSqliteStore(StoreConformance):
    """The whole suite over ``SqliteStore``."""

    durable = True

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.path = tmp_path / "shop.db"

    def make_store(self) -> Store:
        """Open the file of this test."""
        return SqliteStore(self.path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a store may be made."""
    return tmp_path / "shop.db"


def close(store: Store) -> None:
    """Close a store that was opened in passing."""
    store.close()


def ask(store: SqliteStore, sql: str) -> Any:
    """Return the first value of the first row of a query."""
    return store._session.rows(sql)[0][0]


def test_the_file_is_set_up_for_power_cuts(path: Path) -> None:
    """Log, sync, memory mapping, names and versions are what the design says, also when opened again."""
    close(SqliteStore(path))
    store = SqliteStore(path)
    wanted = {
        "journal_mode": "wal",
        "synchronous": 2,
        "mmap_size": 0,
        "application_id": APPLICATION_ID,
        "user_version": len(MIGRATIONS),
    }
    assert {name: ask(store, f"PRAGMA {name}") for name in wanted} == wanted
    store.close()
    assert [file.name for file in path.parent.iterdir()] == ["shop.db"]


def _foreign(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE theirs (x)")
    other.close()


def _numbered(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version = 1")
    other.close()


def _newer(path: Path) -> None:
    close(SqliteStore(path))
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version = 99")
    other.close()


UNUSABLE: list[tuple[Callable[[Path], object], str]] = [
    (lambda path: path.write_text("a shopping list " * 99), "not a database"),
    (_foreign, "no store of ours: it has the application id 0x0"),
    (_numbered, "no store of ours"),
    (_newer, "has version 99, this library reads 1 to 2"),
    (lambda path: path.mkdir(), "unable to open"),
]


@pytest.mark.parametrize(("make", "message"), UNUSABLE)
def test_a_file_that_is_not_ours_is_refused_and_left_alone(
    path: Path, make: Callable[[Path], object], message: str
) -> None:
    """The error names the file and what is wrong with it; not a byte of the file changes."""
    make(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(StoreError, match=f"{path}.*{message}"):
        SqliteStore(path)
    assert (path.read_bytes() if path.is_file() else b"") == before


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    """A path that cannot be opened raises StoreError with the path, chained to the error of the database."""
    with pytest.raises(StoreError, match=r"no/such/shop\.db: unable to open") as caught:
        SqliteStore(tmp_path / "no" / "such" / "shop.db")
    assert isinstance(caught.value.__cause__, sqlite3.Error)


def test_a_database_in_memory_is_refused() -> None:
    """Without a write-ahead log nothing that was promised could be kept."""
    with pytest.raises(StoreError, match="journal mode is 'memory'"):
        SqliteStore(":memory:")


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    """A file of no bytes, as ``mktemp`` makes, is taken."""
    path.touch()
    store = SqliteStore(path)
    assert append(store, viewed("1")) == [viewed("1")]
    store.close()


def session(path: Path, *more: Migration) -> Session:
    """Open a file with a library that knows further migrations."""
    return Session(path, microseconds(0), (*MIGRATIONS, *more))


SECOND: Migration = (
    "ALTER TABLE settings ADD COLUMN changed INTEGER NOT NULL DEFAULT 0",
    "UPDATE settings SET value = upper(value)",
)


def test_an_older_file_is_migrated_and_keeps_everything(path: Path) -> None:
    """A planted migration lifts the version by one, once; what was stored is there; the first library refuses it."""
    store = SqliteStore(path)
    with store.transaction():
        fill(store)
        store.settings.put("cursor", "abc")
    store.close()
    for _ in range(2):
        newer = session(path, SECOND)
        assert newer.rows("PRAGMA user_version") == [(3,)]
        assert newer.rows("SELECT value, changed FROM settings") == [("ABC", 0)]
        assert newer.rows("SELECT count(*) FROM facts") == [(3,)]
        newer.close()
    with pytest.raises(StoreError, match="has version 3, this library reads 1 to 2"):
        SqliteStore(path)


def test_actions_of_the_first_version_become_pending(path: Path) -> None:
    """What stood in the outbox before rows had states is waiting, at the instant it was due."""
    older = Session(path, microseconds(0), MIGRATIONS[:1])
    made = [action(due=3), action(due=2, occasion="o2", valid_until=9)]
    with older.transaction(), older.change():
        rows = [(one.key, one.due, one.valid_until, action_text(one)) for one in made]
        older.each("INSERT INTO outbox (action, due, valid_until, body) VALUES (?, ?, ?, ?)", rows)
    older.close()
    store = SqliteStore(path)
    assert store.parcels.waiting(9, 9) == [Parcel(action=one, due_at=one.due) for one in reversed(made)]
    assert store.outbox.pending(9, 9) == made[:1]
    store.close()


def test_a_migration_that_fails_changes_nothing(path: Path) -> None:
    """A broken last statement takes back all before it, and the version stays."""
    close(SqliteStore(path))
    with pytest.raises(StoreError, match="no such table: missing"):
        session(path, SECOND, ("CREATE TABLE more (x)", "UPDATE missing SET x = 1"))
    store = SqliteStore(path)
    assert ask(store, "SELECT count(*) FROM pragma_table_info('settings')") == 2
    assert ask(store, "SELECT count(*) FROM sqlite_master WHERE name = 'more'") == 0
    store.close()


def test_a_file_migrated_under_our_feet_is_not_written_to(path: Path) -> None:
    """A process of the earlier version keeps reading, but its next transaction is refused."""
    old = SqliteStore(path)
    append(old, viewed("1"))
    session(path, SECOND).close()
    with pytest.raises(StoreError, match="has version 3 since it was opened with 2"):
        append(old, viewed("2"))
    assert old.facts.of(["ann"])["ann"] == [viewed("1")]
    old.close()


def test_a_lock_held_too_long_is_an_error_and_passes(path: Path) -> None:
    """While another connection writes, a transaction is refused after the patience given; afterwards it works."""
    first, second = SqliteStore(path), SqliteStore(path, patience=microseconds(1000))
    with first.transaction():
        fill(first)
        with pytest.raises(StoreError, match="database is locked") as caught, second.transaction():
            pass
        assert isinstance(caught.value.__cause__, sqlite3.OperationalError)
        assert second.facts.of(["ann"]) == {"ann": []}
    with second.transaction():
        change(second)
    assert contents(first) == contents(second)
    first.close()
    second.close()


def test_a_new_file_that_another_makes_is_waited_for(path: Path) -> None:
    """SQLite refuses at once to change the journal mode while another writes; we wait, as long as we were told."""
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"):
        SqliteStore(path, patience=microseconds(1000))
    release = Timer(0.05, other.rollback)
    release.start()
    close(SqliteStore(path))
    release.join()
    other.close()


def test_waiting_for_a_new_file_comes_to_an_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After so many attempts to get the write-ahead log the lock is an error."""
    monkeypatch.setattr("retention_engine.stores.sqlite.session._ATTEMPTS", 0)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"):
        SqliteStore(path)
    other.close()


def test_a_full_disk_takes_back_the_transaction_only(path: Path) -> None:
    """When there is no room the block raises StoreError, what was kept stays, and with room it goes on."""
    store = SqliteStore(path)
    append(store, viewed("1"))
    pages = ask(store, "PRAGMA page_count")
    ask(store, f"PRAGMA max_page_count = {pages}")
    before = contents(store)
    with pytest.raises(StoreError, match="full"):
        append(store, *(viewed(f"many{number}") for number in range(2000)))
    assert contents(store) == before
    ask(store, f"PRAGMA max_page_count = {pages * 1000}")
    assert len(append(store, *(viewed(f"many{number}") for number in range(2000)))) == 2000
    store.close()


def test_a_closed_store_answers_with_an_error_of_ours(path: Path) -> None:
    """Reading, changing and beginning all raise StoreError after closing, even inside a transaction."""
    store = SqliteStore(path)
    with pytest.raises(StoreError, match="closed"), store.transaction():
        store.close()
    for call in (lambda: store.facts.of(["ann"]), lambda: append(store, viewed("1")), lambda: store.settings.get("x")):
        with pytest.raises(StoreError, match="closed"):
            call()


BEYOND: list[Callable[[SqliteStore], object]] = [
    lambda store: store.settings.put("\ud800", "x"),
    lambda store: store.outbox.put([action(name="\ud800")]),
    lambda store: store.wakes.set({"ann": 2**63}),
    lambda store: store.wakes.due(10**30, 1),
]


@pytest.mark.parametrize("call", BEYOND)
def test_values_beyond_the_database_are_an_error_of_ours(path: Path, call: Callable[[SqliteStore], object]) -> None:
    """A text without a UTF-8 form and a number over 64 bits raise StoreError."""
    store = SqliteStore(path)
    with pytest.raises(StoreError, match=r"shop\.db"), store.transaction():
        call(store)
    store.close()


@pytest.mark.parametrize("name", ["ann\0", "\ud800", "", "an", "ann "])
def test_a_name_that_is_nearly_known_is_unknown(path: Path, name: str) -> None:
    """Names that no fact can have, or has, find nothing, and nothing in place of something else."""
    store = SqliteStore(path)
    with store.transaction():
        fill(store)
    assert store.facts.of([name]) == store.journal.of([name]) == {name: []}
    assert store.roster.interested([f"sku:a{name[3:]}" if name.startswith("ann") else name]) == []
    store.close()


BODIES: list[tuple[str, type[Exception], str]] = [
    ("{", StoreError, "cannot be read: '{'"),
    ('{"v":1,"kind":"order_placed","id":"1","at":0,"order":1}', StoreError, "cannot be read"),
    ('{"v":1,"kind":"theirs"}', FactError, "theirs"),
]


def test_a_broken_body_is_an_error_of_ours(path: Path) -> None:
    """A body that was tampered with raises StoreError; a kind of fact nobody imported keeps its own message."""
    store = SqliteStore(path)
    append(store, viewed("1"))
    for body, error, message in BODIES:
        with store.transaction():
            store._session.each("UPDATE facts SET body = ?", [(body,)])
        with pytest.raises(error, match=message):
            store.facts.of(["ann"])
    store.close()


PLANS = [
    ("sql.wakes", "_DUE", "USING INDEX wakes_due|USING COVERING INDEX wakes_due"),
    ("sql.decisions", "_READ", "USING INDEX journal_read"),
    ("sql.decisions", "_OF", "USING INDEX journal_of"),
    ("sql.outbox", "_PENDING", "USING INDEX outbox_pending"),
    ("sql.outbox", "_WAITING", "USING INDEX outbox_waiting"),
    ("sql.outbox", "_CHANNELS", "USING INDEX outbox_waiting|USING COVERING INDEX outbox_waiting"),
    ("sql.outbox", "_CHOOSE", "USING INDEX sqlite_autoindex_outbox_1"),
    ("sql.outbox", "_ENDED", "USING INDEX outbox_sending"),
    ("sql.outbox", "_LISTED", "USING INDEX outbox_ended"),
    ("sql.outbox", "_OF", "USING INDEX sqlite_autoindex_outbox_1"),
    ("sql.facts", "_OF", "USING INDEX facts_of"),
    ("sql.facts", "_CUSTOMERS", "USING COVERING INDEX facts_of"),
    ("sqlite.facts", "_KNOWN", "USING INDEX sqlite_autoindex_facts_1"),
]


@pytest.mark.parametrize(("module", "name", "index"), PLANS)
def test_questions_are_answered_from_an_index(path: Path, module: str, name: str, index: str) -> None:
    """Nothing that grows is scanned, and only the facts of the customers asked for are sorted."""
    sql = getattr(sys.modules[f"retention_engine.stores.{module}"], name)
    store = SqliteStore(path)
    values = [0] * sql.count("?")
    plan = "\n".join(row[3] for row in store._session.rows(f"EXPLAIN QUERY PLAN {sql}", *values))
    assert any(each in plan for each in index.split("|"))
    found = [line for line in plan.splitlines() if line.startswith("SCAN")]
    assert not any(line not in ("SCAN CONSTANT ROW", "SCAN found") and "json_each" not in line for line in found)
    assert ("TEMP B-TREE" in plan) == ((module, name) == ("sql.facts", "_OF"))
    store.close()


MANY = """WITH RECURSIVE many (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < 100000)
    INSERT INTO outbox (action, due, due_at, channel, body) SELECT printf('%032d', n), n, n, 'email', '' FROM many"""


def test_a_channel_that_is_left_out_costs_nothing(path: Path) -> None:
    """Behind 100,000 rows of a channel that rests, the rows of another are found in a few steps of the database."""
    store = SqliteStore(path)
    chat = evolve(action(due=200_000), channel="chat")
    with store.transaction(), store._session.change():
        store._session.each(MANY, [()])
        store.outbox.put([chat])
    steps: list[None] = []
    store._session._connection.set_progress_handler(lambda: steps.append(None), 100)
    assert [one.action for one in store.parcels.waiting(200_000, 9, without=["email"])] == [chat]
    assert len(steps) < 10
    store._session._connection.set_progress_handler(None, 0)
    store.close()


def test_threads_may_take_turns(path: Path) -> None:
    """A store that was opened in one thread is used in another."""
    store = SqliteStore(path)
    thread = Thread(target=append, args=(store, viewed("1")))
    thread.start()
    thread.join()
    assert store.facts.of(["ann"])["ann"] == [viewed("1")]
    store.close()


VERSIONS = [((3, 6, 23), False), ((3, 7, 0), True), ((3, 40, 1), True), ((3, 44, 5), True), ((3, 44, 6), False)]
VERSIONS += [((3, 45, 0), True), ((3, 50, 7), False), ((3, 51, 2), True), ((3, 51, 3), False), ((3, 53, 0), False)]


@pytest.mark.parametrize(("version", "has_it"), VERSIONS)
def test_versions_with_the_wal_reset_bug_are_known(version: tuple[int, int, int], has_it: bool) -> None:
    """The bug is in every version from 3.7.0 up to the repair, but for the two that got it ported back."""
    assert has_wal_reset_bug(version) is has_it


def test_the_wal_reset_bug_is_logged(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening says at level INFO that only one process at a time should open a store, and nothing otherwise."""
    caplog.set_level(logging.INFO)
    for version, lines in (((3, 51, 3), 0), ((3, 40, 1), 1)):
        monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
        close(SqliteStore(path))
        assert [(record.name, record.levelname) for record in caplog.records] == [
            ("retention_engine.stores.sqlite", "INFO")
        ] * lines


def test_a_url_names_a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``memory`` is in memory; three slashes are relative to the working directory, four absolute."""
    monkeypatch.chdir(tmp_path)
    assert isinstance(open_store("memory"), MemoryStore)
    assert isinstance(open_store(":memory:"), MemoryStore)
    for url in ("sqlite:///a b%20.db", f"sqlite:///{tmp_path}/c.db"):
        store = open_store(url)
        assert isinstance(store, SqliteStore)
        store.close()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a b%20.db", "c.db"]


@pytest.mark.parametrize("url", ["", "shop.db", "sqlite://shop.db", "sqlite:///", "sqlite:///:memory:", "Memory"])
def test_another_url_is_refused(url: str) -> None:
    """The message names what is allowed and what was given."""
    with pytest.raises(DefinitionError, match=f"'memory', 'sqlite:///relative/file.db', .* or .*, not '{url}'"):
        open_store(url)


def test_a_password_in_a_url_is_not_shown() -> None:
    """What stands before the @ stays out of messages."""
    with pytest.raises(DefinitionError, match="not 'host/shop'"):
        open_store("mysql://user:secret@host/shop")


def test_no_database_is_loaded_before_it_is_used() -> None:
    """Importing the package of stores does not import sqlite3; asking it for SqliteStore does."""
    code = """if True:
        import sys, retention_engine.stores as stores
        print("sqlite3" in sys.modules, stores.SqliteStore.__name__, "sqlite3" in sys.modules)
    """
    measured = [name for name in os.environ if name.startswith("COV")]  # what measures coverage loads sqlite3 itself
    keep = {name: value for name, value in os.environ.items() if name not in measured}
    found = subprocess.run([sys.executable, "-c", code], env=keep, capture_output=True, text=True, check=True)
    assert found.stdout == "False SqliteStore True\n"


def test_an_unknown_name_of_the_package_is_no_store() -> None:
    """Only what ``__all__`` names can be taken from the package."""
    with pytest.raises(AttributeError, match="has no attribute 'RedisStore'"):
        _ = stores.RedisStore
