"""Source of the two functions of a rule set: flat blocks of integers and slot names, no text of the user's.

Every leaf becomes a test and two horizons, one for each truth. An "and" stops at its first false part and takes that
part's horizon, which may be early and is never late; parts that time does not change are asked first.
"""

from __future__ import annotations

from typing import Any

from attrs import define, field, frozen

from retention_engine.predicates.aggregates import Age, Aggregate
from retention_engine.predicates.base import All, AnyOf, AtLeast, Not, Segment, Truth
from retention_engine.predicates.cells import BEFORE_ALL, Cells
from retention_engine.predicates.compare import Compare, plain
from retention_engine.timing import NEVER, Span

_DEEPEST_BLOCK = 10
_NEVER_EMPTY = ("count", "sum", "distinct")


@frozen
class Leaf:
    """A test in source form.

    Attributes:
        test: an expression over the locals.
        when_true: expression of the instant at which a true test may turn, None for never.
        when_false: the same for a false one.
        before: lines to run first.
    """

    test: str
    when_true: str | None = None
    when_false: str | None = None
    before: tuple[str, ...] = ()

    @property
    def is_static(self) -> bool:
        """Whether time does not change it."""
        return self.when_true is None and self.when_false is None and not self.before

    def negated(self) -> Leaf:
        """Return the opposite."""
        return Leaf(f"not ({self.test})", self.when_false, self.when_true, self.before)


@define
class Generator:
    """Writes the functions of one rule set.

    Attributes:
        cells: what the record has to hold.
        constants: names bound in the namespace of the generated code.
    """

    cells: Cells = field(factory=Cells)
    constants: dict[str, Any] = field(factory=dict)
    _reads: dict[str, str] = field(factory=dict)
    _shifts: dict[str, str] = field(factory=dict)
    _made: int = 0

    def source(self, predicates: list[Truth]) -> str:
        """Return the module text that defines ``boolean(r, now)`` and ``horizon(r, now)``."""
        truths, turns = [], []
        for number, predicate in enumerate(predicates):
            truths += self._truth_lines(predicate, 1 << number)
            turns += self._horizon_lines(predicate, 1 << number)
        head = [f"    {name} = r.{slot}" for slot, name in self._reads.items()]
        head += [f"    {name} = {shift}" for shift, name in self._shifts.items()]
        boolean = ["def boolean(r, now):", *head, "    m = 0", *truths, "    return m"]
        horizon = ["def horizon(r, now):", *head, "    m = 0", f"    h = {NEVER}", *turns, "    return m, h"]
        return "\n".join([*boolean, "", *horizon, ""])

    def _truth_lines(self, predicate: Truth, bit: int) -> list[str]:
        lines = ["    while True:"]
        for leaf in self._conjuncts(predicate):
            lines += [f"        {line}" for line in leaf.before]
            lines.append(f"        if not ({leaf.test}): break")
        return [*lines, f"        m |= {bit}", "        break"]

    def _horizon_lines(self, predicate: Truth, bit: int) -> list[str]:
        lines, held = ["    while True:"], []
        for leaf in self._conjuncts(predicate):
            lines += [f"        {line}" for line in leaf.before]
            if leaf.when_false is None:
                lines.append(f"        if not ({leaf.test}): break")
            else:
                lines.append(f"        if not ({leaf.test}):")
                lines += [f"            {line}" for line in (*_lower("h", leaf.when_false), "break")]
            held += [f"        {line}" for line in _lower("h", leaf.when_true)]
        return [*lines, f"        m |= {bit}", *held, "        break"]

    def _conjuncts(self, predicate: Truth) -> list[Leaf]:
        parts = predicate.inside if isinstance(predicate, All) else (predicate,)
        leaves = [self._leaf(part, 1) for part in parts]
        return sorted(leaves, key=lambda leaf: (not leaf.is_static, bool(leaf.before)))

    def _leaf(self, node: Truth, depth: int) -> Leaf:
        """Return any node as a leaf; a group becomes a block that computes a truth and a horizon."""
        match node:
            case Segment():
                return self._leaf(node.inner, depth)
            case Not():
                return self._leaf(node.inner, depth).negated()
            case Compare():
                return self._compare(node)
            case All() | AnyOf() if depth <= _DEEPEST_BLOCK:
                return self._group(node, [self._leaf(part, depth + 1) for part in node.inside])
            case AtLeast() if depth <= _DEEPEST_BLOCK:
                leaves = [self._leaf(part, depth + 1) for part in node.inside]
                if all(leaf.is_static for leaf in leaves):
                    total = " + ".join(f"bool({leaf.test})" for leaf in leaves)
                    return Leaf(f"{total} >= {node.needed}")
        return self._kept(node)

    def _group(self, node: All | AnyOf, leaves: list[Leaf]) -> Leaf:
        word = " and " if isinstance(node, All) else " or "
        if all(leaf.is_static for leaf in leaves):
            return Leaf("(" + word.join(f"({leaf.test})" for leaf in leaves) + ")")
        leaves = sorted(leaves, key=lambda leaf: (not leaf.is_static, bool(leaf.before)))
        self._made += 1
        truth, turn = f"b{self._made}", f"h{self._made}"
        decided = isinstance(node, AnyOf)
        lines = [f"{turn} = {NEVER}", "while True:"]
        for leaf in leaves:
            stops, goes = (leaf.when_true, leaf.when_false) if decided else (leaf.when_false, leaf.when_true)
            lines += [f"    {line}" for line in leaf.before]
            condition = leaf.test if decided else f"not ({leaf.test})"
            lines.append(f"    if {condition}: {truth} = {decided}; {turn} = {stops or NEVER}; break")
            lines += [f"    {line}" for line in _lower(turn, goes)]
        lines += [f"    {truth} = {not decided}", "    break"]
        return Leaf(truth, turn, turn, tuple(lines))

    def _kept(self, node: Truth) -> Leaf:
        """Return a leaf that reads a kept verdict, asked again once its horizon has passed."""
        number = self.cells.answer(node)
        self.constants["ask"] = None
        return Leaf(f"r.v{number}", f"r.u{number}", f"r.u{number}", (f"if r.u{number} <= now: ask(r, {number}, now)",))

    def _compare(self, node: Compare) -> Leaf:
        if isinstance(node.left, Age):
            return self._age(node, node.left) or self._kept(node)
        if isinstance(node.left, Aggregate) and node.left.fold == "mean":
            return self._kept(node)
        slot = self.cells.value(node.left, node.constant)
        return self._kept(node) if slot is None else self._static(node, self._read(slot))

    def _static(self, node: Compare, name: str) -> Leaf:
        filled = isinstance(node.left, Aggregate) and node.left.fold in _NEVER_EMPTY
        guard = "" if filled else f"{name} is not None and "
        constant = self._constant(
            frozenset(node.constant) if isinstance(node.constant, tuple) else plain(node.constant)
        )
        match node.op:
            case "set":
                return Leaf(f"{name} is not None")
            case "==":
                return Leaf(f"{name} == {constant}")
            case "in":
                return Leaf(f"{name} in {constant}")
            case "contains":
                return Leaf(f"{guard}{constant} in {name}")
            case "starts_with":
                return Leaf(f"{guard}{name}.startswith({constant})")
        return Leaf(f"{guard}{name} {node.op} {constant}")

    def _age(self, node: Compare, age: Age) -> Leaf | None:
        assert isinstance(node.constant, Span)
        span, op = node.constant.micros, node.op
        low = op in ("<", "<=") or age.ahead
        slot = self.cells.moment(age.moment, BEFORE_ALL if low else NEVER)
        if slot is None:
            return None
        name = self._read(slot)
        if age.ahead:
            return self._ahead(name, op, span)
        if op in (">", ">="):
            span += op == ">"
            return Leaf(f"{name} <= {self._shift(-span)}", None, f"{name} + {span}")
        span += op == "<="
        if isinstance(age.moment, Aggregate):
            return Leaf(f"{name} > {self._shift(-span)}", f"{name} + {span}", None)
        return Leaf(f"{self._shift(-span)} < {name} <= now", f"{name} + {span}", f"{name} if {name} > now else {NEVER}")

    def _ahead(self, name: str, op: str, span: int) -> Leaf:
        if op in ("<", "<="):
            span -= op == "<"
            return Leaf(f"now < {name} <= {self._shift(span)}", name, f"{name} - {span} if {name} > now else {NEVER}")
        span = max(0, span - (op == ">="))
        return Leaf(f"{name} > {self._shift(span)}", f"{name} - {span}", None)

    def _read(self, slot: str) -> str:
        return self._reads.setdefault(slot, f"x{slot[1:]}")

    def _shift(self, by: int) -> str:
        if by == 0:
            return "now"
        sign = "-" if by < 0 else "+"
        return self._shifts.setdefault(f"now {sign} {abs(by)}", f"n{len(self._shifts)}")

    def _constant(self, value: Any) -> str:
        if type(value) is int:
            return str(value) if value >= 0 else f"({value})"
        key = f"k{len(self.constants)}"
        self.constants[key] = value
        return key


def _lower(name: str, expression: str | None) -> tuple[str, ...]:
    return () if expression is None else (f"t = {expression}", f"if t < {name}: {name} = t")
