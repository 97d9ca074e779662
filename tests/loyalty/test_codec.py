"""Entries survive storage, and broken texts are refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest
from attrs import evolve

from retention_engine import loyalty as lo
from retention_engine.errors import LedgerError
from retention_engine.loyalty import Unit
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
        lo.Convert(key="v", account=BOB, at=2, to=Unit("stars"), amount=1, rate=Fraction(3, 2)),
        lo.ExpireNow(key="y", account=BOB, at=2, lots=("m/0",), reason="ошибка"),
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
    for text in map(lo.to_json, found):
        assert text == json.dumps(json.loads(text), separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    mine = [one for one in again if one.account == BOB]
    assert lo.replay(BOB, mine) == lo.replay(BOB, [one for one in found if one.account == BOB])


def test_what_is_no_entry_is_refused() -> None:
    """Broken texts, other classes, missing fields and unknown buckets: one typed error."""
    good = json.loads(lo.to_json(entries()[0]))
    broken = [
        "",
        "[]",
        "7",
        '{"is": "Entry"}',
        '{"is": "os.system", "command": "x"}',
        "[" * 100_000,
        json.dumps({**good, "changes": [{"is": "Lot"}]}),
        json.dumps({**good, "changes": [{"kind": "Moved"}]}),
        '{"is": "dict", "value": {}, "changes": []}',
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


def objects(plain: Any) -> Iterator[dict[str, Any]]:
    """Yield every object inside a JSON value."""
    if isinstance(plain, dict):
        yield plain
    if isinstance(plain, dict | list):
        for each in plain.values() if isinstance(plain, dict) else plain:
            yield from objects(each)


@pytest.mark.parametrize(
    "added", [7, None, ["x", {"y": 1}], {"is": "Newer", "value": [1]}], ids=["number", "none", "list", "object"]
)
def test_what_a_later_version_added_is_kept(added: Any) -> None:
    """CODEC: unknown fields, at any depth, survive reading and writing; what is known means the same."""
    for entry in entries():
        plain = json.loads(lo.to_json(entry))
        known = [each for each in objects(plain) if "is" in each]
        for one in known:
            one["newer"] = added
        read = lo.from_json(json.dumps(plain))
        assert evolve(read, later=()) == entry
        assert len(read.later) == len(known)
        again = lo.to_json(read)
        assert lo.from_json(again) == read
        kept = json.loads(again)
        places = [each for each in objects(kept) if "newer" in each]
        assert [each.pop("newer") for each in places] == [added] * len(known)
        assert lo.from_json(json.dumps(kept)) == entry


def test_a_change_of_a_later_version_is_kept_but_never_passed_over() -> None:
    """It can be read and stored again; an account that has one is not counted wrongly, it is refused, and found."""
    first = entries()[0]
    plain = json.loads(lo.to_json(first))
    plain["changes"].append({"is": "Doubled", "lot": "a/0", "by": {"is": "Ratio", "value": "2"}})
    read = lo.from_json(json.dumps(plain))
    assert json.loads(lo.to_json(read)) == plain
    with pytest.raises(LedgerError, match="later version") as caught:
        lo.replay(read.account, [read])
    assert caught.value.code == "later_version"
    assert [one.law for one in lo.verify_streams({read.account: [read]})] == ["REPLAY"]


def test_a_default_is_not_written_and_read_again() -> None:
    """Texts are short: what has its default is left out."""
    text = lo.to_json(entries()[0])
    assert "false" not in text
    assert "null" not in text
    assert lo.from_json(text) == entries()[0]
