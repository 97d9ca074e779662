"""The fold of posted entries: by place, whatever the order of arrival; a record for each."""

from __future__ import annotations

from itertools import permutations
from typing import Any

from attrs import evolve

from retention_engine.facts import LedgerPosted
from retention_engine.state import History, fold, posted_to


def entry(seq: int, at: int, **more: Any) -> LedgerPosted:
    """Return a fact of the ledger."""
    words = {"programme": "club", "unit": "pts", "key": f"k{seq}", "what": "earn", "amount": 5, "entry": "{}"}
    return LedgerPosted(id=f"e{seq}-{at}", customer="anna", at=at, seq=seq, **{**words, **more})


def test_entries_stand_by_their_place() -> None:
    """Each once, in any order, twice or not; another account has its own."""
    facts = [entry(1, 10), entry(2, 11), entry(3, 11), entry(1, 12, unit="cash")]
    for order in permutations(facts):
        history = fold(History("anna"), [*order, order[0]])
        assert [fact.seq for fact in posted_to(history, "club", "pts")] == [1, 2, 3]
        assert [fact.at for fact in posted_to(history, "club", "cash")] == [12]
        assert [row.id for row in history.records("points")] == ["e1-10", "e2-11", "e3-11", "e1-12"]
    assert posted_to(History("anna"), "club", "pts") == []


def test_two_of_one_place_are_told_apart_by_their_instant() -> None:
    """The ledger makes no such thing; who forged one does not decide by when it is recorded."""
    first, second, third = entry(1, 10), entry(1, 11), evolve(entry(1, 10), id="e0")
    for order in permutations([first, second, third]):
        assert posted_to(fold(History("anna"), order), "club", "pts") == [third]
