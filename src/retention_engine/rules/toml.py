"""Rule files: a rule set as TOML and back; Python and TOML say the same thing."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

from retention_engine.errors import DefinitionError, ExpressionError, nearest, shown
from retention_engine.predicates import Truth, parse
from retention_engine.rules.rule import Rule, RuleSet
from retention_engine.rules.text import read_goal, read_span, read_step, read_trigger
from retention_engine.rules.tokens import LARGEST_FILE, check_tokens, quoted, quoted_key
from retention_engine.timing import Span

MOST_SEGMENTS = 1_000
_KEYS = (
    *("id", "title", "trigger", "when", "steps", "exit_when", "valid_for", "re_entry"),
    *("priority", "value", "at_cap", "goal"),
)
_NUMBERS = ("priority", "value")
_NEEDED = ("id", "trigger", "steps")
_Read = TypeVar("_Read")


def load_rules(source: str | PathLike[str]) -> RuleSet:
    """Read a rule set from a TOML file, or from TOML text.

    Args:
        source: a path, or a text; a text of one line that ends with ``.toml`` is taken as a path. At most 1 MB, UTF-8.

    Raises:
        DefinitionError: anything wrong; the message starts with the place, such as ``rules[2].trigger``.
            Wrong expressions raise its kind ``ExpressionError``. Nothing is half-loaded.
    """
    raw = _parsed(_text_of(source))
    _check_keys(raw, ("segments", "rules"), "the file")
    named = _checked(raw.get("segments", {}), dict, "segments", 'a table of name = "predicate"')
    listed = _checked(raw.get("rules", []), list, "rules", "a list of tables, each headed [[rules]]")
    for place, rule in enumerate(listed):
        _check_rule(rule, f"rules[{place}]")
    segments = _segments(named)
    rules = [_rule(rule, f"rules[{place}]", segments) for place, rule in enumerate(listed)]
    return _at("rules", lambda _: RuleSet(tuple(rules), segments), "")


def _text_of(source: str | PathLike[str]) -> str:
    if isinstance(source, str) and not ("\n" not in source and source.endswith(".toml")):
        return source
    if not isinstance(source, str | PathLike):
        raise DefinitionError(f"rules are loaded from a path or a text, not from {shown(source)}")
    try:
        with Path(source).open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
        return raw.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise DefinitionError(f"cannot read the rule file {shown(str(source))}: {error}") from None


def _parsed(text: str) -> dict[str, Any]:
    check_tokens(text)
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError, OverflowError) as error:
        hint = "" if "\n" in text or "=" in text else "; a path is given as Path(...), or ends with .toml"
        raise DefinitionError(f"not TOML: {shown(str(error), 200)}{hint}") from None


def _check_keys(table: Mapping[str, Any], allowed: tuple[str, ...], place: str) -> None:
    for key in table:
        if key not in allowed:
            raise DefinitionError(f"{place}: unknown key {shown(key)}{nearest(key, allowed)}")


def _checked(value: Any, kind: type[_Read], place: str, what: str) -> _Read:
    if not isinstance(value, kind):
        raise DefinitionError(f"{place}: {what} is needed, not {shown(value)}")
    return value


def _check_rule(raw: object, place: str) -> None:
    """Check names and types of a whole rule before any expression is read."""
    rule = _checked(raw, dict, place, "a table headed [[rules]]")
    _check_keys(rule, _KEYS, place)
    for key in _NEEDED:
        if key not in rule:
            raise DefinitionError(f"{place}: {key} is missing")
    for key, value in rule.items():
        if key in _NUMBERS:
            if type(value) is not int:
                raise DefinitionError(f"{place}.{key}: a whole number is needed, not {shown(value)}")
        elif key != "steps":
            _checked(value, str, f"{place}.{key}", "a text")
    for number, step in enumerate(_checked(rule["steps"], list, f"{place}.steps", "a list of texts")):
        _checked(step, str, f"{place}.steps[{number}]", "a text")


class _Earlier(dict[str, Truth]):
    """The segments read so far; asked for one that stands further down, it says so."""

    def __init__(self, named: Mapping[str, Any]) -> None:
        """Keep all the names of the file."""
        super().__init__()
        self._named = named

    def __contains__(self, name: object) -> bool:
        """Tell whether the file has the segment at all."""
        return name in self._named

    def __missing__(self, name: str) -> Truth:
        """Refuse a segment that is not read yet."""
        raise DefinitionError(f"a segment names those above it only: {shown(name)} does not stand above")


def _segments(named: Mapping[str, Any]) -> dict[str, Truth]:
    """Read the segments in their order; each may name those before it."""
    if len(named) > MOST_SEGMENTS:
        raise DefinitionError(f"segments: at most {MOST_SEGMENTS} in a file, not {len(named)}")
    found = _Earlier(named)
    for name, text in named.items():
        place = f"segments.{quoted_key(name)[:80]}"
        found[name] = _at(place, lambda text: parse(text, segments=found), _checked(text, str, place, "a text"))
    return dict(found)


def _rule(raw: Mapping[str, Any], place: str, segments: Mapping[str, Truth]) -> Rule:
    def given(key: str, reader: Callable[[str], _Read]) -> _Read | None:
        return _at(f"{place}.{key}", reader, raw[key]) if key in raw else None

    def predicate(text: str) -> Truth:
        return parse(text, segments=segments)

    steps = [
        _at(f"{place}.steps[{number}]", lambda text: read_step(text, segments=segments), text)
        for number, text in enumerate(raw["steps"])
    ]
    trigger = _at(f"{place}.trigger", lambda text: read_trigger(text, segments=segments), raw["trigger"])
    words: dict[str, Any] = {
        "when": given("when", predicate),
        "exit_when": given("exit_when", predicate),
        "valid_for": given("valid_for", read_span),
        "re_entry": given("re_entry", _re_entry) if "re_entry" in raw else "occasion",
        "goal": given("goal", lambda text: read_goal(text, segments=segments)),
        **{name: raw[name] for name in (*_NUMBERS, "at_cap", "title") if name in raw},
    }
    return _at(place, lambda id: Rule(id, trigger, *steps, **words), raw["id"])


def _re_entry(text: str) -> str | Span:
    return read_span(text) if "(" in text else text


def _at(place: str, reader: Callable[[str], _Read], text: str) -> _Read:
    """Read a text; an error says where in the file it stands."""
    try:
        return reader(text)
    except ExpressionError as error:
        placed = ExpressionError(f"{place}: {error}", text=error.text)
        placed.position = error.position
        raise placed from None
    except DefinitionError as error:
        raise DefinitionError(f"{place}: {error}") from None


def dump_rules(rules: RuleSet) -> str:
    """Write a rule set as TOML; ``load_rules`` reads an equal one back, titles included.

    Raises:
        DefinitionError: it cannot be read back: a trigger of one's own, or more than 1 MB.
    """
    blocks = [["[segments]", *_given({name: each.text() for name, each in rules.segments.items()})]]
    blocks += [_lines(rule) for rule in rules]
    text = "".join("\n".join(block) + "\n\n" for block in blocks if len(block) > 1).removesuffix("\n")
    try:
        same = load_rules(text) == rules
    except DefinitionError as error:
        raise DefinitionError(f"these rules cannot be written to a file: {error}") from None
    assert same, "a rule set that reads back as another one"
    return text


def _lines(rule: Rule) -> list[str]:
    steps = [quoted(step.text()) for step in rule.steps]
    many = "".join(f"\n  {step}," for step in steps) + "\n"
    head = {"id": rule.id, "title": rule.title or None, "trigger": rule.trigger.text(), "when": _text(rule.when)}
    tail = {
        "exit_when": _text(rule.exit_when),
        "valid_for": None if rule.valid_for is None else repr(rule.valid_for),
        "re_entry": None if rule.re_entry == "occasion" else str(rule.re_entry),
        "at_cap": None if rule.at_cap == "defer" else rule.at_cap,
        "goal": None if rule.goal is None else rule.goal.text(),
    }
    listed = f"steps = [{steps[0] if len(steps) == 1 else many}]"
    numbers = [f"{name} = {getattr(rule, name)}" for name in _NUMBERS if getattr(rule, name)]
    return ["[[rules]]", *_given(head), listed, *_given(tail), *numbers]


def _text(predicate: Truth | None) -> str | None:
    return None if predicate is None else predicate.text()


def _given(words: Mapping[str, str | None]) -> list[str]:
    return [f"{quoted_key(name)} = {quoted(value)}" for name, value in words.items() if value is not None]
