"""Whether what facts say about accounts can be: the laws of the ledger over what is stored."""

from __future__ import annotations

from collections.abc import Iterable

from retention_engine.clubs.books import Books, entries_of, fact_of
from retention_engine.clubs.club import Club
from retention_engine.errors import LedgerError
from retention_engine.facts import CodeIssued, Fact, LedgerPosted, LedgerRefused
from retention_engine.loyalty import Account, Bucket, State, Unit, Violation, from_json, stream_violations

GRANT = "grant:"


def audited(club: Club, customer: str, facts: Iterable[Fact]) -> tuple[list[State], list[Violation]]:
    """Return the accounts of a customer that gave units to others or have some of them, and what must not be."""
    books = Books.of(customer, club.terms, facts)
    states, found = [], _unread(club, books)
    for programme in club.programmes:
        account = programme.account(customer)
        rows = books.posted.get((programme.id, programme.unit.code), [])
        try:
            found += _placed(account, rows) or stream_violations(account, entries_of(rows))
            states.append(books.state(account))
        except (LedgerError, AssertionError) as error:
            found.append(Violation("REBUILD", account, len(rows), f"cannot be read: {error}"))
    return [state for state in states if _is_linked(state)], found


def _unread(club: Club, books: Books) -> list[Violation]:
    """Return the accounts that have entries and are none of the club's: whatever is on them, nobody sees it."""
    read = club.retired.union((one.id, one.unit.code) for one in club.programmes)
    return [
        Violation("UNREAD", Account(programme, Unit(code), books.customer), len(rows), "is no account of the club")
        for (programme, code), rows in books.posted.items()
        if (programme, code) not in read
    ]


def _placed(account: Account, rows: list[LedgerPosted]) -> list[Violation]:
    """Return the first place that is missing, or filled by what is no entry of it."""
    for place, fact in enumerate(rows, start=1):
        entry = from_json(fact.entry)  # the text itself, not what this process remembers of it
        if (entry.account, entry.seq, fact.seq) != (account, place, place) or fact != fact_of(entry, fact.learned):
            return [Violation("REBUILD", account, place, f"has {fact.id} at this place, which is not what it says")]
    return []


def _is_linked(state: State) -> bool:
    return any(stock.lot.parent is not None or stock[Bucket.MOVED] for stock in state.lots.values())


def carried_out(facts: Iterable[Fact]) -> set[str]:
    """Return the keys of the actions that the club has carried out, or was refused."""
    found = set()
    for fact in facts:
        if isinstance(fact, LedgerPosted | LedgerRefused) and fact.key.startswith(GRANT):
            found.add(fact.key.removeprefix(GRANT))
        elif isinstance(fact, CodeIssued):
            found.add(fact.occasion)
    return found
