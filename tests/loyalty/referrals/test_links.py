"""Links that invite: always the same, short enough for Telegram, and worth nothing when a single bit is another."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.errors import DefinitionError, TokenError
from retention_engine.loyalty.referrals import Invitation, ReferralLinks, Utm
from retention_engine.loyalty.referrals.links import ALPHABET

OLD, NEW = b"the secret of last year", b"the secret of this year"
LINKS = ReferralLinks("friends", OLD)
customers = st.text(min_size=1, max_size=30)
sources = st.none() | st.from_regex(r"[A-Za-z0-9_-]{1,47}", fullmatch=True)


@given(customers, sources)
def test_what_was_written_is_read(customer: str, source: str | None) -> None:
    """Every link is read back, fits into a deep link of Telegram and uses only its characters."""
    payload = LINKS.payload(customer, source)
    assert LINKS.read(payload) == Invitation(LINKS.token(customer), source)
    assert re.fullmatch(r"[A-Za-z0-9_-]{16,64}", payload, re.ASCII)


def test_the_longest_source_still_fits() -> None:
    """Sixty-four characters, and not one more."""
    assert len(LINKS.payload("c7", "s" * 47)) == 64
    with pytest.raises(DefinitionError, match="source"):
        LINKS.payload("c7", "s" * 48)


def test_a_token_is_derived_as_written_down() -> None:
    """Fifty bits of an HMAC over parts with their lengths in front: computed here another way."""
    signed = b"".join(len(part).to_bytes(4, "big") + part for part in (b"token", b"friends", b"c7"))
    number = int(hmac.new(OLD, signed, hashlib.sha256).hexdigest(), 16)
    symbols = []
    for _ in range(10):
        number, symbol = divmod(number, 32)
        symbols.append("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[symbol])
    assert LINKS.token("c7") == "".join(symbols)


def test_tokens_differ_by_customer_programme_and_secret() -> None:
    """Ten thousand customers have ten thousand tokens."""
    assert len({LINKS.token(f"c{number}") for number in range(10_000)}) == 10_000
    assert (
        len({LINKS.token("c7"), ReferralLinks("other", OLD).token("c7"), ReferralLinks("friends", NEW).token("c7")})
        == 3
    )


def test_every_bit_of_a_link_counts() -> None:
    """Of 200 links no single-bit flip is genuine: of the token, the tag or the source."""
    tried = 0
    for number in range(200):
        payload = LINKS.payload(f"c{number}", f"s{number}")
        for place, symbol in enumerate(payload):
            for bit in range(7):
                bent = f"{payload[:place]}{chr(ord(symbol) ^ 1 << bit)}{payload[place + 1 :]}"
                tried += 1
                with pytest.raises(TokenError):
                    LINKS.read(bent)
    assert tried > 20_000


GARBAGE = ["", "_", "A" * 15, "A" * 16, "A" * 65, "ref", None, 7, b"A" * 16, ["A" * 16], "é" * 16, "A" * 10**6]


@pytest.mark.parametrize("payload", GARBAGE, ids=range(len(GARBAGE)))
def test_whatever_a_stranger_sends_is_refused(payload: Any) -> None:
    """One error with one message, whatever is wrong."""
    with pytest.raises(TokenError, match="this link is not valid"):
        LINKS.read(payload)


@given(st.text(max_size=70))
def test_nothing_but_a_genuine_link_is_read(payload: str) -> None:
    """Random texts raise the one error."""
    with pytest.raises(TokenError):
        LINKS.read(payload)


def test_parts_of_genuine_links_make_no_other_one() -> None:
    """A tag is good for its token and its source, and no link for another programme."""
    one, two = LINKS.payload("c7", "a"), LINKS.payload("c8", "b")
    for bent in (
        two[:10] + one[10:],
        one[:10] + two[10:],
        f"{one[:16]}_b",
        one[:16],
        f"{one}_",
        f"{one}\n",
        one.lower(),
    ):
        with pytest.raises(TokenError):
            LINKS.read(bent)
    with pytest.raises(TokenError):
        ReferralLinks("other", OLD).read(one)


def test_a_secret_can_be_changed() -> None:
    """Old links stay good as long as the old secret is among the others; new ones are signed by the first."""
    both = ReferralLinks("friends", (NEW, OLD))
    assert both.read(LINKS.payload("c7")).token == LINKS.token("c7")
    assert ReferralLinks("friends", NEW).read(both.payload("c7")).token == both.token("c7")
    with pytest.raises(TokenError):
        LINKS.read(both.payload("c7"))


def test_a_bot_is_opened_by_its_link() -> None:
    """The payload is what follows ``start=``."""
    assert LINKS.telegram("tea_bot", "c7", "story7") == f"https://t.me/tea_bot?start={LINKS.payload('c7', 'story7')}"
    for bot in ("", "a b", "https://x", "7bot", "bot/x", None):
        with pytest.raises(DefinitionError, match="bot"):
            LINKS.telegram(bot, "c7")  # type: ignore[arg-type]  # that is the point


def test_a_page_is_opened_by_its_link() -> None:
    """UTM values go along for whoever counts visits; the signed part alone counts here."""
    utm = Utm(source="friends & co", medium="share", campaign="spring", content="a", term="tea")
    link = LINKS.web("https://tea.example/?lang=ru", "c7", "story7", utm=utm)
    query = {name: held[0] for name, held in parse_qs(urlsplit(link).query).items()}
    assert query["utm_source"] == "friends & co"
    assert {name for name in query if name.startswith("utm_")} == {
        f"utm_{part}" for part in ("source", "medium", "campaign", "content", "term")
    }
    assert LINKS.read_query(query | {"utm_source": "bent"}) == Invitation(LINKS.token("c7"), "story7")
    assert "utm_" not in LINKS.web("https://tea.example/", "c7")
    assert "utm_medium" not in LINKS.web("https://tea.example/", "c7", utm=Utm(source="a"))
    with pytest.raises(TokenError):
        LINKS.read_query({})


@pytest.mark.parametrize(
    "url", ["http://tea.example", "tea.example", "https://a/#b", "https://a b", "javascript:1", None]
)
def test_a_page_has_a_plain_https_url(url: Any) -> None:
    """Anything else is refused where it is written."""
    with pytest.raises(DefinitionError, match="https"):
        LINKS.web(url, "c7")


@pytest.mark.parametrize(
    "secrets", [b"short", (), (OLD, b"short"), ("text",)], ids=["short", "none", "one short", "text"]
)
def test_secrets_are_long_and_never_shown(secrets: Any) -> None:
    """At least 16 bytes each."""
    with pytest.raises(DefinitionError, match="secrets"):
        ReferralLinks("friends", secrets)
    assert "secret" not in repr(LINKS)


def test_names_are_checked() -> None:
    """A UTM value is a printable text; the alphabet has no letters that look alike."""
    with pytest.raises(DefinitionError, match="campaign"):
        Utm(campaign="a\nb")
    assert not set("ILOU") & set(ALPHABET)
    assert len(set(ALPHABET)) == 32
