"""The documents about codes that one transaction reads and changes: each locked before it is read, in one order.

Locks are taken in one order: wake-ups of whom it concerns, guesses, orders, codes, counters, each by name; so two
transactions never wait for each other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from attrs import evolve

from retention_engine.engine.recording import hold_books
from retention_engine.keys import fingerprint
from retention_engine.loyalty.codes import Counter, OrderUses, Use, counted
from retention_engine.ports import Settings, Store

GUESS, ORDER, CODE, COUNTER = "codes:guess:", "codes:order:", "codes:row:", "codes:use:"
Row = dict[str, Any]


class Books:
    """What is read once and written once; used inside a transaction and thrown away."""

    def __init__(self, settings: Settings) -> None:
        """Begin with nothing read."""
        self._settings = settings
        self.orders: dict[str, OrderUses] = {}
        self.rows: dict[str, Row] = {}
        self.counters: dict[str, Counter] = {}
        self._written: set[str] = set()

    def guesses(self, asker: str) -> dict[str, int]:
        """Return the wrong codes that somebody tried lately."""
        text = self._settings.hold(GUESS + fingerprint(asker), change=True)
        return {} if text is None else dict(json.loads(text))

    def put_guesses(self, asker: str, guesses: dict[str, int]) -> None:
        """Write them."""
        self._settings.put(GUESS + fingerprint(asker), _dump(guesses))

    def open_orders(self, orders: Iterable[str]) -> None:
        """Lock orders and read what they use."""
        for order in sorted(set(orders)):
            text = self._settings.hold(ORDER + order, change=True)
            if text is not None:
                self.orders[order] = OrderUses.of(text)

    def open_rows(self, codes: Iterable[str], *, change: bool = False) -> None:
        """Lock codes and read what is known of them."""
        for code in sorted(set(codes)):
            text = self._settings.hold(CODE + code, change=change)
            if text is not None:
                self.rows[code] = json.loads(text)

    def put_row(self, code: str, row: Row) -> None:
        """Write what is known of a code."""
        self.rows[code] = row
        self._settings.put(CODE + code, _dump(row))

    def open_counters(self, names: Iterable[str]) -> None:
        """Lock counters and read them."""
        for name in sorted(set(names)):
            self.counters[name] = Counter.of(self._settings.hold(COUNTER + name, change=True))

    def count(self, order: str, customer: str, changed: Iterable[Use]) -> None:
        """Write what an order uses now, and its counters; ``open_counters`` has read the former ones and the new."""
        uses = list(changed)
        known = evolve(self.orders.get(order, OrderUses(customer)), customer=customer)
        for use in uses:
            counted(self.counters, order, known.uses.get(use.promotion), use)
            former = known.uses.get(use.promotion)
            for name in {*use.counters, *(former.counters if former else ())}:
                self._settings.put(COUNTER + name, self.counters[name].text())
        self.orders[order] = known.having(uses)
        self._settings.put(ORDER + order, self.orders[order].text())


def hold_people(
    store: Store, *, customers: Iterable[str] = (), orders: Iterable[str] = (), codes: Iterable[str] = ()
) -> None:
    """Hold the wake-ups of whoever may be told of a change, as whoever records about them does: before any document.

    Customers come first, then whose codes they use: whoever records an order learns of these only later. All of them
    are read without a lock.
    """
    people, owners = set(customers), set[str]()
    for text in filter(None, (store.settings.get(ORDER + order) for order in set(orders))):
        known = OrderUses.of(text)
        people.add(known.customer)
        owners |= {use.owner for use in known.uses.values() if use.owner is not None}
    for text in filter(None, (store.settings.get(CODE + code) for code in set(codes))):
        owners.add(str(json.loads(text)["customer"]))
    for group in (people, owners - people):
        hold_books(store, sorted(group))


def _dump(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
