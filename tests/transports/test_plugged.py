"""Transports of other packages are found by name once they are installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from retention_engine.envelopes import Sent
from retention_engine.errors import DefinitionError
from retention_engine.testing.transports import an_envelope, sending
from retention_engine.transports import load_transport
from tests.house._house import ROOT

PIGEON = """
from retention_engine.envelopes import Sent

class Pigeon:
    def __init__(self, loft):
        self.loft = loft

    def send(self, envelope):
        return Sent(f"{self.loft}:{envelope.key}")

colour = "grey"
"""
ENTRIES = """[retention_engine.transports]
pigeon = zz_pigeons:Pigeon
owl = zz_pigeons:Owl
broken = zz_nothing_there:Owl
colour = zz_pigeons:colour
twice = zz_pigeons:Pigeon
"""


def install(folder: Path, name: str, entries: str) -> None:
    """Put a package where an installer would."""
    (folder / "zz_pigeons.py").write_text(PIGEON)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entries)


@pytest.fixture(autouse=True)
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "zz_pigeons", ENTRIES)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "zz_pigeons", raising=False)


def test_an_installed_transport_is_found_by_its_name() -> None:
    """It is made and used like one of ours."""
    assert sending(load_transport("pigeon")("roof"), an_envelope()) == [Sent(f"roof:{an_envelope().key}")]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("pidgeon", "brings a transport 'pidgeon'.*did you mean 'pigeon'"),
        ("owl", "'owl' cannot be loaded from zz_pigeons:Owl: .*Owl"),
        ("broken", "'broken' cannot be loaded from zz_nothing_there:Owl"),
        ("colour", "'colour' is 'grey': neither a class nor a function"),
    ],
)
def test_what_is_not_there_is_told(name: str, message: str) -> None:
    """Each in words that say where to look."""
    with pytest.raises(DefinitionError, match=message):
        load_transport(name)


def test_two_of_one_name_are_not_guessed_between(tmp_path: Path) -> None:
    """Unless both are the very same."""
    install(
        tmp_path, "zz_more", "[retention_engine.transports]\ntwice = zz_pigeons:colour\npigeon = zz_pigeons:Pigeon\n"
    )
    with pytest.raises(DefinitionError, match="twice: zz_pigeons:Pigeon and zz_pigeons:colour"):
        load_transport("twice")
    assert load_transport("pigeon")("roof")


def test_another_process_finds_it_too(tmp_path: Path) -> None:
    """What was installed is found by whoever has it on the path, and by nobody else."""
    code = "from retention_engine.transports import load_transport as l; print(l('pigeon').__name__)"
    ours = str(ROOT / "src")
    for path, wanted in ((f"{ours}{os.pathsep}{tmp_path}", "Pigeon\n"), (ours, "")):
        how = {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=how, timeout=60)  # noqa: PLW1510 - the second one fails
        assert done.stdout == wanted
