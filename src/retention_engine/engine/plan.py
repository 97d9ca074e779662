"""A rule set made ready: which rules watch a predicate, which wait for an instant, which for the catalogue."""

from __future__ import annotations

from attrs import frozen

from retention_engine.predicates import Attribute, CalendarDays, Dates, Local, Node, Yearly
from retention_engine.predicates.columns import ColumnSpec, unwindowed, wanted_by
from retention_engine.predicates.compiler import Program, compile_predicates
from retention_engine.predicates.records import Refinable
from retention_engine.rules import Catalogue, Edge, Rule, RuleSet
from retention_engine.timing import local_date
from retention_engine.view import View


@frozen
class Anchor:
    """What names the occasion of an edge: the newest record or attribute its predicate asks about.

    Attributes:
        columns: the collections, without their windows.
        attributes: the attributes.
        calendar: whether the predicate asks about the calendar: the local date then belongs to the key.
    """

    columns: tuple[ColumnSpec, ...]
    attributes: tuple[str, ...]
    calendar: bool

    def key(self, view: View) -> str:
        """Return the key of an edge at an instant."""
        newest: tuple[int, str, str] | None = None
        for spec in self.columns:
            rows = view.history.records(spec.base)
            row = next((row for row in reversed(rows) if spec.keeps(row)), None)
            if row is not None and (newest is None or (row.at, row.id) > newest[:2]):
                newest = (row.at, row.id, f"{spec.base}:{row.id}")
        for name in self.attributes:
            held = view.history.attributes.get(name)
            if held is not None and (newest is None or (held.at, held.fact) > newest[:2]):
                newest = (held.at, held.fact, f"{name}:{held.fact}")
        key = "customer" if newest is None else newest[2]
        return f"{key}@{local_date(view.now, view.where).isoformat()}" if self.calendar else key


def anchor_of(predicate: Node) -> Anchor:
    """Return the anchor of a predicate; our own messages name an occasion only when it asks about nothing else."""
    columns: list[ColumnSpec] = []
    attributes: dict[str, None] = {}
    calendar = False
    stack = [predicate]
    while stack:
        node = stack.pop()
        calendar = calendar or isinstance(node, Yearly | Dates | Local | CalendarDays)
        spec = unwindowed(node) if isinstance(node, Refinable) else None
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
    return Anchor(tuple(dict.fromkeys(named)), tuple(attributes), calendar)


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
        wanted: the collections a history must keep.
    """

    rules: RuleSet
    program: Program
    edges: tuple[Rule, ...]
    timed: tuple[Rule, ...]
    catalogue: tuple[Rule, ...]
    leaving: int
    anchors: tuple[Anchor, ...]
    wanted: frozenset[str]

    @classmethod
    def of(cls, rules: RuleSet) -> Plan:
        """Prepare a rule set."""
        pairs = [(rule, rule.trigger) for rule in rules if isinstance(rule.trigger, Edge)]
        reads = frozenset[str]().union(*(rule.reads() for rule in rules))
        return cls(
            rules=rules,
            program=compile_predicates([trigger.watched() for _, trigger in pairs]),
            edges=tuple(rule for rule, _ in pairs),
            timed=tuple(rule for rule in rules if not isinstance(rule.trigger, Edge | Catalogue)),
            catalogue=tuple(rule for rule in rules if isinstance(rule.trigger, Catalogue)),
            leaving=sum(1 << bit for bit, (_, trigger) in enumerate(pairs) if not trigger.entering),
            anchors=tuple(anchor_of(trigger.predicate) for _, trigger in pairs),
            wanted=wanted_by(reads),
        )
