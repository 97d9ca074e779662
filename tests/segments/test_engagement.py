"""Who reads and answers: messages, consent, contacts, reviews, surveys, friends, tags."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine import facts as f
from retention_engine.predicates import Truth
from retention_engine.segments import (
    agreed_to,
    brought_friends,
    clicked_within,
    detractors,
    heard_from,
    ignores_us,
    messaged_at_least,
    messaged_within,
    opened_within,
    promoters,
    reachable_on,
    reviewed_within,
    tagged,
    unhappy_review,
)
from retention_engine.timing import days
from tests.predicates._shop import WHO, bought, holds, on


def told(kind: Any, day: float, **more: Any) -> Any:
    """Return a fact of a kind."""
    return kind(id=f"{kind.__name__}-{day}", customer=WHO, at=on(day), **more)


def sent(day: float, name: str) -> f.Fact:
    """Return the fact that a message was sent."""
    words = {"rule": "r", "step": "s", "template": "t", "channel": "email", "topic": "offers"}
    return told(f.MessageSent, day, message=name, **words)


SENT = [sent(0, "a"), sent(1, "b"), sent(2, "c")]
OPENED = told(f.MessageOpened, 2, message="b")
CLICKED = told(f.MessageClicked, 2, message="b")
AGREED = told(f.ConsentGiven, 0, channel="email", topic="offers", source="checkout")
ANSWERED = told(f.Answered, 0, survey="nps", score=6)

CASES: list[tuple[Truth, list[f.Fact], float, bool]] = [
    (messaged_within(days(3)), SENT, 4, True),
    (messaged_within(days(3)), SENT, 5, False),
    (messaged_at_least(3, days(3)), SENT, 2, True),
    (messaged_at_least(3, days(3)), SENT, 3, False),
    (opened_within(days(3)), [*SENT, OPENED], 3, True),
    (opened_within(days(3)), [*SENT, OPENED], 4, False),
    (clicked_within(days(3)), [*SENT, CLICKED], 3, True),
    (clicked_within(days(3)), [*SENT, OPENED], 3, False),
    (ignores_us(3, days(9)), SENT, 2, True),
    (ignores_us(4, days(9)), SENT, 2, False),
    (ignores_us(3, days(9)), [*SENT, OPENED], 2, False),
    (ignores_us(3, days(9)), [*SENT, CLICKED], 2, False),
    (heard_from(days(3)), [bought("a", 0)], 2, True),
    (heard_from(days(3)), [told(f.Visited, 0)], 2, True),
    (heard_from(days(3)), [*SENT, CLICKED], 2, True),
    (heard_from(days(3)), SENT, 2, False),
    (agreed_to("offers", channel="email"), [AGREED], 0, True),
    (agreed_to("news", channel="email"), [AGREED], 0, False),
    (agreed_to("offers", channel="email"), [AGREED, told(f.ConsentWithdrawn, 1, channel="email")], 1, False),
    (reachable_on("email"), [told(f.ContactAdded, 0, channel="email", address="a@b")], 0, True),
    (reachable_on("sms"), [told(f.ContactAdded, 0, channel="email", address="a@b")], 0, False),
    (tagged("vip"), [told(f.Tagged, 0, tag="vip")], 0, True),
    (tagged("vip"), [told(f.Tagged, 0, tag="vip"), told(f.Untagged, 1, tag="vip")], 1, False),
    (reviewed_within(days(3)), [told(f.Reviewed, 0, score=5)], 2, True),
    (unhappy_review(2, within=days(3)), [told(f.Reviewed, 0, score=2)], 2, True),
    (unhappy_review(2, within=days(3)), [told(f.Reviewed, 0, score=3)], 2, False),
    (detractors("nps"), [ANSWERED], 0, True),
    (detractors("nps", at_most=5), [ANSWERED], 0, False),
    (detractors("nps"), [ANSWERED, told(f.Answered, 1, survey="nps", score=9)], 1, False),
    (promoters("nps"), [ANSWERED, told(f.Answered, 1, survey="nps", score=9)], 1, True),
    (promoters("nps", at_least=10), [told(f.Answered, 1, survey="nps", score=9)], 1, False),
    (brought_friends(1), [told(f.Referred, 0, friend="bob")], 0, True),
    (brought_friends(2), [told(f.Referred, 0, friend="bob")], 0, False),
]


@pytest.mark.parametrize(("predicate", "facts", "day", "expected"), CASES)
def test_it_holds_of_those_it_names(predicate: Truth, facts: list[f.Fact], day: float, expected: bool) -> None:
    """Both edges, and somebody else beside."""
    assert holds(predicate, *facts, day=day) is expected
