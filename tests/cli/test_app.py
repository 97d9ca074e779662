"""The command line as a whole: help, exit codes, streams, and whatever is thrown at it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from retention_engine import cli
from tests.cli._shop import EUR, ORDERS, RULES, is_one_error, opened, run, write
from tests.house._house import ROOT

COMMANDS = ("demo", "import", "check", "segment", "advance", "backtest", "explain")


def process(*arguments: str, code: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command line in another process, after some code."""
    text = f"{code}\nimport sys\nfrom retention_engine.cli import main\nsys.exit(main(sys.argv[1:]))"
    settings = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", text, *arguments]
    return subprocess.run(command, env=settings, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--help lists the options, each with a text."""
    assert cli.main([command, "--help"]) == 0
    assert f"Usage: retention-engine {command}" in capsys.readouterr().out


def test_all_commands_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a command there is the list of commands."""
    assert cli.main([]) == 0
    shown = capsys.readouterr().out
    assert [command for command in COMMANDS if f" {command} " not in shown] == []


def test_the_version_is_that_of_the_package() -> None:
    """--version prints a version."""
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*\n", process("--version").stdout)


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("advance",),
        ("import", "--db", "x.db"),
        ("demo", "--fast"),
        ("explain", "r.toml", "--customer", "1"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_2(arguments: tuple[str, ...]) -> None:
    """What cannot be understood is told in one line."""
    assert is_one_error(run(*arguments), 2)


@pytest.mark.slow
@pytest.mark.parametrize("package", ["cyclopts", "rich"])
def test_a_missing_extra_is_named(package: str) -> None:
    """Without the packages of the extra, the command line says what to install."""
    done = process("demo", code=f"import sys\nsys.modules[{package!r}] = None")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: '{package}' is needed here: pip install \"retention-engine[cli]\"\n"


@pytest.mark.slow
def test_it_is_a_module_too() -> None:
    """``python -m retention_engine.cli`` is the same program."""
    settings = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "retention_engine.cli", "--version"]
    assert subprocess.run(command, env=settings, capture_output=True, check=False).returncode == 0


@pytest.mark.slow
def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    """A closed pipe, as of head, ends quietly."""
    rows = "".join(f"{n},c{n:05},2026-01-01T00:00:00Z,1.00\n" for n in range(5_000))
    write(tmp_path, {"orders.csv": f"order,customer,at,total\n{rows}"})
    run("import", tmp_path / "orders.csv", "--db", tmp_path / "s.db", *EUR)
    settings = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    asked = ["segment", "orders.exists()", "--db", str(tmp_path / "s.db"), "--at", "2026-02-01", "--json"]
    command = [sys.executable, "-m", "retention_engine.cli", *asked]
    with subprocess.Popen(command, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        errors = running.stderr.read()

    assert (running.returncode, errors) == (0, b"")


def test_an_interruption_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends in one line and 130."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("retention_engine.cli.app.app", interrupted)
    assert is_one_error(run("demo"), 130)


SOUND = 'customer = "customer"\nat = "at"\norder = "order"\nprice = "price"\ncurrency = "EUR"\n'
MAPPINGS = {
    "no.toml": "customer = ",
    "deep.toml": "a = " + "[" * 100_000,
    "twice.toml": SOUND + SOUND,
    "unknown.toml": SOUND + 'custommer = "a"',
    "nested.toml": '[customer]\na = "b"',
    "number.toml": "customer = 5",
    "list.toml": 'customer = ["a", "b"]',
    "zone.toml": SOUND + "zone = 7",
    "cancelled.toml": SOUND + "cancelled = 7",
    "places.toml": SOUND + "decimals = 99",
    "delimiter.toml": SOUND + 'delimiter = ";;"',
    "encoding.toml": SOUND + 'encoding = "klingon"',
    "columns.toml": SOUND + "columns = [1, 2]",
    "guests.toml": SOUND + "guests = [0]",
}


@pytest.mark.parametrize("name", MAPPINGS)
def test_a_hostile_mapping_is_one_line(name: str, tmp_path: Path) -> None:
    """Whatever a mapping file says wrongly ends in one line and 3, and no store is made of it."""
    write(tmp_path, {"orders.csv": ORDERS, name: MAPPINGS[name]})
    done = run("import", tmp_path / "orders.csv", "--db", tmp_path / "s.db", "--mapping", tmp_path / name)

    assert is_one_error(done, 3), done
    assert len(done.err) < 400
    assert not (tmp_path / "s.db").exists()


TABLES = {
    "empty.csv": b"",
    "header.csv": b"order,customer,at,total\n",
    "zeros.csv": b"\x00" * 5_000,
    "binary.csv": bytes(range(256)) * 40,
    "twice.csv": b"order,order,customer,at,total\n1,1,a,2026-01-01T00:00:00Z,1\n",
    "others.csv": b"a,b,c\n1,2,3\n",
    "quote.csv": b'order,customer,at,total\n1,"anna,2026-01-01T00:00:00Z,1.00\n',
    "long.csv": b"order,customer,at,total\n1,anna,2026-01-01T00:00:00Z," + b"9" * 2_000_000 + b"\n",
    "packed.csv.gz": b"this is no gzip",
    "table.parquet": b"PAR1 this is no parquet PAR1",
    "facts.jsonl": b'{"kind":\n[[[[\n{"kind":"visited","id":"v","customer":"a","at":1e999}\n',
    "nan.jsonl": b'{"kind":"reviewed","id":"v","customer":"a","at":0,"score":NaN}\n',
}


@pytest.mark.parametrize("name", TABLES)
def test_a_hostile_table_never_breaks_it(name: str, tmp_path: Path) -> None:
    """Whatever a file holds, the command ends in 0, 1 or 3, without a traceback."""
    (tmp_path / name).write_bytes(TABLES[name])
    done = run("import", tmp_path / name, "--db", tmp_path / "s.db", *EUR, "--map", "delimiter=,")

    assert is_one_error(done, 3) or (done.code in (0, 1) and not done.err), done


RULE_FILES = {
    "binary.toml": bytes(range(256)),
    "deep.toml": b"a = " + b"[" * 100_000,
    "huge.toml": b"# " + b"x" * 2_000_000,
    "expression.toml": RULES.replace("days(45)", "days(" + "9" * 500 + ")").encode(),
    "code.toml": RULES.replace("orders.count() >= 2", "__import__('os').system('true')").encode(),
    "two.toml": (RULES + RULES.partition("[[rules]]")[2].join(["\n[[rules]]", ""])).encode(),
}


@pytest.mark.parametrize("name", RULE_FILES)
@pytest.mark.parametrize("command", ["check", "advance", "explain"])
def test_a_hostile_rule_file_is_one_line(command: str, name: str, tmp_path: Path) -> None:
    """Whatever stands in place of rules ends in one line and 3."""
    (tmp_path / name).write_bytes(RULE_FILES[name])
    more = {
        "check": (),
        "advance": ("--db", opened(tmp_path), "--to", "2026-03-01"),
        "explain": ("--db", opened(tmp_path), "--customer", "anna", "--rule", "thanks", "--at", "2026-03-01"),
    }
    done = run(command, tmp_path / name, *more[command])

    assert is_one_error(done, 3), done
    assert len(done.err) < 600


STORES = {"text.db": b"this is no database at all, whatever its name may say" * 20, "empty.db": b""}


@pytest.mark.parametrize("name", STORES)
def test_a_file_that_is_no_store_is_left_alone(name: str, tmp_path: Path) -> None:
    """A foreign file ends in one line and 4 and is not touched; an empty one is a new store without customers."""
    (tmp_path / name).write_bytes(STORES[name])
    done = run("segment", "orders.exists()", "--db", tmp_path / name, "--at", "2026-01-01")

    assert is_one_error(done, 4) or (name == "empty.db" and done.code == 0), done
    assert name == "empty.db" or (tmp_path / name).read_bytes() == STORES[name]
