"""A date that comes every year, of a customer who moves: given once, when it is that day where they live."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from retention_engine import Customer, Engine, customer
from retention_engine.clubs import Club, Programme, YearlyBonus
from retention_engine.clubs import bonuses as module
from retention_engine.facts import AttributeChanged, LedgerPosted
from retention_engine.loyalty import Unit
from retention_engine.timing import HOUR, MINUTE, anniversary, local_date, local_days, to_instant, zone

START = to_instant("2026-02-25T00:00:00+00:00")
END = START + 8 * 24 * HOUR
ZONES = ("Etc/GMT+12", "Pacific/Honolulu", "UTC", "Asia/Kathmandu", "Asia/Tokyo", "Pacific/Kiritimati")
HOURS = st.integers(1, 7 * 24).map(lambda hour: START + hour * HOUR)
FAST = settings(max_examples=300, phases=(Phase.generate,), database=None, derandomize=True)
Moves = list[tuple[int, str]]
MOVES = st.lists(st.tuples(HOURS, st.sampled_from(ZONES)), max_size=5, unique_by=lambda move: move[0]).map(sorted)


def given_at(born: str, first: str, moves: Moves, cuts: list[int], ahead: int = 0) -> list[int]:
    """Return when the bonus was given by the engine, advanced at each of some instants."""
    bonus = YearlyBonus("birthday", anchor=customer.birthday, amount=1, before=local_days(ahead))
    programme = Programme(id="club", unit=Unit("pts"), currency="EUR", yearly=[bonus])
    with Engine([], club=Club(programmes=[programme]), since=START - HOUR) as engine:
        engine.record(Customer(id="anna", registered=START, birthday=born, zone=first))
        for at, name in moves:
            told = AttributeChanged(id=f"to{at}", customer="anna", at=at, name="zone", value=name)
            engine.record(told)
        for cut in [*sorted(cuts), END]:
            engine.advance(cut)
        facts = engine.store.facts.of(["anna"])["anna"]
        return [fact.at for fact in facts if isinstance(fact, LedgerPosted)]


def first_seen(day: date, first: str, moves: Moves) -> list[int]:
    """Return the first instant at which the local date is the day or later, of those a quarter of an hour apart."""
    steps = range(START, END + 1, 15 * MINUTE)
    homes = [zone([first, *(name for at, name in moves if at <= step)][-1]) for step in steps]
    reached = (step for step, home in zip(steps, homes, strict=True) if local_date(step, home) >= day)
    found = next(reached, None)
    return [] if found is None or found == START else [found]


@pytest.mark.parametrize(("born", "ahead"), [("--02-29", 0), ("--03-01", 0), ("--03-01", 2)])
def test_moves_neither_lose_nor_double_it(born: str, ahead: int) -> None:
    """Compared with a look at the calendar on the wall every quarter of an hour; time may be cut anywhere."""
    month, number = int(born[2:4]), int(born[5:])
    day = date.fromordinal(anniversary(month, number, 2026, "feb28").toordinal() - ahead)

    @settings(max_examples=25)
    @given(st.sampled_from(ZONES), MOVES, st.lists(HOURS, max_size=2))
    def law(first: str, moves: Moves, cuts: list[int]) -> None:
        assert given_at(born, first, moves, cuts, ahead) == first_seen(day, first, moves)

    law()


def test_the_law_bites() -> None:
    """Whoever looks at the new zone alone misses the day that the move jumps over."""
    day = date(2026, 2, 28)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_lived", lambda history, at, where: where)
        wrong = st.tuples(st.sampled_from(ZONES), MOVES)
        find(wrong, lambda one: given_at("--02-28", *one, []) != first_seen(day, *one), settings=FAST)


def test_the_last_day_of_the_year_is_not_jumped_over() -> None:
    """30 December in the west, 1 January in the east, a moment later."""
    told = Customer(id="anna", registered=START, birthday="--12-31", zone="Etc/GMT+12")
    at = to_instant("2026-12-31T11:30:00+00:00")
    bonus = YearlyBonus("birthday", anchor=customer.birthday, amount=1)
    programme = Programme(id="club", unit=Unit("pts"), currency="EUR", yearly=[bonus])
    with Engine([], club=Club(programmes=[programme]), since=START - HOUR) as engine:
        engine.record(told)
        engine.record(AttributeChanged(id="to", customer="anna", at=at, name="zone", value="Pacific/Kiritimati"))
        assert engine.cashier.balance("anna", "pts", at=at).available == 1
        assert engine.cashier.balance("anna", "pts", at=at + 300 * 24 * HOUR).available == 1


def test_a_zone_that_is_learned_is_no_move() -> None:
    """Until then the shop's zone counts; whoever signs up on the day has to wait a year."""
    assert given_at("--02-25", "Asia/Tokyo", [], []) == []
    assert given_at("--02-26", "Nowhere", [(START + 23 * HOUR, "Asia/Tokyo")], []) == []
