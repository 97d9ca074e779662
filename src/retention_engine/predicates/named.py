"""Named predicates of a definition file: each may name those above it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from retention_engine.errors import DefinitionError, shown
from retention_engine.predicates.base import Truth
from retention_engine.predicates.parse import parse
from retention_engine.texts import checked, quoted_key, read_at

MOST_SEGMENTS = 1_000


class _Earlier(dict[str, Truth]):
    """The segments read so far; asked for one that stands further down, it says so."""

    def __init__(self, named: Mapping[str, Any]) -> None:
        """Keep all the names of the file."""
        super().__init__()
        self._named = named

    def __contains__(self, name: object) -> bool:
        """Tell whether the file has the segment at all."""
        return name in self._named

    def __missing__(self, name: str) -> Truth:
        """Refuse a segment that is not read yet."""
        raise DefinitionError(f"a segment names those above it only: {shown(name)} does not stand above")


def read_segments(named: Mapping[str, Any]) -> dict[str, Truth]:
    """Read the texts of segments in their order; each may name those before it.

    Raises:
        DefinitionError: anything wrong; the message starts with the place, such as ``segments.lapsed``.
    """
    if len(named) > MOST_SEGMENTS:
        raise DefinitionError(f"segments: at most {MOST_SEGMENTS} in a file, not {len(named)}")
    found = _Earlier(named)
    for name, text in named.items():
        place = f"segments.{quoted_key(name)[:80]}"
        found[name] = read_at(place, lambda text: parse(text, segments=found), checked(text, str, place, "a text"))
    return dict(found)
