"""Tables and lines for people, objects for programs; texts are shown as they are."""

from __future__ import annotations

import json

import pytest

from retention_engine.cli.screen import Screen, Watch


def test_texts_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    """What looks like markup, an emoji code or a number stays as it is."""
    Screen().say("[red]id[/red] :smile: 1234")
    Screen().table(["[b]"], [["[i]x"], ["[/]"]])

    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == ["[red]id[/red] :smile: 1234", "[b]", "[i]x", "[/]"]


def test_numbers_stand_right_with_separators(capsys: pytest.CaptureFixture[str]) -> None:
    """A column of numbers is aligned right; gaps in it do not matter."""
    Screen().table(["name", "count"], [["a", 1234567], ["b", ""], ["c", 1]])

    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == ["name      count", "a     1,234,567", "b", "c             1"]


def test_a_table_without_rows_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is said about nothing."""
    Screen().table(["name"], [])

    assert capsys.readouterr().out == ""


def test_programs_get_objects_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    """With json= lines, tables and progress are silent, and an object is one line."""
    screen = Screen(json=True)
    screen.say("for people")
    screen.title("for people")
    screen.table(["a"], [["b"]])
    with screen.progress("busy", 3) as step:
        step(1)
    screen.emit("kind", text="a\nb", kind="ü")

    out = capsys.readouterr().out
    assert json.loads(out) == {"type": "kind", "text": "a\nb", "kind": "ü"}
    assert out.count("\n") == 1


def test_people_get_no_objects(capsys: pytest.CaptureFixture[str]) -> None:
    """Without json= nothing is emitted."""
    Screen().emit("kind", text="x")

    assert capsys.readouterr().out == ""


def test_a_phase_says_what_came_out(capsys: pytest.CaptureFixture[str]) -> None:
    """A phase ends with its result and how long it took."""
    watch = Watch(Screen())
    with watch.phase("counting") as phase:
        phase.step(1)
        phase.result = "one"

    assert capsys.readouterr().out.split() == ["counting", "one", f"{watch.seconds['counting']:.1f}", "s"]
