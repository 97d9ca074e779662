"""A rule is drawn as a sound flow chart, whatever its names, titles and expressions hold."""

from __future__ import annotations

import re
from html import unescape

import pytest
from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_engine.predicates import customer, entry, orders
from retention_engine.rules import (
    Branch,
    Delay,
    Goal,
    Rule,
    Send,
    Split,
    Tag,
    Variant,
    WaitFor,
    When,
    entering,
    on,
    to_mermaid,
)
from retention_engine.testing.strategies.rules import rules
from retention_engine.timing import days

BOUGHT = orders.since(entry).exists()
LABEL = r'"([^"\n]*)"'
NODE = re.compile(rf"    (\w+)(\(\[{LABEL}\]\)|\[{LABEL}\]|\({LABEL}\)|\{{{LABEL}\}}|>{LABEL}\])")
EDGE = re.compile(rf"    (\w+) (?:-->|-\.-)(?:\|{LABEL}\|)? (\w+)")


@frozen
class Chart:
    """A flow chart as it was read: labels by the names of nodes, and edges with their labels."""

    nodes: dict[str, str]
    edges: list[tuple[str, str, str]]


def shown(label: str) -> str:
    """Return a label as people see it: lines by line ends, numbers of letters as the letters."""
    assert not re.search(r"[<>&`%|\\{}\[\]]", label.replace("<br/>", ""))
    assert not re.search(r"#(?!\d+;)", label)
    return unescape(re.sub(r"#(\d+);", r"&#\1;", label.replace("<br/>", "\n")))


def read(text: str) -> Chart:
    """Read a chart strictly: each line is a node or an edge between nodes."""
    head, *lines = text.removesuffix("\n").split("\n")
    assert head == "flowchart TD"
    nodes: dict[str, str] = {}
    edges: list[tuple[str, str, str]] = []
    for line in lines:
        if found := EDGE.fullmatch(line):
            edges.append((found[1], shown(found[2] or ""), found[3]))
            continue
        node = NODE.fullmatch(line)
        assert node is not None, line
        assert node[1] not in nodes
        assert node[1] != "end", "a word of the language"
        nodes[node[1]] = shown(next(label for label in node.groups()[2:] if label is not None))
    assert all(end in nodes for start, _, target in edges for end in (start, target))
    return Chart(nodes, edges)


CHART = """\
flowchart TD
    start(["Ask #34;us#34;<br/>on(orders)<br/>when customer.a == 1"])
    s0["hello<br/>send hello by email, else sms"]
    s1("delay days(3)")
    s2{"branch"}
    s3["thanks<br/>send thanks by sms"]
    s4{"gift<br/>split e"}
    s5["mark<br/>tag vip"]
    s6("w<br/>orders.since(entry).exists(), at most days(1)")
    done(["end"])
    exit>"leaves as soon as customer.b #62; 2"]
    start -.- exit
    goal>"goal within days(7): orders.since(entry).exists()"]
    start -.- goal
    start --> s0
    s0 --> s1
    s1 --> s2
    s2 -->|"orders.since(entry).exists()"| s3
    s2 -->|"otherwise"| s4
    s3 --> s6
    s4 -->|"x: 3 of 4"| s5
    s4 -->|"y: 1 of 4"| s6
    s5 --> s6
    s6 -->|"in time"| done
    s6 -->|"too late"| done
"""


def test_a_rule_is_drawn_with_every_step_and_every_way() -> None:
    """Where paths part stands a diamond; they meet again behind it."""
    branch = Branch(
        When(BOUGHT, Send("thanks", channel="sms")),
        otherwise=[Split(Variant("x", Tag("vip", name="mark"), weight=3), Variant("y"), id="e", name="gift")],
    )
    rule = Rule(
        "a",
        on(orders),
        Send("hello", channels=["email", "sms"]),
        Delay(days(3)),
        branch,
        WaitFor(BOUGHT, days(1), on_timeout="exit", name="w"),
        when=customer.a == 1,
        exit_when=customer.b > 2,
        goal=Goal(BOUGHT),
        title='Ask "us"',
    )
    assert to_mermaid(rule) == CHART
    assert set(read(CHART).nodes) == {"start", "exit", "goal", "done", *(f"s{number}" for number in range(7))}


@settings(max_examples=300)
@given(rules(nested=True))
def test_every_chart_is_sound(rule: Rule) -> None:
    """Every step is a node with its name, can be reached from the beginning, and leads to the end."""
    chart = read(to_mermaid(rule))
    labels = [label.split("\n")[0] for label in chart.nodes.values()]
    assert [name for name in rule.flow.steps if name not in labels] == []
    assert len(chart.nodes) == len(rule.flow.steps) + 2 + (rule.exit_when is not None) + (rule.goal is not None)
    forwards = {(start, target) for start, _, target in chart.edges}
    assert reached(forwards, "start") == set(chart.nodes)
    notes = {"exit", "goal"}
    assert reached({(target, start) for start, target in forwards}, "done") == set(chart.nodes) - notes
    assert to_mermaid(rule) == to_mermaid(rule)


def reached(edges: set[tuple[str, str]], first: str) -> set[str]:
    """Return the nodes that edges lead to."""
    found = {first}
    while following := {target for start, target in edges if start in found} - found:
        found |= following
    return found


HOSTILE = [
    *('"', '"]', '"] --> done', "`a`", "<script>alert(1)</script>", "%%{init: {}}%%", "#quot;", "#35;", "&lt;", "end"),
    *("a|b", "a\\", "{x}", "[x]", "(x)", "x;y", "1. one", "- one", "12) x", "*bold*", "~x~", "ё", "\U0001f600"),
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_are_shown_as_they_are(text: str) -> None:
    """A title, a step, a variant and a constant hold what would end a label, or mean something in it."""
    split = Split(Variant(text), Variant("other"), id="e")
    rule = Rule("a", entering(customer.city == text), Send("a", name=text), split, title=text)
    chart = read(to_mermaid(rule))
    assert chart.nodes["start"].split("\n")[0] == text
    assert chart.nodes["s0"].split("\n")[0] == text
    assert ("s1", f"{text}: 1 of 2", "done") in chart.edges


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_any_title_makes_a_sound_chart(title: str) -> None:
    """Line ends and control characters become spaces."""
    label = read(to_mermaid(Rule("a", on(orders), Send("a"), title=title))).nodes["start"]
    assert label.removesuffix("\non(orders)") == ("".join(c if c.isprintable() else " " for c in title) or "a")


def test_long_expressions_are_cut_short() -> None:
    """A chart stays readable."""
    rule = Rule("a", entering(customer.city == "x" * 5_000), Send("a"))
    assert max(map(len, to_mermaid(rule).split("\n"))) < 500
