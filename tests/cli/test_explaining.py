"""``explain``: why a rule is or is not due."""

from __future__ import annotations

from pathlib import Path

from tests.cli._shop import POLICIES, RULES, is_one_error, opened, run, write


def test_the_evidence_and_what_changes_it_are_shown(tmp_path: Path) -> None:
    """The question is shown part by part with what was found and when it turns."""
    asked = ("--db", opened(tmp_path), "--customer", "anna", "--rule", "win-back", "--at", "2026-03-01")
    done = run("explain", tmp_path / "rules.toml", *asked)

    assert done.out.startswith("win-back: not due\n")
    assert "orders.last().age >= days(45)    no    18 days; turns true 2026-03-27 18:30 by itself" in done.out


def test_programs_get_the_same_as_an_object(tmp_path: Path) -> None:
    """--json prints one object of the type story."""
    asked = ("--db", opened(tmp_path), "--customer", "anna", "--rule", "win-back", "--at", "2026-03-01")
    story = run("explain", tmp_path / "rules.toml", *asked, "--json").only("story")

    assert story["questions"]["trigger"]["until"] == story["next_due"] == "2026-03-27T18:30:00Z"


def test_unknown_names_are_usage_errors(tmp_path: Path) -> None:
    """An unknown rule names the nearest one; an unknown customer and a missing instant are told as well."""
    rules, db = tmp_path / "rules.toml", opened(tmp_path)
    rule = run("explain", rules, "--db", db, "--customer", "anna", "--rule", "winback", "--at", "2026-03-01")
    customer = run("explain", rules, "--db", db, "--customer", "ann", "--rule", "win-back", "--at", "2026-03-01")
    instant = run("explain", rules, "--db", db, "--customer", "anna", "--rule", "win-back")

    assert all(is_one_error(done, 2) for done in (rule, customer, instant))
    assert "did you mean 'win-back'?" in rule.err


def test_what_speaks_against_the_message_is_shown(tmp_path: Path) -> None:
    """Each policy of the file answers about the message that the rule would send."""
    db = opened(tmp_path)
    write(tmp_path, {"held.toml": POLICIES + RULES})
    asked = ("--db", db, "--customer", "anna", "--rule", "win-back", "--at", "2026-03-01T12:00:00+00:00")
    done = run("explain", tmp_path / "held.toml", *asked)
    story = run("explain", tmp_path / "held.toml", *asked, "--json").only("story")

    assert "against 'we-miss-you' now:" in done.out
    assert "defer quiet_hours until 2026-03-01 21:00  QuietHours('08:00', '20:00')" in done.out
    answers = {each["policy"]: each["answer"] for each in story["manners"]}
    assert answers["AtMost(1, per=days(30))"] == "allow"
