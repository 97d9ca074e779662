"""What policies are shown: a message, and the messages that count as sent, gathered from plain facts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import define, evolve

from retention_engine import facts as f
from retention_engine.actions import Action, Reason
from retention_engine.arbitration import Message, Said
from retention_engine.rules import After, Do, Rule, Step
from retention_engine.view import View

_MOST_ITEMS = 100


@define(eq=False)
class Journey:
    """A rule on its way.

    Attributes:
        rest: what it still has to do, nested steps opened as they are reached; it stands at the first.
        until: when its wait ends by itself.
        due: when the message it stands at became due.
        held: why that message waits; None: it was not asked about yet.
        is_past_door: something was done or waited for.
        has_spoken: a message was let through.
    """

    rule: Rule
    occasion: str
    entry: int
    rest: tuple[Step, ...]
    until: int = 0
    due: int = 0
    held: Reason | None = None
    is_past_door: bool = False
    has_spoken: bool = False

    @property
    def step(self) -> Do:
        """The message it stands at."""
        assert isinstance(self.rest[0], Do)
        return self.rest[0]

    @property
    def valid_until(self) -> int | None:
        """The instant from which the message must not be sent any more."""
        return None if self.rule.valid_for is None else self.due + self.rule.valid_for.micros

    @property
    def place(self) -> tuple[Any, ...]:
        """The better first, then the earlier due, then by name."""
        rule = self.rule
        return (-rule.priority, -rule.value, self.due, rule.id, self.occasion, self.step.name)

    def action(self, customer: str, *, items: tuple[str, ...] = (), channel: str | None = None) -> Action:
        """Return the action of the step it stands at."""
        step = self.step
        return Action(
            rule=self.rule.id,
            customer=customer,
            occasion=self.occasion,
            step=step.name,
            kind=step.kind,
            name=step.about,
            channel=channel,
            topic=step.topic,
            purpose=step.purpose,
            items=items,
            data=dict(step.data),
            due=self.due,
            valid_until=self.valid_until,
        )

    def message(self, view: View, news: Iterable[f.Fact]) -> Message:
        """Return what policies are shown."""
        action = self.action(view.history.customer, items=self._items(view, news), channel=self.step.channel)
        names = ("rule", "customer", "occasion", "step", "kind", "channel", "topic", "purpose", "items")
        return Message(
            **{name: getattr(action, name) for name in names},
            template=action.name,
            channels=self.step.channels,
            priority=self.rule.priority,
            value=self.rule.value,
            at_cap=self.rule.at_cap,
            due=self.due,
            valid_until=self.valid_until,
            opening=not self.has_spoken,
        )

    def _items(self, view: View, news: Iterable[f.Fact]) -> tuple[str, ...]:
        """Return the records its step names, else the item of its occasion."""
        if self.step.items is not None:
            members = self.step.items.members(evolve(view, entry=self.entry))
            inside = [each.record for each in members if each.start <= view.now < each.end][-_MOST_ITEMS:]
            return tuple(dict.fromkeys(str(getattr(row, "sku", None) or row.id) for row in inside))
        if isinstance(self.rule.trigger, After):
            cause: Any = view.history.find(self.rule.trigger.base(), self.occasion)
        else:
            cause = next((fact for fact in news if fact.id == self.occasion), None)
        sku = getattr(cause, "sku", None)
        return () if sku is None else (str(sku),)


def said_by(own: Iterable[Said], facts: list[f.Fact]) -> list[Said]:
    """Return our messages and those of others, without those that failed; at the instant they were sent, if later."""
    failed = {fact.message for fact in facts if isinstance(fact, f.MessageFailed)}
    noticed = {fact.message for fact in facts if isinstance(fact, f.MessageOpened | f.MessageClicked)}
    sent: dict[str, f.MessageSent] = {}
    for fact in sorted(facts, key=lambda fact: (fact.at, fact.id), reverse=True):
        if isinstance(fact, f.MessageSent):
            sent[fact.message] = fact
    found = [
        evolve(one, at=max(one.at, sent[one.key].at), noticed=one.key in noticed) if one.key in sent else one
        for one in own
    ]
    for key in {*sent} - {one.key for one in own}:
        fact = sent[key]
        names = ("at", "rule", "step", "template", "channel", "topic", "purpose", "items")
        found.append(Said(key=key, noticed=key in noticed, **{name: getattr(fact, name) for name in names}))
    return sorted((one for one in found if one.key not in failed), key=lambda one: one.at)


def said(action: Action, at: int) -> Said:
    """Return what counts as sent once an action is decided."""
    names = ("key", "rule", "step", "occasion", "channel", "topic", "purpose", "items")
    return Said(at=at, template=action.name, **{name: getattr(action, name) for name in names})
