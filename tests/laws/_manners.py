"""The manners of an engine, read off its journal and the facts, policy by policy, without asking a policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from attrs import frozen
from hypothesis import strategies as st

from retention_engine import Engine, Rule, Send, carts, days, on, orders, views
from retention_engine import arbitration as a
from retention_engine.actions import Action, Decision, Outcome, Reason
from retention_engine.facts import Fact
from retention_engine.keys import hash_text
from retention_engine.rules import After, Edge
from retention_engine.stores import MemoryStore
from retention_engine.testing import Scenario, view_at
from retention_engine.testing.brute_force import choices
from retention_engine.testing.brute_force.letters import said, said_by
from retention_engine.testing.simulation import in_time
from retention_engine.testing.strategies import policies, policy_sets
from retention_engine.timing import SECOND, is_zone, local_date, to_utc

BEST = [
    Rule("good", on(orders), Send("g", topic="offers", channel="email"), priority=2, at_cap="best", valid_for=days(3)),
    Rule("also", on(orders), Send("a", topic="offers", channel="sms"), priority=1, at_cap="best", valid_for=days(3)),
    Rule("bad", on(views), Send("b", topic="offers", channel="email"), at_cap="best", re_entry=days(1)),
]
FULL = st.lists(
    st.sampled_from(
        (
            *(a.AtMost(2, per=days(2)), a.CalendarCap(1, per="week")),
            a.QuietHours("22:00", "09:00", rule=("good", "also")),
            a.HoldWhile(carts.where(ordered=False).exists(), rule="good"),
        )
    ),
    min_size=2,
    unique=True,
).map(tuple)
"""Rules that compete for slots, and policies that make the better ones wait."""

STOPS = (Reason.STOPPED, Reason.RULE_PAUSED, Reason.CHANNEL_PAUSED)


@frozen
class Sent:
    """A message that was sent, and all that was known then.

    Attributes:
        before: what counted as sent, this message left out.
        first: no message of its journey was let through before.
    """

    action: Action
    at: int
    facts: list[Fact]
    news: list[Fact]
    before: list[a.Said]
    first: bool
    scenario: Scenario

    @property
    def view(self) -> Any:
        """The customer at this instant."""
        return view_at(self.facts, self.at, zone=self.scenario.zone)


def standing(*kinds: type[a.Policy]) -> st.SearchStrategy[tuple[a.Policy, ...]]:
    """Return sets of policies, at least one of them of these kinds."""
    ours = policies().filter(lambda policy: isinstance(policy, kinds))
    return st.builds(lambda one, others: (one, *others), ours, policy_sets(most=2))


def journal_of(scenario: Scenario, steps: int = 3) -> list[Decision]:
    """Return the journal of an engine that is made anew at every step, and told of facts before they take effect."""
    store, length = MemoryStore(), (scenario.to - scenario.since) // steps + 1
    for told, at in in_time(scenario.facts, [*range(scenario.since, scenario.to, length), scenario.to]):
        given: dict[str, Any] = {"since": scenario.since, "zone": scenario.zone, "policies": scenario.policies}
        engine = Engine(scenario.rules, store=store, **given)
        engine.record(told)
        engine.advance(at)
    return list(store.journal.read(-(2**62), 2**62))


def sent_in(scenario: Scenario, journal: list[Decision]) -> Iterator[Sent]:
    """Yield every message, with what was known when it was sent."""
    own: dict[str, list[a.Said]] = {}
    spoken: set[tuple[str, str, str]] = set()
    for each in journal:
        action = each.action
        if action is None or action.kind not in ("send", "audience_join"):
            continue
        known = [fact for fact in scenario.facts if fact.effective <= each.at]
        theirs = [fact for fact in known if fact.customer == each.customer]
        news = [fact for fact in known if fact.customer is None]
        journey = (each.rule, each.customer, each.occasion)
        before = said_by(own.setdefault(each.customer, []), theirs)
        yield Sent(action, each.at, theirs, news, before, journey not in spoken, scenario)
        spoken.add(journey)
        if action.kind == "send":
            own[each.customer].append(said(action, each.at))


def is_meant(policy: a.Policy, one: Any) -> bool:
    """Tell whether a message is in the scope of a policy."""
    pairs = ((policy.channel, one.channel), (policy.topic, one.topic), (policy.purpose, one.purpose))
    return all(names is None or name in names for names, name in (*pairs, (policy.rule, one.rule)))


def of_kind(one: Sent, kind: type[Any]) -> Iterator[Any]:
    """Yield the policies of a kind that stand above a message."""
    if one.action.kind == "send" or kind is a.Holdout:
        yield from (each for each in one.scenario.policies if isinstance(each, kind) and is_meant(each, one.action))


def consent(one: Sent) -> bool:
    """There is a consent to exactly this channel and topic."""
    for policy in of_kind(one, a.Consent):
        topic = one.action.topic
        if topic is None or not choices.agreed(
            one.facts, one.action.channel, topic, one.at, confirmed=policy.confirmed
        ):
            return False
    return True


def choice(one: Sent) -> bool:
    """It was neither refused, nor is there a pause or a frequency against it."""
    action, where = one.action, (one.action.channel, one.action.topic)
    if action.kind != "send" or action.purpose == "transactional":
        return True
    if choices.refused(one.facts, *where, one.at) or choices.paused(one.facts, *where, one.at):
        return False
    for each in choices.frequencies(one.facts, *where):
        counted = [
            past for past in one.before if past.purpose != "transactional" and past.at > one.at - each.seconds * SECOND
        ]
        counted = [
            past for past in counted if each.channel in (None, past.channel) and each.topic in (None, past.topic)
        ]
        if len(counted) + 1 > (each.count or 0):
            return False
    return True


def suppression(one: Sent) -> bool:
    """The address may be used."""
    return one.action.kind != "send" or not choices.suppressed(one.facts, one.action.channel)


def switch(one: Sent) -> bool:
    """No kill switch is on."""
    action = one.action
    return action.kind != "send" or not choices.stopped(one.news, action.rule, action.channel, action.topic)


def quiet(one: Sent) -> bool:
    """The customer's clock is outside the quiet hours."""
    wall = to_utc(one.at).astimezone(one.view.where)
    for policy in of_kind(one, a.QuietHours):
        start, end = policy.start, policy.end
        if not is_zone(one.view.history.value("zone")) and policy.unknown_zone is not None:
            start, end = policy.unknown_zone
        clock = f"{wall.hour:02}:{wall.minute:02}"
        if start <= clock < end or (start > end and (clock >= start or clock < end)):
            return False
    return True


def rolling(one: Sent) -> bool:
    """No stretch that ends with this message has too many."""
    for policy in of_kind(one, a.AtMost):
        counted = [past for past in one.before if past.at + policy.per.micros > one.at and is_meant(policy, past)]
        if len(counted) + 1 > policy.count:
            return False
    return True


def calendar(one: Sent) -> bool:
    """No day, week or month has too many."""
    for policy in of_kind(one, a.CalendarCap):
        period = _period(policy.per, local_date(one.at, one.view.where))
        past = [each for each in one.before if is_meant(policy, each)]
        counted = [each for each in past if _period(policy.per, local_date(each.at, one.view.where)) == period]
        if len(counted) + 1 > policy.count:
            return False
    return True


def _period(unit: str, day: date) -> object:
    return {"day": day, "week": day.isocalendar()[:2], "month": (day.year, day.month)}[unit]


def cool_down(one: Sent) -> bool:
    """The rule was silent about other occasions for long enough."""
    for policy in of_kind(one, a.CoolDown):
        others = [past for past in one.before if past.rule == one.action.rule and past.occasion != one.action.occasion]
        if any(past.at + policy.span.micros > one.at for past in others):
            return False
    return True


def variety(one: Sent) -> bool:
    """Neither template nor item came up lately."""
    for policy in of_kind(one, a.Variety):
        near = [past for past in one.before if past.at + policy.within.micros > one.at and is_meant(policy, past)]
        if any(past.template == one.action.name or {*past.items} & {*one.action.items} for past in near):
            return False
    return True


def holdout(one: Sent) -> bool:
    """No journey of a customer who is left alone has a first message."""
    for policy in of_kind(one, a.Holdout):
        share = int(hash_text(one.action.customer, policy.salt), 16) / 2**32
        if one.first and share < policy.percent / 100:
            return False
    return True


def valid(one: Sent) -> bool:
    """It is sent before it is too late."""
    rule = one.scenario.rules[one.action.rule]
    return rule.valid_for is None or one.at < one.action.due + rule.valid_for.micros


MANNERS: tuple[Callable[[Sent], bool], ...] = (
    *(consent, choice, suppression, switch, quiet, rolling, calendar, cool_down, variety, holdout, valid),
)


def check_manners(scenario: Scenario, journal: list[Decision]) -> None:
    """Check every message."""
    for one in sent_in(scenario, journal):
        for manner in MANNERS:
            assert manner(one), f"{manner.__name__}: {one.action} at {one.at}"


def check_held(scenario: Scenario, journal: list[Decision]) -> None:
    """Check that no held message is lost: it is sent, left or dropped with a true reason, or stands to the end."""
    for place, line in enumerate(journal):
        if line.outcome is Outcome.DEFER:
            names = (line.rule, line.customer, line.occasion)
            later = (each for each in journal[place + 1 :] if (each.rule, each.customer, each.occasion) == names)
            following = next(later, None)
            if following is None:
                _stands(scenario, line)
            else:
                assert following.step == line.step
                entry = min(each.at for each in journal if (each.rule, each.customer, each.occasion) == names)
                _ended(scenario, line, following, entry)


def _end(rule: Rule, line: Decision) -> int:
    assert line.due is not None
    return 2**62 if rule.valid_for is None else line.due + rule.valid_for.micros


def _stands(scenario: Scenario, line: Decision) -> None:
    """A message stands at the end of time only if it is valid still, and what holds it has not ended."""
    rule = scenario.rules[line.rule]
    assert _end(rule, line) > scenario.to, "it stands although it is not valid any more"
    assert line.until is None or line.until > scenario.to, "it stands although its time has come"
    step: Any = rule.flow.steps[line.step]
    theirs = [fact for fact in scenario.facts if fact.customer == line.customer and fact.effective <= scenario.to]
    news = [fact for fact in scenario.facts if fact.customer is None and fact.effective <= scenario.to]
    channels = [step.channel] if step.channel else list(step.channels)
    for policy in scenario.policies:
        channels += list(policy.order) if isinstance(policy, a.Channels) else []
    where = [(channel, step.topic) for channel in channels or [None]]
    if line.reason in STOPS:
        assert any(choices.stopped(news, line.rule, *each) for each in where), "nothing is stopped any more"
    if line.reason is Reason.CUSTOMER_CHOICE and line.until is None:
        paused = any(choices.paused(theirs, *each, scenario.to) for each in where)
        rare = any(each.count == 0 for one in where for each in choices.frequencies(theirs, *one))
        assert paused or rare, "there is no pause any more"


def _ended(scenario: Scenario, held: Decision, line: Decision, entry: int) -> None:
    """A message that is held no longer was sent, held for another reason, or left or dropped for a true one."""
    rule = scenario.rules[line.rule]
    theirs = [fact for fact in scenario.facts if fact.customer == line.customer]
    view = view_at(theirs, line.at, zone=scenario.zone)
    match line.outcome:
        case Outcome.EXIT if line.reason is Reason.EXITED:
            assert rule.exit_when is not None
            assert rule.exit_when.verdict(view_at(theirs, line.at, zone=scenario.zone, entry=entry)).holds
        case Outcome.EXIT:
            assert line.reason is Reason.CONDITION_FALSE
            when = rule.when is None or rule.when.verdict(view).holds
            assert not when or not _is_there(rule, line.occasion, view), "left without a reason"
        case Outcome.DROP if line.reason is held.reason and line.at >= _end(rule, held):
            assert line.at == _end(rule, held), "dropped late"
        case Outcome.DROP:
            assert line.at < _end(rule, held), "dropped for another reason than the one it was held for"
        case _:
            assert line.outcome in (Outcome.ACT, Outcome.DEFER)
            assert line.at < _end(rule, held)


def _is_there(rule: Rule, occasion: str, view: Any) -> bool:
    if isinstance(rule.trigger, Edge):
        return rule.trigger.predicate.verdict(view).holds == rule.trigger.entering
    if not isinstance(rule.trigger, After):
        return True
    return any(member.record.id == occasion for member in rule.trigger.records.members(view))
