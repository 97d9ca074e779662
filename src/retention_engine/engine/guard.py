"""The blast guard: a rule that suddenly wants far more than usual is stopped before anything of it is sent."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from attrs import field, frozen

from retention_engine.actions import Action, Decision
from retention_engine.arbitration import stopping
from retention_engine.errors import DefinitionError, shown
from retention_engine.facts import Fact, SendingStopped, switch_subject
from retention_engine.ports import Store
from retention_engine.timing import HOUR, to_text

_COUNTS = "blast guard"


def _most(_: object, __: object, value: Any) -> None:
    if type(value) is not int or value < 1:
        raise DefinitionError(f"most is a whole number of messages, 1 or more, not {shown(value)}")


def _free(value: Any) -> frozenset[str]:
    if isinstance(value, str):
        raise DefinitionError(f"free names the rules of declared broadcasts in a list, not {shown(value)}")
    return frozenset(value)


@frozen
class BlastGuard:
    """Stop a rule that sends more than ``most`` messages within one hour of logical time (UTC, full hours).

    It records ``SendingStopped`` for the rule at the end of the advance that went beyond; what the rule has in the
    outbox is not handed out until ``SendingResumed`` is recorded. It is a brake and not a part of the decision: where
    it stops depends on how time is cut into advances.

    Attributes:
        most: messages of one rule in one hour.
        free: ids of rules that may, such as a declared broadcast.
    """

    most: int = field(default=1_000, validator=_most)
    free: frozenset[str] = field(default=frozenset(), converter=_free, kw_only=True)

    def watch(self, store: Store, decisions: Iterable[Decision], at: int) -> list[SendingStopped]:
        """Count the messages decided, and return the facts that stop rules."""
        sent = (each for each in decisions if each.action is not None and each.action.kind == "send")
        counts = Counter((each.rule, each.at // HOUR) for each in sent)
        with store.transaction():
            known: list[tuple[str, int, int]] = json.loads(store.settings.hold(_COUNTS, change=True) or "[]")
            before = {(rule, hour): count for rule, hour, count in known}
            counts.update({name: count for name, count in before.items() if name in counts or name[1] == at // HOUR})
            last = [[rule, hour, count] for (rule, hour), count in sorted(counts.items()) if hour == at // HOUR]
            store.settings.put(_COUNTS, json.dumps(last))
        over = {name: count for name, count in counts.items() if count > self.most and name[0] not in self.free}
        crossed = {name[0]: count for name, count in over.items() if before.get(name, 0) <= self.most}
        return [self._stopped(rule, count, at) for rule, count in sorted(crossed.items())]

    def _stopped(self, rule: str, count: int, at: int) -> SendingStopped:
        why = f"{count} messages in an hour, more than {self.most}"
        return SendingStopped(
            id=f"blast guard:{rule}:{to_text(at)}", at=at, scope="rule", name=rule, reason=why, by="blast guard"
        )


def released(store: Store, at: int, limit: int) -> list[Action]:
    """Return up to ``limit`` pending actions that no switch holds; held ones never hide others behind them."""
    asked = limit
    while True:
        pending = store.outbox.pending(at, asked)
        free = _free_of_switches(store, pending, at)
        if len(free) >= limit or len(pending) < asked:
            return free[: max(limit, 0)]
        asked *= 2


def _free_of_switches(store: Store, pending: list[Action], at: int) -> list[Action]:
    switches: dict[tuple[str, ...], list[Fact]] = {}
    free = []
    for action in pending:
        subjects = switch_subjects(action)
        if subjects not in switches:
            switches[subjects] = [fact for fact in store.facts.about(subjects) if fact.effective <= at]
        if action.kind != "send" or stopping(switches[subjects]) is None:
            free.append(action)
    return free


def switch_subjects(action: Action) -> tuple[str, ...]:
    """Return under which subjects the switches of an action are found."""
    named = {"rule": action.rule, "channel": action.channel, "topic": action.topic}
    return (switch_subject("all"), *(switch_subject(scope, name) for scope, name in named.items() if name))
