"""``retention-engine demo``: real purchases through the engine, and what it decides about them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from attrs import frozen
from cyclopts import Parameter

from retention_engine import Decision, Engine, Outcome, RuleSet
from retention_engine.cli.cdnow import data_file, read_orders
from retention_engine.cli.demo_rules import demo_rules
from retention_engine.cli.demo_screens import show_decisions, show_sizes, show_story, show_timelines
from retention_engine.cli.exits import Exit
from retention_engine.cli.screen import Screen, Watch
from retention_engine.facts import OrderPlaced
from retention_engine.timing import DAY, to_instant

SINCE, UNTIL = "1996-12-31T00:00:00+00:00", "1998-06-30T00:00:00+00:00"
BATCH = 5_000
REPLAYED = 200


@frozen
class Replay:
    """What the demo did.

    Attributes:
        orders: the facts, by the rows of the file.
        decisions: by (instant, customer).
        engine: over the file that holds both.
    """

    orders: Sequence[OrderPlaced]
    decisions: Sequence[Decision]
    engine: Engine


def demo(*, json: bool = False, first: Annotated[int | None, Parameter(show=False)] = None) -> Exit:
    """Replay real purchases and show what a small rule set decides about them.

    Eighteen months of CDNOW, 23,570 customers with 69,659 orders, go into an SQLite file in a temporary folder.

    Args:
        json: print JSON lines for programs.
        first: take this many orders only, for tests.
    """
    screen = Screen(json=json)
    path = data_file()
    rules = demo_rules()
    screen.say("retention_engine: the purchases of CDNOW, 1997 to 1998, replayed", style="bold")
    with TemporaryDirectory(prefix="retention-demo-") as folder:
        watch = Watch(screen)
        file = Path(folder) / "demo.db"
        with Engine(rules, store=f"sqlite:///{file}", since=SINCE) as engine:
            replay = _replay(engine, path, watch, first=first)
            _again(replay, rules, watch)
            _show(screen, replay, rules)
            show_sizes(screen, file, len(replay.orders), replay.decisions)
        screen.say(f"All of it took {sum(watch.seconds.values()):.1f} s.")
    return Exit.OK


def _replay(engine: Engine, path: Path, watch: Watch, *, first: int | None) -> Replay:
    with watch.phase("read the orders") as phase:
        orders = list(read_orders(path, first=first))
        customers = len({order.customer for order in orders})
        phase.result = f"{len(orders):,} orders of {customers:,} customers"
    with watch.phase("record them", len(orders)) as phase:
        for done, batch in _batches(orders):
            engine.record(batch)
            phase.step(done)
        phase.result = f"{len(orders):,} facts in {-(-len(orders) // BATCH)} commits"
    with watch.phase("advance time", customers) as phase:
        advance = engine.advance(UNTIL, progress=phase.step)
        phase.result = f"{SINCE[:10]} to {UNTIL[:10]}: {len(advance.decisions):,} decisions, {len(advance):,} actions"
    return Replay(orders, advance.decisions, engine)


def _again(replay: Replay, rules: RuleSet, watch: Watch) -> None:
    """Show two laws at work: repeated facts change nothing, and how time is cut into advances changes nothing."""
    with watch.phase("record some again") as phase:
        again = replay.engine.record(replay.orders[:BATCH])
        phase.result = f"{again.new:,} new, {again.repeated:,} known already"
    with watch.phase("advance day by day") as phase:
        chosen = set(sorted({order.order.customer for order in replay.orders})[:REPLAYED])
        engine = Engine(rules, since=SINCE)
        engine.record(order for order in replay.orders if order.customer in chosen)
        start, end = to_instant(SINCE), to_instant(UNTIL)
        daily = [each for at in range(start + DAY, end + 1, DAY) for each in engine.advance(at).decisions]
        same = daily == [each for each in replay.decisions if each.customer in chosen]
        phase.result = (
            f"{len(chosen):,} customers, {(end - start) // DAY} advances: {'the same' if same else 'other'} decisions"
        )


def _show(screen: Screen, replay: Replay, rules: RuleSet) -> None:
    show_decisions(screen, rules, replay.decisions)
    history: dict[str, list[OrderPlaced]] = {}
    for order in replay.orders:
        history.setdefault(str(order.customer), []).append(order)
    made: dict[str, list[Decision]] = {}
    for decision in replay.decisions:
        made.setdefault(decision.customer, []).append(decision)
    chosen = list(_examples(made))
    show_timelines(screen, [(customer, history[customer], made[customer]) for customer in chosen])
    late = sorted(history, key=lambda customer: (history[customer][-1].at, customer))
    asked = next((customer for customer in late if _quiet_days(history[customer]) < 40), late[-1])
    show_story(screen, replay.engine.explain(asked, "win-back-60"))


def _examples(made: dict[str, list[Decision]]) -> Iterator[str]:
    """Yield a customer who never came back, one whose second order ended a journey, and a regular."""
    seen: set[str] = set()
    for wanted, longest in ((_fell_silent, 10), (_came_back, 13), (_became_regular, 17)):
        fitting = (customer for customer in sorted(made) if customer not in seen and len(made[customer]) <= longest)
        found = next((customer for customer in fitting if wanted(made[customer])), None)
        if found is not None:
            seen.add(found)
            yield found


def _fell_silent(decisions: Sequence[Decision]) -> bool:
    return any(each.step == "ten-percent" for each in decisions)


def _came_back(decisions: Sequence[Decision]) -> bool:
    return any(each.outcome is Outcome.EXIT for each in decisions)


def _became_regular(decisions: Sequence[Decision]) -> bool:
    return any(each.rule == "regular" for each in decisions)


def _quiet_days(orders: Sequence[OrderPlaced]) -> int:
    return (to_instant(UNTIL) - orders[-1].at) // DAY


def _batches(orders: Sequence[OrderPlaced]) -> Iterator[tuple[int, Sequence[OrderPlaced]]]:
    for start in range(0, len(orders), BATCH):
        yield min(start + BATCH, len(orders)), orders[start : start + BATCH]
