"""A rule set as a page of Markdown for those who answer for it: what each rule waits for, does, and is for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from retention_engine.rules.drawing import to_mermaid
from retention_engine.rules.rule import Rule, RuleSet
from retention_engine.rules.steps import Branch, Split, Step

_RE_ENTRY = {
    "once": "once in a lifetime",
    "occasion": "once per occasion",
    "always": "every time it turns true again",
}
_AT_CAP = {
    "defer": "wait until there is room",
    "drop": "give up",
    "best": "leave the room to the most valuable message",
}
_SPECIAL = frozenset("\\`*_{}[]()<>#+-.!|~&:")


def to_page(rules: RuleSet) -> str:
    """Return a rule set as a page of Markdown, with a flow chart of each rule; the same set gives the same page."""
    lines = ["# Rules", ""]
    for rule in rules:
        lines += [f"## {_plain(rule.title or rule.id)}", "", *_facts(rule), "", "### Steps", ""]
        lines += [*_listed(rule.steps, ""), "", "```mermaid", *to_mermaid(rule).splitlines(), "```", ""]
    if rules.segments:
        lines += ["## Segments", ""]
        lines += [f"- {_plain(name)}: {_code(each.text())}" for name, each in rules.segments.items()]
        lines.append("")
    return "\n".join(lines)


def _facts(rule: Rule) -> Iterator[str]:
    """Yield one line for each thing the rule says; what is not said is left out."""
    yield f"- Rule: {_code(rule.id)}"
    yield f"- Trigger: {_code(rule.trigger.text())}"
    if rule.when is not None:
        yield f"- Only when: {_code(rule.when.text())}"
    if rule.exit_when is not None:
        yield f"- Left as soon as: {_code(rule.exit_when.text())}"
    if rule.valid_for is not None:
        yield f"- Valid for: {_code(repr(rule.valid_for))}"
    again = rule.re_entry
    yield f"- Entered: {_RE_ENTRY[again] if isinstance(again, str) else f'again after {_code(repr(again))}'}"
    yield f"- Priority: {rule.priority}"
    if rule.value:
        yield f"- Worth: {rule.value} minor units"
    if rule.messages():
        yield f"- When the customer has had enough messages: {_AT_CAP[rule.at_cap]}"
    if rule.goal is not None:
        yield f"- Goal: {_code(rule.goal.predicate.text())} within {_code(repr(rule.goal.within))} of the entry"


def _listed(steps: Sequence[Step], indent: str) -> Iterator[str]:
    """Yield a numbered list, the paths inside a step as lists of their own."""
    for number, step in enumerate(steps, start=1):
        yield f"{indent}{number}. {_plain(step.name)}: {_said(step)}"
        for place, (_, path) in enumerate(step.paths() if isinstance(step, Branch | Split) else ()):
            yield f"{indent}    - {_path(step, place)}{'' if path else ': nothing'}"
            yield from _listed(path, f"{indent}        ")


def _said(step: Step) -> str:
    match step:
        case Branch():
            return "the first that holds"
        case Split():
            return f"by chance, experiment {_code(step.id)}"
    return _code(step.text())


def _path(step: Step, place: int) -> str:
    if isinstance(step, Split):
        one = step.variants[place]
        return f"{_plain(one.name)}, {one.weight} of {sum(each.weight for each in step.variants)}"
    if isinstance(step, Branch) and place < len(step.ways):
        return f"when {_code(step.ways[place].predicate.text())}"
    return "otherwise"


def _code(text: str) -> str:
    """Return a text as code, fenced by more backticks than it holds in a row."""
    fence = "`"
    while fence in text:
        fence += "`"
    space = " " if text[:1] in ("`", " ") or text[-1:] in ("`", " ") else ""
    return f"{fence}{space}{text}{space}{fence}"


def _plain(text: str) -> str:
    """Return a text that Markdown shows as it is, on one line."""
    letters = (letter if letter.isprintable() else " " for letter in text)
    return "".join(f"\\{letter}" if letter in _SPECIAL else letter for letter in letters).strip() or "-"
