"""Tiers: what counts for a level, read from the facts of a customer; what follows from it for the time to come."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from enum import Enum
from functools import partial
from itertools import groupby
from operator import attrgetter
from zoneinfo import ZoneInfo

from attrs import field, frozen

from retention_engine import facts as f
from retention_engine import loyalty as lo
from retention_engine.clubs.books import read_entry
from retention_engine.clubs.checkpoints import Ahead, Source, ahead
from retention_engine.clubs.metrics import CustomMetric, EarnedMetric, Metric, OrderMetric, SpendMetric
from retention_engine.errors import DefinitionError, shown
from retention_engine.loyalty.changes import Issued, Reversed, Timed
from retention_engine.loyalty.tiers import (
    Contribution,
    Overlay,
    Reward,
    Standing,
    TierProgramme,
    Walk,
    rewarded,
)
from retention_engine.state import FACTS_OF_ORDERS, History, Moment, levels_set, posted_to
from retention_engine.state.orders import OrderDraft
from retention_engine.timing import Span, days, local_date
from retention_engine.typed import typed

_RETURNS = days(14)
_UNKNOWN = date(2000, 1, 1)
_effective = attrgetter("effective")
_order_of_facts = attrgetter("effective", "at", "id")


class CountsFrom(Enum):
    """What opens the return window of an order."""

    PAID = "paid"
    """Its payment."""
    DELIVERED = "delivered"
    """Its delivery; an order that is never delivered never counts."""


@frozen(kw_only=True, field_transformer=typed)
class Tiers:
    """A tier programme with what counts in it.

    Attributes:
        pending: how long orders can be returned; they count when that is over, unless the programme counts at once.
        counts_from: what opens that time.
    """

    programme: TierProgramme
    metric: Metric = field()
    pending: Span = field(default=_RETURNS)
    counts_from: CountsFrom = CountsFrom.PAID

    @metric.validator
    def _check_metric(self, _: object, value: object) -> None:
        if not isinstance(value, Metric):
            raise DefinitionError(
                f"metric is one of SpendMetric, OrderMetric, EarnedMetric, CustomMetric, not {shown(value)}"
            )

    def check(self) -> list[str]:
        """Return what is allowed but probably not meant, a line each."""
        return self.programme.check(self.pending)


def tier_steps(declaration: Tiers, history: History, at: int, where: ZoneInfo) -> list[tuple[int, Standing]]:
    """Return a customer's standing from an instant on as steps, if no fact comes; the last holds for ever.

    The first may begin at an earlier instant.
    """
    return _ahead(declaration, history, at, where).steps(at)


def next_step(declaration: Tiers, history: History, at: int, where: ZoneInfo) -> int:
    """Return the first instant after another at which the standing is another, if no fact comes."""
    return _ahead(declaration, history, at, where).following(at)


def standing_at(declaration: Tiers, history: History, at: int, where: ZoneInfo) -> Standing:
    """Return a customer's standing at an instant."""
    return _ahead(declaration, history, at, where).standing(at)


def standing_before(declaration: Tiers, history: History, at: int, where: ZoneInfo) -> Standing:
    """Return a customer's standing right before an instant, without what became known at it."""
    if isinstance(declaration.metric, CustomMetric):  # what is kept for an instant is kept for all after it
        return Ahead(_begun(declaration, history, at - 1, where), at - 1).standing(at - 1)
    return standing_at(declaration, history, at - 1, where)


def tier_rewards(declaration: Tiers, history: History, at: int, where: ZoneInfo) -> list[Reward]:
    """Return every reach of a level up to an instant that is to be rewarded, oldest first, with its key."""
    reached = _ahead(declaration, history, at, where).reached(at)
    return rewarded(declaration.programme, reached, history.customer, at=at)


def _ahead(declaration: Tiers, history: History, at: int, where: ZoneInfo) -> Ahead:
    """Return what follows from an instant on, as far as it is asked for; kept beside the history."""
    name, metric = ("tiers", declaration.programme.name, where.key), declaration.metric
    begin = partial(_begun, declaration, history, at, where)
    if isinstance(metric, CustomMetric):  # nobody knows what of it a fact changes
        return history.kept(name, at, lambda: Ahead(begin(), at))
    given = overlays(declaration, history, at), _joined(declaration, history)
    return ahead(history, name, at, source=_source(declaration, metric, history), given=given, begin=begin)


def _source(declaration: Tiers, metric: SpendMetric | OrderMetric | EarnedMetric, history: History) -> Source:
    if isinstance(metric, EarnedMetric):
        return _Entries(history, metric)
    return _Orders(declaration, metric, history)


def _begun(declaration: Tiers, history: History, at: int, where: ZoneInfo) -> Walk:
    """Return a walk at its beginning that knows everything of an instant."""
    counted, given = contributions(declaration, history, at, where), overlays(declaration, history, at)
    return Walk(declaration.programme, counted, given, at=at, joined=_joined(declaration, history))


class _Orders:
    """Amounts of orders: a fact changes those of its own order."""

    def __init__(self, declaration: Tiers, metric: SpendMetric | OrderMetric, history: History) -> None:
        self._declaration, self._metric, self._history = declaration, metric, history
        self.facts: Sequence[tuple[str, f.Fact]] = history.arrived(FACTS_OF_ORDERS)

    def learned(self, fact: tuple[str, f.Fact]) -> int:
        return fact[1].effective

    def changed(self, known: int) -> tuple[list[Contribution], list[Contribution]]:
        fresh = {fact.id for _, fact in self.facts[known:]}
        drafts = [self._history.drafts["order", name] for name in dict.fromkeys(name for name, _ in self.facts[known:])]
        told = [list(draft.facts.values()) for draft in drafts]
        return self._of([fact for fact in facts if fact.id not in fresh] for facts in told), self._of(told)

    def _of(self, told: Iterable[list[f.Fact]]) -> list[Contribution]:
        return [one for facts in told for one in _of_order(self._declaration, self._metric, facts)]


class _Entries:
    """Amounts of entries: one changes those of the lots that it names."""

    def __init__(self, history: History, metric: EarnedMetric) -> None:
        self._history = history
        self.facts: Sequence[f.LedgerPosted] = posted_to(history, metric.programme, metric.unit)
        self._name = ("lots", metric)

    def learned(self, fact: f.LedgerPosted) -> int:
        return fact.effective

    def changed(self, known: int) -> tuple[list[Contribution], list[Contribution]]:
        named = self._places()
        lots = {lot for fact in self.facts[known:] for lot in _lots(fact)}
        places = sorted({place for lot in lots for place in named[lot]})
        entries = [read_entry(self.facts[place].entry) for place in places]
        return list(_earned(entries[: bisect_left(places, known)])), list(_earned(entries))

    def _places(self) -> dict[str, list[int]]:
        """Return of each lot the places of the entries that name it."""
        facts, read, found = self._history.memo.get(self._name, (None, 0, {}))
        if facts is not self.facts:
            read, found = 0, {}
        for place in range(read, len(self.facts)):
            for lot in _lots(self.facts[place]):
                found.setdefault(lot, []).append(place)
        self._history.memo[self._name] = self.facts, len(self.facts), found
        return found  # type: ignore[no-any-return] # the memo holds anything


def _lots(fact: f.LedgerPosted) -> set[str]:
    """Return the lots of which an entry changes what counts."""
    found = set()
    for change in read_entry(fact.entry).changes:
        if isinstance(change, Issued):
            found.add(change.lot.id)
        elif isinstance(change, Timed):
            found.add(change.lot)
        elif isinstance(change, Reversed):
            found.add(change.reversal.lot)
    return found


def _joined(declaration: Tiers, history: History) -> date:
    registered = history.value("registered")
    joined = registered if isinstance(registered, Moment) else history.first
    return _UNKNOWN if joined is None else local_date(joined, declaration.programme.where)


def overlays(declaration: Tiers, history: History, at: int) -> list[Overlay]:
    """Return the levels given by hand, as known at an instant."""
    found: list[Overlay] = []
    ended: int | None = None
    for fact in reversed(levels_set(history, declaration.programme.name)):
        if fact.effective > at:
            continue
        if isinstance(fact, f.LevelUnset):
            ended = fact.effective
        else:
            found.append(Overlay(fact.level, fact.effective, fact.until, ended, fact.reason))
    return found


def contributions(declaration: Tiers, history: History, at: int, where: ZoneInfo) -> Sequence[Contribution]:
    """Return what counts for a customer's level, as known at an instant."""
    metric = declaration.metric
    if isinstance(metric, CustomMetric):
        return tuple(metric.reduce(history, at, where))
    if isinstance(metric, EarnedMetric):
        posted = (fact for fact in posted_to(history, metric.programme, metric.unit) if fact.effective <= at)
        return tuple(_earned(read_entry(fact.entry) for fact in posted))
    drafts = (draft for draft in history.drafts.values() if isinstance(draft, OrderDraft))
    told = ([fact for fact in draft.facts.values() if fact.effective <= at] for draft in drafts)
    return tuple(one for facts in told for one in _of_order(declaration, metric, facts))


def _earned(entries: Iterable[lo.Entry]) -> Iterator[Contribution]:
    """Yield what was granted and taken back; an instant of vesting counts from when it is known."""
    entries = tuple(entries)
    grants: dict[str, lo.Lot] = {}
    vests: dict[str, int | None] = {}
    for entry in entries:
        for change in entry.changes:
            if isinstance(change, Issued) and change.lot.parent is None:
                grants[change.lot.id], vests[change.lot.id] = change.lot, change.lot.vests_at
            elif isinstance(change, Timed) and change.lot in grants and change.vests_at is not None:
                vests[change.lot] = max(entry.at, change.vests_at)
    for entry in entries:
        for change in entry.changes:
            if isinstance(change, Issued) and change.lot.id in grants:
                yield Contribution(entry.at, change.lot.earned_at, change.lot.issued, vests[change.lot.id])
            elif isinstance(change, Reversed) and change.reversal.lot in grants:
                lot = grants[change.reversal.lot]
                yield Contribution(entry.at, lot.earned_at, -change.reversal.amount, vests[lot.id])


def _of_order(declaration: Tiers, metric: SpendMetric | OrderMetric, known: Iterable[f.Fact]) -> Iterator[Contribution]:
    """Yield by how much each thing said about an order changed what it counts; the parts sum to what it counts now."""
    told, counted = OrderDraft(), dict[int, int]()
    changes: list[tuple[int, int, int, int]] = []
    opens: list[int | None] = [None]
    for instant, group in groupby(sorted(known, key=_order_of_facts), key=_effective):
        for fact in group:
            told.see(fact)
        now = _counted(metric, told)
        if now and not counted:  # paid, or paid again after it was cancelled: another return window
            opens.append(None)
        if opens[-1] is None and (start := _opens(declaration, told)) is not None:
            opens[-1] = max(instant, start + declaration.pending.micros)
        both, turn = sorted({*counted, *now}), len(opens) - 1
        changes += [(instant, place, now.get(place, 0) - counted.get(place, 0), turn) for place in both]
        counted = now
    for instant, place, amount, turn in changes:
        if amount:
            yield Contribution(instant, place, amount, opens[turn])


def _counted(metric: SpendMetric | OrderMetric, draft: OrderDraft) -> dict[int, int]:
    """Return the instant of an order and what it counts; nothing while it is not one."""
    if draft.placed is None or draft.payment is None or draft.is_cancelled:
        return {}
    order = draft.placed.order
    return {order.at: metric.of(draft, order)}


def _opens(declaration: Tiers, draft: OrderDraft) -> int | None:
    if declaration.counts_from is CountsFrom.DELIVERED:
        return draft.delivered
    return None if draft.payment is None else draft.payment[0]
