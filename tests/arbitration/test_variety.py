"""Not the same again: template, or item shown."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine import days
from retention_engine.arbitration import Variety
from retention_engine.errors import DefinitionError
from retention_engine.timing import DAY
from tests.arbitration._desk import NOW, ask, asked, letter, seen, told

FRESH = Variety(days(14))


@pytest.mark.parametrize(
    "before", [{"template": "hello"}, {"items": ("tea", "cup")}, {"template": "hello", "items": ("pot",)}]
)
def test_the_same_template_or_item_waits(before: dict[str, Any]) -> None:
    """Until it is two weeks old, to the microsecond."""
    message, said = letter(items=("tea", "jar")), [told(NOW - 10 * DAY, **before)]
    assert asked(FRESH, message, seen(said=said)) == ("defer", "variety", NOW + 4 * DAY)
    assert asked(FRESH, message, seen(said=said, at=NOW + 4 * DAY - 1))[0] == "defer"
    assert asked(FRESH, message, seen(said=said, at=NOW + 4 * DAY)) == ("allow",)


def test_the_latest_alike_counts() -> None:
    """Of several the youngest, and the evidence names it."""
    said = [told(NOW - 3 * DAY, template="hello", items=("tea",)), told(NOW - 9 * DAY, template="hello")]
    ruling = ask(FRESH, situation=seen(said=said))
    assert ruling.until == NOW + 11 * DAY  # type: ignore[union-attr]  # it is deferred
    assert ruling.because == ("'hello' tea 2026-07-12T12:00:00Z",)  # type: ignore[union-attr]  # it is deferred


def test_something_else_may_be_said() -> None:
    """Another template about other items."""
    assert asked(FRESH, letter(items=("jar",)), seen(said=[told(NOW - DAY, items=("tea",))])) == ("allow",)


def test_it_compares_within_its_scope() -> None:
    """What was shown in an email may be said by SMS when it stands for SMS alone."""
    said = [told(NOW - DAY, template="hello")]
    assert asked(Variety(days(14), channel="sms"), letter(channel="sms"), seen(said=said)) == ("allow",)


@pytest.mark.parametrize("within", [days(0), 5, None])
def test_it_takes_a_span(within: Any) -> None:
    """Above zero."""
    with pytest.raises(DefinitionError, match="within is a span above zero"):
        Variety(within)


def test_it_looks_at_our_messages() -> None:
    """Nothing else is kept for it."""
    assert FRESH.reads() == {"messages"}
