"""Acceptance cases of the field about caps, quiet hours, consent and priority, with the public issue of each."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine import (
    Customer,
    Engine,
    Event,
    Rule,
    Send,
    after,
    days,
    entering,
    events,
    every,
    hours,
    local,
    minutes,
    on,
    orders,
    views,
    weekly,
)
from retention_engine.arbitration import AtMost, CalendarCap, Consent, Fresh, Holdout, HoldWhile, QuietHours
from retention_engine.errors import DefinitionError
from retention_engine.facts import (
    AddressSuppressed,
    ConsentGiven,
    ConsentWithdrawn,
    Fact,
    FrequencyChosen,
    MessageSent,
    Paused,
    Resumed,
    StockChanged,
    Viewed,
)
from retention_engine.rules import back_in_stock
from retention_engine.timing import DAY, HOUR, to_text
from tests.engine._shop import ANNA, START, order, shop, told

NIGHT = QuietHours("22:00", "09:00")
GO = on(events("go"))


def living_in(zone: str | None, who: str = ANNA) -> Customer:
    """Return a customer of a zone."""
    return Customer(id=who, registered=START - DAY, zone=zone)


def went(hour: int, who: str = ANNA) -> Event:
    """Return the event behind the trigger, an hour since START."""
    return Event(id=f"go {who} {hour}", customer=who, at=START + hour * HOUR, name="go")


def letters(*policies: Any, at: list[int], to: int = START + 60 * DAY, **more: Any) -> list[str]:
    """Return when the letters of one rule go out that wants to write at some hours since START."""
    engine = shop(Rule("r", GO, Send("hello", **more)), facts=[living_in("UTC")], policies=policies)
    engine.record([went(hour) for hour in at])
    return sent(engine, to)


def sent(engine: Engine, to: int = START + 60 * DAY) -> list[str]:
    """Return when messages go out until an instant."""
    return [to_text(each.at)[5:16].replace("T", " ") for each in engine.advance(to).decisions if each.action]


def test_t6_one_bad_zone_has_quiet_hours_too() -> None:
    """The shop's night, an hour longer on both sides: https://github.com/parcelvoy/platform/issues/610."""
    engine = shop(Rule("r", GO, Send("hello")), zone="Europe/Berlin", policies=[NIGHT])
    zones = {f"c{number}": "Asia/Tokyo" for number in range(300)} | {"c7": "Mars/Olympus", "c8": None}
    engine.record([living_in(zone, name) for name, zone in zones.items()])
    engine.record([went(20, name) for name in zones])
    at = {each.customer: to_text(each.at) for each in engine.advance(START + 3 * DAY).decisions if each.action}
    assert len(at) == 300
    assert {at.pop("c7"), at.pop("c8")} == {"2026-07-02T08:00:00Z"}
    assert set(at.values()) == {"2026-07-02T00:00:00Z"}


@pytest.mark.parametrize(
    ("day", "release"), [("2026-03-28", "2026-03-29T07:00:00Z"), ("2026-10-24", "2026-10-25T08:00:00Z")]
)
def test_t7_a_night_over_a_clock_change_ends_once_at_nine(day: str, release: str) -> None:
    """No loop of rescheduling after the change: https://github.com/mautic/mautic/pull/11602; all zones: test_zones."""
    berlin = Customer(id=ANNA, registered="2026-01-01T00:00:00Z", zone="Europe/Berlin")
    engine = Engine([Rule("r", GO, Send("hello"))], since="2026-01-01T00:00:00Z", policies=[NIGHT])
    engine.record([berlin, Event(id="go", customer=ANNA, at=f"{day}T22:30:00Z", name="go")])
    assert [(each.outcome.value, to_text(each.at)) for each in engine.advance("2026-12-31T00:00:00Z").decisions] == [
        ("defer", f"{day}T22:30:00Z"),
        ("act", release),
    ]


def test_t8_a_cap_of_nothing_is_refused() -> None:
    """Its default blocked all mail: https://github.com/mautic/mautic/issues/10416."""
    with pytest.raises(DefinitionError, match=r"to block a channel or topic altogether use Never\(channel="):
        AtMost(0, per=days(7))


def test_t8_without_a_cap_there_is_none() -> None:
    """Fifty messages in an hour, if the rules say so."""
    assert len(letters(at=list(range(1, 51)))) == 50


def test_t8_the_message_after_the_last_one_waits_for_the_first_to_leave() -> None:
    """With a cap of n the n-th passes and the next one comes when the oldest leaves the window, exactly."""
    assert letters(AtMost(3, per=days(7)), at=[1, 10, 20, 30]) == [
        "07-01 01:00",
        "07-01 10:00",
        "07-01 20:00",
        "07-08 01:00",
    ]


def test_t8_a_chosen_frequency_of_zero_is_a_pause() -> None:
    """Not an error: what was held goes out when they resume, or choose again."""
    engine = shop(Rule("r", GO, Send("hello")))
    engine.record(FrequencyChosen(id="f", customer=ANNA, at=START, count=0))
    engine.record(went(1))
    assert sent(engine, START + 30 * DAY) == []
    engine.record(FrequencyChosen(id="g", customer=ANNA, at=START + 31 * DAY, count=None))
    assert sent(engine) == ["08-01 00:00"]


def test_t9_a_held_message_says_so() -> None:
    """The code, what fills the window, and the next try: https://github.com/mautic/mautic/issues/9984."""
    engine = shop(Rule("r", GO, Send("hello")), policies=[AtMost(1, per=days(7))])
    engine.record([went(1), went(2)])
    engine.advance(START + DAY)
    (cap,) = [each for each in engine.explain(ANNA, "r").manners if each.answer == "defer"]
    assert (cap.policy, cap.reason, cap.until) == ("AtMost(1, per=days(7))", "frequency_cap", START + HOUR + 7 * DAY)
    assert cap.because == ("'r' 'hello' 2026-07-01T01:00:00Z", "room again 2026-07-08T01:00:00Z")
    assert "defer frequency_cap until 2026-07-08 01:00" in str(engine.explain(ANNA, "r"))


def test_t10_renaming_keeps_who_is_held_out() -> None:
    """Titles are in no bucket (Dittofeed hashes the segment's name)."""
    held: list[set[str]] = []
    for title in ("Thank you", "Merci"):
        engine = shop(Rule("r", GO, Send("hello"), title=title), policies=[Holdout(30)])
        engine.record([went(1, f"c{number}") for number in range(200)])
        held.append({each.customer for each in engine.advance(START + DAY).decisions if each.reason == "holdout"})
    assert held[0] == held[1]
    assert 30 < len(held[0]) < 90


def test_t4_a_held_message_survives_restarts_with_its_key(tmp_path: Any) -> None:
    """Opened again by a new process at every instant, facts repeated: one row of the outbox, one key."""
    rule, policy = Rule("r", GO, Send("hello")), AtMost(1, per=days(2))
    facts = [went(1), went(2)]
    for day in range(5):
        with shop(rule, store=f"sqlite:///{tmp_path / 'shop.db'}", policies=[policy], facts=facts) as engine:
            engine.advance(START + day * DAY)
            keys = [each.key for each in engine.due(START + 9 * DAY)]
    once = shop(rule, policies=[policy], facts=facts)
    assert keys == [each.key for each in once.advance(START + 5 * DAY)]
    assert len(set(keys)) == 2


def test_f06_f07_an_opt_out_while_a_message_waits_is_one_line() -> None:
    """Not a new record at each run: https://github.com/mautic/mautic/issues/4356, 7057."""
    engine = shop(Rule("r", GO, Send("hello", topic="offers", channel="email")), policies=[Consent(), NIGHT])
    where = {"channel": "email", "topic": "offers"}
    yes = ConsentGiven(id="y", customer=ANNA, at=START, source="checkout", **where)
    no = ConsentWithdrawn(id="n", customer=ANNA, at=START + 2 * HOUR)
    engine.record([living_in("UTC"), yes, went(1), no])
    made = [line for hour in range(100) for line in told(engine.advance(START + hour * HOUR).decisions)]
    assert made == [("defer quiet_hours", "hello", "07-01 01:00"), ("drop no_consent", "hello", "07-01 02:00")]


def test_f07_a_bounce_while_a_message_waits_ends_it() -> None:
    """Whatever its purpose: https://github.com/mautic/mautic/issues/4356."""
    rule = Rule("r", GO, Send("receipt", channel="email", purpose="transactional"))
    engine = shop(rule, facts=[living_in("UTC"), went(1)], policies=[NIGHT])
    bounce = AddressSuppressed(id="b", customer=ANNA, at=START + 3 * HOUR, channel="email", reason="hard_bounce")
    engine.record(bounce)
    assert told(engine.advance(START + 30 * DAY).decisions)[1:] == [("drop suppressed", "receipt", "07-01 03:00")]


def test_f25_one_in_24_hours_is_not_one_a_day() -> None:
    """A message at 23:00, the next at 23:00 of the next day; a calendar cap lets it through at midnight (Braze)."""
    assert letters(AtMost(1, per=hours(24)), at=[23, 24]) == ["07-01 23:00", "07-02 23:00"]
    assert letters(CalendarCap(1, per="day"), at=[23, 24]) == ["07-01 23:00", "07-02 00:00"]


def test_f26_a_rolling_week_does_not_begin_on_a_calendar_day() -> None:
    """Two on Saturday block Sunday and Monday (Iterable resets); a calendar week is another word."""
    saturday = [3 * 24 + 10, 3 * 24 + 12]
    weekend = [*saturday, 4 * 24 + 10]
    assert letters(AtMost(2, per=days(7)), at=weekend)[-1] == "07-11 10:00"
    assert letters(CalendarCap(2, per="week"), at=weekend)[-1] == "07-06 00:00"


def test_f29_three_a_week_and_each_channel_by_itself() -> None:
    """The fourth comes when the first leaves, not three weeks later: https://github.com/mautic/mautic/pull/4761."""
    mail, sms = (Rule(name, GO, Send(name, channel=name)) for name in ("email", "sms"))
    engine = shop(mail, sms, policies=[AtMost(3, per=days(7), channel="email"), AtMost(9, per=days(7), channel="sms")])
    engine.record([went(hour) for hour in range(1, 5)])
    made = [each for each in engine.advance(START + 60 * DAY).decisions if each.action]
    assert [to_text(each.at)[8:13] for each in made if each.rule == "email"][-1] == "08T01"
    assert [to_text(each.at)[8:13] for each in made if each.rule == "sms"] == ["01T01", "01T02", "01T03", "01T04"]


def test_f30_caps_hold_for_journeys_and_broadcasts_and_not_for_receipts() -> None:
    """Alike: https://github.com/mautic/mautic/issues/6729."""
    journey = Rule("journey", GO, Send("hello"))
    broadcast = Rule("broadcast", every(weekly("wed", at="12:00")), Send("news"))
    receipt = Rule("receipt", on(orders), Send("receipt", purpose="transactional"))
    engine = shop(journey, broadcast, receipt, policies=[AtMost(1, per=days(30), purpose="marketing")])
    engine.record([living_in("UTC"), went(1), order("1", START + 13 * HOUR)])
    made = engine.advance(START + 20 * DAY).decisions
    assert [each.rule for each in made if each.action] == ["journey", "receipt"]
    assert {each.rule for each in made if each.reason == "frequency_cap"} == {"broadcast"}


@pytest.mark.parametrize("gone", ["exit", "door"])
def test_f31_a_held_message_whose_reason_is_gone_cancels_by_itself(gone: str) -> None:
    """Held by a cap, the customer buys: https://github.com/mautic/mautic/issues/4923."""
    lapsed = orders.last().age >= days(30)
    more: dict[str, Any] = {"exit_when": orders.within(days(1)).exists()} if gone == "exit" else {}
    back = Rule("back", entering(lapsed), Send("come-back"), **more)
    engine = shop(Rule("r", GO, Send("hello")), back, policies=[AtMost(1, per=days(7))])
    engine.record([order("1", START), went(29 * 24), order("2", START + 32 * DAY)])
    made = [each for each in engine.advance(START + 40 * DAY).decisions if each.rule == "back"]
    reason = "exited" if gone == "exit" else "condition_false"
    assert told(made) == [
        ("defer frequency_cap", "come-back", "07-31 00:00"),
        (f"exit {reason}", "come-back", "08-02 00:00"),
    ]


def test_f32_a_changed_cap_applies_at_once_to_history_too() -> None:
    """Caps are computed from facts (Klaviyo's are not retroactive)."""
    rule = Rule("r", GO, Send("hello"))
    engine = shop(rule, facts=[went(1), went(2), went(3)])
    assert len(engine.advance(START + DAY)) == 3
    capped = shop(rule, store=engine.store, policies=[AtMost(3, per=days(7))])
    capped.record(went(48))
    assert sent(capped) == ["07-08 01:00"]


def test_f32_what_other_systems_sent_counts() -> None:
    """When it is recorded as sent, before or after the decision became due."""
    said = MessageSent(id="m", customer=ANNA, at=START, message="x", rule="crm", step="s", template="t")
    engine = shop(Rule("r", GO, Send("hello")), facts=[said], policies=[AtMost(1, per=days(7))])
    engine.record(went(1))
    assert sent(engine) == ["07-08 00:00"]


@pytest.mark.parametrize(("at_cap", "first"), [("best", "gold"), ("defer", "plain")])
def test_f33_the_last_slot_goes_to_the_better_message_that_waits(at_cap: str, first: str) -> None:
    """Although the lower one could go out first (Infobip: frequency capping)."""
    gold = Rule("gold", GO, Send("gold", topic="gold"), priority=5)
    plain = Rule("plain", after(events("go"), minutes(10)), Send("plain"), at_cap=at_cap)
    engine = shop(gold, plain, policies=[AtMost(1, per=days(7)), QuietHours("00:00", "06:00", topic="gold")])
    engine.record([living_in("UTC"), went(1)])
    made = engine.advance(START + 20 * DAY).decisions
    assert [each.rule for each in made if each.action] == [first, "plain" if first == "gold" else "gold"]
    assert [each.reason for each in made if each.rule == "plain" and each.reason][:1] == (
        ["lower_priority"] if at_cap == "best" else []
    )


def test_f34_weekdays_are_for_marketing() -> None:
    """Receipts go out on Sunday on purpose: https://github.com/mautic/mautic/issues/7458."""
    weekdays = HoldWhile(local.weekday.is_in("sat", "sun"), purpose="marketing", reason="quiet_hours")
    saturday = 3 * 24 + 18
    assert letters(weekdays, at=[saturday]) == ["07-06 00:00"]
    assert letters(weekdays, at=[saturday], purpose="transactional") == ["07-04 18:00"]


def test_f35_back_in_stock_and_sold_out_again() -> None:
    """The message about an item that is gone is not sent (Klaviyo article 360051612551)."""
    rule = Rule("stock", back_in_stock(views), Send("it-is-back"))
    viewed = Viewed(id="v", customer=ANNA, at=START, sku="tea")
    news: list[Fact] = [
        StockChanged(id="s1", at=START + HOUR, sku="tea", pieces=3, was=0),
        StockChanged(id="s2", at=START + 2 * HOUR, sku="tea", pieces=0, was=3),
    ]
    engine = shop(rule, facts=[living_in("UTC"), viewed, *news], policies=[Fresh(), NIGHT])
    assert told(engine.advance(START + 9 * DAY).decisions)[-1][0] == "drop item_unavailable"


def test_a_pause_without_end_is_lifted_by_them() -> None:
    """Nothing wakes the engine meanwhile."""
    engine = shop(Rule("r", GO, Send("hello")), facts=[Paused(id="p", customer=ANNA, at=START)])
    engine.record(went(1))
    assert sent(engine, START + 5 * DAY) == []
    assert engine.next_wakeup() is None
    engine.record(Resumed(id="q", customer=ANNA, at=START + 6 * DAY))
    assert sent(engine) == ["07-07 00:00"]
