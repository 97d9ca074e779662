r"""Markup of what an author wrote: ``**bold**``, ``_italic_``, ``[text](https://...)``; values are never read as it.

Before a template is filled, the marks in its literal text are replaced by lone surrogates. No value can hold one, so
whatever looks like a mark afterwards is text. A backslash makes a mark plain: ``\*``, ``\_``, ``\[``, ``\]``, ``\\``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from attrs import define, field, frozen

from retention_engine.envelopes import Entity, utf16_length
from retention_engine.errors import TemplateError

BOLD, ITALIC, OPEN, HTTPS, TG, CLOSE = "\ud800", "\ud801", "\ud802", "\ud803", "\ud804", "\ud805"
HOLE = "\ud80f"
"""Stands for a value while marks are looked for."""
_KINDS = {BOLD: "bold", ITALIC: "italic"}
_BLANKS = " \t\r\n"
_GAP = (" ", "\t")
_MARKS = re.compile(f"([{BOLD}-{CLOSE}])")
_SOURCE = re.compile(
    rf"""\\(?P<plain>[\\*_\[\]])
    | \[(?P<label>(?:\\.|[^\[\]\n\\])+)\]\((?P<url>(?:https://|tg://|{HOLE})[^()\s]*)\)
    | (?P<wrong>\]\((?=\w+:|{HOLE}))
    | (?P<bare>https?://[^\s*\[\]()]+)
    | (?P<bold>\*\*)
    | (?P<italic>_)""",
    re.VERBOSE,
)
_HELP = r"close each ** and _, or write \* and \_ for the signs themselves"


def marked(pieces: Sequence[str | None]) -> list[str | None]:
    """Return literal text with its marks replaced; None stands for a value, as many come out as go in.

    Raises:
        TemplateError: a link that leads neither to https nor to tg.
    """
    whole = _marked("".join(HOLE if piece is None else piece for piece in pieces))
    parts: list[str | None] = []
    for number, text in enumerate(whole.split(HOLE)):
        parts += [None, text] if number else [text]
    return [part for part in parts if part != ""]


def _marked(text: str) -> str:
    return _SOURCE.sub(lambda found: _mark(found, text), text)


def _mark(found: re.Match[str], text: str) -> str:
    plain, label, url = found["plain"], found["label"], found["url"]
    if plain or found["bare"]:
        return plain or found["bare"]
    if label:
        return f"{OPEN}{_marked(label)}{TG if url.startswith('tg://') else HTTPS}{url}{CLOSE}"
    if found["wrong"]:
        line = text.count("\n", 0, found.start()) + 1
        raise TemplateError("a link is written [text](https://...), or with tg://", line=line, code="unbalanced_markup")
    before, after = text[: found.start()][-1:], text[found.end() :][:1]
    if found["bold"]:
        return "**" if before in _GAP and after in _GAP else BOLD
    return ITALIC if _is_edge(before, after) or _is_edge(after, before) else "_"


def _is_edge(outside: str, inside: str) -> bool:
    """Tell whether an underscore opens or closes here: no word goes on outside, and something stands inside."""
    return not (outside.isalnum() or outside in (HOLE, "_") or inside.isspace() or inside == "_")


@frozen
class _Opened:
    kind: str
    start: int
    offset: int
    url: str | None = None


@define
class _Reader:
    """Reads a filled text from left to right; links are written out where there are no styles."""

    styled: bool
    parts: list[str] = field(factory=list)
    entities: list[Entity] = field(factory=list)
    opened: list[_Opened] = field(factory=list)
    size: int = 0

    def take(self, token: str, following: Iterator[str]) -> None:
        """Take a mark or a text."""
        if token in _KINDS:
            self._toggle(_KINDS[token])
        elif token == OPEN:
            self._open("text_link")
        elif token in (HTTPS, TG):
            self._link(_url(token, following))
        elif token == CLOSE:
            raise _unbalanced()
        else:
            self._add(token)

    def _add(self, text: str) -> None:
        self.parts.append(text)
        self.size += utf16_length(text)

    def _open(self, kind: str) -> None:
        if any(each.kind == kind for each in self.opened):
            raise _unbalanced()
        self.opened.append(_Opened(kind, len(self.parts), self.size))

    def _toggle(self, kind: str) -> None:
        if any(each.kind == kind for each in self.opened):
            self._close(kind, None)
        else:
            self._open(kind)

    def _close(self, kind: str, url: str | None) -> str:
        if not self.opened or self.opened[-1].kind != kind:
            raise _unbalanced()
        start = self.opened.pop()
        length = self.size - start.offset
        if length and self.styled:
            self.entities.append(Entity(kind, start.offset, length, url))
        return "".join(self.parts[start.start :])

    def _link(self, url: str) -> None:
        label = self._close("text_link", url)
        if not self.styled and label != url:
            self._add(f" ({url})" if label else url)


def _url(token: str, following: Iterator[str]) -> str:
    url = next(following)
    if next(following, "") != CLOSE:
        raise _unbalanced()
    if not url.startswith("tg://" if token == TG else "https://") or any(letter.isspace() for letter in url):
        raise TemplateError("the target of a link does not start with https://, or holds a blank", code="unfit_data")
    return url


def _unbalanced() -> TemplateError:
    return TemplateError(f"unbalanced markup: {_HELP}", code="unbalanced_markup")


def styled_text(filled: str, *, styled: bool) -> tuple[str, tuple[Entity, ...]]:
    """Return the text without marks and blanks around it, and the entities, in UTF-16 units.

    Raises:
        TemplateError: a mark is not closed, or a link leads elsewhere than to https (or tg, if the template says so).
    """
    reader = _Reader(styled)
    tokens = iter(_MARKS.split(filled))
    for token in tokens:
        reader.take(token, tokens)
    if reader.opened:
        raise _unbalanced()
    return _trimmed("".join(reader.parts), reader.entities)


def _trimmed(text: str, entities: list[Entity]) -> tuple[str, tuple[Entity, ...]]:
    trimmed = text.strip(_BLANKS)
    lead, end = len(text) - len(text.lstrip(_BLANKS)), utf16_length(trimmed)
    kept = []
    for each in sorted(entities, key=lambda entity: (entity.offset, -entity.length)):
        first, last = max(each.offset - lead, 0), min(each.offset + each.length - lead, end)
        if first < last:
            kept.append(Entity(each.kind, first, last - first, each.url))
    return trimmed, tuple(kept)
