"""From saved objects to facts, after the commit."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from retention_engine.delivery import Runner
from retention_engine.integrations.once import once


@cache
def _maker(name: str) -> Callable[[], Runner]:
    from django.utils.module_loading import import_string  # loaded by those who use it

    return once(import_string(name))


def runner() -> Runner:
    """Return the runner of this process, made by what ``settings.RETENTION_RUNNER`` names."""
    from django.conf import settings  # loaded by those who use it

    return _maker(settings.RETENTION_RUNNER)()


def record_on_commit(facts: Any, *, using: str | None = None) -> None:
    """Record facts, orders or customers when the open transaction commits, at once when there is none.

    What is rolled back is never recorded. A process that dies between the two commits loses the fact: record it again
    from a job that reads what was saved, a repeated fact changes nothing.
    """
    from django.db import transaction  # loaded by those who use it

    transaction.on_commit(lambda: runner().record(facts), using=using)


def record_on_signal(signal: Any, sender: Any, to_facts: Callable[[Any], Any]) -> None:
    """Record what a signal says about an instance, such as ``post_save`` of an order, when its transaction commits.

    Args:
        signal: of Django; it is sent with an ``instance``.
        sender: the model.
        to_facts: returns facts, orders or customers of an instance; None: there is nothing to record.
    """

    def receive(instance: Any, using: str | None = None, **_: Any) -> None:
        facts = to_facts(instance)
        if facts is not None:
            record_on_commit(facts, using=using)

    signal.connect(receive, sender=sender, weak=False)
