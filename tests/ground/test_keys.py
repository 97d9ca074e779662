"""Hashes are the same everywhere, and spread customers evenly."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.keys import BUCKETS, bucket, bucket_edge, fingerprint, framed, hash_text, is_secret

PUBLISHED = [  # RFC 2617, section 3.5: both are md5 of "first:second"
    ("testrealm@host.com:Circle Of Life", "Mufasa", "939e7578ed9e3c518a452acee763bce9"),
    ("/dir/index.html", "GET", "39aff3a2bab6126f332b942af96d3366"),
]


@pytest.mark.parametrize(("customer", "salt", "digest"), PUBLISHED)
def test_the_hash_is_md5_as_published(customer: str, salt: str, digest: str) -> None:
    """The worked example of RFC 2617 gives the published digits."""
    assert hash_text(customer, salt) == digest[:8]


@given(st.text(max_size=20), st.text(max_size=10))
def test_the_bucket_follows_from_the_hash(customer: str, salt: str) -> None:
    """Eight hexadecimal digits are scaled to 0 to 9,999."""
    assert bucket(customer, salt) == int(hash_text(customer, salt), 16) * BUCKETS // 2**32


@given(st.text(max_size=20), st.integers(0, BUCKETS))
def test_comparing_hashes_is_comparing_buckets(customer: str, edge: int) -> None:
    """A share of customers can be told by text alone, as SQL does."""
    assert (hash_text(customer, "s") >= bucket_edge(edge)) == (bucket(customer, "s") >= edge)


def test_every_edge_is_exact() -> None:
    """At each of the 10,000 edges the smallest hash is inside and the one before it outside."""
    for number in range(BUCKETS):
        value = int(bucket_edge(number), 16)
        assert value * BUCKETS >> 32 == number
        assert value == 0 or (value - 1) * BUCKETS >> 32 == number - 1
    assert bucket_edge(BUCKETS) == "g"


def test_buckets_are_uniform() -> None:
    """100,000 numbered customers in 100 groups: chi-square lies inside its 99.9 % range, for each of three salts."""
    for salt in ("holdout", "win-back", ""):
        groups = Counter(bucket(f"customer-{number}", salt) // 100 for number in range(100_000))
        chi_square = sum((groups[group] - 1000) ** 2 / 1000 for group in range(100))
        assert 60 < chi_square < 149


def test_salts_are_independent() -> None:
    """Being in the first half by one salt says nothing about another."""
    both = sum(bucket(f"c{n}", "a") < 5000 and bucket(f"c{n}", "b") < 5000 for n in range(40_000))
    assert 9_700 < both < 10_300


def test_sql_computes_the_same_hash() -> None:
    """DuckDB's md5 gives the same eight digits, in any alphabet."""
    duckdb = pytest.importorskip("duckdb", reason="the extra duckdb is not installed")
    names = ["c7", "Жанна", "山田", "O'Neil", "a:b", ""]
    with duckdb.connect(":memory:") as base:
        rows = [base.execute("select left(md5(concat('s', ':', ?)), 8)", [name]).fetchone() for name in names]
    assert [row[0] for row in rows] == [hash_text(name, "s") for name in names]


@given(st.lists(st.text(max_size=5), max_size=4), st.lists(st.text(max_size=5), max_size=4))
def test_a_fingerprint_tells_sequences_apart(first: list[str], second: list[str]) -> None:
    """Where one text ends and the next begins matters."""
    assert (fingerprint(*first) == fingerprint(*second)) == (first == second)


def test_a_fingerprint_never_changes() -> None:
    """Fingerprints are stored: this one was taken with sha256 over lengths and texts by hand."""
    assert fingerprint() == "e3b0c44298fc1c149afbf4c8996fb924"
    assert fingerprint("ab", "c") != fingerprint("a", "bc")


def test_broken_texts_have_hashes_too() -> None:
    """A lone surrogate does not stop anything."""
    assert 0 <= bucket("\ud800", "s") < BUCKETS
    assert len(fingerprint("\ud800")) == 32


@given(st.lists(st.binary(max_size=5), max_size=4), st.lists(st.binary(max_size=5), max_size=4))
def test_borders_of_parts_cannot_be_moved(first: list[bytes], second: list[bytes]) -> None:
    """Joined parts are the same only where each of them is, and a text is its bytes."""
    assert (framed(*first) == framed(*second)) == (first == second)
    assert framed("ж", b"a", width=2) == b"\x00\x02\xd0\xb6\x00\x01a"


@pytest.mark.parametrize(("value", "fits"), [(b"k" * 16, True), (b"k" * 15, False), ("k" * 16, False), (None, False)])
def test_a_secret_is_long_enough_bytes(value: object, fits: bool) -> None:
    """16 of them, or as many as somebody wants at least."""
    assert is_secret(value) == fits
    assert not is_secret(value, 17)
