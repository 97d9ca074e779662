"""The laws of a predicate hold for every expression, history and instant; faults that break them: the teeth beside."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.facts import Fact
from retention_engine.predicates import CalendarDays, Collection, Gaps, Since, Truth, Where, Window
from retention_engine.testing import Case, cases, check_laws, expressions, histories, instants, view_at, zones
from retention_engine.testing.strategies import collections, corners
from retention_engine.timing import local_date
from retention_engine.view import View


@pytest.mark.slow
@given(cases())
def test_every_law_holds_near_the_edges(case: Case) -> None:
    """Predicates whose spans, dates and instants meet those of the history, near a clock change."""
    check_laws(case.predicate, case.facts, at=case.at, zone=case.zone, entry=case.entry)


@pytest.mark.slow
@given(expressions(), histories(), instants(), zones())
def test_every_law_holds_anywhere(predicate: Truth, facts: list[Fact], at: int, zone: str) -> None:
    """Any predicate of any customer at any instant, years before or after what they ask about."""
    check_laws(predicate, facts, at=at, zone=zone)


def said(collection: Collection, view: View) -> list[Any]:
    """Return the records that the words of a collection name, read naively at the one instant."""
    if isinstance(collection, Gaps):
        rows = said(collection.inner, view)
        return [SimpleNamespace(id=late.id, at=late.at, gap=late.at - early.at) for early, late in pairwise(rows)]
    inner = getattr(collection, "inner", None)
    if inner is None:
        return [record for record in view.history.records(str(collection.name)) if record.at <= view.now]  # type: ignore[attr-defined]  # Records
    return [record for record in said(inner, view) if keeps(collection, record, view)]


def keeps(collection: Collection, record: Any, view: View) -> bool:
    """Tell whether one refinement keeps a record."""
    match collection:
        case Where():
            return collection.passes(record)
        case Window(side="within"):
            return view.now - record.at < collection.span.micros
        case Window():
            return view.now - record.at >= collection.span.micros
        case Since():
            moment = collection.moment if isinstance(collection.moment, int) else view.entry
            return moment is not None and record.at > moment
        case CalendarDays():
            today, day = local_date(view.now, view.where), local_date(record.at, view.where)
            return (today - day).days < collection.count_
    return True


@given(st.data(), corners())
def test_a_collection_holds_what_its_words_say(data: st.DataObject, corner: tuple[str, int]) -> None:
    """Members come and go at the instants at which a naive reading changes."""
    zone, around = corner
    facts = data.draw(histories(min_orders=2, around=around, zone=zone))
    collection = data.draw(collections(around=around, zone=zone))
    view = view_at(facts, data.draw(instants(around=around, zone=zone)) + 20 * 43_200_000_000, zone=zone)
    members = [each.record.id for each in collection.members(view) if each.start <= view.now < each.end]
    assert members == [record.id for record in said(collection, view)]
