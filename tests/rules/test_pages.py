"""A rule set documents itself as a page of Markdown."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings

from retention_engine.predicates import customer, entry, events, orders, segment
from retention_engine.rules import (
    Branch,
    Delay,
    Goal,
    Rule,
    RuleSet,
    Send,
    Split,
    Tag,
    Variant,
    When,
    entering,
    on,
    to_mermaid,
    to_page,
)
from retention_engine.rules.steps import nested
from retention_engine.testing.strategies.rules import rule_sets
from retention_engine.timing import days

BOUGHT = orders.since(entry).exists()
RULE = Rule(
    "back",
    entering(segment("lapsed", orders.last().age >= days(45))),
    Send("hello"),
    Branch(When(BOUGHT, Tag("bought")), otherwise=[Delay(days(3), name="pause"), Send("last")]),
    Split(Variant("x", Send("gift"), weight=3), Variant("y"), id="e"),
    when=customer.a == 1,
    exit_when=customer.b == "`",
    valid_for=days(2),
    re_entry=days(30),
    priority=5,
    value=300,
    at_cap="best",
    goal=Goal(BOUGHT),
    title="We *miss* you",
)
PAGE = f"""\
# Rules

## We \\*miss\\* you

- Rule: `back`
- Trigger: `entering(segment('lapsed'))`
- Only when: `customer.a == 1`
- Left as soon as: ``customer.b == '`'``
- Valid for: `days(2)`
- Entered: again after `days(30)`
- Priority: 5
- Worth: 300 minor units
- When the customer has had enough messages: leave the room to the most valuable message
- Goal: `orders.since(entry).exists()` within `days(7)` of the entry

### Steps

1. hello: `Send('hello')`
2. branch: the first that holds
    - when `orders.since(entry).exists()`
        1. bought: `Tag('bought')`
    - otherwise
        1. pause: `Delay(days(3), name='pause')`
        2. last: `Send('last')`
3. e: by chance, experiment `e`
    - x, 3 of 4
        1. gift: `Send('gift')`
    - y, 1 of 4: nothing

```mermaid
{to_mermaid(RULE)}```

## Segments

- lapsed: `orders.last().age >= days(45)`
"""


def test_a_page_says_everything_about_a_rule() -> None:
    """What it waits for, does and is for, its flow chart, and the segments behind the names."""
    assert to_page(RuleSet.of([RULE])) == PAGE


def test_what_a_rule_does_not_say_is_left_out() -> None:
    """A plain rule has a short page; no rules have only the title."""
    page = to_page(RuleSet.of([Rule("a", on(orders), Tag("x"))]))
    assert re.findall(r"^- (\w+)", page, re.MULTILINE) == ["Rule", "Trigger", "Entered", "Priority"]
    assert to_page(RuleSet(())) == "# Rules\n"


@settings(max_examples=300)
@given(rule_sets(nested=True))
def test_every_step_of_every_rule_is_on_the_page(made: RuleSet) -> None:
    """As many numbered lines as steps, a chart for each rule, each segment; the same page every time."""
    page = to_page(made)
    assert len(re.findall(r"^ *\d+\. ", page, re.MULTILINE)) == sum(len(list(nested(rule.steps))) for rule in made)
    assert page.count("```mermaid\n") == len(made)
    assert all(to_mermaid(rule) in page for rule in made)
    assert page == to_page(made)


HOSTILE = ["# a", "a\n# b", "<b>", "[a](b)", "- a", "1. a", "a_b_c", "`a`", "&amp;", "```", "\\", "| a |", "~~a~~"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_titles_stay_one_plain_line(text: str) -> None:
    """Every sign that means something is escaped; a title begins no heading, list or code of its own."""
    page = to_page(RuleSet.of([Rule("a", on(orders), Send("a"), title=text)]))
    heading = page.split("\n")[2]
    assert heading.startswith("## ")
    assert not re.search(r"[^\w\s;]|_", re.sub(r"\\([^\w\s]|_)", "", heading[3:]))
    assert len([line for line in page.split("\n") if line.startswith("#")]) == 3


@pytest.mark.parametrize("text", ["`", "``", "a`b``c", " a ", "`a", "a`"])
def test_code_with_backticks_is_fenced_by_more(text: str) -> None:
    """The longest run inside is shorter than the fence."""
    page = to_page(RuleSet.of([Rule("a", on(events("x").where(a=text)), Send("a"))]))
    line = next(line for line in page.split("\n") if line.startswith("- Trigger: "))
    fence = re.fullmatch(r"- Trigger: (`+) ?(.*?[^`]) ?\1", line)
    assert fence is not None
    assert fence[1] not in fence[2]
