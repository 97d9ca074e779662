"""Looking at templates before customers do: a preview, and a check of all texts with many kinds of values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any, Protocol

from attrs import frozen

from retention_engine.envelopes import Content, utf16_length
from retention_engine.errors import TemplateError
from retention_engine.templates.base import Renderer
from retention_engine.templates.files import Templates

LONGEST: Mapping[str, int] = {"telegram": 4096}
"""Channel -> UTF-16 units of the longest text."""
LONGEST_CAPTION: Mapping[str, int] = {"telegram": 1024}
LONGEST_SUBJECT = 998
_NASTY = (
    "Анна-Мария",
    "👩‍👩‍👧 O'Neil & <b>Söhne</b>",
    "**_[x](https://example.org)_**",
    "{{ 7 * 7 }} {name} {% raw %}",
    "Ж" * 200,
)


class FileRenderer(Renderer, Protocol):
    """A renderer that can say which templates it has."""

    templates: Templates


@frozen
class Finding:
    """Something wrong with a text of a template.

    Attributes:
        code: that of the error, or ``too_long``, ``long_subject``.
        sample: the number of the sample it was found with, 0-based.
    """

    template: str
    channel: str | None
    language: str
    code: str
    text: str
    sample: int

    def __str__(self) -> str:
        """Return one line for people."""
        return f"{self.template} for {self.channel or 'every channel'} in {self.language}: {self.text}"


def preview(
    renderer: Renderer,
    template: str,
    data: Mapping[str, Any],
    *,
    channel: str | None = None,
    language: str | None = None,
) -> str:
    """Return a message as people can read it: subject, text, styles, buttons.

    Raises:
        EmptyContent: there is nothing to say.
        TemplateError: the template is unknown or wrong, or a value is missing or not plain.
    """
    return "\n".join(_lines(renderer.render(template, channel, language, data)))


def _lines(content: Content) -> Iterator[str]:
    head = {"subject": content.subject, "photo": content.photo, "document": content.document}
    yield from (f"{name}: {value}" for name, value in head.items() if value)
    yield content.text
    raw = content.text.encode("utf-16-le")
    for each in content.entities:
        part = raw[2 * each.offset : 2 * (each.offset + each.length)].decode("utf-16-le")
        yield f"({each.kind}: {part}{f' -> {each.url}' if each.url else ''})"
    yield from (f"[{button.text}] -> {button.url or button.callback}" for button in content.buttons)
    yield from (f"[{key}]" for key in content.keyboard)
    if content.html:
        yield f"html:\n{content.html}"


def variants(sample: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a sample, and others with hostile, foreign and long texts and with numbers of every plural form."""
    numbers = (0, 1, 2, 5, 21)
    return [dict(sample)] + [
        {name: _varied(name, value, text, count) for name, value in sample.items()}
        for text, count in zip(_NASTY, numbers, strict=True)
    ]


def _varied(name: str, value: Any, text: str, count: int) -> Any:
    """Return another value of the same kind; texts that mean something (zones, dates, links) stay."""
    if type(value) is int and abs(value) < 10**9:
        return count
    if isinstance(value, list):
        return [
            {key: _varied(key, held, text, count) for key, held in each.items()} if isinstance(each, dict) else each
            for each in value
        ]
    if not isinstance(value, str) or name in ("zone", "language") or "://" in value or value[:1].isdigit():
        return value
    return text


def check_templates(
    renderer: FileRenderer,
    samples: Iterable[Mapping[str, Any]],
    *,
    channels: Iterable[str | None] = (),
    languages: Iterable[str] = (),
) -> list[Finding]:
    """Fill every template for every channel and language with every sample; return what is wrong, each thing once.

    Args:
        samples: values as the engine will give them; ``variants(sample)`` makes many out of one.
        channels: besides those that have texts.
        languages: besides those that have texts.
    """
    known, given, asked = renderer.templates, list(samples), list(channels)
    found: dict[tuple[str, str | None, str, str], Finding] = {}
    for name in known.names:
        for language, channel in product(dict.fromkeys([*known.languages, *languages]), _where(known, name, asked)):
            for finding in _findings(renderer, (name, channel, language), given):
                found.setdefault((name, channel, language, finding.code), finding)
    return list(found.values())


def _where(known: Templates, name: str, asked: list[str | None]) -> list[str | None]:
    """Return the channels of a template: those of its own texts, and all, if it has one for every channel."""
    own = {channel for each, channel, _ in known.sources if each == name}
    return list(dict.fromkeys([None, *known.channels, *asked] if "" in own else [*sorted(own), *asked]))


def _findings(
    renderer: Renderer, place: tuple[str, str | None, str], samples: list[Mapping[str, Any]]
) -> Iterator[Finding]:
    name, channel, language = place
    for number, sample in enumerate(samples):
        try:
            content = renderer.render(name, channel, language, sample)
        except TemplateError as error:
            yield Finding(name, channel, language, error.code, str(error), number)
            continue
        yield from (Finding(name, channel, language, code, text, number) for code, text in _limits(content, channel))


def _limits(content: Content, channel: str | None) -> Iterator[tuple[str, str]]:
    has_file = content.photo or content.document
    most = (LONGEST_CAPTION if has_file else LONGEST).get(channel or "")
    length = utf16_length(content.text)
    if most is not None and length > most:
        yield "too_long", f"the text has {length} UTF-16 units, at most {most} are possible"
    if content.subject and len(content.subject) > LONGEST_SUBJECT:
        yield (
            "long_subject",
            f"the subject has {len(content.subject)} characters, at most {LONGEST_SUBJECT} are possible",
        )
