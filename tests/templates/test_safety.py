"""Nothing gets out of a template, and none takes long."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import product
from time import perf_counter
from typing import Any

import pytest

from retention_engine.errors import TemplateError
from retention_engine.money import Money
from retention_engine.templates import PlainRenderer
from retention_engine.templates.data import plain
from retention_engine.templates.jinja import JinjaRenderer

ROOTS = [
    "''",
    "name",
    "items",
    "n",
    "range",
    "self",
    "loop",
    "request",
    "config",
    "cycler",
    "lipsum",
    "namespace",
    "[]",
    "()",
    "1.0",
]
CHAINS = [
    ".__class__",
    ".__class__.__mro__[1].__subclasses__()",
    ".__init__.__globals__['os'].popen('id').read()",
    "['__class__']",
    "|attr('__class__')",
    "|attr('\\x5f\\x5fclass\\x5f\\x5f')",
    ".format.__globals__",
    "|format(1)",
    "|map(attribute='__class__')|list",
    "|selectattr('__class__')|list",
    ".__getattribute__('__class__')",
    "._TemplateReference__context",
    ".environ",
]
STATEMENTS = [
    "{% import 'os' as os %}",
    "{% from 'os' import popen %}",
    "{% extends 'x' %}",
    "{% block a %}{% endblock %}",
    "{% macro m() %}{% endmacro %}",
    "{% call name() %}{% endcall %}",
    "{% filter upper %}x{% endfilter %}",
    "{% set ns.x = 1 %}",
    "{% set x %}a{% endset %}",
    "{% with a = 1 %}{% endwith %}",
    "{% include name %}",
    "{% include ['_a', '_b'] %}",
    "{% include '_nothing' ignore missing %}",
    "{% include '_a' without context %}",
    "{% include '../../etc/passwd' %}",
    "{% include '_../../etc/passwd' %}",
    "{% for a, b in items %}{% endfor %}",
    "{% for a in items recursive %}{{ loop(a) }}{% endfor %}",
    "{% for a in name %}{% endfor %}",
    "{% autoescape false %}{% endautoescape %}",
    "{{ name[::-1] }}",
    "{{ {'a': 1} }}",
    "{{ range(*items) }}",
    "{{ range(**name) }}",
    "{{ name is callable }}",
    "{{ _budget }}",
    "{{ _language }}",
    "{{ '\\ud800' }}",
    "{{ 2 ** 64 }}",
    "{{ 'a' * 3 }}",
    "{{ 'a' % 3 }}",
    "{{ items + items }}",
    "{{ nothing + 1 }}",
    "{{ nothing.more }}",
    "{{ name|safe }}",
    "{{ items }}",
    "{{ range }}",
    "{% debug %}",
    "{% do name.x() %}",
    "{% trans %}x{% endtrans %}",
]
PAYLOADS = [f"{{{{ {root}{chain} }}}}" for root, chain in product(ROOTS, CHAINS)] + STATEMENTS
FORMATS = [
    "{name.__class__}",
    "{name[0]}",
    "{name!r}",
    "{name:>99999999}",
    "{0}",
    "{}",
    "{name.__init__.__globals__[x]}",
]
DATA = {"name": "Anna", "n": 3, "items": [{"a": 1}]}


def test_there_are_two_hundred_payloads() -> None:
    """The list of attacks is long enough."""
    assert len(PAYLOADS + FORMATS) >= 200


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_hostile_template_is_refused(payload: str) -> None:
    """Whatever reaches for objects, methods or other files raises; nothing is filled."""
    for label in ("en/a.txt", "en/a.email.html"):
        texts = {"en/a.txt": "x", "en/a.email.txt": "+++\nsubject = 's'\n+++\nx", label: payload}
        with pytest.raises(TemplateError):
            JinjaRenderer(texts).render("a", "email" if "email" in label else None, None, DATA)


@pytest.mark.parametrize("payload", PAYLOADS + FORMATS)
def test_a_hostile_text_is_no_template(payload: str) -> None:
    """As a value it is shown as it is; the default renderer shows it, or refuses it, as a template, too."""
    for renderer in (PlainRenderer({"en/a.txt": "<{v}>"}), JinjaRenderer({"en/a.txt": "<{{ v }}>"})):
        assert renderer.render("a", "telegram", None, {"v": payload}).text == f"<{payload}>"
    try:
        text = PlainRenderer({"en/a.txt": payload}).render("a", None, None, DATA).text
    except TemplateError:
        return
    assert text.replace("_", "") == payload.replace("{{", "{").replace("}}", "}").replace("\\\\", "\\").replace("_", "")


class Dangerous:
    """An object whose every method is an accident."""

    called: list[str] = []  # noqa: RUF012 - shared on purpose

    def danger(self) -> str:
        """Never called."""
        self.called.append("danger")
        return "boom"

    __str__ = __repr__ = __html__ = __len__ = __iter__ = danger  # type: ignore[assignment]  # all of them are traps


class Word(str):
    """A text with methods of its own."""

    __slots__ = ()

    def __str__(self) -> str:
        """Never called."""
        Dangerous.called.append("str")
        return "boom"

    def __html__(self) -> str:
        """Never called."""
        Dangerous.called.append("html")
        return "<b>boom</b>"


@pytest.mark.parametrize("text", ["{{ o }}", "{{ o.danger() }}", "{{ o|upper }}", "{{ o.danger }}", "{o}", "x"])
@pytest.mark.parametrize("value", [Dangerous(), [Dangerous()], {"x": Dangerous()}, Dangerous, Dangerous().danger])
def test_objects_are_refused_and_never_called(text: str, value: object) -> None:
    """An object among the values stops the message before anything of it is called."""
    for make in (PlainRenderer, JinjaRenderer):
        with pytest.raises(TemplateError):
            make({"en/a.txt": text}).render("a", None, None, {"o": value})
    assert Dangerous.called == []


def test_a_text_loses_its_class() -> None:
    """A text with methods of its own is taken as its letters: it cannot say that it is safe HTML."""
    texts = {"en/a.email.txt": "+++\nsubject = 's'\n+++\n{{ v }}", "en/a.email.html": "{{ v }}"}
    content = JinjaRenderer(texts).render("a", "email", None, {"v": Word("<i>")})
    assert (content.text, content.html, Dangerous.called) == ("<i>", "&lt;i&gt;", [])


BOMBS: list[tuple[str, dict[str, str]]] = [
    ("{% for a in range(1000) %}{% for b in range(1000) %}{% endfor %}{% endfor %}", {}),
    (
        "{% for a in range(1000) %}{{ v }}{% endfor %}",
        {},
    ),
    ("{% for a in range(100000000) %}{% endfor %}", {}),
    ("{% set x = 'aaaaaaaaaa' %}" + "{% set x = x ~ x ~ (x ~ x) %}" * 40 + "{{ x }}", {}),
    ("{% set x = 'aaaaaaaaaa' %}" + "{% set x = [x, x, x, x]|join(x) %}" * 40 + "{{ x }}", {}),
    ("{% set x = 1000000000 %}" + "{% set x = x * x %}" * 40 + "{{ x }}", {}),
    ("{{ 9 ** 999999999 }}", {}),
    ("{{ 'a' * 999999999 }}", {}),
    ("{{ '%999999999d' % 1 }}", {}),
    ("{% include '_a' %}", {"en/_a.txt": "{% include '_a' %}"}),
    (
        "{% include '_a' %}" * 9,
        {
            "en/_a.txt": "{% include '_b' %}" * 9,
            "en/_b.txt": "{% include '_c' %}" * 9,
            "en/_c.txt": "{% if n %}{% endif %}",
        },
    ),
    ("{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", {}),
    ("{% if n %}" * 300 + "{% endif %}" * 300, {}),
    ("{{ n }}" * 8000, {}),
    ("{{ v }}" * 10, {}),
]


@pytest.mark.parametrize(("text", "more"), BOMBS)
def test_a_bomb_is_stopped_fast(text: str, more: dict[str, str]) -> None:
    """Loops, doubled texts, large numbers, snippets of snippets and deep nests end in an error within two seconds."""
    renderer = JinjaRenderer({"en/a.txt": text} | more)
    began = perf_counter()
    with pytest.raises(TemplateError):
        renderer.render("a", None, None, {"n": 1, "v": "x" * 9_000})
    assert perf_counter() - began < 2


def test_bombs_of_the_default_renderer_are_stopped() -> None:
    """Snippets of themselves, too many of them, and too long a text are refused."""
    for texts in (
        {"en/a.txt": "{_a}", "en/_a.txt": "{_a}"},
        {"en/a.txt": "{_a}" * 60, "en/_a.txt": "x"},
        {"en/a.txt": "{v}" * 10},
    ):
        with pytest.raises(TemplateError) as caught:
            PlainRenderer(texts).render("a", None, None, {"v": "x" * 9_000})
        assert caught.value.code == "too_much"


BAD_VALUES: list[Any] = [
    float("nan"),
    float("inf"),
    2**63,
    b"x",
    {1, 2},
    "\x00",
    "\ud800",
    "x" * 10_001,
    {1: 2},
    [[[[[[[[[1]]]]]]]]],
    list(range(3000)),
    1j,
]


@pytest.mark.parametrize("value", BAD_VALUES)
def test_values_that_are_not_plain_are_refused(value: object) -> None:
    """NaN, bytes, sets, lone surrogates, long texts, deep or large collections are told by name, without the value."""
    with pytest.raises(TemplateError, match="value v"):
        plain({"v": value})


def test_a_value_inside_itself_is_refused() -> None:
    """A list that holds itself ends at the depth limit."""
    values: list[object] = []
    values.append(values)
    with pytest.raises(TemplateError):
        plain({"v": values})


@pytest.mark.parametrize("name", ["_x", "a b", "", "1", 5])
def test_names_of_values_are_names(name: Any) -> None:
    """A value that no template could name, or that is ours, is refused."""
    with pytest.raises(TemplateError):
        plain({name: 1})


def test_money_dates_and_tuples_become_plain() -> None:
    """Money is a dict, a date an ISO text, a tuple a list."""
    moment = datetime(2026, 3, 5, 10, tzinfo=UTC)
    assert plain({"d": [date(2026, 3, 5), moment]}) == {"d": ["2026-03-05", "2026-03-05T10:00:00+00:00"]}
    assert plain({"m": (Money(5, "EUR"), None, True, 1.5)}) == {
        "m": [{"amount": 5, "currency": "EUR"}, None, True, 1.5]
    }


MAIL = {"en/a.email.txt": "+++\nsubject = 's'\n+++\nx"}


@pytest.mark.parametrize(
    "html",
    [
        "<a href={{ v }}>x</a>",
        "<a href = {{ v }}>",
        "<script>{{ v }}</script>",
        '<b onclick="x">',
        '<a href="{{ v }}">',
    ],
)
def test_html_leads_nowhere_dangerous(html: str) -> None:
    """Attributes without quotes, scripts, and links by other schemes than https, mailto and tel are refused."""
    renderers = (
        JinjaRenderer(MAIL | {"en/a.email.html": html}),
        PlainRenderer(MAIL | {"en/a.email.html": html.replace("{{ v }}", "{v}")}),
    )
    for renderer in renderers:
        with pytest.raises(TemplateError):
            renderer.render("a", "email", None, {"v": "java\tscript:alert(1)"})


def test_values_in_html_are_escaped() -> None:
    """In the HTML of a mail a value has neither tags nor quotes."""
    value = "\"><script>'&"
    wanted = '<a href="https://x.y/?&#34;&gt;&lt;script&gt;&#39;&amp;">'
    for make, hole in ((JinjaRenderer, "{{ v }}"), (PlainRenderer, "{v}")):
        html = (
            make(MAIL | {"en/a.email.html": f'<a href="https://x.y/?{hole}">'})
            .render("a", "email", None, {"v": value})
            .html
        )
        assert html is not None
        assert html.replace("&quot;", "&#34;").replace("&#x27;", "&#39;") == wanted
