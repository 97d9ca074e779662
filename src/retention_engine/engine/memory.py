"""What the journal says about one customer: occasions decided, journeys that stand at a step, messages let through."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import define, field, frozen

from retention_engine.actions import Action, Decision, Outcome, Reason
from retention_engine.arbitration import Said

FACING = ("send", "audience_join")
"""The kinds of action that a customer gets to see."""


@frozen
class Standing:
    """A journey that waits.

    Attributes:
        entry: when it was entered, microseconds UTC.
        step: the name of the step it stands at.
        until: when the wait ends by itself; None: only a fact ends it.
        reason: why its message is deferred; None: the step itself is a wait.
        due: when the deferred message became due.
    """

    rule: str
    occasion: str
    entry: int
    step: str
    until: int | None
    reason: Reason | None = None
    due: int | None = None


@define
class Memory:
    """The fold of a customer's decisions.

    Attributes:
        entries: (rule, occasion) -> instant of its first decision.
        last: rule -> instant at which a journey of it was last entered.
        standing: (rule, occasion) -> the wait it stands at.
        moved: the journeys that are past their door: something was done, or a wait was begun.
        acted: the journeys of which a message was let through.
        said: the messages let through, in the order of their decisions.
        sent: the actions of those messages.
    """

    entries: dict[tuple[str, str], int] = field(factory=dict)
    last: dict[str, int] = field(factory=dict)
    standing: dict[tuple[str, str], Standing] = field(factory=dict)
    moved: set[tuple[str, str]] = field(factory=set)
    acted: set[tuple[str, str]] = field(factory=set)
    said: list[Said] = field(factory=list)
    sent: list[Action] = field(factory=list)

    @classmethod
    def of(cls, decisions: Iterable[Decision]) -> Memory:
        """Fold decisions in the order they were made."""
        memory = cls()
        for decision in decisions:
            memory.add(decision)
        return memory

    def add(self, decision: Decision) -> None:
        """Take in one decision."""
        name = (decision.rule, decision.occasion)
        entry = self.entries.setdefault(name, decision.at)
        self.standing.pop(name, None)
        if decision.outcome in (Outcome.WAIT, Outcome.DEFER):
            what = (decision.step, decision.until, decision.reason, decision.due)
            self.standing[name] = Standing(decision.rule, decision.occasion, entry, *what)
        if decision.outcome in (Outcome.WAIT, Outcome.ACT, Outcome.ARM):
            self.moved.add(name)
        if decision.action is not None and decision.action.kind in FACING:
            self.acted.add(name)
        if decision.outcome is not Outcome.DROP:
            self.last[decision.rule] = max(entry, self.last.get(decision.rule, entry))
        if decision.action is not None and decision.action.kind == "send":
            self.said.append(_said(decision.action, decision.at))
            self.sent.append(decision.action)

    def repeated(self, rule: str, key: str, at: int) -> str:
        """Return the key for an edge that comes again: ``key``, then ``key~2``, ...; at one instant the same one."""
        number, name = 1, key
        while self.entries.get((rule, name), at) != at:
            number += 1
            name = f"{key}~{number}"
        return name


def _said(action: Action, at: int) -> Said:
    return Said(
        at=at,
        rule=action.rule,
        step=action.step,
        template=action.name,
        occasion=action.occasion,
        channel=action.channel,
        topic=action.topic,
        purpose=action.purpose,
        items=action.items,
    )
