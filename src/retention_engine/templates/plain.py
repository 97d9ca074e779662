"""The default renderer: ``{name}`` is replaced by a value, and that is all it can do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from os import PathLike
from typing import Any

from attrs import evolve, field, frozen

from retention_engine.envelopes import Content
from retention_engine.errors import TemplateError, nearest
from retention_engine.templates.assembly import Shape, assembled, check_quotes, limited, placed, relabelled
from retention_engine.templates.base import DEFAULT_LANGUAGE, flag_text
from retention_engine.templates.cards import Cards, with_cards
from retention_engine.templates.data import plain
from retention_engine.templates.files import Part, Source, Templates, load_templates
from retention_engine.templates.markup import marked

_SIGNS = re.compile(r"(?P<brace>\{\{|\}\})|\{(?P<name>[^{}\n]{1,100})\}|(?P<stray>[{}])")
_NAME = re.compile(r"[^\W\d]\w*")
_DEEPEST = 5
_MOST_SNIPPETS = 50
_NO_SHAPE = Shape()


class PlainRenderer:
    """Fills ``{name}`` with texts, numbers, flags and dates; ``{_footer}`` is a snippet, ``{{`` and ``}}`` are braces.

    A value is never read as a template or as markup; it has no attributes, indexes or formats.

    Args:
        templates: a folder, a mapping of texts, or templates read before.
        default_language: for customers whose language has no text.
        shape: what the channels can show.
    """

    def __init__(
        self,
        templates: Templates | Mapping[str, str] | str | PathLike[str],
        *,
        default_language: str = DEFAULT_LANGUAGE,
        shape: Shape = _NO_SHAPE,
    ) -> None:
        """Read the templates."""
        self.templates = load_templates(templates, default_language=default_language)
        self.shape = shape

    def render(self, template: str, channel: str | None, language: str | None, data: Mapping[str, Any]) -> Content:
        """Return the content of a message; the texts of mails have no HTML, unless a file beside them does.

        Raises:
            EmptyContent: there is nothing to say.
            TemplateError: the template is unknown or wrong, or a value is missing or not plain.
        """
        source = self.templates.find(template, channel, language)
        try:
            values = with_cards(source.cards, plain(data))
            filler = _Filler(templates=self.templates, channel=channel, source=source, values=values)
            return assembled(source, channel, filler.fill, self.shape)
        except TemplateError as error:
            raise placed(error, template, source.language) from None


@frozen
class _Piece:
    """Literal text, or the name of a value."""

    text: str
    is_name: bool
    line: int


@frozen(kw_only=True)
class _Filler:
    """Fills the parts of one message."""

    templates: Templates
    channel: str | None
    source: Source
    values: dict[str, Any]
    depth: int = 0
    spent: list[str] = field(factory=list)

    def fill(self, part: Part) -> str:
        """Return a part with its placeholders replaced."""
        try:
            return self._filled(part)
        except TemplateError as error:
            line = part.line + error.line - 1 if part.line and error.line else None
            raise relabelled(error, "" if part.label in ("text", "html") else part.label, line) from None

    def _filled(self, part: Part) -> str:
        pieces = list(_pieces(part.text))
        literal = [None if piece.is_name else piece.text for piece in pieces]
        if part.label == "html":
            check_quotes(literal)
        texts = iter([self._value(piece, part.label) for piece in pieces if piece.is_name])
        parts = marked(literal) if part.label in ("text", "cards.line") else literal
        return limited("".join(next(texts) if each is None else each for each in parts))

    def _value(self, piece: _Piece, label: str) -> str:
        try:
            if piece.text.startswith("_"):
                return self._snippet(piece.text, label)
            if self.source.cards and piece.text == self.source.cards.of and not self.depth:
                return self._cards(self.source.cards)
            text = self._text(piece.text)
        except TemplateError as error:
            raise relabelled(error, "", piece.line) from None
        return escape(text) if label == "html" else text

    def _text(self, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise TemplateError("between { and } stands a name and nothing else; write {{ and }} for the signs")
        if name not in self.values:
            raise TemplateError(f"unknown name {name!r}{nearest(name, self.values)}", code="unknown_name")
        value = self.values[name]
        if isinstance(value, bool):
            return flag_text(value, self.source.language)
        if not isinstance(value, str | int | float):
            raise TemplateError(
                f"value {name} is no text: format it before, or use the Jinja renderer", code="unfit_data"
            )
        return str(value)

    def _snippet(self, name: str, label: str) -> str:
        self.spent.append(name)
        if self.depth >= _DEEPEST or len(self.spent) > _MOST_SNIPPETS:
            raise TemplateError(f"snippets are at most {_DEEPEST} deep and {_MOST_SNIPPETS} in all", code="too_much")
        found = self.templates.find(name, self.channel, self.source.language)
        part = (found.html or Part("html", "")) if label == "html" else evolve(found.body, label=label)
        try:
            return evolve(self, source=found, depth=self.depth + 1).fill(part)
        except TemplateError as error:
            raise relabelled(error, f"snippet {name}, line {error.line or 1}", None) from None

    def _cards(self, block: Cards) -> str:
        part = Part("cards.line", block.line, 0)
        return "\n".join(evolve(self, values=each, depth=1).fill(part) for each in self.values[block.of])


def _pieces(text: str) -> Iterator[_Piece]:
    start = 0
    for found in _SIGNS.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        if found["stray"]:
            raise TemplateError("a single { or }: write {{ or }} for the sign itself", line=line)
        yield _Piece(text[start : found.start()], False, line)
        yield _Piece(found["name"] or found["brace"][0], bool(found["name"]), line)
        start = found.end()
    yield _Piece(text[start:], False, 0)
