"""A finding is one line; its code and severity are stable words."""

from __future__ import annotations

from retention_engine.rules import Code, Finding, Severity
from retention_engine.rules.analysis.findings import said


def test_a_finding_reads_as_one_line() -> None:
    """Severity, rules, message, suggestion."""
    assert str(Finding(("a", "b"), Code.PRESSURE, Severity.INFO, "it is so")) == "info a, b: it is so"
    assert str(Finding((), Code.NEVER_TRUE, Severity.ERROR, "it is so", "mend it")) == "error: it is so; mend it"


def test_codes_are_their_own_names() -> None:
    """Programs compare them as texts."""
    assert all(code.value == code.name.lower() for code in Code)
    assert [severity.value for severity in Severity] == ["error", "warning", "info"]


def test_long_expressions_are_shortened() -> None:
    """A message stays readable."""
    assert said("x" * 200) == "x" * 200
    assert said("x" * 201) == "x" * 197 + "..."
