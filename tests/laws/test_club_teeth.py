"""The laws of the club bite: each planted fault of the binding is found by one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve
from hypothesis import Phase, find, settings
from hypothesis import strategies as st

from retention_engine import Engine
from retention_engine.clubs import Club
from retention_engine.clubs import club as club_module
from retention_engine.clubs.books import Books
from retention_engine.clubs.clerk import Clerk
from retention_engine.engine import cashier
from retention_engine.errors import FactConflict, KeyConflict, RetentionError
from retention_engine.facts import LedgerPosted, LevelReached
from retention_engine.loyalty import Redeem, Transfer, advance
from retention_engine.state import History
from retention_engine.timing import DAY, HOUR, NEVER
from tests.engine import test_cashier as till
from tests.engine import test_club as shop
from tests.laws._club import CLUB, LENGTH, START, Life, lived, lives

Patch = pytest.MonkeyPatch
FAST = settings(max_examples=150, phases=(Phase.generate,), database=None, derandomize=True)
HOURS = st.integers(1, LENGTH * 24).map(lambda hour: START + hour * HOUR)


def later_posts(patch: Patch) -> None:
    """Know what was posted an hour later than it was caused."""
    post = Books.post
    patch.setattr(Books, "post", lambda self, command, learned=None: post(self, command, (learned or 0) + HOUR))


def no_turn(patch: Patch) -> None:
    """Forget when time alone reaches a level: it is seen at the next fact, or the next advance."""
    by_time = Clerk.by_time
    patch.setattr(Clerk, "by_time", lambda self, view: (by_time(self, view)[0], NEVER))


def stale_steps(patch: Patch) -> None:
    """Keep what was told although a fact came."""
    patch.setattr(History, "stir", lambda self: None)


def forgetful(patch: Patch) -> None:
    """Do not know a command that was carried out: it is carried out again."""
    patch.setattr(Books, "known", lambda self, command: None)


def level_with_the_order(patch: Patch) -> None:
    """Multiply by the level that the order itself brings."""
    before = club_module.standing_before
    patch.setattr(club_module, "standing_before", lambda one, history, at, where: before(one, history, at + 1, where))


def blind_counter(patch: Patch) -> None:
    """Answer at the counter from what was posted alone."""

    def catch_up(self: Clerk, facts: Any, **_: Any) -> Any:
        return History(self.books.customer, teller=self.club), []

    patch.setattr(Clerk, "catch_up", catch_up)


def unchecked_since(patch: Patch) -> None:
    """Let history before the launch earn."""
    of = Clerk.of.__func__  # type: ignore[attr-defined]  # a class method
    patch.setattr(
        Clerk,
        "of",
        classmethod(lambda cls, club, subject, *, launched, giver: of(cls, club, subject, launched=0, giver=giver)),
    )


def granted_twice(patch: Patch) -> None:
    """Name a grant after its instant, not after its action."""
    grant = Club.grant

    def renamed(self: Club, action: Any, books: Any, at: int) -> Any:
        return evolve(grant(self, action, books, at), key=f"grant:{at}")

    patch.setattr(Club, "grant", renamed)


def cut(life: Life, cuts: list[int]) -> bool:
    """Tell whether cutting time makes a difference, or something breaks."""
    try:
        return lived(life, cuts) != lived(life, [])
    except (RetentionError, AssertionError):
        return True


def asked(life: Life, cuts: list[int]) -> bool:
    """Tell whether the counter says something else than the engine, right before it is advanced."""
    at = cuts[0] if cuts else START + 3 * DAY
    words: dict[str, Any] = {"club": CLUB, "since": START, "zone": "Europe/Berlin"}
    with Engine([], **words) as one:
        one.record(life.facts)
        ahead = one.cashier.balance("anna", "pts", at=at)
        one.advance(at + 1)  # what is made at an instant is known a microsecond later
        known = one.store.facts.of(["anna"])["anna"]
    account = CLUB.programmes[0].account("anna")
    state = Books.of("anna", CLUB.terms, [fact for fact in known if fact.effective <= at + 1]).state(account)
    return ahead != advance(state, at).balance


def told(life: Life, cuts: list[int]) -> bool:
    """Tell whether the life, told by the code as it is, would have gone another way."""
    wrong = lived(life, [])
    with pytest.MonkeyPatch.context() as clean:
        for (owner, name), right in RIGHT.items():
            clean.setattr(owner, name, right)
        return wrong != lived(life, [])


RIGHT: dict[tuple[Any, str], Any] = {
    (club_module, "standing_before"): club_module.standing_before,
    (History, "stir"): History.stir,
}
PLANTS: list[tuple[Callable[[Patch], None], Callable[[Life, list[int]], bool]]] = [
    (granted_twice, cut),
    (blind_counter, asked),
    (later_posts, asked),
    (level_with_the_order, told),
    (stale_steps, told),
]


@pytest.mark.parametrize(("plant", "law"), PLANTS, ids=[plant.__name__ for plant, _ in PLANTS])
def test_a_planted_fault_is_found(plant: Callable[[Patch], None], law: Callable[[Life, list[int]], bool]) -> None:
    """Within a hundred and fifty lives."""
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        find(st.tuples(lives(), st.lists(HOURS, max_size=4)), lambda each: law(*each), settings=FAST)


def test_history_must_not_earn() -> None:
    """The launch is kept by one line; without it, an old order earns."""

    def earned() -> int:
        one = shop.engine(since=shop.NOW)
        one.record(shop.order("edge", at=shop.NOW))
        return one.cashier.balance("anna", "pts", at=shop.NOW + DAY).pending

    assert earned() == 0
    with pytest.MonkeyPatch.context() as patch:
        unchecked_since(patch)
        assert earned() == 100


def test_a_level_that_time_brings_is_told_at_its_instant() -> None:
    """No fact comes, and no rule asks for the level: without a turn of its own nobody would look."""

    def reached() -> list[int]:
        one = shop.engine()
        one.record(shop.order("o1", 60_000))
        one.advance(shop.NOW + 60 * DAY)
        return [fact.effective - fact.at for fact in shop.made(one, LevelReached)]

    assert reached() == [1]
    with pytest.MonkeyPatch.context() as patch:
        no_turn(patch)
        assert reached() == []


def test_a_command_must_be_known() -> None:
    """A retry at the counter would spend twice."""

    def spent() -> int:
        one = till.shop()
        one.record(till.order("o1"))
        for _ in range(2):
            one.cashier.do(Redeem(**till.words(one, "k"), amount=30, purpose="x"))
        return sum(amount for what, amount in till.posted(one) if what == "redeem")

    assert spent() == -30
    with pytest.MonkeyPatch.context() as patch:
        forgetful(patch)
        with pytest.raises(KeyConflict):  # seen by what is noted of all keys
            spent()
        patch.setattr(cashier, "note_key", lambda *_: True)
        assert spent() == -60


def test_a_key_of_somebody_else_must_be_known() -> None:
    """Two lots of one name would be one: units are lost where the accounts meet, and ``verify`` tells."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cashier, "note_key", lambda *_: True)
        one = till.shop()
        one.record([till.order("o1"), till.order("o2", customer="carla")])
        for customer in ("anna", "carla"):
            words = till.words(one, "t", customer=customer)
            one.cashier.do(Transfer(**words, to=one.cashier.account("bob", "pts"), amount=30))
        assert one.cashier.balance("bob", "pts", at=till.NOW + DAY).available == 30
        assert [breach.law for breach in one.verify()] == ["ledger GLOB-CONS"]


def test_two_writers_of_one_place_are_told_apart() -> None:
    """Without a name that follows from the place, both entries would stay."""
    one = shop.engine()
    one.record(shop.order("o1"))
    one.advance(shop.NOW + DAY)
    (fact,) = shop.made(one, LedgerPosted)
    assert fact.id == LedgerPosted.name("club", "pts", "anna", 1)
    with pytest.raises(FactConflict):
        one.record(evolve(fact, key="another"))
    one.record(evolve(fact, key="another", id="ledger:elsewhere"))
    assert {breach.law for breach in one.verify()} == {"ledger REBUILD"}
