"""Rule files: a rule set as TOML and back; Python and TOML say the same thing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike
from typing import Any, TypeVar

from retention_engine.errors import DefinitionError, shown
from retention_engine.predicates import Truth, parse, read_segments
from retention_engine.rules.rule import Rule, RuleSet
from retention_engine.rules.text import read_goal, read_span, read_step, read_trigger
from retention_engine.texts import check_keys, checked, quoted, quoted_key, quoted_list, read_at, sections
from retention_engine.timing import Span

_KEYS = (
    *("id", "title", "trigger", "when", "steps", "exit_when", "valid_for", "re_entry"),
    *("priority", "value", "at_cap", "goal"),
)
_NUMBERS = ("priority", "value")
_NEEDED = ("id", "trigger", "steps")
_Read = TypeVar("_Read")


def load_rules(source: str | PathLike[str]) -> RuleSet:
    """Read a rule set from a TOML file, or from TOML text; the policies that may stand there are left unread.

    Args:
        source: a path, or a text; a text of one line that ends with ``.toml`` is taken as a path. At most 1 MB, UTF-8.

    Raises:
        DefinitionError: anything wrong; the message starts with the place, such as ``rules[2].trigger``.
            Wrong expressions raise its kind ``ExpressionError``. Nothing is half-loaded.
    """
    given = sections(source)
    for place, rule in enumerate(given.rules):
        _check_rule(rule, f"rules[{place}]")
    segments = read_segments(given.segments)
    rules = [_rule(rule, f"rules[{place}]", segments) for place, rule in enumerate(given.rules)]
    return read_at("rules", lambda _: RuleSet(tuple(rules), segments), "")


def _check_rule(raw: object, place: str) -> None:
    """Check names and types of a whole rule before any expression is read."""
    rule = checked(raw, dict, place, "a table headed [[rules]]")
    check_keys(rule, _KEYS, place)
    for key in _NEEDED:
        if key not in rule:
            raise DefinitionError(f"{place}: {key} is missing")
    for key, value in rule.items():
        if key in _NUMBERS:
            if type(value) is not int:
                raise DefinitionError(f"{place}.{key}: a whole number is needed, not {shown(value)}")
        elif key != "steps":
            checked(value, str, f"{place}.{key}", "a text")
    for number, step in enumerate(checked(rule["steps"], list, f"{place}.steps", "a list of texts")):
        checked(step, str, f"{place}.steps[{number}]", "a text")


def _rule(raw: Mapping[str, Any], place: str, segments: Mapping[str, Truth]) -> Rule:
    def given(key: str, reader: Callable[[str], _Read]) -> _Read | None:
        return read_at(f"{place}.{key}", reader, raw[key]) if key in raw else None

    def predicate(text: str) -> Truth:
        return parse(text, segments=segments)

    steps = [
        read_at(f"{place}.steps[{number}]", lambda text: read_step(text, segments=segments), text)
        for number, text in enumerate(raw["steps"])
    ]
    trigger = read_at(f"{place}.trigger", lambda text: read_trigger(text, segments=segments), raw["trigger"])
    words: dict[str, Any] = {
        "when": given("when", predicate),
        "exit_when": given("exit_when", predicate),
        "valid_for": given("valid_for", read_span),
        "re_entry": given("re_entry", _re_entry) if "re_entry" in raw else "occasion",
        "goal": given("goal", lambda text: read_goal(text, segments=segments)),
        **{name: raw[name] for name in (*_NUMBERS, "at_cap", "title") if name in raw},
    }
    return read_at(place, lambda id: Rule(id, trigger, *steps, **words), raw["id"])


def _re_entry(text: str) -> str | Span:
    return read_span(text) if "(" in text else text


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
    head = {"id": rule.id, "title": rule.title or None, "trigger": rule.trigger.text(), "when": _text(rule.when)}
    tail = {
        "exit_when": _text(rule.exit_when),
        "valid_for": None if rule.valid_for is None else repr(rule.valid_for),
        "re_entry": None if rule.re_entry == "occasion" else str(rule.re_entry),
        "at_cap": None if rule.at_cap == "defer" else rule.at_cap,
        "goal": None if rule.goal is None else rule.goal.text(),
    }
    listed = f"steps = {quoted_list([step.text() for step in rule.steps])}"
    numbers = [f"{name} = {getattr(rule, name)}" for name in _NUMBERS if getattr(rule, name)]
    return ["[[rules]]", *_given(head), listed, *_given(tail), *numbers]


def _text(predicate: Truth | None) -> str | None:
    return None if predicate is None else predicate.text()


def _given(words: Mapping[str, str | None]) -> list[str]:
    return [f"{quoted_key(name)} = {quoted(value)}" for name, value in words.items() if value is not None]
