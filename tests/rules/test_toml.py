"""Python and TOML say the same: rule sets are written and read back equal; wrong files name the place."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_engine.errors import DefinitionError, ExpressionError
from retention_engine.predicates import carts, customer, entry, events, orders, segment
from retention_engine.rules import (
    Branch,
    Delay,
    Goal,
    Rule,
    RuleSet,
    Send,
    Split,
    Tag,
    Trigger,
    Variant,
    When,
    dump_rules,
    entering,
    load_rules,
    on,
)
from retention_engine.testing.strategies.rules import rule_sets
from retention_engine.timing import days

FILE = """\
[segments]
regulars = "orders.within(days(365)).count() >= 3"
"lapsed regulars" = "segment('regulars') and orders.last().age >= days(45)"

[[rules]]
id = "win-back"
title = "We \\"miss\\" you"
trigger = "entering(segment('lapsed regulars') and not carts.exists())"
when = "customer.city == 'Moscow'"
steps = [
  "Send('we-miss-you', topic='offers')",
  "Delay(days(3))",
  "Branch(When(carts.exists(), Send('cart')), otherwise=[Split(Variant('a', Tag('a')), Variant('b'), id='e')])",
  "Send('last-call', topic='offers')",
]
exit_when = "orders.since(entry).exists()"
valid_for = "days(3)"
re_entry = "once"
at_cap = "best"
goal = "Goal(orders.since(entry).exists(), within=days(14))"
priority = -5
value = 300

[[rules]]
id = "thanks"
trigger = "on(orders)"
steps = ["Send('thanks')"]
re_entry = "days(30)"
"""


def in_python() -> RuleSet:
    """Return what the file says."""
    regulars = segment("regulars", orders.within(days(365)).count() >= 3)
    lapsed = segment("lapsed regulars", regulars & (orders.last().age >= days(45)))
    split = Split(Variant("a", Tag("a")), Variant("b"), id="e")
    branch = Branch(When(carts.exists(), Send("cart")), otherwise=[split])
    steps = (Send("we-miss-you", topic="offers"), Delay(days(3)), branch, Send("last-call", topic="offers"))
    back = Rule(
        "win-back",
        entering(lapsed & ~carts.exists()),
        *steps,
        when=customer.city == "Moscow",
        exit_when=orders.since(entry).exists(),
        valid_for=days(3),
        re_entry="once",
        priority=-5,
        value=300,
        at_cap="best",
        goal=Goal(orders.since(entry).exists(), within=days(14)),
        title='We "miss" you',
    )
    return RuleSet.of([back, Rule("thanks", on(orders), Send("thanks"), re_entry=days(30))])


def test_a_file_says_the_same_as_python() -> None:
    """Equal rules, equal segments in the same order, the same fingerprint, the same titles."""
    loaded, made = load_rules(FILE), in_python()
    assert loaded == made
    assert loaded.fingerprint == made.fingerprint
    assert list(loaded.segments) == list(made.segments) == ["regulars", "lapsed regulars"]
    assert [rule.title for rule in loaded] == [rule.title for rule in made]


def test_rules_are_written_for_people() -> None:
    """The writer gives the file above, character by character."""
    assert dump_rules(in_python()) == FILE


@settings(max_examples=300)
@given(rule_sets(nested=True))
def test_every_rule_set_is_read_back(made: RuleSet) -> None:
    """Over every trigger, step, manner and predicate there is; writing again gives the same text."""
    text = dump_rules(made)
    again = load_rules(text)
    assert again == made
    assert again.fingerprint == made.fingerprint
    assert list(again.segments.items()) == list(made.segments.items())
    assert dump_rules(again) == text


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=50), st.text(min_size=1, max_size=20))
def test_any_title_and_name_is_read_back(title: str, name: str) -> None:
    """Control characters, quotes, line ends and emoji included; only printable names are names."""
    if not name.isprintable():
        return
    named = segment(name, orders.exists())
    made = RuleSet.of([Rule(name, entering(named), Send(name, topic=name, data={"a": name}), title=title)])
    again = load_rules(dump_rules(made))
    assert again == made
    assert again[name].title == title


def test_nothing_is_an_empty_rule_set() -> None:
    """An empty text has no rules; no rules are an empty text."""
    assert load_rules("") == RuleSet(())
    assert dump_rules(RuleSet(())) == ""
    assert load_rules("[segments]\na = 'orders.exists()'").segments == {"a": orders.exists()}


def test_files_are_read_from_paths(tmp_path: Path) -> None:
    """A path, or a text that ends with ``.toml``; a byte order mark and Windows line ends do not matter."""
    file = tmp_path / "rules.toml"
    file.write_bytes(b"\xef\xbb\xbf" + FILE.replace("\n", "\r\n").encode())
    assert load_rules(file) == load_rules(str(file)) == in_python()


UNREADABLE = [
    (b"\xff\xfe", "cannot read the rule file"),
    (b"# " + b"x" * 1_000_000, "at most 1000000 bytes, not 1000001"),
]


@pytest.mark.parametrize(("content", "message"), UNREADABLE)
def test_an_unreadable_file_is_an_error_of_ours(tmp_path: Path, content: bytes, message: str) -> None:
    """Bytes that are no UTF-8, and more than a megabyte."""
    file = tmp_path / "rules.toml"
    file.write_bytes(content)
    with pytest.raises(DefinitionError, match=message):
        load_rules(file)


@pytest.mark.parametrize("path", ["missing.toml", "a\x00b.toml", "x/" * 5_000 + "a.toml", Path("/")])
def test_a_missing_file_is_an_error_of_ours(path: str | Path) -> None:
    """Whatever the operating system says, the message names the path."""
    with pytest.raises(DefinitionError, match="cannot read the rule file"):
        load_rules(path)


@pytest.mark.parametrize("source", [None, 7, b"", ["rules.toml"], {}])
def test_rules_come_from_a_path_or_a_text(source: object) -> None:
    """Anything else is refused."""
    with pytest.raises(DefinitionError, match="rules are loaded from a path or a text, not from"):
        load_rules(source)  # type: ignore[arg-type]  # the point of the test


def rule(**changed: str) -> str:
    """Return a file with one rule, some of its lines changed."""
    given = {"id": "'a'", "trigger": "'on(orders)'", "steps": "[\"Send('hello')\"]"} | changed
    return "[[rules]]\n" + "".join(f"{name} = {value}\n" for name, value in given.items() if value)


WRONG = [
    ("x = 1", "the file: unknown key 'x' (allowed: policies, rules, segments)"),
    ("rulez = []", "the file: unknown key 'rulez' (did you mean 'rules'?)"),
    ("rules = 1", "rules: a list of tables, each headed [[rules]] is needed, not 1"),
    ("[rules]", "rules: a list of tables"),
    ("rules = [1]", "rules[0]: a table headed [[rules]] is needed, not 1"),
    ("segments = 1", 'segments: a table of name = "predicate" is needed, not 1'),
    ("[segments]\na = 1", "segments.a: a text is needed, not 1"),
    ("[segments]\na = 'orders.exist()'", "segments.a: unknown method 'exist' (did you mean 'exists'?) at position 7"),
    ("[segments]\na = \"segment('a')\"", "segments.a: a segment names those above it only: 'a' does not stand above"),
    ("[segments]\na = \"segment('b')\"\nb = \"segment('a')\"", "segments.a: a segment names those above it only: 'b'"),
    ("[segments]\na = \"segment('c')\"", "segments.a: unknown segment 'c'"),
    ("[segments]\n'' = 'orders.exists()'", "rules: a segment's name is a printable text"),
    ("[segments]\na.b = 'orders.exists()'", "segments.a: a text is needed, not {'b'"),
    ("[segments]\n" + "".join(f"a{number} = ''\n" for number in range(1_001)), "segments: at most 1000 in a file"),
    (rule(id=""), "rules[0]: id is missing"),
    (rule(trigger=""), "rules[0]: trigger is missing"),
    (rule(steps=""), "rules[0]: steps is missing"),
    (rule(id="7"), "rules[0].id: a text is needed, not 7"),
    (rule(id="''"), "rules[0]: a rule's id is a printable text"),
    (rule(trigger="true"), "rules[0].trigger: a text is needed, not True"),
    (rule(when="nan"), "rules[0].when: a text is needed, not nan"),
    (rule(valid_for="1979-05-27"), "rules[0].valid_for: a text is needed, not datetime.date"),
    (rule(steps="'Send()'"), "rules[0].steps: a list of texts is needed, not 'Send()'"),
    (rule(steps="[[]]"), "rules[0].steps[0]: a text is needed, not []"),
    (rule(steps="[]"), "rules[0]: rule 'a': a rule has 1 to 100 steps"),
    (rule(steps='["Send(\'a\')", "Sent()"]'), "rules[0].steps[1]: unknown function 'Sent' (did you mean 'Send'?)"),
    (rule(trigger="'on(orderz)'"), "rules[0].trigger: unknown name 'orderz' (did you mean 'orders'?) at position 3"),
    (rule() + rule(id="'b'", trigger="'on()'"), "rules[1].trigger: on() missing 1 required"),
    (rule() + rule(), "rules: two rules have the id 'a'"),
    (rule(when="'orders.count()'"), "rules[0].when: a predicate is needed, not 'orders.count()'"),
    (rule(when="'orders.since(entry).exists()'"), "rules[0]: rule 'a': entry has no meaning in when"),
    (rule(exit_when="'1 < 2 < 3'"), "rules[0].exit_when: a comparison has two sides"),
    (rule(valid_for="'3'"), "rules[0].valid_for: a span is needed, such as days(3), not 3"),
    (rule(valid_for="'days(0)'"), "rules[0]: rule 'a': valid_for is a span above zero"),
    (rule(re_entry="'onse'"), "rules[0]: rule 'a': re_entry is a span or a word, not 'onse' (did you mean 'once'?)"),
    (rule(re_entry="''"), "re_entry is a span or a word, not ''"),
    (rule(re_entry="'day(3)'"), "rules[0].re_entry: unknown function 'day' (did you mean 'days'?)"),
    (rule(exit_wen="''"), "rules[0]: unknown key 'exit_wen' (did you mean 'exit_when'?)"),
    (rule(priority="'1'"), "rules[0].priority: a whole number is needed, not '1'"),
    (rule(priority="true"), "rules[0].priority: a whole number is needed, not True"),
    (rule(priority="1.0"), "rules[0].priority: a whole number is needed, not 1.0"),
    (rule(priority="9" * 900), "rules[0]: rule 'a': priority is a whole number from -1000000 to 1000000, not 999"),
    (rule(value="-1"), "rules[0]: rule 'a': value is a whole number of minor units from 0"),
    (rule(at_cap="1"), "rules[0].at_cap: a text is needed, not 1"),
    (rule(at_cap="'first'"), "rules[0]: rule 'a': at_cap is a word, not 'first'"),
    (rule(goal="'orders.exists()'"), "rules[0].goal: a goal is needed, such as Goal(orders.since(entry).exists())"),
    (rule(goal="'Goal(orders.exists(), within=7)'"), "rules[0].goal: within is a span above zero"),
    (rule(goals="''"), "rules[0]: unknown key 'goals' (did you mean 'goal'?)"),
    (rule(steps='["Branch(When(1))"]'), "rules[0].steps[0]: When takes a predicate and steps, not 1 at position 7"),
    (rule(title="'" + "x" * 1_001 + "'"), "rules[0]: rule 'a': title is a text of at most 1,000 characters"),
    ("[[rules]]\nid = 'a'\nid = 'b'", "not TOML: 'Cannot overwrite a value"),
    ("[segments]\n[segments]", "not TOML: "),
    ("a = ", "not TOML: 'Invalid value"),
    ("rules", "not TOML: \"Expected '=' after a key"),
    ("rules", "a path is given as Path(...), or ends with .toml"),
    ("a = " + "9" * 999 + "\nb = [", "not TOML: "),
    ("a = 1e400", "the file: unknown key 'a'"),
    ("a = 0x" + "f" * 900, "the file: unknown key 'a'"),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_a_wrong_file_names_the_place(text: str, message: str) -> None:
    """Which rule, which key, what is allowed, what was given."""
    with pytest.raises(DefinitionError) as caught:
        load_rules(text)
    assert message in str(caught.value)


def test_a_wrong_expression_keeps_its_text_and_position() -> None:
    """An editor can point at it."""
    with pytest.raises(ExpressionError) as caught:
        load_rules(rule(when="'orders.exists() and not carts.exist()'"))
    assert caught.value.text == "orders.exists() and not carts.exist()"
    assert caught.value.position == 30


def test_segments_that_double_each_other_are_refused() -> None:
    """Forty lines that would be a predicate of a billion nodes."""
    lines = [f"a{each} = \"segment('a{each - 1}') and segment('a{each - 1}')\"" for each in range(1, 40)]
    with pytest.raises(ExpressionError, match="at most 1000 nodes"):
        load_rules("\n".join(["[segments]", "a0 = 'orders.exists()'", *lines]))


@frozen
class Moonrise(Trigger):
    """A trigger of somebody else's."""

    def write(self, *, python: bool) -> str:
        """Write the call."""
        return "moonrise()"


def test_what_cannot_be_read_back_is_not_written() -> None:
    """A trigger of one's own, and more than a megabyte of rules."""
    with pytest.raises(DefinitionError, match=r"cannot be written to a file: rules.0..trigger: unknown function 'moon"):
        dump_rules(RuleSet.of([Rule("a", Moonrise(), Send("a"))]))
    long = events("x").where(name="y" * 10_000).exists()
    with pytest.raises(DefinitionError, match="cannot be written to a file: a rule file has at most 1000000 bytes"):
        dump_rules(RuleSet.of(Rule(f"r{number}", entering(long), Send("a")) for number in range(101)))
