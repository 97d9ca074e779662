"""What the customer's calendar says at one instant, worked out in Python for each zone; the database knows no zone."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from datetime import date
from typing import TypeVar
from zoneinfo import ZoneInfo

from attrs import evolve, frozen
from sqlglot import exp

from retention_engine.errors import DefinitionError
from retention_engine.predicates.base import Truth
from retention_engine.predicates.calendars import LEAPS, MonthDay, Yearly
from retention_engine.predicates.sql.compare import both, either
from retention_engine.predicates.sql.literals import integer, text
from retention_engine.state import History
from retention_engine.timing import is_zone, local_date, start_of_day, zone
from retention_engine.view import View

_Answer = TypeVar("_Answer", bound=Hashable)
_ALL_DAYS = [MonthDay((day := date.fromordinal(date(2000, 1, 1).toordinal() + n)).month, day.day) for n in range(366)]
_FOURS = [f"{year:02}" for year in range(4, 100, 4)]
