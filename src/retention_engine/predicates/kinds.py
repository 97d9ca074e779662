"""The collections there are, by their names."""

from __future__ import annotations

from retention_engine.errors import DefinitionError, shown
from retention_engine.predicates.aggregates import is_name
from retention_engine.predicates.records import Records
from retention_engine.state import COLLECTIONS, EVENTS


def events(name: str) -> Records:
    """Return the events of a name: the shop's own, or a built-in kind of fact such as ``order_shipped``."""
    if not is_name(name):
        raise DefinitionError(f"an event's name is letters, digits and _, not {shown(name)}")
    return Records(EVENTS + name)


answers, carts, consents, contacts, deliveries, exposures, messages, orders = map(Records, sorted(COLLECTIONS)[:8])
points, purchases, referrals, refusals, reviews, suppressions = map(Records, sorted(COLLECTIONS)[8:14])
tags, views, visits = map(Records, sorted(COLLECTIONS)[14:])
