"""What Hypothesis loads by itself: ``st.from_type`` learns our own types. Nothing else is registered."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from retention_engine import facts, predicates, testing, timing


def _makers() -> dict[type[Any], Callable[[type[Any]], Any]]:
    """Return what builds the strategy of each type, when it is asked for."""
    makers: dict[type[Any], Callable[[type[Any]], Any]] = {
        facts.Cart: lambda _: testing.strategies.carts(),
        facts.Customer: lambda _: testing.customers(),
        facts.Fact: lambda _: testing.facts(),
        facts.Line: lambda _: testing.strategies.lines(),
        facts.Order: lambda _: testing.orders(),
        predicates.Collection: lambda _: testing.collections(),
        predicates.Quantity: lambda _: testing.quantities(),
        predicates.Truth: lambda _: testing.expressions(),
        timing.LocalDays: lambda _: testing.strategies.day_counts(),
        timing.Span: lambda _: testing.spans(),
    }
    return makers | {cls: lambda wanted: testing.facts(kinds=(wanted,)) for cls in facts.KINDS.values()}


def register() -> None:
    """Register our types with Hypothesis, when that is loaded; types of other libraries are left alone."""
    if "hypothesis" not in sys.modules:
        return
    from hypothesis import strategies as st

    for cls, maker in _makers().items():
        st.register_type_strategy(cls, maker)
