"""Facts about referrals: known words only, ids that follow from what is said, and no more told than needed."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine import facts as f
from retention_engine.errors import FactError
from retention_engine.facts.telling import told
from retention_engine.keys import fingerprint
from retention_engine.money import Money

ATTRIBUTED = f.ReferralAttributed(id="a", customer="bob", at=5, programme="friends", advocate="ann", touched_at=3)
ORDER = f.OrderPlaced.of(f.Order(id="o", customer="bob", at=9, total=Money(5, "EUR"), channel="web", promo="p"))


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: f.ReferralJudged.of("friends", "bob", "aproved", at=0), "'approved'"),
        (lambda: f.Fingerprinted.of("bob", "mail", "x", at=0), "'email'"),
        (
            lambda: f.FriendOrderChanged(
                id="x", customer="ann", at=0, programme="p", friend="bob", order_id="o", change="payed"
            ),
            "'paid'",
        ),
        (lambda: f.ReferralLinked.of("", "bob", "t", at=0), "programme"),
        (lambda: f.ReferralTouched.of("friends", "bob", "t", at="today"), "today"),
        (lambda: f.ReferralLinked.of("friends", None, "t", at=0), "customer is missing"),  # type: ignore[arg-type]  # that is the point
    ],
    ids=["verdict", "sort", "change", "programme", "instant", "nobody"],
)
def test_an_unknown_word_names_the_nearest(make: Any, text: str) -> None:
    """At the door."""
    with pytest.raises(FactError, match=text):
        make()


def test_ids_follow_from_what_is_said() -> None:
    """Said again it is the same fact; anything else is another one, also when texts run into each other."""
    made = [
        f.ReferralTouched.of("friends", "bob", "t", at=0),
        f.ReferralTouched.of("friends", "bob", "t", at=1),
        f.ReferralTouched.of("friends", "bob", "t", at=0, source="a"),
        f.ReferralTouched.of("friends", "bob", "t", at=0, channel="a"),
        f.ReferralTouched.of("friendsb", "ob", "t", at=0),
        f.ReferralLinked.of("friends", "bob", "t", at=0),
        f.ReferralJudged.of("friends", "bob", "approved", at=0),
        f.Fingerprinted.of("bob", "email", "t", at=0),
    ]
    assert len({one.id for one in made}) == len(made)
    assert f.ReferralTouched.of("friends", "bob", "t", at="1970-01-01T00:00:00Z") == made[0]
    assert made[2].id == f"touched:{fingerprint('friends', 'bob', 't', repr('a'), repr(None), '0')}"  # as it is stored
    assert made[6].id == f"judged:{fingerprint('friends', 'bob', 'approved', '0')}"


def test_what_is_told_can_be_read_as_what_was_said() -> None:
    """An order and what became of it, without its lines."""
    order = told(ATTRIBUTED, ORDER)
    assert isinstance(order, f.FriendOrdered)
    assert (order.customer, order.friend) == ("ann", "bob")
    said = order.original()
    assert (said.order.id, said.order.total, said.order.channel, said.order.promo, said.paid) == (
        "o",
        Money(5, "EUR"),
        "web",
        "p",
        True,
    )
    causes: list[tuple[Any, dict[str, Any]]] = [
        (f.OrderPaid, {}),
        (f.OrderCancelled, {}),
        (f.OrderRefunded, {"amount": Money(1, "EUR")}),
    ]
    for kind, more in causes:
        cause: f.Fact = kind(id=kind.KIND, customer="bob", at=11, learned=12, order_id="o", **more)
        change = told(ATTRIBUTED, cause)
        assert isinstance(change, f.FriendOrderChanged)
        assert change.effective == 12
        again = change.original()
        assert type(again) is kind
        assert getattr(again, "amount", None) == more.get("amount")


def test_nothing_else_is_told() -> None:
    """No visits, no shipping, nothing of another programme, and of a refused referral only that it was."""
    visit = f.Visited(id="v", customer="bob", at=6)
    shipped = f.OrderShipped(id="s", customer="bob", at=6, order_id="o")
    other = f.ReferralJudged.of("other", "bob", "approved", at=6)
    another = f.ReferralAttributed(id="b", customer="bob", at=5, programme="vip", advocate="cat", touched_at=3)
    assert [told(ATTRIBUTED, cause) for cause in (visit, shipped, other, another)] == [None] * 4
    refused = f.ReferralAttributed(
        id="a", customer="bob", at=5, programme="friends", advocate="ann", touched_at=3, refused="circle"
    )
    joined = told(refused, refused)
    assert isinstance(joined, f.FriendJoined)
    assert joined.refused == "circle"
    assert told(refused, ORDER) is None


def test_a_fingerprint_is_not_shown() -> None:
    """Neither the customer's own nor a friend's."""
    own = f.Fingerprinted.of("bob", "email", "5f1a", at=0)
    theirs = told(ATTRIBUTED, own)
    assert "5f1a" not in repr(own) + repr(theirs)
