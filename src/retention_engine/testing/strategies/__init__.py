"""Hypothesis strategies for facts, histories and expressions of the language; they need the extra ``testing``."""

from retention_engine.testing.strategies.expressions import collections, comparisons, expressions, quantities
from retention_engine.testing.strategies.facts import facts
from retention_engine.testing.strategies.histories import cases, histories
from retention_engine.testing.strategies.policies import busy_rules, choices, policies, policy_sets, switches
from retention_engine.testing.strategies.rules import questions, rule_sets, rules, steps, triggers
from retention_engine.testing.strategies.scenarios import Scenario, scenarios
from retention_engine.testing.strategies.times import corners, datetimes, day_counts, instants, spans, zones
from retention_engine.testing.strategies.words import carts, customers, data, lines, moneys, orders, scalars, texts

__all__ = [
    "Scenario",
    "busy_rules",
    "carts",
    "cases",
    "choices",
    "collections",
    "comparisons",
    "corners",
    "customers",
    "data",
    "datetimes",
    "day_counts",
    "expressions",
    "facts",
    "histories",
    "instants",
    "lines",
    "moneys",
    "orders",
    "policies",
    "policy_sets",
    "quantities",
    "questions",
    "rule_sets",
    "rules",
    "scalars",
    "scenarios",
    "spans",
    "steps",
    "switches",
    "texts",
    "triggers",
    "zones",
]
