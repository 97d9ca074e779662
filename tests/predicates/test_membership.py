"""Questions about the membership: steps of a teller become truths with exact horizons, in every reading."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.errors import DefinitionError, ExpressionError
from retention_engine.facts import Visited
from retention_engine.predicates import QUANTITIES, TRUTHS, Membership, MembershipTruth, Truth, explain, member, parse
from retention_engine.predicates.compiler import compile_predicates
from retention_engine.state import History, Steps, apply
from retention_engine.timing import NEVER, days, zone
from retention_engine.view import View

UTC = zone("UTC")


class Told:
    """Tells of each quantity the steps that were given for its name."""

    def __init__(self, **given: Steps) -> None:
        """Take steps by the names of quantities."""
        self.given = given
        self.asked = 0

    def steps(self, history: History, name: str, arguments: tuple[Any, ...], *, at: int, where: Any) -> Steps:
        """Return the steps from the one that holds on."""
        self.asked += 1
        found = self.given[name]
        first = max((place for place, step in enumerate(found) if step[0] <= at), default=0)
        return found[first:]


def steps(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Steps]:
    """Return random steps from 0 on."""
    gaps = st.lists(st.tuples(st.integers(1, 5), values), max_size=8)
    return st.builds(_summed, values, gaps)


def _summed(first: Any, gaps: list[tuple[int, Any]]) -> Steps:
    found, at = [(0, first)], 0
    for gap, value in gaps:
        at += gap
        found.append((at, value))
    return found


WORLDS = st.fixed_dictionaries(
    {
        "balance": steps(st.integers(0, 3)),
        "tier": steps(st.sampled_from((None, "base", "gold"))),
        "in_grace": steps(st.booleans()),
        "expiring": steps(st.none() | st.integers(0, 3)),
    }
)
ASKED = [
    member.balance("pts") >= 2,
    member.balance("pts") != 1,
    member.tier("club") == "gold",
    ~(member.tier("club") == "gold"),
    member.tier("club").is_set(),
    member.in_grace("club"),
    (member.expiring("pts", days(7)) > 0) & (member.balance("pts") < 3),
    (member.tier("club").is_in("base", "gold")) | ~member.in_grace("club"),
]


def truth(predicate: Truth, world: dict[str, Steps], at: int) -> bool:
    """Return the truth by looking the values up one by one."""
    return predicate.verdict(View(History("anna", teller=Fixed(world, at)), at, UTC)).holds


class Fixed(Told):
    """Tells the value of one instant, for ever: nothing of a step is looked up."""

    def __init__(self, world: dict[str, Steps], at: int) -> None:
        """Take the instant."""
        super().__init__(**{name: [(0, [v for s, v in given if s <= at][-1])] for name, given in world.items()})


@pytest.mark.parametrize("predicate", ASKED, ids=str)
@given(world=WORLDS, at=st.integers(0, 30))
def test_the_horizon_is_exact(predicate: Truth, world: dict[str, Steps], at: int) -> None:
    """The truth is constant up to ``until``, and of a single question it differs there."""
    history = History("anna", teller=Told(**world))
    verdict = predicate.verdict(View(history, at, UTC))
    assert verdict.holds == truth(predicate, world, at)
    end = 60 if verdict.until is None else verdict.until
    assert all(truth(predicate, world, now) == verdict.holds for now in range(at, end))
    if verdict.until is not None and not predicate.parts()[1:]:
        assert truth(predicate, world, end) != verdict.holds


@given(world=WORLDS, at=st.integers(0, 30))
def test_the_compiled_reading_agrees(world: dict[str, Steps], at: int) -> None:
    """The generated function gives the truths of the tree walk, and no later horizon."""
    program = compile_predicates(ASKED)
    history = History("anna", teller=Told(**world))
    record = program.record(history, "UTC")
    mask, until = program.horizon(record, at)
    verdicts = [each.verdict(View(history, at, UTC)) for each in ASKED]
    assert mask == sum(1 << place for place, verdict in enumerate(verdicts) if verdict.holds)
    assert until <= min((NEVER if each.until is None else each.until) for each in verdicts)


def test_a_fact_lets_the_teller_be_asked_again() -> None:
    """What was told is kept until a fact comes, whatever the fact; then the compiled reading follows."""
    teller = Told(balance=[(0, 1)])
    history = History("anna", wanted=frozenset(), teller=teller)
    program = compile_predicates([member.balance("pts") >= 2])
    record = program.record(history, "UTC")
    assert program.horizon(record, 5)[0] == 0
    assert program.horizon(record, 6)[0] == 0
    assert teller.asked == 1
    teller.given["balance"] = [(0, 2)]
    apply(history, Visited(id="v", customer="anna", at=7))
    program.update(record)
    assert program.horizon(record, 7)[0] == 1


def test_an_earlier_instant_is_asked_anew() -> None:
    """Steps told from an instant on say nothing of the time before."""
    history = History("anna", teller=Told(balance=[(0, 1), (5, 2)]))
    predicate = member.balance("pts") >= 2
    assert [predicate.verdict(View(history, at, UTC)).holds for at in (6, 3, 6)] == [True, False, True]


@pytest.mark.parametrize("name", sorted({**QUANTITIES, **TRUTHS}))
def test_every_quantity_is_written_and_read_back(name: str) -> None:
    """The text and the Python form are the same value; the sort is what it is compared with."""
    kinds = TRUTHS[name] if name in TRUTHS else QUANTITIES[name][1]
    arguments = tuple("club" if kind is str else days(7) for kind in kinds)
    made = asked = getattr(member, name)(*arguments)
    if name in TRUTHS:
        assert made == MembershipTruth(name, arguments)
    else:
        assert made == Membership(name, arguments)
        asked = made == {"number": 3, "text": "gold"}[QUANTITIES[name][0]]
    assert parse(str(asked)) == asked
    assert eval(repr(asked), {"member": member, "days": days}) == asked
    assert asked.reads() == frozenset({"member"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("member.balanse('pts') > 1", r"unknown quantity 'member.balanse' \(did you mean 'balance'\?\)"),
        ("member.balance > 1", r"member.balance is called: member.balance\(...\)"),
        ("member > 1", r"'member' does not stand alone: write member.balance\('pts'\)"),
        ("member.balance(3) > 1", r"member.balance\(\) takes a name, not \(3,\)"),
        ("member.balance('') > 1", r"member.balance\(\) takes a name"),
        ("member.expiring('pts', days(0)) > 1", r"takes a name, a span such as days\(7\)"),
        ("member.expiring('pts', 7) > 1", r"takes a name, a span such as days\(7\)"),
        ("member.balance('pts') == 'much'", r"needs a number, not 'much'"),
        ("member.tier('club') > 'gold'", r"is a text and has no '>'"),
    ],
)
def test_mistakes_are_named(text: str, message: str) -> None:
    """One clear error at its place."""
    with pytest.raises(ExpressionError, match=message):
        parse(text)


def test_an_unknown_quantity_is_named() -> None:
    """In Python, too."""
    with pytest.raises(DefinitionError, match=r"unknown quantity 'member\.points'"):
        Membership("points", ("pts",))
    with pytest.raises(DefinitionError, match=r"unknown truth 'member\.in_grass' \(did you mean 'in_grace'\?\)"):
        MembershipTruth("in_grass", ("club",))


def test_nobody_without_a_club_has_anything() -> None:
    """No value is no error: the comparison is false, its negation true."""
    view = View(History("anna"), 0, UTC)
    for predicate in (
        member.balance("pts") >= 0,
        member.balance("pts") < 5,
        member.tier("club").is_set(),
        member.in_grace("t"),
    ):
        assert not predicate.verdict(view).holds
        assert (~predicate).verdict(view).holds


def test_it_explains_itself() -> None:
    """The value, and what would change it."""
    history = History("anna", teller=Told(balance=[(0, 120)], expiring=[(0, 40), (1_000_000, 0)]))
    view = View(history, 0, UTC)
    assert explain(member.balance("pts") >= 300, view).lines() == [
        "member.balance('pts') >= 300    no    120; only a fact about the customer changes it"
    ]
    (line,) = explain(member.expiring("pts", days(7)) >= 40, view).lines()
    assert line.endswith("yes   40; turns false 1970-01-01 00:00 by itself")
