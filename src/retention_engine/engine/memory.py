"""What the journal says about one customer: occasions that were decided, and journeys that stand at a wait."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import define, field, frozen

from retention_engine.actions import Decision, Outcome


@frozen
class Standing:
    """A journey that waits.

    Attributes:
        entry: when it was entered, microseconds UTC.
        step: the name of the step it stands at.
        until: when the wait ends by itself.
    """

    rule: str
    occasion: str
    entry: int
    step: str
    until: int


@define
class Memory:
    """The fold of a customer's decisions.

    Attributes:
        entries: (rule, occasion) -> instant of its first decision.
        last: rule -> instant at which a journey of it was last entered.
        standing: (rule, occasion) -> the wait it stands at.
    """

    entries: dict[tuple[str, str], int] = field(factory=dict)
    last: dict[str, int] = field(factory=dict)
    standing: dict[tuple[str, str], Standing] = field(factory=dict)

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
        if decision.outcome is Outcome.WAIT:
            assert decision.until is not None
            self.standing[name] = Standing(decision.rule, decision.occasion, entry, decision.step, decision.until)
        if decision.outcome is not Outcome.DROP:
            self.last[decision.rule] = max(entry, self.last.get(decision.rule, entry))

    def repeated(self, rule: str, key: str, at: int) -> str:
        """Return the key for an edge that comes again: ``key``, then ``key~2``, ...; at one instant the same one."""
        number, name = 1, key
        while self.entries.get((rule, name), at) != at:
            number += 1
            name = f"{key}~{number}"
        return name
