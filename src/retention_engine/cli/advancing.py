"""``retention-engine advance``: let time go on and print what is due."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from retention_engine import Action, Engine
from retention_engine.cli.exits import Exit
from retention_engine.cli.inputs import club_at, instant_of, shop_in, store_at
from retention_engine.cli.screen import Screen
from retention_engine.timing import to_instant, to_text


def advance(
    rules: Path,
    /,
    *,
    db: str,
    to: str,
    since: str | None = None,
    zone: str | None = None,
    club: str | None = None,
    json: bool = False,
) -> Exit:
    """Let time go on to an instant, and print the actions that became due.

    They are in the outbox of the store too, each once: running the command again prints nothing new.

    Args:
        rules: the rules and policies, a TOML file.
        db: the store.
        to: an instant with an offset, or a date: its first instant in the shop's zone.
        since: the launch of rules on a store that was never advanced; left out, what lies before --to sends nothing.
        zone: the shop's time zone; left out, the one the store was used with before, else UTC.
        club: the club that rules ask about and grant from, as module:NAME of a Python module.
        json: print JSON lines for programs.
    """
    screen = Screen(json=json)
    launch = None if since is None else instant_of(since, "--since", zone or "UTC")
    shop = shop_in(rules)
    words: dict[str, Any] = {"policies": shop.policies, "club": club_at(club), "zone": zone, "since": launch}
    with Engine(shop.rules, store=store_at(db), **words) as engine:
        target = instant_of(to, "--to", engine.zone)
        with screen.progress("customers", None) as step:
            done = engine.advance(target, progress=step)
        following = engine.next_wakeup()
    for action in done:
        screen.emit("action", **fields_of(action))
    wake = None if following is None else to_text(to_instant(following))
    counts = {"actions": len(done), "decisions": len(done.decisions), "customers": done.evaluated}
    screen.emit("advance", to=to_text(done.to), **counts, next_wakeup=wake)
    screen.table(["due", "customer", "action", "rule", "reason"], [_row(action) for action in done])
    looked = f"{len(done):,} actions, {done.evaluated:,} customers looked at"
    screen.say(f"{to_text(done.to)}: {looked}; next: {wake or 'when a fact comes'}")
    return Exit.OK


def fields_of(action: Action) -> dict[str, object]:
    """Return an action as plain values; instants are ISO 8601 UTC."""
    return {
        "key": action.key,
        "rule": action.rule,
        "customer": action.customer,
        "occasion": action.occasion,
        "step": action.step,
        "kind": action.kind,
        "name": action.name,
        "channel": action.channel,
        "topic": action.topic,
        "data": action.data,
        "due": to_text(action.due),
        "valid_until": None if action.valid_until is None else to_text(action.valid_until),
        "reason": action.reason,
        "because": list(action.because),
    }


def _row(action: Action) -> list[object]:
    return [to_text(action.due), action.customer, f"{action.kind} {action.name}", action.rule, action.reason]
