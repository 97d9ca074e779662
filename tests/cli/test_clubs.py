"""``--club``: commands that look at members are told which club they are members of."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from retention_engine.cli.exits import Exit
from tests.cli._shop import is_one_error, opened, run, write

MEMBERS = """
[[rules]]
id = "rich"
trigger = "entering(member.balance('pts') >= 40)"
steps = ["Grant('pts', amount=5)", "Send('thanks', purpose='service')"]
"""
CLUB = """
from retention_engine.clubs import Club, Earning, Programme, per_money
from retention_engine.loyalty import AT_ONCE, Unit

base = Earning("base", per_money(1, 100), vesting=AT_ONCE)
CLUB = Club(programmes=[Programme(id="club", unit=Unit("pts"), currency="EUR", earning=[base])])
NONE = 5
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a store, rules and a module, in which commands are given."""
    monkeypatch.chdir(tmp_path)
    opened(tmp_path)
    write(tmp_path, {"members.toml": MEMBERS, "members_club.py": CLUB})
    sys.modules.pop("members_club", None)
    return tmp_path


def test_rules_ask_the_club_and_grant(files: Path) -> None:
    """Advance grants, explain tells the balance, segment lists the members; nothing twice."""
    asked = ("--db", files / "shop.db")
    club = ("--club", "members_club:CLUB", "--json")
    done = run("advance", "members.toml", *asked, "--since", "2026-01-01", "--to", "2026-03-30", *club)
    actions = [(each["customer"], each["kind"]) for each in done.objects() if each["type"] == "action"]
    assert actions == [("anna", "grant"), ("anna", "send")]
    told = run("explain", "members.toml", *asked, "--customer", "anna", "--rule", "rich", *club)
    assert told.only("story")["questions"]["trigger"]["value"] == "52"
    listed = run("segment", "member.balance('pts') >= 10", *asked, *club)
    by_sql = run("segment", "member.balance('pts') >= 10", *asked, *club, "--sql")
    assert listed.only("segment")["members"] == by_sql.only("segment")["members"] == 2


def test_a_store_with_a_club_is_not_advanced_without_it(files: Path) -> None:
    """Its facts would pass and earn nothing: one error that says so, and nothing changes."""
    asked = ("--db", files / "shop.db")
    run("advance", "members.toml", *asked, "--since", "2026-01-01", "--to", "2026-01-02", "--club", "members_club:CLUB")
    found = run("advance", "rules.toml", *asked, "--to", "2026-03-30")
    assert is_one_error(found, Exit.INPUT)
    assert "this store has a club" in found.err


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("members_club:OTHER", "module:NAME"),
        ("members_club", "module:NAME"),
        ("nowhere:CLUB", "module:NAME"),
        (":CLUB", "module:NAME"),
        ("members_club:NONE", "is 5, no Club"),
    ],
)
def test_a_club_that_is_not_there_is_named(files: Path, name: str, said: str) -> None:
    """One error, and the store is as it was."""
    db = files / "shop.db"
    found = run("advance", "members.toml", "--db", db, "--to", "2026-03-30", "--club", name)
    assert is_one_error(found, Exit.USAGE)
    assert said in found.err


def test_without_a_club_such_rules_are_an_error(files: Path) -> None:
    """The rule is named."""
    db = files / "shop.db"
    found = run("advance", "members.toml", "--db", db, "--to", "2026-03-30")
    assert is_one_error(found, Exit.INPUT)
    assert "rule 'rich': it asks member.balance('pts') >= 40, and there is no club" in found.err


def test_a_backtest_grants_too(files: Path) -> None:
    """The production code, with the club."""
    span = ("--orders", "orders.csv", "--from", "2026-01-01", "--to", "2026-03-30", "--map", "currency=EUR")
    done = run("backtest", "members.toml", *span, "--club", "members_club:CLUB", "--json")
    assert done.only("backtest")["outcomes"]["rich"] == {"act": 2}
