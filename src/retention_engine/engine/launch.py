"""Launching rules: from which instant on their occasions count, and who has to be looked at because rules changed."""

from __future__ import annotations

import json
from collections.abc import Iterator

from retention_engine.engine.following import is_followed, keep_followed
from retention_engine.engine.plan import Plan
from retention_engine.engine.terms import CLUB
from retention_engine.errors import DefinitionError
from retention_engine.ports import Store

_BATCH = 1_000


def launch(store: Store, plan: Plan, zone: str, origin: int) -> dict[str, int]:
    """Return rule id -> launch instant (microseconds UTC); what was not seen before is launched at ``origin``.

    When the rules, the policies or the shop's zone are new, every customer is woken at ``origin``, once.
    Called inside a transaction.

    Raises:
        DefinitionError: there is no club, but the store was used with one.
    """
    settings = store.settings
    known: dict[str, int] = json.loads(settings.get("launches") or "{}")
    keep_followed(settings, plan.club)
    if plan.club is None and (CLUB in known or is_followed(settings)):
        message = "this store has a club, and facts that pass without it earn nothing: Engine(..., club=Club(...))"
        raise DefinitionError(message)
    names = [*(rule.id for rule in plan.rules), *([] if plan.club is None else [CLUB])]
    launches = {**known, **{name: origin for name in names if name not in known}}
    if settings.get("rules") == plan.fingerprint and settings.get("zone") == zone:
        return launches
    unnoted = plan.needs_news and settings.get("interests") != "noted"
    for customers in _everybody(store):
        store.wakes.lower(dict.fromkeys(customers, origin))
        if unnoted:
            _note_interests(store, customers)
    settings.put("launches", json.dumps(launches, sort_keys=True))
    settings.put("rules", plan.fingerprint)
    settings.put("zone", zone)
    settings.put("interests", "noted" if plan.needs_news else "")
    return launches


def _everybody(store: Store) -> Iterator[list[str]]:
    after = ""
    while customers := store.roster.customers(after, _BATCH):
        yield customers
        after = customers[-1]


def _note_interests(store: Store, customers: list[str]) -> None:
    known = store.facts.of(customers)
    store.roster.note((each, customer) for customer, facts in known.items() for f in facts for each in f.subjects())
