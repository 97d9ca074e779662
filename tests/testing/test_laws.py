"""Each law fails on its own kind of fault, with a message that shows predicate, instant and facts."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from attrs import evolve, field, frozen

from retention_engine.facts import Order, OrderPlaced
from retention_engine.money import Money
from retention_engine.predicates import (
    Compare,
    Dates,
    Not,
    Quantity,
    Truth,
    Verdict,
    Window,
    all_of,
    customer,
    orders,
    segment,
)
from retention_engine.state import History, history
from retention_engine.testing import (
    LAWS,
    Case,
    arrangements,
    check_comparisons,
    check_dates,
    check_de_morgan,
    check_double_negation,
    check_horizon,
    check_laws,
    check_negation,
    check_reads,
    check_repr,
    check_text,
    check_windows,
    nodes,
    order_independent,
    view_at,
    walk,
)
from retention_engine.timing import DAY, HOUR, days, to_instant

AT = to_instant("2026-03-01T00:00:00Z")
ORDER = OrderPlaced.of(Order(id="o1", customer="anna", at=AT - DAY, total=Money(5, "EUR")))
LATER = OrderPlaced.of(Order(id="o2", customer="anna", at=AT + DAY, total=Money(5, "EUR")))


@frozen(repr=False)
class Own(Truth):
    """A predicate of the user's own: true from an instant on, with the horizon they say."""

    start: int
    until: Any = None
    text_form: str = "orders.exists()"
    code: str = "orders.exists()"
    negated: Any = field(default=None, eq=False)
    names: frozenset[str] = frozenset({"orders"})

    def verdict(self, view: Any) -> Verdict:
        """Answer."""
        return Verdict(view.now >= self.start, self.until(view.now) if callable(self.until) else self.until)

    def write(self, *, python: bool) -> str:
        """Write whatever was given."""
        return self.code if python else self.text_form

    def reads(self) -> frozenset[str]:
        """Return whatever was given."""
        return self.names

    def __invert__(self) -> Truth:
        """Return whatever was given, or the negation."""
        return Not(self) if self.negated is None else self.negated


@frozen(eq=False)
class Everything(Quantity):
    """A quantity that is smaller and greater than anything."""

    def sort(self) -> str:
        """Return number."""
        return "number"

    def read(self, view: Any, constant: Any) -> Any:
        """Return itself."""
        return self

    def value(self, at: int) -> Any:
        """Return something that agrees with every comparison."""
        return type("Yes", (), dict.fromkeys(("__lt__", "__ge__"), lambda self, other: True))()

    def turns(self, after: int) -> None:
        """Return None."""

    def write(self, *, python: bool) -> str:
        """Write a name."""
        return "everything"


@frozen
class Reversed(Dates):
    """A period of dates that holds on all the others."""

    def verdict(self, view: Any) -> Verdict:
        """Return the opposite."""
        return (~Dates(self.first, self.last)).verdict(view)


@frozen(repr=False)
class Forgetful(Own):
    """A predicate that reads more than it says."""

    def verdict(self, view: Any) -> Verdict:
        """Look at the orders."""
        return Verdict(bool(view.history.records("orders")), None)


BROKEN = {
    "never said to turn": (check_horizon, Own(AT + 5 * DAY), "said False for ever"),
    "said to turn late": (
        check_horizon,
        Own(AT + 5 * DAY, lambda now: AT + 6 * DAY),
        "said False until 2026-03-07T00:00:00Z",
    ),
    "not later": (check_horizon, Own(AT + DAY, lambda now: now), "not later than the instant"),
    "behind an or": (check_horizon, Own(AT + 5 * DAY) | orders.exists(), "orders.exists() is True"),
    "negated to itself": (check_negation, Own(AT - DAY, negated=orders.exists()), "but its negation"),
    "negated twice": (
        check_double_negation,
        Own(AT, negated=orders.exists()),
        "negated twice it is not orders.exists()",
    ),
    "de morgan": (check_de_morgan, all_of(Own(AT - DAY, negated=orders.exists()), orders.exists()), "at_least(1, "),
    "both hold": (check_comparisons, Compare(Everything(), "<", 5), "both everything < 5 and everything >= 5"),
    "dates": (check_dates, Reversed(date(2026, 3, 5), date(2026, 3, 5)), "on 2026-02-28 the truth of dates("),
    "text of another": (check_text, Own(AT), "its text parses to orders.exists()"),
    "text that does not parse": (check_text, Own(AT, text_form="nope"), "its text does not parse: unknown name 'nope'"),
    "repr of another": (check_repr, Own(AT), "its repr builds orders.exists()"),
    "repr that is not Python": (check_repr, Own(AT, code="Own('a\nb')"), "its repr builds nothing: unterm"),
    "repr that cannot be called": (check_repr, Own(AT, code="days(1, 2)"), "its repr builds nothing: days() takes"),
    "reads too little": (check_reads, Forgetful(AT, names=frozenset()), "when only [] is kept"),
}


@pytest.mark.parametrize(("law", "predicate", "message"), BROKEN.values(), ids=BROKEN.keys())
def test_a_law_names_what_breaks_it(law: Any, predicate: Truth, message: str) -> None:
    """The message says what, the predicate, the instant as ISO text and integer, and the facts."""
    with pytest.raises(AssertionError) as caught:
        law(Case(predicate, [ORDER], AT))
    shown = str(caught.value)
    assert message in shown
    assert f"predicate: {predicate}" in shown
    assert "instant: 2026-" in shown
    assert repr(ORDER) in shown


def test_windows_share_out_their_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """A window that keeps its records too long is noticed."""
    sound = Window.members

    def members(self: Window, view: Any) -> Any:
        return [evolve(each, end=each.end + 1) for each in sound(self, view)]

    monkeypatch.setattr(Window, "members", members)
    with pytest.raises(AssertionError, match=r"but within and before days\(3\) of it \['o1', 'o1'\]"):
        check_windows(Case(orders.within(days(3)).exists(), [ORDER], AT))


def test_a_case_without_facts_says_so() -> None:
    """The message does not end in nothing."""
    with pytest.raises(AssertionError, match="no facts"):
        check_horizon(Case(Own(AT + DAY), [], AT))


def test_sound_predicates_pass_every_law() -> None:
    """Also segments and those that read carts, entries and events."""
    regulars = segment("it's", orders.within(days(3)).count() >= 1)
    check_laws(regulars & ~(customer.city == "Riga"), [ORDER, LATER], at=AT, zone="Africa/Cairo", entry=AT - HOUR)


def test_check_laws_runs_every_law() -> None:
    """Each law has its example of a fault here."""
    assert set(LAWS) == {law for law, _, _ in BROKEN.values()} | {check_windows}
    with pytest.raises(AssertionError):
        check_laws(Own(AT + DAY), [], at="2026-03-01T00:00:00Z")


def test_a_repr_is_made_of_names_calls_and_constants() -> None:
    """Anything else is not evaluated."""
    for code, shown in (("lambda: 1", "not Lambda"), ("__import__('os')", r"not Name\(id='__import__'")):
        with pytest.raises(AssertionError, match=shown):
            check_repr(Case(Own(AT, code=code), [], AT))


def test_a_walk_goes_from_horizon_to_horizon() -> None:
    """It ends where there is no horizon, or after the instant given."""
    view = view_at([ORDER], AT)
    inside = orders.within(days(3)).exists()
    steps = list(walk(inside, lambda now: evolve(view, now=now), AT))
    assert steps == [(AT, Verdict(True, AT + 2 * DAY)), (AT + 2 * DAY, Verdict(False, None))]
    assert list(walk(inside, lambda now: evolve(view, now=now), AT, to=AT + DAY)) == steps[:1]


def test_a_walk_that_stands_still_fails() -> None:
    """Instead of going on for ever."""
    view = view_at([], AT)
    with pytest.raises(AssertionError, match=r"the horizon of orders.exists\(\) is 2026-03-01T00:00:00Z, not later"):
        list(walk(Own(0, AT), lambda now: evolve(view, now=now), AT))


def test_a_view_knows_what_has_taken_effect() -> None:
    """A fact counts from the later of its two instants on; what is not wanted is not kept."""
    late = evolve(ORDER, learned=AT + 1)
    assert len(view_at([ORDER, LATER], AT).history.records("orders")) == 1
    assert view_at([late], AT).history.records("orders") == []
    assert len(view_at([late], "2026-03-01T00:00:00.000001Z").history.records("orders")) == 1
    assert view_at([ORDER], AT, wanted=frozenset()).history.lists == {}


def test_a_view_is_of_the_customer_of_the_facts() -> None:
    """Or of the one given, or of nobody in particular."""
    assert view_at([ORDER], AT).history.customer == "anna"
    assert view_at([ORDER], AT, customer="bob").history.customer == "bob"
    assert view_at([], AT).history.customer == "customer-7"


def test_nodes_are_all_those_inside() -> None:
    """The predicate itself first."""
    predicate = ~orders.within(days(3)).exists()
    assert [type(each).__name__ for each in nodes(predicate)] == ["Not", "Compare", "Aggregate", "Window", "Records"]


def test_arrangements_tell_the_same_facts() -> None:
    """In several orders, some of them twice."""
    told = list(arrangements([ORDER, LATER]))
    assert all({fact.id for fact in each} == {ORDER.id, LATER.id} for each in told)
    assert max(len(each) for each in told) == 4


def test_a_fold_that_depends_on_arrival_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the difference and both orders of facts."""
    monkeypatch.setattr(History, "put", lambda self, name, record: self.lists.setdefault(name, []).append(record))
    with pytest.raises(AssertionError) as caught:
        order_independent([ORDER, LATER])
    shown = str(caught.value)
    assert shown.startswith("the order of facts matters\nlists events:order_placed: ")
    assert shown.index("first:") < shown.index(repr(ORDER)) < shown.index("then:")


def test_a_fold_that_moves_the_beginning_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every part of a history is compared."""
    monkeypatch.setattr(History, "__eq__", lambda self, other: self.first == other.first)
    monkeypatch.setattr(history.History, "put", lambda self, *given: setattr(self, "first", given[1].at))
    with pytest.raises(AssertionError, match="first: "):
        order_independent([ORDER, LATER])
