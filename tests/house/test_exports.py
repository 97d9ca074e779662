"""Every package says what it offers: a sorted and complete ``__all__`` whose names exist."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module

import pytest

from tests.house._house import PACKAGE, ROOT, Sources, assert_none, dotted, parse, sources

ROOT_NAMES = 64


def order(name: str) -> tuple[int, str]:
    """Return the key of the sorting that ruff keeps: CONSTANTS, then Classes, then functions."""
    return (0 if name.isupper() else 1 if name[:1].isupper() else 2), name


def offered(tree: ast.Module) -> list[str] | None:
    """Return the names in ``__all__`` as written, or None when there is no literal list."""
    for node in tree.body:
        targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            value = getattr(node, "value", None)
            if isinstance(value, ast.List | ast.Tuple):
                return [ast.literal_eval(item) for item in value.elts]
    return None


def bound(tree: ast.Module) -> set[str]:
    """Return the public names that a package takes from our modules or defines itself."""
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").split(".")[0] == PACKAGE):
            names.update(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names.update(target.id for target in node.targets if isinstance(target, ast.Name))
    return {name for name in names if not name.startswith("_")}


def packages(found: Sources) -> list[str]:
    """Return the path of the ``__init__`` that each folder with modules must have, once the root itself has one."""
    folders = {path.rpartition("/")[0] for path in found}
    return sorted(f"{folder}/__init__.py".lstrip("/") for folder in folders) if "__init__.py" in found else []


def export_faults(found: Sources) -> Iterator[str]:
    """Yield every package whose list is missing, unsorted, doubled, incomplete or too long."""
    for path in packages(found):
        tree = parse(found.get(path, ""))
        names = offered(tree)
        if names is None:
            yield f"{path}: no __all__ as a literal list"
            continue
        if names != sorted(set(names), key=order):
            yield f"{path}: __all__ is not sorted or names something twice"
        yield from (f"{path}: {name} is public, but not in __all__" for name in sorted(bound(tree) - set(names)))
    if len(offered(parse(found.get("__init__.py", ""))) or ()) > ROOT_NAMES:
        yield f"the root exports more than {ROOT_NAMES} names"


def test_every_package_lists_what_it_offers() -> None:
    """Every ``__all__`` is there, sorted, complete; the root's stays short."""
    assert_none(export_faults(sources()))


@pytest.mark.parametrize("path", packages(sources()))
def test_every_listed_name_can_be_imported(path: str) -> None:
    """Whatever ``__all__`` promises is there."""
    module = import_module(f"{PACKAGE}.{dotted(path)}".rstrip("."))
    assert [name for name in getattr(module, "__all__", ()) if not hasattr(module, name)] == []


def test_type_information_is_shipped() -> None:
    """The marker that tells type checkers to read our annotations is there."""
    assert (ROOT / "src" / PACKAGE / "py.typed").is_file()


SOUND = 'from retention_engine.a.b import C, d\nimport json\n__all__ = ["C", "d"]'
PLANTED = [
    ({"a/b.py": "x = 1"}, "a/__init__.py: no __all__"),
    ({"a/__init__.py": SOUND.replace('"C", "d"', '"d", "C"')}, "not sorted"),
    ({"a/__init__.py": SOUND.replace('"C", "d"', '"C", "C", "d"')}, "twice"),
    ({"a/__init__.py": SOUND.replace('"C", "d"', '"C"')}, "d is public"),
    ({"a/__init__.py": f"{SOUND}\ndef helper(): ..."}, "helper is public"),
    ({"__init__.py": f"__all__ = {[f'n{number}' for number in range(100, 165)]}"}, "more than 64"),
]


@pytest.mark.parametrize(("planted", "found"), PLANTED)
def test_a_planted_bad_list_is_found(planted: Sources, found: str) -> None:
    """Each kind of bad list is reported once."""
    faults = list(export_faults({"__init__.py": "__all__ = []"} | planted))
    assert len(faults) == 1
    assert found in faults[0]


def test_a_sound_list_is_allowed() -> None:
    """Names of other distributions and private names need not be listed."""
    assert not list(export_faults({"__init__.py": "__all__ = []", "a/__init__.py": f"{SOUND}\n_x = 1"}))
