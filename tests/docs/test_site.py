"""The built site is complete and asks nobody for anything."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house._house import ROOT

FETCHED = re.compile(
    r"<(?:script|link|img|iframe|source)\b[^>]*?(?:src|href)=[\"']?(?:https?:)?//[^\"'> ]+", re.IGNORECASE
)
IMPORTED = re.compile(r"(?:@import|url\()\s*[\"']?(?:https?:)?//[^\"') ]+", re.IGNORECASE)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site, strictly."""
    pytest.importorskip("mkdocs", reason="the site needs the dependency group docs")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    settings = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.slow
def test_the_site_fetches_nothing_from_elsewhere(site: Path) -> None:
    """No page, style sheet or script of the site is loaded from another host."""
    pages = {path: path.read_text("utf-8") for path in site.rglob("*") if path.suffix in (".html", ".css")}
    found = [
        f"{path.name}: {hit}"
        for path, text in pages.items()
        for hit in (*FETCHED.findall(text), *IMPORTED.findall(text))
    ]

    assert found == []
    assert len(pages) > 20


@pytest.mark.slow
def test_the_reference_lists_the_public_names(site: Path) -> None:
    """The engine, rules, the language, stores and laws are on the page of the API."""
    page = (site / "reference" / "api" / "index.html").read_text("utf-8")
    wanted = ("engine.Engine.advance", "rules.Rule", "predicates.parse.parse", "state.fold.fold", "ports.FactLog")

    assert [name for name in wanted if f'id="retention_engine.{name}"' not in page] == []


def test_a_planted_request_is_found() -> None:
    """Scripts, style sheets and pictures from elsewhere are seen; ordinary links are not."""
    assert FETCHED.search('<script src="https://cdn.example/x.js">')
    assert FETCHED.search("<link rel=stylesheet href=//fonts.example/css>")
    assert IMPORTED.search("@import 'https://fonts.example/css'")
    assert not FETCHED.search('<a href="https://example.org/">')
