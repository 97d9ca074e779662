"""More faults that people reported about other ledgers: labels instead of dates, zones, imports, races."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import permutations

import pytest
from attrs import evolve

from retention_engine import loyalty as lo
from retention_engine.errors import Insufficient, VersionConflict
from retention_engine.loyalty import Bucket, Ledger
from retention_engine.timing import DAY, days, to_instant
from tests.loyalty.test_bug_classes import ANNA, BOB, ledger


def test_f49_what_the_real_writer_wrote_the_real_reader_reads() -> None:
    """A test that makes its own rows proves the reader, never the pair: here every entry goes through its text.
    https://github.com/liberusoftware/ecommerce-laravel/pull/1056"""
    book = ledger(5, 7)
    book.post(lo.Redeem(key="r", account=ANNA, at=DAY - 1, amount=3))
    state = lo.replay(ANNA, [lo.from_json(lo.to_json(entry)) for entry in book.streams[ANNA]])
    assert [lo.advance(state, at).balance.available for at in (DAY - 1, DAY, 2 * DAY - 1, 2 * DAY)] == [9, 7, 7, 0]


@pytest.mark.parametrize("at", [DAY - 1, DAY, 100 * DAY])
def test_b13_a_date_decides_never_a_label(at: int) -> None:
    """Nothing was written when the units expired, and no question needs that it was.
    https://github.com/odoo/odoo/issues/145609 https://github.com/odoo/odoo/issues/208134"""
    book = ledger(5)
    alive = 5 if at < DAY else 0
    assert book.state(ANNA).lots["e0/0"][Bucket.AVAILABLE] == 5
    assert lo.balance_at(ANNA, book.streams[ANNA], at).available == alive
    assert lo.balance_effective(ANNA, book.streams[ANNA], at).available == alive
    assert lo.why(book.state(ANNA), at)[0] == f"You have {alive} points."
    assert [value for start, value in lo.balance_steps(book.state(ANNA)) if start <= at][-1] == alive


def test_f48_every_end_is_asked_for_not_the_first_one() -> None:
    """One MIN date misleads: each instant of a week ahead knows all that will expire in it.
    https://github.com/FreeOpenSourcePOS/FloCafe/issues/62"""
    steps = lo.expiring_steps(ledger(5, 7, 9).state(ANNA), days(2))
    assert steps == [(0, 12), (DAY, 16), (2 * DAY, 9), (3 * DAY, 0)]


def test_b15_another_zone_moves_no_lot_that_exists() -> None:
    """The end was counted once, when it was earned. https://github.com/Meeds-io/meeds/issues/333
    https://github.com/Kademi/kademi-dev/issues/4759"""
    book = Ledger()
    start = to_instant("2026-01-31T23:30:00+00:00")
    ends = {}
    for number, where in enumerate(("Asia/Kolkata", "America/New_York")):
        lasts = lo.Lasts(months=1, round_up="month", zone=where)
        book.post(lo.Earn(key=f"e{number}", account=ANNA, at=start + number, amount=1, validity=lasts))
        ends[number] = book.state(ANNA).lots["e0/0"].expires_at
    assert ends[0] == ends[1] == lo.Until.through(date(2026, 3, 31), "Asia/Kolkata").instant


def test_another_policy_changes_nothing_that_exists() -> None:
    """New terms are for new commands only. https://github.com/Kademi/kademi-dev/issues/1411"""
    book = ledger(5, 7)
    before = book.state(ANNA).copy()
    book.terms = lo.Terms(debt_limit=0, give_back=lo.Original(), activities=frozenset())
    assert book.state(ANNA) == lo.replay(ANNA, book.streams[ANNA]) == before
    assert lo.project(book.state(ANNA)) == lo.project(before)


def buyer(book: Ledger, name: str, amount: int) -> Iterator[bool]:
    """Read, wait, then append what was decided on what was read; after a conflict read again."""
    while True:
        seen = {ANNA: book.state(ANNA)}
        yield False
        try:
            (entry,) = lo.decide(lo.Redeem(key=name, account=ANNA, at=0, amount=amount), seen, book.terms)
            book.append([(ANNA, seen[ANNA].version, (entry,))])
        except VersionConflict:
            continue
        except Insufficient:
            return
        yield True
        return


@pytest.mark.parametrize("units", [1, 2, 3])
def test_b18_in_every_order_of_reading_and_writing_each_unit_is_spent_once(units: int) -> None:
    """Three buyers of one unit each, in all orders in which they can read and write.
    https://github.com/Azuriom/Plugin-Shop/issues/285 https://github.com/Ixotic27/The-Leetcode-City/issues/180
    https://github.com/Ixotic27/The-Leetcode-City/issues/274 https://github.com/Nova-reward/Nova-Rewards/issues/190
    https://github.com/opencart/opencart/issues/2653"""
    for order in sorted(set(permutations("aabbcc"))):
        book = ledger(units)
        buyers = {name: buyer(book, name, 1) for name in "abc"}
        won = sum(next(buyers[name], False) for name in (*order, *"abc" * 6))
        assert won == units
        assert book.balance(ANNA, 0) == lo.Balance(available=0)
        assert lo.verify(book) == []


def test_b18_twenty_gifts_at_once_give_away_what_there_is() -> None:
    """A sender of 100 credited 2,000. https://github.com/fushengqian/fuint/issues/71"""
    book = ledger(100)
    seen = {ANNA: book.state(ANNA), BOB: book.state(BOB)}
    gifts = [lo.Transfer(key=f"g{number}", account=ANNA, at=0, to=BOB, amount=100) for number in range(20)]
    for gift in gifts:
        sent, got = lo.decide(gift, seen, book.terms)
        try:
            book.append([(ANNA, 1, [sent]), (BOB, 0, [got])])
        except VersionConflict:
            with pytest.raises(Insufficient):
                book.post(gift)
    assert (book.balance(ANNA, 0).available, book.balance(BOB, 0).available) == (0, 100)


def test_b34_a_merge_keeps_when_units_were_earned_and_when_they_end() -> None:
    """Merged shops lost the date earned (Yotpo: "the date the import was made")."""
    book = Ledger()
    earned = 100 * DAY
    book.post(lo.Earn(key="e", account=ANNA, at=200 * DAY, effective_at=earned, amount=9, validity=lo.Lasts(months=12)))
    (before,) = lo.statement(book.state(ANNA))
    book.post(lo.Merge(key="m", account=ANNA, at=300 * DAY, into=BOB))
    assert lo.statement(book.state(BOB)) == [before]
    assert (before.earned_at, before.expires_at) == (earned, earned + 365 * DAY)


def test_b31_a_retry_after_a_crash_has_the_same_ids_whoever_decides() -> None:
    """Decided twice on the same account, by two processes: the same entry, so that one of them is refused as known.
    https://github.com/formancehq/wallets/issues/109"""
    book = ledger(5, 5)
    command = lo.Transfer(key="t", account=ANNA, at=0, to=BOB, amount=8)
    seen = {ANNA: book.state(ANNA), BOB: book.state(BOB)}
    assert lo.decide(command, seen, book.terms) == lo.decide(evolve(command), seen, book.terms)
    texts = {tuple(map(lo.to_json, lo.decide(command, seen, book.terms))) for _ in range(3)}
    assert len(texts) == 1


def test_lifetime_is_what_is_there_and_what_went() -> None:
    """The check of LoyaltyLion: all that was ever granted = approved + pending + spent + expired (+ taken back)."""
    book = ledger(5, 7, 9)
    book.post(lo.Redeem(key="r", account=ANNA, at=0, amount=8))
    book.post(lo.Earn(key="p", account=ANNA, at=0, amount=4, vests_at=9 * DAY))
    book.post(lo.Reverse(key="x", account=ANNA, at=DAY, lot="e2/0", amount=2))
    lines = lo.statement(lo.advance(book.state(ANNA), 2 * DAY))
    total: dict[str, int] = {}
    for line in lines:
        assert sum(line.units.values()) == line.issued
        for name, units in line.units.items():
            total[name] = total.get(name, 0) + units
    assert total == {"redeemed": 8, "expired": 4, "available": 7, "revoked": 2, "pending": 4}
    assert sum(total.values()) == 25
