"""Raffles: winners follow from what was committed to, frozen and revealed; a proof holds or fails as a whole."""

from __future__ import annotations

import hmac
import json
from collections import Counter
from hashlib import sha256
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.errors import DefinitionError, LedgerError
from retention_engine.loyalty.games import (
    Raffle,
    Tickets,
    commitment,
    draw,
    draw_seed,
    proof,
    ranking,
    rules_digest,
    verify_proof,
)

SEED, VALUE = bytes(range(32)), "b0ba"
CHI_SQUARE_2_999 = 13.816
"""Upper critical value, 2 degrees of freedom, 0.001: NIST/SEMATECH e-Handbook, 1.3.6.7.4."""
COUNTS = st.dictionaries(st.text("abcö:1", min_size=1, max_size=3), st.integers(0, 4), max_size=8)


def any_of(value: Any) -> Any:
    """Return a value of a type that is not allowed where it is given."""
    return value


def raffle(**more: Any) -> Raffle:
    """Return a raffle with two prizes."""
    words = {"id": "spring", "opens_at": 0, "closes_at": 10, "prizes": ["bike", "mug"], "commitment": commitment(SEED)}
    return Raffle(**{**words, "beacon": "drand round 4000000", "beacon_at": 11, **more})


def drawn(counts: dict[str, int], **more: Any) -> Any:
    """Draw."""
    return draw(raffle(), Tickets.freeze(counts), server_seed=SEED, beacon_value=VALUE, **more)


def frame(*parts: bytes) -> bytes:
    """Put each part after its length."""
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def test_the_draw_is_what_the_rules_say() -> None:
    """Written out by hand from the published recipe: frames, hashes, lowest first."""
    counts = {"bob": 2, "anna": 1}
    tickets = sha256(frame(b"anna", b"1", b"bob", b"2")).hexdigest()
    seed = sha256(frame(SEED, VALUE.encode(), b"spring", tickets.encode())).digest()
    names = sorted(("1:anna", "1:bob", "2:bob"), key=lambda name: hmac.new(seed, name.encode(), "sha256").digest())
    order = list(dict.fromkeys(name.partition(":")[2] for name in names))
    found = drawn(counts)
    assert (Tickets.freeze(counts).digest(), found.seed) == (tickets, seed)
    assert [win.customer for win in found.winners] == order
    assert found.winners[0].ticket == names[0]


@given(COUNTS, st.randoms(use_true_random=False))
def test_raffle_perm_and_uniq(counts: dict[str, int], order: Any) -> None:
    """The order of the entries means nothing; one prize for each customer; nobody without a ticket."""
    shuffled = list(counts.items())
    order.shuffle(shuffled)
    found = drawn(counts)
    assert drawn(dict(shuffled)) == found
    holders = {customer for customer, count in counts.items() if count}
    listed = [win.customer for win in found.winners] + list(found.alternates)
    assert sorted(listed) == sorted(holders)
    assert len(found.winners) == min(2, len(holders))


@given(COUNTS, st.data())
def test_raffle_alt_the_next_rank_moves_up(counts: dict[str, int], data: Any) -> None:
    """Without a loser the winners stay, also in the ranking of one seed; without a winner exactly the next gets in."""
    found = drawn(counts)
    order = [win.customer for win in found.winners] + list(found.alternates)
    if not order:
        return
    out = data.draw(st.sampled_from(order))
    left = [customer for customer in order if customer != out]
    again = drawn(counts, excluded=[out])
    assert [win.customer for win in again.winners] + list(again.alternates) == left
    assert [win.prize for win in again.winners] == ["bike", "mug"][: len(left)]
    fewer = {customer: count for customer, count in counts.items() if customer != out}
    assert [customer for customer, _ in ranking(found.seed, Tickets.freeze(fewer))] == left


@pytest.mark.parametrize(
    "link",
    ["jagrosh/GiveawayBot/issues/276", "jagrosh/GiveawayBot/issues/177", "Androz2091/discord-giveaways/issues/203"],
)
def test_b29_a_winner_is_replaced_by_the_next_rank_and_never_wins_again(link: str) -> None:
    """Every excluded winner makes room for one who has not won."""
    counts = {f"c{number}": 3 for number in range(9)}
    out: list[str] = []
    for _ in range(7):
        winners = [win.customer for win in drawn(counts, excluded=out).winners]
        assert len(set(winners)) == 2, link
        assert not set(winners) & set(out)
        out.append(winners[0])


def shares(rounds: int) -> list[int]:
    """Return how often each of three customers with 3, 1 and 1 tickets wins."""
    tickets = Tickets.freeze({"a": 3, "b": 1, "c": 1})
    first = (ranking(number.to_bytes(32, "big"), tickets)[0][0] for number in range(rounds))
    won = Counter(first)
    return [won[name] for name in "abc"]


def chi_square(found: list[int]) -> float:
    """Return the statistic against 3:1:1."""
    total = sum(found)
    return sum(
        (count - total * weight / 5) ** 2 / (total * weight / 5) for count, weight in zip(found, (3, 1, 1), strict=True)
    )


def test_raffle_fair() -> None:
    """20,000 draws with weights 3:1:1."""
    assert chi_square(shares(20_000)) < CHI_SQUARE_2_999


def test_b29_a_replacement_is_as_fair_as_a_draw() -> None:
    """Of two who are left both are next about as often; "first valid in the list" made it 12,064 to 0.

    https://github.com/Androz2091/discord-giveaways/issues/446
    """
    tickets = Tickets.freeze({"a": 3, "b": 1, "c": 1})
    following = Counter(ranking(number.to_bytes(32, "big"), tickets)[1][0] for number in range(6_000))
    assert abs(following["b"] - following["c"]) < 4 * (following["b"] + following["c"]) ** 0.5


PROOF = proof(
    raffle(),
    Tickets.freeze({"anna": 2, "bob": 1, "ö": 1, "x": 1}),
    server_seed=SEED,
    beacon_value=VALUE,
    excluded=["bob"],
)


def test_raffle_verify_the_proof_verifies() -> None:
    """As text and as bytes, with and without what was published."""
    frozen = Tickets.freeze({"anna": 2, "bob": 1, "ö": 1, "x": 1})
    found = draw(raffle(), frozen, server_seed=SEED, beacon_value=VALUE, excluded=["bob"])
    assert verify_proof(PROOF) == verify_proof(PROOF.encode()) == found
    words = {"commitment": raffle().commitment, "rules": rules_digest(raffle()), "tickets": frozen.digest()}
    assert verify_proof(PROOF, **words) == found
    for name in words:
        with pytest.raises(LedgerError, match=f"its {name} are not what was published") as caught:
            verify_proof(PROOF, **{name: "0" * 64})
        assert caught.value.code == "bad_proof"


def test_raffle_verify_any_flipped_byte_fails() -> None:
    """Every byte, with several changes each; also a byte too many or too few."""
    raw = PROOF.encode()
    for place, byte in enumerate(raw):
        for other in {byte ^ 1, byte ^ 0x20, byte ^ 0x80, (byte + 1) % 256}:
            with pytest.raises(LedgerError):
                verify_proof(raw[:place] + bytes([other]) + raw[place + 1 :])
    for text in (raw[:-1], raw + b"\n", b" " + raw, raw[:9] + raw[10:]):
        with pytest.raises(LedgerError):
            verify_proof(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "{",
        "[" * 100_000,
        "\ud800",
        b"\xff",
        "1" * 5000,
        None,
        json.dumps({key: [] for key in json.loads(PROOF)}),
        '{"a": NaN}',
    ],
    ids=["empty", "list", "object", "open", "deep", "surrogate", "bytes", "long", "none", "parts", "nan"],
)
def test_what_is_no_proof_is_one_clear_error(text: Any) -> None:
    """Whatever comes in."""
    with pytest.raises(LedgerError, match="this proof is not valid") as caught:
        verify_proof(text)
    assert caught.value.code == "bad_proof"


def test_a_huge_proof_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its size is looked at first."""
    monkeypatch.setattr("retention_engine.loyalty.games.proofs.LARGEST_PROOF", 10)
    with pytest.raises(LedgerError, match="more than 10 bytes"):
        verify_proof(PROOF)


def test_a_forged_proof_that_holds_together_fails_against_what_was_published() -> None:
    """Another seed makes another winner, but its commitment is not the published one."""
    other = bytes(32)
    forged = proof(
        raffle(commitment=commitment(other)), Tickets.freeze({"a": 1}), server_seed=other, beacon_value=VALUE
    )
    assert verify_proof(forged).winners
    with pytest.raises(LedgerError, match="its commitment are not"):
        verify_proof(forged, commitment=raffle().commitment)


def test_frames_keep_parts_apart() -> None:
    """Moving a border between two parts gives another seed; so do other tickets of the same letters."""
    assert draw_seed(SEED, "ab", "c", "d") != draw_seed(SEED, "a", "bc", "d")
    assert Tickets.freeze({"a": 11}).digest() != Tickets.freeze({"a1": 1}).digest()


@pytest.mark.parametrize(
    "change",
    [
        {"id": "x"},
        {"commitment": commitment(bytes(32))},
        {"beacon": "y"},
        {"beacon_at": 99},
        {"prizes": ["z"]},
        {"opens_at": 1},
        {"closes_at": 9},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_rule_is_in_the_digest(change: dict[str, Any]) -> None:
    """No option is dead."""
    assert rules_digest(evolve(raffle(), **change)) != rules_digest(raffle())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"beacon_at": 10}, "beacon_at lies after closes_at, 10, not at 10"),
        ({"prizes": []}, "at least one prize"),
        ({"prizes": "bike"}, "a list is needed"),
        ({"prizes": [""]}, "prizes and beacon are printable"),
        ({"beacon": ""}, "prizes and beacon are printable"),
        ({"commitment": "abc"}, "commitment is the text"),
    ],
    ids=["early", "none", "text", "empty", "beacon", "commitment"],
)
def test_wrong_raffles_are_refused(words: dict[str, Any], message: str) -> None:
    """Above all a public value that is known before the close."""
    with pytest.raises(DefinitionError, match=message):
        raffle(**words)


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (lambda: commitment(b"short"), "bad_seed"),
        (lambda: commitment(any_of("x" * 32)), "bad_seed"),
        (lambda: Tickets.freeze({"": 1}), "bad_tickets"),
        (lambda: Tickets.freeze({"a": -1}), "bad_tickets"),
        (lambda: Tickets.freeze(any_of({"a": 1.0})), "bad_tickets"),
        (lambda: Tickets.freeze({"a": 10**6, "b": 1}), "bad_tickets"),
        (lambda: drawn({"a": 1}, excluded=["b"]), "bad_tickets"),
        (lambda: draw(raffle(), Tickets(()), server_seed=bytes(32), beacon_value=VALUE), "other_seed"),
        (lambda: draw(raffle(), Tickets(()), server_seed=SEED, beacon_value=""), "bad_beacon"),
    ],
    ids=["seed", "text-seed", "name", "negative", "float", "many", "stranger", "other-seed", "beacon"],
)
def test_wrong_draws_are_refused(act: Any, code: str) -> None:
    """One clear error with a stable code."""
    with pytest.raises(LedgerError) as caught:
        act()
    assert caught.value.code == code
