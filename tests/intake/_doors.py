"""How pydantic reads a fact: the union of what may come from outside, and each kind of the engine by its class."""

from __future__ import annotations

from pydantic import TypeAdapter

from retention_engine.facts import KINDS, Fact
from retention_engine.intake import AnyFact

FACTS: TypeAdapter[Fact] = TypeAdapter(AnyFact)
OF_THE_ENGINE: dict[str, TypeAdapter[Fact]] = {
    name: TypeAdapter(cls) for name, cls in sorted(KINDS.items()) if cls.MADE_BY_ENGINE
}


def door(kind: str) -> TypeAdapter[Fact]:
    """Return what reads facts of a kind."""
    return OF_THE_ENGINE.get(kind, FACTS)
