"""A year without facts: how often is a customer woken, and how often does something really change?

The truths are changed by time alone, at leaf boundaries: an instant plus or minus the span of a leaf. The true number
of changes is counted by evaluating, with lambdas that know no horizons, at every boundary. Each customer is woken at
the horizon of the whole rule set, and evaluated again there.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from bench.customers import facts_of, rows_of, states_of
from bench.measure import Row, cpu, quiet
from bench.neutral import RULES, Tree, leaves
from bench.readings import ours, python
from bench.workload import DAY, NOW, generate
from retention_engine.predicates.compiler import Program, compile_predicates
from retention_engine.state import History, fold

PART = "wakeups"
END = NOW + 365 * DAY
CUSTOMERS = 3_000
TIMED: set[Tree] = {leaf for tree in RULES.values() for leaf in leaves(tree) if leaf[0] in ("age>=", "age<", "within")}


def boundaries(row: dict[str, Any]) -> list[int]:
    """Return every instant of the year at which a leaf may turn for a customer, in order."""
    found = set()
    for kind, field, span in TIMED:
        at = row[field]
        if at:
            found |= {at - span, at} if kind == "within" else {at + span}
    return sorted(at for at in found if NOW < at <= END)


def changes(row: dict[str, Any], state: Any, rules: list[Any]) -> list[int]:
    """Return the instants at which one of the 20 truths of a customer really changes."""
    found, before = [], [bool(rule(state, NOW)) for rule in rules]
    for now in boundaries(row):
        after = [bool(rule(state, now)) for rule in rules]
        if after != before:
            found.append(now)
        before = after
    return found


def wakes(program: Program, record: Any) -> Iterator[tuple[int, int]]:
    """Yield (instant, mask) at ``NOW`` and at each wake-up of the year."""
    now = NOW
    while now <= END:
        mask, following = program.horizon(record, now)
        yield now, mask
        now = following


def run(*, quick: bool = False) -> list[Row]:
    """Walk the year for every customer; each real change has to be met by a wake-up at its very instant."""
    rows = rows_of(generate(10_000))[: 60 if quick else CUSTOMERS]
    program = compile_predicates([ours(tree) for tree in RULES.values()])
    records = [
        program.record(fold(History(f"c{number}"), facts_of(row, number)), "UTC") for number, row in enumerate(rows)
    ]
    texts = [python(tree, lambda field: f"s.{field}") for tree in RULES.values()]
    rules = [eval(f"lambda s, now: {text}") for text in texts]
    true = used = every = 0
    for row, state, record in zip(rows, states_of(rows), records, strict=True):
        walked = list(wakes(program, record))
        real = changes(row, state, rules)
        turned = [now for (_, before), (now, mask) in pairwise(walked) if mask != before]
        assert turned == real, "a change was missed, or met at another instant"
        true, used, every = true + len(real), used + len(walked) - 1, every + len(boundaries(row))
    with quiet():
        spent = cpu(lambda: [list(wakes(program, record)) for record in records])
    count = len(rows)
    return [
        Row(PART, "wake-ups vs true changes", used / true, "x", ("<=", 1.10), f"{count:,} customers, one year"),
        Row(PART, "true changes", true / count, "per customer-year"),
        Row(PART, "wake-ups used", used / count, "per customer-year"),
        Row(PART, "wake-ups if every leaf boundary woke", every / count, "per customer-year"),
        Row(PART, "a customer's year", spent / count * 1e6, "us", None, "all evaluations of it"),
    ]
