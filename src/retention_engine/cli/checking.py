"""``retention-engine check``: what is wrong with rules, before anything runs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from retention_engine.cli.exits import Exit
from retention_engine.cli.inputs import shop_in
from retention_engine.cli.screen import Screen
from retention_engine.engine import check as findings_of
from retention_engine.rules import Finding, Severity

STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: ""}


def check(rules: Path, /, *, consent_topics: str | None = None, json: bool = False) -> Exit:
    """Say what is wrong with rules and policies, or worth knowing, before anything runs.

    What it calls impossible is impossible. The exit code is 1 when there is an error or a warning.

    Args:
        rules: the rules and policies, a TOML file.
        consent_topics: every topic to which customers can consent in your forms, parted by commas; left out, any.
        json: print JSON lines for programs.
    """
    screen = Screen(json=json)
    shop = shop_in(rules)
    topics = None if consent_topics is None else consent_topics.split(",")
    found = findings_of(shop.rules, shop.policies, consent_topics=topics)
    for finding in found:
        _tell(screen, finding)
    counts = Counter(finding.severity for finding in found)
    words = {"errors": counts[Severity.ERROR], "warnings": counts[Severity.WARNING], "infos": counts[Severity.INFO]}
    made = {"rules": len(shop.rules), "policies": len(shop.policies)}
    screen.emit("check", **made, segments=len(shop.rules.segments), **words)
    screen.say(
        ", ".join(f"{count} {name}" for name, count in made.items())
        + ": "
        + ", ".join(f"{count} {name}" for name, count in words.items())
    )
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
