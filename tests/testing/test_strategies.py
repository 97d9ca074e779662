"""The strategies draw what they promise, tie on purpose, shrink to little and print what can be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pendulum
import pytest
from hypothesis import HealthCheck, find, given, seed, settings
from hypothesis import strategies as st

from retention_engine import facts as f
from retention_engine.predicates import (
    Age,
    Aggregate,
    All,
    AnyOf,
    AtLeast,
    Attribute,
    Bucket,
    CalendarDays,
    Collection,
    Compare,
    Dates,
    Gaps,
    Local,
    Not,
    Quantity,
    Records,
    Segment,
    Since,
    Truth,
    Where,
    Window,
    Yearly,
)
from retention_engine.testing import (
    Case,
    cases,
    collections,
    customers,
    datetimes,
    expressions,
    facts,
    histories,
    instants,
    nodes,
    orders,
    quantities,
    spans,
    strategies,
    zones,
)
from retention_engine.timing import is_zone, local_date, to_instant, zone

NODES = [
    Age,
    Aggregate,
    All,
    AnyOf,
    AtLeast,
    Attribute,
    Bucket,
    CalendarDays,
    Compare,
    Dates,
    Gaps,
    Local,
    Not,
    Records,
]
NODES += [Segment, Since, Where, Window, Yearly]


def drawn(strategy: st.SearchStrategy[Any], rounds: int = 40) -> list[Any]:
    """Return some hundred values, always the same ones; in rounds of ten, since later ones are varied, not drawn."""
    values: list[Any] = []

    @settings(max_examples=10, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def collect(value: Any) -> None:
        values.append(value)

    for number in range(rounds):
        seed(number)(collect)()
    return values


@pytest.mark.slow
def test_every_node_type_is_drawn() -> None:
    """Some hundred expressions have all of them."""
    assert {type(each) for made in drawn(expressions()) for each in nodes(made)} == set(NODES)


@pytest.mark.slow
def test_every_kind_of_fact_is_drawn() -> None:
    """Those about the catalogue included."""
    assert {type(fact) for fact in drawn(facts(), rounds=80)} == set(f.KINDS.values())


@given(histories(customer="anna"))
def test_a_history_is_of_one_customer_and_each_id_comes_once(told: list[f.Fact]) -> None:
    """No fact about the catalogue is among it."""
    assert {fact.customer for fact in told} <= {"anna"}
    assert len({fact.id for fact in told}) == len(told)


@given(histories(min_orders=2, max_orders=4, max_others=0))
def test_a_history_has_as_many_orders_as_asked_for(told: list[f.Fact]) -> None:
    """An order placed again keeps its id."""
    placed = {fact.order.id for fact in told if isinstance(fact, f.OrderPlaced)}
    assert 2 <= len(placed) <= 4
    assert all(isinstance(fact, f.OrderPlaced) or fact.order_id in placed for fact in told)


def some(cls: type[Any], test: Callable[[Any], bool] = lambda fact: True) -> Callable[[list[f.Fact]], bool]:
    """Return the question whether one fact of a kind passes."""
    return lambda told: any(isinstance(fact, cls) and test(fact) for fact in told)


def tie(told: list[f.Fact]) -> bool:
    """Tell whether two orders were placed at one instant."""
    at = [fact.at for fact in told if isinstance(fact, f.OrderPlaced)]
    return len(at) != len(set(at))


WANTED = {
    "two orders at one instant": tie,
    "an unpaid order": some(f.OrderPlaced, lambda fact: not fact.paid),
    "a refund of a part": some(f.OrderRefunded, lambda fact: fact.amount is not None and fact.amount.amount > 0),
    "a refund of everything": some(f.OrderRefunded, lambda fact: fact.amount is None),
    "a cancelled order": some(f.OrderCancelled),
    "an order learned late": some(f.OrderPlaced, lambda fact: fact.effective > fact.at),
    "an order of a cart": some(f.OrderPlaced, lambda fact: fact.order.cart is not None),
    "an event with two kinds of data": some(f.Event, lambda fact: len({type(each) for each in fact.data.values()}) > 1),
    "a birthday on 29 February": some(f.AttributeChanged, lambda fact: str(fact.value).endswith("-02-29")),
    "a zone that does not exist": some(f.AttributeChanged, lambda fact: fact.value == "Mars/Olympus_Mons"),
    "an attribute that is an instant": some(f.AttributeChanged, lambda fact: fact.is_instant),
    "a consent for all topics withdrawn": some(f.ConsentWithdrawn, lambda fact: fact.topic is None),
}


@pytest.mark.slow
def test_histories_have_what_breaks_careless_code() -> None:
    """Among some hundred histories each of it is found."""
    found = drawn(histories())
    assert [name for name, wanted in WANTED.items() if not any(map(wanted, found))] == []


def least(strategy: st.SearchStrategy[Any], wanted: Callable[[Any], bool]) -> Any:
    """Return the smallest value that is wanted."""
    quiet = {"database": None, "deadline": None, "suppress_health_check": list(HealthCheck)}
    search = settings(max_examples=6000, derandomize=True, **quiet)
    return find(strategy, wanted, settings=search)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["two orders at one instant", "a refund of a part", "an attribute that is an instant"])
def test_a_history_shrinks_to_the_facts_that_matter(name: str) -> None:
    """Whatever does not matter is gone."""
    assert len(least(histories(), WANTED[name])) <= 3


@pytest.mark.slow
@pytest.mark.parametrize("cls", [Not, Window, Yearly])
def test_an_expression_shrinks_to_the_node_that_matters(cls: type[Any]) -> None:
    """Hardly anything else is left."""
    smallest = least(expressions(around=0), lambda made: any(type(each) is cls for each in nodes(made)))
    assert smallest.size()[0] <= 6


@given(zones())
def test_zones_exist(name: str) -> None:
    """Each is an IANA name."""
    assert is_zone(name)


@given(datetimes())
def test_datetimes_are_aware_values_of_pendulum(value: pendulum.DateTime) -> None:
    """In the zone whose clock changes near them."""
    assert type(value) is pendulum.DateTime
    assert value.timezone_name in strategies.times.ZONES


@given(customers(id="anna"))
def test_customers_are_facts_already(customer: f.Customer) -> None:
    """Whatever is drawn registers."""
    assert f.Registered.of(customer).customer == "anna"


@given(customers())
def test_customers_have_ids_of_their_own(customer: f.Customer) -> None:
    """Unless one is given."""
    assert customer.id


@given(orders(id="o", customer="anna", around=0))
def test_orders_are_facts_already(order: f.Order) -> None:
    """Whatever is drawn can be placed, near the instant asked for."""
    assert f.OrderPlaced.of(order).order.id == "o"
    assert abs(order.at) < 16 * 86_400_000_000


@given(collections(entry=False), quantities(entry=False), expressions(max_leaves=1, entry=False), spans())
def test_outside_of_journeys_nothing_reads_the_entry(
    made: Collection, quantity: Quantity, predicate: Truth, span: Any
) -> None:
    """``entry=False`` leaves it out."""
    assert "entry" not in made.reads() | quantity.reads() | predicate.reads()
    assert span.micros > 0


@given(expressions(about=["tags"], around=0), collections(about=["tags"]))
def test_expressions_can_be_about_some_collections(predicate: Truth, made: Collection) -> None:
    """Most are, the rest keeps the strategy honest."""
    assert predicate.size()[0] >= 1
    assert made.reads()


@given(cases(zone="America/Havana"))
def test_a_case_can_be_near_the_clock_changes_of_a_zone(case: Case) -> None:
    """The shop is there."""
    assert case.zone == "America/Havana"


@given(cases())
def test_a_case_prints_what_can_be_read(case: Case) -> None:
    """The instant as number and text, the predicate as the expression that builds it."""
    shown = repr(case)
    assert repr(case.predicate) in shown
    assert f"at={case.at} or '" in shown


def test_the_grid_has_the_awkward_instants() -> None:
    """Local midnights, also those that do not exist or come twice, and a microsecond beside them."""
    points = strategies.times.grid(to_instant("2024-11-03T00:00:00Z"), "America/Havana")
    first, again = to_instant("2024-11-03T04:00:00Z"), to_instant("2024-11-03T05:00:00Z")
    assert {first, first - 1, first + 1, again} <= set(points)
    assert local_date(first, zone("America/Havana")).day == 3


@given(instants())
def test_instants_are_whole_microseconds(instant: int) -> None:
    """Near one of the awkward moments."""
    assert type(instant) is int


def test_half_of_the_instants_are_eight() -> None:
    """So that ties are frequent."""
    seen: list[int] = []

    @settings(max_examples=300, database=None)
    @given(st.lists(instants(around=0), min_size=5, max_size=5))
    def collect(drawn: list[int]) -> None:
        seen.append(len(set(drawn)))

    collect()
    assert sum(count < 5 for count in seen) > len(seen) / 3
