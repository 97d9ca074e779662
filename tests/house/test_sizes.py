"""Modules, functions, signatures, nesting and ports stay small."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.house._house import Function, Sources, assert_none, functions, name_of, parse, sources

MODULE_LINES = 300
FUNCTION_LINES = 40  # without decorators and docstring
POSITIONAL = 4  # parameters before the `*`, without self and cls
NESTING = 4  # if, for, while, with, try, match; an elif counts one deeper, as in the syntax tree
PORT_METHODS = range(1, 4)

BLOCKS = ast.If | ast.For | ast.AsyncFor | ast.While | ast.With | ast.AsyncWith | ast.Try | ast.TryStar | ast.Match


def function_lines(node: Function) -> int:
    """Return the lines from ``def`` to the end, without the docstring."""
    total = (node.end_lineno or node.lineno) - node.lineno + 1
    if ast.get_docstring(node, clean=False) is None:
        return total
    doc = node.body[0]
    return total - ((doc.end_lineno or doc.lineno) - doc.lineno + 1)


def positional(node: Function) -> int:
    """Return how many arguments may be given by position."""
    names = [one.arg for one in [*node.args.posonlyargs, *node.args.args]]
    return len(names) - (names[:1] in (["self"], ["cls"]))


def nesting(node: ast.AST) -> int:
    """Return the deepest block inside a function; an inner function counts for itself."""
    inner = (child for child in ast.iter_child_nodes(node) if not isinstance(child, Function | ast.ClassDef))
    return max((nesting(child) + isinstance(child, BLOCKS) for child in inner), default=0)


def size_faults(found: Sources) -> Iterator[str]:
    """Yield every module and function over its limit."""
    for path, text in found.items():
        lines = len(text.splitlines())
        if lines > MODULE_LINES:
            yield f"{path}: {lines} lines, at most {MODULE_LINES}: make it a package of the same name"
        for name, node in functions(parse(text)):
            measured = (
                ("lines", function_lines(node), FUNCTION_LINES),
                ("positional parameters", positional(node), POSITIONAL),
                ("blocks deep", nesting(node), NESTING),
            )
            yield from (
                f"{path}:{node.lineno} {name}: {n} {what}, at most {top}" for what, n, top in measured if n > top
            )


def port_faults(found: Sources) -> Iterator[str]:
    """Yield every Protocol of ``ports`` that has no method, or more than three."""
    trees = [parse(text) for path, text in found.items() if path == "ports.py" or path.startswith("ports/")]
    for node in (one for tree in trees for one in ast.walk(tree) if isinstance(one, ast.ClassDef)):
        if any(name_of(base).endswith("Protocol") for base in node.bases):
            count = sum(isinstance(item, Function) and not _is_property(item) for item in node.body)
            if count not in PORT_METHODS:
                yield f"port {node.name}: {count} methods, 1 to 3 wanted"


def _is_property(node: Function) -> bool:
    return any(name_of(mark) == "property" for mark in node.decorator_list)


def test_everything_is_small() -> None:
    """No module, function, signature, nesting or port of ours is over its limit."""
    assert_none([*size_faults(sources()), *port_faults(sources())])


def lines(count: int, text: str = "    x = 1\n") -> str:
    """Return that many lines."""
    return text * count


DEEP = "def f():\n" + "".join(f"{' ' * (4 * depth)}if x:\n" for depth in range(1, 6)) + " " * 24 + "pass\n"
PLANTED = [
    (lines(301, "x = 1\n"), "301 lines"),
    ("def f():\n" + lines(40), "f: 41 lines"),
    ("class A:\n    def f(self):\n" + lines(40, "        x = 1\n"), "A.f: 41 lines"),
    ("def f(a, b, c, d, e): ...", "5 positional parameters"),
    (DEEP, "5 blocks deep"),
]


@pytest.mark.parametrize(("text", "found"), PLANTED)
def test_a_planted_giant_is_found(text: str, found: str) -> None:
    """Each kind of giant is reported once."""
    faults = list(size_faults({"a.py": text}))
    assert len(faults) == 1
    assert found in faults[0]


def test_a_planted_wide_port_is_found() -> None:
    """A port of four methods, and one of none, are reported; a property is no method."""
    methods = "".join(f"    def m{number}(self) -> None: ...\n" for number in range(4))
    empty = "class Empty(Protocol):\n    @property\n    def x(self) -> int: ..."
    planted = {"ports.py": f"class Wide(Protocol[T]):\n{methods}\n{empty}"}
    assert [fault.split(":")[0] for fault in port_faults(planted)] == ["port Wide", "port Empty"]


ALLOWED = [
    lines(300, "x = 1\n"),
    'def f():\n    """One.\n\n    More.\n    """\n' + lines(39),
    "@decorated\n@twice\ndef f():\n" + lines(39),
    "class A:\n    def f(self, a, b, c, d, *, e, f): ...",
    "def f():\n" + DEEP.replace("\n    ", "\n").removeprefix("def f():\nif x:\n"),
]


@pytest.mark.parametrize("text", ALLOWED)
def test_what_is_just_at_the_limit_is_allowed(text: str) -> None:
    """The limits themselves are allowed; docstrings and decorators do not count."""
    assert not list(size_faults({"a.py": text}))
