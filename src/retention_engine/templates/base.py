"""The seam of rendering: one method, content or an error, never half a message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

from retention_engine.envelopes import Content

LONGEST_OUTPUT = 65_536
"""Characters that one text, subject or HTML may have when it is filled."""
DEFAULT_LANGUAGE = "en"
DEFAULT_ZONE = "UTC"
STYLED = ("telegram",)
"""Channels that show bold, italic and links by entities; elsewhere links are written out."""
MAILS = ("email",)
"""Channels that have HTML, and no buttons."""
_FLAGS = {"ru": ("нет", "да")}
_FLAGS_ELSEWHERE = ("no", "yes")
_NONE: Mapping[str, Any] = MappingProxyType({})


@runtime_checkable
class Renderer(Protocol):
    """Makes the content of a message out of a template and plain values."""

    def render(self, template: str, channel: str | None, language: str | None, data: Mapping[str, Any]) -> Content:
        """Return the content.

        Raises:
            EmptyContent: there is nothing to say.
            TemplateError: the template is unknown or wrong, or a value is missing or not plain.
        """
        ...


def flag_text(value: bool, language: str) -> str:
    """Return what a yes or no is in a language; English when it is not known."""
    return _FLAGS.get(language.split("-", maxsplit=1)[0], _FLAGS_ELSEWHERE)[value]


def message_values(
    customer: str, attributes: Mapping[str, Any], *, items: Iterable[Any] = (), more: Mapping[str, Any] = _NONE
) -> dict[str, Any]:
    """Return what a message is filled with: each attribute by its name, ``customer``, ``items``, and what a rule gives.

    What a rule gives goes before an attribute of the same name.
    """
    known = {**attributes, "id": customer}
    return {**attributes, "customer": known, "items": list(items), **more}
