"""Signed links: forged, altered, misused and expired ones open nothing; planted faults are caught."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.errors import DefinitionError, RetentionError, TokenError
from retention_engine.preferences import Claim, Keyring, tokens
from retention_engine.timing import SECOND
from tests.preferences._shop import KEYS, NEW, NOW, OLD, WHO

names = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=20).filter("*".__ne__)
some = st.none() | names
whens = st.none() | st.integers(NOW + 1, NOW + 10**15)


def opens(token: Any, purpose: str = "unsubscribe", **more: Any) -> bool:
    """Tell whether a token is valid."""
    try:
        KEYS.open(token, purpose=purpose, **({"now": NOW} | more))
    except TokenError as error:
        return str(error) != "this link is not valid" or error.__cause__ is not None
    return True


@given(names, names, st.just("") | names, some, some, whens)
def test_what_was_signed_comes_back(
    purpose: str, customer: str, tenant: str, channel: str | None, topic: str | None, expires: int | None
) -> None:
    """Every part of it, in letters that need no quoting in a URL."""
    token = KEYS.sign(purpose, customer=customer, tenant=tenant, channel=channel, topic=topic, expires=expires)
    assert token.replace("-", "").replace("_", "").isalnum()
    assert token.isascii()
    claim = KEYS.open(token, purpose=purpose, tenant=tenant, now=NOW)
    words: dict[str, Any] = {"purpose": purpose, "customer": customer, "tenant": tenant}
    assert claim == Claim(**words, channel=channel, topic=topic, expires=expires)


@given(st.integers(0, 10**12).map(str), st.sampled_from((None, "news")), whens)
def test_a_start_token_fits_into_a_deep_link(customer: str, topic: str | None, expires: int | None) -> None:
    """At most 64 letters, digits, - and _; the expiry is rounded down to a second."""
    token = KEYS.sign_start(customer=customer, topic=topic, expires=expires)
    assert len(token) <= 64
    kept = None if expires is None else expires // SECOND * SECOND
    if kept is None or kept > NOW:
        claim = KEYS.open(token, purpose="start", now=NOW)
        assert (claim.customer, claim.topic, claim.expires) == (customer, topic, kept)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"customer": "c" * 32}, "at most 64 characters"),
        ({"customer": "c" * 20, "topic": "t" * 20}, "at most 64 characters"),
        ({"customer": "ж" * 100}, "for short ids"),
        ({"customer": ""}, "customer is a printable text"),
    ],
)
def test_a_start_token_that_does_not_fit_is_refused(words: dict[str, Any], message: str) -> None:
    """With what to do instead."""
    with pytest.raises(DefinitionError, match=message):
        KEYS.sign_start(**words)


def test_the_longest_id_that_fits_fits() -> None:
    """31 letters, without topic and expiry."""
    assert len(KEYS.sign_start(customer="c" * 31)) == 64


def some_tokens(count: int) -> list[tuple[str, str]]:
    """Return (purpose, token) of both forms, with and without each part."""
    found = []
    for number in range(count):
        words: dict[str, Any] = {"customer": f"customer-{number}"}
        if number % 3:
            words["topic"] = f"t{number}"
        if number % 5 == 0:
            words["expires"] = NOW + SECOND * (number + 1)
        if number % 4 == 0:
            found.append(("start", KEYS.sign_start(**words)))
        else:
            found.append(("unsubscribe", KEYS.sign("unsubscribe", channel=(None, "email")[number % 2], **words)))
    return found


@pytest.mark.slow
def test_every_single_bit_flip_is_rejected() -> None:
    """S5: of 1,000 tokens, each bit of the bytes; of a hundred, each bit of the text they are written as, too."""
    for number, (purpose, token) in enumerate(some_tokens(1_000)):
        assert opens(token, purpose)
        text, raw = token.encode() if number < 100 else b"", urlsafe_b64decode(token + "=" * (-len(token) % 4))
        for bit in range(8 * len(text)):
            assert not opens(flipped(text, bit).decode("latin-1"), purpose)
        for bit in range(8 * len(raw)):
            assert not opens(urlsafe_b64encode(flipped(raw, bit)).decode().rstrip("="), purpose)


def flipped(raw: bytes, bit: int) -> bytes:
    """Return the bytes with one bit changed."""
    made = bytearray(raw)
    made[bit // 8] ^= 1 << bit % 8
    return bytes(made)


@pytest.mark.parametrize(
    "token",
    [
        None,
        5,
        b"abc",
        "",
        "a",
        "=",
        "====",
        "ж" * 40,
        "A" * 10_000,
        "AAAA",
        "Eg",
        "EP__",
        "\0" * 40,
        "a b",
        "Zm9v" * 20,
    ],
)
def test_nonsense_is_rejected_in_the_same_words(token: Any) -> None:
    """Whatever it is."""
    assert not opens(token)


@given(st.binary(max_size=80))
def test_any_bytes_are_rejected(raw: bytes) -> None:
    """Under the head of either form, too."""
    for head in (b"", b"\x10", b"\x17", b"\x27", b"\x1f"):
        assert not opens(urlsafe_b64encode(head + raw).decode().rstrip("="))


def test_a_token_is_written_in_one_way_only() -> None:
    """Padding, blanks and unused bits make another text: refused."""
    token = KEYS.sign("unsubscribe", customer="ann")
    assert opens(token)
    for other in (f"{token}=", f"{token}\n", f" {token}", f"{token[:9]}.{token[9:]}", f"{token}A"):
        assert not opens(other)


def test_a_token_is_good_for_its_purpose_and_tenant_only() -> None:
    """Whoever opens it says which ones are meant."""
    token = KEYS.sign("unsubscribe", customer=WHO, tenant="shop-a")
    assert opens(token, tenant="shop-a")
    assert not opens(token)
    assert not opens(token, tenant="shop-b")
    for purpose in ("preferences", "confirm", "start", "redeem", "unsubscribe ", ""):
        assert not opens(token, purpose, tenant="shop-a")


def test_a_token_expires_at_the_instant_it_names() -> None:
    """Exclusive: a microsecond before it is valid still."""
    token = KEYS.sign("unsubscribe", customer=WHO, expires="2026-03-01T12:00:00+00:00")
    assert opens(token, now=NOW - 1)
    assert not opens(token, now=NOW)
    assert opens(KEYS.sign("unsubscribe", customer=WHO), now=NOW + 10**16)


def test_old_keys_open_and_the_current_one_signs() -> None:
    """A key that was dropped opens nothing, nor does another secret under the same id."""
    before = Keyring({"k1": OLD}, current="k1").sign("unsubscribe", customer=WHO)
    after = KEYS.sign("unsubscribe", customer=WHO)
    assert opens(before)
    only = Keyring({"k2": NEW}, current="k2")
    assert only.open(after, purpose="unsubscribe", now=NOW).customer == WHO
    for ring, token in ((only, before), (Keyring({"k2": OLD}, current="k2"), after)):
        with pytest.raises(TokenError):
            ring.open(token, purpose="unsubscribe", now=NOW)


def test_one_secret_under_two_ids_signs_differently() -> None:
    """The id of the key is signed, too: it cannot be exchanged in a token."""
    ring = Keyring({"k1": OLD, "k2": OLD}, current="k2")
    token = ring.sign("unsubscribe", customer=WHO)
    raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    swapped = urlsafe_b64encode(raw.replace(b"k2", b"k1", 1)).decode().rstrip("=")
    with pytest.raises(TokenError):
        ring.open(swapped, purpose="unsubscribe", now=NOW)


RINGS: list[tuple[Any, Any, str]] = [
    ({}, "k1", "at least one"),
    ([("k1", OLD)], "k1", "a mapping"),
    ({"k1": b"short"}, "k1", "'k1' is bytes, at least 16"),
    ({"k1": "a text of sixteen letters"}, "k1", "'k1' is bytes"),
    ({"": OLD}, "", "id of a key"),
    ({"k 1": OLD}, "k 1", "id of a key"),
    ({5: OLD}, 5, "id of a key"),
    ({"k1": OLD}, "k2", r"current is no key: 'k2' \(allowed: k1\)"),
]


@pytest.mark.parametrize(("secrets", "current", "message"), RINGS)
def test_a_keyring_is_checked(secrets: Any, current: Any, message: str) -> None:
    """The message never holds a secret."""
    with pytest.raises(DefinitionError, match=message) as caught:
        Keyring(secrets, current=current)
    assert "sixteen" not in str(caught.value)
    assert "short" not in str(caught.value)


def test_a_keyring_hides_its_secrets_and_keeps_its_own_copy() -> None:
    """Logs must not hold them."""
    given_secrets = {"k1": OLD}
    ring = Keyring(given_secrets, current="k1")
    given_secrets.clear()
    assert ring.sign("unsubscribe", customer=WHO)
    assert "0123" not in repr(ring)


WORDS: list[tuple[dict[str, Any], str]] = [
    ({"customer": ""}, "customer is"),
    ({"customer": None}, "customer is"),
    ({"customer": "a\nb"}, "customer is"),
    ({"channel": ""}, "channel is"),
    ({"channel": "*"}, "leave them out"),
    ({"topic": "t" * 201}, "topic is"),
    ({"topic": "*"}, "leave them out"),
    ({"tenant": 5}, "tenant is"),
    ({"expires": "soon"}, "expires: not an ISO"),
    ({"expires": -1}, "before 1970"),
]


@pytest.mark.parametrize(("words", "message"), WORDS)
def test_only_sound_words_are_signed(words: dict[str, Any], message: str) -> None:
    """The name and what is allowed are in the message."""
    with pytest.raises(DefinitionError, match=message):
        KEYS.sign("unsubscribe", **({"customer": WHO} | words))


def test_now_must_be_an_instant() -> None:
    """A mistake of the host is no invalid link."""
    with pytest.raises(DefinitionError, match="now: naive"):
        opens(KEYS.sign("unsubscribe", customer=WHO), now="2026-03-01T00:00:00")


def test_the_error_has_a_place_in_the_tree() -> None:
    """It is a ``ValueError`` of ours."""
    assert issubclass(TokenError, RetentionError)
    assert issubclass(TokenError, ValueError)


# Two laws, each shown to catch a planted fault.

Signed = Callable[[Any, str, Claim], bytes]


def law_of_purpose() -> None:
    """A token of one purpose opens nothing for another."""
    token = KEYS.sign("unsubscribe", customer=WHO)
    assert not opens(token, "preferences")


def law_of_parts() -> None:
    """A tag of one claim fits no other: not across customers, topics or channels, however the letters are divided."""
    claims = [
        {"customer": "ab", "topic": "c"},
        {"customer": "a", "topic": "bc"},
        {"customer": "abc"},
        {"customer": "ab", "channel": "c"},
        {"customer": "a", "channel": "b", "topic": "c"},
        {"customer": "xyz"},
    ]
    found = [KEYS.sign("unsubscribe", **each) for each in claims]
    raws = [urlsafe_b64decode(token + "=" * (-len(token) % 4)) for token in found]
    for one in raws:
        for other in raws:
            mixed = urlsafe_b64encode(one[:-16] + other[-16:]).decode().rstrip("=")
            assert one is other or not opens(mixed)


def without_purpose(form: Any, key: str, claim: Claim) -> bytes:
    """Sign everything but the purpose."""
    return repr((form, key, claim.tenant, claim.customer, claim.channel, claim.topic, claim.expires)).encode()


def without_lengths(form: Any, key: str, claim: Claim) -> bytes:
    """Sign the parts one after the other."""
    parts = (claim.purpose, claim.tenant, key, claim.customer, claim.channel or "", claim.topic or "")
    return "".join(parts).encode()


def without_customer(form: Any, key: str, claim: Claim) -> bytes:
    """Sign everything but the customer."""
    return repr((form, key, claim.purpose, claim.tenant, claim.channel, claim.topic, claim.expires)).encode()


@pytest.mark.parametrize("law", [law_of_purpose, law_of_parts])
def test_the_laws_hold(law: Callable[[], None]) -> None:
    """Of the signature as it is."""
    law()


@pytest.mark.parametrize(
    ("law", "fault"),
    [(law_of_purpose, without_purpose), (law_of_parts, without_lengths), (law_of_parts, without_customer)],
)
def test_a_planted_fault_breaks_a_law(monkeypatch: pytest.MonkeyPatch, law: Callable[[], None], fault: Signed) -> None:
    """What does not bind its purpose, or does not part its words, is found."""
    monkeypatch.setattr(tokens, "_signed", fault)
    with pytest.raises(AssertionError):
        law()
