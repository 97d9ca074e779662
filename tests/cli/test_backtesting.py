"""``backtest``: what rules would have done, and how others differ."""

from __future__ import annotations

from pathlib import Path

from tests.cli._shop import EUR, ORDERS, POLICIES, RULES, is_one_error, run, write

SPAN = ("--from", "2026-01-01", "--to", "2026-06-01")


def files(folder: Path) -> tuple[object, ...]:
    """Write orders and two rule sets; return the arguments for the first."""
    eager = RULES.replace("orders.count() >= 2", "orders.count() >= 1").replace("days(45)", "days(30)")
    write(folder, {"orders.csv": ORDERS, "rules.toml": RULES, "eager.toml": eager})
    return (folder / "rules.toml", "--orders", folder / "orders.csv", *EUR, *SPAN)


def test_decisions_are_counted_by_rule_and_outcome(tmp_path: Path) -> None:
    """The object holds counts by rule, the distribution of messages, and those over three a week."""
    found = run("backtest", *files(tmp_path), "--json").only("backtest")

    assert found["outcomes"] == {"thanks": {"act": 4}, "win-back": {"act": 2, "drop condition_false": 2, "wait": 1}}
    assert found["messages_per_customer"] == {"0": 0, "1": 2, "4": 1}
    assert (found["customers"], found["over_3_a_week"]) == (3, 0)


def test_two_rule_sets_are_compared(tmp_path: Path) -> None:
    """--diff runs the other rules over the same orders and says what they do otherwise."""
    done = run("backtest", *files(tmp_path), "--diff", tmp_path / "eager.toml", "--json")

    assert [each["type"] for each in done.objects()] == ["backtest", "backtest", "difference"]
    found = done.only("difference")
    assert (found["sends"], found["gained"], found["lost"]) == ({"win-back": 6}, 6, 0)


def test_people_see_tables(tmp_path: Path) -> None:
    """For people there are tables of outcomes and messages, and the difference in one line."""
    out = run("backtest", *files(tmp_path), "--diff", tmp_path / "eager.toml").out

    assert "win-back    2                     2     1" in out
    assert "Messages per customer" in out
    assert "+6 sends, +0 customers over three a week" in out


def test_a_long_tail_is_one_row(tmp_path: Path) -> None:
    """From twelve messages on the distribution is summed up."""
    rows = "".join(f"{n},anna,2026-01-{n:02}T00:00:00Z,1.00\n" for n in range(2, 30))
    more = "".join(
        f"{10 * n + k},c{n},2026-01-{k + 2:02}T00:00:00Z,1.00\n" for n in range(10, 25) for k in range(n - 9)
    )
    write(tmp_path, {"orders.csv": f"order,customer,at,total\n{rows}{more}", "rules.toml": RULES})
    done = run("backtest", tmp_path / "rules.toml", "--orders", tmp_path / "orders.csv", *EUR, *SPAN)

    assert "or more" in done.out


def test_bad_files_are_told(tmp_path: Path) -> None:
    """Missing orders, rules that are none, and a wrong instant each end in their exit code."""
    rules, *rest = files(tmp_path)
    assert is_one_error(run("backtest", tmp_path / "no.toml", *rest), 3)
    assert is_one_error(run("backtest", rules, "--orders", tmp_path / "no.csv", *EUR, *SPAN), 3)
    assert is_one_error(run("backtest", rules, *rest, "--from", "soon"), 2)


def test_drops_and_deferrals_are_counted_by_reason(tmp_path: Path) -> None:
    """Under the policies of the file, and as a difference to rules without them."""
    arguments = files(tmp_path)
    write(tmp_path, {"held.toml": POLICIES + RULES})
    done = run("backtest", *arguments, "--diff", tmp_path / "held.toml", "--json")
    plain, held = (each for each in done.objects() if each["type"] == "backtest")

    assert plain["reasons"] == {"drop": {"condition_false": 2}, "defer": {}}
    assert held["reasons"]["defer"].keys() == {"frequency_cap", "quiet_hours"}
    change = done.only("difference")["reasons"]
    assert change["defer"] == held["reasons"]["defer"]
    out = run("backtest", *arguments, "--diff", tmp_path / "held.toml").out
    assert "Dropped and deferred, by reason" in out
    assert f"quiet_hours                 +{change['defer']['quiet_hours']}" in " ".join(
        out.split("dropped and deferred")[1:]
    )
