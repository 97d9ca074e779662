"""Plurals, money, numbers and dates read as people of a language write them."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine.errors import TemplateError
from retention_engine.money import Money
from retention_engine.templates.jinja import JinjaRenderer
from retention_engine.timing import to_instant

NOON = to_instant("2026-03-15T21:30:00+00:00")


def shown(expression: str, value: Any, language: str = "ru", **more: Any) -> str:
    """Return what an expression prints; the narrow and hard spaces of formats as plain ones."""
    renderer = JinjaRenderer({f"{language}/a.txt": f"<{{{{ {expression} }}}}>"})
    text = renderer.render("a", None, language, {"v": value, **more}).text
    return text[1:-1].replace("\xa0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(
    ("count", "word"),
    [
        (0, "баллов"),
        (1, "балл"),
        (2, "балла"),
        (4, "балла"),
        (5, "баллов"),
        (11, "баллов"),
        (12, "баллов"),
        (21, "балл"),
        (22, "балла"),
        (25, "баллов"),
        (101, "балл"),
        (111, "баллов"),
        (112, "баллов"),
        (122, "балла"),
        (-1, "балл"),
        (1.5, "балла"),
    ],
)
def test_russian_words_follow_their_numbers(count: float, word: str) -> None:
    """1 балл, 2 балла, 5 баллов; a fraction takes the form of a few."""
    assert shown("v|plural('балл', 'балла', 'баллов')", count) == word
    assert shown("v|plural('балл', 'балла', 'баллов', 'балла')", count) == word


@pytest.mark.parametrize(
    ("count", "word"), [(0, "points"), (1, "point"), (2, "points"), (21, "points"), (1.5, "points")]
)
def test_english_words_follow_their_numbers(count: float, word: str) -> None:
    """One point, two points."""
    assert shown("v|plural('point', 'points')", count, "en") == word


CASES = [
    ("v|money", Money(199_900, "RUB"), "ru", "1 999,00 ₽"),
    ("v|money(cents=false)", Money(199_900, "RUB"), "ru", "1 999 ₽"),
    ("v|money(cents=false)", Money(199_950, "RUB"), "ru", "1 999,50 ₽"),
    ("v|money", Money(-199_999, "USD"), "en", "-$1,999.99"),
    ("v|money(cents=false)", Money(200_000, "USD"), "en", "$2,000"),
    ("v|money", Money(500, "JPY"), "en", "¥500"),
    ("v|money('EUR')", 1999, "en", "€19.99"),
    ("v|number", 1234567.5, "ru", "1 234 567,5"),
    ("v|number", 1234567, "en", "1,234,567"),
    ("v|date", "2026-03-05", "ru", "5 марта 2026 г."),
    ("v|date", "2026-03-05", "en", "March 5, 2026"),
    ("v|date('short')", "2026-03-05", "ru", "05.03.2026"),
    ("v|date('day')", "2026-03-05", "ru", "5 марта"),
    ("v|date", "--02-29", "en", "February 29"),
    ("v|date", NOON, "ru", "15 марта 2026 г."),
    ("v|datetime", NOON, "en", "Mar 15, 2026, 9:30:00 PM"),
    ("v|datetime('short')", "2026-03-15T21:30:00+00:00", "ru", "15.03.2026, 21:30"),
    ("v", True, "ru", "да"),
    ("v", False, "en", "no"),
]


@pytest.mark.parametrize(("expression", "value", "language", "text"), CASES)
def test_values_read_as_people_write_them(expression: str, value: object, language: str, text: str) -> None:
    """Money, numbers, dates and flags in Russian and English."""
    assert shown(expression, value, language) == text


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "Europe/Moscow"])
def test_an_instant_is_shown_in_the_customers_zone(zone: str) -> None:
    """The value ``zone`` says where the customer is; an unknown one leaves the shop's."""
    assert shown("v|date('day')", NOON, zone=zone) == "16 марта"
    assert shown("v|date('day')", NOON, zone="Nowhere/Land") == "15 марта"
    renderer = JinjaRenderer({"en/a.txt": "{{ v|datetime('full') }}"}, zone=zone)
    assert "March 16" in renderer.render("a", None, None, {"v": NOON}).text


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("v|plural('a')", 1),
        ("v|plural('a', 'b')", 1),
        ("v|plural('a', 'b', 'c')", "1"),
        ("v|plural('a', 'b', 'c')", None),
        ("v|number", "1"),
        ("v|money", 5),
        ("v|money('rub')", 5),
        ("v|money('RUB')", 5.5),
        ("v|money('RUB')", True),
        ("v|money", {"amount": 5}),
        ("v|date", "yesterday"),
        ("v|date", "2026-02-30"),
        ("v|date", "2026-99-99"),
        ("v|date", "2026-03-05T10:00:00"),
        ("v|date", 1.5),
        ("v|date", 10**30 // 10**12),
        ("v|date('long-ish')", "2026-03-05"),
        ("v|datetime", "2026-03-05"),
        ("v|datetime('day')", NOON),
        ("v|datetime", [1]),
    ],
)
def test_what_cannot_be_formatted_is_refused(expression: str, value: object) -> None:
    """A wrong kind of value, form or number of words raises."""
    with pytest.raises(TemplateError):
        shown(expression, value)


def test_english_tells_how_many_forms_it_has() -> None:
    """Two forms are needed where a language has no form for a few."""
    with pytest.raises(TemplateError, match=r"2 forms \(one, other\)"):
        shown("v|plural('a', 'b', 'c')", 1, "en")


def test_a_language_without_formats_is_told() -> None:
    """Texts in a language that Babel does not know may have no formats."""
    with pytest.raises(TemplateError, match="no plurals and formats"):
        shown("v|number", 1, "xx")


FILTERS = [
    ("v|upper", "abc", "ABC"),
    ("'a' if nothing is defined", 1, ""),
    ("v|lower", "ABC", "abc"),
    ("v|capitalize", "abc d", "Abc d"),
    ("v|trim", " a ", "a"),
    ("v|truncate(4)", "abcdef", "abc…"),
    ("v|truncate", "abcdef", "abcdef"),
    ("v|urlencode", "a/б&", "a%2F%D0%B1%26"),
    ("v|length", "abc", "3"),
    ("v|length", [1, 2], "2"),
    ("v|first", [4, 5], "4"),
    ("v|last", [4, 5], "5"),
    ("v|first|default('-')", [], "-"),
    ("v|join(', ')", ["a", 1, 2.5], "a, 1, 2.5"),
    ("v|round(1)", 2.25, "2.2"),
    ("v|round", 2.6, "3"),
    ("v|default('-')", None, "-"),
    ("v|default('-')", "", "-"),
    ("nothing|default('-')", 1, "-"),
    ("v|default('-')", 0, "0"),
    ("v[0].a ~ v[0]['a']", [{"a": "x"}], "xx"),
    ("v.items", {"items": 1}, "1"),
    ("v + 1 - 2 * 3 // 4 % 5", 1, "1"),
    ("-v if v > 0 and not v == 2 else +v", 1, "-1"),
    ("'yes' if nothing is undefined and v in [1, 2] else 'no'", 1, "yes"),
]


@pytest.mark.parametrize(("expression", "value", "text"), FILTERS)
def test_filters_and_expressions(expression: str, value: object, text: str) -> None:
    """The small language can do what messages need."""
    assert shown(expression, value) == text


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("v|upper", [1]),
        ("v|upper", None),
        ("v|join", "abc"),
        ("v|join", [[1]]),
        ("v|join", ["x" * 9000] * 9),
        ("v|round", "1"),
        ("v|length", 1),
        ("v|available", [1]),
        ("v|sku_card", "x"),
        ("v|sku_card", {"name": 1}),
        ("v|upper(1)", "x"),
        ("nothing|upper", 1),
        ("v|truncate(nothing)", "x"),
        ("v|truncate(length=nothing)", "x"),
        ("v.a", "x"),
        ("v / 0.00000000000000000001 * v", 1e18),
        ("1000000000000000000 / v", 1e-308),
        ("v|upper", True),
        ("v[0]", {"0": 1}),
        ("v[5]", [1]),
        ("v['x']", [1]),
        ("v.x.y", {}),
        ("v * v", 10**18 + 1),
        ("v|upperr", "x"),
        ("v is evenn", 1),
    ],
)
def test_filters_refuse_what_they_are_not_for(expression: str, value: object) -> None:
    """A wrong kind of value is an error of the template, never a strange text."""
    with pytest.raises(TemplateError):
        shown(expression, value)
