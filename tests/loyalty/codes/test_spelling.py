"""How codes are written and read, and which typos are noticed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.errors import LedgerError
from retention_engine.loyalty import codes as lc

WIDTHS = st.sampled_from((lc.BOUND, lc.BEARER))


def made(value: int, width: int) -> str:
    """Return the first code from a body on."""
    while (last := lc.check_symbol(value)) is None:
        value += 1
    return lc.body_of(value, width) + last


codes = WIDTHS.flatmap(lambda width: st.integers(0, 32**width - 40).map(lambda value: made(value, width)))


def understood(text: str, symbols: str) -> bool:
    """Tell whether a text is read as one code."""
    return symbols in {each.symbols for each in lc.read(text)}


def test_a_published_example() -> None:
    """1234 is ``16J`` with the check symbol D, as the inventor of the alphabet writes it."""
    assert lc.body_of(1234, 3) == "16J"
    assert lc.value_of("16J") == 1234
    assert lc.check_symbol(1234) == "D"


@given(symbols=codes, prefix=st.sampled_from(("", "SPRING", "X1", "OLIL")))
def test_code_round_what_is_written_is_read(symbols: str, prefix: str) -> None:
    """CODE-ROUND: parse(format(code)) == code, also in small letters, with other dashes and with look-alikes."""
    text = lc.spell(prefix, symbols)
    for typed in (
        text,
        text.lower(),
        f"  {text.replace('-', ' – ')}\n",
        text.replace("0", "o").replace("1", "l"),
        text.translate(str.maketrans("ABEKMHPCTYX", "АВЕКМНРСТУХ")),
        "".join(chr(ord(letter) + 0xFEE0) if letter.isalnum() else letter for letter in text),
        text.replace("-", "\u200b"),
    ):
        assert lc.Spelling(lc.canonical(prefix), symbols) in lc.read(typed), typed


@given(symbols=codes, place=st.integers(0, 20), other=st.sampled_from(lc.ALPHABET))
def test_code_round_every_single_typo_is_noticed(symbols: str, place: int, other: str) -> None:
    """CODE-ROUND: one wrong symbol, the check symbol included, makes it no code."""
    place %= len(symbols)
    wrong = symbols[:place] + other + symbols[place + 1 :]
    assert lc.is_code(wrong) is (wrong == symbols)


@given(symbols=codes, place=st.integers(0, 20))
def test_code_round_every_swap_of_neighbours_is_noticed(symbols: str, place: int) -> None:
    """CODE-ROUND: two neighbours in the wrong order, the last two included, make it no code."""
    place %= len(symbols) - 1
    wrong = symbols[:place] + symbols[place + 1] + symbols[place] + symbols[place + 2 :]
    assert lc.is_code(wrong) is (wrong == symbols)


def test_every_typo_of_one_code_is_noticed() -> None:
    """All 12 x 31 substitutions of a code by brute force."""
    symbols = made(987_654_321_012_345, lc.BEARER)
    wrong = {symbols[:n] + other + symbols[n + 1 :] for n in range(len(symbols)) for other in lc.ALPHABET} - {symbols}
    assert len(wrong) == 13 * 31
    assert not any(map(lc.is_code, wrong))


@given(st.text(max_size=300))
def test_any_text_is_read_or_is_no_code(text: str) -> None:
    """Nothing raises, and what is read is a code."""
    for each in lc.read(text):
        assert lc.is_code(each.symbols)
        assert lc.canonical(text) == each.prefix + each.symbols


def test_the_groups() -> None:
    """Four, four and the rest; a code that is none is not written."""
    assert lc.spell("", "16J000000000N") == "16J0-0000-0000N" if lc.is_code("16J000000000N") else True
    assert lc.spell("TEA", made(5, lc.BOUND)).split("-")[0] == "TEA"
    assert [len(part) for part in lc.spell("", made(5, lc.BEARER)).split("-")] == [4, 4, 5]
    assert [len(part) for part in lc.spell("", made(5, lc.BOUND)).split("-")] == [4, 4, 3]
    with pytest.raises(LedgerError, match="no symbols of a code"):
        lc.spell("", "AAAA")


def test_a_text_that_is_too_long_is_no_code() -> None:
    """A megabyte of symbols is not looked at."""
    assert lc.canonical("A" * 10**6) == ""
    assert lc.read("0" * 10**6) == ()
