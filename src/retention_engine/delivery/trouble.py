"""What follows from what became of a message: facts, templates and rules that rest, addresses that are gone."""

from __future__ import annotations

from attrs import field, frozen

from retention_engine.actions import Parcel, ParcelState
from retention_engine.delivery.base import Call, Change, Limits, Office
from retention_engine.delivery.brakes import Brakes
from retention_engine.delivery.machine import suppression
from retention_engine.facts import Fact, MessageFailed, SendingStopped
from retention_engine.signals import Escalated
from retention_engine.timing import DAY

_REFUSED = (ParcelState.SUPPRESSED, ParcelState.DEAD)
_SETTLED = (ParcelState.SENT, *_REFUSED)
_MONTH = 30 * DAY
_TOLD_AS_FACTS = ("send", "tag", "untag")


@frozen
class Trouble:
    """Draws the conclusions, inside the transaction that writes the change."""

    office: Office
    brakes: Brakes
    limits: Limits
    _counts: dict[str, tuple[int, int, int]] = field(factory=dict, init=False)

    def follow(self, change: Change, call: Call | None, at: int) -> list[Escalated]:
        """Record the facts of a change and return what a person has to be told."""
        action = change.parcel.action
        facts: list[Fact] = list(change.facts) if action.kind in _TOLD_AS_FACTS else []
        told: list[Escalated] = []
        match change.strike:
            case "template" if self.brakes.strike("template", action.name, action.customer, at):
                told.append(Escalated(code="template_paused", subject=action.name, text=change.parcel.reason or ""))
            case "rule" if self.brakes.strike("rule", action.rule, action.customer, at):
                why = f"{self.brakes.most} customers were to be told the same again"
                told.append(Escalated(code="duplicate_alarm", subject=action.rule, text=why))
                facts.append(self._stop(action.rule, why, at, by="duplicate alarm"))
                self.brakes.release("rule", action.rule)
            case "address" if call is not None and self._failed_before(change, at):
                facts.append(suppression(call, change.parcel.reason or "", at))
        if call is not None and self._is_refused_by_many(change.parcel, at):
            why = f"more than {self.limits.refused_share} % of at least {self.limits.refused} were refused today"
            told.append(Escalated(code="many_refused", subject=action.rule, text=why))
            facts.append(self._stop(action.rule, why, at, by="refusals"))
        if facts:
            self.office.learn(facts)
        return told

    def _is_refused_by_many(self, parcel: Parcel, at: int) -> bool:
        """Count what this worker settled of a rule today; say once a day that too much of it was refused."""
        name, today = parcel.action.rule, at // DAY
        day, settled, refused = self._counts.get(name, (today, 0, 0))
        if day != today:
            settled = refused = 0
        settled += parcel.state in _SETTLED
        refused += parcel.state in _REFUSED
        self._counts[name] = (today, settled, refused)
        many = refused >= self.limits.refused and 100 * refused > self.limits.refused_share * settled
        if many:
            self._counts[name] = (today, 0, 0)
        return many

    def _failed_before(self, change: Change, at: int) -> bool:
        """Tell whether an earlier message within 30 days failed for the same reason."""
        customer = change.parcel.action.customer
        return any(
            isinstance(fact, MessageFailed)
            and (fact.reason, fact.message != change.parcel.key) == (change.parcel.reason, True)
            and at - _MONTH < fact.at
            for fact in self.office.store.facts.of([customer])[customer]
        )

    def _stop(self, rule: str, why: str, at: int, *, by: str) -> Fact:
        return SendingStopped(id=f"{by}:{rule}:{at}", at=at, scope="rule", name=rule, reason=why, by=by)
