"""Every public module, class, function and method says in a docstring what its types cannot."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.house._house import Function, Sources, assert_none, classes, name_of, parse, sources

SKIPPED = ("overload", "override", "setter", "deleter")  # the docstring stands at another definition of the same name


def docstring_faults(found: Sources) -> Iterator[str]:
    """Yield whatever is public and has no docstring, nor overrides something that has one."""
    family = {node.name: node for _, node in classes(found)}
    for path, text in found.items():
        tree = parse(text)
        if ast.get_docstring(tree) is None:
            yield f"{path}: no docstring"
        yield from (f"{path}:{line} {name}: no docstring" for line, name in _undocumented(tree, "", family))


def _undocumented(owner: ast.AST, prefix: str, family: dict[str, ast.ClassDef]) -> Iterator[tuple[int, str]]:
    for node in _definitions(owner):
        name = f"{prefix}{node.name}"
        if not (ast.get_docstring(node) or _is_explained_elsewhere(node, owner, family)):
            yield node.lineno, name
        if isinstance(node, ast.ClassDef):
            yield from _undocumented(node, f"{name}.", family)


def _definitions(owner: ast.AST) -> Iterator[Function | ast.ClassDef]:
    """Yield the public definitions of a module or class, those behind ``if`` and ``try`` too."""
    for node in ast.iter_child_nodes(owner):
        if isinstance(node, Function | ast.ClassDef):
            if not node.name.startswith("_"):
                yield node
        elif isinstance(node, ast.If | ast.Try | ast.With):
            yield from _definitions(node)


def _is_explained_elsewhere(node: Function | ast.ClassDef, owner: ast.AST, family: dict[str, ast.ClassDef]) -> bool:
    marks = {name_of(mark).rpartition(".")[2] for mark in node.decorator_list}
    if marks & set(SKIPPED):
        return True
    if not isinstance(node, Function) or not isinstance(owner, ast.ClassDef):
        return False
    return any(_documents(base, node.name, family, frozenset({owner.name})) for base in owner.bases)


def _documents(base: ast.expr, method: str, family: dict[str, ast.ClassDef], seen: frozenset[str]) -> bool:
    name = name_of(base).rpartition(".")[2]
    if name not in family or name in seen:
        return False
    node = family[name]
    own = (item for item in _definitions(node) if item.name == method)
    if any(ast.get_docstring(item) for item in own):
        return True
    return any(_documents(above, method, family, seen | {name}) for above in node.bases)


def test_everything_public_is_documented() -> None:
    """Nothing public of ours lacks a docstring."""
    assert_none(docstring_faults(sources()))


PLANTED = [
    ("x = 1", "a.py: no docstring"),
    ('"""M."""\ndef f(): ...', "a.py:2 f"),
    ('"""M."""\nasync def f(): ...', "a.py:2 f"),
    ('"""M."""\nclass A:\n    x = 1', "a.py:2 A"),
    ('"""M."""\nclass A:\n    """A."""\n    def f(self): ...', "a.py:4 A.f"),
    ('"""M."""\nclass A(B):\n    """A."""\n    def f(self): ...', "a.py:4 A.f"),
    ('"""M."""\nif True:\n    def f(): ...', "a.py:3 f"),
]


@pytest.mark.parametrize(("text", "found"), PLANTED)
def test_a_planted_gap_is_found(text: str, found: str) -> None:
    """Each kind of missing docstring is reported once, with its place."""
    faults = list(docstring_faults({"a.py": text}))
    assert len(faults) == 1
    assert found in faults[0]


HARMLESS = '''"""M."""
def _private(): ...
class Base:
    """A base."""
    def __len__(self): ...
    def size(self):
        """Return the size."""
    @property
    def name(self):
        """The name."""
    @name.setter
    def name(self, value): ...
    @overload
    def at(self): ...
class _Middle(Base): ...
class Child(_Middle):
    """A child."""
    def size(self): ...
'''


def test_overrides_dunders_and_private_names_need_none() -> None:
    """A method documented further up, a dunder and a private name are not reported."""
    assert not list(docstring_faults({"a.py": HARMLESS}))
