"""A small shop as files, and how to run a command over it."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retention_engine.cli import main

ORDERS = """order,customer,at,sku,price,quantity
812,anna,2026-01-03T10:00:00+00:00,cream-50,19.90,1
812,anna,2026-01-03T10:00:00+00:00,soap,4.50,2
813,anna,2026-02-10T18:30:00+00:00,cream-50,19.90,1
814,boris,2026-02-11T09:00:00+00:00,soap,4.50,1
818,clara,2026-03-02T09:00:00+00:00,soap,4.50,3
"""
RULES = """
[segments]
lapsed = "orders.last().age >= days(45)"

[[rules]]
id = "win-back"
trigger = "entering(segment('lapsed'))"
when = "orders.count() >= 2"
steps = ["Send('we-miss-you', topic='offers')", "Delay(days(7))", "Send('last-call', topic='offers')"]
exit_when = "orders.since(entry).exists()"

[[rules]]
id = "thanks"
trigger = "on(orders)"
steps = ["Send('thanks')"]
valid_for = "days(1)"
"""
POLICIES = """policies = ["AtMost(1, per=days(30))", "QuietHours('08:00', '20:00')", "Consent(topic='news')"]
"""
EUR = ("--map", "currency=EUR")


@dataclass(frozen=True)
class Done:
    """What a command did: exit code and the two streams."""

    code: int
    out: str
    err: str

    def objects(self) -> list[dict[str, Any]]:
        """Return the JSON lines of standard output; anything else there fails."""
        return [json.loads(line) for line in self.out.splitlines()]

    def only(self, kind: str) -> dict[str, Any]:
        """Return the one object of a type."""
        (found,) = [each for each in self.objects() if each["type"] == kind]
        return found


def run(*arguments: object) -> Done:
    """Run a command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main([str(each) for each in arguments])
    return Done(code, out.getvalue(), err.getvalue())


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write texts into files."""
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")


def opened(folder: Path) -> Path:
    """Write the shop's files, import its orders, and return the store."""
    write(folder, {"orders.csv": ORDERS, "rules.toml": RULES})
    db = folder / "shop.db"
    assert run("import", folder / "orders.csv", "--db", db, *EUR).code == 0
    return db


def is_one_error(done: Done, code: int) -> bool:
    """Tell whether a command failed as agreed: its code, one line on standard error, nothing on standard output."""
    lines = done.err.splitlines()
    return done.code == code and len(lines) == 1 and lines[0].startswith("error: ") and not done.out
