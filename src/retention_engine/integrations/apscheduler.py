"""APScheduler 3: a job that ticks, in a thread or in the event loop."""

from __future__ import annotations

import asyncio
from typing import Any

from retention_engine.delivery import Runner


def connect(scheduler: Any, runner: Runner, *, every: float = 30.0, id: str = "retention") -> Any:
    """Add a job that decides and sends what is due, and return it.

    Args:
        scheduler: of APScheduler 3; an ``AsyncIOScheduler`` awaits ``tick``, others call ``tick_sync`` in a thread.
        runner: whose ticks they are; do not let it ``run`` besides.
        every: seconds between ticks.
        id: of the job.
    """

    async def tick() -> int:
        return len(await asyncio.shield(runner.tick()))  # a shutdown cancels the job, not the message in flight

    def tick_sync() -> int:
        return len(runner.tick_sync())

    in_loop = any(each.__name__ == "AsyncIOScheduler" for each in type(scheduler).__mro__)
    rest = {"max_instances": 1, "coalesce": True, "misfire_grace_time": None, "replace_existing": True}
    return scheduler.add_job(tick if in_loop else tick_sync, "interval", seconds=every, id=id, **rest)
