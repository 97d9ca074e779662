"""Manners a rule set must keep, whatever happens: state them in one line, get a readable counter-example."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Self

from attrs import field, frozen

from retention_engine.actions import Action, Decision
from retention_engine.arbitration import Policy
from retention_engine.clubs import Club
from retention_engine.engine import Engine
from retention_engine.errors import DefinitionError, shown
from retention_engine.facts import Fact
from retention_engine.predicates import Records, Refinable, Truth
from retention_engine.rules import Rule, RuleSet
from retention_engine.testing.brute_force.choices import agreed
from retention_engine.testing.case import view_at
from retention_engine.testing.counter_example import counter_example
from retention_engine.timing import Span, days, local_hour, to_instant, to_text
from retention_engine.view import View

if TYPE_CHECKING:
    from retention_engine.testing.strategies import Scenario

_YEAR = days(366)


def verify(
    rules: Iterable[Rule] | RuleSet,
    history: Iterable[Fact] | Scenario,
    *,
    policies: Iterable[Policy] = (),
    club: Club | None = None,
    since: datetime | int | str | None = None,
    to: datetime | int | str | None = None,
    zone: str = "UTC",
) -> Verified:
    """Let the engine run over a history, and return what it sent, to be asked about its manners.

    Every message counts as sent at once. A scenario brings its own stretch of time, zone and policies.

    Args:
        history: facts of any customers and about the catalogue, each id once, as of ``histories()``; or a scenario.
        policies: those that stand besides ``courtesy()``.
        club: what rules ask about and give from; facts up to its launch earn nothing.
        since: the launch of the rules, exclusive; left out, just before the first fact.
        to: the end, inclusive; left out, 366 days after the last fact.
        zone: the shop's.
    """
    standing = tuple(policies)
    if not isinstance(history, Iterable):
        facts, standing, zone = list(history.facts), (*standing, *history.policies), history.zone
        since, to = history.since if since is None else since, history.to if to is None else to
    else:
        facts = list(history)
    times = [fact.effective for fact in facts] or [0]
    start = min(times) - 1 if since is None else to_instant(since)
    end = max(*times, start) + _YEAR.micros if to is None else to_instant(to)
    with Engine(rules, since=start, zone=zone, policies=standing, club=club, assume_sent=True) as engine:
        engine.record(facts)
        decisions = engine.advance(end).decisions
    return Verified(tuple(facts), tuple(decisions), start, end, zone)


@frozen
class Verified:
    """What a rule set did over a history; every method raises ``AssertionError``, or returns it for the next.

    Attributes:
        facts: what happened.
        decisions: what was decided, in order.
        since: the launch, exclusive, microseconds UTC.
        to: the end, inclusive, microseconds UTC.
        zone: the shop's.
    """

    facts: tuple[Fact, ...] = field(repr=False)
    decisions: tuple[Decision, ...] = field(repr=False)
    since: int
    to: int
    zone: str

    @property
    def messages(self) -> list[Decision]:
        """The decisions to send, in the order of their instants."""
        return [each for each in self.decisions if each.action is not None and each.action.kind == "send"]

    def never_more_than(
        self,
        count: int,
        *,
        per: Span,
        topic: str | None = None,
        channel: str | None = None,
        purpose: str | None = None,
    ) -> Self:
        """Check that nobody gets more than ``count`` messages in any stretch of ``per``; of all, or of some.

        Raises:
            AssertionError: somebody does.
        """
        scope = {"topic": topic, "channel": channel, "purpose": purpose}
        wanted = {name: value for name, value in scope.items() if value is not None}
        limit = f"never more than {count} per {per!r}" + "".join(
            f", {name} {value!r}" for name, value in wanted.items()
        )
        for customer in self._customers():
            theirs = [each for each in self.messages if each.customer == customer and _matches(_action(each), wanted)]
            for first, last in zip(theirs, theirs[count:], strict=False):
                if last.at - first.at < per.micros:
                    together = [each for each in theirs if first.at <= each.at <= last.at]
                    self._fail(limit, together, f"{len(together)} messages")
        return self

    def never_between(self, start: int, end: int, *, purpose: str | None = None) -> Self:
        """Check that nothing is sent from the hour ``start`` to ``end`` on the customer's clock; over midnight, too.

        Raises:
            AssertionError: something is. DefinitionError: these are no two different hours.
        """
        if not all(type(hour) is int and 0 <= hour <= 24 for hour in (start, end)) or start == end:
            raise DefinitionError(f"two different hours from 0 to 24 are needed, not {shown(start)} and {shown(end)}")
        for each in self._messages(purpose):
            view = self._view(each)
            hour = local_hour(each.at, view.where)
            if start <= hour < end or (start > end and not end <= hour < start):
                self._fail(f"never between {start} and {end}", [each], f"it was {hour} o'clock in {view.where.key}")
        return self

    def never_without_consent(self, *, purpose: str | None = "marketing") -> Self:
        """Check that a consent to its topic, on its channel, stands when a message is sent.

        A message that names no topic has no consent; one that names no channel needs that of any channel.

        Raises:
            AssertionError: there is none.
        """
        for each in self._messages(purpose):
            action, known = _action(each), self._known(each)
            if action.topic is None or not agreed(known, action.channel, action.topic, each.at):
                topic = "no topic" if action.topic is None else f"topic {action.topic!r}"
                self._fail("never without consent", [each], f"{topic} by {action.channel or 'any channel'}")
        return self

    def never_twice(self) -> Self:
        """Check that nothing is sent twice: no step of a journey, and no template for one occasion of a customer.

        Raises:
            AssertionError: something is.
        """
        seen: dict[tuple[str, ...], Decision] = {}
        for each in self.messages:
            action = _action(each)
            for key in (action.identity, (each.customer, each.occasion, action.name)):
                if key in seen:
                    self._fail("never twice", [seen[key], each], f"template {action.name!r} for {each.occasion!r}")
                seen[key] = each
        return self

    def never_after(self, predicate: Truth, *, rule: str | None = None) -> Self:
        """Check that no journey goes on sending once a predicate has held, from its entry on.

        Args:
            predicate: may ask for what happened since ``entry``.
            rule: only the messages of this rule; None: of all.

        Raises:
            AssertionError: one does.
        """
        for each in self.messages:
            if rule in (None, each.rule):
                entry = self._entry(each)
                held = next(self._held(predicate, each, entry), None)
                if held is not None:
                    why = f"it held at {to_text(held)}, entered at {to_text(entry)}"
                    self._fail(f"never after {predicate}", [each], why)
        return self

    def always_within(self, span: Span, *, of: Refinable | None = None, rule: str | None = None) -> Self:
        """Check that messages are in time.

        Args:
            span: the longest time.
            of: a message that names a record of this collection goes out at most so long after it, one for every
                record after the launch that is old enough; None: each message at most so long after it became due.
            rule: only the messages of this rule; None: of all.

        Raises:
            AssertionError: one is late, or missing.
        """
        messages = [each for each in self.messages if rule in (None, each.rule)]
        if of is None:
            late = [each for each in messages if each.at > _action(each).due + span.micros]
            for each in late[:1]:
                self._fail(f"always within {span!r}", [each], f"due {to_text(_action(each).due)}")
            return self
        for customer in self._customers():
            self._in_time(customer, [each for each in messages if each.customer == customer], span, of)
        return self

    def _in_time(self, customer: str, messages: list[Decision], span: Span, of: Refinable) -> None:
        view = view_at([fact for fact in self.facts if fact.customer == customer], self.to, zone=self.zone)
        for member in of.members(view):
            record = member.record
            if not self.since < record.at <= self.to - span.micros:
                continue
            theirs = [each for each in messages if each.occasion in (record.id, f"{_base(of)}:{record.id}")]
            if not any(record.at <= each.at <= record.at + span.micros for each in theirs):
                why = f"{record.id!r} of {to_text(record.at)} {'late' if theirs else 'missed'}"
                self._fail(f"always within {span!r} of {of}", theirs, why, customer=customer)

    def _held(self, predicate: Truth, message: Decision, entry: int) -> Iterator[int]:
        """Yield the instants from entry to message at which a predicate turned out to hold."""
        theirs = [fact for fact in self.facts if fact.customer == message.customer]
        at = entry
        while at <= message.at:
            verdict = predicate.verdict(view_at(theirs, at, zone=self.zone, entry=entry))
            if verdict.holds:
                yield at
            following = [fact.effective for fact in theirs if fact.effective > at]
            at = min([message.at + 1, *following, *([] if verdict.until is None else [verdict.until])])

    def _customers(self) -> list[str]:
        return sorted({fact.customer for fact in self.facts if fact.customer is not None})

    def _messages(self, purpose: str | None) -> list[Decision]:
        return [each for each in self.messages if purpose in (None, _action(each).purpose)]

    def _known(self, message: Decision) -> list[Fact]:
        theirs = (fact for fact in self.facts if fact.customer == message.customer)
        return [fact for fact in theirs if fact.effective <= message.at]

    def _view(self, message: Decision) -> View:
        return view_at(self._known(message), message.at, zone=self.zone)

    def _entry(self, message: Decision) -> int:
        names = (message.rule, message.customer, message.occasion)
        return min(each.at for each in self.decisions if (each.rule, each.customer, each.occasion) == names)

    def _fail(self, limit: str, messages: Sequence[Decision], why: str, *, customer: str | None = None) -> None:
        whom = messages[0].customer if customer is None else customer
        raise AssertionError(counter_example(limit, whom, why, messages, facts=self.facts))


def _action(decision: Decision) -> Action:
    assert decision.action is not None
    return decision.action


def _matches(action: Action, wanted: dict[str, str]) -> bool:
    return all(getattr(action, name) == value for name, value in wanted.items())


def _base(records: Refinable) -> str:
    inner: object = records
    while not isinstance(inner, Records):
        inner = inner.inner  # type: ignore[attr-defined]  # whatever refines a collection has one inside
    return inner.name
