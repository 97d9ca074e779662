"""Rules: triggers that make occasions, steps, and rule sets; as Python and as TOML."""

from retention_engine.rules.analysis import Code, Finding, Severity, check
from retention_engine.rules.base import Occasion, Trigger
from retention_engine.rules.catalogue import Catalogue, back_in_stock, on_sale, price_drop
from retention_engine.rules.rule import Rule, RuleSet
from retention_engine.rules.schedules import Schedule, daily, monthly, weekly
from retention_engine.rules.steps import Delay, Do, Send, Step, WaitFor
from retention_engine.rules.text import read_span, read_step, read_trigger
from retention_engine.rules.toml import dump_rules, load_rules
from retention_engine.rules.triggers import (
    After,
    Ahead,
    Before,
    Edge,
    Every,
    after,
    before,
    entering,
    every,
    leaving,
    on,
)

__all__ = [
    "After",
    "Ahead",
    "Before",
    "Catalogue",
    "Code",
    "Delay",
    "Do",
    "Edge",
    "Every",
    "Finding",
    "Occasion",
    "Rule",
    "RuleSet",
    "Schedule",
    "Send",
    "Severity",
    "Step",
    "Trigger",
    "WaitFor",
    "after",
    "back_in_stock",
    "before",
    "check",
    "daily",
    "dump_rules",
    "entering",
    "every",
    "leaving",
    "load_rules",
    "monthly",
    "on",
    "on_sale",
    "price_drop",
    "read_span",
    "read_step",
    "read_trigger",
    "weekly",
]
