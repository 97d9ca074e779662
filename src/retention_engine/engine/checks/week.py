"""The worst week: how many messages one customer can get under caps, cool-downs and variety."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import ceil

from attrs import frozen

from retention_engine.arbitration import AtMost, CalendarCap, CoolDown, Policy, Variety
from retention_engine.engine.checks.scope import policies_by_channel
from retention_engine.rules import Code, Do, Finding, Rule, RuleSet, Severity
from retention_engine.rules.analysis import worst_case
from retention_engine.timing import DAY, Span

_WEEK = 7 * DAY
_PERIODS = {"day": 8, "week": 2, "month": 2}
"""How many calendar periods seven times 24 hours touch at most."""
_MOST_CAPS = 8
"""Of more caps than this the tightest are looked at."""

_Message = tuple[str, str]


@frozen
class Week:
    """The most messages that one customer can get in seven times 24 hours.

    Attributes:
        most: messages of the rules that are bounded.
        unbounded: ids of the rules whose messages have no bound.
        caps: the caps that bound it, as text.
    """

    most: int
    unbounded: tuple[str, ...]
    caps: tuple[str, ...]

    def __str__(self) -> str:
        """Return it for people."""
        named = f" ({', '.join(self.caps)})" if self.caps else ""
        more = f", and those of {', '.join(self.unbounded)} without bound" if self.unbounded else ""
        return f"at most {self.most} a week{named}{more}"


@frozen
class _Cap:
    """A bound of some messages together."""

    text: str
    most: int
    over: frozenset[_Message]


def week_findings(rules: RuleSet, policies: Sequence[Policy]) -> Iterator[Finding]:
    """Yield the worst case of all rules together under the policies."""
    speaking = tuple(rule.id for rule in rules if rule.messages())
    if not speaking:
        return
    week = worst_week(rules, policies)
    held = "held messages may go out together: give them valid_for, or a cap such as AtMost(3, per=days(7))"
    message = f"messages to one customer, all rules under the policies: {week}"
    yield Finding(speaking, Code.PRESSURE, Severity.INFO, message, held if week.unbounded else "")


def worst_week(rules: RuleSet, policies: Sequence[Policy]) -> Week:
    """Return how many messages one customer can get in any seven times 24 hours.

    Messages count when they are let through; those that fail are left out. The customer's clock is not changed in that
    week. A message may be held as long as it is valid: pauses and switches stand in every engine.
    """
    caps = sorted(_caps(rules, policies), key=lambda cap: (cap.most, cap.text))[:_MOST_CAPS]
    narrow = _narrow(rules, policies)
    chosen = (each for size in range(len(caps) + 1) for each in combinations(caps, size))
    weeks = [_under(rules, taken, narrow) for taken in chosen]
    return min(weeks, key=lambda week: (len(week.unbounded), week.most, len(week.caps)))


def _under(rules: RuleSet, caps: Sequence[_Cap], narrow: dict[_Message, int]) -> Week:
    """Return the bound of some caps, and of each rule for its messages outside of them."""
    covered = frozenset[_Message]().union(*(cap.over for cap in caps))
    most, unbounded = sum(cap.most for cap in caps), []
    for rule in rules:
        left = [(rule.id, step.name) for step in rule.messages() if (rule.id, step.name) not in covered]
        own = _own(rule, left, narrow) if left else 0
        most += own or 0
        unbounded += [rule.id] if own is None else []
    return Week(most, tuple(unbounded), tuple(cap.text for cap in caps))


def _own(rule: Rule, left: Sequence[_Message], narrow: dict[_Message, int]) -> int | None:
    bounds = [worst_case(rule, held=True)]
    if all(name in narrow for name in left):
        bounds.append(sum(narrow[name] for name in left))
    return min((each for each in bounds if each is not None), default=None)


def _caps(rules: RuleSet, policies: Sequence[Policy]) -> Iterator[_Cap]:
    messages = [(rule, step) for rule in rules for step in rule.messages()]
    for policy in dict.fromkeys(policies):
        if type(policy) in (AtMost, CalendarCap):
            over = [(rule.id, step.name) for rule, step in messages if _covers(policy, rule, step, policies)]
            yield _Cap(policy.text(), _bound(policy), frozenset(over))


def _bound(policy: Policy) -> int:
    if isinstance(policy, CalendarCap):
        return policy.count * _PERIODS[policy.per]
    assert isinstance(policy, AtMost)
    return policy.count * _times(policy.per)


def _narrow(rules: RuleSet, policies: Sequence[Policy]) -> dict[_Message, int]:
    """Return the bound of single messages: a cool-down parts occasions, variety the messages of one template."""
    found: dict[_Message, int] = {}
    for policy in policies:
        if not isinstance(policy, CoolDown | Variety) or type(policy) not in (CoolDown, Variety):
            continue
        span = policy.span if isinstance(policy, CoolDown) else policy.within
        for rule in rules:
            covered = [step.name for step in rule.messages() if _covers(policy, rule, step, policies)]
            found |= {(rule.id, name): min(_times(span), found.get((rule.id, name), _times(span))) for name in covered}
    return found


def _covers(policy: Policy, rule: Rule, step: Do, policies: Sequence[Policy]) -> bool:
    return all(policy in met for _, met in policies_by_channel(rule, step, policies))


def _times(span: Span) -> int:
    """Return how many instants that lie a span apart fit into a week."""
    return ceil(_WEEK / span.micros)
