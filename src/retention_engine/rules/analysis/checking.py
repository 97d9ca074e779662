"""All findings about a rule set, the worst first."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from retention_engine.rules.analysis.conditions import condition_findings
from retention_engine.rules.analysis.findings import Finding, Severity
from retention_engine.rules.analysis.journeys import PROMOTIONAL, journey_findings
from retention_engine.rules.analysis.pairs import pair_findings
from retention_engine.rules.analysis.pressure import pressure_findings
from retention_engine.rules.rule import Rule, RuleSet

_ORDER = list(Severity)


def check(rules: Iterable[Rule] | RuleSet, *, promotional: Collection[str] = PROMOTIONAL) -> list[Finding]:
    """Return what can be said about rules before anything runs: errors first, then warnings, then the rest.

    Args:
        rules: a rule set, or rules.
        promotional: topics of messages that should stop once the customer has bought.

    Raises:
        DefinitionError: something is no rule, or two rules have one id.
    """
    made = RuleSet.of(rules)
    found = [
        *condition_findings(made),
        *journey_findings(made, promotional),
        *pair_findings(made),
        *pressure_findings(made),
    ]
    return sorted(found, key=lambda finding: _ORDER.index(finding.severity))
