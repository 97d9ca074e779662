"""Whether the documents about codes agree with the facts: the facts are right."""

from __future__ import annotations

from collections.abc import Iterator

from retention_engine.engine.audit import PAGE, Breach
from retention_engine.engine.codes.books import CODE, COUNTER, ORDER
from retention_engine.engine.codes.telling import use_of
from retention_engine.facts import CodeHeld, CodeIssued, CodeReleased, CodeUsed, Fact
from retention_engine.loyalty.codes import Counter, OrderUses, Use, rebuilt
from retention_engine.ports import Store

LAW = "codes"


def code_breaches(store: Store, at: int) -> Iterator[Breach]:
    """Yield every breach; customers are read by pages."""
    latest: dict[str, dict[str, Use]] = {}
    for fact in _facts(store):
        if isinstance(fact, CodeIssued) and store.settings.get(CODE + fact.code) is None:
            yield Breach(LAW, fact.id, "is a code that was given and is not known")
        if isinstance(fact, CodeHeld | CodeUsed | CodeReleased):
            uses = latest.setdefault(fact.order_id, {})
            use = use_of(fact)
            if use.promotion not in uses or uses[use.promotion].turn < use.turn:
                uses[use.promotion] = use
    for name, counter in rebuilt({order: uses.values() for order, uses in latest.items()}).items():
        found = Counter.of(store.settings.get(COUNTER + name)).at(at)
        if found != counter.at(at):
            yield Breach(LAW, name, f"is a counter at {found.text()}, the facts make {counter.at(at).text()}")
    for order, uses in latest.items():
        text = store.settings.get(ORDER + order)
        known = {} if text is None else OrderUses.of(text).uses
        if {name: _told(use) for name, use in known.items()} != {name: _told(use) for name, use in uses.items()}:
            yield Breach(LAW, order, "is an order whose uses are not those of the facts")


def _told(use: Use) -> tuple[object, ...]:
    return (use.stage, use.turn, use.amount, use.counters, use.since, use.until, use.code)


def _facts(store: Store) -> Iterator[Fact]:
    after = ""
    while customers := store.roster.customers(after, PAGE):
        for facts in store.facts.of(customers).values():
            yield from facts
        after = customers[-1]
