"""Style sheets go into the tags of a mail, and nothing is opened for them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from retention_engine.errors import MissingExtra, TemplateError
from retention_engine.templates import JinjaRenderer, PlainRenderer, Shape, inlined_styles, styles

MAIL = """<html><head><style>
p { color: red } .big { font-size: 20px }
@media (max-width: 480px) { .big { font-size: 14px } }
</style></head><body><p class="big">Hi HOLE &amp; 1 &lt; 2</p><a href="https://shop.example/?a=1&amp;b=2">x</a></body></html>
"""


@pytest.mark.parametrize(("make", "hole"), [(PlainRenderer, "{name}"), (JinjaRenderer, "{{ name }}")])
def test_styles_go_into_the_tags(make: Callable[..., Any], hole: str) -> None:
    """What depends on the screen stays in the head, and values stay escaped."""
    html = MAIL.replace("HOLE", hole)
    if make is PlainRenderer:
        html = html.replace("{ ", "{{ ").replace(" }", " }}")
    texts = {"en/a.email.txt": '+++\nsubject = "Hi"\n+++\nHi', "en/a.email.html": html}
    renderer = make(texts, shape=Shape(html=inlined_styles))
    found = renderer.render("a", "email", "en", {"name": "<b style='color:blue'>Анна"}).html
    assert '<p class="big" style="color: red;font-size: 20px;">Hi &lt;b style=' in found
    assert "Анна &amp; 1 &lt; 2</p>" in found
    assert 'href="https://shop.example/?a=1&amp;b=2"' in found
    assert "@media (max-width: 480px)" in found
    assert "color: red }" not in found


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_style_sheet_elsewhere_is_not_opened(tmp_path: Path, scheme: str) -> None:
    """Neither a file of the machine nor an address inside its network becomes part of a mail."""
    (tmp_path / "secret.css").write_text("p { color: red }")
    link = f'<link rel="stylesheet" href="{scheme}{tmp_path}/secret.css">'
    assert "red" not in inlined_styles(f"<html><head>{link}</head><body><p>Hi</p></body></html>")


def test_the_fault_it_guards_against_is_real(tmp_path: Path) -> None:
    """With the library's own settings the file is read."""
    import css_inline

    (tmp_path / "secret.css").write_text("p { color: red }")
    link = f'<link rel="stylesheet" href="{tmp_path}/secret.css">'
    assert "red" in css_inline.inline(f"<html><head>{link}</head><body><p>Hi</p></body></html>")


def test_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the library it says what to install; the other renderers go on."""
    monkeypatch.setitem(sys.modules, "css_inline", None)
    styles._inliner.cache_clear()
    with pytest.raises(MissingExtra, match=r"retention-engine\[email\]"):
        inlined_styles("<p>Hi</p>")


def test_styles_that_cannot_be_read_are_the_fault_of_the_template(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the library says of them is told as an error of ours."""

    class Picky:
        def inline(self, html: str) -> str:
            raise ValueError("no such rule")

    monkeypatch.setattr(styles, "_inliner", Picky)
    with pytest.raises(TemplateError, match="style: no such rule"):
        inlined_styles("<p>")
