"""Parts, filled one by one, become the content of a message; whatever is wrong becomes one kind of error."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from html.parser import HTMLParser

from attrs import frozen

from retention_engine.envelopes import Button, Content
from retention_engine.errors import DefinitionError, EmptyContent, TemplateError
from retention_engine.templates.base import LONGEST_OUTPUT, MAILS, STYLED
from retention_engine.templates.files import Part, Source
from retention_engine.templates.markup import HOLE, styled_text

Fill = Callable[[Part], str]
"""Fills a part; the text comes back with its marks, everything else as it is."""
_CONTROLS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_TARGETS = frozenset(["href", "src", "action", "formaction", "background", "poster"])
_BARE = re.compile(rf"<[^<>]*=\s*{HOLE}")
_SCHEME = re.compile(r"(?:https?://|mailto:|tel:|tg://|cid:|#)", re.IGNORECASE)


@frozen(kw_only=True)
class Shape:
    """What channels can show.

    Attributes:
        styled: channels that show styles by entities; elsewhere links are written out.
        mails: channels that have HTML, and no buttons: their links become lines of the text.
        html: what is done to the HTML of a mail at last, such as ``inlined_styles``.
    """

    styled: Collection[str] = STYLED
    mails: Collection[str] = MAILS
    html: Callable[[str], str] = str


def one_line(text: str) -> str:
    """Return a text for a subject or a button: control characters and line breaks become blanks."""
    return _CONTROLS.sub(" ", text).strip()


def assembled(source: Source, channel: str | None, fill: Fill, shape: Shape) -> Content:
    """Return the content that the parts of a text make.

    Raises:
        EmptyContent: there is nothing to say.
        TemplateError: a part cannot be filled, or they make no content.
    """
    mail = channel in shape.mails
    text, entities = styled_text(fill(source.body), styled=channel in shape.styled)
    head = {name: one_line(fill(part)) or None for name, part in source.head.items()}
    buttons = tuple(_button(each, fill) for each in source.buttons)
    html = shape.html(_checked_html(fill(source.html))) if mail and source.html else None
    if not (text or html or head.get("photo") or head.get("document")):
        raise EmptyContent("the text is empty", code="empty")
    if mail and not head.get("subject"):
        raise TemplateError("a mail has a subject: write one into the head", code="unfit_data")
    if mail:
        text, buttons = _written_out(text, buttons), ()
    try:
        return Content(
            text=text,
            entities=entities,
            html=html,
            buttons=buttons,
            keyboard=() if mail else tuple(one_line(fill(part)) for part in source.keyboard),
            subject=head.get("subject"),
            photo=head.get("photo"),
            document=head.get("document"),
        )
    except DefinitionError as error:
        raise TemplateError(str(error), code="unfit_data") from None


def _button(parts: Mapping[str, Part], fill: Fill) -> Button:
    filled = {name: one_line(fill(part)) for name, part in parts.items()}
    if filled.get("url", "").startswith("tg://") and not parts["url"].text.startswith("tg://"):
        raise TemplateError("buttons: a value leads to tg://, which only the template may", code="unfit_data")
    try:
        return Button(**filled)
    except DefinitionError:
        why = "a button has a text, and an https address without blanks or a callback of 1 to 64 bytes"
        raise TemplateError(f"buttons: {why}", code="unfit_data") from None


def _written_out(text: str, buttons: tuple[Button, ...]) -> str:
    lines = [f"{button.text}: {button.url}" for button in buttons if button.url]
    return "\n\n".join(part for part in (text, "\n".join(lines)) if part)


class _Targets(HTMLParser):
    """Collects where the HTML of a mail leads to."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take the attributes of a tag that lead somewhere; scripts lead nowhere good."""
        if tag == "script" or any(name.startswith("on") for name, _ in attrs):
            raise TemplateError("a mail holds no scripts")
        self.found += [_CONTROLS.sub("", value) for name, value in attrs if name in _TARGETS and value]


def _checked_html(html: str) -> str:
    reader = _Targets()
    reader.feed(html)
    reader.close()
    if any(not _SCHEME.match(target) for target in reader.found):
        raise TemplateError("a link of the HTML starts with https://, mailto: or tel:", code="unfit_data")
    return html.strip()


def limited(text: str) -> str:
    """Return a filled text, unless it is too long.

    Raises:
        TemplateError: more than 65,536 characters.
    """
    if len(text) > LONGEST_OUTPUT:
        raise TemplateError(f"more than {LONGEST_OUTPUT} characters come out", code="too_much")
    return text


def check_quotes(pieces: Sequence[str | None]) -> None:
    """Refuse a value that stands in an attribute of HTML without quotes: it could bring attributes of its own.

    Raises:
        TemplateError: there is one.
    """
    text = "".join(HOLE if piece is None else piece for piece in pieces)
    if found := _BARE.search(text):
        line = text.count("\n", 0, found.end()) + 1
        raise TemplateError('put quotes around the value of an attribute: href="..."', line=line)


def relabelled(error: TemplateError, label: str, line: int | None) -> TemplateError:
    """Return the error with a label in front of its message, and another line."""
    message = str(error).removeprefix(f"line {error.line}: ")
    return type(error)(f"{label}: {message}" if label else message, line=line, code=error.code)


def placed(error: TemplateError, template: str, language: str) -> TemplateError:
    """Return the error with the place where it happened."""
    message = str(error).removeprefix(f"line {error.line}: ")
    return type(error)(message, template=template, language=language, line=error.line, code=error.code)
