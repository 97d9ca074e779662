"""Print our own sizes, each beside its limit: ``make measure``. It informs; the house tests decide."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from tests.house._house import Function, dotted, functions, parse, sources
from tests.house.test_docstrings import docstring_faults
from tests.house.test_floors import cycle_faults, floor_faults, late_faults, predicate_faults, privacy_faults
from tests.house.test_sizes import NESTING, function_lines, nesting, positional

BRANCHES = (
    ast.If | ast.For | ast.While | ast.ExceptHandler | ast.IfExp | ast.comprehension | ast.Assert | ast.match_case
)


def percentile(values: Iterable[int], share: float) -> int:
    """Return the sorted value at index round(share x (n - 1))."""
    ordered = sorted(values) or [0]
    return ordered[round(share * (len(ordered) - 1))]


def complexity(node: Function) -> int:
    """Return 1 + the branches of a function; each further operand of ``and`` and ``or`` is one."""
    inner = list(ast.walk(node))
    operands = sum(len(one.values) - 1 for one in inner if isinstance(one, ast.BoolOp))
    return 1 + operands + sum(isinstance(one, BRANCHES) for one in inner)


def spread(values: list[int], share: float) -> str:
    """Return ``median / percentile / maximum``."""
    return f"{percentile(values, 0.5)} / {percentile(values, share)} / {max(values, default=0)}"


def figures() -> list[tuple[str, object, str]]:
    """Return (figure, value, limit) rows."""
    found = sources()
    modules = {path: len(text.splitlines()) for path, text in found.items()}
    ours = [(f"{dotted(path)}.{name}", node) for path, text in found.items() for name, node in functions(parse(text))]
    lengths = {f"{name}:{node.lineno}": function_lines(node) for name, node in ours}
    annotated = sum(node.returns is not None for _, node in ours)
    total = sum(modules.values())
    floors = [*floor_faults(found), *predicate_faults(found), *privacy_faults(found)]
    return [
        ("modules", len(modules), ""),
        ("lines", total, ""),
        ("module lines median / p90 / max", spread(list(modules.values()), 0.9), "90 / 220 / 300"),
        ("function lines median / p95 / max", spread(list(lengths.values()), 0.95), "6 / 25 / 40"),
        ("complexity p95", percentile((complexity(node) for _, node in ours), 0.95), "7"),
        ("parameters before the * p95", percentile((positional(node) for _, node in ours), 0.95), "4"),
        ("nesting median / p95 / max", spread([nesting(node) for _, node in ours], 0.95), f"1 / 2 / {NESTING}"),
        ("functions with a return annotation", f"{100 * annotated / max(len(ours), 1):.0f} %", "100 %"),
        ("public names without docstring", len(list(docstring_faults(found))), "0"),
        ("import cycles", len(list(cycle_faults(found))), "0"),
        ("imports that are late though light", len(list(late_faults(found))), "0"),
        ("imports against the floors", len(floors), "0"),
        ("largest file's share", f"{100 * max(modules.values(), default=0) / max(total, 1):.0f} %", "5 %"),
        ("longest modules", largest(modules), ""),
        ("longest functions", largest(lengths), ""),
    ]


def largest(sizes: dict[str, int]) -> str:
    """Return the five largest with their sizes."""
    top = sorted(sizes.items(), key=lambda one: -one[1])[:5]
    return ", ".join(f"{name} {size}" for name, size in top)


if __name__ == "__main__":
    for figure, value, limit in figures():
        print(f"{figure:36} {value!s:20}{' limit ' + limit if limit else ''}")
