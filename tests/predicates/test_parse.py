"""Text becomes a predicate or an ExpressionError that says where and what instead; nothing else, and never slowly."""

from __future__ import annotations

from itertools import islice
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.errors import ExpressionError
from retention_engine.predicates import (
    Truth,
    at_least,
    bucket,
    customer,
    dates,
    entry,
    events,
    item,
    local,
    month_day,
    orders,
    parse,
    purchases,
    segment,
    yearly,
)
from retention_engine.predicates.parse import read
from retention_engine.testing import expressions, nodes
from retention_engine.timing import days, hours, local_days, microseconds, minutes, seconds

READ = [
    ("orders.exists()", orders.exists()),
    ("  orders.count() >= 3  ", orders.count() >= 3),
    ("orders.count()>=3 and not customer.vip == True", (orders.count() >= 3) & ~(customer.vip == True)),  # noqa: E712 - the language
    ("(orders.count() >= 3) & ~customer.city.is_set() | orders.exists()", None),
    ("orders.where(channel='app', total=5).exists()", orders.where(channel="app", total=5).exists()),
    ("orders.where(item.total >= -5.5).exists()", orders.where(item.total >= -5.5).exists()),
    ("orders.where(item.channel.is_in('a', 'b')).exists()", None),
    ("purchases.within(hours(36)).sum('amount') != 0", purchases.within(hours(36)).sum("amount") != 0),
    ("orders.last().age < minutes(3)", orders.last().age < minutes(3)),
    ("customer.expiry.ahead <= seconds(3)", customer.expiry.ahead <= seconds(3)),
    ("orders.since(entry).exists()", orders.since(entry).exists()),
    ("orders.gaps().mean('gap') > microseconds(7)", orders.gaps().mean("gap") > microseconds(7)),
    ("events('quiz').where(item.score.is_set()).exists()", events("quiz").where(item.score.is_set()).exists()),
    ("bucket('spring') < 1_000", bucket("spring") < 1000),
    ("local.hour >= 9 and local.weekday.is_in('sat', 'sun')", (local.hour >= 9) & local.weekday.is_in("sat", "sun")),
    ("dates('2026-11-27', '2026-11-30')", dates("2026-11-27", "2026-11-30")),
    (
        "yearly(month_day(3, 8), before=local_days(7), lasting=local_days(8))",
        yearly(month_day(3, 8), before=local_days(7), lasting=local_days(8)),
    ),
    ("at_least(1, orders.exists(), customer.a == 'x')", at_least(1, orders.exists(), customer.a == "x")),
    ("customer.age.age >= days(1)", customer.age.age >= days(1)),
    ("(\n orders.exists()\r\n or customer.a == '(((('\n)", orders.exists() | (customer.a == "((((")),
]


@pytest.mark.parametrize(("text", "expected"), READ)
def test_the_text_is_the_python_expression(text: str, expected: Truth | None) -> None:
    """What is read is equal to what the same words build, and its own text reads back."""
    found = parse(text)
    assert expected is None or found == expected
    assert parse(str(found)) == found


def test_a_segment_is_read_by_its_name() -> None:
    """The predicates behind the names are given."""
    regulars = orders.count() >= 3
    assert parse("segment('regulars')", segments={"regulars": regulars}) == segment("regulars", regulars)


@given(expressions())
def test_whatever_is_written_reads_back(predicate: Truth) -> None:
    """The text of any expression parses to an equal one."""
    names = {part.name: part.inner for part in nodes(predicate) if hasattr(part, "name") and hasattr(part, "inner")}
    assert parse(str(predicate), segments=names) == predicate


ERRORS = [
    ("order.exists()", 0, "unknown name 'order' (did you mean 'orders'?)"),
    ("orders.exist()", 7, "unknown method 'exist' (did you mean 'exists'?)"),
    ("orders.sum('totl') > 5", 0, "orders has no field 'totl' (did you mean 'total'?)"),
    ("orders.exists() and orders.withn(days(3)).exists()", 27, "unknown method 'withn' (did you mean 'within'?)"),
    ("orders.within(day(3)).exists()", 14, "unknown function 'day' (did you mean 'days'?)"),
    ("orders.last().aeg > days(3)", 14, "unknown property 'aeg' (did you mean 'age'?)"),
    ("orders.count().ahead > days(3)", 15, "unknown property 'ahead'"),
    ("orders.count", 7, "unknown property 'count' (did you mean 'count'?)"),
    ("local.hours > 5", 6, "unknown property 'hours' (did you mean 'hour'?)"),
    ("local.weekday == 'monday'", 0, "local.weekday is never 'monday' (did you mean 'mon'?)"),
    ("customer", 0, "'customer' does not stand alone: write customer.city"),
    ("item.price", 5, "a predicate is needed, not 'item.price'"),
    ("days", 0, "'days' does not stand alone: write days(...)"),
    ("segment", 0, "'segment' does not stand alone: write segment(...)"),
    ("orders", 0, "a predicate is needed, not 'orders': compare it, such as >= 1"),
    ("orders.count()", 0, "a predicate is needed, not 'orders.count()'"),
    ("not orders.count()", 4, "a predicate is needed here, not 'orders.count()'"),
    ("orders.exists() and 5", 20, "a predicate is needed here, not '5'"),
    ("5 | orders.exists()", 0, "a predicate is needed here, not '5'"),
    ("1 <= orders.count() <= 3", 0, "a comparison has two sides: write a <= x and x <= b instead of a <= x <= b"),
    ("3 <= orders.count()", 0, "a comparison has a quantity on the left and a constant on the right"),
    ("orders.count() >= orders.count()", 0, "a quantity on the left and a constant on the right"),
    ("customer.a in ('x', 'y')", 0, "the comparisons are == != < <= > >= and .is_in()"),
    ("customer.a is None", 0, "the comparisons are == != < <= > >= and .is_in()"),
    ("customer.a == None", 14, "None is no constant of the language: number, text, True or False"),
    ("customer.a == b'x'", 14, "'b' is not part of the language here"),
    ("customer.a == 1j", 14, "'1' is not part of the language here"),
    ("customer.a == ...", 14, "Ellipsis is no constant"),
    ("customer.a == +5", 14, "a sign stands only before a number"),
    ("customer.a == -True", 14, "a sign stands only before a number"),
    ("customer.a == -'x'", 14, "a sign stands only before a number"),
    ("customer.a == 2 + 3", 14, "arithmetic is not part of the language"),
    ("customer.a == f'{x}'", 14, "'f' is not part of the language here; a text is one 'so'"),
    ("customer.a == [1]", 14, "List is not part of the language"),
    ("[x for x in orders]", 0, "ListComp is not part of the language"),
    ("lambda: 1", 0, "Lambda is not part of the language"),
    ("orders.exists() if True else orders.exists()", 0, "IfExp is not part of the language"),
    ("orders[0]", 0, "Subscript is not part of the language"),
    ("(yield)", 1, "Yield is not part of the language"),
    ("__import__('os').system('true')", 0, "unknown function '__import__'"),
    ("orders.__class__", 7, "unknown property '__class__'"),
    ("'x'.upper()", 4, "unknown method 'upper' (allowed: )"),
    ("orders.count()()", 0, "only named functions can be called"),
    ("orders.where(*customer.a)", 13, "Starred is not part of the language"),
    ("orders.where(**customer.a).exists()", 0, "each name is given once, and ** is not part of the language"),
    ("orders.where(orders.exists()).exists()", 0, "where() takes constants and conditions"),
    ("orders.where(item.total == orders.count()).exists()", 13, "a quantity on the left and a constant on the right"),
    ("orders.where(total=orders.count()).exists()", 0, "not orders.count()"),
    ("orders.sum() > 3", 0, "missing 1 required positional argument: 'name'"),
    ("orders.within(3).exists()", 0, "within() takes a span above zero such as days(30), not 3"),
    ("orders.within(days(1.5)).exists()", 14, "days takes a whole number from 0 to 200000, not 1.5"),
    ("orders.within(days(10**9)).exists()", 19, "arithmetic is not part of the language"),
    ("orders.where(total=5, total=6).exists()", 0, "each name is given once"),
    ("segment('vip')", 0, "unknown segment 'vip' (did you mean 'vips'?)"),
    ("segment('vips', 'x')", 0, "segment() takes one name"),
    ("segment(name='vips')", 0, "segment() takes one name"),
    ("segment(5)", 0, "segment() takes one name"),
    ("at_least(3, orders.exists())", 0, "at_least() needs a number from 1 to 1 (its parts), not 3"),
    ("customer.a > 'x'", 0, "customer.a is a text and has no '>'"),
    ("customer._a == 1", 9, "an attribute's name is letters, digits and _, not '_a'"),
    ("orders.where(item._a == 1).exists()", 0, "orders has no field '_a'"),
    ("", None, "not an expression"),
    ("orders.count() >=", 17, "not an expression: invalid syntax"),
    ("orders.exists() or\norders.count() >=", 18, "not an expression"),
    ("  (\r\n orders.exists()\r\n or nope)", 27, "unknown name 'nope'"),
    ("(orders.exists()\rand nope)", 21, "unknown name 'nope'"),
    ("'é' == nope", 7, "unknown name 'nope'"),
    ("customer.a == 'чай' and nope", 24, "unknown name 'nope'"),
    ("orders.exists()\norders.exists()", 16, "not an expression"),
    ("a = 5", None, "not an expression"),
    ("import os", None, "not an expression"),
    ("customer.a == 0777", None, "not an expression"),
]


@pytest.mark.parametrize(("text", "position", "message"), ERRORS)
def test_an_error_says_where_and_what_instead(text: str, position: int | None, message: str) -> None:
    """Position counts characters of the text as given; the nearest valid name is shown."""
    with pytest.raises(ExpressionError) as caught:
        parse(text, segments={"vips": orders.exists()})
    assert message in str(caught.value)
    assert position is None or caught.value.position == position
    assert caught.value.text == text[:200]


def chain(links: int) -> str:
    """Return a predicate whose syntax and value are so many links deep."""
    return f"orders{'.within(days(9))' * links}.exists()"


TOO_MUCH = [
    ("orders.exists() and " * 13_200 + "orders.exists()", "at most 262144 characters, not"),
    ("(" * 97 + "orders.exists()" + ")" * 97, "brackets nest at most 96 deep"),
    (
        " or ".join(f"customer.a == {number}" for number in range(500)),
        "at most 1000 nodes and depth 32, not 1001 and 3",
    ),
    (chain(31), "at most 1000 nodes and depth 32, not 34 and 34"),
    (chain(100), "the expression is deeper than 32"),
    ("customer.a.is_in(" + "1," * 30_000 + "1)", "at most 50000 words and signs"),
    ("customer.a.is_in(" + "-1," * 20_000 + "1)", "at most 50000 words and signs"),
    ("customer.a.is_in(" + ",".join(map(str, range(10_001))) + ")", "is_in() takes 1 to 10,000 constants"),
    ("customer.a == '" + "x" * 10_001 + "'", "at most 10,000 characters"),
    (f"customer.a == {2**62}", "not 4611686018427387904"),
    ("customer.a == 1e999", "not inf"),
    (5, "an expression is a text, not 5"),
    (None, "an expression is a text, not None"),
]


@pytest.mark.parametrize(("text", "message"), TOO_MUCH)
def test_what_is_too_much_is_refused(text: Any, message: str) -> None:
    """Length, depth, number of nodes and of constants have limits."""
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert message in str(caught.value)


def test_the_limits_themselves_are_allowed() -> None:
    """Depth 32, 10,000 constants and a text of 10,000 characters are read."""
    assert parse(chain(28)).size()[1] == 31
    assert parse("customer.a.is_in(" + ",".join(map(str, range(10_000))) + ")").size() == (2, 2)
    assert parse("customer.a == '" + "(" * 10_000 + "'").size() == (2, 2)


def test_any_value_of_the_language_can_be_read() -> None:
    """Spans, collections, and what further functions make of mappings; a predicate is one of them."""
    send = {"send": lambda data: sorted(data.items())}
    assert read("days(3)", object, "") == days(3)
    assert read("orders.within(days(3))", object, "") == orders.within(days(3))
    assert read("send({'a': 1, 'b': 'x', 'c': None})", list, "", calls=send) == [("a", 1), ("b", "x"), ("c", None)]
    assert read("segment('vip')", Truth, "", segments={"vip": orders.exists()}) == segment("vip", orders.exists())


def test_what_is_read_is_of_the_kind_that_is_needed() -> None:
    """Or it is said what is needed instead."""
    with pytest.raises(ExpressionError, match="a list is needed, not 5") as caught:
        read("5", list, "a list is needed")
    assert caught.value.position == 0


@pytest.mark.parametrize("text", ["{'a': 1, 'a': 2}", "{5: 1}", "{**x}", "{'a': nope}"])
def test_a_mapping_has_one_plain_value_for_each_name(text: str) -> None:
    """Names given twice, names that are no texts and values that are no words of the language are errors."""
    with pytest.raises(ExpressionError):
        read(text, object, "")


def test_comparisons_are_counted_while_they_are_read() -> None:
    """A thousand of them are too many before anything is built of them."""
    with pytest.raises(ExpressionError, match="an expression has at most 1000 nodes"):
        parse(" and ".join(["customer.a == 1"] * 1001))


MEGABYTE = 1_000_000
MONSTERS = [
    *(f"{opening * 10_000}orders.exists(){closing * 10_000}" for opening, closing in ("()", "[]", "{}")),
    *(word * 10_000 + "orders.exists()" for word in ("not ", "~", "-", "lambda: ", "await ", "*", "(")),
    *(
        "orders" + link * 10_000
        for link in (".x", "()", "[0]", ".within(days(1))", "<1", " and x", "|x", "**x", " if x else x")
    ),
    *("x" * size for size in (200_000, MEGABYTE)),
    *(f"customer.a == '{'x' * size}'" for size in (200_000, MEGABYTE)),
    *(f"customer.a == {'9' * size}" for size in (5_000, 200_000, MEGABYTE)),
    *(f"customer.a == 0x{'f' * size}" for size in (5_000, 200_000)),
    *(f"customer.{'a' * size} == 1" for size in (200_000,)),
    *("'a' " * 50_000, "f(" + "1," * 120_000 + ")", "a" + "|a" * 130_000, "a" + "<a" * 130_000)[-3:],
    *(f"customer.a == {quote}{'(' * 500}" for quote in ("'", '"', "'''", 'f"')),
    *(f"customer.a == '{letter}'" for letter in ("\x00", "\ud800", "\udfff")),
    *(
        f"orders{space}.exists("
        for space in ("\u2028", "\u202e", "\u200b", "\ufeff", "\x0c", "\x00", "\ud800", "\r", "\t")
    ),
    *(f"{letter}rders.exists()" for letter in ("о", "ο", "օ", "𝐨\u0301", "0", "\u202eo", "o\u0301")),
    *(f"customer.{name} == 1" for name in ("ɑ\u0301\u200d", "a\u200b", "__class__", "a b", "é", "１", "名")),
    *(f"orders.where({name}=1, {name}=2).exists()" for name in ("total", "a", "self", "tests", "equal")),
    *(
        f"orders.{name}()"
        for name in ("__init__", "_asdict", "members", "kinds", "write", "read", "reads", "__class__")
    ),
    *(
        f"orders.count() >= {value}"
        for value in ("nan", "inf", "1e400", "-1e400", "None", "()", "[]", "{}", "1j", "...")
    ),
    *(
        "\\",
        "\\\n",
        "#",
        "'",
        '"',
        "'''",
        "\n",
        "\r",
        "\x1a",
        "\\N{",
        "'\\N{x}'",
        "'\\ud800'",
        "'\\x00'",
        "0_0_",
        "1__0",
        "0b2",
    ),
]
PIECES = (
    *(
        "orders",
        "customer.a",
        "item.x",
        "local",
        "entry",
        ".exists()",
        ".count()",
        ".within(",
        ".where(",
        "days(",
        "not ",
    ),
    *(
        " and ",
        " or ",
        "==",
        ">=",
        "<",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "'",
        '"',
        "\\",
        ",",
        "=",
        "*",
        "**",
        "~",
        "&",
        "|",
        "-",
    ),
    *(
        "1",
        "1e9",
        "True",
        "None",
        "x",
        "é",
        "\n",
        "\r",
        "\t",
        "\x00",
        "\ud800",
        "\u202e",
        "#",
        ":",
        ":=",
        ";",
        "@",
        "$",
        "?",
    ),
)


def noise() -> list[str]:
    """Return texts of pieces in no sensible order, always the same ones."""
    mixed, state = [], 1
    for _ in range(1000):
        made = ""
        for _ in range(3 + state % 23):
            state = state * 6_364_136_223_846_793_005 % 2**64 + 1
            made += PIECES[(state >> 33) % len(PIECES)]
        mixed.append(made)
    return mixed


@pytest.mark.filterwarnings("ignore:invalid .* literal", "ignore:invalid escape sequence")
@pytest.mark.parametrize("texts", [MONSTERS, noise()], ids=["monsters", "noise"])
def test_hostile_texts_are_errors_of_one_kind(texts: list[str]) -> None:
    """More than a thousand texts, from 10,000 levels to a megabyte: one kind of error, each within a second."""
    for text in texts:
        start = perf_counter()
        with pytest.raises(ExpressionError):
            parse(text)
        assert perf_counter() - start < 1, text[:50]


@given(st.text(max_size=50) | st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_any_text_is_a_predicate_or_an_error(text: str) -> None:
    """Nothing but ExpressionError comes out, and what is read reads back."""
    try:
        found = parse(text)
    except ExpressionError as error:
        found, place = None, error.position or 0
        assert 0 <= place <= len(text)
    assert found is None or parse(str(found)) == found


def test_there_are_a_thousand_hostile_texts() -> None:
    """The list is as long as it says."""
    assert len(MONSTERS) + len(noise()) >= 1000
    assert sum(1 for _ in islice(noise(), 2000)) == 1000
