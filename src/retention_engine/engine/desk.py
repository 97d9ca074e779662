"""The desk between decision and outbox: messages of one customer at one instant, weighed together, the best first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attrs import define, evolve, field

from retention_engine.actions import Action
from retention_engine.arbitration import FAILURES, Arbiter, Defer, Held, Message, Ruled, Said, Situation
from retention_engine.engine.memory import Memory, Standing
from retention_engine.facts import Fact
from retention_engine.rules import After, Do, Rule
from retention_engine.view import View

_MOST_ITEMS = 100


@define
class Proposal:
    """A message that a journey wants to send now.

    Attributes:
        view: what is known, with the instant at which the journey was entered.
        due: when it became due, microseconds UTC.
        evidence: why, one line per part of the question.
        held: the deferral it stood at before; None: it is proposed for the first time.
    """

    rule: Rule
    occasion: str
    step: Do
    view: View
    due: int
    evidence: tuple[str, ...]
    held: Standing | None = None

    @property
    def valid_until(self) -> int | None:
        """The instant from which on it must not be sent any more."""
        return None if self.rule.valid_for is None else self.due + self.rule.valid_for.micros

    @property
    def place(self) -> tuple[int, int, int, str, str, str]:
        """Sort key: the better first, then the earlier due; equal for no two of a customer."""
        return (-self.rule.priority, -self.rule.value, self.due, self.rule.id, self.occasion, self.step.name)


@define
class Desk:
    """What lies on it, and who weighs it.

    Attributes:
        news: facts about the catalogue and the shop, oldest first, later ones too.
    """

    arbiter: Arbiter
    memory: Memory
    news: Sequence[Fact] = ()
    _waiting: list[Proposal] = field(factory=list)

    def put(self, proposal: Proposal) -> None:
        """Lay a message on the desk."""
        self._waiting.append(proposal)

    @property
    def is_empty(self) -> bool:
        """Whether nothing lies here."""
        return not self._waiting

    def has(self, rule: Rule, occasion: str | None = None) -> bool:
        """Tell whether a message of a journey of this rule lies here that the journal does not know yet."""
        theirs = (each for each in self._waiting if each.rule is rule and each.held is None)
        new = (each for each in theirs if (rule.id, each.occasion) not in self.memory.entries)
        return any(occasion in (None, each.occasion) for each in new)

    def settle(self, view: View) -> Iterator[tuple[Proposal, Ruled]]:
        """Take the best message, weigh it, yield it, and so on; more may be put meanwhile."""
        held: list[Held] = []
        while self._waiting:
            proposal = self._waiting[0] if len(self._waiting) == 1 else min(self._waiting, key=lambda each: each.place)
            self._waiting.remove(proposal)
            ruled = self.arbiter.rule(
                message_of(proposal, self.news, opening=self._opening(proposal)), self.seen(view, held)
            )
            if isinstance(ruled.ruling, Defer):
                held.append(Held(ruled.message, ruled.ruling.until))
            yield proposal, ruled

    def seen(self, view: View, held: Sequence[Held] = ()) -> Situation:
        """Return what policies are shown at an instant."""
        news = [fact for fact in self.news if fact.effective <= view.now] if self.news else ()
        return Situation(view=view, said=said_by(self.memory, view), held=tuple(held), news=news)

    def _opening(self, proposal: Proposal) -> bool:
        return (proposal.rule.id, proposal.occasion) not in self.memory.acted


def said_by(memory: Memory, view: View, doubts: Mapping[str, int] | None = None) -> Sequence[Said]:
    """Return the messages decided here and those sent from elsewhere, oldest first, without the failed ones.

    Args:
        doubts: messages that may have been sent by now, and when at the latest.
    """
    rows, failures = view.history.records("messages"), view.history.records(FAILURES)
    if not rows and not failures and not doubts:
        return memory.said
    begun = doubts or {}
    records = {row.id: row for row in rows}
    failed = {row.data["message"] for row in failures}
    found = []
    for one, action in zip(memory.said, memory.sent, strict=True):
        row = records.pop(action.key, None)
        if action.key not in failed:
            sent = begun.get(action.key, one.at) if row is None else row.at
            found.append(_seen(one, sent, noticed=row is not None and (row.opened or row.clicked)))
    for row in records.values():
        if row.id not in failed:
            words = {name: getattr(row, name) for name in ("rule", "step", "template", "channel", "topic", "purpose")}
            found.append(Said(key=row.id, at=row.at, items=row.items, noticed=row.opened or row.clicked, **words))
    return sorted(found, key=lambda one: one.at)


def _seen(one: Said, sent: int, *, noticed: bool) -> Said:
    if sent <= one.at and not noticed:
        return one
    return evolve(one, at=max(one.at, sent), noticed=noticed)


def message_of(proposal: Proposal, news: Sequence[Fact], *, opening: bool) -> Message:
    """Return what policies are shown of a proposal."""
    rule, step, view = proposal.rule, proposal.step, proposal.view
    return Message(
        rule=rule.id,
        customer=view.history.customer,
        occasion=proposal.occasion,
        step=step.name,
        template=step.about,
        kind=step.kind,
        channel=step.channel,
        channels=step.channels,
        topic=step.topic,
        purpose=step.purpose,
        items=_items(proposal, news),
        priority=rule.priority,
        value=rule.value,
        at_cap=rule.at_cap,
        due=proposal.due,
        valid_until=proposal.valid_until,
        opening=opening,
    )


def _items(proposal: Proposal, news: Sequence[Fact]) -> tuple[str, ...]:
    """Return what a message shows: the records its step names, else the item that its trigger is about."""
    step, view, trigger = proposal.step, proposal.view, proposal.rule.trigger
    if step.items is not None:
        rows = [each.record for each in step.items.members(view) if each.start <= view.now < each.end][-_MOST_ITEMS:]
        return tuple(dict.fromkeys(str(getattr(row, "sku", None) or row.id) for row in rows))
    if isinstance(trigger, After):
        row = view.history.find(trigger.base(), proposal.occasion)
        sku = getattr(row, "sku", None)
        return () if sku is None else (str(sku),)
    caused = next((fact for fact in news if fact.id == proposal.occasion), None)
    sku = getattr(caused, "sku", None)
    return () if sku is None else (str(sku),)


def action_of(proposal: Proposal, message: Message | None = None) -> Action:
    """Return the action of a proposal; ``message`` as it was let through, None for what is not weighed."""
    rule, step = proposal.rule, proposal.step
    return Action(
        rule=rule.id,
        customer=proposal.view.history.customer,
        occasion=proposal.occasion,
        step=step.name,
        kind=step.kind,
        name=step.about,
        channel=step.channel if message is None else message.channel,
        topic=step.topic,
        purpose=step.purpose,
        items=() if message is None else message.items,
        data=dict(step.data),
        due=proposal.due,
        valid_until=proposal.valid_until,
        on_unknown=step.on_unknown,
        reason=f"{rule.trigger}: {proposal.occasion}",
        because=proposal.evidence,
    )
