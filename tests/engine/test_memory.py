"""What the journal says about one customer."""

from __future__ import annotations

from typing import Any

from retention_engine.actions import Decision, Outcome, Reason
from retention_engine.engine.memory import Memory, Standing


def decision(at: int, outcome: Outcome, occasion: str = "o", **more: Any) -> Decision:
    """Return a line of the journal about rule ``r``."""
    return Decision(at=at, rule="r", customer="anna", occasion=occasion, step="s", outcome=outcome, **more)


def test_the_first_decision_about_an_occasion_is_its_entry() -> None:
    """Later decisions about it do not move the entry."""
    memory = Memory.of([decision(1, Outcome.ACT), decision(2, Outcome.WAIT, until=9), decision(9, Outcome.ACT)])
    assert memory.entries == {("r", "o"): 1}
    assert memory.last == {"r": 1}


def test_a_wait_stands_until_the_next_decision_about_the_occasion() -> None:
    """What stands knows its entry, its step and when it ends by itself."""
    memory = Memory.of([decision(1, Outcome.ACT), decision(2, Outcome.WAIT, until=9)])
    assert memory.standing == {("r", "o"): Standing("r", "o", 1, "s", 9)}
    memory.add(decision(9, Outcome.ACT))
    assert memory.standing == {}


def test_a_refused_occasion_is_decided_but_not_entered() -> None:
    """It does not count for re-entry."""
    memory = Memory.of([decision(1, Outcome.DROP, reason=Reason.EXPIRED)])
    assert memory.entries == {("r", "o"): 1}
    assert memory.last == {}


def test_the_latest_entry_counts_whatever_is_decided_later() -> None:
    """The second step of an older journey does not bring its entry forward."""
    memory = Memory.of([decision(1, Outcome.WAIT, until=9), decision(5, Outcome.ACT, "p"), decision(9, Outcome.ACT)])
    assert memory.last == {"r": 5}


def test_an_edge_that_comes_again_is_numbered() -> None:
    """At the instant of its own decision it keeps its name, so that looking twice enters once."""
    memory = Memory.of([decision(1, Outcome.ACT), decision(2, Outcome.ACT, "o~2")])
    assert memory.repeated("r", "o", 1) == "o"
    assert memory.repeated("r", "o", 2) == "o~2"
    assert memory.repeated("r", "o", 3) == "o~3"
    assert memory.repeated("r", "new", 3) == "new"
