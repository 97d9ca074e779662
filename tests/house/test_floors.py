"""Imports go down only, names on one floor are strangers, and nothing is imported late but what is heavy.

The tables are the law of the architecture page; whoever adds a name gives it a floor in the same change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.house._house import HEAVY, Import, Sources, assert_none, cycles, dotted, imports, sources

FLOORS = (
    "errors timing money keys values texts typed",
    "facts actions envelopes signals",
    "state loyalty experiments analytics ports",
    "view stores transports templates observers",
    "predicates",
    "segments rules arbitration batch preferences clubs",
    "engine delivery intake",
    "__init__",
    "recipes testing cli integrations report",
)
PREDICATES = (
    "base syntax",
    "compare",
    "aggregates items",
    "records attributes membership",
    "calendars columns kinds",
    "cells",
    "generator",
    "parse explain compiler sql",
    "named",
    "__init__",
)
NEIGHBOURS = {  # (who, may also know): why
    ("timing", "errors"): "one error tree; errors knows nothing of ours",
    ("money", "errors"): "one error tree; errors knows nothing of ours",
    ("keys", "errors"): "one error tree; errors knows nothing of ours",
    ("values", "errors"): "one error tree; errors knows nothing of ours",
    ("texts", "errors"): "one error tree; errors knows nothing of ours",
    ("typed", "errors"): "one error tree; errors knows nothing of ours",
}
ONLY = {  # who: the only names it may know besides itself
    "stores": "errors timing money keys values facts actions envelopes ports",
    "transports": "errors timing money keys values facts actions envelopes ports",
    "observers": "errors timing money keys values facts actions envelopes signals ports",
}
# Known from the loop upwards, never to what is asked:
PLUGGED_IN = frozenset({"stores", "transports", "templates", "observers"})
PUBLIC_ONLY = frozenset({"segments", *FLOORS[-1].split()})  # sees packages as a user does, not the modules inside them
LATE: dict[tuple[str, str], str] = {}  # (who, imports late): why, although it is not heavy


def levels(table: tuple[str, ...]) -> dict[str, int]:
    """Return the number of the floor of each name."""
    return {name: number for number, names in enumerate(table) for name in names.split()}


def ours(found: Sources, inside: str) -> Iterator[tuple[str, str, Import]]:
    """Yield (who, whom, import) of every import between two names directly below ``inside``."""
    prefix = f"{inside}." if inside else ""
    for one in imports(found):
        ends = (one.importer, one.target)
        if one.ours and all(end == inside or end.startswith(prefix) for end in ends):
            who, whom = (end.removeprefix(inside).removeprefix(".").split(".")[0] or "__init__" for end in ends)
            yield who, whom, one


def floor_faults(found: Sources, table: tuple[str, ...] = FLOORS, inside: str = "") -> Iterator[str]:
    """Yield what has no floor, and every import that does not go down."""
    level = levels(table)
    prefix = f"{inside}/" if inside else ""
    here = {path.removeprefix(prefix).split("/")[0].removesuffix(".py") for path in found if path.startswith(prefix)}
    yield from (f"{name} has no floor" for name in sorted(here - level.keys()))
    for who, whom, one in ours(found, inside):
        if who == whom or (who, whom) in NEIGHBOURS or who not in level:
            continue
        if level.get(whom, len(level)) >= level[who]:
            yield f"{one} does not go down"
        elif not inside and not _may_know(who, whom, level):
            yield f"{one} is not for {who}"


def _may_know(who: str, whom: str, level: dict[str, int]) -> bool:
    allowed = who not in ONLY or whom in ONLY[who].split()
    return allowed and (whom not in PLUGGED_IN or level[who] >= level["engine"])


def predicate_faults(found: Sources) -> Iterator[str]:
    """Yield the same faults for the files of the language."""
    return floor_faults(found, PREDICATES, "predicates")


def privacy_faults(found: Sources) -> Iterator[str]:
    """Yield imports of a module inside a package by those who use public names only."""
    for who, whom, one in ours(found, ""):
        if who in PUBLIC_ONLY and who != whom and "." in one.target and not _offered(found, one.target):
            yield f"{one} is not public: import it from its package"


def _offered(found: Sources, target: str) -> bool:
    """Tell whether a package offers a name that is also the name of the module it comes from."""
    package, _, name = target.rpartition(".")
    text = found.get(f"{package.replace('.', '/')}/__init__.py", "")
    return f'"{name}",' in text.partition("__all__")[2]


def cycle_faults(found: Sources) -> Iterator[str]:
    """Yield the groups of modules that import each other when they are loaded."""
    yield from (f"cycle: {' <-> '.join(group)}" for group in cycles(_loads(found)))


def late_faults(found: Sources) -> Iterator[str]:
    """Yield imports inside functions of something that neither is nor loads anything heavy."""
    loads = _loads(found)
    heavy = {one.importer for one in imports(found) if not (one.lazy or one.typing) and _root(one) in HEAVY}
    while more := {name for name, targets in loads.items() if targets & heavy} - heavy:
        heavy |= more
    for one in imports(found):
        packages = {one.target, one.target.rpartition(".")[0]}
        light = not packages & heavy if one.ours else _root(one) not in HEAVY
        if one.lazy and light and (one.importer, one.target) not in LATE:
            yield f"{one} is imported late, but is not heavy"


def _root(one: Import) -> str:
    return "" if one.ours else one.target.split(".")[0]


def _loads(found: Sources) -> dict[str, set[str]]:
    edges: dict[str, set[str]] = {dotted(path): set() for path in found}
    for one in imports(found):
        if one.ours and not one.lazy and not one.typing:
            edges[one.importer].add(one.target)
    return edges


CHECKS = [floor_faults, predicate_faults, privacy_faults, cycle_faults, late_faults]


@pytest.mark.parametrize("check", CHECKS)
def test_our_imports_keep_the_floors(check: Callable[[Sources], Iterator[str]]) -> None:
    """Every import of the package obeys the tables above."""
    assert_none(check(sources()))


PLANTED = [
    (floor_faults, {"predicates/base.py": "from retention_engine.rules import Rule"}, "predicates.base:1 -> rules"),
    (floor_faults, {"predicates/base.py": "from retention_engine import rules", "rules/__init__.py": "1"}, "-> rules"),
    (floor_faults, {"analytics/churn.py": "def f():\n    import retention_engine.rules.rule"}, "analytics.churn:2"),
    (floor_faults, {"rules/rule.py": "from ..arbitration.caps import Cap"}, "rules.rule:1 -> arbitration.caps"),
    (floor_faults, {"facts/base.py": "from retention_engine import Engine"}, "facts.base:1 -> retention_engine"),
    (floor_faults, {"money.py": "if TYPE_CHECKING:\n    from retention_engine.keys import bucket"}, "money:2 -> keys"),
    (floor_faults, {"helpers.py": "x = 1"}, "helpers has no floor"),
    (floor_faults, {"stores/sqlite.py": "from retention_engine.state import fold"}, "is not for stores"),
    (floor_faults, {"rules/rule.py": "from retention_engine.stores import SQLite"}, "is not for rules"),
    (floor_faults, {"engine/loop.py": "from retention_engine.testing import clock"}, "does not go down"),
    (predicate_faults, {"predicates/base.py": "from retention_engine.predicates.compare import Compare"}, "base:1"),
    (predicate_faults, {"predicates/sql.py": "from .explain import explain"}, "predicates.sql:1 -> predicates.explain"),
    (predicate_faults, {"predicates/misc.py": "x = 1"}, "misc has no floor"),
    (privacy_faults, {"recipes/winback.py": "from retention_engine.rules.rule import Rule"}, "is not public"),
    (cycle_faults, {"a.py": "import retention_engine.b", "b.py": "from retention_engine import a"}, "a <-> b"),
    (late_faults, {"keys.py": "def f():\n    import json"}, "keys:2 -> json"),
    (late_faults, {"engine/a.py": "def f():\n    from retention_engine.stores.memory import M"}, "engine.a:2"),
]


@pytest.mark.parametrize(("check", "planted", "found"), PLANTED)
def test_a_planted_violation_is_found(check: Callable[[Sources], Iterator[str]], planted: Sources, found: str) -> None:
    """Each kind of violation is reported with its place, and nothing else is."""
    faults = list(check(planted))
    assert len(faults) == 1
    assert found in faults[0]


HARMLESS = {
    "rules/__init__.py": "from retention_engine.rules.rule import Rule",
    "rules/rule.py": "from retention_engine.predicates import Node\nfrom retention_engine.rules.steps import Send",
    "stores/sqlite.py": "import sqlite3\nfrom retention_engine.ports import FactLog",
    "engine/store.py": "def opened():\n    from retention_engine.stores.sqlite import SQLite\n    import pydantic",
    "cli/__init__.py": "def main():\n    import rich\nfrom retention_engine.rules import Rule",
    "money.py": "from retention_engine.errors import FactError",
}


@pytest.mark.parametrize("check", CHECKS)
def test_a_sound_house_has_no_faults(check: Callable[[Sources], Iterator[str]]) -> None:
    """What the tables permit is not reported."""
    assert_none(check(HARMLESS))
