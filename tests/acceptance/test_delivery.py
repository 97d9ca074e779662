"""What happened to others while messages were on their way, phrased as tests."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from threading import Thread

import pytest

from retention_engine import Engine
from retention_engine.actions import ParcelState
from retention_engine.arbitration import AtMost
from retention_engine.delivery import Delivery, Runner, adopt_environment
from retention_engine.envelopes import NotSent, Rejected, Sent
from retention_engine.errors import StoreError
from retention_engine.facts import AddressSuppressed, ConsentWithdrawn
from retention_engine.testing import ManualClock
from retention_engine.timing import days
from retention_engine.transports import RecordingTransport
from tests.delivery._shop import DAY, HOUR, MINUTE, SECOND, START, Plain, kinds, message, post, row, sending, shop

P = ParcelState


def broadcast(count: int, **words: object) -> tuple[Engine, list[str]]:
    """Return a shop with one message to each of so many customers."""
    names = [f"c{number:03}" for number in range(count)]
    made = (message(n, customer=name, valid=2 * DAY, **words) for n, name in enumerate(names))
    return shop(*made, customers=names), names


def test_f02_one_refused_recipient_does_not_take_the_batch_along() -> None:
    """https://github.com/mautic/mautic/issues/7226: each has a row, a call and an end of its own."""
    engine, names = broadcast(5)
    delivery, transport = sending(engine, Sent("1"), Rejected("no_such_user", scope="address"), Sent("3"))
    assert delivery.deliver(START).states == {"sent": 4, "suppressed": 1}
    assert sorted(one.customer for one in transport.envelopes) == names


def test_f03_a_kill_between_fetching_and_sending_skips_nobody() -> None:
    """https://github.com/knadh/listmonk/issues/3022: only what was begun is in doubt, and no more than one call is."""
    engine, names = broadcast(20)
    calls = sending(engine)[0].calls(START)
    begun = next(calls).envelope.customer
    calls.close()
    delivery, transport = sending(engine)
    assert delivery.deliver(START + 5 * MINUTE).states == {"unknown": 1, "sent": 19}
    assert {one.customer for one in transport.envelopes} == set(names) - {begun}


def test_f04_a_broadcast_is_over_when_every_recipient_has_an_end() -> None:
    """https://github.com/knadh/listmonk/issues/2591: a limit and a pause end a delivery, not the broadcast."""
    engine, _ = broadcast(30)
    pause = NotSent("too_many", retry_after=60, scope="channel")
    report = sending(engine, *[Sent("m")] * 5, pause)[0].deliver(START, limit=10)
    assert report.again == START + 60 * SECOND
    assert len(engine.store.parcels.listed(P.PENDING, "", 99)) == 25
    report = sending(engine)[0].deliver(START + 70 * SECOND)
    assert (report.states["sent"], report.again) == (25, None)
    assert engine.store.parcels.listed(P.PENDING, "", 99) == []


def test_f05_a_copy_of_the_database_sends_nothing(tmp_path: Path) -> None:
    """https://github.com/knadh/listmonk/issues/1801: the store says whose it is; who takes it over says so."""
    path, copy = tmp_path / "shop.db", tmp_path / "copy.db"
    live = shop(message(valid=DAY), store=f"sqlite:///{path}")
    clock = ManualClock(START)
    Runner(live, sending(live)[0], clock=clock, environment="production", limit=0).tick_sync()
    live.close()
    shutil.copy(path, copy)
    with Engine([], store=f"sqlite:///{copy}") as staging:
        delivery, transport = sending(staging)
        with pytest.raises(StoreError, match="belongs to the environment 'production'"):
            Runner(staging, delivery, clock=clock, environment="staging").tick_sync()
        assert transport.envelopes == []
        adopt_environment(staging, "staging")
        Runner(staging, delivery, clock=clock, environment="staging").tick_sync()
        assert len(transport.envelopes) == 1


def test_f05_a_message_found_long_past_its_time_expires() -> None:
    """The second half: an outbox that was left for three days sends nothing late."""
    engine, _ = broadcast(3)
    assert sending(engine)[0].deliver(START + 3 * DAY).states == {"expired": 3}


def test_f06_a_message_that_was_sent_has_ended() -> None:
    """https://github.com/mautic/mautic/issues/7057: no tick looks at it again."""
    engine, _ = broadcast(1)
    sending(engine)[0].deliver(START)
    for minute in range(5):
        report = sending(engine)[0].deliver(START + minute * MINUTE)
        assert (dict(report.states), report.again) == ({}, None)


def test_f07_an_opt_out_in_between_is_one_end_and_no_more_tries() -> None:
    """https://github.com/mautic/mautic/issues/4356: one row, one reason."""
    engine = shop(message(1), message(2))
    engine.record(ConsentWithdrawn(id="no", customer="ann", at=START - SECOND))
    delivery, transport = sending(engine)
    assert delivery.deliver(START).states == {"suppressed": 2}
    assert not delivery.deliver(START + MINUTE).states
    assert transport.envelopes == []
    assert kinds(engine) == ["consent_withdrawn", "message_failed", "message_failed"]


def test_f08_customers_at_their_cap_hold_up_nobody() -> None:
    """https://github.com/mautic/mautic/pull/3560: two hundred of them stand before one who may be written to."""
    names = [f"c{number:03}" for number in range(201)]
    capped = [message(n, customer=name, valid=9 * DAY) for n, name in enumerate(names)]
    engine = shop(*capped, customers=names, policies=[AtMost(1, per=days(7))])
    engine.record(post(START - HOUR, name) for name in names[:-1])
    engine.advance(START)  # each of them has had a message
    report = sending(engine)[0].deliver(START, limit=500)
    assert row(engine, capped[-1]).state is P.SENT
    assert report.states["sent"] == 201  # the one of the event each, and the last customer's


def test_f09_a_busy_server_suppresses_no_address() -> None:
    """https://github.com/mautic/mautic/issues/2961: an hour of refused connections is nobody's fault."""
    engine, names = broadcast(20)
    busy = [NotSent("unreached")] * 10_000
    for minute in range(60):
        sending(engine, *busy)[0].deliver(START + minute * MINUTE)
    facts = engine.store.facts.of(names)
    assert not any(isinstance(fact, AddressSuppressed) for found in facts.values() for fact in found)
    assert sending(engine)[0].deliver(START + 2 * HOUR).states == {"sent": 20}


def test_f14_eight_copies_of_the_worker_write_once_to_each(tmp_path: Path) -> None:
    """A scheduler in eight replicas sent eight copies for weeks; here each copy has its own engine over one file."""
    names = [f"c{number:03}" for number in range(40)]
    path = f"sqlite:///{tmp_path / 'shop.db'}"
    made = (message(n, customer=name, valid=DAY) for n, name in enumerate(names))
    shop(*made, customers=names, store=path).close()
    transports = [RecordingTransport() for _ in range(8)]

    def work(transport: RecordingTransport) -> None:
        with Engine([], store=path) as engine:
            Delivery(engine, {"telegram": transport}, renderer=Plain()).deliver(START)

    threads = [Thread(target=work, args=(one,), daemon=True) for one in transports]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    counts = Counter(one.customer for transport in transports for one in transport.envelopes)
    assert counts == Counter(names)
