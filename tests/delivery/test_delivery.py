"""A delivery over a real engine: what is sent, what is held back, what is recorded, who may say so."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from attrs import evolve

from retention_engine import Money, Order, Product
from retention_engine.actions import ParcelState
from retention_engine.arbitration import AtMost, Consent, QuietHours
from retention_engine.delivery import Delivery
from retention_engine.envelopes import Envelope, Migrated, NotSent, Rejected, SendOutcome, Sent, Unknown
from retention_engine.errors import DefinitionError, EmptyContent, TemplateError
from retention_engine.facts import (
    AddressSuppressed,
    AttributeChanged,
    ConsentGiven,
    ConsentWithdrawn,
    ContactAdded,
    Fact,
    Paused,
    SendingResumed,
    SendingStopped,
)
from retention_engine.signals import Escalated, MessageSettled, Signal
from retention_engine.templates import PlainRenderer, card
from retention_engine.timing import HOUR, days, minutes
from retention_engine.transports import RecordingTransport
from tests.delivery._shop import DAY, MINUTE, SECOND, START, Plain, kinds, message, post, row, sending, shop

P = ParcelState


def test_what_was_decided_is_sent_once() -> None:
    """From the event to the transport; the second delivery finds nothing; the fact is there."""
    engine = shop()
    engine.record(post(START))
    engine.advance(START)
    delivery, transport = sending(engine)
    assert str(delivery.deliver(START)) == "1 sent"
    assert str(delivery.deliver(START + DAY)) == "nothing to do"
    (envelope,) = transport.envelopes
    assert (envelope.address, envelope.content.text, envelope.attempt) == ("chat of ann", "hello ann", 1)
    assert kinds(engine) == ["event", "message_sent"]
    engine.advance(START + DAY)  # the fact does not upset what was decided


def test_a_message_waits_for_its_instant() -> None:
    """Nothing is sent before it is due, or from the end of its validity on."""
    early, late = message(1), message(2, valid=MINUTE)
    engine = shop(early, late)
    delivery, transport = sending(engine)
    assert not delivery.deliver(START - 1).states
    assert delivery.deliver(START + MINUTE).states == {"sent": 1, "expired": 1}
    assert [one.key for one in transport.envelopes] == [early.key]
    assert (row(engine, late).reason, sorted(kinds(engine))) == ("expired", ["message_failed", "message_sent"])


def _stop(at: int) -> Fact:
    return SendingStopped(id="stop", at=at, scope="all", reason="prices")


STOPS: list[tuple[Any, ParcelState, str]] = [
    (_stop(START), P.PENDING, "stopped"),
    (SendingStopped(id="s", at=START, scope="rule", name="news", reason="x"), P.PENDING, "rule_paused"),
    (SendingStopped(id="s", at=START, scope="channel", name="telegram", reason="x"), P.PENDING, "channel_paused"),
    (Paused(id="p", customer="ann", at=START), P.PENDING, "customer_choice"),
    (
        AddressSuppressed(id="a", customer="ann", at=START, channel="telegram", reason="bounce"),
        P.SUPPRESSED,
        "suppressed",
    ),
    (Order(id="1", customer="ann", at=START, total=Money(1, "EUR")), P.CANCELLED, "exited"),
]


@pytest.mark.parametrize(("fact", "state", "reason"), STOPS)
def test_what_was_recorded_last_counts(fact: Any, state: ParcelState, reason: str) -> None:
    """A stop, an opt-out or a purchase after the decision, even of this very instant, holds the message back."""
    engine = shop(message())
    engine.advance(START)  # the fact comes after time stood here
    engine.record(fact)
    delivery, transport = sending(engine)
    delivery.deliver(START)
    assert (transport.envelopes, row(engine, message()).state, row(engine, message()).reason) == ([], state, reason)


def test_a_stop_that_is_lifted_lets_messages_go() -> None:
    """What was held is looked at again."""
    engine = shop(message(), message(2, valid=MINUTE))
    engine.record(_stop(START))
    delivery, transport = sending(engine)
    assert delivery.deliver(START).states == {"pending": 2}
    engine.record(SendingResumed(id="go", at=START + 1, scope="all"))
    assert delivery.deliver(START + 5 * MINUTE).states == {"sent": 1, "expired": 1}
    assert len(transport.envelopes) == 1


def test_quiet_hours_and_caps_stand_at_the_door() -> None:
    """A message that was held up does not go out at night, nor above a cap."""
    engine = shop(
        message(valid=2 * DAY),
        message(2, valid=2 * DAY),
        policies=[AtMost(1, per=days(1)), QuietHours("22:00", "09:00")],
    )
    delivery, transport = sending(engine)
    night = START + 11 * 60 * MINUTE
    assert delivery.deliver(night).states == {"pending": 2}
    assert row(engine, message()).reason == "quiet_hours"
    morning = row(engine, message()).due_at
    assert delivery.deliver(morning).states == {"sent": 1, "pending": 1}
    assert len(transport.envelopes) == 1


def test_who_has_no_address_is_not_reached() -> None:
    """Neither without an address nor on a channel without a transport; a function may know addresses."""
    other, nobody = message(1, channel="sms"), message(2, customer="bob")
    engine = shop(other, nobody)
    delivery, _ = sending(engine)
    assert delivery.deliver(START).states == {"suppressed": 2}
    assert {row(engine, each).reason for each in (other, nobody)} == {"unreachable"}
    engine = shop(nobody)
    delivery, transport = sending(engine, addresses=lambda customer, channel: f"{channel}:{customer}")
    delivery.deliver(START)
    assert transport.envelopes[0].address == "telegram:bob"


def test_the_channel_may_be_left_to_the_delivery() -> None:
    """A message without a channel goes where the customer can be reached."""
    engine = shop(message(channel=None))
    delivery, transport = sending(engine)
    delivery.deliver(START)
    assert transport.envelopes[0].channel == "telegram"


def test_consent_to_one_channel_is_none_to_another() -> None:
    """Left to the delivery, a message takes the channel the customer agreed to, not the newest address."""
    engine = shop(message(channel=None), policies=[Consent()])
    engine.record(
        [
            ContactAdded(id="new", customer="ann", at=START - 1, channel="sms", address="+1"),
            ConsentGiven(id="yes", customer="ann", at=START - 1, channel="telegram", topic="news", source="form"),
        ]
    )
    telegram, sms = RecordingTransport(), RecordingTransport()
    delivery = Delivery(engine, {"sms": sms, "telegram": telegram}, renderer=Plain())
    assert delivery.deliver(START).states == {"sent": 1}
    assert (len(telegram.envelopes), len(sms.envelopes)) == (1, 0)


def test_an_address_that_is_gone_is_suppressed() -> None:
    """The next message to it is not even begun; a new address is used at once."""
    engine = shop(message(1), message(2))
    delivery, transport = sending(engine, Rejected("blocked", scope="address"))
    assert delivery.deliver(START).states == {"suppressed": 2}
    assert len(transport.envelopes) == 1
    engine = shop(message(1))
    delivery, transport = sending(engine, Migrated("new chat"))
    delivery.deliver(START)
    delivery.deliver(START + SECOND)
    assert [one.address for one in transport.envelopes] == ["chat of ann", "new chat"]


def test_a_channel_that_refuses_rests() -> None:
    """Nobody calls it before its time; no attempt is lost; another worker knows."""
    engine = shop(message(1), message(2))
    delivery, transport = sending(engine, NotSent("too_many", retry_after=60, scope="channel"))
    assert delivery.deliver(START).states == {"pending": 1}
    other, more = sending(engine)
    assert not other.deliver(START + 59 * SECOND).states
    assert other.deliver(START + 70 * SECOND).states == {"sent": 2}
    assert (len(transport.envelopes), len(more.envelopes)) == (1, 2)


def test_a_template_that_fits_nobody_rests() -> None:
    """Five customers are burnt, not the list; who repaired it lets it go on."""
    names = [f"c{number}" for number in range(9)]
    engine = shop(*(message(n, customer=name, valid=DAY) for n, name in enumerate(names)), customers=names)
    delivery, transport = sending(engine, *[Rejected("bad_text", scope="template")] * 5)
    assert delivery.deliver(START).states == {"dead": 5, "pending": 4}
    assert not sending(engine)[0].deliver(START + SECOND).states
    delivery.release("hello")
    assert delivery.deliver(START + 10 * MINUTE).states == {"sent": 4}
    assert len(transport.envelopes) == 9


class Unfit(Plain):
    """A renderer that fails as told."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def render(self, *_: Any) -> Any:
        """Raise."""
        raise self.error


UNFIT = [
    (EmptyContent("nothing", code="empty"), P.DEAD, "empty_content"),
    (TemplateError("broken"), P.DEAD, "template_error"),
    (ZeroDivisionError(), P.PENDING, "fault"),
]


@pytest.mark.parametrize(("error", "state", "reason"), UNFIT)
def test_a_message_that_cannot_be_made(error: Exception, state: ParcelState, reason: str) -> None:
    """It ends with a reason, or waits when the fault is ours; nothing is marked, the others go on."""
    engine = shop(message())
    delivery, _ = sending(engine, renderer=Unfit(error))
    delivery.deliver(START)
    found = row(engine, message())
    assert (found.state, found.reason, found.attempt_no) == (state, reason, 0)


def test_the_dead_leave_an_unknown_outcome() -> None:
    """Who stops between mark and settlement is found out after the lease; ``drop`` is not sent again."""
    engine = shop(message(valid=DAY))
    delivery, transport = sending(engine)
    call = next(delivery.calls(START))
    assert (call.parcel.state, row(engine, message()).state) == (P.SENDING, P.SENDING)
    assert str(delivery.deliver(START + 89 * SECOND)) == "nothing to do"
    assert str(delivery.deliver(START + 90 * SECOND)) == "1 unknown, 1 recovered"
    assert (transport.envelopes, [one.key for one in delivery.unresolved()]) == ([], [message().key])
    assert kinds(engine) == []


def test_who_was_away_too_long_changes_nothing() -> None:
    """A message that somebody else has taken is not settled by who had it before; the truth about it may be told."""
    engine = shop(message(1, valid=DAY, on_unknown="retry"), message(2, valid=DAY))
    delivery, _ = sending(engine)
    runs = [delivery.calls(START) for _ in range(2)]
    calls = {next(run).envelope.key: run for run in runs}
    delivery.deliver(START + 95 * SECOND)
    delivery.deliver(START + 100 * SECOND)
    assert row(engine, message(1)).state is P.SENT
    for run in calls.values():
        with pytest.raises(StopIteration):
            run.send(Rejected("late"))
    assert (row(engine, message(1)).state, row(engine, message(2)).state) == (P.SENT, P.DEAD)


def test_a_call_that_would_be_too_late_is_not_made() -> None:
    """A worker that slept looks at the clock before it calls."""
    engine = shop(message(valid=DAY))
    delivery, transport = sending(engine)
    instants = iter([START, START, START + 61 * SECOND, START + 61 * SECOND, START + 61 * SECOND])
    report = delivery.deliver(lambda: next(instants))
    assert (transport.envelopes, report.states, row(engine, message()).reason) == ([], {"pending": 1}, "no_time_left")


def test_an_exception_is_an_unknown_outcome() -> None:
    """Whatever a transport raises, the message is neither lost nor sent twice."""

    class Explosive:
        def send(self, envelope: Envelope) -> SendOutcome:
            raise RuntimeError(envelope.address)

    engine = shop(message(on_unknown="ask"))
    delivery = Delivery(engine, {"telegram": Explosive()}, renderer=Plain())
    assert delivery.deliver(START).states == {"unknown": 1}


def test_a_person_resolves_what_is_unknown() -> None:
    """Sent is recorded as sent; not sent goes out again; a key without an open question is refused."""
    yes, no = message(1, on_unknown="ask", valid=DAY), message(2, on_unknown="ask", valid=DAY)
    engine = shop(yes, no)
    delivery, transport = sending(engine, Unknown("timeout"), Unknown("timeout"))
    assert delivery.deliver(START).states == {"unknown": 2}
    assert delivery.resolve(yes.key, sent=True, at=START + MINUTE).state is P.SENT
    assert delivery.resolve(no.key, sent=False, at=START + MINUTE).state is P.PENDING
    assert delivery.deliver(START + 2 * MINUTE).states == {"sent": 1}
    assert (len(transport.envelopes), delivery.unresolved()) == (3, [])
    assert kinds(engine) == ["message_sent"] * 2
    with pytest.raises(DefinitionError, match="no message of unknown outcome"):
        delivery.resolve(yes.key, sent=True, at=START)


def test_no_more_than_asked_for() -> None:
    """A limit ends a delivery; nothing is left held."""
    engine = shop(*(message(number) for number in range(5)))
    delivery, transport = sending(engine)
    assert delivery.deliver(START, limit=2).states == {"sent": 2}
    assert (delivery.deliver(START).calls, len(transport.envelopes)) == (3, 5)


def test_an_event_loop_delivers_the_same() -> None:
    """Asynchronous transports are awaited, others run in a thread; both rows end alike."""

    class Waiting:
        async def send(self, envelope: Envelope) -> SendOutcome:
            await asyncio.sleep(0)
            return Sent(f"m{envelope.attempt}")

    engine = shop(message(1))
    delivery = Delivery(engine, {"telegram": Waiting()}, renderer=Plain())
    assert asyncio.run(delivery.deliver_async(START)).states == {"sent": 1}
    assert row(engine, message(1)).transport_message_id == "m1"
    engine = shop(message(1), message(2))
    delivery, transport = sending(engine, Unknown("x"))
    assert asyncio.run(delivery.deliver_async(START)).states == {"sent": 1, "unknown": 1}
    assert len(transport.envelopes) == 2


def test_other_actions_are_left_to_the_host() -> None:
    """What has no handler stays in the outbox, and nobody is told to come again for it."""
    call = message(1, kind="call")
    engine = shop(call)
    delivery, _ = sending(engine)
    report = delivery.deliver(START)
    assert (dict(report.states), report.again) == ({}, None)
    assert engine.due(START) == [call]


def test_a_handler_takes_actions_of_its_kind() -> None:
    """Its envelope names the kind as channel and what it is about as address; nothing is told as a message."""
    engine = shop(message(1, kind="call", name="crm", data={"stage": "won"}))
    hook = RecordingTransport()
    delivery = Delivery(engine, {}, renderer=Plain(), handlers={"call": hook})
    assert delivery.deliver(START).states == {"sent": 1}
    (envelope,) = hook.envelopes
    assert (envelope.channel, envelope.address, envelope.data) == ("call", "crm", {"stage": "won"})
    assert kinds(engine) == []


def test_templates_see_the_customer_and_cards_of_what_is_there() -> None:
    """Attributes by their names, articles as cards; what is gone or sold out is dropped, else nothing goes."""
    text = "+++\n[cards]\nline = '- {name}'\n+++\n{name}, {unsubscribe_url}\n{items}"
    renderer = PlainRenderer({"en/hello.txt": text})
    shelf = {
        "a": card(Product(sku="a", name="Mug", price=Money(500, "EUR"))),
        "b": card(Product(sku="b", name="Cap", price=Money(900, "EUR")), available=False),
    }
    engine = shop(message(1, items=("a", "b", "c")), message(2, items=("b", "c")))
    engine.record(AttributeChanged(id="n", customer="ann", at=START - DAY, name="name", value="Ann"))
    words: dict[str, Any] = {"cards": shelf.get, "unsubscribe": lambda *who: f"https://shop.example/{'/'.join(who)}"}
    delivery, transport = sending(engine, renderer=renderer, **words)
    assert delivery.deliver(START).states == {"sent": 1, "dead": 1}
    (envelope,) = transport.envelopes
    assert envelope.content.text == "Ann, https://shop.example/ann/telegram/news\n- Mug"
    assert (envelope.name, envelope.unsubscribe_url) == ("Ann", "https://shop.example/ann/telegram/news")


def test_the_finish_comes_last() -> None:
    """It may change an envelope, such as its links."""
    engine = shop(message(1))
    delivery, transport = sending(engine, finish=lambda envelope: evolve(envelope, topic="finished"))
    delivery.deliver(START)
    assert transport.envelopes[0].topic == "finished"


def test_a_handler_is_no_channel() -> None:
    """One name for two things is refused."""
    with pytest.raises(DefinitionError, match="is a channel and a kind"):
        Delivery(shop(), {"call": RecordingTransport()}, renderer=Plain(), handlers={"call": RecordingTransport()})


def test_tags_need_nobody() -> None:
    """A tag is a fact in the commit that ends its action."""
    engine = shop(message(1, kind="tag", name="vip"), message(2, kind="untag", name="new"))
    delivery, transport = sending(engine)
    assert delivery.deliver(START).states == {"sent": 2}
    assert kinds(engine) == ["tagged", "untagged"]
    assert transport.envelopes == []


def test_an_asynchronous_transport_is_not_called_in_vain() -> None:
    """Without an event loop nothing is begun."""

    class Later:
        async def send(self, envelope: Envelope) -> Sent:
            return Sent("m")

    engine = shop(message(1))
    delivery = Delivery(engine, {"telegram": Later()}, renderer=Plain())
    with pytest.raises(DefinitionError, match=r"await deliver_async"):
        delivery.deliver(START)
    assert row(engine, message(1)).state is ParcelState.PENDING


def test_the_same_is_not_told_twice_within_18_hours() -> None:
    """Two rules with the same words: the second is refused, unless its rule is meant to repeat or time has passed."""
    same: dict[str, Any] = {"data": {}, "valid": 2 * DAY}
    first, second = message(1, **same), message(2, rule="other", **same)
    engine = shop(first, second)
    assert sending(engine)[0].deliver(START).states == {"sent": 1, "cancelled": 1}
    refused = next(one for one in (row(engine, first), row(engine, second)) if one.state is ParcelState.CANCELLED)
    assert refused.reason == "duplicate"

    engine = shop(first, second)
    assert sending(engine, repeats=["other", "news"])[0].deliver(START).states == {"sent": 2}
    engine = shop(*(message(n, purpose="service", **same) for n in (1, 2)))
    assert sending(engine)[0].deliver(START).states == {"sent": 2}
    engine = shop(first)
    sending(engine)[0].deliver(START)
    with engine.store.transaction():
        engine.store.outbox.put([second])
    assert sending(engine)[0].deliver(START + 18 * HOUR).states == {"sent": 1}


def test_a_rule_that_repeats_to_many_is_stopped() -> None:
    """Five customers within a day: the rule stops, and a person is told."""
    names = [f"c{number}" for number in range(9)]
    twice = [message(n, customer=name, data={}, valid=DAY) for n in (1, 2) for name in names]
    seen = Seen()
    engine = shop(*twice, customers=names)
    engine.watchers.add(seen)
    report = sending(engine)[0].deliver(START)
    assert report.states["cancelled"] == 5
    assert [(one.code, one.subject) for one in seen.escalated] == [("duplicate_alarm", "news")]
    assert report.states["sent"] + report.states["pending"] + 5 == 18


def test_a_rule_that_too_many_refuse_is_stopped() -> None:
    """Twenty of a hundred: an old list, or a text taken for spam; the rest waits for somebody to look."""
    names = [f"c{number:03}" for number in range(100)]
    gone = Rejected("no_such_user", scope="address")
    for count, left in ((20, 79), (19, 0)):
        seen = Seen()
        engine = shop(*(message(n, customer=name, valid=DAY) for n, name in enumerate(names)), customers=names)
        engine.watchers.add(seen)
        report = sending(engine, Sent("m"), *[gone] * count)[0].deliver(START)
        assert report.states["pending"] == left
        assert [one.code for one in seen.escalated] == ["many_refused"] * (left > 0)


def test_a_second_soft_failure_within_a_month_ends_an_address() -> None:
    """One full mailbox is no reason to give somebody up; two messages that failed for it within 30 days are."""
    full = Rejected("full", scope="address", permanent=False)
    engine = shop(message(1, valid=9 * DAY), message(2, valid=20 * DAY))
    for day in range(20):
        sending(engine, full, full)[0].deliver(START + day * DAY)
    assert kinds(engine) == ["message_failed", "message_failed", "address_suppressed"]


def test_watchers_are_told_after_the_commit() -> None:
    """Each message tells what it became, once; none of a transaction that failed is told."""
    seen = Seen()
    engine = shop(message(1), message(2))
    engine.watchers.add(seen)
    sending(engine, Unknown("timeout"))[0].deliver(START)
    assert [(one.state, one.reason, one.channel) for one in seen.settled] == [
        ("unknown", "timeout", "telegram"),
        ("sent", "sent", "telegram"),
    ]


def test_what_may_have_been_sent_counts_from_when_it_was_begun() -> None:
    """Decided at 0, held for 50 minutes, unknown: a cap of one in 60 minutes has no room at 61."""
    engine = shop(policies=[AtMost(1, per=minutes(60))])
    engine.record(post(START))
    engine.advance(START)
    delivery, transport = sending(engine, Unknown("timeout"))
    delivery.deliver(START + 50 * MINUTE)
    engine.record(post(START + 61 * MINUTE))
    engine.advance(START + 61 * MINUTE)
    delivery.deliver(START + 61 * MINUTE)
    assert len(transport.envelopes) == 1


def test_what_forbids_counts_as_soon_as_it_is_known() -> None:
    """A shop whose clock is ahead of the worker's stops everything, or somebody opts out there."""
    engine = shop(message())
    engine.record(SendingStopped(id="1", at=START + SECOND, scope="all", reason="x"))
    assert sending(engine)[0].deliver(START).states["sent"] == 0
    engine = shop(message(), policies=[Consent()])
    words: dict[str, Any] = {"customer": "ann", "channel": "telegram", "topic": "news"}
    engine.record(ConsentGiven(id="y", at=START - DAY, source="x", **words))
    engine.record(ConsentWithdrawn(id="n", at=START + SECOND, **words))
    assert sending(engine)[0].deliver(START).states["sent"] == 0
    engine = shop(message())
    for second, address in ((1, "newer"), (2, "newest")):
        words = {"customer": "ann", "channel": "telegram", "address": address}
        engine.record(ContactAdded(id=f"z{9 - second}", at=START + second * SECOND, **words))
    delivery, transport = sending(engine)
    delivery.deliver(START)
    assert [one.address for one in transport.envelopes] == ["newest"]


class Seen:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.signals: list[Signal] = []

    def note(self, signal: Signal) -> None:
        """Remember."""
        self.signals.append(signal)

    @property
    def escalated(self) -> list[Escalated]:
        """What a person has to look at."""
        return [one for one in self.signals if isinstance(one, Escalated)]

    @property
    def settled(self) -> list[MessageSettled]:
        """What became of messages."""
        return [one for one in self.signals if isinstance(one, MessageSettled)]
