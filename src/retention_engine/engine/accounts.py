"""The accounts that a store keeps: a club that lost some of them is refused before anybody reads a balance of zero."""

from __future__ import annotations

import json
from contextlib import suppress

from retention_engine.clubs import Club
from retention_engine.clubs.books import Books
from retention_engine.errors import DefinitionError, LedgerError, shown
from retention_engine.loyalty import Account, Unit, advance
from retention_engine.ports import Store

ACCOUNTS = "accounts"
_PAGE = 1_000


def keep_accounts(store: Store, club: Club) -> None:
    """Remember in which programmes and units a store keeps accounts; nobody is read unless some are gone.

    Raises:
        DefinitionError: the club has another programme, unit or scale, and somebody has entries under the old one.
    """
    text, declared = store.settings.get(ACCOUNTS), {(one.id, one.unit.code): one.unit for one in club.programmes}
    known = {(programme, code): Unit(code, *rest) for programme, code, *rest in json.loads(text or "[]")}
    kept = {name: unit for name, unit in known.items() if name in club.retired}
    for name, unit in known.items():
        if name not in club.retired and declared.get(name) != unit:
            _refuse_entries(store, name[0], unit, declared.get(name))
    every = sorted({**kept, **declared}.items())
    rows = [[programme, code, unit.scale, unit.currency] for (programme, code), unit in every]
    if (now := json.dumps(rows)) != text:
        with store.transaction():
            store.settings.hold(ACCOUNTS, change=True)
            store.settings.put(ACCOUNTS, now)


def _refuse_entries(store: Store, programme: str, unit: Unit, instead: Unit | None) -> None:
    """Refuse a club that would lose accounts; they are counted, which only happens here."""
    people, units = _held(store, programme, unit)
    if not people:
        return
    there = "is not declared any more" if instead is None else f"is declared as {instead!r} now"
    raise DefinitionError(
        f"this store has accounts of programme {shown(programme)} (customers: {people}, units: {unit.text(units)}), "
        f"which {there}. "
        f"Ids, codes and scales are stored and stay: declare Programme(id={programme!r}, unit={unit!r}, ...) again, "
        f"without rules if it is over. To leave these accounts for good: Club(retired=[{(programme, unit.code)!r}])"
    )


def _held(store: Store, programme: str, unit: Unit) -> tuple[int, int]:
    """Return how many customers have entries in an account, and the units they have by now."""
    people, units, after, now = 0, 0, "", int(store.settings.get("cursor") or 0)
    while customers := store.roster.customers(after, _PAGE):
        for customer, facts in store.facts.of(customers).items():
            books = Books.of(customer, {}, facts)
            if (programme, unit.code) in books.posted:
                people += 1
                with suppress(LedgerError):  # what cannot be read has nothing: ``verify`` tells of it
                    units += advance(books.state(Account(programme, unit, customer)), now).balance.current
        after = customers[-1]
    return people, units
