"""``check``: findings and their exit code."""

from __future__ import annotations

from pathlib import Path

from tests.cli._shop import RULES, is_one_error, run, write

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
