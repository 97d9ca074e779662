"""Faults that people reported about other ledgers, each with its report: what must not happen here."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from attrs import evolve

from retention_engine import loyalty as lo
from retention_engine.errors import Insufficient, KeyConflict, LedgerError, VersionConflict
from retention_engine.loyalty import Account, Bucket, Ledger, Receipt, Unit
from retention_engine.timing import DAY, HOUR, days, to_datetime, to_instant
from tests.loyalty.test_orders import Shop, back, one_line

POINTS = Unit("pts")
ANNA, BOB = (Account("club", POINTS, name) for name in ("anna", "bob"))
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "America/Sao_Paulo")


def ledger(*amounts: int, **terms: Any) -> Ledger:
    """Return a ledger in which Anna earned these amounts at instant 0; the first expires first."""
    made = Ledger(lo.Terms(**terms))
    for number, amount in enumerate(amounts):
        end = lo.Until((number + 1) * DAY)
        made.post(lo.Earn(key=f"e{number}", account=ANNA, at=0, amount=amount, validity=end))
    return made


PLAIN = evolve(one_line(100, 0, 100), points=0)


@pytest.mark.parametrize(
    "link", ["frappe/erpnext/issues/32951", "odoo/odoo/issues/257854", "malsubrata/woo-wallet/issues/53"]
)
def test_b1_no_free_points_by_buying_and_returning(link: str) -> None:
    """Earn, refund, again and again: nothing is left after each round."""
    shop = Shop(start=0)
    for number in range(5):
        shop.tell(0, "paid", PLAIN, order=f"{link}#{number}")
        shop.tell(1, "paid", back(PLAIN, A=10_000), order=f"{link}#{number}")
        assert shop.balance == lo.Balance()


@pytest.mark.parametrize(
    "ways", [[{"A": 10_000}], [{"A": 5_000}, {"A": 10_000}], [{"A": 1}, {"A": 9_999}, {"A": 10_000}]]
)
def test_b2_spent_points_come_back_exactly_once(ways: list[dict[str, int]]) -> None:
    """In part, in full, each told twice. https://github.com/odoo/odoo/issues/212922
    https://github.com/mollie/magento2/issues/761"""
    shop = Shop(start=40)
    receipt = one_line(100, 40, 60)
    shop.tell(0, "paid", receipt)
    for revision, returned in enumerate(ways, 1):
        for _ in range(2):
            shop.tell(revision, "paid", back(receipt, **returned))
    assert shop.balance.available == 40
    assert shop.net == (0, 0)


def test_b6_a_repeated_earn_is_one_earn() -> None:
    """Retry, redelivery, confirming twice. https://github.com/odoo/odoo/issues/193506
    https://github.com/mollie/laravel-cashier-mollie/issues/320"""
    book = ledger(10)
    again = book.post(lo.Earn(key="e0", account=ANNA, at=5, amount=10, validity=lo.Until(DAY)))
    assert again.replayed
    assert book.balance(ANNA, 5).available == 10
    with pytest.raises(KeyConflict, match="'e0'"):
        book.post(lo.Earn(key="e0", account=ANNA, at=5, amount=11, validity=lo.Until(DAY)))


def test_b8_paid_cancelled_and_paid_again_is_paid_once() -> None:
    """https://github.com/wpswings/points-and-rewards-for-woocommerce/issues/111"""
    shop = Shop(start=0)
    for revision, status in enumerate(["paid", "cancelled", "paid", "cancelled", "paid"]):
        shop.tell(revision, status, PLAIN)
    assert shop.balance.available == 100


def test_b11_units_of_another_kind_never_pay() -> None:
    """What is checked is what is consumed. https://github.com/frappe/erpnext/issues/59050"""
    book = ledger(5)
    other = evolve(ANNA, unit=Unit.cashback("EUR"))
    book.post(lo.Earn(key="c", account=other, at=0, amount=100))
    with pytest.raises(Insufficient):
        book.post(lo.Redeem(key="r", account=ANNA, at=0, amount=6))
    with pytest.raises(LedgerError, match="same unit"):
        lo.Transfer(key="t", account=ANNA, at=0, to=evolve(other, holder="bob"), amount=1)


def test_b12_an_empty_lot_is_never_charged() -> None:
    """https://github.com/promantia-ltd/POSpire/issues/75"""
    book = ledger(5, 5, 5)
    book.post(lo.Redeem(key="r1", account=ANNA, at=0, amount=5))
    entry = book.post(lo.Redeem(key="r2", account=ANNA, at=0, amount=7)).entries[0]
    assert [one.lot for one in entry.changes if hasattr(one, "source")] == ["e1/0", "e2/0"]
    assert lo.verify(book) == []


@pytest.mark.parametrize("at", [2 * DAY, 365 * DAY])
def test_b13_nothing_expired_can_be_spent_although_no_job_ran(at: int) -> None:
    """https://github.com/vm0-ai/vm0/issues/10299 https://github.com/odoo/odoo/issues/247740"""
    book = ledger(5, 5)
    with pytest.raises(Insufficient, match="0 are available"):
        book.post(lo.Redeem(key="r", account=ANNA, at=at, amount=1))
    assert book.balance(ANNA, at) == lo.Balance()


def test_b14_every_lot_is_in_the_schedule_of_expiry() -> None:
    """A validity of 30 days is 30 days after vesting. https://github.com/FreeOpenSourcePOS/FloCafe/issues/62
    https://github.com/defendicon/POS-Awesome-V15/issues/3069"""
    book = Ledger()
    for number in range(3):
        vests = (14 + number) * DAY
        book.post(
            lo.Earn(key=f"e{number}", account=ANNA, at=0, amount=7, vests_at=vests, validity=lo.Lasts(span=days(30)))
        )
    assert lo.expiring(book.state(ANNA)) == [((44 + number) * DAY, 7) for number in range(3)]


@pytest.mark.parametrize("where", ZONES)
@pytest.mark.parametrize("day", [date(2026, 12, 31), date(2026, 3, 28), date(2026, 10, 24)])
def test_b15_through_a_day_means_its_last_second(where: str, day: date) -> None:
    """https://github.com/SmallShopsUnited/React-Native-Mobile-App/issues/35
    https://github.com/strangerstudios/pmpro-set-expiration-dates/issues/36"""
    end = lo.Until.through(day, where)
    book = Ledger()
    book.post(lo.Earn(key="e", account=ANNA, at=end.instant - 30 * DAY, amount=2, validity=end))
    assert to_datetime(end.instant - 1).in_timezone(where).date() == day
    assert book.balance(ANNA, end.instant - 1).available == 2
    assert book.balance(ANNA, end.instant).available == 0


def test_b16_nothing_is_forgotten_when_more_is_taken_back_than_there_is() -> None:
    """``max(points - x, 0)`` in Odoo's loyalty history: here the rest is owed, and paid by the next units."""
    book = ledger(10)
    book.post(lo.Redeem(key="r", account=ANNA, at=0, amount=8))
    result = book.post(lo.Reverse(key="x", account=ANNA, at=0, lot="e0/0", amount=10)).result
    assert (result["from_lot"], result["to_debt"]) == (2, 8)
    book.post(lo.Earn(key="n", account=ANNA, at=1, amount=5))
    assert book.balance(ANNA, 1) == lo.Balance(debt=3)


@pytest.mark.parametrize(("limit", "owed", "absorbed"), [(None, 10, 0), (3, 3, 7), (0, 0, 10)])
def test_b17_a_refund_is_never_refused_because_points_were_spent(limit: int | None, owed: int, absorbed: int) -> None:
    """ERPNext: "can't be cancelled since the Loyalty Points earned has been redeemed"."""
    book = ledger(10, debt_limit=limit)
    book.post(lo.Redeem(key="r", account=ANNA, at=0, amount=10))
    result = book.post(lo.Reverse(key="x", account=ANNA, at=0, lot="e0/0", amount=10)).result
    assert (result["to_debt"], result["absorbed"]) == (owed, absorbed)


def test_b18_the_last_unit_is_spent_once_by_two_who_read_the_same() -> None:
    """Both decide on the same version: one appends, the other must read again.
    https://github.com/fushengqian/fuint/issues/71 https://github.com/medusajs/medusa/issues/16347"""
    book = ledger(1)
    seen = {ANNA: book.state(ANNA)}
    both = [lo.decide(lo.Redeem(key=key, account=ANNA, at=0, amount=1), seen, book.terms) for key in "ab"]
    book.append([(ANNA, 1, both[0])])
    with pytest.raises(VersionConflict, match="at version 2, not 1"):
        book.append([(ANNA, 1, both[1])])
    with pytest.raises(Insufficient):
        book.post(lo.Redeem(key="b", account=ANNA, at=0, amount=1))


def test_b18_a_transfer_is_appended_to_both_accounts_or_to_none() -> None:
    """https://github.com/fushengqian/fuint/issues/71: the receiver got what the sender did not have."""
    book = ledger(5)
    states = {ANNA: book.state(ANNA), BOB: book.state(BOB)}
    sent, got = lo.decide(lo.Transfer(key="t", account=ANNA, at=0, to=BOB, amount=5), states, book.terms)
    book.post(lo.Redeem(key="r", account=ANNA, at=0, amount=5))
    with pytest.raises(VersionConflict):
        book.append([(BOB, 0, [got]), (ANNA, 1, [sent])])
    assert book.balance(BOB, 0) == lo.Balance()


def test_b31_ids_follow_from_the_key() -> None:
    """A random id in a retried request is another request. https://github.com/formancehq/wallets/issues/109"""
    books = [ledger(5), ledger(5)]
    for book in books:
        book.post(lo.OpenHold(key="h", account=ANNA, at=0, amount=2, purpose="o"))
        book.post(lo.Capture(key="c", account=ANNA, at=0, hold="h", amount=2))
    assert books[0] == books[1]
    assert books[0].result("club", "h")["hold"] == "h"
    with pytest.raises(LedgerError, match="no command has the key"):
        books[0].result("club", "zz")


def test_b32_late_entries_count_where_they_happened_and_change_no_old_answer() -> None:
    """Formance's migrations 2 and 9 repair volumes that were kept beside the entries."""
    book = ledger(5, 5)
    said = lo.balance_at(ANNA, book.streams[ANNA], HOUR)
    book.post(lo.Earn(key="late", account=ANNA, at=2 * HOUR, effective_at=HOUR // 2, amount=7))
    assert lo.balance_at(ANNA, book.streams[ANNA], HOUR) == said
    assert lo.balance_effective(ANNA, book.streams[ANNA], HOUR).available == said.available + 7


def test_b34_imported_lots_keep_their_instants() -> None:
    """https://github.com/frappe/erpnext/issues/12790: earned and expiring when they were, recorded today."""
    book = Ledger()
    lasts = lo.Lasts(months=12, round_up="month")
    earned, now = to_instant("2020-07-06T10:00:00+00:00"), to_instant("2021-03-01T00:00:00+00:00")
    book.post(lo.Earn(key="i", account=ANNA, at=now, effective_at=earned, amount=9, validity=lasts))
    (found,) = lo.statement(book.state(ANNA))
    assert (found.earned_at, found.expires_at) == (earned, to_instant("2021-08-01T00:00:00+00:00"))
    dead = book.post(lo.Earn(key="d", account=ANNA, at=now, effective_at=earned - 400 * DAY, amount=4, validity=lasts))
    assert book.state(ANNA).lots[str(dead.result["lot"])][Bucket.EXPIRED] == 4


FLIPPED: list[dict[str, Any]] = [
    {"debt_limit": 0},
    {"own_only": True},
    {"give_back": lo.Original()},
    {"give_back": lo.Fresh(None)},
    {"hold": days(1)},
    {"longest_hold": days(3)},
    {"activities": frozenset()},
    {"transfer_limit": 1},
    {"clock_tolerance": days(2)},
]


def everything(**terms: Any) -> list[object]:
    """Return what a history answers under terms: every term matters in it."""
    book = ledger(4, 4, 4, **terms)
    life = lo.WhileActive(days(5))
    commands: list[Any] = [
        lo.Earn(key="w", account=ANNA, at=0, amount=3, validity=life),
        lo.Transfer(key="t", account=ANNA, at=0, to=BOB, amount=2),
        lo.OpenHold(key="h", account=ANNA, at=0, amount=1, purpose="o"),
        lo.OpenHold(key="h2", account=ANNA, at=0, amount=1, purpose="o", ttl=days(5)),
        lo.Redeem(key="r", account=ANNA, at=0, amount=4),
        lo.Restore(key="b", account=ANNA, at=2 * DAY, redemption="r", amount=2),
        lo.Reverse(key="x", account=ANNA, at=2 * DAY, lot="e2/0", amount=4),
        lo.Redeem(key="r2", account=ANNA, at=2 * DAY, amount=1),
        lo.Reverse(key="y", account=ANNA, at=2 * DAY, lot="e1/0", amount=4),
        lo.Reverse(key="z", account=ANNA, at=2 * DAY, lot="w/0", amount=3),
        lo.Earn(key="n", account=ANNA, at=2 * DAY, amount=30),
        lo.Redeem(key="back", account=ANNA, at=DAY, amount=1),
    ]
    said: list[object] = []
    for command in commands:
        try:
            said.append((dict(book.post(command).result), lo.expiring(book.state(ANNA))))
        except LedgerError as error:
            said.append(error.code)
    last = lo.Earn(key="life", account=BOB, at=2 * DAY, amount=3, validity=life)
    book.post(last)
    book.post(lo.Earn(key="life2", account=BOB, at=4 * DAY, amount=1))
    return [*said, lo.expiring(book.state(BOB))]


@pytest.mark.parametrize("flipped", FLIPPED, ids=lambda one: "-".join(one))
def test_b35_no_setting_is_dead(flipped: dict[str, Any]) -> None:
    """OPTIONS: whichever is flipped, something comes out differently; FloCafe's expiry was stored and never read.
    https://github.com/FreeOpenSourcePOS/FloCafe/issues/62"""
    assert everything(**flipped) != everything()


def test_b36_a_won_dispute_can_be_refunded_later() -> None:
    """Reverse 100, reinstate 100, refund 100: nothing is left. https://github.com/elizaOS/eliza/issues/11155"""
    shop = Shop(start=0)
    for revision, returned in enumerate([0, 10_000, 0, 10_000]):
        shop.tell(revision, "paid", back(PLAIN, A=returned))
    assert shop.balance == lo.Balance()
    assert lo.verify(shop.ledger) == []


def test_f46_an_expired_lot_leaves_what_was_spent_from_it_spent() -> None:
    """https://github.com/FreeOpenSourcePOS/FloCafe/issues/78: the lot took its debits with it."""
    book = ledger(10, 10)
    book.post(lo.Redeem(key="r", account=ANNA, at=0, amount=6))
    assert [book.balance(ANNA, at).available for at in (0, DAY, 2 * DAY)] == [14, 10, 0]


def test_a_refused_claw_back_is_reported_in_parts() -> None:
    """https://github.com/elizaOS/eliza/issues/10938: requested, collected and uncollected."""
    book = ledger(3, 4, debt_limit=1)
    book.post(lo.Redeem(key="r", account=ANNA, at=0, amount=5))
    result = dict(book.post(lo.Reverse(key="x", account=ANNA, at=0, lot="e1/0", amount=4)).result)
    wanted = {"from_pending": 0, "moot": 0, "from_lot": 2, "from_other": 0, "to_debt": 1, "absorbed": 1}
    assert result == {"lot": "e1/0", **wanted}


def test_a_hold_of_the_same_order_never_blocks_its_own_retry() -> None:
    """https://github.com/woocommerce/woocommerce/issues/27673 https://github.com/woocommerce/woocommerce/issues/67677"""
    book = ledger(5)
    for key in ("h1", "h2", "h3"):
        assert book.post(lo.OpenHold(key=key, account=ANNA, at=0, amount=5, purpose="o")).result["hold"] == "h1"
    assert book.balance(ANNA, 0).held == 5
    assert book.balance(ANNA, HOUR) == lo.Balance(available=5)


def test_receipts_of_nothing_are_fine() -> None:
    """An order without points, without cells and without lines closes as well."""
    empty = Receipt(lines=(), point_value=Fraction(1))
    shop = Shop(start=0)
    assert shop.tell(0, "paid", empty).result["granted"] == 0
