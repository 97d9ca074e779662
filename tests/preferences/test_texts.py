"""Every text is there in both languages, with the same places to fill."""

from __future__ import annotations

from string import Formatter

import pytest

from retention_engine.errors import DefinitionError
from retention_engine.preferences import TEXTS, text


def places(words: str) -> set[str]:
    """Return what is filled into a text."""
    return {name for _, name, _, _ in Formatter().parse(words) if name is not None}


def test_the_languages_have_the_same_texts() -> None:
    """Under the same names, with the same values."""
    english, russian = TEXTS["en"], TEXTS["ru"]
    assert list(english) == list(russian)
    assert {name: places(words) for name, words in english.items()} == {
        name: places(words) for name, words in russian.items()
    }
    assert all(words.strip() for table in TEXTS.values() for words in table.values())


@pytest.mark.parametrize(
    ("language", "wanted"),
    [
        ("en", "Save"),
        ("ru", "Сохранить"),
        ("ru-RU", "Сохранить"),
        ("RU_ru", "Сохранить"),
        ("de", "Save"),
        (None, "Save"),
    ],
)
def test_a_language_that_is_not_there_is_english(language: str | None, wanted: str) -> None:
    """Regions do not matter."""
    assert text("save", language) == wanted


def test_values_are_filled_in_as_they_are() -> None:
    """Braces in a value mean nothing."""
    assert text("unsubscribe_topic", "ru", topic="{чай}") == "Вы хотите отписаться от темы «{чай}»?"


def test_what_is_missing_is_named() -> None:
    """The text, or its value."""
    with pytest.raises(DefinitionError, match=r"unknown text 'sav' \(did you mean 'save'"):
        text("sav")
    with pytest.raises(DefinitionError, match="'unsubscribe_topic' needs topic="):
        text("unsubscribe_topic")
