"""Marks that the author wrote become entities; whatever a value holds stays text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.envelopes import Entity, utf16_length
from retention_engine.errors import TemplateError
from retention_engine.templates import PlainRenderer
from retention_engine.templates.jinja import JinjaRenderer
from retention_engine.templates.markup import marked, styled_text

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)
BODY = "Hi **{name}**, 😀 _so_ [see {name}](https://shop.example/a_b)! {name}."
RENDERERS = [
    PlainRenderer({"en/a.txt": BODY}),
    JinjaRenderer({"en/a.txt": BODY.replace("{name}", "{{ name }}")}),
]


def shown(text: str, *, styled: bool = True) -> tuple[str, list[tuple[str, str]]]:
    """Return the text and each styled part with its kind."""
    (one,) = marked([text]) or [""]
    found, entities = styled_text(one or "", styled=styled)
    raw = found.encode("utf-16-le")
    return found, [(e.kind, raw[2 * e.offset : 2 * (e.offset + e.length)].decode("utf-16-le")) for e in entities]


@pytest.mark.parametrize("renderer", RENDERERS, ids=["plain", "jinja"])
@given(name=NAMES)
def test_a_value_is_never_markup(renderer: PlainRenderer, name: str) -> None:
    """The customer reads exactly the value, and styles stand only where the template put them."""
    content = renderer.render("a", "telegram", None, {"name": name})
    assert content.text == f"Hi {name}, 😀 so see {name}! {name}."
    size = utf16_length(name)
    wanted = [Entity("bold", 3, size)] if size else []
    wanted += [Entity("italic", size + 8, 2), Entity("text_link", size + 11, 4 + size, "https://shop.example/a_b")]
    assert list(content.entities) == wanted


@given(name=NAMES)
def test_elsewhere_links_are_written_out(name: str) -> None:
    """A channel without styles gets the same text, with the target behind the words."""
    wanted = f"Hi {name}, 😀 so see {name} (https://shop.example/a_b)! {name}."
    for renderer in RENDERERS:
        content = renderer.render("a", "sms", None, {"name": name})
        assert (content.text, content.entities) == (wanted, ())


@pytest.mark.parametrize(
    ("text", "found", "styles"),
    [
        ("snake_case __init__ a_b_c", "snake_case __init__ a_b_c", []),
        ("2 ** 3 and 5 _ 6", "2 ** 3 and 5 _ 6", []),
        (r"\*\*a\*\* \_b\_ \[x\] \\", r"**a** _b_ [x] \ ".rstrip(), []),
        ("https://x.y/_a_ _b_", "https://x.y/_a_ b", [("italic", "b")]),
        ("**a _b_ c**", "a b c", [("bold", "a b c"), ("italic", "b")]),
        ("[**a** b](tg://user?id=1)", "a b", [("text_link", "a b"), ("bold", "a")]),
        ("  **a \n**\n", "a", [("bold", "a")]),
        ("[1] (2) [a]", "[1] (2) [a]", []),
        ("a**** b", "a b", []),
        ("**  **a", "a", []),
    ],
)
def test_marks_are_read_as_people_mean_them(text: str, found: str, styles: list[tuple[str, str]]) -> None:
    """Words with underscores, calculations, addresses and escaped signs are text."""
    assert shown(text) == (found, styles)


@pytest.mark.parametrize(
    "text",
    [
        "**a",
        "_a",
        "**a _b** c_",
        "[x](http://a.b)",
        "[x](javascript:alert)",
        "[a **b](https://x.y)**",
        "**[a**](https://x.y)",
    ],
)
def test_unbalanced_marks_are_refused(text: str) -> None:
    """A mark that is not closed, and a link to elsewhere, are errors and no half message."""
    with pytest.raises(TemplateError) as caught:
        shown(text)
    assert caught.value.code == "unbalanced_markup"


@pytest.mark.parametrize(
    "filled", ["\ud805", "\ud802a\ud803https://x\ud800", "\ud802a\ud802b", "\ud803https://x.y\ud805"]
)
def test_marks_out_of_order_are_refused(filled: str) -> None:
    """Loops and conditions may put marks together in any order: what is no whole is refused."""
    with pytest.raises(TemplateError):
        styled_text(filled, styled=True)


@pytest.mark.parametrize("url", ["http://x.y", "tg://user?id=1", "javascript:x", "https://x y", ""])
def test_a_value_leads_to_https_only(url: str) -> None:
    """The target of a link may be a value, if it is an https address."""
    renderer = PlainRenderer({"en/a.txt": "[go]({url})"})
    with pytest.raises(TemplateError) as caught:
        renderer.render("a", "telegram", None, {"url": url})
    assert caught.value.code in ("unfit_data", "unbalanced_markup")
    assert renderer.render("a", "telegram", None, {"url": "https://x.y"}).entities[0].url == "https://x.y"


def test_a_link_without_words_shows_its_target() -> None:
    """Elsewhere than in Telegram an empty label leaves the address alone; the address is not doubled."""
    renderer = PlainRenderer({"en/a.txt": "[{a}](https://x.y)"})
    assert renderer.render("a", "sms", None, {"a": ""}).text == "https://x.y"
    assert renderer.render("a", "sms", None, {"a": "https://x.y"}).text == "https://x.y"
