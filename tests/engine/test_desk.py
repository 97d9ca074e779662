"""What counts as said: what was decided here, what others sent, without what failed."""

from __future__ import annotations

from typing import Any

from retention_engine import Engine, Rule, Send, days, on, price_drop, views
from retention_engine.arbitration import AtMost, Fatigue, Fresh
from retention_engine.facts import (
    Fact,
    MessageClicked,
    MessageFailed,
    MessageSent,
    PriceChanged,
    StockChanged,
    Viewed,
)
from retention_engine.money import Money
from retention_engine.predicates import events
from retention_engine.timing import DAY, HOUR
from tests.engine._shop import ANNA, START, happened, told

HELLO = Rule("hello", on(events("seen")), Send("hello", topic="news"))
WEEKLY = AtMost(1, per=days(7))


def sent(message: str, at: int, **more: Any) -> MessageSent:
    """Return that a letter was sent by whomever."""
    words = {"rule": "other", "step": "s", "template": "letter", "customer": ANNA}
    return MessageSent(**{"id": f"sent {message}", "at": at, "message": message, **words, **more})


def lines(facts: list[Fact], *policies: Any, to: int = START + 20 * DAY) -> list[tuple[str, str, str]]:
    """Return what an engine decides."""
    engine = Engine([HELLO], since=START, policies=policies)
    engine.record(facts)
    return told(engine.advance(to).decisions)


def test_letters_of_other_systems_fill_the_cap() -> None:
    """From when they were sent; a failed one does not."""
    other = sent("theirs", START + DAY)
    failed = MessageFailed(id="f", customer=ANNA, at=START + DAY + 1, message="theirs", reason="hard_bounce")
    seen = happened("seen", START + 2 * DAY)
    assert lines([other, seen], WEEKLY) == [
        ("defer frequency_cap", "hello", "07-03 00:00"),
        ("act", "hello", "07-09 00:00"),
    ]
    assert lines([other, failed, seen], WEEKLY) == [("act", "hello", "07-03 00:00")]


def test_ours_and_theirs_are_counted_together() -> None:
    """One of each fills a cap of two; ours is not reported as sent yet."""
    facts = [happened("seen", START + HOUR), sent("theirs", START + 2 * HOUR), happened("seen", START + 3 * HOUR)]
    assert lines(facts, AtMost(2, per=days(7))) == [
        ("act", "hello", "07-01 01:00"),
        ("defer frequency_cap", "hello", "07-01 03:00"),
        ("act", "hello", "07-08 01:00"),
    ]


def test_a_letter_counts_from_when_it_was_sent_if_that_was_later_and_not_at_all_if_it_failed() -> None:
    """Decided on the first day, sent on the third: the week begins on the third."""
    engine = Engine([HELLO], since=START, policies=[WEEKLY])
    engine.record(happened("seen", START + HOUR))
    (action,) = engine.advance(START + DAY)
    engine.record(sent(action.key, START + 2 * DAY, rule="hello", template="hello"))
    engine.record(happened("seen", START + 3 * DAY))
    (held,) = engine.advance(START + 4 * DAY).decisions
    assert held.until == START + 9 * DAY
    engine.record(MessageFailed(id="f", customer=ANNA, at=START + 5 * DAY, message=action.key, reason="blocked"))
    assert told(engine.advance(START + 6 * DAY).decisions) == [("act", "hello", "07-06 00:00")]


def test_a_letter_that_failed_without_being_sent_does_not_count() -> None:
    """The transport refused it at once."""
    engine = Engine([HELLO], since=START, policies=[WEEKLY])
    engine.record(happened("seen", START + HOUR))
    (action,) = engine.advance(START + DAY)
    engine.record(MessageFailed(id="f", customer=ANNA, at=START + 2 * DAY, message=action.key, reason="blocked"))
    engine.record(happened("seen", START + 3 * DAY))
    assert told(engine.advance(START + 4 * DAY).decisions) == [("act", "hello", "07-04 00:00")]


def test_a_sent_letter_that_nobody_asks_about_changes_nothing_else() -> None:
    """It is folded and looked at no further, also where another fact comes at its instant."""
    facts = [sent("theirs", START + DAY), happened("seen", START + DAY), sent("more", START + 3 * DAY)]
    assert lines(facts) == [("act", "hello", "07-02 00:00")]


def test_a_click_makes_a_letter_noticed() -> None:
    """Ignored twice is tired; clicked is not."""
    tired = Fatigue(2, pause=None)
    facts: list[Fact] = [sent("1", START + HOUR), sent("2", START + DAY), happened("seen", START + 5 * DAY)]
    assert lines(facts, tired) == [("drop fatigue", "hello", "07-06 00:00")]
    clicked = MessageClicked(id="c", customer=ANNA, at=START + 2 * DAY, message="2")
    assert lines([*facts, clicked], tired) == [("act", "hello", "07-06 00:00")]


def test_a_message_caused_by_the_catalogue_shows_its_item() -> None:
    """Sold out while it was held: it is not sent; another customer is not asked."""
    rule = Rule("cheaper", price_drop(views, percent=10), Send("cheaper"))
    prices = {"price": Money(80, "EUR"), "was": Money(100, "EUR")}
    facts: list[Fact] = [
        Viewed(id="v", customer=ANNA, at=START + HOUR, sku="tea"),
        sent("theirs", START + 2 * HOUR),
        PriceChanged(id="p", at=START + DAY, sku="tea", **prices),
        StockChanged(id="s", at=START + 3 * DAY, sku="tea", pieces=0, was=5),
    ]
    engine = Engine([rule], since=START, policies=[WEEKLY, Fresh()])
    engine.record(facts)
    made = engine.advance(START + 20 * DAY).decisions
    assert told(made) == [
        ("defer frequency_cap", "cheaper", "07-02 00:00"),
        ("drop item_unavailable", "cheaper", "07-04 00:00"),
    ]
