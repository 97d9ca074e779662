"""All findings about rules under policies, the worst first."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from retention_engine.arbitration import Arbiter, Policy
from retention_engine.engine.checks.hints import hint_findings
from retention_engine.engine.checks.reach import reach_findings
from retention_engine.engine.checks.week import week_findings
from retention_engine.rules import Code, Finding, Rule, RuleSet, Severity
from retention_engine.rules import check as check_rules
from retention_engine.rules.analysis import PROMOTIONAL

_ORDER = list(Severity)


def check(
    rules: Iterable[Rule] | RuleSet,
    policies: Iterable[Policy] = (),
    *,
    promotional: Collection[str] = PROMOTIONAL,
    consent_topics: Collection[str] | None = None,
) -> list[Finding]:
    """Return what can be said about rules under policies before anything runs: errors first, then warnings, the rest.

    "Never" means: in no journal that these rules and policies began, for no customer whose zone stays the same while a
    message waits, on clocks that are changed by an hour at most. Policies of your own kinds are not looked into.

    Args:
        rules: a rule set, or rules.
        policies: what every message is weighed by, besides ``courtesy()``, which always stands.
        promotional: topics of messages that should stop once the customer has bought.
        consent_topics: every topic to which customers can consent in your forms; None: not known.

    Raises:
        DefinitionError: something is no rule or no policy, or two rules have one id.
    """
    made, given = RuleSet.of(rules), Arbiter(policies).policies
    alone = [each for each in check_rules(made, promotional=promotional) if not _is_total(each)]
    found = [
        *alone,
        *reach_findings(made, given, None if consent_topics is None else frozenset(consent_topics)),
        *hint_findings(made, given),
        *week_findings(made, given),
    ]
    return sorted(found, key=lambda finding: _ORDER.index(finding.severity))


def _is_total(finding: Finding) -> bool:
    """Tell whether it is the sum over several rules, which policies change."""
    return finding.code is Code.PRESSURE and len(finding.rules) > 1
