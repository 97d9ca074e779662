"""There is one tree of errors, and the docstring of ``errors`` draws it."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator

import pytest

from tests.house._house import Sources, assert_none, classes, name_of, parse, sources

BASE = "RetentionError"
LINE = re.compile(r"^(?P<indent>[│ ]*(?:[├└]── )?)(?P<name>[A-Z]\w+)(?: \((?P<also>[\w, ]+)\))?(?:\s|$)")


def drawn(text: str) -> dict[str, list[str]]:
    """Return the bases of each error in the drawing: its parent, then the built-ins in brackets."""
    tree = (ast.get_docstring(parse(text)) or "").partition("```text")[2].partition("```")[0]
    found: dict[str, list[str]] = {}
    above: list[str] = []
    for match in filter(None, map(LINE.match, tree.splitlines())):
        depth = len(match["indent"]) // 4
        above[depth:] = [match["name"]]
        also = match["also"].split(", ") if match["also"] else []
        found[match["name"]] = [above[depth - 1] if depth else "Exception", *also]
    return found


def coded(found: Sources) -> dict[str, list[str]]:
    """Return the bases of each exception class that our modules define."""
    bases = {node.name: [name_of(base) for base in node.bases] for _, node in classes(found)}
    known: set[str] = set()
    while more := {name for name, above in bases.items() if any(_raises(one, known) for one in above)} - known:
        known |= more
    return {name: bases[name] for name in sorted(known)}


def _raises(base: str, known: set[str]) -> bool:
    name = base.rpartition(".")[2]
    own = getattr(builtins, name, None)
    is_builtin = isinstance(own, type) and issubclass(own, BaseException)
    return name in known or is_builtin or ("." in base and name.endswith(("Error", "Exception", "Exit")))


def error_faults(found: Sources) -> Iterator[str]:
    """Yield every difference between the drawing and the code, and every error outside the tree."""
    code, drawing = coded(found), drawn(found.get("errors.py", '""'))
    for name, bases in code.items():
        if name != BASE and not _descends(name, code):
            yield f"{name}: does not derive from {BASE}"
        elif name not in drawing:
            yield f"{name}: not drawn in the docstring of errors"
        elif drawing[name] != bases:
            yield f"{name}: drawn with bases {drawing[name]}, has {bases}"
    yield from (f"{name}: drawn, but does not exist" for name in drawing.keys() - code.keys())


def _descends(name: str, code: dict[str, list[str]]) -> bool:
    return any(above == BASE or _descends(above, code) for above in code.get(name, ()))


def test_the_drawn_tree_is_the_tree_of_the_code() -> None:
    """Each of our errors derives from the one base and stands in the drawing where it belongs."""
    assert BASE in drawn(sources()["errors.py"])
    assert_none(error_faults(sources()))


TREE = '''"""Errors.

```text
RetentionError
├── FactError (ValueError)   wrong
│   └── FactConflict         twice
└── StoreError (OSError, RuntimeError)
```
"""
class RetentionError(Exception): ...
class FactError(RetentionError, ValueError): ...
class FactConflict(FactError): ...
class StoreError(RetentionError, OSError, RuntimeError): ...
'''
PLANTED = [
    ({"a.py": "class Odd(ValueError): ..."}, "Odd: does not derive"),
    ({"a.py": "class Odd(sqlite3.Error): ..."}, "Odd: does not derive"),
    ({"a.py": "class Odd(FactError): ..."}, "Odd: not drawn"),
    ({"errors.py": TREE.replace("(ValueError)   ", "               ")}, "FactError: drawn with bases"),
    ({"errors.py": TREE.replace("│   └── FactConflict", "├── FactConflict")}, "FactConflict: drawn with bases"),
    ({"errors.py": TREE.replace("class FactConflict(FactError): ...", "")}, "FactConflict: drawn, but"),
]


@pytest.mark.parametrize(("planted", "found"), PLANTED)
def test_a_planted_stray_error_is_found(planted: Sources, found: str) -> None:
    """Each way to leave the tree is reported once."""
    faults = list(error_faults({"errors.py": TREE} | planted))
    assert len(faults) == 1
    assert found in faults[0]


def test_a_sound_tree_is_allowed() -> None:
    """A drawing that equals the code, beside classes that are no errors, is not reported."""
    assert not list(error_faults({"errors.py": TREE, "a.py": "class Rule(Base): ..."}))
