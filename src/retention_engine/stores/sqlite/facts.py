"""Facts and customers in tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from retention_engine.errors import RetentionError, StoreError, shown
from retention_engine.facts import Fact, to_json
from retention_engine.facts.codec import from_log
from retention_engine.ports import FactLog, Roster
from retention_engine.stores.repeats import check_repeat, distinct
from retention_engine.stores.sqlite.session import Session, in_list

_APPEND = "INSERT OR IGNORE INTO facts (id, customer, at, effective, body) VALUES (?, ?, ?, ?, ?)"
_LAST = "SELECT coalesce(max(seq), 0) FROM facts"
# the + keeps the planner from walking the table: the ids are looked up
_KNOWN = "SELECT body FROM facts WHERE id IN (SELECT value FROM json_each(?)) AND +seq <= ?"
_SUBJECT = "INSERT OR IGNORE INTO subjects (subject, fact) SELECT ?, seq FROM facts WHERE id = ?"
_OF = """SELECT customer, body FROM facts WHERE customer IN (SELECT value FROM json_each(?))
    ORDER BY effective, at, id"""
_ABOUT = """SELECT body FROM facts
    WHERE seq IN (SELECT fact FROM subjects WHERE subject IN (SELECT value FROM json_each(?)))
    ORDER BY effective, at, id"""
_CUSTOMERS = "SELECT DISTINCT customer FROM facts WHERE customer > ? ORDER BY customer LIMIT ?"
_NOTE = "INSERT OR IGNORE INTO interests (subject, customer) VALUES (?, ?)"
_INTERESTED = """SELECT DISTINCT customer FROM interests WHERE subject IN (SELECT value FROM json_each(?))
    ORDER BY customer"""


class SqliteFacts(FactLog):
    """One row per fact; its body is the only copy of what it says."""

    def __init__(self, session: Session) -> None:
        """Use the tables of this session."""
        self._session = session

    def append(self, facts: Sequence[Fact]) -> list[Fact]:
        """Store the facts whose id is new and return those, in the order given.

        A known id costs one more look-up and the reading of its body; new ones are only inserted.

        Raises:
            FactConflict: a known id with another content; the whole transaction is to be given up.
        """
        with self._session.change():
            batch = distinct(facts)
            ((last,),) = self._session.rows(_LAST)
            if self._session.each(_APPEND, map(_row, batch.values())) < len(batch):
                self._pass_over_known(batch, last)
            about = (fact for fact in batch.values() if fact.customer is None)
            self._session.each(_SUBJECT, ((subject, fact.id) for fact in about for subject in fact.subjects()))
            return list(batch.values())

    def of(self, customers: Sequence[str]) -> dict[str, list[Fact]]:
        """Return the facts of each customer asked for, by (effective, at, id); unknown customers have an empty list."""
        found: dict[str, list[Fact]] = {customer: [] for customer in customers}
        for customer, body in self._session.rows(_OF, in_list(found)):
            found[customer].append(_fact(body))
        return found

    def about(self, subjects: Sequence[str]) -> list[Fact]:
        """Return the facts about the catalogue that mention one of the subjects, each once, by (effective, at, id)."""
        return [_fact(body) for (body,) in self._session.rows(_ABOUT, in_list(subjects))]

    def _pass_over_known(self, batch: dict[str, Fact], last: int) -> None:
        """Take out of the batch what stood in the table up to row ``last``."""
        for (body,) in self._session.rows(_KNOWN, in_list(batch), last):
            known = _fact(body)
            check_repeat(known, batch.pop(known.id))


class SqliteRoster(Roster):
    """The customers are those of the facts; interests are pairs."""

    def __init__(self, session: Session) -> None:
        """Use the tables of this session."""
        self._session = session

    def customers(self, after: str, limit: int) -> list[str]:
        """Return up to ``limit`` ids of customers that have a fact, greater than ``after``, in ascending order."""
        return [customer for (customer,) in self._session.rows(_CUSTOMERS, after, max(limit, 0))]

    def note(self, interests: Iterable[tuple[str, str]]) -> None:
        """Remember (subject, customer) pairs; known pairs are passed over."""
        with self._session.change():
            self._session.each(_NOTE, interests)

    def interested(self, subjects: Sequence[str]) -> list[str]:
        """Return the customers noted for one of the subjects, each once, in ascending order."""
        return [customer for (customer,) in self._session.rows(_INTERESTED, in_list(subjects))]


def _row(fact: Fact) -> tuple[object, ...]:
    return (fact.id, fact.customer, fact.at, fact.effective, to_json(fact))


def _fact(body: str) -> Fact:
    try:
        return from_log(body)
    except RetentionError:
        raise  # such as a kind of fact that the shop has not imported
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StoreError(f"a stored fact cannot be read: {shown(body)}") from error
