"""Channels rest when they are down or refuse us; one worker at a time keeps the rate of a channel."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from attrs import asdict

from retention_engine.actions import Parcel, ParcelState
from retention_engine.delivery import Delivery, Limits
from retention_engine.delivery.brakes import Brakes, Channel, judged
from retention_engine.envelopes import Migrated, NotSent, Pace, Rate, Rejected, SendOutcome, Sent, Unknown
from retention_engine.errors import StoreError
from retention_engine.timing import DAY, MINUTE, SECOND
from retention_engine.transports import RecordingTransport, too_late
from tests.delivery._shop import START, Plain, message, row, sending, shop

LIMITS = Limits()


class Paced(RecordingTransport):
    """A transport with a rate."""

    pace = Pace(overall=Rate(3), address=Rate(1))


def worker(engine, *outcomes: SendOutcome) -> tuple[Delivery, Paced]:
    """Return a worker with a transport of its own."""
    transport = Paced(outcomes)
    return Delivery(engine, {"telegram": transport}, renderer=Plain()), transport


def crowd(count: int):
    """Return a shop with a message for each of so many customers."""
    names = [f"c{number:03}" for number in range(count)]
    return shop(*(message(n, customer=name, valid=DAY) for n, name in enumerate(names)), customers=names)


def run(outcomes: list[SendOutcome], step: int = SECOND) -> tuple[Channel, list[str]]:
    """Return how a channel does after these outcomes, and the codes a person was told."""
    state, codes = Channel(), []
    for number, outcome in enumerate(outcomes):
        state, told = judged(state, "telegram", outcome, at=START + number * step, limits=LIMITS)
        codes += [one.code for one in told]
    return state, codes


def test_ten_failures_in_a_row_let_a_channel_rest() -> None:
    """30 seconds, doubled by each further one up to 10 minutes; a message that goes through ends it."""
    assert run([Unknown("x")] * 9)[0].rests_until == 0
    found = [run([NotSent("y")] * count)[0] for count in (10, 11, 14, 15, 30)]
    assert [
        one.rests_until - START - (count - 1) * SECOND for one, count in zip(found, (10, 11, 14, 15, 30), strict=True)
    ] == [
        30 * SECOND,
        60 * SECOND,
        480 * SECOND,
        600 * SECOND,
        600 * SECOND,
    ]
    assert run([Unknown("x"), NotSent("y")] * 8)[0].failures == 16
    assert run([*[Unknown("x")] * 9, Sent("m"), *[Unknown("x")] * 9])[0].rests_until == 0
    assert run([*[Unknown("x")] * 9, Rejected("bad"), *[Unknown("x")] * 9])[0].rests_until == 0


def test_what_says_nothing_about_the_channel_does_not_count() -> None:
    """A call that was not made, a slow domain, an album of which something arrived."""
    for outcome in (too_late(), NotSent("greylisted", scope="domain"), Unknown("album", partial=True), Migrated("new")):
        assert run([outcome] * 30)[0].rests_until == 0


def test_a_person_is_told_when_a_channel_is_down_for_long() -> None:
    """After a quarter of an hour, not at the first failure."""
    assert run([Unknown("x")] * 40, SECOND)[1] == []
    assert set(run([Unknown("x")] * 40, MINUTE)[1]) == {"channel_down"}


def test_a_person_is_told_at_once_of_a_token_that_is_refused_and_once_of_each_new_refusal() -> None:
    """The same text about a message is told once."""
    assert run([Rejected("revoked", scope="channel")] * 3)[1] == ["channel_refused"]
    assert run([Rejected("odd"), Rejected("odd"), Rejected("other"), Rejected("blocked", scope="address")])[1] == [
        "message_refused",
        "message_refused",
    ]
    flood = NotSent("too_many", retry_after=301, scope="channel")
    assert run([flood])[1] == ["rate_limited"]
    assert run([NotSent("too_many", retry_after=300, scope="channel")])[1] == []


def test_a_channel_that_is_down_is_left_alone_and_the_others_go_on() -> None:
    """Ten unknown outcomes, then nobody is burnt any more; another channel is not held up by it."""
    engine = crowd(30)
    with engine.store.transaction():
        engine.store.outbox.put([message(99, customer="c000", channel="file", valid=DAY)])
    transport, file = RecordingTransport([Unknown("x")] * 30), RecordingTransport()
    delivery = Delivery(
        engine, {"telegram": transport, "file": file}, renderer=Plain(), addresses=lambda *_: "somewhere"
    )
    report = delivery.deliver(START)
    assert (len(transport.envelopes), len(file.envelopes)) == (10, 1)
    assert report.again == START + 30 * SECOND
    assert not delivery.deliver(START + 29 * SECOND).states
    assert delivery.deliver(START + 30 * SECOND).states == {"unknown": 1}  # one try, then a minute


def test_a_delivery_sends_as_many_as_it_may_and_says_when_to_come_again() -> None:
    """Three a second; nothing is written for those that wait."""
    engine = crowd(8)
    delivery, transport = worker(engine)
    found = []
    now = START
    while True:
        report = delivery.deliver(now)
        found.append((now - START, report.states["sent"]))
        assert not set(report.states) - {"sent"}
        if report.again is None:
            break
        assert report.again > now
        now = report.again
    assert found == [(0, 3), (SECOND, 3), (2 * SECOND, 2)]
    assert len(transport.envelopes) == 8


def test_one_chat_is_called_once_a_second_and_holds_up_nobody() -> None:
    """Its messages wait; those of others go."""
    engine = shop(
        *(message(n, valid=DAY) for n in range(3)), message(9, customer="bob", valid=DAY), customers=("ann", "bob")
    )
    delivery, transport = worker(engine)
    assert delivery.deliver(START).states == {"sent": 2, "pending": 2}
    assert sorted(one.customer for one in transport.envelopes) == ["ann", "bob"]
    assert delivery.deliver(START + SECOND).states["sent"] == 1


def test_two_workers_do_not_double_a_rate() -> None:
    """The second one leaves the channel alone until the first has finished, or gave no sign of life for its turn."""
    engine = crowd(20)
    first, _ = worker(engine)
    second, two = worker(engine)
    calls = first.calls(START)
    next(calls)
    report = second.deliver(START)
    assert (two.envelopes, report.again) == ([], START + 20 * SECOND)
    assert second.deliver(START + 19 * SECOND).calls == 0
    report = second.deliver(START + 20 * SECOND)  # the first one is gone: its last calls may still count
    assert (report.calls, report.again) == (0, START + 21 * SECOND)
    assert second.deliver(START + 21 * SECOND).calls == 3
    calls.close()


def test_a_worker_that_has_finished_gives_the_channel_back() -> None:
    """The next one waits for one span only."""
    engine = crowd(2)
    worker(engine)[0].deliver(START)
    with engine.store.transaction():
        engine.store.outbox.put([message(50, customer="c000", valid=DAY)])
    second, two = worker(engine)
    assert second.deliver(START).again == START + SECOND
    assert second.deliver(START + SECOND).states == {"sent": 1}
    assert len(two.envelopes) == 1


def test_whoever_stops_half_way_counts_as_ended() -> None:
    """A generator that is closed leaves no call in flight behind."""
    engine = crowd(9)
    delivery, _ = worker(engine)
    for _ in range(3):
        calls = delivery.calls(START)
        next(calls)
        calls.close()
    assert delivery.deliver(START + SECOND).states["sent"] == 3


def test_a_commit_that_fails_counts_as_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """The call is not made, nothing is told, and its place is free again."""
    engine = crowd(4)
    delivery, transport = worker(engine)
    begin = engine.store.deliveries.begin

    def broken(*asked: object) -> object:
        begin(*asked)
        raise OSError("no room")

    monkeypatch.setattr(engine.store.deliveries, "begin", broken)
    with pytest.raises(OSError, match="no room"):
        delivery.deliver(START)
    monkeypatch.undo()
    assert transport.envelopes == []
    assert delivery.deliver(START + SECOND).states == {"sent": 3}


def test_an_action_taken_by_another_meanwhile_is_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its place in the rate is free again."""
    engine = crowd(3)
    delivery, _ = sending(engine)
    begin = engine.store.deliveries.begin
    taken: list[str] = []

    def faster(keys: list[str], at: int, lease_until: int) -> object:
        if not taken:
            taken.extend(keys)
            begin(keys, at, lease_until)
            return []
        return begin(keys, at, lease_until)

    monkeypatch.setattr(engine.store.deliveries, "begin", faster)
    assert delivery.deliver(START).states == {"sent": 2}
    assert engine.store.parcels.of(taken)[taken[0]].state is ParcelState.SENDING


@pytest.mark.parametrize(("failures", "kept"), [(2, True), (3, False)])
def test_a_known_outcome_outlives_a_busy_store(failures: int, kept: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is written in up to three tries; a store that stays busy leaves it to the recovery."""
    engine = crowd(1)
    delivery, transport = sending(engine)
    settle, left = engine.store.deliveries.settle, [failures]

    def busy(parcel: Parcel) -> bool:
        if left[0]:
            left[0] -= 1
            raise StoreError("busy")
        return settle(parcel)

    monkeypatch.setattr(engine.store.deliveries, "settle", busy)
    if kept:
        assert delivery.deliver(START).states == {"sent": 1}
    else:
        with pytest.raises(StoreError, match="busy"):
            delivery.deliver(START)
        assert delivery.deliver(START + 2 * MINUTE).states == {"unknown": 1}
    assert len(transport.envelopes) == 1


def test_a_slow_domain_slows_its_own_messages_only() -> None:
    """Greylisted: the next one to the same server waits for two seconds, others for none."""
    engine = crowd(3)

    class Mails(RecordingTransport):
        pace = Pace(domain=Rate(1))

    domains = {"c000": "a@slow.example", "c001": "b@slow.example", "c002": "c@quick.example"}
    transport = Mails([NotSent("greylisted", scope="domain")])
    delivery = Delivery(engine, {"telegram": transport}, renderer=Plain(), addresses=lambda who, _: domains[who])
    for moment in (START, START + SECOND, START + 2 * SECOND):
        delivery.deliver(moment)
    first = next(one.address for one in transport.envelopes)
    slow = [one.address for one in transport.envelopes if one.address.endswith(first.partition("@")[2])]
    assert len(slow) <= 2


def test_a_channel_taken_by_another_worker_meanwhile_is_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look and the lock somebody was quicker: nothing is begun, and the report says when to come again."""
    engine = crowd(2)
    settings, hold = engine.store.settings, engine.store.settings.hold
    quick: list[str] = []

    def quicker(name: str, *, change: bool = False) -> str | None:
        if change and name == "delivery channels" and not quick:
            quick.append(name)
            state = {"telegram": {**asdict(Channel()), "holder": "worker 9", "held_until": START + 9 * SECOND}}
            settings.put(name, json.dumps(state))
        return hold(name, change=change)

    monkeypatch.setattr(settings, "hold", quicker)
    delivery, transport = worker(engine)
    assert delivery.deliver(START).again == START + 9 * SECOND
    assert transport.envelopes == []


def test_a_commit_that_fails_at_its_end_gives_the_place_back() -> None:
    """The disk is full at the very commit: the call is not made and counts for a second, not for ever."""
    engine = crowd(3)
    delivery, transport = worker(engine)
    inner, count = engine.exclusively, [0]

    @contextmanager
    def failing() -> Iterator[None]:
        count[0] += 1
        with inner():
            yield
            if count[0] == 2:
                raise StoreError("full")

    engine.exclusively = failing  # a method of this one
    with pytest.raises(StoreError, match="full"):
        delivery.deliver(START)
    assert transport.envelopes == []
    assert delivery.deliver(START + SECOND).states == {"sent": 3}


def test_a_message_ended_by_another_meanwhile_is_not_told_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else wrote its end between the look and ours."""
    engine = shop(message(1, valid=SECOND))
    overrule = engine.store.outbox.overrule

    def late(parcel: Parcel) -> bool:
        overrule(parcel)
        return False

    monkeypatch.setattr(engine.store.outbox, "overrule", late)
    report = sending(engine)[0].deliver(START + DAY)
    assert (dict(report.states), row(engine, message(1)).state) == ({}, ParcelState.EXPIRED)


def test_a_store_that_fails_is_no_fault_of_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """The delivery ends with its error, and the message waits as before."""
    engine = shop(message(1))

    def broken(*_: object) -> None:
        raise StoreError("locked")

    monkeypatch.setattr(engine, "clear", broken)
    with pytest.raises(StoreError, match="locked"):
        sending(engine)[0].deliver(START)
    assert row(engine, message(1)).reason is None


def test_what_rests_already_is_not_struck_again() -> None:
    """It is told once."""
    engine = shop()
    brakes = Brakes(engine.store.settings, 2)
    with engine.exclusively():
        assert [brakes.strike("template", "hello", name, START) for name in ("ann", "bob", "cid")] == [
            False,
            True,
            False,
        ]
