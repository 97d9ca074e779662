"""The engine around the walk: recording, advancing, the clock, the store."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from retention_engine import (
    Customer,
    Engine,
    Order,
    Rule,
    Send,
    after,
    days,
    entering,
    events,
    on,
    orders,
    price_drop,
    views,
)
from retention_engine.engine.walk import walk
from retention_engine.errors import DefinitionError, FactConflict, FactError, StoreError, TimeError
from retention_engine.facts import OrderPlaced, PriceChanged, Viewed
from retention_engine.money import Money
from retention_engine.stores import MemoryStore
from retention_engine.testing import InterruptedStore
from retention_engine.timing import DAY, HOUR, to_datetime
from tests.engine._shop import ANNA, START, happened, order, shop

THANKS = Rule("thanks", on(orders), Send("thanks"))
LAPSED = Rule("lapsed", entering(orders.last().age >= days(30)), Send("come-back"))


def test_orders_customers_and_facts_are_recorded_alone_or_many() -> None:
    """What is new and what was known is counted, within a batch too."""
    engine = shop(THANKS)
    bought = Order(id="1", customer=ANNA, at=START + HOUR, total=Money(5, "EUR"))
    assert engine.record(bought).new == 1
    recorded = engine.record(
        [bought, Customer(id="boris", registered=START), happened("a", START), happened("a", START)]
    )
    assert (recorded.new, recorded.repeated) == (2, 2)
    assert engine.record(iter(())).new == 0


@pytest.mark.parametrize("wrong", ["order", 7, None, [None], [order("1", START), 5]])
def test_what_is_no_fact_is_refused_and_nothing_is_stored(wrong: Any) -> None:
    """The message says what is taken."""
    engine = shop(THANKS)
    with pytest.raises(FactError, match=r"record\(\) takes facts, orders and customers"):
        engine.record(wrong)
    assert engine.store.roster.customers("", 9) == []


def test_a_conflict_stores_nothing_of_its_batch() -> None:
    """And wakes nobody."""
    engine = shop(THANKS, facts=[order("1", START + HOUR)])
    with pytest.raises(FactConflict):
        engine.record([order("2", START + HOUR, "boris"), order("1", START + 2 * HOUR)])
    assert engine.store.roster.customers("", 9) == [ANNA]


def test_an_order_that_was_changed_is_a_fact_of_its_own() -> None:
    """Recorded again as it was first it is a conflict, and the message says what to record; that replaces its lines."""
    first, changed = (Order(id="1", customer=ANNA, at=START + at, total=Money(1000 + at, "EUR")) for at in (0, 1))
    engine = shop(THANKS, facts=[OrderPlaced.of(first)])
    with pytest.raises(FactConflict, match=r"OrderPlaced\(id='order:1.2', customer=..., at=..., order=...\)"):
        engine.record(changed)
    with pytest.raises(FactConflict, match=r"another content$"):
        engine.record([happened("a", START), happened("a", START, data={"n": 1})])
    engine.record(OrderPlaced(id="order:1.2", customer=ANNA, at=START + 1, order=changed))
    assert [member.customer for member in engine.members(orders.sum("total") == 1001, at=START + 1)] == [ANNA]


def test_a_fact_from_before_now_is_learned_right_after_now() -> None:
    """One that takes effect later is stored as it is."""
    engine = shop(THANKS)
    engine.advance(START + DAY)
    engine.record([order("1", START + HOUR), order("2", START + DAY), order("3", START + DAY + 1)])
    assert [fact.effective - START - DAY for fact in engine.store.facts.of([ANNA])[ANNA]] == [1, 1, 1]
    assert [action.occasion for action in engine.advance(START + DAY + 1)] == ["1", "2", "3"]


def test_an_advance_gives_the_due_actions_and_how_many_were_looked_at() -> None:
    """Sorted by instant and customer; iterating gives the actions."""
    engine = shop(THANKS, LAPSED, facts=[order("2", START + HOUR, "boris"), order("1", START + HOUR)])
    seen: list[int] = []
    advance = engine.advance(START + 40 * DAY, progress=seen.append)
    assert [(action.customer, action.rule) for action in advance] == [
        (ANNA, "thanks"),
        ("boris", "thanks"),
        (ANNA, "lapsed"),
        ("boris", "lapsed"),
    ]
    assert (len(advance), advance.to, advance.evaluated, seen) == (4, START + 40 * DAY, 2, [2])
    assert [str(action)[:16] for action in advance.actions][:1] == ["2026-07-01 01:00"]


def test_customers_are_looked_at_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Progress is told after each; each is one transaction."""
    monkeypatch.setattr("retention_engine.engine.engine.BATCH", 2)
    engine = shop(THANKS, facts=[order(str(number), START + HOUR, f"c{number}") for number in range(5)])
    seen: list[int] = []
    assert len(engine.advance(START + DAY, progress=seen.append)) == 5
    assert seen == [2, 4, 5]


def test_time_does_not_go_back_and_has_a_zone() -> None:
    """To where it stands already changes nothing."""
    engine = shop(THANKS)
    assert engine.now is None
    engine.advance("2026-07-02T00:00:00+00:00")
    assert engine.now == to_datetime(START + DAY)
    assert engine.advance(to_datetime(START + DAY)).evaluated == 0
    with pytest.raises(
        TimeError, match="time does not go back: asked for 2026-07-01T00:00:00Z, it stands at 2026-07-02"
    ):
        engine.advance(START)
    with pytest.raises(TimeError, match="naive"):
        engine.advance(datetime(2027, 1, 1))  # noqa: DTZ001  # that is what is refused


def test_without_since_the_rules_are_launched_at_the_first_advance() -> None:
    """What was recorded before it is history; a rule added later is launched where time stands."""
    engine = Engine([THANKS])
    engine.record(order("1", START - DAY))
    assert list(engine.advance(START)) == []
    engine.record(order("2", START + HOUR))
    assert [action.occasion for action in engine.advance(START + DAY)] == ["2"]
    more = Engine([THANKS, Rule("ask", after(orders, days(2)), Send("ask"))], store=engine.store)
    assert [(action.rule, action.occasion) for action in more.advance(START + 9 * DAY)] == [("ask", "2")]


def test_rules_may_be_launched_in_the_future() -> None:
    """Until then nothing is due."""
    engine = Engine([THANKS], since=START)
    engine.record([order("1", START - 2 * DAY), order("2", START)])
    assert list(engine.advance(START - DAY)) == []
    engine.record(order("3", START + HOUR))
    assert [action.occasion for action in engine.advance(START + DAY)] == ["3"]


def test_an_engine_without_rules_only_keeps_time_and_facts() -> None:
    """Such as one that imports."""
    engine = shop()
    engine.record(
        [order("1", START + HOUR), PriceChanged(id="p", at=START, sku="t", price=Money(1, "EUR"), was=Money(2, "EUR"))]
    )
    assert engine.advance(START + DAY).evaluated == 1
    assert engine.next_wakeup() is None


def test_the_outbox_lists_what_may_be_carried_out_now() -> None:
    """From its due instant until it is no longer valid; as many as asked for."""
    short = Rule("short", on(orders), Send("now"), valid_for=days(1))
    engine = shop(short, THANKS, facts=[order("1", START + HOUR)])
    engine.advance(START + 9 * DAY)
    assert engine.due(START + HOUR - 1) == []
    assert {action.rule for action in engine.due(START + HOUR)} == {"short", "thanks"}
    assert len(engine.due(START + HOUR, limit=1)) == 1
    assert [action.rule for action in engine.due(START + HOUR + DAY)] == ["thanks"]


def test_the_next_wake_up_is_that_of_the_earliest_customer() -> None:
    """None when only a fact can make something due."""
    engine = shop(LAPSED)
    assert engine.next_wakeup() is None
    engine.record([order("1", START + DAY), order("2", START + HOUR, "boris")])
    engine.advance(START + 2 * DAY)
    assert engine.next_wakeup() == to_datetime(START + HOUR + 30 * DAY)
    engine.advance(START + 90 * DAY)
    assert engine.next_wakeup() is None


def test_the_journal_is_read_by_instant() -> None:
    """From the start, inclusive, to the end, exclusive; both may be left out."""
    engine = shop(THANKS, LAPSED, facts=[order("1", START + HOUR)])
    engine.advance(START + 90 * DAY)
    assert [each.rule for each in engine.journal()] == ["thanks", "lapsed"]
    assert [each.rule for each in engine.journal(START + HOUR, START + HOUR + 30 * DAY)] == ["thanks"]
    assert [each.rule for each in engine.journal(start=START + HOUR + 1)] == ["lapsed"]


def test_explain_and_members_need_an_instant() -> None:
    """Before the first advance it has to be given; an unknown rule is named with the nearest one."""
    engine = shop(LAPSED, facts=[order("1", START + HOUR)])
    for ask in (lambda: engine.explain(ANNA, "lapsed"), lambda: engine.members(orders.exists())):
        with pytest.raises(DefinitionError, match="needs at=: the engine was never advanced"):
            ask()
    assert engine.explain(ANNA, "lapsed", START + DAY).status == "not due"
    assert [one.customer for one in engine.members(orders.exists(), START + DAY)] == [ANNA]
    engine.advance(START + 31 * DAY)
    assert engine.explain(ANNA, "lapsed").status.startswith("acted on 2026-07-31 01:00")
    with pytest.raises(DefinitionError, match=r"no rule .lapse. \(did you mean .lapsed.\?\)"):
        engine.explain(ANNA, "lapse")


def test_the_shops_zone_is_checked_and_kept_with_the_store() -> None:
    """An engine that names none takes that of the store, at first UTC."""
    with pytest.raises(TimeError, match="unknown time zone 'Europe/Berlyn'"):
        Engine([], zone="Europe/Berlyn")
    first = shop(THANKS, zone="Asia/Tokyo")
    first.advance(START)
    assert (first.zone, Engine([], store=first.store).zone, Engine([]).zone) == ("Asia/Tokyo", "Asia/Tokyo", "UTC")


def test_news_wake_the_interested_whoever_records_them() -> None:
    """Interest is noted by every engine on a store that has ever needed it; nobody is woken where none does."""
    drop = Rule("drop", price_drop(views), Send("cheaper"))
    seen = Viewed(id="v", customer=ANNA, at=START + HOUR, sku="tea")
    price = PriceChanged(id="p", at=START + DAY, sku="tea", price=Money(5, "EUR"), was=Money(9, "EUR"))
    engine = shop(drop)
    engine.advance(START)
    other = Engine([], store=engine.store)
    other.record([seen, price])
    assert [action.occasion for action in engine.advance(START + DAY)] == ["p"]
    blind = shop(THANKS, facts=[seen])
    blind.advance(START + HOUR)
    blind.record(price)
    assert blind.next_wakeup() is None


def test_a_failed_launch_is_tried_again_on_the_same_engine() -> None:
    """Nobody stays asleep because the first transaction of an advance failed."""
    store = MemoryStore()
    shop(THANKS, store=store, facts=[order("1", START + HOUR)]).advance(START + DAY)
    later = Engine([THANKS, LAPSED], store=InterruptedStore(store, {1}))
    with suppress(StoreError):
        later.advance(START + 2 * DAY)
    assert [action.rule for action in later.advance(START + 40 * DAY)] == ["lapsed"]


def test_after_a_failed_batch_the_next_advance_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fact told in between is learned after the instant that was asked for, as if nothing had failed."""
    monkeypatch.setattr("retention_engine.engine.engine.BATCH", 1)
    facts = [order(str(number), START + HOUR, f"c{number}") for number in range(3)]
    engine = shop(THANKS, store=InterruptedStore(MemoryStore(), {3}), facts=facts)
    with pytest.raises(StoreError):
        engine.advance(START + DAY)
    assert engine.now == to_datetime(START + DAY)
    engine.record(order("late", START + 2 * HOUR, "c2"))
    rest = engine.advance(START + 2 * DAY)
    assert sorted(action.occasion for action in engine.due(START + 9 * DAY)) == ["0", "1", "2", "late"]
    assert [each.at for each in rest.decisions if each.occasion == "late"] == [START + DAY + 1]


def test_a_fact_of_another_process_is_not_lost_while_an_advance_looks_at_its_customer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is recorded before the customer is looked at or after that is committed, never in between."""
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    engine, other = shop(THANKS, store=url, facts=[order("1", START + HOUR)]), shop(THANKS, store=url)
    late = Thread(target=other.record, args=(order("2", START + 2 * HOUR),))

    def disturbed(*given: Any) -> Any:
        if not late.ident:
            late.start()
            late.join(0.2)
        return walk(*given)

    monkeypatch.setattr("retention_engine.engine.engine.walk", disturbed)
    assert [action.occasion for action in engine.advance(START + DAY)] == ["1"]
    late.join()
    assert [(each.occasion, each.at) for each in engine.advance(START + 9 * DAY).decisions] == [("2", START + DAY + 1)]
    engine.close()
    other.close()


def test_threads_may_share_an_engine() -> None:
    """Facts from four threads: each counts once."""
    engine = shop(THANKS)
    batches = [[order(f"{batch}-{number}", START + HOUR, f"c{number}") for number in range(20)] for batch in range(4)]
    threads = [Thread(target=engine.record, args=(batch,)) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(engine.advance(START + DAY)) == 80


def test_the_store_is_closed_with_the_engine(tmp_path: Path) -> None:
    """At the end of the block, or by hand; twice is harmless."""
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    with Engine([THANKS], store=url, since=START) as engine:
        engine.record(order("1", START + HOUR))
    engine.close()
    with Engine([THANKS], store=url, since=START) as again:
        assert [action.occasion for action in again.advance(START + DAY)] == ["1"]


def test_wrong_settings_fail_where_they_are_written() -> None:
    """Stores, rules and instants."""
    with pytest.raises(DefinitionError, match="a store is 'memory'"):
        Engine([], store="mysql://x")
    with pytest.raises(DefinitionError, match="two rules have the id 'thanks'"):
        Engine([THANKS, THANKS])
    with pytest.raises(TimeError, match="not an ISO 8601 instant"):
        Engine([], since="yesterday")


def test_the_engine_loads_nothing_heavy() -> None:
    """An engine in memory needs neither a database nor pydantic nor hypothesis."""
    heavy = "import sys; before = {*sys.modules}; from retention_engine import Engine; Engine([]).advance(0); "
    heavy += "print(sorted({'sqlite3', 'pydantic', 'hypothesis', 'duckdb'} & ({*sys.modules} - before)))"
    found = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


def test_an_event_may_be_learned_before_it_happens() -> None:
    """It takes effect when it happens."""
    engine = shop(Rule("r", on(events("sale")), Send("hi")))
    engine.record(happened("sale", START + DAY).learned_at(START + HOUR))
    assert [each.at for each in engine.advance(START + 2 * DAY).decisions] == [START + DAY]
