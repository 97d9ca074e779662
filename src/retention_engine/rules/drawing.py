"""A rule as a flow chart in the language of Mermaid; any title, name and expression is drawn as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from retention_engine.rules.acts import Do
from retention_engine.rules.rule import Rule
from retention_engine.rules.steps import Branch, Choice, Split, Step
from retention_engine.rules.waits import Delay, WaitFor, WaitUntil

_SPECIAL = frozenset("\"'#&<>;`%\\|{}[]*~")
_LISTED = re.compile(r"[-+]|\d+[.)]")
_LONGEST = 200


def to_mermaid(rule: Rule) -> str:
    """Return a rule as a ``flowchart TD``: a node per step with its name, a diamond where paths part.

    The same rule is always drawn the same. Beside the steps stand its beginning, its end, what ends it early, and its
    goal.
    """
    nodes = {name: f"s{number}" for number, name in enumerate(rule.flow.steps)}
    lines = ["flowchart TD", f"    start({_label([rule.title or rule.id, str(rule.trigger), *_asked(rule)])})"]
    lines += [f"    {nodes[name]}{_shape(step)}" for name, step in rule.flow.steps.items()]
    lines.append(f"    done({_label(['end'])})")
    lines += _notes(rule)
    lines.append(f"    start --> {nodes[rule.flow.first]}")
    for name, step in rule.flow.steps.items():
        for label, target in _ways(rule, step):
            words = f"|{_quoted(label)}|" if label else ""
            lines.append(f"    {nodes[name]} -->{words} {'done' if target is None else nodes[target]}")
    return "\n".join(lines) + "\n"


def _asked(rule: Rule) -> list[str]:
    return [] if rule.when is None else [f"when {rule.when}"]


def _notes(rule: Rule) -> Iterator[str]:
    """Yield what belongs to the whole rule, each a node tied to the beginning."""
    notes = {}
    if rule.exit_when is not None:
        notes["exit"] = f"leaves as soon as {rule.exit_when}"
    if rule.goal is not None:
        notes["goal"] = f"goal within {rule.goal.within!r}: {rule.goal.predicate}"
    for name, text in notes.items():
        yield f"    {name}>{_quoted(text)}]"
        yield f"    start -.- {name}"


def _shape(step: Step) -> str:
    caption = _caption(step)
    parts = [step.name, *([caption] if caption not in step.name else [])]
    if isinstance(step, Branch | Split):
        return f"{{{_text(parts)}}}"
    return f"[{_text(parts)}]" if isinstance(step, Do) else f"({_text(parts)})"


def _caption(step: Step) -> str:
    """Return what a step does, its name left out."""
    match step:
        case Do():
            channels = [step.channel] if step.channel is not None else list(step.channels)
            by = f" by {', else '.join(channels)}" if channels else ""
            return f"{step.kind.replace('_', ' ')} {step.about}{by}"
        case Delay():
            return repr(step.span)
        case WaitUntil():
            return repr(step.schedule)
        case WaitFor():
            return f"{step.predicate}, at most {step.timeout!r}"
        case Split():
            return f"split {step.id}"
    return ""


def _ways(rule: Rule, step: Step) -> Iterator[tuple[str, str | None]]:
    """Yield (label, name of the next step) for each way on; the name is None at the end."""
    flow = rule.flow
    if isinstance(step, Branch | Split):
        yield from ((_choice(step, choice), flow.into(step.name, choice)) for choice, _ in step.paths())
        return
    leaves = isinstance(step, WaitFor) and step.on_timeout == "exit"
    yield "in time" if leaves else "", flow.after[step.name]
    if leaves:
        yield "too late", None


def _choice(step: Branch | Split, choice: Choice) -> str:
    if isinstance(step, Branch):
        return str(step.ways[choice].predicate) if isinstance(choice, int) else "otherwise"
    total = sum(each.weight for each in step.variants)
    share = next(each.weight for each in step.variants if each.name == choice)
    return f"{choice}: {share} of {total}"


def _label(parts: list[str]) -> str:
    return f"[{_text(parts)}]"


def _text(parts: list[str]) -> str:
    return f'"{"<br/>".join(map(_escaped, parts))}"'


def _quoted(text: str) -> str:
    return _text([text])


def _escaped(text: str) -> str:
    """Return a text whose every letter that means something to Mermaid or HTML is written by its number."""
    short = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
    listed = _LISTED.match(short)  # what would be the beginning of a list
    head = "" if listed is None else f"{listed[0][:-1]}#{ord(listed[0][-1])};"
    return head + "".join(_letter(letter) for letter in short[0 if listed is None else listed.end() :])


def _letter(letter: str) -> str:
    if not letter.isprintable():
        return " "
    return f"#{ord(letter)};" if letter in _SPECIAL else letter
