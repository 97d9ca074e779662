"""A few candidates stand for all values: whether comparisons can be met together is decided, not guessed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.rules.analysis.values import Comparison, Domain, implies, possible
from retention_engine.timing import days

NUMBER = Domain(frozenset({"number"}))
COUNT = Domain(frozenset({"number"}), lacks=False, whole=True, least=0)
TEXT = Domain(frozenset({"text"}))
FLAG = Domain(frozenset({"flag"}))
SPAN = Domain(frozenset({"span"}), least=0)
HOUR = Domain(frozenset({"number"}), lacks=False, choices=tuple(range(24)))
ANY = Domain(frozenset({"number", "text", "flag", "instant"}))

CASES = [
    (NUMBER, [(">", 3), ("<", 4)], True),
    (COUNT, [(">", 3), ("<", 4)], False),
    (COUNT, [("<", 0)], False),
    (COUNT, [("set", None)], True),
    (COUNT, [], True),
    (NUMBER, [("==", 0.1), ("!=", 0.1)], False),
    (NUMBER, [("in", (1, 2)), (">", 1.5)], True),
    (Domain(frozenset({"number"}), most=5), [(">", 5)], False),
    (SPAN, [(">=", days(3)), ("<", days(3))], False),
    (SPAN, [(">", days(3)), ("<=", days(4))], True),
    (HOUR, [(">=", 22), ("<", 7)], False),
    (HOUR, [(">=", 22)], True),
    (FLAG, [("==", True), ("!=", True)], False),
    (FLAG, [("!=", True)], True),
    (TEXT, [("starts_with", "ab"), ("starts_with", "abc"), ("contains", "x")], True),
    (TEXT, [("starts_with", "ab"), ("starts_with", "ba")], False),
    (TEXT, [("==", "ab"), ("contains", "c")], False),
    (TEXT, [("in", ("ab", "cd")), ("contains", "c")], True),
    (ANY, [("==", 1), ("==", "1")], False),
    (ANY, [("==", 1), ("==", True)], False),
    (ANY, [("set", None)], True),
]


@pytest.mark.parametrize(("domain", "asked", "expected"), CASES)
def test_comparisons_can_be_met_or_not(domain: Domain, asked: list[tuple[str, Any]], expected: bool) -> None:
    """Whole numbers have gaps; kinds exclude each other; texts may contain anything."""
    assert possible([Comparison(op, constant) for op, constant in asked], domain) is expected


def test_no_value_fails_every_comparison() -> None:
    """It agrees with all negations, unless there is always a value."""
    asked = [Comparison("==", 1, holds=False), Comparison("!=", 1, holds=False)]
    assert possible(asked, NUMBER)
    assert not possible(asked, COUNT)
    assert Comparison("set", None).passes(("instant", 0))
    assert not Comparison("==", 1).passes(None)


def test_a_text_unlike_all_constants_exists() -> None:
    """Even when the constants use letters that look unlike any."""
    strange = "".join(chr(code) for code in range(0xE000, 0xE010))
    asked = [Comparison("contains", strange), Comparison("==", strange, holds=False)]
    assert possible(asked, TEXT)
    assert not possible([*asked, Comparison("contains", chr(0xE003), holds=False)], TEXT)


def test_a_comparison_may_follow_from_others() -> None:
    """More than five is more than three; at least three whole ones are more than two and a half."""
    assert implies([Comparison(">", 5)], Comparison(">", 3), NUMBER)
    assert not implies([Comparison(">", 3)], Comparison(">", 5), NUMBER)
    assert implies([Comparison(">", 2)], Comparison(">=", 3), COUNT)
    assert not implies([Comparison(">", 2)], Comparison(">=", 3), NUMBER)


NUMBERS = st.tuples(st.sampled_from(("<", "<=", ">", ">=", "==", "!=")), st.integers(-3, 3), st.booleans())
WORDS = st.text("ab", min_size=1, max_size=2)
TEXTS = st.tuples(st.sampled_from(("contains", "starts_with", "==", "!=")), WORDS, st.booleans())


@given(st.lists(NUMBERS, max_size=4))
def test_small_whole_numbers_are_decided_as_by_trying_them_all(asked: list[tuple[str, int, bool]]) -> None:
    """No candidate is missing, none is too many."""
    comparisons = [Comparison(op, constant, holds) for op, constant, holds in asked]
    domain = Domain(frozenset({"number"}), lacks=False, whole=True)
    tried = any(all(each.passes(("number", number)) for each in comparisons) for number in range(-9, 10))
    assert possible(comparisons, domain) is tried


@given(st.lists(TEXTS, max_size=3))
def test_small_texts_are_never_called_impossible_when_there_is_one(asked: list[tuple[str, str, bool]]) -> None:
    """Every text over a few letters is tried."""
    comparisons = [Comparison(op, constant, holds) for op, constant, holds in asked]
    texts = [""]
    for _ in range(6):
        texts += [f"{text}{letter}" for text in texts if len(text) == len(texts[-1]) for letter in "abc"]
    tried = any(all(each.passes(("text", text)) for each in comparisons) for text in texts)
    assert possible(comparisons, Domain(frozenset({"text"}), lacks=False)) or not tried
