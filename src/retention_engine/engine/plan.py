"""A rule set made ready: which rules watch a predicate, which wait for an instant, which for the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from attrs import fields, frozen, has

from retention_engine.arbitration import Arbiter, Policy, courtesy
from retention_engine.clubs import Club
from retention_engine.clubs.clerk import CARRIED_OUT
from retention_engine.engine.switches import switches_of
from retention_engine.errors import DefinitionError
from retention_engine.facts import Fact, LedgerPosted, MessageSent
from retention_engine.keys import fingerprint
from retention_engine.predicates import (
    MEMBERSHIP,
    Attribute,
    CalendarDays,
    Dates,
    Local,
    Membership,
    MembershipTruth,
    Node,
    Records,
    Refinable,
    Since,
    Where,
    Window,
    Yearly,
)
from retention_engine.predicates.columns import ColumnSpec, wanted_by
from retention_engine.predicates.compiler import Program, compile_predicates
from retention_engine.rules import Catalogue, Do, Edge, Rule, RuleSet
from retention_engine.state import EVENTS, History
from retention_engine.timing import NEVER, local_date, to_text
from retention_engine.view import View

_COURTESY = Arbiter(courtesy())
_MESSAGES = frozenset({"messages", f"{EVENTS}message_sent"})
_NO_CLUB = "there is no club: Engine(..., club=Club(...)), or --club on the command line"
_ACCOUNTS = frozenset({"points", f"{EVENTS}ledger_posted", MEMBERSHIP})


def check_club(rules: RuleSet, arbiter: Arbiter, club: Club | None) -> None:
    """Refuse rules and policies that ask a club for what it has not, or that ask or give where there is none.

    Raises:
        DefinitionError: names the rule or the policy, and what is missing.
    """
    for rule in rules:
        with _about(f"rule {rule.id!r}"):
            _check_given((step for step in rule.flow.steps.values() if isinstance(step, Do)), club)
            check_asked(rule.predicates(), club)
    for policy in arbiter.policies:
        if MEMBERSHIP in policy.reads():
            with _about(f"policy {policy.text()}"):
                check_asked([value for value in _fields_of(policy) if isinstance(value, Node)], club)


def _fields_of(policy: Policy) -> Iterator[object]:
    """Yield what a policy was given; one of the user's own may be of any class."""
    if has(type(policy)):
        yield from (getattr(policy, each.name) for each in fields(type(policy)))


def _check_given(steps: Iterable[Do], club: Club | None) -> None:
    for step in (each for each in steps if each.kind in CARRIED_OUT):
        if club is None:
            raise DefinitionError(f"a club carries out {step}, and {_NO_CLUB}")
        club.check_action(step.kind, step.about, dict(step.data))


def check_asked(nodes: Iterable[Node], club: Club | None) -> None:
    """Refuse questions about members where there is no club, or that it cannot answer: they would hold of nobody.

    Raises:
        DefinitionError: names the question, and what is missing.
    """
    for node in nodes:
        if MEMBERSHIP in node.reads():
            if club is None:
                raise DefinitionError(f"it asks {node}, and {_NO_CLUB}")
            club.check(node)


@contextmanager
def _about(what: str) -> Iterator[None]:
    try:
        yield
    except DefinitionError as error:
        raise DefinitionError(f"{what}: {error}") from None


@frozen
class Anchor:
    """What names the occasion of an edge: the newest record or attribute its predicate asks about.

    Attributes:
        columns: the collections, without their windows.
        attributes: the attributes.
        calendar: whether the predicate asks about the calendar: the local date then belongs to the key.
        membership: whether it asks about the membership: the instant then belongs to the key, since what a customer
            has comes and goes without a record that would name it.
    """

    columns: tuple[ColumnSpec, ...]
    attributes: tuple[str, ...]
    calendar: bool
    membership: bool = False

    def key(self, view: View) -> str:
        """Return the key of an edge at an instant."""
        newest = (-NEVER, "", "customer")
        for spec in self.columns:
            rows = view.history.records(spec.base)
            row = next((row for row in reversed(rows) if spec.keeps(row)), None)
            if row is not None:
                newest = max(newest, (row.at, row.id, f"{spec.base}:{row.id}"))
        for name in self.attributes:
            held = view.history.attributes.get(name)
            if held is not None:
                newest = max(newest, (held.at, held.fact, f"{name}:{held.fact}"))
        key = newest[2]
        if self.membership:
            return f"{key}@{to_text(view.now)}"
        return f"{key}@{local_date(view.now, view.where).isoformat()}" if self.calendar else key


def anchor_of(predicate: Node) -> Anchor:
    """Return the anchor of a predicate; our own messages name an occasion only when it asks about nothing else."""
    columns: list[ColumnSpec] = []
    attributes: dict[str, None] = {}
    calendar = membership = False
    stack = [predicate]
    while stack:
        node = stack.pop()
        membership = membership or isinstance(node, Membership | MembershipTruth)
        calendar = calendar or isinstance(node, Yearly | Dates | Local) or _has_days(node)
        spec = _column(node)
        if spec is not None:
            columns.append(spec)
            continue
        if isinstance(node, Attribute):
            attributes[node.name] = None
        elif isinstance(node, Yearly) and isinstance(node.anchor, Attribute):
            attributes[node.anchor.name] = None
        stack.extend(node.parts())
    others = [spec for spec in columns if spec.base != "messages"]
    named = others if others or attributes else columns
    return Anchor(tuple(dict.fromkeys(named)), tuple(attributes), calendar, membership)


def _column(node: Node) -> ColumnSpec | None:
    """Return the collection that a node refines: its conditions without its windows, None for any other node."""
    wheres: list[Where] = []
    while isinstance(node, Where | Window | CalendarDays | Since):
        wheres += [node] if isinstance(node, Where) else []
        node = node.inner
    return ColumnSpec(node.name, tuple(reversed(wheres))) if isinstance(node, Records) else None


def _has_days(node: Node) -> bool:
    return isinstance(node, CalendarDays) or (isinstance(node, Refinable) and any(map(_has_days, node.parts())))


@frozen
class Plan:
    """A rule set with everything that can be prepared once.

    Attributes:
        rules: the rule set.
        program: the compiled predicates of the edges; bit i belongs to ``edges[i]``.
        edges: rules that watch a predicate.
        timed: rules whose trigger knows its next instant.
        catalogue: rules that wait for changes of the catalogue.
        leaving: mask of the edges that wait for a predicate to turn false.
        anchors: the anchor of each edge.
        wanted: the collections a history must keep; None: all of them.
        unheard: the kinds of fact of our own making that nobody asks about: such a one makes nothing due.
        arbiter: the policies.
        switches: rule and step -> the subjects of the kill switches that concern the message.
        club: what the shop declares about its members; None: there is none.
    """

    rules: RuleSet
    program: Program
    edges: tuple[Rule, ...]
    timed: tuple[Rule, ...]
    catalogue: tuple[Rule, ...]
    leaving: int
    anchors: tuple[Anchor, ...]
    wanted: frozenset[str] | None
    unheard: tuple[type[Fact], ...]
    arbiter: Arbiter
    switches: Mapping[tuple[str, str], tuple[str, ...]]
    club: Club | None = None

    @property
    def fingerprint(self) -> str:
        """Digest of what the rules, the policies and the club say; plans that say the same have the same."""
        club = () if self.club is None else (self.club.fingerprint,)
        return fingerprint(self.rules.fingerprint, *sorted(policy.text() for policy in self.arbiter.policies), *club)

    def history(self, customer: str) -> History:
        """Return the empty history of a customer, which keeps what is asked for."""
        return History(customer, wanted=self.wanted, teller=self.club)

    @property
    def needs_news(self) -> bool:
        """Whether a rule or a policy looks at facts about the catalogue."""
        return self.rules.needs_catalogue or self.arbiter.needs_news

    @classmethod
    def of(cls, rules: RuleSet, arbiter: Arbiter = _COURTESY, club: Club | None = None) -> Plan:
        """Prepare a rule set, its policies and the club.

        Raises:
            DefinitionError: a rule asks the club for something that it has not.
        """
        check_club(rules, arbiter, club)
        pairs = [(rule, rule.trigger) for rule in rules if isinstance(rule.trigger, Edge)]
        reads = frozenset[str]().union(*(rule.reads() for rule in rules))
        wanted = wanted_by(reads)
        told = frozenset[str]() if club is None else club.reads()
        return cls(
            rules=rules,
            program=compile_predicates([trigger.watched() for _, trigger in pairs]),
            edges=tuple(rule for rule, _ in pairs),
            timed=tuple(rule for rule in rules if not isinstance(rule.trigger, Edge | Catalogue)),
            catalogue=tuple(rule for rule in rules if isinstance(rule.trigger, Catalogue)),
            leaving=sum(1 << bit for bit, (_, trigger) in enumerate(pairs) if not trigger.entering),
            anchors=tuple(anchor_of(trigger.predicate) for _, trigger in pairs),
            wanted=None if told is None else wanted | wanted_by(arbiter.reads() | told),
            unheard=(
                *((MessageSent,) if _MESSAGES.isdisjoint(wanted) else ()),
                *((LedgerPosted,) if told is not None and _ACCOUNTS.isdisjoint(reads | arbiter.reads() | told) else ()),
            ),
            arbiter=arbiter,
            switches=switches_of(rules, arbiter),
            club=club,
        )
