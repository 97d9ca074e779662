"""Static analysis of rules: what can be said before anything runs. Sound: what it calls impossible is impossible."""

from retention_engine.rules.analysis.checking import check
from retention_engine.rules.analysis.entries import bounded
from retention_engine.rules.analysis.findings import Code, Finding, Severity
from retention_engine.rules.analysis.journeys import PROMOTIONAL
from retention_engine.rules.analysis.pressure import worst_case
from retention_engine.rules.analysis.satisfy import always_holds, follows, never_holds

__all__ = [
    "PROMOTIONAL",
    "Code",
    "Finding",
    "Severity",
    "always_holds",
    "bounded",
    "check",
    "follows",
    "never_holds",
    "worst_case",
]
