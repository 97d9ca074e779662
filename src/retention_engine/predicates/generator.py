"""Source of the two functions of a rule set: comparisons of the slots of a record, no text of the user's.

Every leaf becomes a test and the instants at which it may turn, one list for each truth. An "and" stops at its first
false part and takes that part's instants, which may be early and are never late; an "or" likewise at its first true
one. Parts that time cannot turn are asked first: stopping there costs least and leaves the latest horizon.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from attrs import define, field, frozen

from retention_engine.predicates.aggregates import Age, Aggregate
from retention_engine.predicates.base import All, AnyOf, AtLeast, Not, Segment, Truth
from retention_engine.predicates.cells import MISSING, Cells
from retention_engine.predicates.columns import window_of
from retention_engine.predicates.compare import Compare, plain
from retention_engine.timing import NEVER, Span

_DEEPEST_BLOCK = 10
_NEVER_EMPTY = ("count", "sum", "distinct")
_INDENT = "    "

Lines = list[str]
Turns = tuple[str, ...]
"""Expressions of the instants at which a truth may turn, the earliest counts; empty: never."""


@frozen
class Leaf:
    """A test in source form.

    Attributes:
        test: an expression over the record's slots, true or false after ``before`` was run.
        when_true: when a true test may turn; an expression is only asked for while the test is true.
        when_false: the same for a false one.
        before: lines to run first.
        truth: the same test without ``before``, for the function that knows no horizons.
        both: what the leaf is made of: parts that all have to hold (True), of which one has to (False).
        parts: those parts; a run of the same kind takes them instead of the leaf.
        role: (``young`` | ``old`` | ``past``, slot): what it says about an instant, to be joined to a window.
    """

    test: str
    when_true: Turns = ()
    when_false: Turns = ()
    before: tuple[str, ...] = ()
    truth: str = ""
    both: bool | None = None
    parts: tuple[Leaf, ...] = ()
    role: tuple[str, str] = ("", "")

    @property
    def is_static(self) -> bool:
        """Whether time does not change it."""
        return not (self.when_true or self.when_false or self.before)

    @property
    def plainly(self) -> str:
        """The test for the function without horizons."""
        return self.truth or self.test

    def turns(self, *, held: bool) -> Turns:
        """Return when it may turn from a truth."""
        return self.when_true if held else self.when_false

    def negated(self) -> Leaf:
        """Return the opposite."""
        return Leaf(
            _opposite(self.test),
            self.when_false,
            self.when_true,
            self.before,
            self.truth and _opposite(self.truth),
            None if self.both is None else not self.both,
            tuple(part.negated() for part in self.parts),
        )


@define
class Generator:
    """Writes the functions of one rule set.

    Attributes:
        cells: what the record has to hold.
        constants: names bound in the namespace of the generated code.
    """

    cells: Cells = field(factory=Cells)
    constants: dict[str, Any] = field(factory=dict)
    _shifts: dict[int, str] = field(factory=dict)
    _made: int = 0

    def source(self, predicates: Sequence[Truth]) -> str:
        """Return the module text that defines ``boolean(r, now)`` and ``horizon(r, now)``."""
        truths: Lines = []
        turns: Lines = []
        for number, predicate in enumerate(predicates):
            leaf = self._leaf(predicate, 1)
            truths.append(f"if {leaf.plainly}: m |= {1 << number}")
            turns += _rule(leaf, 1 << number)
        boolean = ["def boolean(r, now):", *_indented([*self._head(), "m = 0", *truths, "return m"])]
        horizon = ["def horizon(r, now):", *_indented([*self._head(), f"m, h = 0, {NEVER}", *turns, "return m, h"])]
        return "\n".join([*self._moved(), *boolean, *horizon, ""])

    def _moved(self) -> Lines:
        """Return what computes the shifted instants; those of the last instant asked about are kept for the next."""
        if not self._shifts:
            return []
        instants = ", ".join(f"now {'-' if by < 0 else '+'} {abs(by)}" for by in self._shifts)
        return ["s = (None,)", "def moved(now):", f"{_INDENT}return now, {instants}"]

    def _head(self) -> Lines:
        if not self._shifts:
            return []
        names = ", ".join(self._shifts.values())
        return ["global s", "p = s", "if p[0] is not now: s = p = moved(now)", f"p, {names} = p"]

    def _leaf(self, node: Truth, depth: int) -> Leaf:
        """Return any node as a leaf; a group that time changes in several ways becomes a block of lines."""
        match node:
            case Segment():
                return self._leaf(node.inner, depth)
            case Not():
                return self._leaf(node.inner, depth).negated()
            case Compare():
                return self._window(node) or self._compare(node)
            case All() | AnyOf() if depth <= _DEEPEST_BLOCK:
                return self._group([self._leaf(part, depth + 1) for part in node.inside], both=isinstance(node, All))
            case AtLeast() if depth <= _DEEPEST_BLOCK:
                leaves = [self._leaf(part, depth + 1) for part in node.inside]
                if all(leaf.is_static for leaf in leaves):
                    total = " + ".join(f"(1 if {leaf.test} else 0)" for leaf in leaves)
                    return Leaf(f"{total} >= {node.needed}")
        return self._kept(node)

    def _group(self, parts: list[Leaf], *, both: bool) -> Leaf:
        leaves = _in_order(parts, both=both)
        word = " and " if both else " or "
        truth = f"({word.join(leaf.plainly for leaf in leaves)})"
        held = tuple(turn for leaf in leaves for turn in leaf.turns(held=both))
        if not any(leaf.before or leaf.turns(held=not both) for leaf in leaves):
            return Leaf(truth, held if both else (), () if both else held, both=both, parts=tuple(leaves))
        self._made += 1
        test, turn = f"b{self._made}", f"t{self._made}"
        lines = _run(leaves, lambda turns: _set(turn, turns), [f"{test} = {both}", *_set(turn, held)], both=both)
        before = (f"{test}, {turn} = {not both}, {NEVER}", *lines)
        return Leaf(test, (turn,), (turn,), before, truth, both, tuple(leaves))

    def _kept(self, node: Truth) -> Leaf:
        """Return a leaf that reads a kept verdict, asked again once its horizon has passed."""
        number, holds, until = self.cells.answer(node)
        test, turn, ask = f"r.{holds}", f"r.{until}", f"ask(r, {number}, now)"
        return Leaf(test, (turn,), (turn,), (f"if {turn} <= now: {ask}",), f"({test} if {turn} > now else {ask})")

    def _compare(self, node: Compare) -> Leaf:
        if isinstance(node.left, Age):
            return self._age(node, node.left) or self._kept(node)
        mean = isinstance(node.left, Aggregate) and node.left.fold == "mean"
        cell = None if mean else self.cells.value(node.left, node.constant)
        return self._kept(node) if cell is None else self._static(node, f"r.{cell}")

    def _static(self, node: Compare, name: str) -> Leaf:
        if isinstance(node.constant, bool):
            return Leaf(name if node.constant == (node.op == "==") else f"{name} is False")
        constant = self._constant(node.constant)
        match node.op:
            case "set":
                return Leaf(f"{name} is not None")
            case "in":
                return Leaf(f"{name} in {constant}")
            case "contains":
                return Leaf(f"({name} is not None and {constant} in {name})")
            case "starts_with":
                return Leaf(f"({name} is not None and {name}.startswith({constant}))")
            case "!=" if not (isinstance(node.left, Aggregate) and node.left.fold in _NEVER_EMPTY):
                return Leaf(f"({name} is not None and {name} == {name} != {constant})")
        return Leaf(f"{name} {node.op} {constant}")

    def _age(self, node: Compare, age: Age) -> Leaf | None:
        assert isinstance(node.constant, Span)
        cell, span = self.cells.moment(age.moment), node.constant.micros
        if cell is None:
            return None
        if age.ahead:
            return self._ahead(f"r.{cell}", node.op, span)
        if node.op in (">", ">="):
            return self._old(f"r.{cell}", span + (node.op == ">"))
        return self._young(f"r.{cell}", span + (node.op == "<="))

    def _old(self, name: str, span: int) -> Leaf:
        """Return the test that an instant is past and ``span`` or more ago."""
        return Leaf(f"{name} <= {self._shift(-span)}", (), (f"{name} + {span}",), role=("old", name))

    def _young(self, name: str, span: int) -> Leaf:
        """Return the test that an instant is past and less than ``span`` ago."""
        young = Leaf(f"{name} > {self._shift(-span)}", (f"{name} + {span}",), role=("young", name))
        past = Leaf(f"{name} <= now", (), (name,), role=("past", name))
        coming = f"{name} if {name} > now else {NEVER}"
        test = f"({young.test} and {past.test})"
        return Leaf(test, young.when_true, (coming,), both=True, parts=(young, past))

    def _ahead(self, name: str, op: str, span: int) -> Leaf:
        if op in ("<", "<="):
            span -= op == "<"
            near = Leaf(f"{name} <= {self._shift(span)}", (), (f"{name} - {span}",))
            coming = Leaf(f"{name} > now", (name,))
            far = f"{name} - {span} if {name} > now else {NEVER}"
            return Leaf(f"({near.test} and {coming.test})", (name,), (far,), both=True, parts=(near, coming))
        span = max(0, span - (op == ">="))
        return Leaf(f"{self._shift(span)} < {name} < {MISSING}", (f"{name} - {span}",))

    def _window(self, node: Compare) -> Leaf | None:
        """Return a count within one window as the age of the record that makes it reach the number, None for others."""
        window = window_of(node)
        if window is None or window.summed is not None or type(window.constant) is not int:
            return None
        needed = {">=": 0, "<": 0, ">": 1, "<=": 1, "==": 1, "!=": 1}.get(window.op, 0) + window.constant
        if needed < 1 or (window.op in ("==", "!=") and needed > 1):
            return None
        if window.old < NEVER and window.young == 0:
            leaf = self._young(f"r.{self.cells.nth(window.column, -needed)}", window.old)
        elif window.old >= NEVER and window.young > 0:
            leaf = self._old(f"r.{self.cells.nth(window.column, needed - 1)}", window.young)
        else:
            return None
        return leaf if window.op in (">=", ">", "!=") else leaf.negated()

    def _shift(self, by: int) -> str:
        return "now" if by == 0 else self._shifts.setdefault(by, f"n{len(self._shifts)}")

    def _constant(self, constant: Any) -> str:
        values = constant if isinstance(constant, tuple) else (plain(constant),)
        if all(type(value) is int for value in values):
            texts = ", ".join(map(str, values))
            return f"{{{texts}}}" if isinstance(constant, tuple) else texts
        key = f"k{len(self.constants)}"
        self.constants[key] = frozenset(values) if isinstance(constant, tuple) else values[0]
        return key


def _rule(leaf: Leaf, bit: int) -> Lines:
    """Return the lines that set the bit of a rule and lower the horizon."""
    both = leaf.both is not False
    leaves = _in_order([leaf], both=both)
    hit = [f"m |= {bit}"]
    held = _lower("h", [turn for each in leaves for turn in each.turns(held=both)])
    if both:
        return _run(leaves, lambda turns: _lower("h", turns), [*hit, *held], both=True)
    return _run(leaves, lambda turns: [*hit, *_lower("h", turns)], held, both=False)


def _run(leaves: list[Leaf], stopped: Callable[[Turns], Lines], ended: Lines, *, both: bool) -> Lines:
    """Return lines that ask one leaf after the other, up to the first false one (``both``) or the first true one."""
    first = [leaf for leaf in leaves if not (leaf.before or leaf.turns(held=not both))]
    tests = (" and " if both else " or ").join(leaf.test for leaf in first)
    lines = ["while True:" if not first else f"while {tests}:" if both else f"while not ({tests}):"]
    for leaf in leaves[len(first) :]:
        lines += _indented(leaf.before)
        lines.append(f"{_INDENT}if {_opposite(leaf.test) if both else leaf.test}:")
        lines += _indented(_indented([*stopped(leaf.turns(held=not both)), "break"]))
    lines += _indented([*ended, "break"])
    quietly = stopped(()) if first else []
    return [*lines, "else:", *_indented(quietly)] if quietly else lines


def _in_order(leaves: Iterable[Leaf], *, both: bool) -> list[Leaf]:
    """Return the leaves of a run: parts of its kind taken in, windows joined, those first that time cannot turn."""
    flat: list[Leaf] = []
    for leaf in leaves:
        flat += leaf.parts if leaf.both is both else (leaf,)
    if both:
        olds = {leaf.role[1] for leaf in flat if leaf.role[0] == "old"}
        flat = [leaf for leaf in flat if not (leaf.role[0] == "past" and leaf.role[1] in olds)]
    return sorted(flat, key=lambda leaf: (not leaf.is_static, bool(leaf.before), bool(leaf.turns(held=not both))))


def _lower(name: str, turns: Iterable[str]) -> Lines:
    lines: Lines = []
    for turn in turns:
        known = " " not in turn
        lines += [] if known else [f"t = {turn}"]
        lines.append(f"if {turn} < {name}: {name} = {turn}" if known else f"if t < {name}: {name} = t")
    return lines


def _set(name: str, turns: Turns) -> Lines:
    return [f"{name} = {turns[0]}", *_lower(name, turns[1:])] if turns else []


def _opposite(test: str) -> str:
    return test.removeprefix("not ") if test.startswith("not ") else f"not {test}"


def _indented(lines: Iterable[str]) -> Lines:
    return [f"{_INDENT}{line}" for line in lines]
