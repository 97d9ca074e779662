"""``retention-engine check``: what is wrong with rules, before anything runs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from retention_engine.cli.exits import Exit
from retention_engine.cli.inputs import rules_in
from retention_engine.cli.screen import Screen
from retention_engine.rules import Finding, Severity
from retention_engine.rules import check as findings_of

STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: ""}


def check(rules: Path, /, *, json: bool = False) -> Exit:
    """Say what is wrong with rules, or worth knowing, before anything runs.

    What it calls impossible is impossible. The exit code is 1 when there is an error or a warning.

    Args:
        rules: the rules, a TOML file.
        json: print JSON lines for programs.
    """
    screen = Screen(json=json)
    known = rules_in(rules)
    found = findings_of(known)
    for finding in found:
        _tell(screen, finding)
    counts = Counter(finding.severity for finding in found)
    words = {"errors": counts[Severity.ERROR], "warnings": counts[Severity.WARNING], "infos": counts[Severity.INFO]}
    screen.emit("check", rules=len(known), segments=len(known.segments), **words)
    screen.say(f"{len(known)} rules: " + ", ".join(f"{count} {name}" for name, count in words.items()))
    return Exit.FOUND if counts[Severity.ERROR] or counts[Severity.WARNING] else Exit.OK


def _tell(screen: Screen, finding: Finding) -> None:
    screen.emit(
        "finding",
        rules=list(finding.rules),
        code=finding.code.value,
        severity=finding.severity.value,
        message=finding.message,
        suggestion=finding.suggestion,
    )
    screen.say(str(finding), style=STYLES[finding.severity])
