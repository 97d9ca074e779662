"""Entries survive storage, and broken texts are refused."""

from __future__ import annotations

import json

import pytest
from attrs import evolve

from retention_engine import loyalty as lo
from retention_engine.errors import LedgerError
from retention_engine.timing import days
from tests.loyalty.test_commands import ANNA, BOB, book
from tests.loyalty.test_orders import WORKED, Shop, back


def entries() -> list[lo.Entry]:
    """Return an entry of every kind of change."""
    made = book()
    life = lo.WhileActive(days(9))
    for command in (
        lo.Earn(key="w", account=ANNA, at=1, amount=1, waits=True, validity=lo.Lasts(months=1, round_up="month")),
        lo.Earn(key="l", account=BOB, at=1, amount=1, validity=life),
        lo.Earn(key="m", account=BOB, at=2, amount=1),
        lo.Capture(key="c", account=ANNA, at=2, hold="h", amount=1),
        lo.Reverse(key="x", account=ANNA, at=2, lot="n/0", amount=4),
        lo.Adjust(key="d", account=ANNA, at=2, amount=-99, reason="ошибка", allow_debt=True),
        lo.Merge(key="j", account=ANNA, at=3, into=BOB),
    ):
        made.post(command)
    shop = Shop()
    shop.tell(0, "placed", WORKED)
    shop.tell(1, "paid", WORKED)
    shop.tell(2, "paid", back(WORKED, B=4000))
    return [entry for one in (made, shop.ledger) for stream in one.streams.values() for entry in stream]


def test_an_entry_is_the_same_after_storage() -> None:
    """CODEC: to text and back is the same entry, and makes the same state; texts are stable."""
    found = entries()
    assert {type(change).__name__ for one in found for change in one.changes} == {
        *("Issued", "Moved", "Timed", "Owed", "HoldSet", "HoldEnded", "RedemptionSet", "Reversed", "OrderKnown"),
        *("Joined", "Left"),
    }
    again = [lo.from_json(lo.to_json(one)) for one in found]
    assert again == found
    assert [lo.to_json(one) for one in again] == [lo.to_json(one) for one in found]
    mine = [one for one in again if one.account == BOB]
    assert lo.replay(BOB, mine) == lo.replay(BOB, [one for one in found if one.account == BOB])


def test_what_is_no_entry_is_refused() -> None:
    """Broken texts, other classes, unknown fields and buckets: one typed error."""
    good = json.loads(lo.to_json(entries()[0]))
    broken = [
        "",
        "[]",
        "7",
        '{"is": "Entry"}',
        '{"is": "os.system", "command": "x"}',
        "[" * 100_000,
        json.dumps({**good, "later": 1}),
        json.dumps(good["account"]),
        json.dumps({**good, "changes": [{"is": "Bucket", "value": 99}]}),
        json.dumps({**good, "account": {"is": "Account"}}),
    ]
    for text in broken:
        with pytest.raises(LedgerError) as caught:
            lo.from_json(text)
        assert caught.value.code == "unreadable"


def test_what_cannot_be_stored_is_refused_before() -> None:
    """An answer with a foreign object."""
    with pytest.raises(LedgerError, match="no place in an entry"):
        lo.to_json(evolve(entries()[0], result={"x": object()}))
