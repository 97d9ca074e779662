"""A runner for processes that are started later: made once in each of them, never carried over a fork."""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import Lock

from retention_engine.delivery import Runner

Given = Runner | Callable[[], Runner]
"""A runner, or what makes one where it is first needed: worker processes must not share an open store."""


def once(given: Given) -> Callable[[], Runner]:
    """Return a function that gives the runner of this process, made when it is first asked for."""
    if isinstance(given, Runner):
        return lambda: given
    made: dict[int, Runner] = {}
    lock = Lock()

    def runner() -> Runner:
        with lock:
            if os.getpid() not in made:
                made[os.getpid()] = given()
            return made[os.getpid()]

    return runner
