"""All tables of one database behind one transaction, and why several workers may share them.

Transactions are READ COMMITTED: each statement sees what was committed before it. What a decision is made from is
locked before it is read, so that it stays true until the decision is committed; nothing has to be tried again.

- **A customer is walked by one worker.** ``wakes.due`` locks the wake-ups that it returns and passes over those that
  others hold; only then are facts and journal read. Whoever records a fact of that customer meanwhile stores it, and
  waits with ``wakes.lower`` until the walk is committed: the comparison is made with the instant the walk has set.
- **A fact comes before or after a step of the cursor.** ``record`` holds the cursor together with others, ``advance``
  alone: when it has moved, every fact that was timed by the old cursor is committed and has lowered its wake-up.
- **A turned switch finds whose messages it holds.** Who walks holds ``news`` together with others while it reads the
  switches and notes who waits for them; who records a fact about the catalogue or a switch holds it alone.
- **A fact is appended once.** The second of two workers waits for the first, and finds the fact known.
- **A row of the outbox is begun once.** ``parcels.waiting`` locks what it returns and passes over what others hold, so
  that workers take different rows. ``deliveries.begin`` and ``recover`` pass over what others hold, too; ``parcels.of``
  locks what it returns; ``settle`` and ``overrule`` compare the token under the lock.
- **An action exists once.** Its key is unique in journal and outbox, whatever happens above.
- **Few wait for each other, and in one order**: cursor, facts by id, wake-ups by customer, interests. Should two of
  them wait for each other all the same, the database ends one of them with StoreError, and nothing of it is kept.
"""

from __future__ import annotations

from retention_engine.stores.postgres.address import Address
from retention_engine.stores.postgres.facts import PostgresFacts
from retention_engine.stores.postgres.schema import MIGRATIONS
from retention_engine.stores.postgres.session import Session
from retention_engine.stores.postgres.settings import PostgresSettings
from retention_engine.stores.sql import SqlStore
from retention_engine.timing import Span, seconds

_PATIENCE = seconds(30)


class PostgresStore(SqlStore):
    """One schema of one PostgreSQL database (14 or later); tables are made if missing, migrated if older.

    Any number of processes may open the same schema, each with a store of its own; threads that share a store take
    turns. What ``transaction`` committed is as safe as the server keeps it (``synchronous_commit``). When the
    connection breaks, the transaction under way raises StoreError, and the next one opens a new connection; whether a
    commit was kept that broke is then not known, and everything above can be done again without harm.
    """

    def __init__(self, url: str, *, patience: Span = _PATIENCE) -> None:
        """Connect.

        Args:
            url: ``postgresql://user:password@host:port/database``, with the options of libpq; ``schema=shop_1`` among
                them names the schema, which is made if missing.
            patience: how long to wait for a transaction of another worker; 30 seconds unless told.

        Raises:
            DefinitionError: no such URL. StoreError: the database cannot be reached or used, or is of a later version.
        """
        session = Session(Address.of(url), patience, MIGRATIONS)
        super().__init__(session, PostgresFacts(session), PostgresSettings(session))
