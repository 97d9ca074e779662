"""``retention-engine explain``: why a rule is or is not due for a customer."""

from __future__ import annotations

from pathlib import Path

from cyclopts import CycloptsError

from retention_engine import Engine
from retention_engine.cli.exits import Exit
from retention_engine.cli.inputs import club_at, moment_of, one_of, shop_in, store_at
from retention_engine.cli.screen import Screen
from retention_engine.errors import shown


def explain(
    rules: Path,
    /,
    *,
    db: str,
    customer: str,
    rule: str,
    at: str | None = None,
    zone: str | None = None,
    club: str | None = None,
    json: bool = False,
) -> Exit:
    """Say why a rule is or is not due for a customer, what speaks against its message, and when that changes by itself.

    Args:
        rules: the rules and policies, a TOML file.
        db: the store.
        customer: the customer's id.
        rule: the rule's id.
        at: an instant with an offset, or a date; left out, the instant the store was advanced to.
        zone: the shop's time zone; left out, the one the store was used with before, else UTC.
        club: the club that rules ask about and grant from, as module:NAME of a Python module.
        json: print JSON lines for programs.
    """
    screen = Screen(json=json)
    shop = shop_in(rules)
    one_of(rule, "--rule", (each.id for each in shop.rules))
    with Engine(shop.rules, policies=shop.policies, club=club_at(club), store=store_at(db), zone=zone) as engine:
        if not engine.store.facts.of([customer])[customer]:
            raise CycloptsError(f"--customer {shown(customer)} is not there: the store has no facts about them")
        story = engine.explain(customer, rule, moment_of(engine, at, engine.zone))
    screen.emit("story", **story.as_dict())
    for line in str(story).splitlines():
        screen.say(line)
    return Exit.OK
