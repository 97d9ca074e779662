"""Every collection has a name of its own; events are named by the shop."""

from __future__ import annotations

import pytest

from retention_engine import predicates
from retention_engine.errors import DefinitionError
from retention_engine.facts import OrderShipped
from retention_engine.predicates import Records, events
from retention_engine.state import COLLECTIONS
from tests.predicates._shop import WHO, happened, holds, on


@pytest.mark.parametrize("name", sorted(COLLECTIONS))
def test_each_collection_stands_under_its_name(name: str) -> None:
    """``predicates.orders`` is ``Records("orders")``, and so on."""
    assert getattr(predicates, name) == Records(name)


def test_events_are_those_of_a_name() -> None:
    """An event of another name does not count."""
    assert holds(events("quiz").exists(), happened("1", 0))
    assert not holds(events("poll").exists(), happened("1", 0))


def test_any_kind_of_fact_is_an_event() -> None:
    """What has no collection of its own can be asked for by the stable name of its kind."""
    shipped = OrderShipped(id="s", customer=WHO, at=on(0), order_id="o1")
    assert holds(events("order_shipped").where(order_id="o1").exists(), shipped)


@pytest.mark.parametrize("name", ["", "a b", "é", "_x", "class", None, 5])
def test_an_event_needs_a_plain_name(name: str) -> None:
    """Letters, digits and underscores, no keyword."""
    with pytest.raises(DefinitionError, match="an event's name is letters, digits and _, not"):
        events(name)


def test_an_unknown_collection_names_the_nearest() -> None:
    """``Records("order")`` is refused."""
    with pytest.raises(DefinitionError, match=r"unknown collection 'order' \(did you mean 'orders'\?\)"):
        Records("order")
