"""Celery: a task that ticks, and the entry of beat that calls it."""

from __future__ import annotations

from typing import Any

from retention_engine.integrations.once import Given, once


def connect(app: Any, runner: Given, *, every: float = 60.0, name: str = "retention.tick") -> Any:
    """Add a task that decides and sends what is due, let beat call it, and return it.

    Ticks may overlap, be lost or come late: the next one does what is left. The result is the number of actions.

    Args:
        app: of Celery.
        runner: better a function that makes one: every worker process opens the store for itself.
        every: seconds between ticks; ``task.delay()`` after recording a fact makes one at once.
        name: of the task.
    """
    runner_here = once(runner)

    @app.task(name=name, acks_late=True)  # type: ignore[untyped-decorator]  # the framework has no types
    def tick() -> int:
        return len(runner_here().tick_sync())

    entry = {"task": name, "schedule": every, "options": {"expires": every * 0.9}}
    app.conf.beat_schedule = {**(app.conf.beat_schedule or {}), name: entry}
    return tick
