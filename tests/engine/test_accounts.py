"""A store is opened with a changed club: accounts that nobody would read any more stop it, where it can be mended."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from retention_engine import Customer, Engine, Line, Money, Order
from retention_engine.clubs import Bonus, Club, Earning, Programme, per_money
from retention_engine.engine.accounts import ACCOUNTS
from retention_engine.errors import DefinitionError
from retention_engine.facts import LedgerPosted, OrderRefunded, Visited
from retention_engine.loyalty import AT_ONCE, Redeem, Unit
from retention_engine.ports import Store
from retention_engine.stores import MemoryStore
from retention_engine.timing import DAY, to_instant

NOW = to_instant("2026-03-01T10:00:00Z")


def programme(**more: Any) -> Programme:
    """Return a programme: 100 points for who comes, one for each euro."""
    given = {"id": "club", "unit": Unit("pts"), "currency": "EUR", "earning": [Earning("base", per_money(1, 100))]}
    bonus = Bonus("signup", on="registered", amount=100, vesting=AT_ONCE)
    return Programme(**{**given, "bonuses": [bonus]} | more)  # type: ignore[arg-type]  # of any type


def opened(store: Store, *programmes: Programme, **more: Any) -> Engine:
    """Open a store with a club."""
    return Engine([], club=Club(programmes=programmes or [programme()], **more), store=store, since=NOW)


def used(**more: Any) -> MemoryStore:
    """Return a store in which Anna has 180 points, Boris 100, and Carl nothing."""
    store = MemoryStore()
    one = opened(store, programme(**more))
    line = Line(sku="a", price=Money(8_000, "EUR"))
    people = [Customer(id=name, registered=NOW + DAY) for name in ("anna", "boris")]
    guest = Visited(id="v", customer="carl", at=NOW + DAY)
    one.record([*people, guest, Order(id="1", customer="anna", at=NOW + DAY, lines=[line])])
    one.advance(NOW + 30 * DAY)
    return store


CHANGED: dict[str, tuple[Programme, str]] = {
    "scale": (programme(unit=Unit("pts", 2)), r"is declared as Unit\(code='pts', scale=2, currency=None\) now"),
    "money": (programme(unit=Unit("pts", 0, "EUR")), "is declared as Unit"),
    "name": (programme(id="points"), "is not declared any more"),
    "unit": (programme(unit=Unit("points")), "is not declared any more"),
}


@pytest.mark.parametrize("name", CHANGED)
def test_a_store_is_not_opened_with_accounts_that_are_gone(name: str) -> None:
    """The message says which, what is on them and what to do; it stays so until something is done."""
    changed, message = CHANGED[name]
    store = used()
    for _ in range(2):
        with pytest.raises(DefinitionError, match=message) as caught:
            opened(store, changed)
        told = str(caught.value)
        assert "accounts of programme 'club' (customers: 2, units: 280 pts)" in told
        assert "Programme(id='club', unit=Unit(code='pts', scale=0, currency=None), ...)" in told
        assert "Club(retired=[('club', 'pts')])" in told
    assert opened(store).cashier.balance("anna", "pts", at=NOW + 31 * DAY).available == 180


def test_a_programme_that_is_over_stays_without_rules() -> None:
    """What customers have is theirs, and refunds are taken; it gives nothing more."""
    store = used()
    one = opened(store, programme(earning=[], bonuses=[]), programme(id="stars", unit=Unit("stars")))
    one.record(OrderRefunded(id="r", customer="anna", at=NOW + 31 * DAY, order_id="1"))
    assert one.cashier.balance("anna", "pts", at=NOW + 32 * DAY).available == 100
    assert one.verify() == []


def test_accounts_are_left_for_good_when_the_club_says_so() -> None:
    """Nobody reads them and nothing is wrong; without the word they stop the shop again, declared they are there."""
    store, stars = used(), programme(id="stars", unit=Unit("stars"), bonuses=[])
    for _ in range(2):
        one = opened(store, stars, retired=[("club", "pts")])
        assert one.cashier.balance("anna", "stars", at=NOW + 31 * DAY).available == 0
        assert one.verify() == []
    with pytest.raises(DefinitionError, match="customers: 2, units: 280 pts"):
        opened(store, stars)
    assert opened(store, programme(), stars).cashier.balance("anna", "pts", at=NOW + 31 * DAY).available == 180


def test_accounts_without_entries_are_nobodys() -> None:
    """A typing error that was mended before anything happened costs nothing, and is not remembered."""
    store = MemoryStore()
    opened(store, programme(id="klub"))
    opened(store, programme(id="club"))
    assert store.settings.get(ACCOUNTS) == '[["club", "pts", 0, null]]'
    opened(used(), programme(), programme(id="other", unit=Unit("stars")))


def test_the_counter_is_enough_to_have_accounts() -> None:
    """A store that was never advanced, in which somebody spent units."""
    store = MemoryStore()
    one = opened(store)
    one.record(Customer(id="anna", registered=NOW + DAY))
    account = one.cashier.account("anna", "pts")
    one.cashier.do(Redeem(key="k", account=account, at=NOW + 2 * DAY, amount=30, purpose="gift"))
    with pytest.raises(DefinitionError, match="customers: 1, units: 70 pts"):
        opened(store, programme(unit=Unit("pts", 1)))


def test_an_opening_that_changes_nothing_reads_one_setting() -> None:
    """No transaction, and no customer is looked at."""
    store = used()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "transaction", None)
        patch.setattr(store, "facts", None)
        patch.setattr(store, "roster", None)
        opened(store)


def test_a_club_of_another_time_is_not_asked_for(tmp_path: Path) -> None:
    """Whoever reads without a club may; the setting is in the file, and a refused opening does not keep it open."""
    path = f"sqlite:///{tmp_path}/shop.db"
    with Engine([], club=Club(programmes=[programme()]), store=path, since=NOW) as one:
        one.record(Customer(id="anna", registered=NOW + DAY))
        one.advance(NOW + 30 * DAY)
    closed = list[Store]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Engine, "close", lambda engine: closed.append(engine.store) or engine.store.close())
        with pytest.raises(DefinitionError, match="customers: 1, units: 100 pts"):
            Engine([], club=Club(programmes=[programme(id="points")]), store=path)
    assert len(closed) == 1
    with closing(Engine([], store=path)) as reader:
        assert reader.verify() == []


def test_an_account_that_cannot_be_read_is_counted() -> None:
    """The opening is refused as ever: ``verify`` tells of the entry."""
    store = used()
    (fact,) = (one for one in store.facts.of(["boris"])["boris"] if isinstance(one, LedgerPosted))
    of = store.facts.of

    def planted(customers: Any) -> Any:
        found = of(customers)
        return {who: [_torn(one) if one == fact else one for one in facts] for who, facts in found.items()}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store.facts, "of", planted)
        with pytest.raises(DefinitionError, match="customers: 2, units: 180 pts"):
            opened(store, programme(id="points"))


def _torn(fact: LedgerPosted) -> LedgerPosted:
    words = {name: getattr(fact, name) for name in ("id", "customer", "at", "learned", "programme", "unit", "seq")}
    return LedgerPosted(**words, key=fact.key, what=fact.what, amount=fact.amount, entry="{")


def test_verify_tells_of_accounts_that_nobody_reads() -> None:
    """Entries may come from elsewhere, into a store that never had such a programme."""
    other = [one for one in used(id="gone").facts.of(["anna"])["anna"] if isinstance(one, LedgerPosted)]
    store = MemoryStore()
    one = opened(store)
    one.record(other)
    assert [(each.law, each.key, each.text) for each in one.verify()] == [
        ("ledger UNREAD", "anna (pts, gone)", "is no account of the club"),
    ]
    assert opened(store, retired=[("gone", "pts")]).verify() == []
