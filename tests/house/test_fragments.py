"""Each change tells its users about itself in one fragment."""

from __future__ import annotations

import re

from tests.house._house import ROOT

FRAGMENT = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\.(?:added|changed|fixed|removed)\.md|README\.md")


def test_fragments_are_named_as_agreed() -> None:
    """Every file in ``changes/`` is called ``<slug>.<added|changed|fixed|removed>.md`` and says something."""
    files = sorted((ROOT / "changes").iterdir())
    assert [
        file.name for file in files if not FRAGMENT.fullmatch(file.name) or not file.read_text("utf-8").strip()
    ] == []
