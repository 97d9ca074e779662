"""What the house tests share: our sources as text, their syntax trees, and who imports whom.

Every check is a function over ``Sources`` (path below the package -> text), so that a dict is enough to plant a fault.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "retention_engine"
Function = ast.FunctionDef | ast.AsyncFunctionDef
Sources = dict[str, str]

# What costs time or may be absent: never loaded by the root, and the only thing that may be imported late.
HEAVY = frozenset(
    [
        "pydantic",
        "hypothesis",
        "sqlite3",
        "duckdb",
        "sqlglot",
        "numpy",
        "scipy",
        "jinja2",
        "markupsafe",
        "opentelemetry",
        "prometheus_client",
        "babel",
        "httpx",
        "httpx2",
        "aiosmtplib",
        "psycopg",
        "apprise",
        "css_inline",
        "pywebpush",
        "py_vapid",
        "rich",
        "cyclopts",
        "pytest",
        "aiogram",
        "apscheduler",
        "celery",
        "django",
        "fastapi",
        "procrastinate",
        "starlette",
        "taskiq",
        "telegram",
    ]
)


@cache
def _read() -> Sources:
    folder = ROOT / "src" / PACKAGE
    texts = {file.relative_to(folder).as_posix(): file.read_text("utf-8") for file in sorted(folder.rglob("*.py"))}
    return {path: text for path, text in texts.items() if text.strip()}


def sources() -> Sources:
    """Return our own modules; a file without a single character of code does not exist yet."""
    return dict(_read())


@cache
def parse(text: str) -> ast.Module:
    """Return the syntax tree of a module; callers leave it unchanged."""
    return ast.parse(text)


def dotted(path: str) -> str:
    """Return the name below the package: ``a/b.py`` is ``a.b``, ``a/__init__.py`` is ``a``, the root is empty."""
    return path.removesuffix(".py").replace("/", ".").removesuffix("__init__").removesuffix(".")


def name_of(node: ast.AST) -> str:
    """Return the dotted name that an expression spells, without its subscript or call; empty for anything else."""
    if isinstance(node, ast.Subscript):
        return name_of(node.value)
    if isinstance(node, ast.Call):
        return name_of(node.func)
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


@dataclass(frozen=True)
class Import:
    """One imported module: ours by its name below the package (``ours``), foreign by its own name."""

    importer: str
    target: str
    line: int
    ours: bool
    lazy: bool
    typing: bool

    def __str__(self) -> str:
        """Return ``importer:line -> target``."""
        return f"{self.importer or PACKAGE}:{self.line} -> {self.target or PACKAGE}"


def imports(found: Sources) -> list[Import]:
    """Return every import of every module: at its top, inside functions (lazy) and under TYPE_CHECKING (typing)."""
    names = [dotted(path).split(".") for path in found]
    known = {".".join(parts[:size]) for parts in names for size in range(1, len(parts) + 1)}
    return [one for path, text in found.items() for one in _imports(path, parse(text), known)]


def _imports(path: str, tree: ast.Module, known: set[str]) -> Iterator[Import]:
    for node, lazy, typing in _walk(tree, lazy=False, typing=False):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = list(_from(path, node, known))
        else:
            continue
        for name in dict.fromkeys(names):
            ours = name == PACKAGE or name.startswith(f"{PACKAGE}.")
            target = name.removeprefix(PACKAGE).removeprefix(".") if ours else name
            yield Import(dotted(path), target, node.lineno, ours, lazy, typing)


def _walk(node: ast.AST, *, lazy: bool, typing: bool) -> Iterator[tuple[ast.AST, bool, bool]]:
    for child in ast.iter_child_nodes(node):
        inside = lazy or isinstance(node, Function | ast.Lambda)
        only_typing = typing or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test))
        yield child, inside, only_typing
        yield from _walk(child, lazy=inside, typing=only_typing)


def _from(path: str, node: ast.ImportFrom, known: set[str]) -> Iterator[str]:
    stem = node.module or ""
    if node.level:
        above = [PACKAGE, *path.split("/")[:-1]]
        stem = ".".join([*above[: len(above) - node.level + 1], *filter(None, [node.module])])
    for alias in node.names:
        whole = f"{stem}.{alias.name}"
        below = whole.removeprefix(f"{PACKAGE}.")
        yield whole if whole != below and below in known else stem


def functions(tree: ast.AST) -> Iterator[tuple[str, Function]]:
    """Yield every function with its qualified name, nested ones too."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, Function):
            yield child.name, child
        named = isinstance(child, Function | ast.ClassDef)
        for name, node in functions(child):
            yield (f"{child.name}.{name}" if named else name), node


def classes(found: Sources) -> Iterator[tuple[str, ast.ClassDef]]:
    """Yield every class with its module's path."""
    for path, text in found.items():
        yield from ((path, node) for node in ast.walk(parse(text)) if isinstance(node, ast.ClassDef))


def cycles(edges: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of two or more names that reach each other."""
    reach = {name: _reach(name, edges) for name in edges}
    groups = {
        frozenset(other for other in reach[name] if name in reach.get(other, ()))
        for name in edges
        if name in reach[name]
    }
    return sorted(sorted(group) for group in groups)


def _reach(start: str, edges: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = list(edges[start])
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(edges.get(name, ()))
    return seen


def assert_none(faults: Iterable[object]) -> None:
    """Fail with the faults, one a line, if there are any."""
    if lines := [str(fault) for fault in faults]:
        pytest.fail("\n".join(lines), pytrace=False)
