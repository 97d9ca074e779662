"""The customer's calendar at one instant: asked in Python once per zone, so that no database needs to know zones."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import date
from typing import TypeVar
from zoneinfo import ZoneInfo

from attrs import evolve, frozen
from sqlglot import exp

from retention_engine.errors import DefinitionError
from retention_engine.predicates.base import Truth
from retention_engine.predicates.calendars import MonthDay, Yearly
from retention_engine.predicates.sql.compare import Cells, binary, both, either
from retention_engine.predicates.sql.literals import integer, text
from retention_engine.state import History
from retention_engine.timing import local_date, start_of_day, zone
from retention_engine.view import View

_Answer = TypeVar("_Answer", bound=Hashable)
_FIRST = date(2000, 1, 1).toordinal()
_DAYS = [MonthDay(day.month, day.day) for day in map(date.fromordinal, range(_FIRST, _FIRST + 366))]
_FOURS = [f"{year:02}" for year in range(4, 100, 4)]


@frozen
class Clock:
    """An instant, the shop's zone, and the zones that customers have; None: not told.

    Attributes:
        cell: the customer's zone in SQL, None when the source knows none.
    """

    at: int
    shop: str
    zones: tuple[str, ...] | None
    cell: exp.Expr | None

    def by_zone(self, node: object, answer: Callable[[ZoneInfo], _Answer]) -> tuple[_Answer, dict[_Answer, list[str]]]:
        """Return the answer for the shop's zone, and every other answer with the zones that give it.

        Raises:
            DefinitionError: nobody said which zones there are.
        """
        if self.zones is None and self.cell is not None:
            raise DefinitionError(f"{node} asks for the customer's calendar: say which zones= customers have")
        usual = answer(zone(self.shop))
        others: dict[_Answer, list[str]] = {}
        for name in self.zones or ():
            if (found := answer(zone(name))) != usual:
                others.setdefault(found, []).append(name)
        return usual, others if self.cell is not None else {}

    def choose(self, found: tuple[_Answer, dict[_Answer, list[str]]], write: Callable[[_Answer], exp.Expr]) -> exp.Expr:
        """Return the answer of the customer's zone as an expression."""
        usual, others = found
        if not others or self.cell is None:
            return write(usual)
        ways = [
            (exp.In(this=self.cell.copy(), expressions=list(map(text, names))), each) for each, names in others.items()
        ]
        return exp.Case(ifs=[exp.If(this=test, true=write(each)) for test, each in ways], default=write(usual))

    def truth(self, node: Truth) -> exp.Expr:
        """Return a predicate that depends on nothing but the zone."""
        return self.choose(self.by_zone(node, lambda where: node.verdict(self._view(where)).holds), _constant)

    def first_instant(self, count: int, where: ZoneInfo) -> int:
        """Return the first instant of the last ``count`` local days, today included."""
        today = local_date(self.at, where)
        return start_of_day(today.fromordinal(max(3, today.toordinal() - count + 1)), where)

    def yearly(self, node: Yearly, cells: Cells) -> exp.Expr:
        """Return a yearly predicate over a date that lies in a text or day cell."""

        def held(where: ZoneInfo) -> tuple[MonthDay, ...]:
            view = self._view(where)
            return tuple(day for day in _DAYS if evolve(node, anchor=day).verdict(view).holds)

        found = self.by_zone(node, held)

        def among(cell: exp.Expr) -> exp.Expr:
            return self.choose(found, lambda days: _is_one_of(cell, days))

        ways = [among(cells["day"])] if "day" in cells else []
        if "text" in cells:
            written = cells["text"]
            ways.append(both([binary(_slice(written, 1, 2), "==", text("--")), among(_slice(written, 3))]))
            ways.append(both([*_is_year(written), _exists(written), among(_slice(written, 6))]))
        return either(ways)

    def _view(self, where: ZoneInfo) -> View:
        return View(History(""), self.at, where)


def _is_one_of(cell: exp.Expr, days: tuple[MonthDay, ...]) -> exp.Expr:
    return exp.In(this=cell.copy(), expressions=[text(f"{day.month:02}-{day.day:02}") for day in days])


def _slice(cell: exp.Expr, start: int, length: int | None = None) -> exp.Expr:
    extra = {} if length is None else {"length": integer(length)}
    return exp.Substring(this=cell.copy(), start=integer(start), **extra)


def _is_year(cell: exp.Expr) -> list[exp.Expr]:
    """Return the conditions that a text begins with a year from 0001 to 9999 and a hyphen."""
    digits = [text(str(digit)) for digit in range(10)]
    each = [exp.In(this=_slice(cell, place, 1), expressions=[one.copy() for one in digits]) for place in range(1, 5)]
    return [*each, binary(_slice(cell, 1, 4), "!=", text("0000")), binary(_slice(cell, 5, 1), "==", text("-"))]


def _exists(cell: exp.Expr) -> exp.Expr:
    """Return that the date is no 29 February, or its year is a leap year."""
    fours = [text(year) for year in _FOURS]
    usual = exp.In(this=_slice(cell, 3, 2), expressions=fours)
    century = exp.In(this=_slice(cell, 1, 2), expressions=[each.copy() for each in fours])
    leap = both([binary(_slice(cell, 3, 2), "==", text("00")), century])
    return either([binary(_slice(cell, 5), "!=", text("-02-29")), usual, leap])


def _constant(holds: bool) -> exp.Expr:
    return exp.true() if holds else exp.false()
