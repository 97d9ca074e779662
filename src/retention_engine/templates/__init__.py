"""Templates that people can write: texts for every channel and language, filled with plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retention_engine.errors import MissingExtra as _MissingExtra
from retention_engine.templates.assembly import Shape
from retention_engine.templates.base import Renderer, message_values
from retention_engine.templates.cards import Cards, available, card
from retention_engine.templates.check import Finding, check_templates, preview, variants
from retention_engine.templates.files import Templates, load_templates
from retention_engine.templates.plain import PlainRenderer
from retention_engine.templates.styles import inlined_styles

if TYPE_CHECKING:
    from retention_engine.templates.jinja import JinjaRenderer

__all__ = [
    "Cards",
    "Finding",
    "JinjaRenderer",
    "PlainRenderer",
    "Renderer",
    "Shape",
    "Templates",
    "available",
    "card",
    "check_templates",
    "inlined_styles",
    "load_templates",
    "message_values",
    "preview",
    "variants",
]


def __getattr__(name: str) -> object:
    if name != "JinjaRenderer":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from retention_engine.templates.jinja import JinjaRenderer  # loaded by those who use it
    except ImportError as error:
        raise _MissingExtra("templates", error.name or "jinja2") from None
    return JinjaRenderer
