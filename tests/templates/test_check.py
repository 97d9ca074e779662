"""Templates are looked at before customers read them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_engine.templates import PlainRenderer, check_templates, preview, variants
from retention_engine.templates.jinja import JinjaRenderer

SAMPLE: dict[str, Any] = {
    "name": "Anna",
    "points": 5,
    "zone": "Europe/Moscow",
    "since": "2026-01-01",
    "url": "https://x.y",
    "items": [{"name": "Cream", "url": "https://x.y"}, "x"],
    "at": 10**15,
}
GOOD = {
    "en/a.txt": "+++\nsubject = 'Hi {{ name }}'\n[[buttons]]\ntext = '{{ name }}'\nurl = 'https://x.y'\n+++\n"
    "**{{ name }}**, you have {{ points }} {{ points|plural('point', 'points') }} since {{ since|date }}.",
    "en/a.html": "<p>{{ name }}</p>",
    "ru/a.txt": "+++\nsubject = 'Здравствуйте'\n+++\n{{ name }}: {{ points|plural('балл', 'балла', 'баллов') }}",
    "ru/b.telegram.txt": "+++\nkeyboard = ['x']\nphoto = 'https://x.y/p'\n+++\n[go]({{ url }})",
    "en/b.txt": "+++\nsubject = 'b'\n+++\nb",
}
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=100)
CUSTOMERS = st.fixed_dictionaries({"name": TEXTS, "points": st.integers(0, 10**6)}).map(lambda data: SAMPLE | data)


@given(samples=st.lists(CUSTOMERS, min_size=1, max_size=3))
@settings(max_examples=30)
def test_good_templates_are_good_for_every_customer(samples: list[dict[str, Any]]) -> None:
    """Nothing is found, whatever customers are called, as long as they are called something."""
    renderer = JinjaRenderer(GOOD)
    named = [sample | {"name": f"x{sample['name']}"} for sample in samples]
    assert check_templates(renderer, named, channels=["email"]) == []


def test_variants_find_what_one_sample_does_not() -> None:
    """Long, foreign and hostile texts and all plural forms are tried; links, zones and dates stay as they are."""
    made = variants(SAMPLE)
    assert [one["points"] for one in made] == [5, 0, 1, 2, 5, 21]
    assert {(one["zone"], one["since"], one["url"], one["at"]) for one in made} == {
        ("Europe/Moscow", "2026-01-01", "https://x.y", 10**15)
    }
    assert made[1]["items"] == [{"name": "Анна-Мария", "url": "https://x.y"}, "x"]
    assert check_templates(JinjaRenderer(GOOD), made, channels=["email", "sms"], languages=["de"]) == []


BAD = [
    ("{nme}", None, "unknown_name"),
    ("**x", "telegram", "unbalanced_markup"),
    (" ", None, "empty"),
    ("{", None, "broken"),
    ("😀" * 2049, "telegram", "too_long"),
    ("+++\nphoto='https://x.y'\n+++\n" + "x" * 1025, "telegram", "too_long"),
    ("+++\nsubject='" + "x" * 999 + "'\n+++\nx", "email", "long_subject"),
    ("x", "email", "unfit_data"),
]


@pytest.mark.parametrize(("text", "channel", "code"), BAD)
def test_each_fault_is_found_once(text: str, channel: str | None, code: str) -> None:
    """A finding names template, channel, language and the first sample; several samples give one finding."""
    found = check_templates(PlainRenderer({"en/a.txt": text}), [SAMPLE, SAMPLE], channels=[channel])
    wanted = [each for each in found if each.channel == channel]
    assert [(each.template, each.language, each.code, each.sample) for each in wanted] == [("a", "en", code, 0)]
    assert str(wanted[0]).startswith(f"a for {channel or 'every channel'} in en: ")


def test_templates_are_checked_for_their_own_channels() -> None:
    """A template for one channel is no fault on another, unless that one is asked for."""
    renderer = PlainRenderer({"en/a.telegram.txt": "x", "en/b.sms.txt": "y"})
    assert check_templates(renderer, [{}]) == []
    assert [each.template for each in check_templates(renderer, [{}], channels=["sms"])] == ["a"]


def test_a_preview_shows_the_whole_message() -> None:
    """Subject, picture, text, styles, buttons and HTML can be read by people."""
    renderer = JinjaRenderer(GOOD)
    assert preview(renderer, "a", SAMPLE, channel="telegram").splitlines() == [
        "subject: Hi Anna",
        "Anna, you have 5 points since January 1, 2026.",
        "(bold: Anna)",
        "[Anna] -> https://x.y",
    ]
    assert preview(renderer, "a", SAMPLE, channel="email").splitlines()[-2:] == ["html:", "<p>Anna</p>"]
    assert preview(renderer, "b", SAMPLE, channel="telegram", language="ru").splitlines() == [
        "photo: https://x.y/p",
        "go",
        "(text_link: go -> https://x.y)",
        "[x]",
    ]
