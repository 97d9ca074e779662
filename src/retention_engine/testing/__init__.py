"""What users need to test their own rules: strategies, laws, a clock. Nothing heavy is loaded before it is used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from retention_engine.testing import strategies
    from retention_engine.testing.case import Case, nodes, view_at, walk
    from retention_engine.testing.clock import ManualClock
    from retention_engine.testing.fold_laws import arrangements, order_independent
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
    from retention_engine.testing.strategies import (
        cases,
        collections,
        customers,
        datetimes,
        expressions,
        facts,
        histories,
        instants,
        orders,
        quantities,
        spans,
        zones,
    )

__all__ = [
    "LAWS",
    "Case",
    "ManualClock",
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
    "expressions",
    "facts",
    "histories",
    "instants",
    "nodes",
    "order_independent",
    "orders",
    "quantities",
    "spans",
    "strategies",
    "view_at",
    "walk",
    "zones",
]

_HOMES = {
    "case": ("Case", "nodes", "view_at", "walk"),
    "clock": ("ManualClock",),
    "fold_laws": ("arrangements", "order_independent"),
    "laws": ("LAWS", "check_"),
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is asked for first: the strategies need Hypothesis, the clock pendulum."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    homes = (home for home, names in _HOMES.items() if name.startswith(names))
    home = import_module(f"{__name__}.{next(homes, 'strategies')}")
    return home if name == "strategies" else getattr(home, name)
