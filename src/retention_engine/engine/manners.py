"""What every policy says of a message, all of them: for those who ask why it waits, or whether it would go out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import evolve, frozen

from retention_engine.actions import Decision, Reason
from retention_engine.arbitration import Allow, Arbiter, Defer
from retention_engine.engine.desk import Desk, Proposal, message_of
from retention_engine.engine.memory import FACING, Memory
from retention_engine.facts import Fact
from retention_engine.rules import Do, Rule
from retention_engine.timing import to_text
from retention_engine.view import View


@frozen
class Weighed:
    """The answer of one policy about a message.

    Attributes:
        policy: as text.
        message: name of the step.
        answer: ``allow``, ``defer`` or ``drop``.
        until: for ``defer``: when it is asked again, microseconds UTC; None: when a fact comes.
    """

    policy: str
    message: str
    answer: str
    reason: Reason | None = None
    until: int | None = None
    because: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return one line for people."""
        reason = "" if self.reason is None else f" {self.reason.value}"
        until = "" if self.until is None else f" until {to_text(self.until)[:16].replace('T', ' ')}"
        why = f": {'; '.join(self.because)}" if self.because else ""
        return f"{self.answer}{reason}{until}  {self.policy}{why}"

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; instants are ISO 8601 UTC."""
        reason = None if self.reason is None else self.reason.value
        until = None if self.until is None else to_text(self.until)
        named = {"policy": self.policy, "message": self.message, "answer": self.answer, "reason": reason}
        return {**named, "until": until, "because": list(self.because)}


def weighed(
    rule: Rule, view: View, decisions: Sequence[Decision], *, arbiter: Arbiter, news: Sequence[Fact]
) -> tuple[Weighed, ...]:
    """Weigh the message a rule holds at an instant, else the first it would send; every policy in its scope answers.

    A message with several channels is weighed on the one it would go by.
    """
    memory = Memory.of(decisions)
    proposal = _proposal(rule, view, memory)
    if proposal is None:
        return ()
    desk = Desk(arbiter, memory, news)
    seen = desk.seen(view)
    opening = (rule.id, proposal.occasion) not in memory.acted
    ruled = arbiter.rule(message_of(proposal, news, opening=opening), seen)
    return tuple(
        Weighed(policy.text(), proposal.step.name, *_answer(ruling))
        for policy, ruling in arbiter.rulings(ruled.message, seen)
    )


def _proposal(rule: Rule, view: View, memory: Memory) -> Proposal | None:
    held = [each for each in memory.standing.values() if each.rule == rule.id and each.reason is not None]
    for standing in held:
        step = rule.flow.steps.get(standing.step)
        if isinstance(step, Do):
            seen = evolve(view, entry=standing.entry)
            due = view.now if standing.due is None else standing.due
            return Proposal(rule, standing.occasion, step, seen, due, (), standing)
    first = next((step for step in rule.flow.steps.values() if isinstance(step, Do) and step.kind in FACING), None)
    return None if first is None else Proposal(rule, "", first, evolve(view, entry=view.now), view.now, ())


def _answer(ruling: Any) -> tuple[Any, ...]:
    if isinstance(ruling, Allow):
        return ("allow",)
    if isinstance(ruling, Defer):
        return ("defer", ruling.reason, ruling.until, ruling.because)
    return ("drop", ruling.reason, None, ruling.because)
