"""Both renderers: texts found by channel and language, heads, snippets, cards, and errors that help."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from retention_engine import templates
from retention_engine.envelopes import Button
from retention_engine.errors import DefinitionError, EmptyContent, MissingExtra, TemplateError
from retention_engine.facts import Product
from retention_engine.money import Money
from retention_engine.templates import PlainRenderer, Renderer, Templates, available, card, load_templates
from retention_engine.templates.jinja import JinjaRenderer

MAKERS: list[Any] = [PlainRenderer, JinjaRenderer]
TEXTS = {
    "en/a.txt": "en",
    "en/a.telegram.txt": "en telegram",
    "ru/a.txt": "ru",
    "pt-BR/a.sms.txt": "pt-br sms",
    "pt/a.txt": "pt",
}
FALLBACKS = [
    (None, None, "en"),
    ("telegram", "en", "en telegram"),
    ("telegram", "ru", "ru"),
    ("telegram", "RU_ru", "ru"),
    ("sms", "pt-BR", "pt-br sms"),
    ("email2", "pt-BR", "pt"),
    ("telegram", "de", "en telegram"),
    ("sms", "", "en"),
    (None, "x" * 500, "en"),
    (None, "../ru", "en"),
]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(("channel", "language", "text"), FALLBACKS)
def test_the_language_goes_before_the_channel(make: Any, channel: str | None, language: str | None, text: str) -> None:
    """The customer's language, a wider one, the default; in each the channel's text, then that for every channel."""
    renderer = make(TEXTS)
    assert isinstance(renderer, Renderer)
    assert renderer.render("a", channel, language, {}).text == text


HEAD = """+++
subject = "For HOLE"
photo = "https://x.y/p.jpg"
[[buttons]]
text = "Shop"
url = "https://x.y/HOLE"
[[buttons]]
text = "Stop"
callback = "stop"
+++
Hi HOLE
"""


@pytest.mark.parametrize(("make", "hole"), [(PlainRenderer, "{name}"), (JinjaRenderer, "{{ name }}")])
def test_a_head_holds_what_a_text_cannot(make: Any, hole: str) -> None:
    """Subject, picture and buttons are filled, on one line each; a keyboard stands instead of buttons."""
    renderer = make({"en/a.txt": HEAD.replace("HOLE", hole), "en/k.txt": f"+++\nkeyboard = ['{hole}']\n+++\nx"})
    content = renderer.render("a", "telegram", None, {"name": "b"})
    assert content.subject == "For b"
    assert content.photo == "https://x.y/p.jpg"
    with pytest.raises(TemplateError, match="an https address"):
        make({"en/a.txt": HEAD.replace("https://x.y/HOLE", hole)}).render("a", None, None, {"name": "javascript:x"})
    with pytest.raises(TemplateError, match="only the template may"):
        make({"en/a.txt": HEAD.replace("https://x.y/HOLE", hole)}).render("a", None, None, {"name": "tg://user?id=1"})
    assert content.buttons == (Button("Shop", "https://x.y/b"), Button("Stop", callback="stop"))
    assert renderer.render("k", None, None, {"name": "b"}).keyboard == ("b",)


@pytest.mark.parametrize(("make", "hole"), [(PlainRenderer, "{name}"), (JinjaRenderer, "{{ name }}")])
def test_a_subject_stays_on_its_line(make: Any, hole: str) -> None:
    """Line breaks and control characters of a value become blanks."""
    renderer = make({"en/a.txt": f"+++\nsubject = 'For {hole}'\n+++\nx"})
    assert renderer.render("a", None, None, {"name": "A\r\nBcc:\x01x\u2028"}).subject == "For A Bcc: x"


@pytest.mark.parametrize("make", MAKERS)
def test_a_mail_has_html_and_no_buttons(make: Any) -> None:
    """The links of buttons become lines of the text; without a subject there is no mail."""
    texts = {
        "en/a.txt": HEAD.replace("HOLE", "").replace('photo = "https://x.y/p.jpg"\n', ""),
        "en/a.html": "<p>Hi</p>\n",
    }
    content = make(texts).render("a", "email", None, {})
    assert (content.text, content.html, content.buttons) == ("Hi\n\nShop: https://x.y/", "<p>Hi</p>", ())
    assert make(texts).render("a", "telegram", None, {}).html is None
    with pytest.raises(TemplateError, match="a mail has a subject"):
        make({"en/a.txt": "x"}).render("a", "email", None, {})


@pytest.mark.parametrize("make", MAKERS)
def test_two_keyboards_are_no_content(make: Any) -> None:
    """What content cannot be is an error of the template."""
    both = "+++\nkeyboard = ['a']\nbuttons = [{text = 'b', callback = 'c'}]\n+++\nx"
    with pytest.raises(TemplateError, match="not both"):
        make({"en/a.txt": both}).render("a", None, None, {})


@pytest.mark.parametrize(("make", "hole"), [(PlainRenderer, "{_foot}"), (JinjaRenderer, "{% include '_foot' %}")])
def test_snippets_are_found_like_templates(make: Any, hole: str) -> None:
    """A snippet has texts for channels, languages and HTML of its own."""
    texts = {
        "en/a.txt": f"+++\nsubject = 's'\n+++\nhi {hole}",
        "en/a.html": f"<p>{hole}</p>",
        "en/_foot.txt": "**bye**",
        "en/_foot.sms.txt": "b.",
        "en/_foot.html": "<b>bye</b>",
        "en/_logo.html": "<img src='https://x.y/i'>",
    }
    renderer = make(texts)
    assert renderer.render("a", "telegram", None, {}).entities[0].kind == "bold"
    assert renderer.render("a", "sms", None, {}).text == "hi b."
    assert renderer.render("a", "email", None, {}).html == "<p><b>bye</b></p>"
    del texts["en/_foot.html"]
    assert make(texts).render("a", "email", None, {}).html == "<p></p>"


ERRORS = [
    (
        "\n\n{nme}",
        "\n\n{{ nme }}",
        "template 'a', language en, line 3: unknown name",
        "did you mean 'name'",
        "unknown_name",
    ),
    ("+++\n\n+++\n\n{nme}", "+++\n\n+++\n\n{{ nme }}", "line 5: unknown name", "did you mean 'name'", "unknown_name"),
    (
        "+++\nsubject='{x}'\n+++",
        "+++\nsubject='{{ x }}'\n+++",
        "language en: subject: unknown name",
        "",
        "unknown_name",
    ),
    ("{_foo}", "{% include '_foo' %}", "unknown template '_foo'", "did you mean '_foot'", "unknown_template"),
    ("\n{_foot}", "\n{% include '_foot' %}", "line 2: snippet _foot, line 4: unknown name", "", "unknown_name"),
    ("\n{_bad}", "\n{% include '_bad' %}", "line 2: snippet _bad, line 2: ", "", "broken"),
    ("{", "{% if", "line 1: ", "", "broken"),
    ("{a-b}", "{{ a b }}", "line 1: ", "", "broken"),
    ("x }", "\n{% foo %}", "line ", "", "broken"),
    ("{nil}", "{{ nil }}", "line 1: ", "", "unfit_data"),
    ("{list}", "{{ list }}", "line 1: ", "", "unfit_data"),
    ("\n[x](http://y)", "\n[x](http://y)", "line 2: a link is written", "", "unbalanced_markup"),
    ("**x", "**x", "unbalanced markup", "", "unbalanced_markup"),
]


@pytest.mark.parametrize(("plain", "jinja", "start", "end", "code"), ERRORS)
def test_an_error_says_where_and_what_was_meant(plain: str, jinja: str, start: str, end: str, code: str) -> None:
    """Template, language, line, and the nearest name there is."""
    for make, text, bad in ((PlainRenderer, plain, "\n{"), (JinjaRenderer, jinja, "\n{{ . }}")):
        hole = "{x}" if make is PlainRenderer else "{{ x }}"
        texts = {"en/a.txt": text, "en/_foot.txt": f"\n\n\n{hole}", "en/_bad.txt": bad}
        with pytest.raises(TemplateError) as caught:
            make(texts).render("a", None, None, {"name": "n", "nil": None, "list": [1]})
        assert start in str(caught.value)
        assert end in str(caught.value)
        assert (caught.value.template, caught.value.language, caught.value.code) == ("a", "en", code)


def test_an_entry_of_a_dict_is_suggested() -> None:
    """An unknown entry of a value names the nearest one of that value; a text has none."""
    renderer = JinjaRenderer({"en/a.txt": "{{ item.nme }}", "en/b.txt": "{{ name.x }}"})
    with pytest.raises(TemplateError, match="did you mean 'name'"):
        renderer.render("a", None, None, {"item": {"name": "x"}})
    with pytest.raises(TemplateError, match="unknown name x in a str"):
        renderer.render("b", None, None, {"name": "x"})


@pytest.mark.parametrize("make", MAKERS)
def test_unknown_templates_are_told(make: Any) -> None:
    """A wrong name gets the nearest one; a template without a fitting text says which there are."""
    renderer = make({"ru/back.txt": "x", "ru/front.sms.txt": "y", "ru/_s.txt": "z"})
    with pytest.raises(TemplateError, match="did you mean 'back'"):
        renderer.render("bakc", None, "ru", {})
    with pytest.raises(TemplateError, match="only ru for sms"):
        renderer.render("front", "email", "ru", {})
    with pytest.raises(TemplateError, match="only ru"):
        renderer.render("back", None, "en", {})
    for name in ("../ru/back", "/etc/passwd", "ru/back.txt", "", None):
        with pytest.raises(TemplateError):
            renderer.render(name, None, "ru", {})


ITEMS = [
    card(Product(sku="1", name="Cream", price=Money(50_000, "RUB")), url="https://x.y/1", was=Money(60_000, "RUB")),
    card(Product(sku="2"), available=False),
    card(Product(sku="3")) | {"pieces": 0},
    card(Product(sku="4")) | {"pieces": 2},
    card(Product(sku="5")),
]


def test_cards_drop_what_cannot_be_bought() -> None:
    """What is unavailable or sold out is dropped; the first ones that are left are shown."""
    head = "+++\nsubject = 's'\n[cards]\nmost = 2\n+++\n"
    loop = "{% for item in items %}\n{{ loop.index }}. {{ item|sku_card }}\n{% endfor %}"
    renderer = JinjaRenderer(
        {"ru/a.txt": head + loop, "ru/a.html": "{% for one in items|available %}{{ one|sku_card }}{% endfor %}"}
    )
    content = renderer.render("a", "telegram", "ru", {"items": ITEMS})
    assert content.text.replace("\xa0", " ") == "1. Cream — 600,00 ₽ → 500,00 ₽\n2. 4"
    assert [(each.kind, each.url) for each in content.entities] == [("text_link", "https://x.y/1")]
    html = renderer.render("a", "email", "ru", {"items": ITEMS}).html
    assert html is not None
    assert html.startswith('<a href="https://x.y/1">Cream</a> — 600')
    plain = PlainRenderer({"en/a.txt": "+++\n[cards]\nmost = 2\nline = '- **{name}**'\n+++\n{items}"})
    assert plain.render("a", "telegram", None, {"items": ITEMS}).text == "- Cream\n- 4"
    assert [each["sku"] for each in available(ITEMS)] == ["1", "4", "5"]


def test_a_card_in_a_subject_is_text() -> None:
    """Outside of the text a card has no link."""
    renderer = JinjaRenderer({"en/a.txt": "+++\nsubject = '{{ item|sku_card }}'\n+++\nx"})
    assert renderer.render("a", None, None, {"item": {"name": "N", "url": "https://x.y"}}).subject == "N"


@pytest.mark.parametrize("make", MAKERS)
def test_nothing_to_say_is_told_apart(make: Any) -> None:
    """A required block without items, and an empty text, are EmptyContent; an optional block may be empty."""
    renderer = make(
        {
            "en/a.txt": "+++\n[cards]\n+++\nx",
            "en/b.txt": " \n ",
            "en/c.txt": "+++\n[cards]\nrequired = false\nof = 'more'\n+++\nx",
        }
    )
    for name, data in (("a", {"items": ITEMS[1:3]}), ("a", {}), ("b", {})):
        with pytest.raises(EmptyContent) as caught:
            renderer.render(name, None, None, data)
        assert (caught.value.code, caught.value.template) == ("empty", name)
    assert renderer.render("c", None, None, {}).text == "x"
    for wrong in ("x", [1]):
        with pytest.raises(TemplateError, match="a list of cards"):
            renderer.render("a", None, None, {"items": wrong})


def test_the_default_renderer_prints_flat_values_only() -> None:
    """Texts, numbers, flags and dates as they are; braces are doubled."""
    renderer = PlainRenderer({"ru/a.txt": "{{{s}}} {i} {f} {b}"}, default_language="ru")
    assert renderer.render("a", None, None, {"s": "x", "i": 1, "f": 1.5, "b": True}).text == "{x} 1 1.5 да"


FILES = [
    ("a.txt", "is no place"),
    ("en/../a.txt", "is no place"),
    ("../en/a.txt", "is no place"),
    ("/en/a.txt", "is no place"),
    ("en/sub/a.txt", "is no place"),
    ("en/.a.txt", "is no place"),
    ("en/a.txt.bak", "is no place"),
    ("en/a\n.txt", "is no place"),
    ("english/a.txt", "is no place"),
    (5, "is no place"),
    ("en/a.html", "a mail needs both"),
]


@pytest.mark.parametrize(("path", "why"), FILES)
def test_misplaced_files_are_refused(path: Any, why: str) -> None:
    """Paths that lead elsewhere, and files in the wrong place, are told with the right form."""
    with pytest.raises(DefinitionError, match=why):
        load_templates({path: "x"})


HEADS = [
    "x = 1",
    "subject = 1",
    "subject = [",
    "keyboard = 'a'",
    "keyboard = [1]",
    "buttons = 'a'",
    "buttons = ['a']",
    "buttons = [{text = 'a'}]",
    "buttons = [{text = 'a', url = 'b', callback = 'c'}]",
    "buttons = [{text = 'a', link = 'b'}]",
    "cards = 1",
    "cards = {most = 0}",
    "cards = {most = 'x'}",
    "cards = {off = 'x'}",
    "cards = {of = 'a b'}",
]


@pytest.mark.parametrize("head", HEADS)
def test_wrong_heads_are_refused(head: str) -> None:
    """A head that cannot be read is told with its file when the templates are loaded."""
    with pytest.raises(DefinitionError, match=r"en/a\.txt: the head is wrong"):
        load_templates({"en/a.txt": f"+++\n{head}\n+++\nx"})


@pytest.mark.parametrize(
    "texts",
    [
        {"en/a.txt": "x" * 70_000},
        {"en/a.txt": "\x00"},
        {"en/a.txt": "\ud800"},
        {"en/a.txt": 5},
        {"en/a.txt": "x", "EN/a.txt": "y"},
        {"en/a.txt": "x", "en/a.html": "y", "EN/a.html": "z"},
        {f"en/a{number}.txt": "x" for number in range(5001)},
    ],
)
def test_unfit_texts_are_refused(texts: Any) -> None:
    """Too large, doubled, too many, or no text."""
    with pytest.raises(DefinitionError):
        load_templates(texts)


def test_templates_are_read_from_a_folder(tmp_path: Path) -> None:
    """One folder a language; hidden files and README.md are left alone; nothing is opened later."""
    folder = tmp_path / "templates"
    (folder / "ru").mkdir(parents=True)
    (folder / "README.md").write_text("how we write")
    (folder / "ru" / ".hidden").write_text("x")
    (folder / "ru" / "a.txt").write_bytes("\ufeffпривет\r\nвам".encode())
    found = load_templates(folder, default_language="RU")
    assert load_templates(found) is found
    assert (found.names, found.languages, found.channels) == (["a"], ["ru"], [])
    (folder / "ru" / "a.txt").unlink()
    assert PlainRenderer(found).render("a", None, None, {}).text == "привет\nвам"


@pytest.mark.parametrize("kind", ["link", "latin", "nothing"])
def test_folders_with_strange_files_are_refused(tmp_path: Path, kind: str) -> None:
    """Links out of the folder, texts that are no UTF-8, and folders that do not exist."""
    folder = tmp_path / "templates"
    if kind != "nothing":
        (folder / "en").mkdir(parents=True)
    if kind == "link":
        (tmp_path / "secret.txt").write_text("x")
        (folder / "en" / "a.txt").symlink_to(tmp_path / "secret.txt")
    if kind == "latin":
        (folder / "en" / "a.txt").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(DefinitionError):
        load_templates(str(folder))


def test_the_jinja_renderer_needs_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without jinja2 the name says what to install; with it, it is there."""
    assert templates.JinjaRenderer is JinjaRenderer
    monkeypatch.delitem(sys.modules, "retention_engine.templates.jinja")
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingExtra, match=r"retention-engine\[templates\]"):
        _ = templates.JinjaRenderer
    with pytest.raises(AttributeError):
        _ = templates.Nothing


def test_the_default_renderer_loads_nothing_heavy() -> None:
    """Whoever fills placeholders loads neither jinja2 nor babel."""
    code = "import sys, retention_engine.templates; print({'jinja2', 'babel', 'markupsafe'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_templates_are_values() -> None:
    """Two loads of the same texts are equal."""
    assert load_templates(TEXTS) == load_templates(dict(TEXTS))
    assert isinstance(load_templates(TEXTS), Templates)
