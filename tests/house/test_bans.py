"""What our code never does: load code from data, run a shell, sleep, roll dice, look at the clock.

Whoever has a reason for one of these writes it into ``ALLOWED``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.house._house import Sources, assert_none, name_of, parse, sources

MODULES = {
    "pickle": "code from data",
    "marshal": "code from data",
    "shelve": "code from data",
    "yaml": "code from data",
    "random": "chance",
    "secrets": "chance",
}
CALLS = {
    "eval": "eval",
    "exec": "exec",
    "compile": "exec",
    "os.system": "shell",
    "os.popen": "shell",
    "os.urandom": "chance",
    "uuid.uuid1": "chance",
    "uuid.uuid4": "chance",
    "time.sleep": "sleep",
    "time.time": "clock",
    "time.time_ns": "clock",
    "datetime.now": "clock",
    "datetime.utcnow": "clock",
    "datetime.today": "clock",
    "date.today": "clock",
    "pendulum.now": "clock",
    "pendulum.today": "clock",
    "pendulum.tomorrow": "clock",
    "pendulum.yesterday": "clock",
    "DateTime.now": "clock",
    "DateTime.utcnow": "clock",
    "DateTime.today": "clock",
}
LENGTHS = {"timedelta", "Duration", "duration"}
ALLOWED = {  # (file or folder, what): why
    ("predicates/compiler.py", "exec"): "the one generated function, from validated nodes only",
    ("timing/", "calendar arithmetic"): "the one place that knows local time",
    ("timing/", "clock"): "the system clock is handed to the engine from here",
    ("delivery/clock.py", "clock"): "the engine's clock: slewed, and injected wherever it is read",
}


def ban_faults(found: Sources) -> Iterator[str]:
    """Yield every banned thing that nothing in ``ALLOWED`` covers."""
    for path, text in found.items():
        tree = parse(text)
        origins = _origins(tree)
        for node in ast.walk(tree):
            for what, shown in _banned(node, origins):
                if not any(path.startswith(place) and what == allowed for place, allowed in ALLOWED):
                    yield f"{path}:{getattr(node, 'lineno', 0)} {shown}: {what}"


def _origins(tree: ast.Module) -> dict[str, str]:
    """Return what a name imported from a module stands for: ``sleep`` -> ``time.sleep``, ``dt`` -> ``datetime``."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            stem = (node.module or "").rpartition(".")[2]
            names |= {alias.asname or alias.name: f"{stem}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.asname: alias.name for alias in node.names if alias.asname}
    return names


def _banned(node: ast.AST, origins: dict[str, str]) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        first = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        yield from ((MODULES[name], name) for name in (one.split(".")[0] for one in first) if name in MODULES)
    elif isinstance(node, ast.Name | ast.Attribute):
        name = _plain(node, origins)
        if name in CALLS:
            yield CALLS[name], name
    elif isinstance(node, ast.keyword) and node.arg == "shell":
        yield "shell", "shell="
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        sides = {_plain(side, origins).rpartition(".")[2] for side in (node.left, node.right) if _is_call(side)}
        yield from (("calendar arithmetic", name) for name in sorted(sides & LENGTHS))


def _is_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call)


def _plain(node: ast.AST, origins: dict[str, str]) -> str:
    """Return what a name means, without a module before a class: ``datetime.datetime.now`` -> ``datetime.now``."""
    first, dot, rest = name_of(node).partition(".")
    whole = f"{origins.get(first, first)}{dot}{rest}".removeprefix("builtins.")
    return whole.split(".", 1)[1] if whole.count(".") == 2 else whole


def test_our_code_does_nothing_banned() -> None:
    """No banned module, call or arithmetic stands outside the table of reasons."""
    assert_none(ban_faults(sources()))


PLANTED = {
    "import pickle": "code from data",
    "from yaml import safe_load": "code from data",
    "from random import choice": "chance",
    "import uuid\nx = uuid.uuid4()": "chance",
    "x = eval('1')": "eval",
    "exec('x = 1')": "exec",
    "x = compile('1', '', 'eval')": "exec",
    "import builtins\nbuiltins.exec('x = 1')": "exec",
    "run('ls', shell=True)": "shell",
    "import time\ntime.sleep(1)": "sleep",
    "from time import sleep as rest\nrest(1)": "sleep",
    "from datetime import datetime\nx = datetime.now()": "clock",
    "import datetime as dt\nx = dt.datetime.now(tz)": "clock",
    "import datetime\nclock = datetime.datetime.now": "clock",
    "import pendulum\nx = pendulum.now('UTC')": "clock",
    "from pendulum import now\nx = now()": "clock",
    "from pendulum import DateTime\nx = DateTime.utcnow()": "clock",
    "import time\nx = time.time()": "clock",
    "x = at + timedelta(days=1)": "calendar arithmetic",
    "x = at - pendulum.duration(days=1)": "calendar arithmetic",
}


@pytest.mark.parametrize(("text", "what"), PLANTED.items())
def test_a_planted_sin_is_found(text: str, what: str) -> None:
    """Each banned thing is reported once, however it is spelt."""
    faults = list(ban_faults({"rules/rule.py": text}))
    assert len(faults) == 1
    assert faults[0].endswith(f": {what}")


def test_reasons_cover_only_their_place() -> None:
    """The compiler may compile, and nothing else."""
    text = "exec(compile(tree, '', 'exec'))\neval('1')"
    assert [fault.rpartition(" ")[2] for fault in ban_faults({"predicates/compiler.py": text})] == ["eval"]


HARMLESS = (
    "import re, ast\nx = re.compile('a')\ny = ast.literal_eval('1')\nz = rule.compile()\nn = self.now\nd = a + b\n"
)


def test_what_only_looks_alike_is_allowed() -> None:
    """A regular expression, a literal and a method of that name are not reported."""
    assert not list(ban_faults({"rules/rule.py": HARMLESS}))
