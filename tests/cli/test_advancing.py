"""``advance``: what became due is printed once."""

from __future__ import annotations

from pathlib import Path

from tests.cli._shop import POLICIES, RULES, is_one_error, opened, run, write


def test_policies_of_the_file_hold_messages(tmp_path: Path) -> None:
    """What is due in quiet hours goes out after them: an hour later where the zone is not known."""
    db = opened(tmp_path)
    write(tmp_path, {"held.toml": POLICIES + RULES})
    span = ("--db", db, "--since", "2026-02-11", "--json")

    early = run("advance", tmp_path / "held.toml", *span, "--to", "2026-02-11T20:59:00+00:00")
    assert [each["customer"] for each in early.objects() if each["type"] == "action"] == []
    late = run("advance", tmp_path / "held.toml", *span, "--to", "2026-02-11T21:00:00+00:00")
    assert {each["customer"] for each in late.objects() if each["type"] == "action"} == {"boris"}


def test_due_actions_are_printed_once(tmp_path: Path) -> None:
    """The first run prints what is due, the same again nothing, a later one what is new."""
    db, rules = opened(tmp_path), tmp_path / "rules.toml"
    first = run("advance", rules, "--db", db, "--since", "2026-01-01", "--to", "2026-03-30", "--json")
    again = run("advance", rules, "--db", db, "--to", "2026-03-30", "--json")
    later = run("advance", rules, "--db", db, "--to", "2026-04-30", "--json")

    assert [(each["rule"], each["customer"]) for each in first.objects()[:-1]] == [
        ("thanks", "anna"),
        ("thanks", "anna"),
        ("thanks", "boris"),
        ("thanks", "clara"),
        ("win-back", "anna"),
    ]
    assert again.only("advance").items() >= {"actions": 0, "next_wakeup": "2026-04-03T18:30:00Z"}.items()
    assert [each["name"] for each in later.objects() if each["type"] == "action"] == ["last-call"]


def test_an_action_carries_its_reason(tmp_path: Path) -> None:
    """An action says what it is, until when it holds, and why."""
    db, rules = opened(tmp_path), tmp_path / "rules.toml"
    done = run("advance", rules, "--db", db, "--since", "2026-02-15", "--to", "2026-03-30", "--json")
    thanks, win_back = (each for each in done.objects() if each["type"] == "action")

    wanted = {"kind": "send", "name": "thanks", "due": "2026-03-02T09:00:00Z", "valid_until": "2026-03-03T09:00:00Z"}
    assert thanks.items() >= wanted.items()
    assert win_back["topic"] == "offers"
    assert win_back["because"] == ["orders.last().age >= days(45): yes, 45 days"]


def test_people_see_a_table(tmp_path: Path) -> None:
    """For people there is a table and a line with what comes next."""
    db, rules = opened(tmp_path), tmp_path / "rules.toml"
    done = run("advance", rules, "--db", db, "--since", "2026-01-01", "--to", "2026-03-30")

    assert "2026-03-27T18:30:00Z  anna      send we-miss-you  win-back" in done.out
    assert "5 actions, 3 customers looked at; next: 2026-04-03T18:30:00Z" in done.out


def test_time_does_not_go_back(tmp_path: Path) -> None:
    """An earlier instant is refused."""
    db, rules = opened(tmp_path), tmp_path / "rules.toml"
    run("advance", rules, "--db", db, "--to", "2026-03-30")

    assert is_one_error(run("advance", rules, "--db", db, "--to", "2026-03-29"), 2)


def test_a_date_is_the_first_instant_of_the_shops_day(tmp_path: Path) -> None:
    """--to takes a date in the zone of the shop."""
    db, rules = opened(tmp_path), tmp_path / "rules.toml"
    done = run("advance", rules, "--db", db, "--to", "2026-03-30", "--zone", "Europe/Berlin", "--json")

    assert done.only("advance")["to"] == "2026-03-29T22:00:00Z"
