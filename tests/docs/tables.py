"""Tables of the reference, made from the code. ``python -m tests.docs.tables`` writes them anew into the pages.

In a page a table stands between ``<!-- table: name -->`` and ``<!-- end -->``.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from functools import partial
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from attrs import NOTHING, Factory, fields

from retention_engine import errors
from retention_engine.actions import Outcome, Reason
from retention_engine.arbitration import Policy
from retention_engine.cli.exits import Exit
from retention_engine.errors import RetentionError
from retention_engine.facts import KINDS, Cart, Customer, Line, Order, Product
from retention_engine.intake import OrderMapping, Skip
from retention_engine.loyalty.codes import Refusal
from retention_engine.loyalty.referrals import ReferralState
from retention_engine.money import Money
from retention_engine.predicates import QUANTITIES, TRUTHS, Collection, Node, Quantity, Truth, member, parse
from retention_engine.predicates.compare import ALLOWED
from retention_engine.state import COLLECTIONS, fields_of
from tests.docs import _codes
from tests.docs._reasons import MEANINGS, raised, raised_by
from tests.house._house import ROOT

MARK = re.compile(r"<!-- table: (?P<name>[\w-]+) -->\n.*?<!-- end -->", re.DOTALL)
COMMON = ("id", "customer", "at", "learned")

EXAMPLES = {  # an expression that holds a node of the class
    "Age": "orders.last().age >= days(45)",
    "Aggregate": "orders.sum('total') >= 10000",
    "All": "orders.exists() and visits.exists()",
    "AnyOf": "orders.exists() or visits.exists()",
    "AtLeast": "at_least(2, orders.exists(), visits.exists(), reviews.exists())",
    "Attribute": "customer.city == 'Moscow'",
    "Bucket": "bucket('spring') < 1000",
    "CalendarDays": "visits.on_calendar_days(7).count() >= 3",
    "Compare": "orders.count() >= 3",
    "Dates": "dates('2026-11-27', '2026-11-30')",
    "Gaps": "orders.gaps().mean('gap') < days(30)",
    "Local": "local.hour >= 9",
    "Membership": "member.expiring('pts', days(7)) >= 300",
    "MembershipTruth": "member.in_grace('levels')",
    "MonthDay": "yearly(month_day(3, 8), before=local_days(3), lasting=local_days(4))",
    "Not": "not orders.exists()",
    "Records": "orders.exists()",
    "Segment": "segment('regulars')",
    "Since": "orders.since(entry).exists()",
    "Where": "purchases.where(category='creams').exists()",
    "Window": "orders.within(days(90)).exists()",
    "Yearly": "yearly(customer.birthday, before=local_days(7), lasting=local_days(8))",
}


def facts() -> Iterator[str]:
    """Return every kind of fact with its fields."""
    yield from _head("kind", "class", "fields besides `id`, `customer`, `at`, `learned`", "means")
    for name, cls in sorted(KINDS.items()):
        parts = [_field(cls, part) for part in fields(cls) if part.name not in COMMON]
        yield _row(f"`{name}`", f"`{cls.__name__}`", ", ".join(parts), _first(cls))


def nouns() -> Iterator[str]:
    """Return the values that facts are about, with their fields."""
    yield from _head("class", "fields", "means")
    for cls in (Customer, Order, Line, Cart, Product, Money):
        yield _row(f"`{cls.__name__}`", ", ".join(_field(cls, part) for part in fields(cls)), _first(cls))


def collections() -> Iterator[str]:
    """Return every collection with the fields of its records."""
    yield from _head("collection", "fields", "a record is")
    for name, cls in COLLECTIONS.items():
        kinds = fields_of(name) or {}
        yield _row(f"`{name}`", ", ".join(f"`{each}` {kind}" for each, kind in kinds.items()), _first(cls))


def nodes() -> Iterator[str]:
    """Return every node type of the language."""
    yield from _head("node", "is a", "as in", "means")
    for cls in sorted(_concrete(Node), key=lambda cls: (_sort(cls), cls.__name__)):
        text = EXAMPLES[cls.__name__]
        tree = parse(text, segments={"regulars": parse("orders.count() >= 3")})
        assert any(type(node) is cls for node in _all(tree)), f"{text} holds no {cls.__name__}"
        assert str(tree) == text
        yield _row(f"`{cls.__name__}`", _sort(cls), f"`{text}`", _first(cls))


def comparisons() -> Iterator[str]:
    """Return which comparisons each sort of quantity has."""
    words = {"in": ".is_in(...)", "contains": ".contains(...)", "starts_with": ".starts_with(...)", "set": ".is_set()"}
    yield from _head("sort", "comparisons")
    for sort, allowed in ALLOWED.items():
        yield _row(sort, " ".join(f"`{words.get(each, each)}`" for each in allowed))


def quantities() -> Iterator[str]:
    """Return every question about the membership."""
    yield from _head("write", "is a", "gives")
    sorts = {**{name: sort for name, (sort, _) in QUANTITIES.items()}, **dict.fromkeys(TRUTHS, "truth")}
    for name, sort in sorted(sorts.items()):
        method = getattr(member, name)
        arguments = ", ".join(inspect.signature(method).parameters)
        yield _row(
            f"`member.{name}({arguments})`", sort, _first(method).removeprefix("Return ").removeprefix("Hold while ")
        )


def ledger_codes() -> Iterator[str]:
    """Return every code of a refusal of the ledger."""
    yield from _head("code", "means")
    yield from (_row(f"`{code}`", meaning) for code, meaning in _codes.MEANINGS.items())


def refusals() -> Iterator[str]:
    """Return why a promo code does not count."""
    yield from _members(Refusal, "code")


def referral_states() -> Iterator[str]:
    """Return where a referral may stand."""
    yield from _members(ReferralState, "state")


def reasons() -> Iterator[str]:
    """Return every reason code."""
    yield from _head("code", "means", "occurs in this version")
    for reason in Reason:
        yield _row(f"`{reason.value}`", MEANINGS[reason], "yes" if reason in raised() else "")


def outcomes() -> Iterator[str]:
    """Return what may be decided about a step."""
    yield from _members(Outcome, "outcome")


def policies() -> Iterator[str]:
    """Return every policy, in the order of asking."""
    yield from _head("policy", "arguments", "stage", "reasons", "means")
    scope = {part.name: part for part in fields(Policy)}
    for cls in sorted(_policies(), key=lambda cls: (cls.stage, cls.__name__)):
        own = [
            part for part in fields(cls) if part.init and part.default != getattr(scope.get(part.name), "default", "")
        ]
        arguments = ", ".join(f"`{_argument(part)}`" for part in sorted(own, key=lambda part: part.kw_only))
        reasons = ", ".join(f"`{each.value}`" for each in raised_by(cls))
        yield _row(f"`{cls.__name__}`", arguments, cls.stage.name.lower(), reasons, _first(cls))


def skips() -> Iterator[str]:
    """Return why rows of an import are left out."""
    yield from _members(Skip, "code")


def exits() -> Iterator[str]:
    """Return the exit codes of the command line."""
    yield from _members(Exit, "code")


def error_tree() -> Iterator[str]:
    """Return the tree of errors as it is drawn in its module."""
    tree = re.search(r"```text\n(.*?)```", errors.__doc__ or "", re.DOTALL)
    assert tree is not None
    yield from ("```text", tree[1].rstrip("\n"), "```")


def error_classes() -> Iterator[str]:
    """Return every error with what it means."""
    yield from _head("error", "also a", "means")
    for cls in [RetentionError, *_below(RetentionError)]:
        builtin = next((base.__name__ for base in cls.__mro__ if base.__module__ == "builtins"), "")
        yield _row(f"`{cls.__name__}`", f"`{builtin}`", _first(cls))


def mapping() -> Iterator[str]:
    """Return the settings of a mapping of columns."""
    meanings = _attributes(OrderMapping)
    yield from _head("setting", "default", "means")
    for part in fields(OrderMapping):
        default = "needed" if part.default is NOTHING else "" if part.default in (None, ()) else f"`{part.default}`"
        yield _row(f"`{part.name}`", default, meanings.get(part.name, f"column of the {part.name}"))


def example(path: Path) -> Iterator[str]:
    """Return an example as a block of code."""
    yield from (f'```python title="{path.name}"', path.read_text("utf-8").rstrip(), "```")


def excerpt(path: Path, name: str) -> Iterator[str]:
    """Return one function of an example as a block of code."""
    text = path.read_text("utf-8")
    found = next(node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name == name)
    yield from (f'```python title="{path.name}"', ast.get_source_segment(text, found) or "", "```")


FRAMEWORKS = ("telegram_shop", "online_store", *(f"{name}_shop" for name in ("ptb", "django", "celery")))
FRAMEWORKS += tuple(f"{name}_shop" for name in ("apscheduler", "taskiq", "procrastinate"))
TABLES: dict[str, Callable[[], Iterator[str]]] = {
    "collections": collections,
    "comparisons": comparisons,
    "error-classes": error_classes,
    "error-tree": error_tree,
    "exits": exits,
    "facts": facts,
    "ledger-codes": ledger_codes,
    "mapping": mapping,
    "nodes": nodes,
    "nouns": nouns,
    "outcomes": outcomes,
    "policies": policies,
    "quantities": quantities,
    "reasons": reasons,
    "referral-states": referral_states,
    "refusals": refusals,
    "skips": skips,
}
TABLES |= {
    f"example-{name.replace('_', '-')}": partial(example, ROOT / "examples" / f"{name}.py") for name in FRAMEWORKS
}

TABLES["shop-of-telegram-shop"] = partial(excerpt, ROOT / "examples" / "telegram_shop.py", "shop")


def renewed(text: str) -> str:
    """Return a page with its tables made anew."""

    def table(found: re.Match[str]) -> str:
        lines = "\n".join(TABLES[found["name"]]())
        return f"<!-- table: {found['name']} -->\n{lines}\n<!-- end -->"

    return MARK.sub(table, text)


def pages() -> list[Path]:
    """Return the pages that hold tables."""
    found = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [path for path in found if MARK.search(path.read_text("utf-8"))]


def _head(*names: str) -> Iterator[str]:
    yield _row(*names)
    yield _row(*("---" for _ in names))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _members(cls: type[Enum], name: str) -> Iterator[str]:
    yield from _head(name, "means")
    yield from (_row(f"`{member.value}`", text) for member, text in zip(cls, _member_docs(cls), strict=True))


def _member_docs(cls: type[Enum]) -> list[str]:
    body = ast.parse(inspect.getsource(cls)).body[0]
    assert isinstance(body, ast.ClassDef)
    texts = [ast.literal_eval(node.value) for node in body.body[1:] if isinstance(node, ast.Expr)]
    return [" ".join(text.split()).replace("``", "`").removesuffix(".") for text in texts]


def _first(cls: object) -> str:
    """Return the first paragraph of a docstring as one line of Markdown."""
    text = " ".join((inspect.getdoc(cls) or "").split("\n\n")[0].split())
    return text.replace("``", "`").removesuffix(".")


def _field(cls: type[Any], part: Any) -> str:
    converter = getattr(part.converter, "__name__", "")
    kind = "instant" if converter.endswith("instant") else _kind(get_type_hints(cls)[part.name])
    needed = part.default is NOTHING
    default = "" if needed or part.default is None or isinstance(part.default, Factory) else f" = {part.default!r}"  # type: ignore[arg-type]  # a class to attrs, a function to mypy
    if part.default == ():
        default = ""
    return f"`{part.name}`{'' if needed else '?'} {kind}{default}"


def _kind(hint: Any) -> str:
    if get_origin(hint) is tuple:
        return f"list of {_kind(get_args(hint)[0])}"
    if get_origin(hint) is dict:
        return "mapping"
    if isinstance(hint, UnionType):
        names = [_kind(each) for each in get_args(hint) if each is not NoneType]
        return "plain value" if len(names) > 2 else " or ".join(names)
    return {"str": "text", "int": "integer", "bool": "yes/no", "float": "number"}.get(hint.__name__, hint.__name__)


def _policies() -> list[type[Policy]]:
    return [cls for cls in _below(Policy) if not cls.__name__.startswith("_")]


def _argument(part: Any) -> str:
    if not part.kw_only:
        return str(part.name)
    if part.default is NOTHING:
        return f"{part.name}=..."
    default = part.default.value if isinstance(part.default, Enum) else part.default
    default = default[0] if isinstance(default, tuple) and len(default) == 1 else default
    return f"{part.name}={default!r}"


def _sort(cls: type[Node]) -> str:
    sorts = {Truth: "truth", Quantity: "quantity", Collection: "collection"}
    return next((name for base, name in sorts.items() if issubclass(cls, base)), "constant")


def _below(cls: type[Any]) -> Iterator[type[Any]]:
    for each in cls.__subclasses__():
        if each.__module__.startswith("retention_engine"):
            yield each
            yield from _below(each)


def _concrete(cls: type[Node]) -> set[type[Node]]:
    """Return the classes below one that build nodes: those that write themselves and are not private."""
    found = {each for each in _below(cls) if not each.__name__.startswith("_")}
    return {each for each in found if each.write is not Node.write}


def _all(node: Node) -> Iterator[Node]:
    yield node
    anchor = getattr(node, "anchor", None)
    for part in (*node.parts(), *([anchor] if isinstance(anchor, Node) else [])):
        yield from _all(part)


def _attributes(cls: type[Any]) -> dict[str, str]:
    """Return attribute -> meaning from the docstring; an entry may hold several, parted by a semicolon."""
    _, _, text = (inspect.getdoc(cls) or "").partition("Attributes:\n")
    names = "|".join(part.name for part in fields(cls))
    found = re.findall(
        rf"(?:^ {{4}}|; )({names}): (.*?)(?=^ {{4}}(?:{names}): |; (?:{names}): |\Z)", text, re.DOTALL | re.MULTILINE
    )
    return {name: " ".join(meaning.replace("``", "`").split()).removesuffix(".") for name, meaning in found}


def main(paths: Iterable[Path]) -> None:
    """Write the tables anew."""
    for path in paths:
        path.write_text(renewed(path.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main(pages())
