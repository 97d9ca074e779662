"""Schedulers and task queues themselves: each of them ticks, and what it ticks is a runner of its own process."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from retention_engine.actions import ParcelState
from retention_engine.delivery import Runner
from retention_engine.integrations import apscheduler, celery, procrastinate, taskiq
from retention_engine.integrations.once import once
from retention_engine.transports import RecordingTransport
from tests.delivery._shop import post
from tests.integrations._shop import START, needs, running, shop, until


def made() -> tuple[Runner, RecordingTransport]:
    """Return a runner with something to do, and its transport."""
    engine = shop()
    engine.record(post(START))
    return running(engine)


def test_a_runner_is_made_once_in_each_process() -> None:
    """By the first who asks, even of several threads; a forked process makes its own."""
    count: list[int] = []

    def make() -> Runner:
        count.append(os.getpid())
        return made()[0]

    runner = once(make)
    assert count == []
    found: list[Runner] = []
    threads = [threading.Thread(target=lambda: found.append(runner())) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(10)
    assert (len(set(map(id, found))), count) == (1, [os.getpid()])
    one, _ = made()
    assert once(one)() is one


@pytest.mark.parametrize("forked", [True, False])
def test_a_forked_process_makes_its_own(forked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The id of the process tells."""
    runner = once(lambda: made()[0])
    first = runner()
    if forked:
        monkeypatch.setattr(os, "getpid", lambda: -1)
    assert (runner() is first) is not forked


@pytest.fixture
def kept_logging() -> Iterator[None]:
    """Give the root logger back its level and handlers: a worker of Celery takes it over."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    root.setLevel(level)
    root.handlers[:] = handlers


@needs("celery")
@pytest.mark.usefixtures("kept_logging")
def test_celery_ticks() -> None:
    """A worker runs the task, in a thread of its own; beat has an entry that expires before the next one."""
    from celery import Celery
    from celery.contrib.testing.worker import start_worker

    runner, transport = made()
    app = Celery("shop", broker="memory://", backend="cache+memory://")
    app.conf.beat_schedule = {"yours": {"task": "yours", "schedule": 5.0}}
    tick = celery.connect(app, lambda: runner, every=30.0)
    assert app.conf.beat_schedule["retention.tick"] == {
        "task": "retention.tick",
        "schedule": 30.0,
        "options": {"expires": 27.0},
    }
    assert "yours" in app.conf.beat_schedule
    assert tick.acks_late
    app.conf.update(task_always_eager=False, broker_connection_retry_on_startup=True)
    with start_worker(app, perform_ping_check=False, pool="solo", loglevel="ERROR"):
        assert tick.delay().get(timeout=10) == 1
        assert tick.delay().get(timeout=10) == 0
    assert len(transport.envelopes) == 1


@needs("apscheduler")
def test_apscheduler_ticks_in_a_thread() -> None:
    """A background scheduler calls the tick; adding the job again replaces it."""
    from apscheduler.schedulers.background import BackgroundScheduler

    runner, transport = made()
    scheduler = BackgroundScheduler(timezone="UTC")
    for _ in range(2):
        job = apscheduler.connect(scheduler, runner, every=0.05)
    scheduler.start()
    until(lambda: transport.envelopes)
    assert [each.id for each in scheduler.get_jobs()] == [job.id]
    assert (job.max_instances, job.coalesce, job.misfire_grace_time) == (1, True, None)
    scheduler.shutdown()


@needs("apscheduler")
def test_apscheduler_ticks_in_a_loop() -> None:
    """A scheduler of an event loop awaits the tick; its shutdown leaves the message in flight alone."""
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

    class Slow:
        sent = 0

        async def send(self, envelope: Any) -> Any:
            from retention_engine.envelopes import Sent

            began.set()
            await asyncio.sleep(0.1)
            self.sent += 1
            return Sent("1")

    async def loop() -> None:
        scheduler = AsyncIOScheduler(timezone="UTC")
        apscheduler.connect(scheduler, runner, every=0.05)
        scheduler.start()
        await asyncio.wait_for(began.wait(), 10)
        scheduler.shutdown()
        await asyncio.sleep(0.3)

    began, slow, engine = asyncio.Event(), Slow(), shop()
    engine.record(post(START))
    runner, _ = running(engine, telegram=slow)
    asyncio.run(loop())
    assert slow.sent == 1
    assert [each.state for each in engine.store.parcels.listed(ParcelState.SENT, "", 9)] == ["sent"]


@needs("taskiq")
def test_taskiq_ticks() -> None:
    """A broker runs the task; a scheduler finds when."""
    from taskiq import InMemoryBroker
    from taskiq.schedule_sources import LabelScheduleSource

    async def loop() -> list[Any]:
        broker = InMemoryBroker()
        tick = taskiq.connect(broker, lambda: runner, cron="*/5 * * * *")
        source = LabelScheduleSource(broker)
        await broker.startup()
        await source.startup()
        assert [each.cron for each in await source.get_schedules()] == ["*/5 * * * *"]
        results = [await (await tick.kiq()).wait_result(timeout=10) for _ in range(2)]
        await broker.shutdown()
        return [each.return_value for each in results]

    runner, transport = made()
    assert asyncio.run(loop()) == [1, 0]
    assert len(transport.envelopes) == 1


@needs("procrastinate")
def test_procrastinate_ticks() -> None:
    """A worker runs the task; a second one does not queue up while the first waits."""
    from procrastinate import App
    from procrastinate.exceptions import AlreadyEnqueued
    from procrastinate.testing import InMemoryConnector

    async def loop() -> None:
        app = App(connector=InMemoryConnector())
        tick = procrastinate.connect(app, lambda: runner)
        assert [each.cron for each in app.periodic_registry.periodic_tasks.values()] == ["* * * * *"]
        async with app.open_async():
            await tick.defer_async()
            with pytest.raises(AlreadyEnqueued):
                await tick.defer_async()
            await app.run_worker_async(wait=False, install_signal_handlers=False)

    runner, transport = made()
    asyncio.run(loop())
    assert len(transport.envelopes) == 1
