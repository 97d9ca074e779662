"""Files into rows and facts, a line at a time; what cannot be read is told with its line number."""

from __future__ import annotations

import codecs
import csv
import gzip
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import IO, Any, TypeVar

from attrs import define

from retention_engine.errors import DefinitionError, FactError, MissingExtra, nearest, shown
from retention_engine.facts import Fact, from_json
from retention_engine.intake.report import Problem, Reading, Report
from retention_engine.intake.rows import Row
from retention_engine.timing import to_utc

_Part = TypeVar("_Part")

LONGEST_LINE = 1_000_000
_BATCH = 10_000
_BLANKS = " "
_WITH_ZONE = "TIMESTAMP WITH TIME ZONE"
_DELIMITERS = {".csv": None, ".tsv": "\t", ".txt": _BLANKS, ".parquet": None}


def read_rows(
    path: str | PathLike[str],
    *,
    columns: Sequence[str] = (),
    delimiter: str | None = None,
    encoding: str = "utf-8-sig",
) -> Iterator[Row]:
    """Return the rows of a table; a line that cannot be read is a ``FactError`` in its place.

    The name tells the kind: ``.csv``, ``.tsv``, ``.txt`` (columns parted by blanks), each also as ``.gz``, and
    ``.parquet`` (extra ``duckdb``), whose cells keep their types. A line holds at most 1,000,000 characters.

    Args:
        columns: names of the columns of a file without a header.
        delimiter: None: for ``.csv`` the one of ``, ; | TAB`` that is most frequent in the first line; a blank parts at
            any run of blanks.
        encoding: bytes that are wrong in it are refused in the columns that are used.

    Raises:
        DefinitionError: an unknown kind of file or encoding.
        MissingExtra: Parquet without DuckDB.
        FactError: while reading: the header is wrong, or the rest of the file cannot be read.
        OSError: the file cannot be opened.
    """
    file = Path(path)
    kind = Path(file.stem).suffix if file.suffix == ".gz" else file.suffix
    if kind not in _DELIMITERS or (kind == ".parquet" and file.suffix == ".gz"):
        raise DefinitionError(f"unknown kind of file {shown(file.name)}{nearest(kind, _DELIMITERS)}")
    _check(file, encoding)
    if kind == ".parquet":
        return _parquet(file, _duckdb())
    return _table(file, encoding, list(columns), delimiter or _DELIMITERS[kind])


def read_facts(path: str | PathLike[str], *, strict: bool = False) -> Reading[Fact]:
    """Return the facts of a file of JSON lines (also ``.gz``), one fact a line; blank lines are passed over.

    Args:
        strict: raise at the first bad line.

    Raises:
        FactError: while reading, when strict, or when the rest of the file cannot be read.
        OSError: the file cannot be opened.
    """
    file, report = Path(path), Report(strict=strict)
    _check(file, "utf-8-sig")
    return Reading(report, _facts(file, report))


def _check(file: Path, encoding: str) -> None:
    file.stat()
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise DefinitionError(f"unknown encoding {shown(encoding)}") from None


@define
class _Lines(Iterator[str]):
    """The lines of a file; one that is too long raises, and the next call goes on behind it."""

    file: IO[str]
    number: int = 0
    waiting: str = ""
    broken: bool = False

    @property
    def place(self) -> str:
        return f"line {self.number}"

    def peek(self) -> str:
        """Return the first line without taking it; empty at the end."""
        self.waiting = next(self, "")
        self.number -= 1
        return self.waiting

    def __next__(self) -> str:
        self.number += 1
        line, self.waiting = self.waiting or self._read(), ""
        if not line:
            raise StopIteration
        return line

    def _read(self) -> str:
        try:
            line = part = self.file.readline(LONGEST_LINE + 1)
            while len(part) > LONGEST_LINE and not part.endswith("\n"):
                part = self.file.readline(LONGEST_LINE + 1)
        except (UnicodeError, EOFError, gzip.BadGzipFile, zlib.error) as error:
            self.broken = True
            raise FactError(f"the file cannot be read any further: {error}", place=self.place) from error
        if len(line) > LONGEST_LINE:
            raise FactError(f"a line has at most {LONGEST_LINE} characters", place=self.place)
        return line


@contextmanager
def _lines(file: Path, encoding: str) -> Iterator[_Lines]:
    opened = gzip.open if file.suffix == ".gz" else open
    with opened(file, "rt", encoding=encoding, errors="surrogateescape", newline="") as handle:
        yield _Lines(handle)


def _each(lines: _Lines, read: Callable[[], _Part]) -> Iterator[_Part | FactError]:
    """Yield what ``read`` makes of the lines, or why it could not, until they end."""
    while True:
        first = lines.number + 1
        try:
            yield read()
        except StopIteration:
            return
        except csv.Error as error:
            yield FactError(f"not CSV: {error}", place=f"line {first}")
        except FactError as error:
            if lines.broken:
                raise
            yield error if error.place else FactError(str(error), place=lines.place)


def _facts(file: Path, report: Report) -> Iterator[Fact]:
    with _lines(file, "utf-8-sig") as lines:
        for fact in _each(lines, lambda: _fact(next(lines))):
            report.rows += fact is not None
            if isinstance(fact, FactError):
                report.refuse([Problem(lines.number, "", str(fact))], 1, lines.place)
            elif fact is not None:
                report.used += 1
                yield fact


def _fact(line: str) -> Fact | None:
    return from_json(line) if line.strip() else None


def _table(file: Path, encoding: str, columns: list[str], delimiter: str | None) -> Iterator[Row]:
    with _lines(file, encoding) as lines:
        found = _each(lines, _reader(lines, delimiter or max(",;\t|", key=lines.peek().count)).__next__)
        records = (cells for cells in found if isinstance(cells, FactError) or any(cells))
        columns = columns or _header(next(records, []))
        for cells in records:
            yield cells if isinstance(cells, FactError) else _row(columns, cells, lines.place)


def _row(columns: list[str], cells: list[str], place: str) -> Row:
    if len(cells) != len(columns):
        return FactError(f"{len(cells)} cells, but {len(columns)} columns", place=place)
    return dict(zip(columns, cells, strict=True))


def _reader(lines: _Lines, delimiter: str) -> Iterator[list[str]]:
    return map(str.split, lines) if delimiter == _BLANKS else csv.reader(lines, delimiter=delimiter, strict=True)


def _header(cells: list[str] | FactError) -> list[str]:
    if isinstance(cells, FactError):
        raise cells
    names = [cell.strip() for cell in cells]
    for name in names:
        if name and names.count(name) > 1:
            raise FactError(f"two columns are called {shown(name)}", place="line 1")
    return names


def _duckdb() -> Any:
    try:
        import duckdb
    except ImportError:
        raise MissingExtra("duckdb", "duckdb") from None
    return duckdb


def _parquet(file: Path, duckdb: Any) -> Iterator[Row]:
    with duckdb.connect(":memory:") as base:
        try:
            base.execute("describe select * from read_parquet(?)", [str(file)])
            columns = [(str(name), str(kind)) for name, kind, *_ in base.fetchall()]
            wanted = ", ".join(_exactly(name, kind) for name, kind in columns)
            base.execute(f"select {wanted} from read_parquet(?)", [str(file)])
            while batch := base.fetchmany(_BATCH):
                for cells in batch:
                    yield {name: _aware(cell, kind) for (name, kind), cell in zip(columns, cells, strict=True)}
        except duckdb.Error as error:
            raise FactError(f"the file cannot be read: {shown(str(error), 200)}", place=file.name) from error


def _exactly(name: str, kind: str) -> str:
    """Return the SQL of a column that gives Python the value as written."""
    column = '"' + name.replace('"', '""') + '"'
    if kind == _WITH_ZONE:
        return f"epoch_us({column})"  # as a datetime DuckDB gives it only where pytz is installed
    return f"cast({column} as varchar)" if kind == "FLOAT" else column  # 1.1, not 1.100000023841858


def _aware(cell: Any, kind: str) -> object:
    return to_utc(cell) if kind == _WITH_ZONE and cell is not None else cell
