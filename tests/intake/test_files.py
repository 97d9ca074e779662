"""Files are read a line at a time, and what cannot be read is told with its line."""

from __future__ import annotations

import builtins
import gzip
from pathlib import Path
from typing import Any

import pytest

from retention_engine.errors import DefinitionError, FactError, MissingExtra
from retention_engine.facts import to_json
from retention_engine.facts.codec import from_plain
from retention_engine.intake import Problem, files, read_facts, read_rows
from tests.facts._facts import EXAMPLES, plain
from tests.intake._shop import MAPPING, read


def write(folder: Path, name: str, text: str | bytes) -> Path:
    """Write a file, packed where its name says so."""
    raw = text if isinstance(text, bytes) else text.encode()
    file = folder / name
    file.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    return file


def rows(folder: Path, text: str | bytes, name: str = "a.csv", **options: Any) -> list[Any]:
    """Return the rows of a file; errors as their text."""
    found = read_rows(write(folder, name, text), **options)
    return [str(one) if isinstance(one, FactError) else one for one in found]


AB = {"a": "1", "b": "2"}
TABLES: list[tuple[str, str | bytes, dict[str, Any]]] = [
    ("a.csv", "a,b\n1,2\n", {}),
    ("a.csv", "a,b\r\n1,2\r\n", {}),
    ("a.csv", "a;b\n1;2", {}),
    ("a.csv", "a|b\n1|2", {}),
    ("a.csv", "a\tb\n1\t2", {}),
    ("a.csv", '"a","b"\n"1","2"\n', {}),
    ("a.csv", " a , b \n1,2\n", {}),
    ("a.csv", "\ufeffa,b\n1,2\n", {}),
    ("a.csv", "a,b\n\n,\n1,2\n\n", {}),
    ("a.csv", "a:b\n1:2", {"delimiter": ":"}),
    ("a.csv", "1,2", {"columns": ["a", "b"]}),
    ("a.csv", "a,b\n1,2".encode("utf-16"), {"encoding": "utf-16"}),
    ("a.csv.gz", "a,b\n1,2\n", {}),
    ("a.tsv", "a\tb\n1\t2\n", {}),
    ("a.txt", " a   b\n 1\t2 \n", {}),
    ("a.txt.gz", "1 2", {"columns": ("a", "b")}),
    ("a.txt", "a,b\n1,2", {"delimiter": ","}),
]


@pytest.mark.parametrize(("name", "text", "options"), TABLES, ids=range(len(TABLES)))
def test_tables_in_many_spellings_are_the_same_rows(tmp_path: Path, name: str, text: Any, options: Any) -> None:
    """Delimiters, quotes, encodings, blank lines and packing make no difference."""
    assert rows(tmp_path, text, name, **options) == [AB]


def test_quoted_cells_may_hold_anything(tmp_path: Path) -> None:
    """Delimiters, quotes and line breaks inside quotes belong to the cell."""
    assert rows(tmp_path, 'a,b\n"x,""y""\nz",2\n') == [{"a": 'x,"y"\nz', "b": "2"}]


@pytest.mark.parametrize("text", ["", "\n\n", "a,b\n"])
def test_a_table_without_rows_has_none(tmp_path: Path, text: str) -> None:
    """Neither an empty file nor a header alone is an error."""
    assert rows(tmp_path, text) == []


BAD = [
    ("1\n", "line 2: 1 cells, but 2 columns"),
    ("1,2,3\n", "line 2: 3 cells, but 2 columns"),
    ('"1"x,2\n', "line 2: not CSV: ',' expected after '\"'"),
    ("x" * 1_000_001 + "\n", "line 2: a line has at most 1000000 characters"),
    ("x" * 2_500_000 + "\n", "line 2: a line has at most 1000000 characters"),
    ('"' + "x" * 200_000 + '"\n', "line 2: not CSV: field larger than field limit (131072)"),
]


@pytest.mark.parametrize(("line", "message"), BAD, ids=range(len(BAD)))
def test_a_bad_line_stops_nothing(tmp_path: Path, line: str, message: str) -> None:
    """It is told in its place, and the lines behind it are read."""
    assert rows(tmp_path, f"a,b\n{line}1,2\n") == [message, AB]


def test_an_open_quote_is_told_where_it_opened(tmp_path: Path) -> None:
    """What it swallowed is gone, but not unnoticed."""
    assert rows(tmp_path, 'a,b\n1,2\n"1,2\n1,2\n') == [AB, "line 3: not CSV: unexpected end of data"]


@pytest.mark.parametrize("header", ["a,a", "a,b,a", '"a"x,b', "x" * 1_000_001])
def test_a_table_with_a_wrong_header_is_not_read(tmp_path: Path, header: str) -> None:
    """Two columns of one name, or a header that is none, raise."""
    with pytest.raises(FactError, match="line 1"):
        rows(tmp_path, f"{header}\n1,2,3\n")


def test_wrong_bytes_are_refused_where_they_are_used(tmp_path: Path) -> None:
    """Other columns and other rows are read all the same."""
    names = "invoice,customer,date,code,price,quantity,kind,note"
    text = f"{names}\n1,7,2010-01-04,a,1,1,Pr\u00eaint,x\n2,7,2010-01-04,a,1,1,x,Pr\u00eaint\n".encode("latin-1")
    facts, report = read(read_rows(write(tmp_path, "a.csv", text)))
    assert [fact.order.id for fact in facts] == ["2"]
    assert report.problems[0].field == "kind"
    assert "another encoding" in report.problems[0].message


@pytest.mark.parametrize("name", ["a.xlsx", "a", "a.gz", "a.parquet.gz", "a.jsonl"])
def test_an_unknown_kind_of_file_is_refused(tmp_path: Path, name: str) -> None:
    """The message names the known ones."""
    with pytest.raises(DefinitionError, match="unknown kind of file"):
        read_rows(write(tmp_path, name, ""))


def test_an_unknown_encoding_is_refused(tmp_path: Path) -> None:
    """Before anything is read."""
    with pytest.raises(DefinitionError, match="unknown encoding 'utf-9'"):
        read_rows(write(tmp_path, "a.csv", ""), encoding="utf-9")


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.parquet"])
def test_a_file_that_is_not_there_is_told_at_once(tmp_path: Path, name: str) -> None:
    """As Python tells it."""
    with pytest.raises(FileNotFoundError):
        read_rows(tmp_path / name)


BROKEN = [
    gzip.compress(b"a,b\n" + b"1,2\n" * 1000)[:-20],
    gzip.compress(b"a,b\n")[:4],
    b"\x1f\x8b\x08" + b"x" * 50,
    b"a,b\n1,2\n",
]


@pytest.mark.parametrize("raw", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_archive_is_told(tmp_path: Path, raw: bytes) -> None:
    """Half an archive, or none at all, raises our own error."""
    file = tmp_path / "a.csv.gz"
    file.write_bytes(raw)
    with pytest.raises(FactError, match="cannot be read any further"):
        list(read_rows(file))


def test_a_text_that_breaks_off_is_told(tmp_path: Path) -> None:
    """Encodings of two bytes cannot be read on after a wrong one."""
    with pytest.raises(FactError, match="line 1: the file cannot be read any further"):
        rows(tmp_path, b"a,b\n1,2", encoding="utf-16")


def test_facts_are_read_a_line_at_a_time(tmp_path: Path) -> None:
    """Every kind of fact, with blank lines between, packed or not."""
    known = [from_plain(plain(kind)) for kind in EXAMPLES]
    text = "\n\n".join(map(to_json, known))
    for name in ("facts.jsonl", "facts.jsonl.gz"):
        reading = read_facts(write(tmp_path, name, text))
        assert list(reading) == known
        assert reading.report.rows == reading.report.used == reading.report.facts == len(known)


def test_a_bad_fact_is_told_with_its_line(tmp_path: Path) -> None:
    """The lines around it are read."""
    good = to_json(from_plain(plain("tagged")))
    lines = [good, "{", "", '{"kind": "taged"}', "x" * 1_000_001, b"\xff".decode("latin-1"), good]
    reading = read_facts(write(tmp_path, "facts.jsonl", "\n".join(lines)))
    assert len(list(reading)) == 2
    assert [problem.row for problem in reading.report.problems] == [2, 4, 5, 6]
    assert reading.report.problems[1] == Problem(4, "", reading.report.problems[1].message)
    assert (reading.report.rows, reading.report.used, reading.report.refused.rows) == (6, 2, 4)


def test_strict_reading_stops_at_the_first_bad_fact(tmp_path: Path) -> None:
    """The error names the line."""
    with pytest.raises(FactError, match="row 2: tagged: id is missing"):
        list(read_facts(write(tmp_path, "facts.jsonl", '\n{"kind": "tagged"}\n'), strict=True))


def test_an_archive_of_facts_that_breaks_off_is_told(tmp_path: Path) -> None:
    """What came before is given, then the error."""
    file = tmp_path / "facts.jsonl.gz"
    text = "\n".join([to_json(from_plain(plain("tagged")))] * 10_000)
    file.write_bytes(gzip.compress(text.encode())[:-30])
    with pytest.raises(FactError, match="cannot be read any further"):
        list(read_facts(file))


CELLS = [
    "'1' as a",
    "13085 as b",
    "timestamp '2010-01-04 09:30:00' as c",
    "timestamptz '2010-01-04 09:30:00+02:00' as d",
    "1.1::float as e",
    "6.95::double as f",
    "6.95::decimal(9, 2) as g",
    "null as h",
    "date '2010-01-04' as i",
    "[1] as j",
    '\'x\' as "say ""b"""',
]


@pytest.fixture
def parquet(tmp_path: Path) -> Path:
    """Return a small Parquet file."""
    duckdb = pytest.importorskip("duckdb", reason="the extra duckdb is not installed")
    file = tmp_path / "a.parquet"
    with duckdb.connect(":memory:") as base:
        base.execute(f"copy (select {', '.join(CELLS)}) to '{file}' (format parquet)")
    return file


def test_parquet_cells_keep_their_types(parquet: Path) -> None:
    """Instants come with their zone, and short floats with the digits they were written with."""
    (found,) = read_rows(parquet)
    assert not isinstance(found, FactError)
    shown = {name: str(cell) for name, cell in found.items()}
    assert shown == {
        "a": "1",
        "b": "13085",
        "c": "2010-01-04 09:30:00",
        "d": "2010-01-04 07:30:00+00:00",
        "e": "1.1",
        "f": "6.95",
        "g": "6.95",
        "h": "None",
        "i": "2010-01-04",
        "j": "[1]",
        'say "b"': "x",
    }


def test_a_broken_parquet_file_is_told(tmp_path: Path) -> None:
    """The error is ours."""
    pytest.importorskip("duckdb", reason="the extra duckdb is not installed")
    with pytest.raises(FactError, match=r"a\.parquet: the file cannot be read"):
        rows(tmp_path, b"PAR1 nonsense PAR1", "a.parquet")


def test_parquet_needs_an_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without DuckDB the error says what to install, before anything is read."""
    real = builtins.__import__

    def without_duckdb(name: str, *args: Any) -> Any:
        if name == "duckdb":
            raise ImportError(name)
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", without_duckdb)
    with pytest.raises(MissingExtra, match=r"retention-engine\[duckdb\]"):
        read_rows(write(tmp_path, "a.parquet", ""))


def test_a_mapping_reads_what_the_file_gives(tmp_path: Path) -> None:
    """From a file to facts in one line."""
    text = "invoice,customer,date,code,price,quantity,kind\n100,7,2010-01-04 09:30:00,22041,2.10,3,frames\n"
    facts, report = read(read_rows(write(tmp_path, "orders.csv", text)), MAPPING)
    assert (facts[0].order.total.amount, report.used) == (630, 1)
    assert files.LONGEST_LINE == 1_000_000
