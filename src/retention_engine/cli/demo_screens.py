"""What the demo shows: decisions by rule and outcome, timelines, an explanation, sizes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from retention_engine import Decision, RuleSet
from retention_engine.cli.screen import Screen
from retention_engine.engine import Story
from retention_engine.facts import OrderPlaced
from retention_engine.timing import to_text

Timeline = tuple[str, Sequence[OrderPlaced], Sequence[Decision]]


def outcome_of(decision: Decision) -> str:
    """Return the outcome with its reason, such as ``drop condition_false``."""
    return decision.outcome.value if decision.reason is None else f"{decision.outcome.value} {decision.reason.value}"


def show_decisions(screen: Screen, rules: RuleSet, decisions: Iterable[Decision]) -> None:
    """Show how often each rule came to each outcome."""
    counts = Counter((each.rule, outcome_of(each)) for each in decisions)
    for (rule, outcome), count in sorted(counts.items()):
        screen.emit("outcome", rule=rule, outcome=outcome, count=count)
    outcomes = sorted({outcome for _, outcome in counts})
    rows = [[rule.id, str(rule.trigger), *(counts[rule.id, outcome] or "" for outcome in outcomes)] for rule in rules]
    sums = [sum(count for (_, each), count in counts.items() if each == outcome) for outcome in outcomes]
    screen.title("Decisions by rule and outcome")
    screen.table(["rule", "is due", *outcomes], [*rows, ["all", "", *sums]], total=True)


def show_timelines(screen: Screen, timelines: Iterable[Timeline]) -> None:
    """Show the orders of a few customers between the decisions about them."""
    screen.title("Three customers")
    for customer, orders, decisions in timelines:
        placed = [(each.at, 0, f"{_day(each.at)}  order {each.order.id}, {_dollars(each)}") for each in orders]
        decided = [(each.at, 1, f"{_day(each.at)}    {each.rule}: {_words(each)}") for each in decisions]
        lines = [text for _, _, text in sorted(placed + decided, key=lambda row: row[:2])]
        screen.emit("timeline", customer=customer, lines=lines)
        screen.say(f"  customer {customer}", style="cyan")
        for line in lines:
            screen.say(f"    {line}", style="dim" if "  order " in line else "")


def show_story(screen: Screen, story: Story) -> None:
    """Show why a rule is not due, and when that changes by itself."""
    screen.emit("story", **story.as_dict())
    screen.title(f"Why? engine.explain({story.customer!r}, {story.rule!r}) on {_day(story.at)}")
    for line in str(story).splitlines():
        screen.say(f"  {line}")


def show_sizes(screen: Screen, file: Path, facts: int, decisions: Sequence[Decision]) -> None:
    """Show how large the file became."""
    size = sum(part.stat().st_size for part in file.parent.iterdir())
    actions = sum(each.action is not None for each in decisions)
    screen.emit("size", bytes=size, facts=facts, decisions=len(decisions), actions=actions)
    screen.say()
    held = f"{facts:,} facts, {len(decisions):,} decisions with their evidence and {actions:,} actions in the outbox"
    screen.say(f"The SQLite file holds {held}: {size / 1e6:,.0f} MB.")


def _words(decision: Decision) -> str:
    until = "" if decision.until is None else f" until {_day(decision.until)}"
    why = (
        f"  [{'; '.join(decision.because)}]"
        if decision.because and decision.outcome.value in ("act", "drop", "exit")
        else ""
    )
    name = f" {decision.step}" if decision.action is not None else ""
    return f"{outcome_of(decision)}{name}{until}{why}"


def _day(instant: int) -> str:
    return to_text(instant)[:10]


def _dollars(fact: OrderPlaced) -> str:
    return f"${fact.order.total.amount / 100:,.2f}"
