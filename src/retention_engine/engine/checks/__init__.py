"""Static analysis of rules together with the policies above them. Sound: what it calls impossible is impossible."""

from retention_engine.engine.checks.checking import check
from retention_engine.engine.checks.reach import Block, blocked
from retention_engine.engine.checks.week import Week, worst_week

__all__ = ["Block", "Week", "blocked", "check", "worst_week"]
