"""The renderer for those who need conditions, loops, plurals and formats; needs the extra ``templates``."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

import jinja2

from retention_engine.envelopes import Content
from retention_engine.errors import TemplateError, nearest
from retention_engine.templates.assembly import Shape, assembled, placed, relabelled
from retention_engine.templates.base import DEFAULT_LANGUAGE, DEFAULT_ZONE, LONGEST_OUTPUT
from retention_engine.templates.cards import with_cards
from retention_engine.templates.data import plain
from retention_engine.templates.files import Part, Source, Templates, load_templates
from retention_engine.templates.filters import MOST_STEPS
from retention_engine.templates.formats import known_zone
from retention_engine.templates.sandbox import Loader, sandbox

_NO_SHAPE = Shape()
_LABELS = ("text:", "html:")


class JinjaRenderer:
    """Fills templates of a small, safe part of Jinja; values are plain and never read as template, markup or HTML.

    The value ``zone`` is the customer's zone, in which ``date`` and ``datetime`` show instants.

    Args:
        templates: a folder, a mapping of texts, or templates read before.
        default_language: for customers whose language has no text.
        zone: the shop's, for customers whose own is unknown.
        shape: what the channels can show.
    """

    def __init__(
        self,
        templates: Templates | Mapping[str, str] | str | PathLike[str],
        *,
        default_language: str = DEFAULT_LANGUAGE,
        zone: str = DEFAULT_ZONE,
        shape: Shape = _NO_SHAPE,
    ) -> None:
        """Read the templates; each is compiled when it is first used."""
        self.templates = load_templates(templates, default_language=default_language)
        self.shape = shape
        self._zone = zone
        self._parts: dict[str, Part] = {}
        self._environment = sandbox(Loader(self.templates, self._parts))

    def render(self, template: str, channel: str | None, language: str | None, data: Mapping[str, Any]) -> Content:
        """Return the content of a message.

        Raises:
            EmptyContent: there is nothing to say.
            TemplateError: the template is unknown or wrong, or a value is missing or not plain.
        """
        source = self.templates.find(template, channel, language)
        where = channel if channel in self.templates.channels else ""
        try:
            values = with_cards(source.cards, plain(data))
            return assembled(source, channel, lambda part: self._fill(part, source, where or "", values), self.shape)
        except TemplateError as error:
            raise placed(error, template, source.language) from None

    def _fill(self, part: Part, source: Source, channel: str, values: Mapping[str, Any]) -> str:
        label = part.label if part.label in ("text", "html") else "head"
        name = source.name if label != "head" else f"{source.name}.{source.channel}.{part.label}"
        key = f"{label}:{channel}:{source.language}:{name}"
        self._parts.setdefault(key, part)
        hidden = {
            "_language": source.language,
            "_zone": known_zone(values.get("zone"), self._zone),
            "_label": label,
            "_budget": [MOST_STEPS],
        }
        try:
            return _taken(self._environment.get_template(key), {**values, **hidden})
        except Exception as error:  # noqa: BLE001 - whatever a template does, one kind of error comes out
            line, inside = _place(error, key)
            where = inside or (part.label if label == "head" else "")
            raise relabelled(
                _error(error, values), where, part.line + line - 1 if part.line and line else None
            ) from None


def _taken(template: jinja2.Template, values: dict[str, Any]) -> str:
    parts, size = [], 0
    for part in template.generate(values):
        size += len(part)
        if size > LONGEST_OUTPUT:
            raise TemplateError(f"more than {LONGEST_OUTPUT} characters come out", code="too_much")
        parts.append(part)
    return "".join(parts)


def _error(error: Exception, values: Mapping[str, Any]) -> TemplateError:
    if isinstance(error, TemplateError):
        return error
    if isinstance(error, jinja2.UndefinedError):
        name = str(error)
        hint = "" if " " in name or not values else nearest(name, values)
        return TemplateError(f"unknown name {name}{hint}", code="unknown_name")
    return TemplateError(f"it cannot be filled: {type(error).__name__}")


def _place(error: Exception, key: str) -> tuple[int | None, str]:
    """Return the line of the part where an error was raised, and the snippet with its line, if it was in one."""
    line, inside = error.line if isinstance(error, TemplateError) else None, ""
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name == key:
            line = trace.tb_lineno
        elif name.startswith(_LABELS):
            inside = f"snippet {name.rpartition(':')[2]}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return line, inside
