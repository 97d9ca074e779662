"""A brute-force oracle: what a rule set decides, found by asking every rule at every instant at which anything could change.

It shares nothing with the engine but the words, the fold and the truth of a predicate (never its ``until``): no walk, no
plan, no compiled function, no horizon, no store. Slow and simple on purpose.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from heapq import heapify, heappop, heappush
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from retention_engine import predicates as p
from retention_engine import rules as r
from retention_engine.actions import Action, Decision, Outcome, Reason
from retention_engine.facts import AttributeChanged, Fact, MessageSent, OrderPlaced, Registered
from retention_engine.state import History, Moment, apply
from retention_engine.timing import (
    Span,
    anniversary,
    at_local,
    days,
    is_zone,
    local_date,
    next_hour,
    start_of_day,
    to_instant,
    zone,
)
from retention_engine.view import View, zone_of

_WEEK = days(7)
_CALENDAR = (p.Yearly, p.Dates, p.Local, p.CalendarDays)


def oracle(
    rules: Iterable[r.Rule] | r.RuleSet,
    facts: Iterable[Fact],
    *,
    since: datetime | int | str,
    to: datetime | int | str,
    zone: str = "UTC",
    lateness: Span = _WEEK,
    launches: Mapping[str, int] | None = None,
    assume_sent: bool = False,
    every: Span | None = None,
) -> list[Decision]:
    """Return the decisions about all customers, by (at, customer); those of one instant in no particular order.

    Their evidence is left out; compare with ``essence``.

    Args:
        facts: of any customers and about the catalogue, in any order, each id once.
        since: the launch of the rules, exclusive.
        to: the end, inclusive.
        zone: the shop's.
        lateness: as for the engine.
        launches: rule id -> its launch, where it is not ``since``.
        assume_sent: count every message as sent at once.
        every: ask at each multiple of this span as well; None: only where something can change.
    """
    rule_set, told = r.RuleSet.of(rules), list(facts)
    launched = {rule.id: to_instant(since) for rule in rule_set} | dict(launches or {})
    news = [fact for fact in told if fact.customer is None]
    made: list[Decision] = []
    for customer in sorted({fact.customer for fact in told if fact.customer is not None}):
        theirs = [fact for fact in told if fact.customer == customer]
        life = _Life(rule_set, customer, theirs, news, launched, zone, lateness.micros, assume_sent)
        made += life.live(to_instant(to), every)
    return sorted(made, key=lambda decision: (decision.at, decision.customer))


def essence(decisions: Iterable[Decision]) -> list[tuple[Any, ...]]:
    """Return what two lists of decisions have to agree on, sorted: everything but the evidence and the order."""
    return sorted(map(_essence, decisions), key=repr)


def _essence(decision: Decision) -> tuple[Any, ...]:
    names = (decision.at, decision.rule, decision.customer, decision.occasion, decision.step)
    action = decision.action
    done = None if action is None else (action.kind, action.name, action.channel, action.topic, sorted(action.data))
    dues = None if action is None else (action.due, action.valid_until)
    return (*names, decision.outcome.value, decision.reason and decision.reason.value, decision.until, done, dues)


def _inside(value: object, kind: Any) -> Iterator[Any]:
    """Yield every value of a kind inside of nested attrs values and tuples."""
    if isinstance(value, kind):
        yield value
    if isinstance(value, tuple):
        for part in value:
            yield from _inside(part, kind)
    if attrs.has(type(value)):
        for each in attrs.fields(type(value)):
            yield from _inside(getattr(value, each.name), kind)


@attrs.define
class _Journey:
    rule: r.Rule
    occasion: str
    entry: int
    place: int
    until: int


@attrs.define
class _Life:
    """One customer, from instant to instant."""

    rules: r.RuleSet
    customer: str
    facts: list[Fact]
    news: list[Fact]
    launched: dict[str, int]
    zone: str
    lateness: int
    assume_sent: bool
    made: list[Decision] = attrs.field(factory=list)
    decided: dict[tuple[str, str], int] = attrs.field(factory=dict)
    entered: dict[str, int] = attrs.field(factory=dict)
    journeys: list[_Journey] = attrs.field(factory=list)
    waiting: list[int] = attrs.field(factory=list)

    def live(self, to: int, every: Span | None) -> list[Decision]:
        start = min(self.launched.values(), default=to)
        self.waiting = [at for at in self._instants(start, to) if start <= at]
        self.waiting += [] if every is None else range(start, to, every.micros)
        heapify(self.waiting)
        last = None
        while self.waiting and self.waiting[0] <= to:
            at = heappop(self.waiting)
            if at != last:
                self._look(at)
            last = at
        return self.made

    def _instants(self, start: int, to: int) -> set[int]:
        """Return every instant at which a fact, a span after (or before) something dated, or the calendar may matter."""
        dated = {instant for fact in (*self.facts, *self.news) for instant in _dates(fact)}
        spans = {span.micros for span in _inside(self.rules.rules, Span)}
        found = {to, *self.launched.values(), *dated}
        found |= {at + sign * span for at in dated for span in spans for sign in (1, -1)}
        if any(_inside(self.rules.rules, (*_CALENDAR, r.Before, r.Every))):
            for where in self._zones():
                found |= set(_calendar(self.rules, where, start, to))
        return {at + step for at in found for step in (-1, 0, 1)}

    def _zones(self) -> Iterator[ZoneInfo]:
        names = {self.zone}
        for fact in self.facts:
            name = fact.profile.zone if isinstance(fact, Registered) else None
            changed = fact.value if isinstance(fact, AttributeChanged) and fact.name == "zone" else None
            names |= {str(each) for each in (name, changed) if is_zone(each)}
        return map(zone, sorted(names))

    def _known(self, at: int) -> View | None:
        """Return what is known at an instant, nothing before the first fact."""
        past = sorted((fact for fact in self.facts if fact.effective <= at), key=lambda fact: (fact.at, fact.id))
        history = History(self.customer)
        for fact in past:
            apply(history, fact)
        return View(history, at, zone_of(history, self.zone)) if past else None

    def _look(self, at: int) -> None:
        view = self._known(at)
        if view is None:
            return
        arrived = [fact for fact in self.facts if fact.effective == at]
        is_old = bool(arrived) and all(at - fact.at > self.lateness for fact in arrived)
        before = self._known(at - 1)
        for rule in self.rules:
            theirs = [journey for journey in self.journeys if journey.rule is rule]
            for journey in sorted(theirs, key=lambda journey: (journey.entry, journey.occasion)):
                self._resume(journey, view)
        for rule in self.rules:
            if isinstance(rule.trigger, r.Edge):
                self._edge(rule, rule.trigger, view, before, is_old=is_old)
            elif isinstance(rule.trigger, r.Catalogue):
                self._catalogue(rule, rule.trigger, view)
            else:
                for key, due in sorted(_dues(rule.trigger, view), key=lambda found: found[1]):
                    if due > self.launched[rule.id]:
                        self._enter(rule, key, due, view)

    def _edge(self, rule: r.Rule, trigger: r.Edge, view: View, before: View | None, *, is_old: bool) -> None:
        at, launch = view.now, self.launched[rule.id]
        is_so = _holds(trigger.predicate, view) == trigger.entering
        was_so = before is not None and _holds(trigger.predicate, before) == trigger.entering
        if not trigger.entering and before is None:
            was_so = True  # nobody leaves by becoming known
        anyway = (
            was_so if before is None else _holds(trigger.predicate, attrs.evolve(before, now=at)) == trigger.entering
        )
        if (at > launch and is_so and not was_so) or (at == launch and is_so and trigger.include_current):
            key = _key(trigger.predicate, view)
            if rule.re_entry == "always":
                key = self._numbered(rule, key, at)
            self._enter(rule, key, at, view, late=is_old and not anyway)

    def _numbered(self, rule: r.Rule, key: str, at: int) -> str:
        names = [key, *(f"{key}~{number}" for number in range(2, len(self.decided) + 3))]
        return next(name for name in names if self.decided.get((rule.id, name), at) == at)

    def _catalogue(self, rule: r.Rule, trigger: r.Catalogue, view: View) -> None:
        for fact in sorted(self.news, key=lambda fact: (fact.at, fact.id)):
            if fact.effective == view.now and fact.at > self.launched[rule.id] and trigger.concerns(fact, view):
                self._enter(rule, fact.id, fact.at, view)

    def _enter(self, rule: r.Rule, key: str, due: int, view: View, *, late: bool = False) -> None:
        if (rule.id, key) in self.decided:
            return
        reason = Reason.LATE_FACT if late or view.now - due > self.lateness else self._refusal(rule, due, view)
        if reason is not None:
            self._note(rule, key, view.now, rule.steps[0].name, Outcome.DROP, reason=reason)
            return
        self._run(_Journey(rule, key, view.now, 0, view.now), due, view)

    def _refusal(self, rule: r.Rule, due: int, view: View) -> Reason | None:
        last = self.entered.get(rule.id)
        if rule.valid_for is not None and view.now >= due + rule.valid_for.micros:
            return Reason.EXPIRED
        if last is not None and (
            rule.re_entry == "once" or (isinstance(rule.re_entry, Span) and view.now < last + rule.re_entry.micros)
        ):
            return Reason.RE_ENTRY
        if rule.when is not None and not _holds(rule.when, view):
            return Reason.CONDITION_FALSE
        if rule.exit_when is not None and _holds(rule.exit_when, view, view.now):
            return Reason.EXITED
        return None

    def _resume(self, journey: _Journey, view: View) -> None:
        rule, step = journey.rule, journey.rule.steps[journey.place]
        assert isinstance(step, r.Delay | r.WaitFor)
        over = view.now >= journey.until
        met = isinstance(step, r.WaitFor) and _holds(step.predicate, view, journey.entry)
        if rule.exit_when is not None and _holds(rule.exit_when, view, journey.entry):
            self._exit(journey, view.now, Reason.EXITED)
        elif over and not met and isinstance(step, r.WaitFor) and step.on_timeout == "exit":
            self._exit(journey, view.now, Reason.CONDITION_FALSE)
        elif over or met:
            self.journeys.remove(journey)
            self._run(attrs.evolve(journey, place=journey.place + 1), view.now, view)

    def _exit(self, journey: _Journey, at: int, reason: Reason) -> None:
        self.journeys.remove(journey)
        name = journey.rule.steps[journey.place].name
        self._note(journey.rule, journey.occasion, at, name, Outcome.EXIT, reason=reason)

    def _run(self, journey: _Journey, due: int, view: View) -> None:
        rule, key, at = journey.rule, journey.occasion, view.now
        self.entered[rule.id] = max(journey.entry, self.entered.get(rule.id, journey.entry))
        for place in range(journey.place, len(rule.steps)):
            step = rule.steps[place]
            if isinstance(step, r.Do):
                self._act(rule, key, step, at, due)
                continue
            if isinstance(step, r.WaitFor) and _holds(step.predicate, view, journey.entry):
                continue
            until = at + (step.span if isinstance(step, r.Delay) else step.timeout).micros
            self._note(rule, key, at, step.name, Outcome.WAIT, until=until)
            self.journeys.append(_Journey(rule, key, journey.entry, place, until))
            heappush(self.waiting, until)
            return
        if not isinstance(rule.steps[-1], r.Do):
            self._note(rule, key, at, rule.steps[-1].name, Outcome.DONE)

    def _act(self, rule: r.Rule, key: str, step: r.Do, at: int, due: int) -> None:
        names = {"rule": rule.id, "customer": self.customer, "occasion": key, "step": step.name}
        words = {"kind": step.kind, "name": step.about, "channel": step.channel, "topic": step.topic}
        valid = None if rule.valid_for is None else due + rule.valid_for.micros
        action = Action(**names, **words, data=dict(step.data), due=due, valid_until=valid)  # type: ignore[arg-type]  # fields by name
        self._note(rule, key, at, step.name, Outcome.ACT, action=action)
        if self.assume_sent and step.kind == "send":
            said = {"message": action.key, "rule": rule.id, "step": step.name, "template": step.about}
            where = {"channel": step.channel, "topic": step.topic}
            fact = MessageSent(id=f"sent:{action.key}", customer=self.customer, at=at, learned=at + 1, **said, **where)  # type: ignore[arg-type]  # fields by name
            self.facts.append(fact)
            for instant in (at, at + 1, *(at + span.micros for span in _inside(self.rules.rules, Span))):
                for step_aside in (0, 1):
                    heappush(self.waiting, max(at + 1, instant + step_aside))

    def _note(self, rule: r.Rule, key: str, at: int, step: str, outcome: Outcome, **more: Any) -> None:
        self.decided.setdefault((rule.id, key), at)
        names = {"rule": rule.id, "customer": self.customer, "occasion": key, "step": step}
        self.made.append(Decision(at=at, outcome=outcome, **names, **more))


def _holds(predicate: p.Truth, view: View, entry: int | None = None) -> bool:
    return predicate.verdict(attrs.evolve(view, entry=entry)).holds


def _dates(fact: Fact) -> Iterator[int]:
    """Yield every instant that a fact tells."""
    yield from (fact.at, fact.effective)
    if isinstance(fact, OrderPlaced):
        yield fact.order.at
    if isinstance(fact, Registered):
        yield fact.profile.registered
    if isinstance(fact, AttributeChanged) and fact.is_instant and fact.value is not None:
        yield to_instant(fact.value)  # type: ignore[arg-type]  # an instant, as checked


def _calendar(rules: r.RuleSet, where: ZoneInfo, start: int, to: int) -> Iterator[int]:
    """Yield the local midnights, the local times that triggers name, and the full hours where a rule asks for the hour."""
    times = {each.at for each in _inside(rules.rules, (r.Before, r.Schedule))}
    for number in range(local_date(start, where).toordinal() - 1, local_date(to, where).toordinal() + 2):
        day = date.fromordinal(number)
        yield start_of_day(day, where)
        yield from (at_local(day, int(at[:2]), int(at[3:]), where) for at in times)
    hour = start
    while any(each.unit == "hour" for each in _inside(rules.rules, p.Local)) and hour < to:
        hour = next_hour(hour, where)
        yield hour


def _dues(trigger: r.Trigger, view: View) -> Iterator[tuple[str, int]]:
    """Yield (key, due) of the occasions that are due: of a record for ever after, of the calendar at their instant."""
    now, where = view.now, view.where
    match trigger:
        case r.After():
            records = [member.record for member in trigger.records.members(view)]
            yield from ((record.id, record.at + trigger.delay.micros) for record in records)
        case r.Ahead():
            held = view.history.attributes.get(trigger.moment.name)
            if held is not None and isinstance(held.value, Moment) and held.value - trigger.lead.micros == now:
                yield held.fact, now
        case r.Every():
            today = local_date(now, where)
            if trigger.schedule.falls_on(today) and _clock(today, trigger.schedule.at, where) == now:
                yield today.isoformat(), now
        case r.Before():
            anchor = p.anchor_of(trigger.anchor, view)
            for year in range(local_date(now, where).year - 1, local_date(now, where).year + 3) if anchor else ():
                assert anchor is not None
                day = anniversary(anchor.month, anchor.day, year, trigger.leap)
                ahead = date.fromordinal(day.toordinal() - trigger.lead.count)
                if _clock(ahead, trigger.at, where) == now:
                    yield str(year), now


def _clock(day: date, at: str, where: ZoneInfo) -> int:
    return at_local(day, int(at[:2]), int(at[3:]), where)


def _key(predicate: p.Truth, view: View) -> str:
    """Return the newest thing the predicate asks about, whatever its windows; with the local date when it asks that."""
    found: list[tuple[int, str, str]] = []
    ours: list[tuple[int, str, str]] = []
    for name, tests in _collections(predicate):
        kept = [record for record in view.history.records(name) if all(test.passes(record) for test in tests)]
        (ours if name == "messages" else found).extend((each.at, each.id, f"{name}:{each.id}") for each in kept)
    asked = any(name != "messages" for name, _ in _collections(predicate)) or any(_inside(predicate, p.Attribute))
    for attribute in _inside(predicate, p.Attribute):
        held = view.history.attributes.get(attribute.name)
        found += [] if held is None else [(held.at, held.fact, f"{attribute.name}:{held.fact}")]
    newest = max(found if asked else ours, default=(0, "", "customer"))[2]
    calendar = any(_inside(predicate, _CALENDAR))
    return f"{newest}@{local_date(view.now, view.where).isoformat()}" if calendar else newest


def _collections(value: object) -> Iterator[tuple[str, list[p.Where]]]:
    """Yield (name, conditions) of every collection asked about; conditions on gaps are none on records."""
    tops = [each.records for each in _inside(value, p.Aggregate)]
    for node in tops:
        tests: list[p.Where] = []
        while not isinstance(node, p.Records):
            tests = [] if isinstance(node, p.Gaps) else [*tests, node] if isinstance(node, p.Where) else tests
            node = node.inner
        yield node.name, tests
