"""Messages that can never be sent, whatever the customer does."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from attrs import frozen

from retention_engine.arbitration import Consent, Holdout, HoldWhile, Never, Policy, QuietHours
from retention_engine.engine.checks.clock import DAY_LONG, FACING, Quiet, due_minutes, following, stretch
from retention_engine.engine.checks.scope import policies_by_channel
from retention_engine.keys import BUCKETS
from retention_engine.predicates import Truth, all_of
from retention_engine.rules import After, Branch, Code, Do, Edge, Finding, Rule, RuleSet, Severity
from retention_engine.rules.analysis import always_holds, follows


@frozen
class Block:
    """Why a message can never be sent.

    Attributes:
        severity: less than an error where the policies say it in so many words.
    """

    code: Code
    why: str
    suggestion: str
    severity: Severity = Severity.ERROR


@frozen
class _Case:
    """A message by one channel, and the policies it meets there."""

    rule: Rule
    step: Do
    met: tuple[Policy, ...]
    all: Sequence[Policy]
    topics: Collection[str] | None

    def of(self, kind: type[Policy]) -> Iterator[Policy]:
        """Yield the policies of a kind, those made from it left out: they may answer otherwise."""
        return (each for each in self.met if type(each) is kind)


def reach_findings(rules: RuleSet, policies: Sequence[Policy], topics: Collection[str] | None) -> Iterator[Finding]:
    """Yield every message that can never be sent, and those that some customers never get."""
    for rule in rules:
        for step in rule.messages():
            found = blocked(rule, step, policies, topics)
            if found is not None:
                message = f"message {step.name!r} is never sent: {found.why}"
                yield Finding((rule.id,), found.code, found.severity, message, found.suggestion)
            else:
                yield from _shut_out(rule, step, policies)


def blocked(rule: Rule, step: Do, policies: Sequence[Policy], topics: Collection[str] | None = None) -> Block | None:
    """Return why a message of a rule can never be sent; None when it may be, or when that is not known.

    Args:
        rule: the rule.
        step: one of its messages.
        policies: all that stand besides ``courtesy()``.
        topics: those to which a customer can consent anywhere; None: any.
    """
    found: list[Block] = []
    for _, met in policies_by_channel(rule, step, policies):
        case = _Case(rule, step, met, policies, topics)
        block = next((block for look in _LOOKS if (block := look(case)) is not None), None)
        if block is None:
            return None
        found.append(block)
    return found[0]


def _never(case: _Case) -> Block | None:
    for policy in case.of(Never):
        return Block(Code.NO_SLOT, f"{policy} forbids it", "", Severity.INFO)
    return None


def _held_out(case: _Case) -> Block | None:
    """Look for a holdout of all, above everything the rule shows to a customer: it ends each journey at its start."""
    steps = [each for each in case.rule.flow.steps.values() if isinstance(each, Do) and each.kind in FACING]
    if all(_whole(met) for each in steps for _, met in policies_by_channel(case.rule, each, case.all)):
        policy = next(each for each in case.met if _whole([each]))
        return Block(Code.NO_SLOT, f"{policy} leaves out all customers", "make the share smaller", Severity.WARNING)
    return None


def _whole(met: Sequence[Policy]) -> bool:
    return any(type(each) is Holdout and round(each.percent * BUCKETS / 100) >= BUCKETS for each in met)


def _without_consent(case: _Case) -> Block | None:
    for policy in case.of(Consent):
        if case.step.topic is None:
            return Block(Code.NO_TOPIC, f"it names no topic, and {policy} asks for one", "give topic='...'")
        if case.topics is not None and case.step.topic not in case.topics:
            why = f"nobody can consent to {case.step.topic!r}: {policy}"
            return Block(Code.NO_CONSENT_SOURCE, why, "offer the topic in a form, or mend its name")
    return None


def _always_held(case: _Case) -> Block | None:
    for policy in case.of(HoldWhile):
        assert isinstance(policy, HoldWhile)
        if always_holds(policy.predicate):
            return Block(Code.NO_SLOT, f"{policy} always holds it", "mend the predicate")
        standing = _standing(case.rule)
        if standing is not None and case.step.name in _openers(case.rule) and follows(policy.predicate, standing):
            return Block(
                Code.NO_SLOT, f"{policy} holds it as long as the rule concerns the customer", "except the rule"
            )
    return None


def _standing(rule: Rule) -> Truth | None:
    """Return what holds as long as the first message of a journey is held, or else the journey is left."""
    known = [] if rule.when is None else [rule.when]
    match rule.trigger:
        case Edge():
            known.append(rule.trigger.watched())
        case After():
            known.append(rule.trigger.records.exists())
    return all_of(*known) if known else None


def _openers(rule: Rule) -> set[str]:
    """Return the steps that may come first in a journey, when each of them is a message."""
    found: set[str] = set()
    ahead: list[str | None] = [rule.flow.first]
    while ahead:
        name = ahead.pop()
        step = None if name is None else rule.flow.steps[name]
        if isinstance(step, Branch):
            ahead += following(rule, step)
        elif step is not None:
            found.add(step.name)
    return found - _later(rule, found)


def _later(rule: Rule, first: set[str]) -> set[str]:
    """Return the steps that may come after one of some steps."""
    found: set[str] = set()
    ahead = [each for name in first for each in following(rule, rule.flow.steps[name])]
    while ahead:
        name = ahead.pop()
        if name is not None and name not in found:
            found.add(name)
            ahead += following(rule, rule.flow.steps[name])
    return found


def _at_night(case: _Case) -> Block | None:
    hours = [each for each in case.of(QuietHours) if isinstance(each, QuietHours)]
    quiet = Quiet.of(hours)
    named = " and ".join(map(str, hours))
    if quiet.takes(0, DAY_LONG):
        return Block(Code.NO_WINDOW, f"{named} leave no minute of the day", "shorten one of them")
    dues = due_minutes(case.rule).get(case.step.name, frozenset({None}))
    valid = case.rule.valid_for
    if valid is None or not all(due is not None and quiet.takes(*stretch(due, valid.micros)) for due in dues):
        return None
    times = ", ".join(f"{due // 60:02}:{due % 60:02}" for due in sorted(each for each in dues if each is not None))
    return Block(
        Code.NO_SLOT, f"due at {times}, valid for {valid!r}, under {named}", "let it be valid until the morning"
    )


_LOOKS: tuple[Callable[[_Case], Block | None], ...] = (_never, _held_out, _without_consent, _always_held, _at_night)


def _shut_out(rule: Rule, step: Do, policies: Sequence[Policy]) -> Iterator[Finding]:
    """Yield a message that never reaches those whose zone is known, or those whose zone is not."""
    quiets = []
    for _, met in policies_by_channel(rule, step, policies):
        quiets.append(Quiet.of(each for each in met if type(each) is QuietHours))
    for who, taken in (("known", [each.known for each in quiets]), ("not known", [each.unknown for each in quiets])):
        if all(len(minutes) == DAY_LONG for minutes in taken):
            message = f"message {step.name!r} never reaches customers whose zone is {who}: quiet hours take the day"
            yield Finding((rule.id,), Code.NO_WINDOW, Severity.WARNING, message, "shorten the quiet hours")
