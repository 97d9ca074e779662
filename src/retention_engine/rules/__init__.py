"""Rules: triggers that make occasions, steps, and rule sets; as Python, as TOML, as a flow chart and as a page."""

from retention_engine.rules.acts import Audience, Call, Do, Escalate, Grant, IssueCode, Send, Tag, Untag
from retention_engine.rules.analysis import Code, Finding, Severity, check
from retention_engine.rules.base import Occasion, Trigger
from retention_engine.rules.catalogue import Catalogue, back_in_stock, on_sale, price_drop
from retention_engine.rules.drawing import to_mermaid
from retention_engine.rules.flow import Flow
from retention_engine.rules.goals import Goal
from retention_engine.rules.pages import to_page
from retention_engine.rules.rule import Rule, RuleSet
from retention_engine.rules.schedules import Schedule, daily, monthly, weekly
from retention_engine.rules.steps import Branch, Choice, Split, Step, Variant, When
from retention_engine.rules.text import read_goal, read_span, read_step, read_trigger
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
from retention_engine.rules.waits import Delay, WaitFor, WaitUntil

__all__ = [
    "After",
    "Ahead",
    "Audience",
    "Before",
    "Branch",
    "Call",
    "Catalogue",
    "Choice",
    "Code",
    "Delay",
    "Do",
    "Edge",
    "Escalate",
    "Every",
    "Finding",
    "Flow",
    "Goal",
    "Grant",
    "IssueCode",
    "Occasion",
    "Rule",
    "RuleSet",
    "Schedule",
    "Send",
    "Severity",
    "Split",
    "Step",
    "Tag",
    "Trigger",
    "Untag",
    "Variant",
    "WaitFor",
    "WaitUntil",
    "When",
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
    "read_goal",
    "read_span",
    "read_step",
    "read_trigger",
    "to_mermaid",
    "to_page",
    "weekly",
]
