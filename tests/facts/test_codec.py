"""Facts as JSON: nothing is lost on the way out and back, and nothing untrusted gets in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_engine.errors import FactError
from retention_engine.facts import (
    KINDS,
    Fact,
    Order,
    OrderPlaced,
    Tagged,
    codec,
    content,
    from_json,
    from_outside,
    to_json,
)
from retention_engine.facts.codec import culprit, from_log, from_plain, to_plain
from retention_engine.money import Money
from tests.facts._facts import EXAMPLES, HUGE, ORDER, every_kind, facts, instants, of_kind, plain


@pytest.mark.parametrize("cls", every_kind, ids=lambda cls: cls.KIND)
@settings(max_examples=50)
@given(draw=st.data())
def test_every_kind_survives_the_way_out_and_back(cls: type[Fact], draw: st.DataObject) -> None:
    """Through the checked door and through our own log a fact comes back equal, and gives the same text again."""
    fact = draw.draw(of_kind(cls))
    text = to_json(fact)
    assert from_json(text) == fact == from_log(text)
    assert to_json(from_json(text)) == text == to_json(from_log(text))


OF_THE_ENGINE = [
    "achievement_completed",
    "code_held",
    "code_issued",
    "code_released",
    "code_revoked",
    "code_used",
    "friend_fingerprinted",
    "friend_joined",
    "friend_judged",
    "friend_order_changed",
    "friend_ordered",
    "ledger_posted",
    "ledger_refused",
    "level_reached",
    "referral_attributed",
    "referral_covered",
]


@pytest.mark.parametrize("cls", every_kind, ids=lambda cls: cls.KIND)
def test_what_only_the_engine_makes_is_not_taken_from_outside(cls: type[Fact]) -> None:
    """Points, used codes, friends and levels cannot be told; what happens in a shop can, and backups are read."""
    text = json.dumps(plain(cls.KIND))
    assert from_json(text).KIND == cls.KIND
    if cls.KIND in OF_THE_ENGINE:
        with pytest.raises(FactError, match=f"'{cls.KIND}' is not accepted: only the engine makes it"):
            from_outside(text)
    else:
        assert from_outside(text) == from_json(text)


def test_the_examples_cover_every_kind() -> None:
    """A new kind of fact is tested here from its first day."""
    assert set(EXAMPLES) == set(KINDS)


@given(facts)
def test_the_text_is_one_line_of_sorted_json(fact: Fact) -> None:
    """Names are sorted and defaults left out, so the same fact always gives the same text."""
    text = to_json(fact)
    raw = json.loads(text)
    assert "\n" not in text
    assert list(raw) == sorted(raw)
    assert raw["v"] == 1
    assert raw == to_plain(fact)


@given(facts, instants)
def test_when_we_learned_it_is_no_content(fact: Fact, learned: int) -> None:
    """Two reports of one fact are compared without the instant of learning."""
    assert content(fact.learned_at(learned)) == content(fact)


@given(facts)
def test_bytes_are_read_like_text(fact: Fact) -> None:
    """The encodings of JSON are recognised."""
    for encoding in ("utf-8", "utf-16", "utf-32"):
        assert from_json(to_json(fact).encode(encoding)) == fact


def test_facts_from_the_log_can_be_hashed() -> None:
    """What was read without checks behaves like what was built."""
    fact = OrderPlaced.of(ORDER)
    assert hash(from_log(to_json(fact))) == hash(fact)


def test_nouns_are_plain_without_kind() -> None:
    """A noun inside a fact has neither kind nor version."""
    assert to_plain(Money(5, "EUR")) == {"amount": 5, "currency": "EUR"}


REFUSED: list[tuple[str | bytes, str]] = [
    ("", "not JSON"),
    ("nonsense", "not JSON"),
    ("{", "not JSON"),
    ("[]", "an object with a kind"),
    ("5", "an object with a kind"),
    ("null", "an object with a kind"),
    ("{}", "unknown kind of fact None"),
    ('{"kind": 5}', "unknown kind of fact 5"),
    ('{"kind": "tagged"}', "tagged: id is missing"),
    ('{"kind": "tagged", "kind": "tagged"}', "name given twice: 'kind'"),
    ('{"kind": NaN}', "unknown kind of fact nan"),
    ('{"kind": "tagged", "id": "f1", "tag": "vip", "customer": "c7", "at": NaN}', "tagged.at: .*not nan"),
    ('{"kind": "tagged", "id": "f1", "tag": "vip", "customer": "c7", "at": -Infinity}', "tagged.at: .*not -inf"),
    ('{"kind": "tagged", "at": ' + "9" * 5000 + "}", "not JSON"),
    ('{"kind": "tagged"}{}', "not JSON"),
    ('{"kind": "tagged", "at": 0, "at": 1}', "name given twice: 'at'"),
    ('{"kind":' + "[" * 10_000 + "]" * 10_000 + "}", "not JSON"),
    ('{"kind":' + "[" * 300 + "]" * 300 + "}", "unknown kind"),
    ("\ufeff{}", "not JSON"),
    (b"\xff\xfe\xff", "not JSON"),
    (b'{"kind": "\xff"}', "not JSON"),
    (" " * 1_000_001, "at most 1000000 characters"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_no_fact_is_refused(text: str | bytes, message: str) -> None:
    """Each malformed text is refused with the reason."""
    with pytest.raises(FactError, match=message):
        from_json(text)


@pytest.mark.parametrize("given_value", [None, 5, [], {}, object()])
def test_what_is_no_text_is_refused(given_value: Any) -> None:
    """Only texts are read."""
    with pytest.raises(FactError, match="read from a text"):
        from_json(given_value)


PLACES: list[tuple[dict[str, Any], str]] = [
    ({"nope": 1}, "order_placed"),
    ({10**5000: 1}, "order_placed"),
    ({"at": "2026-01-01T00:00:00"}, "order_placed.at"),
    ({"learned": True}, "order_placed.learned"),
    ({"customer": None}, "order_placed.customer"),
    ({"customer": "c8"}, "order_placed"),
    ({"paid": 1}, "order_placed.paid"),
    ({"order": None}, "order_placed.order"),
    ({"order": []}, "order_placed.order"),
    ({"order": {}}, "order_placed.order"),
    ({"order": {"id": "812", "customer": "c7", "at": 0}}, "order_placed.order.total"),
    ({"order": {"id": "812", "customer": "c7", "at": 0, "lines": {}}}, "order_placed.order.lines"),
    ({"order": {"id": "812", "customer": "c7", "at": 0, "lines": [5]}}, r"order_placed.order.lines\[0\]"),
    ({"order": {"id": "812", "customer": "c7", "at": 0, "lines": [{}] * 10_001}}, "order_placed.order.lines"),
]


@pytest.mark.parametrize(("changed", "place"), PLACES, ids=range(len(PLACES)))
def test_the_error_names_the_place(changed: dict[str, Any], place: str) -> None:
    """The place of the error is the path to the field."""
    with pytest.raises(FactError, match=f"^{place}: ") as caught:
        from_plain(plain("order_placed") | changed)
    assert caught.value.place == place.replace("\\", "")


def test_the_place_of_a_line_counts_from_zero() -> None:
    """The second line's price is found in the second line."""
    price = {"amount": 5, "currency": "EUR"}
    lines = [{"sku": "a", "price": price}, {"sku": "b", "price": price | {"amount": True}}]
    with pytest.raises(FactError) as caught:
        from_plain(plain("cart_updated") | {"cart": {"id": "k1", "lines": lines}})
    assert caught.value.place == "cart_updated.cart.lines[1].price.amount"


def test_reading_leaves_the_input_alone() -> None:
    """The mapping that was given is not changed."""
    raw = plain("tagged") | {"v": 1}
    from_plain(raw)
    assert raw == plain("tagged") | {"v": 1}


@pytest.mark.parametrize("version", [0, 2, -1, True, "1", None, 1.0, HUGE])
def test_an_unknown_version_is_refused(version: Any) -> None:
    """A fact from the future, or of no version at all, is not guessed at."""
    with pytest.raises(FactError, match="version"):
        from_plain(plain("tagged") | {"v": version})


def test_an_older_version_is_lifted(monkeypatch: pytest.MonkeyPatch) -> None:
    """An old object is made a new one before it is read, at the door and in the log."""
    monkeypatch.setattr(codec, "VERSION", 2)
    monkeypatch.setitem(codec.UPCASTERS, ("tagged", 1), lambda raw: {**raw, "tag": raw["tag"].lower()})
    old = plain("tagged") | {"v": 1, "tag": "VIP"}
    expected = Tagged(id="f1", customer="c7", at=0, tag="vip")
    assert from_plain(old) == expected == from_log(json.dumps(old))


def test_the_culprit_is_the_first_field_that_refuses() -> None:
    """Converters are asked before validators, as in the constructor; a fault of the whole names no field."""
    good = {"id": "812", "customer": "c7", "at": 0, "total": Money(5, "EUR")}
    assert culprit(Order, good) is None
    assert culprit(Order, good | {"id": "", "at": "soon"}) == "at"
    assert culprit(Order, good | {"id": ""}) == "id"
    assert culprit(Order, {name: good[name] for name in ("id", "customer", "at")}) == "total"
