"""``--club``: commands that look at members are told which club they are members of."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from retention_engine import Engine, Line, Money
from retention_engine.cli.exits import Exit
from retention_engine.cli.inputs import club_at
from retention_engine.clubs import Checkout
from tests.cli._shop import EUR, is_one_error, opened, run, write

MEMBERS = """
[[rules]]
id = "rich"
trigger = "entering(member.balance('pts') >= 40)"
steps = ["Grant('pts', amount=5)", "Send('thanks', purpose='service')"]
"""
ASKING = MEMBERS.replace("\"Grant('pts', amount=5)\", ", "")
CLUB = """
from retention_engine.clubs import Club, Earning, Programme, per_money
from retention_engine.loyalty import AT_ONCE, Unit

base = Earning("base", per_money(1, 100), vesting=AT_ONCE)
CLUB = Club(programmes=[Programme(id="club", unit=Unit("pts"), currency="EUR", earning=[base])])
NONE = 5
"""
CODES = """
from retention_engine import Money
from retention_engine.clubs import Club, Limit, Promotion
from retention_engine.loyalty.codes import CodeKeys, Off

SPRING = Promotion(id="spring", discount=Off(Money(100, "EUR")), vanity=["SPRING"], limits=[Limit(uses=1)])
CLUB = Club(promotions=[SPRING], keys=CodeKeys({"one": b"k" * 32}, current="one"))
"""
LATER = """order,customer,at,sku,price,quantity
900,anna,2026-04-01T10:05:00+00:00,soap,4.50,1
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
    for asks, said in ((MEMBERS, "a club carries out Grant("), (ASKING, "it asks member.balance('pts') >= 40, and")):
        write(files, {"members.toml": asks})
        found = run("advance", "members.toml", "--db", db, "--to", "2026-03-30")
        assert is_one_error(found, Exit.INPUT)
        assert f"rule 'rich': {said}" in found.err
        assert "there is no club" in found.err


def test_a_backtest_grants_too(files: Path) -> None:
    """The production code, with the club."""
    span = ("--orders", "orders.csv", "--from", "2026-01-01", "--to", "2026-03-30", "--map", "currency=EUR")
    done = run("backtest", "members.toml", *span, "--club", "members_club:CLUB", "--json")
    assert done.only("backtest")["outcomes"]["rich"] == {"act": 2}


def test_orders_that_settle_codes_are_imported_with_the_club(files: Path) -> None:
    """Without it one error and an unchanged store; with it the code that the order holds is used."""
    write(files, {"codes_club.py": CODES, "later.csv": LATER})
    sys.modules.pop("codes_club", None)
    club = club_at("codes_club:CLUB")
    asked = ("import", "later.csv", "--db", "shop.db", *EUR)
    soap = [Line(sku="soap", price=Money(450, "EUR"))]
    with Engine([], club=club, store="sqlite:///shop.db") as engine:
        wanted = Checkout(order="900", customer="anna", lines=soap)
        assert engine.codes.hold(wanted, ["spring"], at="2026-04-01T10:00:00+00:00").discount == 100
    found = run(*asked)
    assert is_one_error(found, Exit.INPUT)
    assert "promo codes" in found.err
    assert "--club" in found.err
    done = run(*asked, "--club", "codes_club:CLUB", "--json")
    assert done.only("import").items() >= {"new": 1, "repeated": 0}.items()
    assert run(*asked, "--club", "codes_club:CLUB", "--json").only("import")["repeated"] == 1
    with Engine([], club=club, store="sqlite:///shop.db") as engine:
        again = engine.codes.quote(
            Checkout(order="901", customer="anna", lines=soap), ["SPRING"], at="2026-05-01T00:00Z"
        )
        assert again.refused["SPRING"].value == "used_up"
        assert engine.verify() == []


@pytest.mark.parametrize(("name", "said"), [("nowhere:CLUB", "module:NAME"), ("members_club:NONE", "is 5, no Club")])
def test_an_import_names_a_club_that_is_not_there(files: Path, name: str, said: str) -> None:
    """Before anything is read or made."""
    found = run("import", "orders.csv", "--db", "new.db", *EUR, "--club", name)
    assert is_one_error(found, Exit.USAGE)
    assert said in found.err
    assert not Path("new.db").exists()


@pytest.mark.parametrize("more", [[], ["--sql"]])
def test_a_segment_of_members_needs_the_club(files: Path, more: list[str]) -> None:
    """It would list nobody."""
    found = run("segment", "member.balance('pts') >= 10", "--db", files / "shop.db", "--at", "2026-03-30", *more)
    assert is_one_error(found, Exit.INPUT)
    assert "there is no club" in found.err
