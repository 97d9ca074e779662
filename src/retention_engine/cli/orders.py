"""Orders and facts from files: which column means what, from flags or a TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from attrs import fields, frozen
from cyclopts import CycloptsError

from retention_engine.errors import DefinitionError, FactError, nearest, shown
from retention_engine.facts import Fact
from retention_engine.intake import OrderMapping, Reading, Row, orders_from_rows, read_facts, read_rows

_JSON_LINES = (".jsonl", ".ndjson")
_READING = ("columns", "delimiter", "encoding")
_NAMES = (*(each.name for each in fields(OrderMapping)), *_READING)
_LISTS = ("columns", "cancelled_status", "guests", "charges", "ignored")
_ALIKE = ("order", "total", "price", "channel", "promo")
_WITH_PRICE, _WITH_SKU = ("quantity", "sku"), ("category", "brand")


@frozen
class Table:
    """Where facts come from.

    Attributes:
        path: CSV, TSV, blanks (``.txt``), Parquet, or JSON lines of facts; also ``.gz``.
        settings: those of ``OrderMapping``, and ``columns``, ``delimiter``, ``encoding`` for the file itself.
        guess: whether columns that are called like a part of an order stand for it.
    """

    path: Path
    settings: Mapping[str, Any]
    guess: bool

    @classmethod
    def of(cls, path: Path, mapping: Path | None, given: Sequence[str], zone: str | None) -> Table:
        """Return a table as the command line describes it; a flag goes before the mapping file.

        Raises:
            CycloptsError: a flag is wrong. DefinitionError: the mapping file is wrong. OSError: it cannot be read.
        """
        settings = {} if mapping is None else _file(mapping)
        settings |= dict(map(_flag, given))
        if zone is not None:
            settings.setdefault("zone", zone)
        return cls(path, settings, mapping is None)

    def read(self, *, strict: bool = False, seen: Callable[[int], None] = lambda _: None) -> Reading[Any]:
        """Return the facts in the file, with the account of its rows.

        Args:
            strict: raise at the first bad row.
            seen: called with the number of rows read so far, now and then.
        """
        if _kind(self.path) in _JSON_LINES:
            return read_facts(self.path, strict=strict)
        options = {name: self.settings[name] for name in _READING if name in self.settings}
        if len(options.get("delimiter", ",")) != 1:
            raise DefinitionError(f"delimiter is one character, not {shown(options['delimiter'])}")
        rows = read_rows(self.path, **options)
        first = next(rows, None)
        mapping = self._mapping(first)
        return orders_from_rows(_counted(chain([] if first is None else [first], rows), seen), mapping, strict=strict)

    def _mapping(self, row: Row | None) -> OrderMapping:
        settings = {name: value for name, value in self.settings.items() if name not in _READING}
        if self.guess and isinstance(row, Mapping):
            settings = _guessed(row) | settings
        missing = [name for name in ("customer", "at") if name not in settings]
        if missing and isinstance(row, FactError):
            raise row
        if missing:
            given = f"; the columns are {', '.join(map(shown, row))}" if isinstance(row, Mapping) else ""
            raise DefinitionError(f"which column is {missing[0]!r}? say --map {missing[0]}=COLUMN{given}")
        if "currency_column" in settings and "currency" in self.settings:
            del settings["currency_column"]
        return OrderMapping(**settings)


def _guessed(row: Mapping[str, object]) -> dict[str, str]:
    """Return the parts of an order after which a column is called."""
    names = ("customer", "at", *_ALIKE, *(_WITH_PRICE if "price" in row else ()))
    names += _WITH_SKU if {"price", "sku"} <= row.keys() else ()
    found = {name: name for name in names if name in row}
    return found | ({"currency_column": "currency"} if "currency" in row else {})


def _flag(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not value:
        raise CycloptsError(f"--map is written NAME=VALUE, such as customer=CustomerID, not {shown(text)}")
    if name not in _NAMES:
        raise CycloptsError(f"--map knows no {shown(name)}{nearest(name, _NAMES)}")
    if name in _LISTS:
        return name, tuple(value.split(","))
    return name, int(value) if name == "decimals" and value.isdecimal() else value


def _file(path: Path) -> dict[str, Any]:
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise DefinitionError(f"{path.name} is no TOML: {error}") from None
    for name, value in found.items():
        if name not in _NAMES:
            raise DefinitionError(f"{path.name}: unknown setting {shown(name)}{nearest(name, _NAMES)}")
        wanted = "a list of texts" if name in _LISTS else "a whole number" if name == "decimals" else "a text"
        if not _fits(name, value):
            raise DefinitionError(f"{path.name}: {name} is {wanted}, not {shown(value)}")
    return found


def _fits(name: str, value: object) -> bool:
    if name in _LISTS:
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    return type(value) is int if name == "decimals" else isinstance(value, str)


def _kind(path: Path) -> str:
    return Path(path.stem).suffix if path.suffix == ".gz" else path.suffix


def _counted(rows: Iterator[Row], seen: Callable[[int], None]) -> Iterator[Row]:
    for number, row in enumerate(rows, 1):
        if number % 1_000 == 0:
            seen(number)
        yield row


Facts = Reading[Fact]
