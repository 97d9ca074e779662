"""What is installed is known: names and versions only, for everything that pyproject.toml asks for."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

import pytest

from tests.house._house import ROOT, assert_none

PIN = re.compile(r"[a-z0-9][a-z0-9._-]*==[0-9][0-9a-z.!+]*( ; [a-z_]+ .+)?")
APART = {"demo"}  # pinned where it is asked for: installed without its own dependencies
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
CONSTRAINTS = (ROOT / "constraints.txt").read_text("utf-8").splitlines()


def line_faults(lines: list[str]) -> Iterator[str]:
    """Yield every line that is more, or less, than a name, a version and perhaps a marker."""
    for number, line in enumerate(lines, 1):
        if "://" in line or "--" in line or not PIN.fullmatch(line):
            yield f"constraints.txt:{number} {line!r}"


def asked_for() -> set[str]:
    """Return the names of all distributions that the package, its extras and its groups need directly."""
    project = PROJECT["project"]
    wanted = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    groups = (group for name, group in PROJECT["dependency-groups"].items() if name not in APART)
    wanted += [one for group in groups for one in group if isinstance(one, str)]
    names = {re.split(r"[\[<>=!~ ;]", one, maxsplit=1)[0].lower() for one in wanted}
    return names - {project["name"]}


def test_constraints_hold_names_versions_and_markers_only() -> None:
    """No address, hash or option is among the constraints."""
    assert_none(line_faults(CONSTRAINTS))


def test_everything_asked_for_is_constrained() -> None:
    """Each direct dependency has a line."""
    assert asked_for() - {line.partition("==")[0] for line in CONSTRAINTS} == set()


def test_the_core_needs_three_distributions_and_nothing_else() -> None:
    """A user who installs the core gets attrs, pendulum and pydantic."""
    assert [one.partition(">")[0] for one in PROJECT["project"]["dependencies"]] == ["attrs", "pendulum", "pydantic"]


def test_all_means_every_extra() -> None:
    """The extra ``all`` leaves none out, directly or through another."""
    extras = PROJECT["project"]["optional-dependencies"]
    named = set(re.findall(r"\w+", " ".join(re.findall(r"\[(.*?)\]", " ".join([*extras["all"], *extras["duckdb"]])))))
    assert named == extras.keys() - {"all"}


PLANTED = [
    "attrs @ https://example.org/attrs.whl",
    "attrs==26.1.0 --hash=sha256:00",
    "--index-url https://example.org",
    "attrs>=26.1.0",
    "attrs",
    "",
]


@pytest.mark.parametrize("line", PLANTED)
def test_a_planted_bad_line_is_found(line: str) -> None:
    """Addresses, hashes, options and open ranges are reported."""
    assert len(list(line_faults([line]))) == 1


def test_markers_are_allowed() -> None:
    """A version may depend on the interpreter or the platform."""
    assert not list(line_faults(["numpy==2.4.6 ; python_full_version < '3.12'"]))
