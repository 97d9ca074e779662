"""Tables of hostile input: facts as text, and cells of rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from retention_engine.facts import KINDS
from tests.facts._facts import EXAMPLES, plain

MARK = "@@hostile@@"
LIST, LISTS = '["' + "a" * 100 + '"]', ("channels", "counters", "flags", "items")
NOWHERE = [  # no field of any fact takes one of these, but that some are lists of texts
    "NaN",
    "-Infinity",
    "1e400",
    "9" * 400,
    "9" * 5000,
    "-" + "9" * 300,
    "[[[[[[[[[[]]]]]]]]]]",
    '{"a": {"b": {"c": 1}}}',
    '"\\ud800"',
    '"\\udfff\\ud800"',
    '"nul\\u0000"',
    LIST,
    '{"\\ud800": 1}',
    '{"a": 1, "a": 2}',
    '{"__class__": "os.system"}',
    "tru",
    "'a'",
    '"\n"',
    "0x10",
    "01",
    "+1",
    "1_000",
    ".5",
    "--1",
    "",
]
TEXTS_ARE_NO_PLACE_FOR = [
    "true",
    "false",
    "0",
    "1.5",
    '""',
    '"a\\nb"',
    '"\\u202e"',
    '"\\u200b"',
    '"\\u0085"',
    "[]",
    "{}",
]
NUMBERS_ARE_NO_PLACE_FOR = ["true", "false", "null", '"5"', '""', "1.5", "1.0", "1e3", "-1e-3", "[]", "{}", '"٣"']
INSTANTS_ARE_NO_PLACE_FOR = [
    "true",
    "1.5",
    '"0"',
    '""',
    '"now"',
    '"2026-01-01"',
    '"2026-01-01T00:00:00"',
    '"2026-13-01T00:00:00Z"',
    '"2026-01-01T25:00:00Z"',
    '"２０２６-01-01T00:00:00Z"',
    '"9999-12-31T00:00:00Z"',
    "253402300800000000",
    "-99999999999999999",
    "[]",
    "{}",
]
BY_NAME = {
    "at": INSTANTS_ARE_NO_PLACE_FOR,
    "learned": INSTANTS_ARE_NO_PLACE_FOR,
    "id": TEXTS_ARE_NO_PLACE_FOR,
    "customer": TEXTS_ARE_NO_PLACE_FOR,
    "score": NUMBERS_ARE_NO_PLACE_FOR[3:5] + NUMBERS_ARE_NO_PLACE_FOR[-3:],
    "percent": NUMBERS_ARE_NO_PLACE_FOR,
    "pieces": NUMBERS_ARE_NO_PLACE_FOR,
    "was": NUMBERS_ARE_NO_PLACE_FOR,
}
NEEDED = frozenset(
    ["kind", "id", "customer", "at", "tag", "order_id", "order", "cart", "cart_id", "survey", "name", "message", "rule"]
)


def with_literal(raw: dict[str, Any], name: str, literal: str) -> str:
    """Return a fact as text in which one name holds a literal that may be no JSON at all."""
    return json.dumps(raw | {name: MARK}).replace(f'"{MARK}"', literal)


def texts() -> Iterator[tuple[str, str]]:
    """Yield (name of the field or an empty text, fact as text), each of which must be refused."""
    for kind in sorted(KINDS):
        raw = plain(kind)
        for name in [*raw, "learned"]:
            for literal in [*NOWHERE, *_wrong(raw, name)]:
                if literal != LIST or name not in LISTS:
                    yield name, with_literal(raw, name, literal)
            if name in NEEDED:
                yield name, json.dumps({other: raw[other] for other in raw if other != name})
        yield from _whole(raw)


def _wrong(raw: dict[str, Any], name: str) -> list[str]:
    if name == "value":  # an attribute may hold any text or number
        return []
    return BY_NAME.get(name, TEXTS_ARE_NO_PLACE_FOR if isinstance(raw.get(name), str) else [])


def _whole(raw: dict[str, Any]) -> Iterator[tuple[str, str]]:
    text, kind = json.dumps(raw), raw["kind"]
    for name in ("nope", "ID", "іd", "id ", "", "__init__", "\ud800"):
        yield "", json.dumps(raw | {name: 1})
    for version in (0, 2, -1, 10**30, "1", None, True, [1]):
        yield "", json.dumps(raw | {"v": version})
    for other in ("", "Tagged", f"{kind} ", kind.upper(), kind.replace("e", "е") + "x", 0, None, [], {}):
        yield "", json.dumps(raw | {"kind": other})
    for broken in (text[:-1], text[1:], text + text, f"[{text}]", f"\ufeff{text}", text.replace('"', "'")):
        yield "", broken
    yield "", text[:-1] + ', "id": "f1"}'


def large() -> Iterator[str]:
    """Yield texts of up to a megabyte, deep or wide or long, each of which must be refused."""
    raw = plain("order_placed")
    for name in ("kind", "id", "at", "order", "v", "nope"):
        yield with_literal(raw, name, "[" * 10_000 + "]" * 10_000)
        yield with_literal(raw, name, '{"a":' * 10_000 + "1" + "}" * 10_000)
        yield with_literal(raw, name, '"' + "a" * 990_000 + '"')
        yield with_literal(raw, name, "9" * 990_000)
        yield with_literal(raw, name, "[" + "1," * 400_000 + "1]")
        yield with_literal(raw, name, "{" + ",".join(f'"n{number}":1' for number in range(80_000)) + "}")
        yield with_literal(raw, name, "{" + ",".join('"n":1' for _ in range(150_000)) + "}")
    yield " " * 999_999
    yield "[" * 999_999


SELF: list[Any] = []
SELF.append(SELF)


def deep(depth: int) -> Any:
    """Return a list in a list in a list ..."""
    found: list[Any] = []
    for _ in range(depth):
        found = [found]
    return found


CELLS: list[Any] = [
    True,
    False,
    float("inf"),
    float("-inf"),
    1e308,
    5e-324,
    Decimal("1E+400"),
    Decimal("1E-400"),
    Decimal("Infinity"),
    10**5000,
    -(10**30),
    "1.5E+400",
    "NaN",
    "9" * 5000,
    "a" * 10**6,
    " " * 10**6 + "5\n6",
    "\ud800",
    "nul\0",
    "\u202eabc",
    "two\nlines",
    "=cmd|' /C calc'!A0",
    "'; drop table orders; --",
    "２０１０-01-04",
    "2010-02-30",
    "0000-00-00",
    "9999-12-31 23:59:59",
    "٣",
    "1,234.56",
    b"bytes",
    [],
    {},
    {"a": 1},
    deep(10_000),
    SELF,
    object(),
    1j,
]
assert set(EXAMPLES) == set(KINDS)
