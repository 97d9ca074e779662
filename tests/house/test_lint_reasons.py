"""Whoever silences a tool says which rule and why."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator

import pytest

from tests.house._house import ROOT, assert_none

SILENCERS = re.compile(r"noqa|type: *ignore|pragma: no (?:cover|branch)|fmt: *(?:off|skip)|pyright: *ignore|mypy: ")
REASONED = re.compile(
    r"# (?:noqa: [A-Z]+\d+(?:, ?[A-Z]+\d+)*|type: ignore\[[a-z-]+(?:, ?[a-z-]+)*\]"
    r"|pragma: no (?:cover|branch)|fmt: skip)"
    r"(?: +#| -|:)? +\w.{3,}"
)
FOLDERS = ("src", "tests", "bench", "examples")
LIST = re.compile(r'(?:"[^"]+"|ignore|filterwarnings|disable_warnings) = \[')


def silenced_faults(text: str) -> Iterator[str]:
    """Yield every comment that silences a tool without a code or a reason."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and SILENCERS.search(token.string) and not REASONED.search(token.string):
            yield f"{token.start[0]} {token.string}"


def setting_faults(text: str) -> Iterator[str]:
    """Yield every line of an ignore list in pyproject.toml that names something without saying why."""
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        start = LIST.match(line)
        inside = inside or start is not None
        entries, _, reason = line[start.end() if start else 0 :].partition("#")
        if inside and set(re.findall(r'"([^"]*)"', entries)) - {"error"} and not reason.strip():
            yield f"pyproject.toml:{number} {line.strip()}"
        inside = inside and not entries.rstrip().endswith("]")


def test_every_silenced_line_says_why() -> None:
    """Each comment that silences a tool names the rule and the reason."""
    files = [file for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.py"))]
    found = ((file, fault) for file in files for fault in silenced_faults(file.read_text("utf-8")))
    assert_none(f"{file.relative_to(ROOT)}:{fault}" for file, fault in found)


def test_every_ignored_rule_says_why() -> None:
    """Each entry of an ignore list in the settings has its reason on the same line."""
    assert_none(setting_faults((ROOT / "pyproject.toml").read_text("utf-8")))


BARE = [
    "x = 1  # noqa",
    "x = 1  # noqa: E501",
    "x = 1  # type: ignore",
    "x = 1  # type: ignore # the stub is wrong",
    "x = 1  # type: ignore[misc]",
    "x = 1  # pragma: no cover",
]


@pytest.mark.parametrize("line", BARE)
def test_a_planted_bare_silencer_is_found(line: str) -> None:
    """A silencer without code or reason is reported."""
    assert len(list(silenced_faults(f"{line}\n"))) == 1


REASONS = [
    "x = 1  # noqa: BLE001 - a foreign repr may raise anything",
    "x = 1  # noqa: E501, D100  # a table reads better",
    "x = 1  # type: ignore[misc, arg-type]  # the stub is wrong",
    "x = 1  # pragma: no cover - only when killed",
    "x = '# noqa'  # an ordinary comment",
]


@pytest.mark.parametrize("line", REASONS)
def test_a_reason_is_enough(line: str) -> None:
    """A silencer with code and reason, and any other comment, is allowed."""
    assert not list(silenced_faults(f"{line}\n"))


SETTINGS = [
    ('ignore = [\n  "D1", # checked elsewhere\n  "D203",\n]\n', ["pyproject.toml:3"]),
    ('"src/*" = ["T20"]\nname = ["x"]\n', ["pyproject.toml:1"]),
    ('filterwarnings = ["error"]\n"src/*" = ["T20"] # it prints\n', []),
    ('filterwarnings = [\n  "error",\n  "ignore:x",\n]\n', ["pyproject.toml:3"]),
]


@pytest.mark.parametrize(("text", "found"), SETTINGS)
def test_a_planted_setting_without_a_reason_is_found(text: str, found: list[str]) -> None:
    """An entry without a comment is reported with its line."""
    assert [fault.split(" ")[0] for fault in setting_faults(text)] == found
