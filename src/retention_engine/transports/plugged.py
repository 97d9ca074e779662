"""Transports that other packages bring along, found by the name they are installed under."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from retention_engine.errors import DefinitionError, nearest, shown

GROUP = "retention_engine.transports"
"""The group of entry points in which a package names its transports."""


def load_transport(name: str) -> Callable[..., Any]:
    """Return the class of a transport, or whatever makes one, that an installed package brings along.

    Raises:
        DefinitionError: no package brings one of this name, several do, or theirs cannot be loaded.
    """
    known = {(each.name, each.value): each for each in entry_points(group=GROUP)}
    found = [each for each in known.values() if each.name == name]
    if not found:
        raise DefinitionError(f"no installed package brings a transport {shown(name)}{_others(name, known)}")
    if len(found) > 1:
        where = " and ".join(sorted(each.value for each in found))
        raise DefinitionError(f"transport {shown(name)} is brought along twice: {where}")
    return _loaded(found[0])


def _others(name: str, known: dict[tuple[str, str], EntryPoint]) -> str:
    return nearest(name, {each for each, _ in known}) if known else ""


def _loaded(entry: EntryPoint) -> Callable[..., Any]:
    try:
        made = entry.load()
    except Exception as error:
        raise DefinitionError(f"transport {entry.name!r} cannot be loaded from {entry.value}: {error}") from error
    if not callable(made):
        raise DefinitionError(f"transport {entry.name!r} is {shown(made)}: neither a class nor a function")
    return made  # type: ignore[no-any-return]  # what an entry point names is not known
