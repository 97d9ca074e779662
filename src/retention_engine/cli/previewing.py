"""``retention-engine preview``: a message as a customer would get it; nothing can be sent by it."""

from __future__ import annotations

import json as notation
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from attrs import asdict
from cyclopts import CycloptsError, Parameter

from retention_engine import Engine
from retention_engine import templates as texts
from retention_engine.cli.exits import Exit
from retention_engine.cli.inputs import store_at
from retention_engine.cli.screen import Screen
from retention_engine.errors import EmptyContent, shown
from retention_engine.state import History, fold
from retention_engine.templates import PlainRenderer, Renderer, message_values, variants
from retention_engine.templates import preview as preview_of

Values = Annotated[list[str] | None, Parameter(name="--set")]
SOMEBODY = "customer-1"
ATTRIBUTES: Mapping[str, Any] = {"name": "Anna", "city": "Kazan", "zone": "UTC", "birthday": "1990-05-17"}
LEAVE = "https://shop.example/unsubscribe?token=signed"


def preview(
    templates: Path,
    template: str,
    /,
    *,
    channel: str | None = None,
    language: str | None = None,
    db: str | None = None,
    customer: str | None = None,
    set_: Values = None,
    jinja: bool = False,
    every: Annotated[bool, Parameter(name="--all")] = False,
    json: bool = False,
) -> Exit:
    """Print a message as a customer would get it. Nothing is sent, and nothing is recorded.

    The exit code is 1 when there is nothing to say to them.

    Args:
        templates: the folder of templates.
        template: its name, such as win-back.
        channel: such as telegram or email; left out, the text for every channel.
        language: such as ru; left out, the customer's, else the default one.
        db: the store that knows the customer; left out, one is made up.
        customer: the customer's id, with --db.
        set_: a value the rule gives, such as points=5 or 'items=[{"name": "Tea"}]'; may be given several times.
        jinja: the templates are written for JinjaRenderer.
        every: show it with foreign, long and hostile values, too.
        json: print JSON lines for programs.
    """
    screen = Screen(json=json)
    renderer = _renderer(templates, jinja=jinja)
    attributes = _known(db, customer)
    own = attributes.get("language")
    tongue = language or (own if isinstance(own, str) else None)
    given = {"unsubscribe_url": LEAVE, **dict(map(_value, set_ or []))}
    sample = message_values(customer or SOMEBODY, attributes, more=given)
    samples = variants(sample) if every else [sample]
    silent = 0
    for number, values in enumerate(samples):
        if every:
            screen.title(f"sample {number}")
        said = {
            "template": template,
            "channel": channel,
            "language": tongue,
            "customer": customer or SOMEBODY,
            "sample": number,
        }
        silent += not _show(screen, renderer, said, values)
    return Exit.FOUND if silent else Exit.OK


def _show(screen: Screen, renderer: Renderer, said: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Show a message; tell whether there is one."""
    template, channel, language = said["template"], said["channel"], said["language"]
    try:
        content = renderer.render(template, channel, language, values)
        text = preview_of(renderer, template, values, channel=channel, language=language)
    except EmptyContent as error:
        screen.emit("preview", **said, content=None, nothing=str(error))
        screen.say(f"nothing would be sent: {error}")
        return False
    screen.emit("preview", **said, content=asdict(content), nothing=None)
    for line in text.splitlines():
        screen.say(line)
    return True


def _renderer(folder: Path, *, jinja: bool) -> Renderer:
    return texts.JinjaRenderer(folder) if jinja else PlainRenderer(folder)


def _known(db: str | None, customer: str | None) -> dict[str, Any]:
    """Return the attributes of a customer."""
    if db is None and customer is None:
        return dict(ATTRIBUTES)
    if db is None or customer is None:
        raise CycloptsError("--db and --customer belong together: the store, and whom it knows")
    with Engine([], store=store_at(db)) as engine:
        facts = engine.store.facts.of([customer])[customer]
    if not facts:
        raise CycloptsError(f"--customer {shown(customer)} is not there: the store has no facts about them")
    held = fold(History(customer), facts).attributes
    return {name: each.value for name, each in held.items() if isinstance(each.value, str | int | float)}


def _value(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise CycloptsError(f"--set is written NAME=VALUE, such as points=5, not {shown(text)}")
    try:
        return name, notation.loads(value)
    except (ValueError, RecursionError):
        return name, value
