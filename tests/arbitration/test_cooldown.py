"""A pause between two occasions of one rule."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine import days
from retention_engine.arbitration import CoolDown
from retention_engine.errors import DefinitionError
from retention_engine.timing import DAY
from tests.arbitration._desk import NOW, ask, asked, letter, seen, told

REST = CoolDown(days(10))


def test_a_rule_rests_between_two_occasions() -> None:
    """Until ten days after its last message, to the microsecond."""
    said = [told(NOW - 9 * DAY, rule="win-back"), told(NOW - 30 * DAY, rule="win-back")]
    assert asked(REST, situation=seen(said=said)) == ("defer", "cool_down", NOW + DAY)
    assert asked(REST, situation=seen(said=said, at=NOW + DAY - 1))[0] == "defer"
    assert asked(REST, situation=seen(said=said, at=NOW + DAY)) == ("allow",)


def test_the_steps_of_one_journey_are_free() -> None:
    """A message of the same occasion does not count, nor does another rule."""
    mine = told(NOW - DAY, rule="win-back", occasion="o")
    assert asked(REST, situation=seen(said=[mine, told(NOW - DAY)])) == ("allow",)
    assert asked(REST, situation=seen()) == ("allow",)


def test_it_says_when_the_rule_wrote_last() -> None:
    """The evidence is the message."""
    ruling = ask(REST, situation=seen(said=[told(NOW - DAY, rule="win-back")]))
    assert ruling.because == ("'win-back' wrote 2026-07-14T12:00:00Z",)  # type: ignore[union-attr]  # it is deferred


def test_it_may_stand_for_some_rules_only() -> None:
    """Others are not asked."""
    said = [told(NOW - DAY, rule="win-back")]
    assert asked(CoolDown(days(10), rule="birthday"), situation=seen(said=said)) == ("allow",)
    assert asked(CoolDown(days(10), rule=["birthday", "win-back"]), letter(), seen(said=said))[0] == "defer"


@pytest.mark.parametrize("span", [days(0), 10, None, "10 days"])
def test_it_takes_a_span(span: Any) -> None:
    """Above zero."""
    with pytest.raises(DefinitionError, match=r"span is a span above zero such as days\(7\)"):
        CoolDown(span)


def test_it_looks_at_our_messages() -> None:
    """Nothing else is kept for it."""
    assert REST.reads() == {"messages"}
