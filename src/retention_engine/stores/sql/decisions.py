"""Decisions in a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from retention_engine.actions import Action, Decision
from retention_engine.errors import StoreError
from retention_engine.ports import Journal
from retention_engine.stores.codec import decision_text, read_decision
from retention_engine.stores.sql.session import AMONG, SqlSession

PAGE = 1000
"""How many decisions are read at a time."""

_ADD = "INSERT INTO journal (action, at, customer, body) VALUES (?, ?, ?, ?)"
_OF = f"SELECT customer, body FROM journal WHERE customer {AMONG} ORDER BY customer, seq"
_READ = """SELECT at, customer, seq, body FROM journal WHERE (at, customer, seq) > (?, ?, ?) AND at < ?
    ORDER BY at, customer, seq LIMIT ?"""


class SqlJournal(Journal):
    """One row per decision; the key of an action is unique."""

    def __init__(self, session: SqlSession) -> None:
        """Use the tables of this session."""
        self._session = session

    def add(self, decisions: Sequence[Decision]) -> None:
        """Append decisions in the order given.

        Raises:
            StoreError: an action of the same identity is in the journal already.
        """
        rows = ((one.action, (one.at, one.customer, decision_text(one))) for one in decisions)
        insert(self._session, _ADD, rows, "in the journal")

    def of(self, customers: Sequence[str]) -> dict[str, list[Decision]]:
        """Return the decisions about each customer asked for, in the order they were added."""
        found: dict[str, list[Decision]] = {customer: [] for customer in customers}
        for customer, body in self._session.rows(_OF, self._session.texts(found)):
            found[customer].append(read_decision(body))
        return found

    def read(self, start: int, end: int) -> Iterator[Decision]:
        """Yield decisions with start <= at < end, by (at, customer), then in the order they were added.

        They are read in pages: what is added between two pages is seen when its place is still to come.
        """
        place: tuple[int, str, int] = (start, "", -1)
        while rows := self._session.rows(_READ, *place, end, PAGE):
            for at, customer, seq, body in rows:
                yield read_decision(body)
                place = (at, customer, seq)


Row = tuple[int | str | None, ...]
"""The values of one row."""


def insert(session: SqlSession, sql: str, rows: Iterable[tuple[Action | None, Row]], place: str) -> None:
    """Insert rows with the key of their action in front, all of them or none.

    Raises:
        StoreError: the key of an action is there already.
    """
    tried: list[Action | None] = []

    def keyed() -> Iterator[Row]:
        for action, row in rows:
            tried.append(action)
            yield (None if action is None else action.key, *row)

    with session.change():
        try:
            session.each(sql, keyed())
        except StoreError as error:
            action = session.repeated(error.__cause__, tried)
            if action is None:
                raise
            raise StoreError(f"action {action.identity} is {place} already") from error.__cause__
