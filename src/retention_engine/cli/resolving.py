"""``retention-engine unresolved``: the messages of which nobody knows whether they were sent."""

from __future__ import annotations

from retention_engine import Engine
from retention_engine.actions import Parcel
from retention_engine.cli.exits import Exit
from retention_engine.cli.inputs import store_at
from retention_engine.cli.screen import Screen
from retention_engine.delivery import Delivery, EngineClock
from retention_engine.templates import PlainRenderer
from retention_engine.timing import to_text


def unresolved(
    *, db: str, sent: list[str] | None = None, not_sent: list[str] | None = None, json: bool = False
) -> Exit:
    """List the messages of unknown outcome, after telling what you found out about some of them.

    Args:
        db: the store.
        sent: the key of a message that did arrive; may be given several times.
        not_sent: the key of one that did not: it is sent again unless it says ``drop``; may be given several times.
        json: print JSON lines for programs.
    """
    screen = Screen(json=json)
    with Engine([], store=store_at(db)) as engine:
        delivery, clock = Delivery(engine, {}, renderer=PlainRenderer({})), EngineClock(engine)
        for keys, truth in ((sent, True), (not_sent, False)):
            for key in keys or ():
                row = delivery.resolve(key, sent=truth, at=clock())
                screen.emit("resolved", key=key, state=row.state.value)
                screen.say(f"{key} is {row.state.value} now")
        rows = delivery.unresolved()
    for row in rows:
        screen.emit("unresolved", **_fields(row))
    screen.table(["key", "customer", "message", "rule", "channel", "due", "why"], [_row(row) for row in rows])
    screen.say(f"{len(rows)} messages of unknown outcome")
    return Exit.FOUND if rows else Exit.OK


def _fields(row: Parcel) -> dict[str, object]:
    action = row.action
    told = {"customer": action.customer, "rule": action.rule, "name": action.name, "channel": action.channel}
    return {"key": row.key, **told, "due": to_text(action.due), "reason": row.reason, "attempts": row.attempt_no}


def _row(row: Parcel) -> list[object]:
    action = row.action
    return [row.key, action.customer, action.name, action.rule, action.channel, to_text(action.due), row.reason]
