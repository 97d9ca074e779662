"""Envelopes, content and outcomes refuse what no channel could mean, and tell nobody's secrets."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.envelopes import (
    LONGEST_REMARK,
    Button,
    Content,
    Entity,
    Migrated,
    NotSent,
    Poll,
    Rejected,
    Sent,
    Styled,
    Unknown,
    compose,
    redacted,
    utf16_length,
)
from retention_engine.errors import DefinitionError
from retention_engine.testing.transports import an_envelope

WRONG = [
    lambda: Button("", url="https://a.example"),
    lambda: Button("Go"),
    lambda: Button("Go", url="https://a.example", callback="a"),
    lambda: Button("Go", callback="я" * 33),
    lambda: Button("Go", callback=""),
    lambda: Button("Go", url="javascript:alert(1)"),
    lambda: Button("Go", url="http://a.example"),
    lambda: Button("Go", url="https://a.example/a b"),
    lambda: Button(7, url="https://a.example"),
    lambda: Entity("bold", -1, 2),
    lambda: Entity("bold", 0, 0),
    lambda: Entity("text_link", 0, 1),
    lambda: Entity("bold", 0, 1, "https://a.example"),
    lambda: Poll(question="", options=("a", "b")),
    lambda: Poll(question="?", options=("a",)),
    lambda: Poll(question="?", options=("a", "")),
    lambda: Poll(question="?", options=("a", "b"), correct=2),
    lambda: Poll(question="?", options=("a", "b"), correct=0, multiple=True),
    lambda: Content(text="\x00"),
    lambda: Content(text="\ud800"),
    lambda: Content(photo="a", document="b"),
    lambda: Content(text="a", buttons=[Button("b", callback="c")], keyboard=["d"]),
    lambda: Content(text="ab", entities=[Entity("bold", 1, 2)]),
    lambda: an_envelope(key=""),
    lambda: an_envelope(customer="a\nb"),
    lambda: an_envelope(address=""),
    lambda: an_envelope(purpose="fun"),
    lambda: an_envelope(attempt=0),
    lambda: NotSent("Upper"),
    lambda: NotSent("late", retry_after=-1),
    lambda: NotSent("late", retry_after=True),
    lambda: NotSent("late", scope="world"),
    lambda: Rejected("late", scope="domain"),
]


@pytest.mark.parametrize("make", WRONG)
def test_what_makes_no_sense_is_refused(make: Any) -> None:
    """Each value says what is wrong with it."""
    with pytest.raises(DefinitionError):
        make()


def test_an_envelope_does_not_show_the_person() -> None:
    """Address, name, content and data are not part of the repr."""
    shown = repr(an_envelope(address="zzPIIzz@example.org", name="zzPIIzz", data={"a": "zzPIIzz"}))
    assert "zzPIIzz" not in shown
    assert "anna" in shown
    assert "7" not in repr(Migrated("7"))


def test_remarks_are_short_and_tell_no_secret() -> None:
    """Tokens, addresses and numbers go; the rest stays on one line."""
    remark = redacted("bot123456:AAExampleToken-x for <anna@example.org>\nor +7 (916) 123-45-67: 550 5.1.1 after 35")
    assert remark == "<secret> for <<address>> or <number>: 550 5.1.1 after 35"
    assert len(redacted("a" * 10_000)) == LONGEST_REMARK
    assert redacted("") == ""


@pytest.mark.parametrize("make", [lambda text: NotSent("a", text), lambda text: Unknown("a", text)])
def test_every_outcome_redacts_its_text(make: Any) -> None:
    """Whoever makes an outcome cannot forget it."""
    assert make("to zzPIIzz@example.org").text == "to <address>"


def test_every_outcome_has_a_code() -> None:
    """A code is there even where nobody gave one."""
    assert [each.code for each in (Sent(7), Migrated("8"))] == ["sent", "migrated"]
    assert Sent(7).id == "7"


@given(st.lists(st.tuples(st.booleans(), st.text(st.characters(exclude_categories=["Cs"]), max_size=8)), max_size=8))
def test_composed_entities_stand_where_their_texts_are(parts: list[tuple[bool, str]]) -> None:
    """In UTF-16 units, each entity covers exactly its own text."""
    text, entities = compose(*(Styled("bold", each) if styled else each for styled, each in parts))
    units = text.encode("utf-16-le")
    found = [units[2 * each.offset : 2 * (each.offset + each.length)].decode("utf-16-le") for each in entities]
    assert text == "".join(each for _, each in parts)
    assert found == [each for styled, each in parts if styled and each]
    assert utf16_length(text) * 2 == len(units)
