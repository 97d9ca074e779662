"""Facts and customers in tables."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence

from retention_engine.errors import RetentionError, StoreError, shown
from retention_engine.facts import Fact, to_json
from retention_engine.facts.codec import from_log
from retention_engine.ports import FactLog, Roster
from retention_engine.stores.repeats import check_repeat, distinct
from retention_engine.stores.sql.session import AMONG, SqlSession

_SUBJECT = """INSERT INTO subjects (subject, fact) VALUES (?, (SELECT seq FROM facts WHERE id = ?))
    ON CONFLICT DO NOTHING"""
_OF = f"SELECT customer, body FROM facts WHERE customer {AMONG} ORDER BY effective, at, id"
_ABOUT = f"""SELECT body FROM facts WHERE seq IN (SELECT fact FROM subjects WHERE subject {AMONG})
    ORDER BY effective, at, id"""
_CUSTOMERS = "SELECT DISTINCT customer FROM facts WHERE customer > ? ORDER BY customer LIMIT ?"
_NOTE = "INSERT INTO interests (subject, customer) VALUES (?, ?) ON CONFLICT DO NOTHING"
_INTERESTED = f"SELECT DISTINCT customer FROM interests WHERE subject {AMONG} ORDER BY customer"


class SqlFacts(FactLog):
    """One row per fact; its body is the only copy of what it says."""

    def __init__(self, session: SqlSession) -> None:
        """Use the tables of this session."""
        self._session = session

    @abstractmethod
    def add(self, batch: Mapping[str, Fact]) -> list[str]:
        """Insert the facts whose id is new, and return the bodies of those that were there already."""

    def append(self, facts: Sequence[Fact]) -> list[Fact]:
        """Store the facts whose id is new and return those, in the order given.

        A known id costs one more look-up and the reading of its body; new ones are only inserted.

        Raises:
            FactConflict: a known id with another content; the whole transaction is to be given up.
        """
        with self._session.change():
            batch = distinct(facts)
            for body in self.add(batch):
                known = _fact(body)
                check_repeat(known, batch.pop(known.id))
            about = (fact for fact in batch.values() if fact.customer is None)
            self._session.each(_SUBJECT, ((subject, fact.id) for fact in about for subject in fact.subjects()))
            return list(batch.values())

    def of(self, customers: Sequence[str]) -> dict[str, list[Fact]]:
        """Return the facts of each customer asked for, by (effective, at, id); unknown customers have an empty list."""
        found: dict[str, list[Fact]] = {customer: [] for customer in customers}
        for customer, body in self._session.rows(_OF, self._session.texts(found)):
            found[customer].append(_fact(body))
        return found

    def about(self, subjects: Sequence[str]) -> list[Fact]:
        """Return the facts about the catalogue that mention one of the subjects, each once, by (effective, at, id)."""
        return [_fact(body) for (body,) in self._session.rows(_ABOUT, self._session.texts(subjects))]


class SqlRoster(Roster):
    """The customers are those of the facts; interests are pairs."""

    def __init__(self, session: SqlSession) -> None:
        """Use the tables of this session."""
        self._session = session

    def customers(self, after: str, limit: int) -> list[str]:
        """Return up to ``limit`` ids of customers that have a fact, greater than ``after``, in ascending order."""
        return [customer for (customer,) in self._session.rows(_CUSTOMERS, after, max(limit, 0))]

    def note(self, interests: Iterable[tuple[str, str]]) -> None:
        """Remember (subject, customer) pairs; known pairs are passed over."""
        with self._session.change():
            self._session.each(_NOTE, sorted(set(interests)))  # in one order: no two wait for each other

    def interested(self, subjects: Sequence[str]) -> list[str]:
        """Return the customers noted for one of the subjects, each once, in ascending order."""
        return [customer for (customer,) in self._session.rows(_INTERESTED, self._session.texts(subjects))]


def values(fact: Fact) -> tuple[str, str | None, int, int, str]:
    """Return the columns id, customer, at, effective and body."""
    return (fact.id, fact.customer, fact.at, fact.effective, to_json(fact))


def _fact(body: str) -> Fact:
    try:
        return from_log(body)
    except RetentionError:
        raise  # such as a kind of fact that the shop has not imported
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StoreError(f"a stored fact cannot be read: {shown(body)}") from error
