"""Other engines, each in its best form, in a process of its own: ``python -m bench.peers NAME CUSTOMERS ROUNDS``.

Every timed pass lies between two passes of the yardstick, our Boolean function on the first 4,000 customers; the ratio
is time per customer over the mean of those two. What comes out is one JSON object.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from statistics import median
from typing import Any

from bench.customers import dicts_of, facts_of, reference, rows_of
from bench.measure import cpu, quiet
from bench.neutral import RULES
from bench.readings import json_logic, ours, words
from bench.workload import NOW, generate
from retention_engine.predicates.compiler import compile_predicates
from retention_engine.state import History, fold

YARDSTICK = 4_000
POPULATION = 10_000
Ask = Callable[[Any], Iterable[Any]]


def datalogic(rows: list[dict[str, Any]]) -> tuple[Ask, list[Any]]:
    """One rule that gives an array of 20, over dicts."""
    from datalogic_py import Engine

    return Engine().compile([json_logic(tree) for tree in RULES.values()]).evaluate, rows


def datalogic_parsed(rows: list[dict[str, Any]]) -> tuple[Ask, list[Any]]:
    """The same over documents that were parsed before, for this one instant."""
    from datalogic_py import DataHandle, Engine

    rule = Engine().compile([json_logic(tree) for tree in RULES.values()])
    return rule.evaluate_data, [DataHandle(json.dumps(row)) for row in rows]


def zen(rows: list[dict[str, Any]]) -> tuple[Ask, list[Any]]:
    """One expression that gives an array of 20, over dicts."""
    from zen import compile_expression

    return compile_expression(f"[{', '.join(map(words, RULES.values()))}]").evaluate, rows


def rule_engine(rows: list[dict[str, Any]]) -> tuple[Ask, list[Any]]:
    """Twenty rules, over dicts."""
    from rule_engine import Context, Rule, resolve_item

    context = Context(resolver=resolve_item)
    rules = [Rule(words(tree), context=context) for tree in RULES.values()]
    return lambda row: [rule.matches(row) for rule in rules], rows


PEERS: dict[str, tuple[Callable[[list[dict[str, Any]]], tuple[Ask, list[Any]]], int]] = {
    "datalogic-py": (datalogic, 4_000),
    "datalogic-py, parsed before": (datalogic_parsed, 4_000),
    "zen-engine": (zen, 4_000),
    "rule-engine": (rule_engine, 500),
}
"""Name -> (how it is set up, on how many customers it is timed)."""


def measure(name: str, customers: int, rounds: int) -> dict[str, Any]:
    """Check a peer's answers, then time it; returns the median ratio and microseconds per customer."""
    population = generate(POPULATION)
    rows = rows_of(population)[: max(customers, min(customers * 8, YARDSTICK))]
    program = compile_predicates([ours(tree) for tree in RULES.values()])
    records = [program.record(fold(History(f"c{n}"), facts_of(row, n)), "UTC") for n, row in enumerate(rows)]
    ask, data = PEERS[name][0](dicts_of(rows[:customers]))
    found = [sum(bool(bit) << place for place, bit in enumerate(ask(each))) for each in data]
    assert found == reference(population)[:customers].tolist(), f"{name} is wrong"
    boolean = program.boolean

    def yardstick() -> None:
        for record in records:
            boolean(record, NOW)

    def peer() -> None:
        for each in data:
            ask(each)

    ratios, micros = [], []
    with quiet():
        yardstick()
        for _ in range(rounds):
            before, taken, after = cpu(yardstick), cpu(peer), cpu(yardstick)
            ratios.append(taken / customers / ((before + after) / 2 / len(records)))
            micros.append(taken / customers * 1e6)
    return {"ratio": median(ratios), "micros": median(micros)}


def apart(name: str, customers: int, rounds: int) -> dict[str, Any]:
    """Measure a peer in a process of its own."""
    command = [sys.executable, "-m", "bench.peers", name, str(customers), str(rounds)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{name} could not be measured: {done.stderr.strip().splitlines()[-1]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
