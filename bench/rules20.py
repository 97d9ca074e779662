"""The 20 rules: our two functions, lambdas written by hand, native engines, rule-engine.

Every record is made by folding real facts (a registration with the plain attributes, one ``attribute_changed`` for each
instant) through ``History`` and ``compile_predicates``, the way the engine makes it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.customers import facts_of, reference, rows_of, states_of
from bench.measure import Row, in_turn, micros, ratio
from bench.neutral import DUE_AT_10K, FIELDS, INSTANTS, RULES
from bench.peers import PEERS, apart
from bench.readings import ours, over_record, python
from bench.workload import NOW, generate
from retention_engine.predicates import Attribute
from retention_engine.predicates.compiler import Program, compile_predicates
from retention_engine.state import History, Moment, fold

PART = "rules20"
Mask = Callable[[Any], int]


def lambdas(texts: list[str]) -> Mask:
    """Return the loop over 20 lambdas that builds a mask; ``now`` is a global, constants are folded."""
    namespace = {"now": NOW}
    rules = [(eval(f"lambda s: {text}", namespace), 1 << bit) for bit, text in enumerate(texts)]

    def mask(state: Any) -> int:
        found = 0
        for rule, bit in rules:
            if rule(state):
                found |= bit
        return found

    return mask


def slots_of(program: Program) -> dict[str, str]:
    """Return field -> the slot of the record that holds it."""
    cells = {key[1]: cell for key, cell in program._cells._known.items() if key[0] in ("moment", "value")}
    return {field: f"s.{cells[Attribute(field)]}" for field in FIELDS}


def run(*, quick: bool = False) -> list[Row]:
    """Check every answer, then measure."""
    customers, rounds = (200, 3) if quick else (10_000, 21)
    population = generate(10_000)
    expected = reference(population)
    due = tuple(int((expected >> bit & 1).sum()) for bit in range(len(RULES)))
    assert due == DUE_AT_10K, due
    rows, masks = rows_of(population)[:customers], expected[:customers].tolist()
    program = compile_predicates([ours(tree) for tree in RULES.values()])
    histories = [fold(History(f"c{number}"), facts_of(row, number)) for number, row in enumerate(rows)]
    records = [program.record(history, "UTC") for history in histories]
    states = states_of(rows)
    by_hand = lambdas([python(tree, lambda field: f"s.{field}") for tree in RULES.values()])
    places = slots_of(program)
    same = lambdas([over_record(tree, places.__getitem__) for tree in RULES.values()])
    for name, found in {
        "Boolean": [program.boolean(record, NOW) for record in records],
        "horizon": [program.horizon(record, NOW)[0] for record in records],
        "lambdas": [by_hand(state) for state in states],
        "lambdas over records": [same(record) for record in records],
    }.items():
        assert found == masks, f"{name}: wrong answers"
    sides = _sides(program, records, {"lambdas": (by_hand, states), "same": (same, records)})
    times = in_turn(sides, rounds)
    return [*_ours(times, customers), *_costs(program, histories, rounds), *_peers(quick=quick)]


def _sides(
    program: Program, records: list[Any], others: dict[str, tuple[Mask, list[Any]]]
) -> dict[str, Callable[[], None]]:
    instants = list(range(NOW, NOW + len(records)))

    def over(function: Callable[[Any, int], object]) -> Callable[[], None]:
        def side() -> None:
            for record in records:
                function(record, NOW)

        return side

    def apart_in_time() -> None:
        boolean = program.boolean
        for record, now in zip(records, instants, strict=True):
            boolean(record, now)

    def alone(mask: Mask, objects: list[Any]) -> Callable[[], None]:
        def side() -> None:
            for each in objects:
                mask(each)

        return side

    made = {name: alone(*side) for name, side in others.items()}
    return {"boolean": over(program.boolean), "horizon": over(program.horizon), "own": apart_in_time, **made}


def _ours(times: dict[str, list[float]], count: int) -> list[Row]:
    def us(name: str) -> str:
        return f"{micros(times[name], count):.2f} us/customer"

    rate = 20 / micros(times["boolean"], count)
    attrs_note = f"lambdas over an attrs slots object: {us('lambdas')}"
    own = f"{us('own')}: nothing to share between two customers"
    return [
        Row(PART, "Boolean function vs lambdas", ratio(times, "lambdas", "boolean"), "x", (">=", 1.5), attrs_note),
        Row(PART, "Boolean function vs lambdas over our records", ratio(times, "same", "boolean"), "x", (">=", 1.5)),
        Row(PART, "horizon function vs lambdas", ratio(times, "lambdas", "horizon"), "x", (">=", 1.0), us("horizon")),
        Row(PART, "horizon vs Boolean function", ratio(times, "horizon", "boolean"), "x", ("<=", 1.8)),
        Row(PART, "Boolean function", rate, "M evaluations/s", None, us("boolean")),
        Row(
            PART, "Boolean function, each customer at their own instant", ratio(times, "own", "boolean"), "x", None, own
        ),
    ]


def _costs(program: Program, histories: list[History], rounds: int) -> list[Row]:
    """Measure what comes before an evaluation: making a record, and following one fact."""
    few = histories[:1_000]
    changes = [
        (number, field, Moment(NOW - step))
        for step, (number, field) in enumerate((number, INSTANTS[number % 15]) for number in range(len(few)))
    ]
    records = [program.record(history, "UTC") for history in few]
    step = iter(range(10**9))

    def make() -> None:
        for history in few:
            program.record(history, "UTC")

    def follow() -> None:
        turn = next(step)
        for number, field, value in changes:
            few[number].hold(field, value, NOW + turn, "f")
            program.update(records[number])
            program.horizon(records[number], NOW)

    times = in_turn({"make": make, "follow": follow}, rounds)
    return [
        Row(PART, "record made from a history", micros(times["make"], len(few)), "us", None, "27 slots"),
        Row(PART, "one fact followed, then the horizon", micros(times["follow"], len(few)), "us"),
    ]


def _peers(*, quick: bool) -> list[Row]:
    rows: dict[str, Row] = {}
    for name, (_, customers) in PEERS.items():
        found = apart(name, 20 if quick else customers, 2 if quick else 9)
        goal = (">=", 100.0) if name == "rule-engine" else None
        note = f"{found['micros']:.2f} us/customer"
        rows[name] = Row(PART, f"Boolean function vs {name}", found["ratio"], "x", goal, note)
    fastest, name = min((row.value, name) for name, row in rows.items() if name != "rule-engine")
    return [Row(PART, "Boolean function vs the fastest native peer", fastest, "x", (">=", 3.0), name), *rows.values()]
