"""Collections and their refinements: fields, windows, gaps. Windows include now and exclude their older edge."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Any

from attrs import evolve, field, frozen

from retention_engine.errors import DefinitionError, TimeError, shown
from retention_engine.predicates.aggregates import Aggregate, Collection, Member, check_field, field_kind
from retention_engine.predicates.base import Node, Truth
from retention_engine.predicates.compare import Compare, check_comparison, kind_of, plain, test
from retention_engine.predicates.compare import write_comparison as write_op
from retention_engine.predicates.items import FieldTest
from retention_engine.state import EVENTS, Record, fields_of, read_any, read_field
from retention_engine.timing import NEVER, Span, local_date, start_of_day, to_instant, to_text
from retention_engine.view import View

_LONGEST_WINDOW = 366


class Refinable(Collection):
    """What every collection can be asked and how it can be refined."""

    __slots__ = ()

    def where(self, /, *tests: FieldTest, **equal: Any) -> Where:
        """Keep the records that pass every condition: ``category="cosmetics"`` or ``item.price >= 1000``."""
        refined: Refinable = self
        for each in (*tests, *(FieldTest(name, "==", value) for name, value in equal.items())):
            if not isinstance(each, FieldTest):
                raise DefinitionError(f"where() takes conditions such as item.price >= 1000, not {shown(each)}")
            refined = Where(refined, each)
        if not isinstance(refined, Where) or refined is self:
            raise DefinitionError("where() needs a condition, such as category='cosmetics' or item.price >= 1000")
        return refined

    def within(self, span: Span) -> Window:
        """Keep the records of the last ``span`` of elapsed time: (now - span, now]."""
        return Window(self, "within", span)

    def before(self, span: Span) -> Window:
        """Keep the records that are ``span`` old or older: the complement of ``within``."""
        return Window(self, "before", span)

    def on_calendar_days(self, count: int) -> CalendarDays:
        """Keep the records of the last ``count`` days of the customer's calendar, today included (1 to 366)."""
        return CalendarDays(self, count)

    def since(self, moment: Entry | datetime | str) -> Since:
        """Keep the records after an instant, exclusive: ``entry`` or an aware datetime."""
        return Since(self, moment if isinstance(moment, Entry) else _instant(moment))

    def gaps(self) -> Gaps:
        """Return the spans between consecutive records as records with the field ``gap``; taken before windows."""
        return Gaps(self)

    def count(self) -> Aggregate:
        """Return how many there are."""
        return Aggregate("count", self, None)

    def exists(self) -> Truth:
        """Hold when there is at least one."""
        return Compare(self.count(), ">=", 1)

    def sum(self, name: str) -> Aggregate:
        """Return the sum of a field over its whole numbers; 0 of nothing."""
        return Aggregate("sum", self, name)

    def mean(self, name: str) -> Aggregate:
        """Return the mean of a field over its whole numbers, compared exactly; no value of nothing."""
        return Aggregate("mean", self, name)

    def min(self, name: str) -> Aggregate:
        """Return the smallest value of a field; no value of nothing."""
        return Aggregate("min", self, name)

    def max(self, name: str) -> Aggregate:
        """Return the largest value of a field; no value of nothing."""
        return Aggregate("max", self, name)

    def distinct(self, name: str) -> Aggregate:
        """Return how many different values a field has; 0 of nothing."""
        return Aggregate("distinct", self, name)

    def first(self, name: str | None = None) -> Aggregate:
        """Return the oldest record's field, or its instant (use ``.age``); no value of nothing."""
        return Aggregate("first", self, name)

    def last(self, name: str | None = None) -> Aggregate:
        """Return the newest record's field, or its instant (use ``.age``); no value of nothing."""
        return Aggregate("last", self, name)


@frozen(cache_hash=True, repr=False)
class Records(Refinable):
    """All records of one kind."""

    name: str

    def __attrs_post_init__(self) -> None:
        """Check the name."""
        fields_of(self.name)

    def reads(self) -> frozenset[str]:
        """Return its name."""
        return frozenset({self.name})

    def kinds(self) -> dict[str, str] | None:
        """Return the fields of its records."""
        return fields_of(self.name)

    def members(self, view: View) -> list[Member]:
        """Return every record, from its instant on."""
        return [Member(record, record.at, NEVER) for record in view.history.records(self.name)]

    def write(self, *, python: bool) -> str:
        """Write the name."""
        return f"events({self.name.removeprefix(EVENTS)!r})" if self.name.startswith(EVENTS) else self.name


@frozen(cache_hash=True, repr=False)
class _Refined(Refinable):
    """A collection made from another one."""

    inner: Refinable

    def parts(self) -> tuple[Node, ...]:
        """Return the collection it refines."""
        return (self.inner,)

    def kinds(self) -> dict[str, str] | None:
        """Return the fields of its records."""
        return self.inner.kinds()


@frozen(cache_hash=True, repr=False)
class Where(_Refined):
    """The records whose field passes a condition."""

    test: FieldTest

    def __attrs_post_init__(self) -> None:
        """Check the field and the comparison."""
        name = check_field(self.inner, self.test.field)
        sort = field_kind(self.inner, name) or "any"
        check_comparison(sort, self.test.op, self.test.constant, f"item.{name}")

    def passes(self, record: Record) -> bool:
        """Tell whether one record passes."""
        constant = self.test.constant
        if self.test.op == "set":
            return read_any(record, self.test.field) is not None
        kind = kind_of(constant[0] if isinstance(constant, tuple) else constant)
        return test(self.test.op, read_field(record, self.test.field, kind), plain(constant))

    def members(self, view: View) -> list[Member]:
        """Return the records that pass."""
        return [member for member in self.inner.members(view) if self.passes(member.record)]

    def write(self, *, python: bool) -> str:
        """Write equality as a keyword, anything else with ``item``."""
        name, op, constant = self.test.field, self.test.op, self.test.constant
        condition = f"{name}={constant!r}" if op == "==" else f"item.{name}{write_op(op, constant)}"
        return f"{self.inner.write(python=python)}.where({condition})"


@frozen(cache_hash=True, repr=False)
class Window(_Refined):
    """The records of the last span (``within``) or those that are older (``before``)."""

    side: str
    span: Span

    def __attrs_post_init__(self) -> None:
        """Check the span."""
        if not isinstance(self.span, Span) or self.span.micros == 0:
            raise DefinitionError(f"{self.side}() takes a span above zero such as days(30), not {shown(self.span)}")

    def members(self, view: View) -> list[Member]:
        """Return the records with their instants cut to the window."""
        cut = []
        for member in self.inner.members(view):
            edge, start, end = member.record.at + self.span.micros, member.start, member.end
            start, end = (start, min(end, edge)) if self.side == "within" else (max(start, edge), end)
            if start < end:
                cut.append(Member(member.record, start, end))
        return cut

    def write(self, *, python: bool) -> str:
        """Write the call."""
        return f"{self.inner.write(python=python)}.{self.side}({self.span!r})"


@frozen(cache_hash=True, repr=False)
class CalendarDays(_Refined):
    """The records of the last days of the customer's calendar."""

    count_: int = field(alias="count")

    def __attrs_post_init__(self) -> None:
        """Check the number of days."""
        if type(self.count_) is not int or not 1 <= self.count_ <= _LONGEST_WINDOW:
            raise DefinitionError(f"on_calendar_days() takes 1 to {_LONGEST_WINDOW}, not {shown(self.count_)}")

    def reads(self) -> frozenset[str]:
        """Return the collection and the zone."""
        return self.inner.reads() | {"customer.zone"}

    def members(self, view: View) -> list[Member]:
        """Return the records until the local midnight that ends their last day."""
        ends = ((each, calendar_end(each.record.at, self.count_, view)) for each in self.inner.members(view))
        return [evolve(each, end=min(each.end, end)) for each, end in ends if each.start < end]

    def write(self, *, python: bool) -> str:
        """Write the call."""
        return f"{self.inner.write(python=python)}.on_calendar_days({self.count_})"


def calendar_end(at: int, count: int, view: View) -> int:
    """Return the first instant at which a record is no longer within the last ``count`` local days."""
    day = local_date(at, view.where)
    return start_of_day(day.fromordinal(day.toordinal() + count), view.where)


@frozen(repr=False)
class Entry:
    """The instant at which the journey in question was entered."""

    def __repr__(self) -> str:
        """Return ``entry``."""
        return "entry"


entry = Entry()


def _instant(moment: datetime | str) -> int:
    try:
        return to_instant(moment)
    except TimeError as error:
        raise DefinitionError(f"since() takes entry or an aware datetime: {error}") from None


@frozen(cache_hash=True, repr=False)
class Since(_Refined):
    """The records after an instant, exclusive."""

    moment: Entry | int

    def reads(self) -> frozenset[str]:
        """Return the collection, and ``entry`` when it needs one."""
        return self.inner.reads() | ({"entry"} if isinstance(self.moment, Entry) else frozenset())

    def members(self, view: View) -> list[Member]:
        """Return the later records; none outside of a journey."""
        moment = view.entry if isinstance(self.moment, Entry) else self.moment
        return [] if moment is None else [each for each in self.inner.members(view) if each.record.at > moment]

    def write(self, *, python: bool) -> str:
        """Write the call."""
        moment = "entry" if isinstance(self.moment, Entry) else repr(to_text(self.moment))
        return f"{self.inner.write(python=python)}.since({moment})"


@frozen
class _Gap:
    id: str
    at: int
    gap: int


@frozen(cache_hash=True, repr=False)
class Gaps(_Refined):
    """The spans between consecutive records, dated by the later one; of a collection without windows."""

    def __attrs_post_init__(self) -> None:
        """Refuse a window inside."""
        if not isinstance(self.inner, Records | Where) or _has_window(self.inner):
            raise DefinitionError(f"take gaps() before the window: {self.inner} changes with time")

    def kinds(self) -> dict[str, str] | None:
        """Return the one field."""
        return {"gap": "span"}

    def members(self, view: View) -> list[Member]:
        """Return a record per pair of neighbours."""
        rows = [member.record for member in self.inner.members(view)]
        gaps = (_Gap(late.id, late.at, late.at - early.at) for early, late in pairwise(rows))
        return [Member(gap, gap.at, NEVER) for gap in gaps]  # type: ignore[arg-type]  # has the fields of a Record

    def write(self, *, python: bool) -> str:
        """Write the call."""
        return f"{self.inner.write(python=python)}.gaps()"


def _has_window(node: Node) -> bool:
    return not isinstance(node, Records | Where) or any(_has_window(part) for part in node.parts())
