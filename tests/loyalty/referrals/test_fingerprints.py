"""Fingerprints: the same for every way to write a thing, another one for anything else, and no way back."""

from __future__ import annotations

import pytest

from retention_engine.errors import FactError
from retention_engine.facts import FINGERPRINTS
from retention_engine.loyalty.referrals import fingerprint_of

SECRET = b"a secret of sixteen"

SAME = [
    ("email", "Ann.Lee+shop@Gmail.com", "annlee@googlemail.com"),
    ("email", " ann@tea.example ", "ANN+x+y@TEA.EXAMPLE."),
    ("phone", "+7 (912) 345-67-89", "8 912 345 67 89"),
    ("phone", "0049 30 1234", "+49 (30) 12-34"),
    ("ip", "203.0.113.7", "203.0.113.250"),
    ("ip", "::ffff:203.0.113.7", "203.0.113.1"),
    ("ip", "2001:db8:1:2::1", "2001:db8:1:2:ffff::"),
    ("address", "Main  St. 5,\tRiga", "main st. 5, riga"),
    ("device", " abc ", "abc"),
    ("payment", "tok_1", "tok_1"),
]
DIFFERENT = [
    ("email", "ann.lee@tea.example", "annlee@tea.example"),
    ("email", "ann@gmail.com", "ann@gmail.org"),
    ("phone", "+82 2 1234 5678", "+72 2 1234 5678"),
    ("ip", "203.0.113.7", "203.0.114.7"),
    ("ip", "2001:db8:1:2::1", "2001:db8:1:3::1"),
    ("device", "abc", "ABC"),
]
WRONG = [("email", "ann"), ("email", "@a"), ("email", "+x@a"), ("phone", "none"), ("ip", "1.2.3"), ("device", "")]


@pytest.mark.parametrize(("sort", "one", "other"), SAME)
def test_one_thing_has_one_fingerprint(sort: str, one: str, other: str) -> None:
    """However it is written."""
    assert fingerprint_of(sort, one, SECRET) == fingerprint_of(sort, other, SECRET)


@pytest.mark.parametrize(("sort", "one", "other"), DIFFERENT)
def test_another_thing_has_another_one(sort: str, one: str, other: str) -> None:
    """Only what surely is the same counts as the same."""
    assert fingerprint_of(sort, one, SECRET) != fingerprint_of(sort, other, SECRET)


@pytest.mark.parametrize(("sort", "text"), WRONG)
def test_what_cannot_be_one_is_refused_and_not_shown(sort: str, text: str) -> None:
    """An error names the sort, never the text."""
    with pytest.raises(FactError, match=sort) as caught:
        fingerprint_of(sort, text, SECRET)
    assert not text or text not in str(caught.value)


def test_it_depends_on_secret_and_sort() -> None:
    """A list of addresses is of no use without the secret."""
    made = {fingerprint_of(sort, "10.0.0.1", secret) for sort in ("ip", "device") for secret in (SECRET, SECRET[::-1])}
    assert len(made) == 4
    assert all(len(one) == 32 for one in made)


def test_the_sorts_are_those_of_the_facts() -> None:
    """Each can be made; an unknown one names the nearest, a short secret is refused."""
    text = {"email": "a@b", "phone": "1", "ip": "::1"}
    assert all(fingerprint_of(sort, text.get(sort, "x"), SECRET) for sort in FINGERPRINTS)
    with pytest.raises(FactError, match="'email'"):
        fingerprint_of("mail", "a@b", SECRET)
    with pytest.raises(FactError, match="secret"):
        fingerprint_of("email", "a@b", b"short")
