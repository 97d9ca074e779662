"""A rule: a trigger, a condition, steps and their manners. One step makes a trigger rule, several make a journey."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from attrs import field, frozen

from retention_engine.errors import DefinitionError, nearest, shown
from retention_engine.keys import fingerprint
from retention_engine.predicates import Node, Segment, Truth, segment, within_limits
from retention_engine.rules.acts import Do
from retention_engine.rules.base import Trigger
from retention_engine.rules.catalogue import Catalogue
from retention_engine.rules.flow import Flow
from retention_engine.rules.goals import Goal
from retention_engine.rules.steps import MOST_STEPS, Branch, Step, check_steps, nested
from retention_engine.rules.triggers import Edge
from retention_engine.rules.waits import WaitFor
from retention_engine.timing import Span
from retention_engine.values import is_printable

RE_ENTRIES = ("once", "occasion", "always")
AT_CAP = ("defer", "drop", "best")
MOST_PRIORITY, MOST_VALUE = 1_000_000, 10**15


def _check_condition(rule: Rule, name: str, value: object, *, entry: bool) -> None:
    if value is None:
        return
    if not isinstance(value, Truth):
        raise DefinitionError(f"rule {rule.id!r}: {name} is a predicate, not {shown(value)}")
    if not entry and "entry" in value.reads():
        raise DefinitionError(f"rule {rule.id!r}: entry has no meaning in {name}: nothing is entered yet")


def asked(step: Step) -> tuple[Truth, ...]:
    """Return the predicates of one step, those of the steps inside it left out."""
    match step:
        case WaitFor():
            return (step.predicate,)
        case Branch():
            return tuple(way.predicate for way in step.ways)
    return ()


@frozen(repr=False, init=False)
class Rule:
    """What to do about whom, when, and when not.

    Attributes:
        id: 1 to 200 printable characters; the identity of everything that follows from the rule, so it never changes.
        trigger: what makes an occasion.
        steps: at least one; the names of steps are unique, nested ones included.
        when: asked at the instant an occasion is due; false drops it.
        exit_when: asked at entry and whenever it may turn, in every wait; true ends the journey at once.
        valid_for: how long after it became due an action may still be carried out; None: without limit.
        re_entry: ``once`` in a lifetime, once per ``occasion`` (the default), ``always`` when an edge comes again, or
            a span: not within that span of elapsed time since the last entry.
        priority: who goes first when several rules want to say something to one customer; higher before lower.
        value: what a message is expected to be worth, minor units; decides between rules of one priority.
        at_cap: what becomes of a message for which there is no room: ``defer``, ``drop``, or ``best`` (the most
            valuable one has the room).
        goal: what the rule is for; None: nothing is counted.
        title: for people; may change.
        flow: the ways through the steps.
    """

    id: str
    trigger: Trigger
    steps: tuple[Step, ...]
    when: Truth | None
    exit_when: Truth | None
    valid_for: Span | None
    re_entry: str | Span
    priority: int
    value: int
    at_cap: str
    goal: Goal | None
    title: str = field(eq=False)
    flow: Flow = field(init=False, eq=False)

    def __init__(
        self,
        id: str,
        trigger: Trigger,
        *steps: Step,
        when: Truth | None = None,
        exit_when: Truth | None = None,
        valid_for: Span | None = None,
        re_entry: str | Span = "occasion",
        priority: int = 0,
        value: int = 0,
        at_cap: str = "defer",
        goal: Goal | None = None,
        title: str = "",
    ) -> None:
        """Check every part.

        Raises:
            DefinitionError: names the rule, the part, and what is allowed.
        """
        conditions = (when, exit_when, valid_for, re_entry)
        self.__attrs_init__(id, trigger, steps, *conditions, priority, value, at_cap, goal, title)
        if not is_printable(id):
            raise DefinitionError(f"a rule's id is a printable text of 1 to 200 characters, not {shown(id)}")
        if not isinstance(trigger, Trigger):
            raise DefinitionError(f"rule {id!r}: the trigger is after(), on(), entering(), ..., not {shown(trigger)}")
        self._check_steps()
        object.__setattr__(self, "flow", Flow.of(steps))
        _check_condition(self, "when", when, entry=False)
        _check_condition(self, "exit_when", exit_when, entry=True)
        self._check_manners()
        for predicate in self.predicates():
            within_limits(predicate)

    def _check_manners(self) -> None:
        if self.valid_for is not None and not (isinstance(self.valid_for, Span) and self.valid_for.micros > 0):
            raise self._wrong("valid_for is a span above zero or None", self.valid_for)
        if not isinstance(self.re_entry, Span) and self.re_entry not in RE_ENTRIES:
            raise self._wrong("re_entry is a span or a word", self.re_entry, RE_ENTRIES)
        if type(self.priority) is not int or abs(self.priority) > MOST_PRIORITY:
            raise self._wrong(f"priority is a whole number from {-MOST_PRIORITY} to {MOST_PRIORITY}", self.priority)
        if type(self.value) is not int or not 0 <= self.value <= MOST_VALUE:
            raise self._wrong(f"value is a whole number of minor units from 0 to {MOST_VALUE}", self.value)
        if self.at_cap not in AT_CAP:
            raise self._wrong("at_cap is a word", self.at_cap, AT_CAP)
        if self.goal is not None and not isinstance(self.goal, Goal):
            raise self._wrong("goal is Goal(predicate, within=days(7)) or None", self.goal)
        title = self.title
        if not isinstance(title, str) or len(title) > 1_000 or any("\ud800" <= letter <= "\udfff" for letter in title):
            raise self._wrong("title is a text of at most 1,000 characters", title)

    def _wrong(self, allowed: str, given: object, words: tuple[str, ...] = ()) -> DefinitionError:
        near = nearest(given, words) if words else ""
        return DefinitionError(f"rule {self.id!r}: {allowed}, not {shown(given)}{near}")

    def _check_steps(self) -> None:
        check_steps(f"rule {self.id!r}", self.steps)
        every = list(nested(self.steps))
        if not 1 <= len(every) <= MOST_STEPS:
            raise self._wrong(f"a rule has 1 to {MOST_STEPS} steps such as Send('template')", len(every))
        seen: set[str] = set()
        for step in every:
            if step.name in seen:
                raise DefinitionError(f"rule {self.id!r}: two steps are called {step.name!r}: give one name='...'")
            seen.add(step.name)

    def reads(self) -> frozenset[str]:
        """Return the names of every collection and attribute it depends on."""
        items = (step.reads() for step in self.flow.steps.values() if isinstance(step, Do))
        return self.trigger.reads().union(*items, *(each.reads() for each in self.predicates()))

    def predicates(self) -> tuple[Truth, ...]:
        """Return every predicate in it: the trigger's, ``when``, those of steps, ``exit_when``, the goal's."""
        watched = self.trigger.predicate if isinstance(self.trigger, Edge) else None
        inside = (each for step in self.flow.steps.values() for each in asked(step))
        goal = None if self.goal is None else self.goal.predicate
        return tuple(each for each in (watched, self.when, *inside, self.exit_when, goal) if each is not None)

    def messages(self) -> tuple[Do, ...]:
        """Return every message in it, nested ones included, in reading order."""
        acts = (step for step in self.flow.steps.values() if isinstance(step, Do))
        return tuple(each for each in acts if each.kind == "send")

    def __repr__(self) -> str:
        """Return the Python expression that builds it."""
        title = f", title={self.title!r}" if self.title else ""
        return f"Rule({self.saying()}{title})"

    def saying(self) -> str:
        """Return the arguments that build it as Python, the title left out: what the rule says."""
        words = {"when": self.when, "exit_when": self.exit_when, "valid_for": self.valid_for}
        words_given = {name: value for name, value in words.items() if value is not None}
        parts = [repr(self.id), repr(self.trigger), *map(repr, self.steps)]
        parts += [f"{name}={value!r}" for name, value in words_given.items()]
        words_usual = {"re_entry": "occasion", "priority": 0, "value": 0, "at_cap": "defer", "goal": None}
        manners = {name: getattr(self, name) for name, usual in words_usual.items() if getattr(self, name) != usual}
        parts += [f"{name}={value!r}" for name, value in manners.items()]
        return ", ".join(parts)


def _checked_rules(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    if not isinstance(rules, Iterable):
        raise DefinitionError(f"rules are given as a list, not as {shown(rules)}")
    found: dict[str, Rule] = {}
    for rule in rules:
        if not isinstance(rule, Rule):
            raise DefinitionError(f"a rule is needed, not {shown(rule)}")
        if rule.id in found:
            raise DefinitionError(f"two rules have the id {rule.id!r}")
        found[rule.id] = rule
    return tuple(found.values())


def _collect(node: Node, found: dict[str, Truth]) -> None:
    """Note the segments named in a predicate, each after those that it names itself."""
    for part in node.parts():
        _collect(part, found)
    if isinstance(node, Segment) and found.setdefault(node.name, node.inner) != node.inner:
        raise DefinitionError(f"two segments are called {node.name!r}: {shown(str(node.inner))} is another predicate")


@frozen
class RuleSet:
    """Rules with different ids, and the segments their texts may name.

    Attributes:
        rules: in their order.
        segments: by name, those that the rules themselves name included; each stands after those that it names.
    """

    rules: tuple[Rule, ...] = field(converter=_checked_rules)
    segments: Mapping[str, Truth] = field(factory=dict, hash=False)

    def __attrs_post_init__(self) -> None:
        """Gather the segments.

        Raises:
            DefinitionError: one name stands for two predicates.
        """
        found: dict[str, Truth] = {}
        for name, predicate in self.segments.items():
            named = segment(name, predicate)
            within_limits(predicate)
            _collect(named, found)
        for rule in self.rules:
            for predicate in rule.predicates():
                _collect(predicate, found)
        object.__setattr__(self, "segments", found)

    @classmethod
    def of(cls, rules: Iterable[Rule] | RuleSet) -> RuleSet:
        """Return a rule set of rules; a rule set is returned as it is.

        Raises:
            DefinitionError: something is no rule, or two rules have one id.
        """
        return rules if isinstance(rules, RuleSet) else cls(rules)

    def __iter__(self) -> Iterator[Rule]:
        """Return the rules in their order."""
        return iter(self.rules)

    def __len__(self) -> int:
        """Return the number of rules."""
        return len(self.rules)

    def __getitem__(self, rule_id: str) -> Rule:
        """Return a rule by its id.

        Raises:
            DefinitionError: there is none; the message names the nearest one.
        """
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise DefinitionError(f"no rule {shown(rule_id)}{nearest(rule_id, (rule.id for rule in self.rules))}")

    @property
    def fingerprint(self) -> str:
        """Digest of what the rules say, titles left out; rule sets that say the same have the same."""
        return fingerprint(*(self.digest(rule) for rule in sorted(self.rules, key=lambda rule: rule.id)))

    @staticmethod
    def digest(rule: Rule) -> str:
        """Return the digest of one rule, its title left out."""
        return fingerprint(rule.saying())

    @property
    def needs_catalogue(self) -> bool:
        """Whether a rule waits for changes of the catalogue."""
        return any(isinstance(rule.trigger, Catalogue) for rule in self.rules)
