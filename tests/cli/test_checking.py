"""``check``: findings and their exit code."""

from __future__ import annotations

from pathlib import Path

from tests.cli._shop import POLICIES, RULES, is_one_error, run, write

NEVER = """
[[rules]]
id = "never"
trigger = "entering(orders.count() >= 3 and orders.count() < 2)"
steps = ["Send('x')"]
"""


def test_sound_rules_pass(tmp_path: Path) -> None:
    """Rules without an error or a warning end in 0."""
    write(tmp_path, {"rules.toml": RULES})
    done = run("check", tmp_path / "rules.toml", "--json")

    assert done.code == 0
    assert done.only("check").items() >= {"rules": 2, "segments": 1, "errors": 0, "warnings": 0}.items()


def test_what_can_never_hold_is_found(tmp_path: Path) -> None:
    """A contradiction is an error, the exit code 1, and the finding names the rule."""
    write(tmp_path, {"rules.toml": NEVER})
    done = run("check", tmp_path / "rules.toml", "--json")
    errors = [each for each in done.objects() if each.get("severity") == "error"]

    assert done.code == 1
    assert [(each["rules"], each["code"]) for each in errors] == [(["never"], "never_true")]
    assert "error never: " in run("check", tmp_path / "rules.toml").out


def test_rules_that_are_none_are_bad_input(tmp_path: Path) -> None:
    """A file that holds no rules is told with the place, and ends in 3."""
    write(tmp_path, {"rules.toml": NEVER.replace("entering", "entring")})
    done = run("check", tmp_path / "rules.toml")

    assert is_one_error(done, 3)
    assert "rules[0].trigger" in done.err


def test_policies_of_the_file_are_looked_at(tmp_path: Path) -> None:
    """The worst week under them, how many there are, and messages that they never let through."""
    write(tmp_path, {"rules.toml": POLICIES + RULES, "never.toml": 'policies = ["Consent()"]\n' + RULES})
    done = run("check", tmp_path / "rules.toml", "--json")

    assert done.only("check")["policies"] == 3
    assert any("at most 1 a week (AtMost(1, per=days(30)))" in each.get("message", "") for each in done.objects())
    told = run("check", tmp_path / "never.toml")
    assert told.code == 1
    assert "error thanks: message 'thanks' is never sent: it names no topic, and Consent() asks for one" in told.out


def test_topics_that_nobody_can_consent_to_are_found(tmp_path: Path) -> None:
    """When the topics of the forms are told."""
    write(tmp_path, {"rules.toml": "policies = [\"Consent(topic='offers')\"]\n" + RULES})

    assert run("check", tmp_path / "rules.toml", "--consent-topics", "offers,news").code == 0
    done = run("check", tmp_path / "rules.toml", "--consent-topics", "news", "--json")
    assert {each["code"] for each in done.objects() if each.get("severity") == "error"} == {"no_consent_source"}


def test_a_policy_that_is_none_is_bad_input(tmp_path: Path) -> None:
    """The place is told, by every command alike."""
    write(tmp_path, {"rules.toml": 'policies = ["Atmost(1, per=days(7))"]\n' + RULES})
    done = run("check", tmp_path / "rules.toml")

    assert is_one_error(done, 3)
    assert "policies[0]: unknown function 'Atmost' (did you mean 'AtMost'?)" in done.err
