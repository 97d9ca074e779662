"""``preview``: what a customer would get, as people read it; nothing is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli._shop import is_one_error, opened, run, write

TEXT = """+++
subject = "{name}, we miss you"

[[buttons]]
text = "Shop"
url = "https://shop.example/"
+++
Hi **{name}**, you have {points} points.
"""
LETTER = '+++\nsubject = "Bye"\n+++\nLeave: {unsubscribe_url}'
CARDS = "+++\n[cards]\n+++\n{% for item in items %}{{ item|sku_card }}\n{% endfor %}"
FACT = (
    '{{"kind":"attribute_changed","id":"{0}","customer":"anna","at":"2026-01-01T00:00:00Z","name":"{0}","value":"{1}"}}'
)
FACTS = "\n".join([FACT.format("name", "Аня"), FACT.format("language", "ru")])


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """Return a folder of templates."""
    folder = tmp_path / "templates"
    for language in ("en", "ru"):
        (folder / language).mkdir(parents=True)
    write(folder / "en", {"win-back.telegram.txt": TEXT, "bye.email.txt": LETTER, "picks.txt": CARDS})
    write(folder / "ru", {"win-back.txt": "{name}, у вас {points} баллов."})
    return folder


def test_a_message_is_shown_as_it_would_be_sent(texts: Path) -> None:
    """Text, styles and buttons, for a customer who is made up."""
    done = run("preview", texts, "win-back", "--channel", "telegram", "--set", "points=5")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "subject: Anna, we miss you",
        "Hi Anna, you have 5 points.",
        "(bold: Anna)",
        "[Shop] -> https://shop.example/",
    ]
    assert "Leave: https://shop.example/unsubscribe?" in run("preview", texts, "bye", "--channel", "email").out


def test_a_customer_of_the_store_is_written_to_in_their_language(texts: Path, tmp_path: Path) -> None:
    """With what is known of them; --language goes before it."""
    db = opened(tmp_path)
    write(tmp_path, {"facts.jsonl": FACTS})
    assert run("import", tmp_path / "facts.jsonl", "--db", db).code == 0
    asked = ("preview", texts, "win-back", "--db", db, "--customer", "anna", "--set", "points=5")
    assert run(*asked).out == "Аня, у вас 5 баллов.\n"
    assert "Hi Аня" in run(*asked, "--channel", "telegram", "--language", "en").out


def test_programs_get_the_content_as_an_object(texts: Path) -> None:
    """--json prints one object of the type preview."""
    found = run("preview", texts, "win-back", "--language", "ru", "--set", "points=5", "--json").only("preview")
    assert (found["content"]["text"], found["language"], found["customer"]) == (
        "Anna, у вас 5 баллов.",
        "ru",
        "customer-1",
    )


def test_nothing_to_say_is_told(texts: Path) -> None:
    """The exit code is that of a finding; with something to show there is a message."""
    done = run("preview", texts, "picks", "--jinja")
    assert (done.code, done.err) == (1, "")
    assert done.out == "nothing would be sent: template 'picks', language en: no item of 'items' is left to show\n"
    assert run("preview", texts, "picks", "--jinja", "--json").only("preview")["content"] is None
    assert run("preview", texts, "picks", "--jinja", "--set", 'items=[{"name": "Tea"}]').out == "Tea\n"


def test_odd_customers_are_shown_too(texts: Path) -> None:
    """--all shows names that look like markup or code, too."""
    done = run("preview", texts, "win-back", "--channel", "telegram", "--set", "points=5", "--all")
    assert done.out.count("sample ") == 6
    assert "{{ 7 * 7 }} {name} {% raw %}, we miss you" in done.out


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (("winback",), 3),
        (("win-back",), 3),
        (("win-back", "--set", "points"), 2),
        (("win-back", "--set", "a b=5"), 2),
        (("win-back", "--customer", "anna"), 2),
        (("win-back", "--db", "nowhere.db"), 2),
        (("win-back", "--db", "nowhere.db", "--customer", "anna"), 4),
    ],
)
def test_what_is_wrong_is_one_line(texts: Path, more: tuple[str, ...], code: int) -> None:
    """An unknown template, a missing value, and options that say nothing."""
    assert is_one_error(run("preview", texts, *more), code)


def test_a_stranger_and_a_folder_that_is_not_there_are_told(texts: Path, tmp_path: Path) -> None:
    """Each with the code of its kind."""
    stranger = run("preview", texts, "win-back", "--db", opened(tmp_path), "--customer", "zoe")
    assert is_one_error(stranger, 2)
    assert "'zoe'" in stranger.err
    assert is_one_error(run("preview", tmp_path / "nowhere", "win-back"), 3)


def test_a_preview_changes_nothing(texts: Path, tmp_path: Path) -> None:
    """S24: the store has the same bytes, and there is nothing that could send."""
    db = opened(tmp_path)
    before = db.read_bytes()
    asked = ("preview", texts, "win-back", "--language", "ru", "--db", db, "--customer", "anna", "--set", "name=A")
    assert run(*asked, "--set", "points=5").out == "A, у вас 5 баллов.\n"
    assert db.read_bytes() == before
