"""Files into rows and facts, a line at a time; what cannot be read is told with its line number."""

from __future__ import annotations

import codecs
import csv
import gzip
import zlib
from collections.abc import Iterator, Sequence
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from attrs import define

from retention_engine.errors import DefinitionError, FactError, MissingExtra, nearest, shown
from retention_engine.facts import Fact, from_json
from retention_engine.intake.report import Problem, Reading, Report
from retention_engine.intake.rows import Row
from retention_engine.timing import to_utc

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LONGEST_LINE = 1_000_000
_BATCH = 10_000
_BLANKS = " "
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
    if kind not in _DELIMITERS:
        raise DefinitionError(f"unknown kind of file {shown(file.name)}{nearest(kind, _DELIMITERS)}")
    if kind == ".parquet":
        return _parquet(file, _duckdb())
    return _table(_opened(file, encoding), list(columns), delimiter or _DELIMITERS[kind])


def read_facts(path: str | PathLike[str], *, strict: bool = False) -> Reading[Fact]:
    """Return the facts of a file of JSON lines (also ``.gz``), one fact a line; blank lines are passed over.

    Args:
        strict: raise at the first bad line.

    Raises:
        FactError: while reading, when strict, or when the rest of the file cannot be read.
        OSError: the file cannot be opened.
    """
    report = Report(strict=strict)
    return Reading(report, _facts(_opened(Path(path), "utf-8-sig"), report))
