"""The reading "explain": what was found for each part, whether it holds, and what would change that."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from operator import attrgetter
from typing import Any

from attrs import frozen

from retention_engine.errors import shown
from retention_engine.predicates.aggregates import Age, Aggregate, Collection
from retention_engine.predicates.attributes import Attribute
from retention_engine.predicates.base import All, AnyOf, AtLeast, Not, Segment, Truth
from retention_engine.predicates.calendars import Dates, Yearly, anchor_of
from retention_engine.predicates.compare import Compare, plain, test
from retention_engine.predicates.membership import MEMBERSHIP
from retention_engine.predicates.records import CalendarDays, Entry, Records, Since, Where, Window, calendar_end
from retention_engine.state import EVENTS, Moment, Record, kind_of_value
from retention_engine.timing import DAY, HOUR, LATEST, MINUTE, SECOND, local_date, to_text
from retention_engine.view import View

_WIDEST = 60
_KEPT = 4_096
_UNITS = (("day", DAY), ("hour", HOUR), ("minute", MINUTE), ("second", SECOND))
_at = attrgetter("at")


@frozen
class Explanation:
    """A predicate, or a part of one, about one customer at one instant.

    Attributes:
        text: the expression in its text form.
        holds: its truth; always that of the verdict.
        until: the horizon of the verdict, microseconds UTC; None: only a fact can change it.
        value: what was found, for people: ``22 days``, ``2 of 3``; empty for groups.
        turns: when it turns by itself, or what would turn it.
        heading: how a group introduces its parts in a table; empty for a leaf.
        parts: one explanation per predicate inside.
    """

    text: str
    holds: bool
    until: int | None
    value: str
    turns: str
    heading: str
    parts: tuple[Explanation, ...]

    def leaves(self) -> Iterator[Explanation]:
        """Yield the parts without parts, left to right; the negation of a leaf counts as one."""
        if not self.heading:
            yield self
            return
        for part in self.parts:
            yield from part.leaves()

    def lines(self) -> list[str]:
        """Return the table as lines: expression, yes or no, what was found and what changes it (UTC, to the minute)."""
        inner = self.parts if self.heading == _ALL else (self,)
        rows = [row for part in inner for row in part._rows(0)]
        width = min(_WIDEST, max(len(text) for text, _, _ in rows))
        return [f"{text.ljust(width)}    {truth:<3}   {found}".rstrip() for text, truth, found in rows]

    def table(self) -> str:
        """Return the lines as one text."""
        return "\n".join(self.lines())

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; ``until`` is ISO 8601 UTC or None."""
        return {
            "text": self.text,
            "holds": self.holds,
            "until": None if self.until is None else to_text(min(self.until, LATEST)),
            "value": self.value,
            "turns": self.turns,
            "parts": [part.as_dict() for part in self.parts],
        }

    def _rows(self, depth: int) -> Iterator[tuple[str, str, str]]:
        truth = "yes" if self.holds else "no"
        if not self.heading:
            yield "  " * depth + self.text, truth, "; ".join(filter(None, (self.value, self.turns)))
            return
        yield "  " * depth + self.heading, truth, ""
        negated = self.heading.startswith("not ")
        for part in self.parts[0].parts if negated else self.parts:
            yield from part._rows(depth + 1)


def explain(predicate: Truth, view: View) -> Explanation:
    """Return why a predicate holds or not, part by part, and when or how that changes."""
    verdict = predicate.verdict(view)
    heading = _heading(predicate)
    parts = tuple(explain(part, view) for part in predicate.parts() if isinstance(part, Truth))
    value = _holding(parts) if heading else _found(_leaf_of(predicate), view)[1]
    turns = _turns(predicate, holds=verdict.holds, until=verdict.until)
    return Explanation(predicate.text(), verdict.holds, verdict.until, value, turns, heading, parts)


def because(predicate: Truth, view: View) -> tuple[str, ...]:
    """Return a line per leaf, such as ``orders.last().age >= days(45): no, 22 days``; quick, without horizons."""
    lines = []
    for text, leaf, negated in _plan(predicate):
        holds, value = _found(leaf, view)
        truth = "yes" if holds != negated else "no"
        lines.append(f"{text}: {truth}, {value}" if value else f"{text}: {truth}")
    return tuple(lines)


_ALL = "all of"


def _heading(node: Truth) -> str:
    match node:
        case All():
            return _ALL
        case AnyOf():
            return "at least one of"
        case AtLeast():
            return f"at least {node.needed} of {len(node.inside)}"
        case Segment():
            return f"segment {node.name!r}"
        case Not():
            return f"not {_heading(node.inner)}" if _heading(node.inner) else ""
    return "parts" if any(isinstance(part, Truth) for part in node.parts()) else ""


def _leaf_of(node: Truth) -> Truth:
    """Return the leaf behind a negation."""
    return node.inner if isinstance(node, Not) else node


@lru_cache(maxsize=_KEPT)
def _plan(node: Truth) -> tuple[tuple[str, Truth, bool], ...]:
    """Return (text, leaf, whether negated) of every leaf; kept, since a rule set asks the same few again and again."""
    if not _heading(node):
        return ((node.text(), _leaf_of(node), isinstance(node, Not)),)
    inside = (part for part in node.parts() if isinstance(part, Truth))
    return tuple(leaf for part in inside for leaf in _plan(part))


def _holding(parts: tuple[Explanation, ...]) -> str:
    return f"{sum(part.holds for part in parts)} of {len(parts)}" if len(parts) > 1 else ""


def _turns(node: Truth, *, holds: bool, until: int | None) -> str:
    if until is None:
        names = " or ".join(sorted(_source(name) for name in node.reads() if name != "entry"))
        return f"only a fact about {names} changes it" if names else "nothing changes it"
    when = _minute(until)
    return f"may turn {when} by itself" if _heading(node) else f"turns {'false' if holds else 'true'} {when} by itself"


def _source(name: str) -> str:
    if name == MEMBERSHIP:
        return "the customer"
    return f"events({name.removeprefix(EVENTS)!r})" if name.startswith(EVENTS) else name


def _minute(instant: int) -> str:
    return "after the year 9999" if instant > LATEST else to_text(instant)[:16].replace("T", " ")


def _found(leaf: Truth, view: View) -> tuple[bool, str]:
    """Return the truth of a leaf and what was found."""
    if isinstance(leaf, Compare):
        value, text = _quantity(leaf, view)
        return test(leaf.op, value, plain(leaf.constant)), text
    holds = leaf.verdict(view).holds
    if isinstance(leaf, Yearly):
        day = anchor_of(leaf.anchor, view)
        return (
            holds,
            "no date" if day is None else f"{day.month:02}-{day.day:02}, today {local_date(view.now, view.where)}",
        )
    return holds, f"today {local_date(view.now, view.where)}" if isinstance(leaf, Dates) else ""


def _quantity(node: Compare, view: View) -> tuple[Any, str]:
    left = node.left
    if isinstance(left, Age):
        return _age(left, view)
    if isinstance(left, Aggregate) and left.field is None:
        rows = inside(left.records, view)
        if left.fold == "count":
            return len(rows), _count(node, rows)
        record = (rows[-1] if left.fold == "last" else rows[0]) if rows else None
        return (None, "none") if record is None else (record.at, _record(left, record))
    value = left.read(view, node.constant).value(view.now)
    return value, _value(node, value, view)


def _count(node: Compare, rows: list[Any]) -> str:
    assert isinstance(node.left, Aggregate)
    if node.op == ">=" and node.constant == 1:
        return f"last {_record(node.left, rows[-1])}" if rows else "none"
    needed = plain(node.constant)
    if node.op in (">=", ">") and not test(node.op, len(rows), needed):
        return f"{len(rows)} of {needed if node.op == '>=' else int(needed // 1) + 1}"
    return str(len(rows))


def _age(left: Age, view: View) -> tuple[int | None, str]:
    if isinstance(left.moment, Aggregate) and left.moment.field is None:
        rows = inside(left.moment.records, view)
        moment = None if not rows else rows[-1].at if left.moment.fold == "last" else rows[0].at
    else:
        moment = left.moment.read(view, None).value(view.now)
    if moment is None:
        return None, "none" if isinstance(left.moment, Aggregate) else _attribute(None)
    if isinstance(left.moment, Attribute) and not isinstance(moment, Moment):
        return None, _attribute(moment)
    if (moment > view.now) != left.ahead:
        return None, f"{_minute(moment)}, {'past' if left.ahead else 'still to come'}"
    return abs(moment - view.now), f"in {_span(moment - view.now)}" if left.ahead else _span(view.now - moment)


def inside(records: Collection, view: View) -> list[Any]:
    """Return the records in a collection at ``view.now``, oldest first: what ``members`` says, without horizons."""
    low, high, days, tests = -(2**62), view.now, [], []
    node = records
    while not isinstance(node, Records):
        match node:
            case Where():
                tests.append(node)
            case Window(side="within"):
                low = max(low, view.now - node.span.micros)
            case Window():
                high = min(high, view.now - node.span.micros)
            case Since():
                moment = view.entry if isinstance(node.moment, Entry) else node.moment
                low = high if moment is None else max(low, moment)
            case CalendarDays():
                days.append(node.count_)
            case _:
                return [each.record for each in records.members(view) if each.start <= view.now < each.end]
        node = node.inner
    rows = view.history.records(node.name)
    found = rows[bisect_right(rows, low, key=_at) : bisect_right(rows, high, key=_at)]
    for count in days:
        found = [record for record in found if calendar_end(record.at, count, view) > view.now]
    return [record for record in found if all(node.passes(record) for node in tests)]


def _value(node: Compare, value: Any, view: View) -> str:
    left = node.left
    if isinstance(left, Attribute):
        return _attribute(view.history.value(left.name))
    if value is None:
        return "none"
    if left.sort() == "span":
        return _span(value)
    return f"{float(value):g}" if isinstance(value, Fraction) else shown(value, 40)


def _attribute(value: Any) -> str:
    if value is None:
        return "not set"
    return _minute(value) if kind_of_value(value) == "instant" else shown(value, 40)


def _record(left: Aggregate, record: Record) -> str:
    """Return the day of a record and which one it is, such as ``2026-10-30 (order 812)``."""
    name = _source(min(left.reads() - {"entry", "customer.zone"})).removeprefix("events('").removesuffix("')")
    single = f"{name[:-3]}y" if name.endswith("ies") else name.removesuffix("s")
    return f"{to_text(record.at)[:10]} ({single} {record.id[:40]})"


def _span(micros: int) -> str:
    """Return a length of time in its largest unit, and the next one while the number is small."""
    place = next((place for place, (_, unit) in enumerate(_UNITS) if micros >= unit), len(_UNITS) - 1)
    name, unit = _UNITS[place]
    count, rest = divmod(micros, unit)
    finer = _UNITS[place + 1] if count < 10 and place + 1 < len(_UNITS) else ("", rest + 1)
    more = f" {_counted(rest // finer[1], finer[0])}" if rest >= finer[1] else ""
    return _counted(count, name) + more


def _counted(count: int, name: str) -> str:
    return f"{count} {name}{'' if count == 1 else 's'}"
