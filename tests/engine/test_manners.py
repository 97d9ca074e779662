"""What every policy says of a message: part of the story of a rule."""

from __future__ import annotations

from retention_engine import Delay, Engine, Rule, Send, days, on
from retention_engine.arbitration import AtMost, Channels, Consent, QuietHours
from retention_engine.predicates import events
from retention_engine.rules import Tag
from retention_engine.stores import MemoryStore
from retention_engine.timing import DAY, HOUR
from tests.engine._shop import ANNA, START, happened, shop

HELLO = Rule("hello", on(events("seen")), Send("hello", topic="news"), valid_for=days(9))
POLICIES = [AtMost(1, per=days(7)), QuietHours("22:00", "09:00")]


def test_a_held_message_says_by_what_and_until_when() -> None:
    """The cap names the message that fills it; the quiet hours that would hold it, too, are listed."""
    engine = shop(HELLO, facts=[happened("seen", START + 12 * HOUR), happened("seen", START + DAY)], policies=POLICIES)
    engine.advance(START + 2 * DAY)
    story = engine.explain(ANNA, "hello")
    assert str(story).splitlines() == [
        "hello: waiting at 'hello'",
        "  against 'hello' now:",
        (
            "    defer frequency_cap until 2026-07-08 12:00  AtMost(1, per=days(7)): "
            "'hello' 'hello' 2026-07-01T12:00:00Z; room again 2026-07-08T12:00:00Z"
        ),
        (
            "    defer quiet_hours until 2026-07-03 10:00  QuietHours('22:00', '09:00'): "
            "quiet from 21:00 to 10:00 in UTC, until 2026-07-03T10:00:00Z"
        ),
        "  decided so far:",
        "    2026-07-01 12:00  act   seen@1782907200000000  hello",
        "    2026-07-02 00:00  defer  seen@1782950400000000  hello until 2026-07-08 12:00 (frequency_cap)",
    ]
    weighed = story.as_dict()["manners"]
    assert [each["answer"] for each in weighed] == ["allow", "allow", "defer", "defer", "allow"]
    assert weighed[-1]["policy"] == "KillSwitch()"


def test_a_message_that_is_not_there_yet_is_weighed_as_if_it_were() -> None:
    """Would it go out? Not without consent."""
    rule = Rule("hello", on(events("seen")), Delay(days(1)), Tag("x"), Send("hello", topic="news"))
    engine = shop(rule, facts=[happened("seen", START + 9 * DAY)], policies=[Consent(), Channels(["email", "push"])])
    engine.advance(START + DAY)
    story = engine.explain(ANNA, "hello")
    drops = [each for each in story.manners if each.answer == "drop"]
    assert [(each.reason, each.until, each.because) for each in drops] == [
        ("no_consent", None, ("no consent to email/news",))
    ]


def test_a_held_message_whose_step_is_no_message_any_more_is_passed_over() -> None:
    """The rule was changed meanwhile and the engine not advanced yet: the first message of today is weighed."""
    store = MemoryStore()
    engine = shop(HELLO, facts=[happened("seen", START + HOUR)], policies=POLICIES, store=store)
    engine.advance(START + 2 * HOUR)
    assert [one.outcome.value for one in engine.journal()] == ["defer"]
    changed = Rule("hello", on(events("seen")), Delay(days(1), name="hello"), Send("other"))
    story = Engine([changed], store=store, policies=POLICIES).explain(ANNA, "hello")
    assert {each.message for each in story.manners} == {"other"}


def test_a_rule_without_messages_has_no_manners() -> None:
    """Nothing to weigh; nor at a step that was removed while a message was held there."""
    engine = shop(Rule("vip", on(events("seen")), Tag("vip")), facts=[happened("seen", START)])
    engine.advance(START + DAY)
    assert engine.explain(ANNA, "vip").manners == ()
