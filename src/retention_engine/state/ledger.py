"""The fold of what was posted to the customer's accounts: a record per entry, and the entries by their place."""

from __future__ import annotations

from bisect import bisect_left
from operator import attrgetter

from retention_engine.facts import LedgerPosted
from retention_engine.state.history import History
from retention_engine.state.records import PointsRecord

_ACCOUNTS = ("ledger", "")
_place = attrgetter("seq")


def fold_ledger(history: History, fact: LedgerPosted) -> None:
    """Fold an entry into ``points`` and keep it for its account: a list grows at its end, else it is another list."""
    accounts, account = history.drafts.setdefault(_ACCOUNTS, {}), (fact.programme, fact.unit)
    posted = accounts.setdefault(account, [])
    place = bisect_left(posted, fact.seq, key=_place)
    if place == len(posted):
        posted.append(fact)
    elif posted[place].seq != fact.seq:
        accounts[account] = [*posted[:place], fact, *posted[place:]]
    elif (fact.at, fact.id) < (posted[place].at, posted[place].id):
        # no two of ours have one place; whoever forged one, the order of arrival does not matter
        accounts[account] = [*posted[:place], fact, *posted[place + 1 :]]
    history.put("points", PointsRecord(fact.id, fact.at, fact.programme, fact.unit, fact.what, fact.amount))


def posted_to(history: History, programme: str, unit: str) -> list[LedgerPosted]:
    """Return what was posted to an account of the customer, by its place; not to be changed.

    As long as it is the same list, what stands in it stays.
    """
    found: list[LedgerPosted] = history.drafts.get(_ACCOUNTS, {}).get((programme, unit), [])
    return found
