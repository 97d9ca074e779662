"""The laws of the whole engine, as functions over your own rules and facts; they raise AssertionError.

A run is a list of (facts to record, instant to advance to). A law makes a run in several ways and compares what was
decided, byte by byte.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, NoReturn

from attrs import asdict

from retention_engine.actions import Decision
from retention_engine.arbitration import Policy
from retention_engine.clubs import CARRIED_OUT, Club
from retention_engine.errors import StoreError
from retention_engine.facts import Fact
from retention_engine.ports import Store
from retention_engine.rules import Rule, RuleSet
from retention_engine.stores import MemoryStore
from retention_engine.testing.fold_laws import arrangements
from retention_engine.testing.interrupted import InterruptedStore
from retention_engine.testing.shop import Run, Shop
from retention_engine.timing import DAY, Span, days, to_instant

_WEEK = days(7)


def decision_lines(decisions: Iterable[Decision]) -> list[str]:
    """Return each decision as one line of JSON, every field included: equal decisions give equal bytes."""
    return [json.dumps(asdict(each), ensure_ascii=False, sort_keys=True) for each in decisions]


def tick_invariant(
    rules: Iterable[Rule] | RuleSet,
    facts: Iterable[Fact],
    *,
    since: datetime | int | str,
    to: datetime | int | str,
    cuts: Iterable[datetime | int | str] = (),
    zone: str = "UTC",
    lateness: Span = _WEEK,
    assume_sent: bool = False,
    policies: Iterable[Policy] = (),
    club: Club | None = None,
    store: Callable[[], Store] = MemoryStore,
) -> list[Decision]:
    """Check that it does not matter how time is cut into ``advance`` calls, and return the decisions.

    One advance for all, one a day, one per cut; with all facts recorded ahead, with each recorded before the step that
    reaches it, and with each recorded 1 µs before it takes effect; and stopping at and 1 µs around each decision.

    Args:
        facts: of any customers and about the catalogue, each id once.
        since: the launch of the rules, exclusive.
        to: the end, inclusive.
        cuts: instants to stop at on the way; those before ``since`` and after ``to`` are left out.
        policies: those that stand besides ``courtesy()``.
        club: what rules ask about and give from.
        store: makes an empty store for each run.

    Raises:
        AssertionError: two ways give different decisions; the message shows the first difference.
    """
    given: dict[str, Any] = {"zone": zone, "lateness": lateness, "assume_sent": assume_sent}
    shop = Shop.of(rules, since=since, policies=policies, club=club, store=store, **given)
    known, end = _by_effect(facts), to_instant(to)
    stops = sorted({cut for cut in map(to_instant, cuts) if shop.since <= cut <= end} | {end})
    daily = [*range(shop.since, end, DAY), end]
    last_moment = sorted({fact.effective - 1 for fact in known if shop.since < fact.effective <= end} | {*stops})
    whole = shop.decide([(known, end)])
    near = sorted({each.at + step for each in whole for step in (-1, 0, 1) if each.at + step <= end} | {end})
    ways = {
        "in the steps given": _ahead(known, stops),
        "once a day": _ahead(known, daily),
        "in the steps given, facts recorded as they come": in_time(known, stops),
        "once a day, facts recorded as they come": in_time(known, daily),
        "around each decision": _ahead(known, near),
        "each fact recorded 1 µs before it takes effect": in_time(known, last_moment),
    }
    for title, run in ways.items():
        same("in one advance", whole, title, shop.decide(run))
    return whole


def order_independent_engine(
    rules: Iterable[Rule] | RuleSet,
    facts: Iterable[Fact],
    *,
    since: datetime | int | str,
    to: datetime | int | str,
    orders: Iterable[Sequence[Fact]] = (),
    runs: Iterable[Run] = (),
    zone: str = "UTC",
    lateness: Span = _WEEK,
    policies: Iterable[Policy] = (),
    store: Callable[[], Store] = MemoryStore,
) -> list[Decision]:
    """Check that the order and the repetition of facts do not matter, and return the decisions.

    Args:
        facts: each id once.
        since: the launch of the rules, exclusive.
        to: the end, inclusive.
        orders: arrangements of the facts, repetitions allowed, to record at and before the launch, besides our own.
        runs: further ways to record the same facts, each before the engine is advanced to where it takes effect.
        policies: those that stand besides ``courtesy()``.
        store: makes an empty store for each run.

    Raises:
        AssertionError: two ways give different decisions; the message shows the first difference.
    """
    shop = Shop.of(rules, since=since, zone=zone, lateness=lateness, policies=policies, store=store)
    known, end = _by_effect(facts), to_instant(to)
    whole = shop.decide([(known, end)])
    for order in (*arrangements(known), *orders):
        same("sorted", whole, "in another order", shop.decide(_launched(order, shop.since, end)))
        same("sorted", whole, "one by one in another order", shop.decide([([], end)], [[fact] for fact in order]))
    for run in runs:
        same("sorted", whole, "spread over the steps", shop.decide([*run, ([], end)]))
    return whole


def once(
    rules: Iterable[Rule] | RuleSet,
    facts: Iterable[Fact],
    *,
    since: datetime | int | str,
    to: datetime | int | str,
    cuts: Iterable[datetime | int | str] = (),
    failures: Collection[int] = (),
    zone: str = "UTC",
    lateness: Span = _WEEK,
    policies: Iterable[Policy] = (),
    club: Club | None = None,
    store: Callable[[], Store] = MemoryStore,
) -> list[Decision]:
    """Check that nothing is decided twice and nothing lost, whatever is repeated or breaks, and return the decisions.

    Before every call the engine is made anew on the same store. After every advance the facts are recorded again and
    the advance is repeated: neither may change anything. The transactions numbered in ``failures`` (from 1) fail,
    every second one after it was committed; the call is then made again.

    Args:
        facts: each id once.
        since: the launch of the rules, exclusive.
        to: the end, inclusive.
        cuts: instants to stop at on the way.
        failures: numbers of the transactions that fail.
        policies: those that stand besides ``courtesy()``.
        club: what rules ask about and give from.
        store: makes an empty store for each run.

    Raises:
        AssertionError: an identity acts twice, a repetition changes something, or a decision is lost.
    """
    shop = Shop.of(rules, since=since, zone=zone, lateness=lateness, policies=policies, club=club, store=store)
    known, end = _by_effect(facts), to_instant(to)
    steps = sorted({cut for cut in map(to_instant, cuts) if shop.since <= cut <= end} | {end})
    whole = shop.decide([(known, end)])
    kept = InterruptedStore(store(), failures)
    for told, at in in_time(known, steps):
        _insist(partial(shop.record, kept, told))
        _insist(partial(shop.advance, kept, at))
        new = _insist(partial(shop.record, kept, told))
        more = _insist(partial(shop.advance, kept, at))
        if new or more:
            raise AssertionError(f"a repetition brought {new} new facts and {len(more)} decisions")
    found = list(kept.journal.read(-(2**62), 2**62))
    same("in one advance", whole, "with restarts, repetitions and failures", found)
    _act_once(found, kept)
    kept.close()
    return whole


def in_time(facts: Iterable[Fact], cuts: Iterable[int]) -> list[tuple[list[Fact], int]]:
    """Return the run that records each fact before the first cut at or after the instant from which it counts."""
    waiting, run = _by_effect(facts), []
    for cut in cuts:
        told = [fact for fact in waiting if fact.effective <= cut]
        waiting = waiting[len(told) :]
        run.append((told, cut))
    return run


def _ahead(facts: Sequence[Fact], cuts: Sequence[int]) -> Run:
    return [(facts if place == 0 else (), cut) for place, cut in enumerate(cuts)]


def _launched(facts: Sequence[Fact], since: int, end: int) -> Run:
    """Return the run that tells what the launch knows before it, and everything else, in one batch, after it."""
    history, later = ([fact for fact in facts if (fact.effective > since) == is_later] for is_later in (False, True))
    return [(history, since), (later, end)]


def _by_effect(facts: Iterable[Fact]) -> list[Fact]:
    return sorted(facts, key=lambda fact: (fact.effective, fact.at, fact.id))


def same(left: str, one: Iterable[Decision], right: str, other: Iterable[Decision]) -> None:
    """Raise when two lists of decisions differ in a single byte; their order counts.

    Raises:
        AssertionError: they differ; the message shows where first.
    """
    ours, theirs = decision_lines(one), decision_lines(other)
    if ours == theirs:
        return
    pairs = enumerate(zip([*ours, "nothing"], [*theirs, "nothing"], strict=False))
    place, (mine, yours) = next(found for found in pairs if found[1][0] != found[1][1])
    raise AssertionError(f"decision {place} differs\n{left}: {mine}\n{right}: {yours}")


def _insist(call: Callable[[], Any]) -> Any:
    """Make a call until the store does not fail; return what the last one gives."""
    with suppress(StoreError):
        return call()
    return _insist(call)


def _act_once(decisions: Iterable[Decision], store: Store) -> None:
    keys = [decision.action.key for decision in decisions if decision.action is not None]
    names = [decision.action.identity for decision in decisions if decision.action is not None]
    if len({*names}) != len(names) or len({*keys}) != len(keys):
        _twice(names)
    rows = [action.key for action in store.outbox.pending(2**61, len(keys) + 1)]
    actions = [each.action for each in decisions if each.action is not None and each.action.kind not in CARRIED_OUT]
    keys = [action.key for action in actions]
    held = {action.key for action in actions if action.valid_until is None}
    if not held <= {*rows} <= {*keys} or len({*rows}) != len(rows):
        raise AssertionError(f"the outbox holds {sorted(rows)}, the journal {sorted(keys)}")


def _twice(names: list[tuple[str, str, str, str]]) -> NoReturn:
    doubled = sorted({name for name in names if names.count(name) > 1})
    raise AssertionError(f"acted twice: {doubled}")
