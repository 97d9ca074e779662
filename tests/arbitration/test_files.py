"""Policies in rule files: read, written, and refused with their place."""

from __future__ import annotations

from collections.abc import Iterator
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_engine import days, orders, segment, visits
from retention_engine.arbitration import (
    AtMost,
    HoldWhile,
    Never,
    Policy,
    QuietHours,
    dump_policies,
    load_policies,
    segments_in,
)
from retention_engine.errors import DefinitionError, ExpressionError
from retention_engine.rules import RuleSet, load_rules
from tests.arbitration._policies import policies
from tests.rules.test_hostile_files import HOSTILE_TEXTS, HOSTILE_VALUES, LIMIT, toml

FILE = """policies = [
  "AtMost(3, per=days(7), topic='offers')",
  "QuietHours('22:00', '09:00')",
]
"""
RECENT = orders.within(days(2)).exists()
BOUGHT = segment("bought", RECENT)


@settings(max_examples=200)
@given(st.lists(policies(), max_size=5).map(tuple))
def test_all_policies_are_read_back(given: tuple[Policy, ...]) -> None:
    """In their order; the rules of the same text are none."""
    text = dump_policies(given)
    assert load_policies(text, segments_in(given)) == given
    assert load_rules(text) == RuleSet(())


def test_policies_are_written_for_people() -> None:
    """One call on a line; no policies are an empty text."""
    made = (AtMost(3, per=days(7), topic="offers"), QuietHours("22:00", "09:00"))
    assert dump_policies(made) == FILE
    assert load_policies(FILE) == made
    assert dump_policies(()) == ""
    assert load_policies("") == ()


def test_segments_are_those_of_the_file_or_given() -> None:
    """A policy names a segment; what is given goes before what stands in the file."""
    text = "policies = [\"HoldWhile(segment('bought'))\"]\n[segments]\nbought = 'orders.within(days(2)).exists()'\n"
    assert load_policies(text) == (HoldWhile(BOUGHT),)
    assert load_policies(text, {"bought": visits.exists()}) == (HoldWhile(segment("bought", visits.exists())),)
    assert segments_in([HoldWhile(BOUGHT & visits.exists())]) == {"bought": RECENT}


WRONG = [
    ("policies = 1", "policies: a list of texts is needed, not 1"),
    ("[policies]", "policies: a list of texts is needed, not {}"),
    ("policies = [1]", "policies[0]: a text is needed, not 1"),
    ("policies = [[]]", "policies[0]: a text is needed, not []"),
    (
        "policies = ['Consent()', 'KillSwich()']",
        "policies[1]: unknown function 'KillSwich' (did you mean 'KillSw",
    ),
    ("policies = ['days(3)']", "policies[0]: a policy is needed, such as AtMost(3, per=days(7)), not"),
    ("policies = ['AtMost(3)']", "policies[0]: "),
    ("policies = ['AtMost(0, per=days(7))']", "policies[0]: a cap counts 1 message or more, not 0"),
    ("policies = [\"QuietHours('22:00', '22:00')\"]", "policies[0]: a window from 22:00 to 22:00"),
    ("policies = [\"HoldWhile(segment('x'))\"]", "policies[0]: unknown segment 'x'"),
    ("policy = ['Consent()']", "the file: unknown key 'policy' (did you mean 'policies'?)"),
    ("policies = [" + "'Consent()'," * 1_001 + "]", "policies: at most 1000 in a file, not 1001"),
    ("policies = ['" + "x" * 299_990 + "']", "policies[0]: an expression has at most 262144 characters"),
    ("policies = ['" + "x" * 1_000_000 + "']", "a rule file has at most 1000000 bytes"),
    ("policies = " + "[" * 30 + "]" * 30, "brackets 20 deep"),
    ("[segments]\na = 1", "segments.a: a text is needed, not 1"),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_a_wrong_file_names_the_place(text: str, message: str) -> None:
    """Which policy, what is allowed, what was given."""
    with pytest.raises(DefinitionError) as caught:
        load_policies(text)
    assert str(caught.value).startswith(message) or "a rule file has at most" in str(caught.value)
    assert message in str(caught.value)


def test_rules_refuse_a_list_that_is_none() -> None:
    """What is no text is refused although the rules do not need it; a text is left unread."""
    with pytest.raises(DefinitionError, match=r"policies\[0\]: a text is needed"):
        load_rules("policies = [1]")
    assert load_rules("policies = ['Consnet()']") == RuleSet(())


class Whim(Policy):
    """A policy of somebody else's."""


class Pretender(Never):
    """A policy of somebody else's that is written like one of ours."""

    def text(self) -> str:
        """Return the text of another one."""
        return "Never()"


@pytest.mark.parametrize("given", [(Whim(),), (1,), (AtMost(1, per=days(1)), None), (Pretender(),)])
def test_what_cannot_be_read_back_is_not_written(given: tuple[Policy, ...]) -> None:
    """A policy of one's own, and what is no policy."""
    with pytest.raises(DefinitionError, match=r"cannot be written to a file|a policy is needed"):
        dump_policies(given)


def hostile() -> Iterator[str]:
    """Yield files with one wrong policy."""
    calls = (
        "{}",
        "AtMost(1, per={})",
        "AtMost({}, per=days(1))",
        "HoldWhile({})",
        "Never(topic={})",
        "Holdout(9, salt={})",
    )
    for text in HOSTILE_TEXTS:
        for call in calls:
            yield f"policies = ['Consent()', {toml(call.replace('{}', text))}]"
    for value in HOSTILE_VALUES:
        yield from (f"policies = {value}", f"policies = [{value}]", f"policies = ['Consent()', {value}]")


def refusal(text: str) -> DefinitionError | None:
    """Return why a file is refused; None when it holds policies after all."""
    try:
        found = load_policies(text)
    except DefinitionError as error:
        return error
    assert all(isinstance(each, Policy) for each in found)
    return None


FILES = list(dict.fromkeys(hostile()))


@pytest.mark.parametrize("chunk", range(4))
def test_hostile_files_raise_one_kind_of_error(chunk: int) -> None:
    """Each is refused within 100 ms of processor time, or holds policies after all."""
    for text in FILES[chunk::4]:
        times = []
        for _ in range(2):
            start = process_time()
            error = refusal(text)
            times.append(process_time() - start)
        assert error is None or (type(error) in (DefinitionError, ExpressionError) and len(str(error)) < 1_000)
        assert min(times) < LIMIT, f"{min(times):.3f} s for {text[:60]!r}"
