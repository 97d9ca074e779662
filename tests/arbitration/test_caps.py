"""At most so many messages: in any stretch of time, or in a day, week or month of the customer's calendar."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine import Customer, days, hours, local_days
from retention_engine.arbitration import AtMost, CalendarCap, Held
from retention_engine.errors import DefinitionError
from retention_engine.facts import Registered
from retention_engine.timing import DAY, HOUR, MINUTE
from tests.arbitration._desk import ANNA, NOW, ask, asked, letter, seen, told, utc

WEEK = AtMost(2, per=days(7))


def test_below_the_cap_a_message_goes_out() -> None:
    """With a cap of two the second message of a week passes."""
    assert asked(WEEK, situation=seen(said=[told(NOW - DAY)])) == ("allow",)


def test_at_the_cap_a_message_waits_for_the_oldest_to_leave() -> None:
    """The third waits until the first leaves the window, not a microsecond longer."""
    said = [told(NOW - 3 * DAY), told(NOW - DAY)]
    assert asked(WEEK, situation=seen(said=said)) == ("defer", "frequency_cap", NOW + 4 * DAY)
    assert asked(WEEK, situation=seen(said=said, at=NOW + 4 * DAY - 1))[0] == "defer"
    assert asked(WEEK, situation=seen(said=said, at=NOW + 4 * DAY)) == ("allow",)


def test_an_overfull_window_waits_until_there_is_room() -> None:
    """Three messages under a cap of two: room comes when the second oldest leaves, in whatever order they are told."""
    said = [told(NOW - HOUR), told(NOW - 5 * DAY), told(NOW - 3 * DAY)]
    assert asked(WEEK, situation=seen(said=said)) == ("defer", "frequency_cap", NOW + 4 * DAY)


def test_a_full_cap_names_what_fills_it() -> None:
    """Each message with its instant, and when there is room again."""
    ruling = ask(AtMost(1, per=days(7)), situation=seen(said=[told(NOW - DAY)]))
    assert ruling.because == (  # type: ignore[union-attr]  # it is deferred
        "'news' 'news' 2026-07-14T12:00:00Z",
        "room again 2026-07-21T12:00:00Z",
    )


def test_what_would_rather_not_wait_is_dropped() -> None:
    """A rule that says ``drop`` gives up at a full cap."""
    said = [told(NOW - 3 * DAY), told(NOW - DAY)]
    assert asked(WEEK, letter(at_cap="drop"), seen(said=said)) == ("drop", "frequency_cap")


@pytest.mark.parametrize("other", [{"channel": "sms"}, {"topic": "tips"}, {"purpose": "service"}, {"rule": "late"}])
def test_a_cap_counts_its_own_scope(other: dict[str, Any]) -> None:
    """Another channel, topic, purpose or rule neither fills the cap nor is held by it."""
    cap = AtMost(1, per=days(7), channel="email", topic="offers", purpose="marketing", rule=("win-back", "news"))
    assert asked(cap, situation=seen(said=[told(NOW - DAY, **other)])) == ("allow",)
    assert asked(cap, letter(**other), seen(said=[told(NOW - DAY)])) == ("allow",)
    assert asked(cap, situation=seen(said=[told(NOW - DAY)]))[0] == "defer"


def held(until: int | None, **more: Any) -> Held:
    """Return a message of the rule ``gold`` that waits."""
    return Held(letter(rule="gold", priority=more.pop("priority", 5), **more), until)


def test_the_best_message_gets_the_last_slot() -> None:
    """One that says ``best`` leaves the slot to a better one that comes free within the window."""
    low = letter(at_cap="best")
    situation = seen(said=[told(NOW - DAY)], held=[held(NOW + DAY)])
    assert asked(WEEK, low, situation) == ("defer", "lower_priority", NOW + DAY)
    assert ask(WEEK, low, situation).because == ("'gold' has the slot, sent 2026-07-16T12:00:00Z",)  # type: ignore[union-attr]  # it is deferred
    assert asked(WEEK, letter(), situation) == ("allow",)


@pytest.mark.parametrize(
    "waiting",
    [
        held(NOW + 7 * DAY),
        held(None),
        held(NOW + DAY, priority=0),
        held(NOW + DAY, priority=-1),
        held(NOW + DAY, purpose="service"),
    ],
    ids=["past the window", "nobody knows", "as good", "worse", "another scope"],
)
def test_a_slot_is_left_to_better_ones_only(waiting: Held) -> None:
    """Not to one that comes too late, may never come, is no better, or does not count."""
    cap = AtMost(1, per=days(7), purpose="marketing")
    assert asked(cap, letter(at_cap="best"), seen(held=[waiting])) == ("allow",)


def test_with_room_for_both_nobody_waits() -> None:
    """Two free slots and one better message: both go out."""
    assert asked(WEEK, letter(at_cap="best"), seen(held=[held(NOW + DAY)])) == ("allow",)


def test_a_slot_that_comes_free_earlier_is_looked_at() -> None:
    """The better one comes in five days, an old message leaves the window in one: it is asked again in one."""
    situation = seen(said=[told(NOW - 6 * DAY)], held=[held(NOW + 5 * DAY)])
    assert asked(WEEK, letter(at_cap="best"), situation) == ("defer", "lower_priority", NOW + DAY)


def test_value_decides_between_equal_priorities() -> None:
    """What is expected to be worth more goes first."""
    situation = seen(held=[held(NOW + DAY, priority=0, value=100)])
    assert asked(AtMost(1, per=days(7)), letter(at_cap="best"), situation)[1] == "lower_priority"


DAILY = CalendarCap(1, per="day")


def test_a_calendar_day_ends_at_the_customers_midnight() -> None:
    """At 23:59 in Tokyo there is no room until midnight there, and then there is."""
    anna = Registered.of(Customer(id=ANNA, registered=0, zone="Asia/Tokyo"))
    said = [told(utc("2026-07-14 15:00"))]
    at = utc("2026-07-15 14:59")
    assert asked(DAILY, situation=seen(anna, said=said, at=at)) == ("defer", "frequency_cap", at + MINUTE)
    assert asked(DAILY, situation=seen(anna, said=said, at=at + MINUTE)) == ("allow",)
    earlier = [told(utc("2026-07-14 15:00") - 1)]
    assert asked(DAILY, situation=seen(anna, said=earlier, at=at)) == ("allow",)


@pytest.mark.parametrize(
    ("per", "room"), [("day", "2026-07-16 00:00"), ("week", "2026-07-20 00:00"), ("month", "2026-08-01 00:00")]
)
def test_a_calendar_cap_has_room_when_the_next_period_begins(per: str, room: str) -> None:
    """A day, a week from Monday, a month."""
    situation = seen(said=[told(NOW - HOUR)])
    assert asked(CalendarCap(1, per=per), situation=situation) == ("defer", "frequency_cap", utc(room))
    assert asked(CalendarCap(2, per=per), situation=situation) == ("allow",)


def test_a_calendar_cap_leaves_its_slot_within_the_period() -> None:
    """To a better message of this evening, not to one of tomorrow."""
    low = letter(at_cap="best")
    assert asked(DAILY, low, seen(held=[held(NOW + HOUR)])) == ("defer", "lower_priority", NOW + HOUR)
    assert asked(DAILY, low, seen(held=[held(NOW + 12 * HOUR)])) == ("allow",)
    assert asked(DAILY, letter(at_cap="drop"), seen(said=[told(NOW - HOUR)])) == ("drop", "frequency_cap")


@pytest.mark.parametrize("count", [0, -1, 1.5, True, None, "3"])
@pytest.mark.parametrize("cap", [lambda count: AtMost(count, per=days(7)), lambda count: CalendarCap(count, per="day")])
def test_a_cap_of_nothing_says_how_to_block_a_channel(cap: Any, count: Any) -> None:
    """A cap counts one message or more; the message names ``Never``."""
    with pytest.raises(DefinitionError, match=r"1 message or more.*to block a channel.*Never\(channel=.*leave the pol"):
        cap(count)


@pytest.mark.parametrize("per", [days(0), 7, None, local_days(7)])
def test_a_rolling_cap_takes_a_span(per: Any) -> None:
    """Above zero, and of elapsed time."""
    with pytest.raises(DefinitionError, match=r"a span above zero such as per=days\(7\)"):
        AtMost(1, per=per)


def test_rolling_and_calendar_are_different_words() -> None:
    """Each refuses the other's period and names the other."""
    with pytest.raises(DefinitionError, match="for a calendar week use CalendarCap"):
        AtMost(1, per="week")  # type: ignore[arg-type]  # that is what is tested
    with pytest.raises(DefinitionError, match=r"for any stretch of hours\(36\) use AtMost"):
        CalendarCap(1, per=hours(36))  # type: ignore[arg-type]  # that is what is tested
    with pytest.raises(DefinitionError, match="did you mean 'month'"):
        CalendarCap(1, per="months")


def test_caps_look_at_our_messages() -> None:
    """Nothing else is kept for them."""
    assert WEEK.reads() == DAILY.reads() == {"messages"}
