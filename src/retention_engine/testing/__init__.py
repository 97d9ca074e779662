"""What users need to test their own rules: strategies, laws, a clock. Nothing heavy is loaded before it is used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from retention_engine.testing import strategies
    from retention_engine.testing.brute_force import essence, oracle
    from retention_engine.testing.case import Case, nodes, view_at, walk
    from retention_engine.testing.clock import ManualClock
    from retention_engine.testing.conformance import StoreConformance
    from retention_engine.testing.fold_laws import arrangements, order_independent
    from retention_engine.testing.interrupted import InterruptedStore
    from retention_engine.testing.laws import (
        LAWS,
        check_comparisons,
        check_dates,
        check_de_morgan,
        check_double_negation,
        check_horizon,
        check_laws,
        check_negation,
        check_reads,
        check_repr,
        check_text,
        check_windows,
    )
    from retention_engine.testing.simulation import (
        decision_lines,
        once,
        order_independent_engine,
        tick_invariant,
    )
    from retention_engine.testing.strategies import (
        Scenario,
        cases,
        collections,
        customers,
        datetimes,
        expressions,
        facts,
        histories,
        instants,
        orders,
        policies,
        quantities,
        rule_sets,
        rules,
        scenarios,
        spans,
        zones,
    )
    from retention_engine.testing.verified import Verified, verify

__all__ = [
    "LAWS",
    "Case",
    "InterruptedStore",
    "ManualClock",
    "Scenario",
    "StoreConformance",
    "Verified",
    "arrangements",
    "cases",
    "check_comparisons",
    "check_dates",
    "check_de_morgan",
    "check_double_negation",
    "check_horizon",
    "check_laws",
    "check_negation",
    "check_reads",
    "check_repr",
    "check_text",
    "check_windows",
    "collections",
    "customers",
    "datetimes",
    "decision_lines",
    "essence",
    "expressions",
    "facts",
    "histories",
    "instants",
    "nodes",
    "once",
    "oracle",
    "order_independent",
    "order_independent_engine",
    "orders",
    "policies",
    "quantities",
    "rule_sets",
    "rules",
    "scenarios",
    "spans",
    "strategies",
    "tick_invariant",
    "verify",
    "view_at",
    "walk",
    "zones",
]

_HOMES = {
    "brute_force": ("essence", "oracle"),
    "case": ("Case", "nodes", "view_at", "walk"),
    "clock": ("ManualClock",),
    "conformance": ("StoreConformance",),
    "fold_laws": ("arrangements", "order_independent"),
    "laws": ("LAWS", *(name for name in __all__ if name.startswith("check_"))),
    "interrupted": ("InterruptedStore",),
    "simulation": ("decision_lines", "once", "order_independent_engine", "tick_invariant"),
    "verified": ("Verified", "verify"),
}
"""Module -> the names in it; all other names are strategies."""


def __getattr__(name: str) -> Any:
    """Load a public name when it is asked for first: the strategies need Hypothesis, the clock pendulum."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = next((home for home, names in _HOMES.items() if name in names), "strategies")
    module = import_module(f"{__name__}.{home}")
    return module if name == "strategies" else getattr(module, name)
