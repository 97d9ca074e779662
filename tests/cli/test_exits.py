"""Which error ends in which exit code, and how it is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from cyclopts import CycloptsError

from retention_engine.cli.exits import Exit, code_of, line_of
from retention_engine.errors import (
    DefinitionError,
    ExpressionError,
    FactConflict,
    FactError,
    MissingExtra,
    StoreError,
    TimeError,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CycloptsError("x"), Exit.USAGE),
        (MissingExtra("duckdb", "duckdb"), Exit.USAGE),
        (TimeError("x"), Exit.USAGE),
        (DefinitionError("x"), Exit.INPUT),
        (ExpressionError("x"), Exit.INPUT),
        (FactError("x"), Exit.INPUT),
        (FactConflict("x"), Exit.INPUT),
        (FileNotFoundError(2, "No such file or directory", "a.csv"), Exit.INPUT),
        (StoreError("x"), Exit.STORE),
    ],
)
def test_each_error_has_its_code(error: Exception, code: Exit) -> None:
    """The kind of an error decides the code."""
    assert code_of(error) is code


def test_an_error_is_one_line() -> None:
    """Line breaks become spaces; an error of the system names the file."""
    assert line_of(StoreError("a\n  b")) == "a b"
    with pytest.raises(FileNotFoundError) as found:
        Path("/nowhere/a.csv").stat()
    assert line_of(found.value) == "no such file or directory: '/nowhere/a.csv'"


def test_the_codes_never_change() -> None:
    """Scripts rely on these numbers."""
    assert [code.value for code in Exit] == [0, 1, 2, 3, 4, 130]
