"""``verify_streams`` reads entries wherever they are stored, and tells what is wrong with broken ones."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from retention_engine import loyalty as lo
from retention_engine.loyalty import Unit
from retention_engine.loyalty.changes import Issued, Moved
from tests.loyalty._world import ANNA, BOB, POINTS, World

Entries = list[lo.Entry]


def stored() -> dict[lo.Account, Entries]:
    """Return the entries of a random history as they come back from a store."""
    world = World(random.Random(7), laws=False, oracle=False).run(60)
    texts = {account: [lo.to_json(one) for one in entries] for account, entries in world.ledger.streams.items()}
    return {account: [lo.from_json(text) for text in some] for account, some in texts.items()}


def test_sound_entries_have_no_fault() -> None:
    """Together, or one account by itself; the report reads the same streams."""
    streams = stored()
    assert lo.verify_streams(streams) == []
    assert [lo.stream_violations(account, iter(entries)) for account, entries in streams.items()] == [[]] * len(streams)
    last = max(entry.at for entries in streams.values() for entry in entries)
    assert lo.roll_forward(streams, POINTS, after=-1, to=last).closes
    assert {"convert", "transfer"} <= {entry.kind for entries in streams.values() for entry in entries}


def lost(entries: Entries) -> None:
    """An entry is missing."""
    del entries[2]


def twice(entries: Entries) -> None:
    """An entry is there twice."""
    entries.insert(3, entries[2])


def swapped(entries: Entries) -> None:
    """Two entries have changed places."""
    entries[2], entries[3] = entries[3], entries[2]


def again(entries: Entries) -> None:
    """A key was used again."""
    entries[-1] = evolve(entries[-1], key=entries[0].key)


def early(entries: Entries) -> None:
    """An entry was recorded before the one that it follows."""
    entries[-1] = evolve(entries[-1], at=entries[0].at - 1)


def strange(entries: Entries) -> None:
    """An entry moves units of a lot that is not there."""
    change = Moved("nowhere", lo.Bucket.AVAILABLE, lo.Bucket.REDEEMED, 1)
    entries[-1] = evolve(entries[-1], changes=(change,))


@pytest.mark.parametrize(
    ("broken", "law"),
    [(lost, "REPLAY"), (twice, "REPLAY"), (swapped, "REPLAY"), (again, "IDEMP"), (early, "CLOCK"), (strange, "REPLAY")],
    ids=["lost", "twice", "swapped", "again", "early", "strange"],
)
def test_each_way_to_break_a_stream_is_seen(broken: Callable[[Entries], None], law: str) -> None:
    """One fault in store, and the law that is there for it is named with its account."""
    streams = stored()
    broken(streams[ANNA])
    found = {one.law: one for one in lo.verify_streams(streams)}
    assert found[law].account == ANNA
    assert law == "IDEMP" or law in {one.law for one in lo.stream_violations(ANNA, streams[ANNA])}


def test_a_lost_account_is_missed_by_those_who_got_units_from_it() -> None:
    """GLOB-CONS: lots whose parent is nowhere."""
    streams = stored()
    del streams[ANNA]
    assert {one.law for one in lo.verify_streams(streams)} == {"GLOB-CONS"}


def converted() -> tuple[lo.State, lo.Entry, lo.Entry]:
    """Return an account and both entries of a conversion."""
    book = lo.Ledger()
    for number, end in enumerate((5, 9, 9)):
        book.post(lo.Earn(key=f"e{number}", account=ANNA, at=0, amount=3, validity=lo.Until(end)))
    other = Unit("stars")
    one = lo.Convert(key="c", account=ANNA, at=1, to=other, amount=8, rate=2)
    mine, theirs = lo.decide(one, {ANNA: book.state(ANNA), one.partner: book.state(one.partner)}, book.terms)
    return lo.advance(book.state(ANNA), 1), mine, theirs


def wrong(entry: lo.Entry, place: int, **changed: Any) -> lo.Entry:
    """Return an entry with another change in a place."""
    changes = list(entry.changes)
    old = changes[place]
    changes[place] = Issued(evolve(old.lot, **changed)) if isinstance(old, Issued) else evolve(old, **changed)
    return evolve(entry, changes=tuple(changes))


def test_both_sides_of_a_conversion_agree_with_its_answer() -> None:
    """NO-LAUNDER, EXACT and FEFO: another end, another number, units of a later lot."""
    before, mine, theirs = converted()
    empty = lo.State(account=theirs.account)
    assert lo.entry_violations(before, mine) == lo.entry_violations(empty, theirs) == []
    short = evolve(mine, result={**mine.result, "gained": 17})
    faults = [
        (before, wrong(mine, 0, lot="e2/0"), {"NO-LAUNDER", "FEFO"}),
        (before, wrong(mine, 1, amount=2), {"NO-LAUNDER", "EXACT", "FEFO"}),
        (before, short, {"EXACT"}),
        (empty, wrong(theirs, 0, expires_at=None), {"NO-LAUNDER"}),
        (empty, wrong(theirs, 0, grace_child=True), {"NO-LAUNDER"}),
        (empty, wrong(theirs, 1, issued=99), {"NO-LAUNDER"}),
    ]
    for state, entry, laws in faults:
        found = {one.law for one in lo.entry_violations(state, entry)}
        assert found
        assert found <= laws


def test_the_other_account_is_not_asked_twice() -> None:
    """A command with two accounts has one key and one fingerprint on both."""
    streams = stored()
    shared = {one.key for one in streams[ANNA]} & {one.key for one in streams[BOB]}
    assert shared
    assert not [one for one in lo.verify_streams(streams) if one.law == "IDEMP"]
