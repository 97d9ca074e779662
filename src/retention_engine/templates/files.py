"""Templates as files: one folder a language, one text a channel, a head in TOML for what a text cannot hold.

```text
templates/ru/win-back.txt            every channel
templates/ru/win-back.telegram.txt   one channel
templates/ru/win-back.email.txt      a mail, and beside it
templates/ru/win-back.email.html     its HTML
templates/ru/_footer.txt             a snippet, for other templates
```

A head stands between two lines ``+++`` at the start of a text: ``subject``, ``photo``, ``document``, ``keyboard``,
``[[buttons]]`` with ``text`` and ``url`` or ``callback``, ``[cards]`` with ``of``, ``most``, ``required``, ``line``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from retention_engine.errors import DefinitionError, TemplateError, nearest, shown
from retention_engine.templates.base import DEFAULT_LANGUAGE
from retention_engine.templates.cards import Cards
from retention_engine.texts import check_keys, check_tokens, checked

LARGEST_TEMPLATE = 65_536
MOST_TEMPLATES = 5_000
_PLACE = re.compile(
    r"(?P<language>[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*)/"
    r"(?P<name>\w[\w -]*)(?:\.(?P<channel>[a-z0-9][a-z0-9_-]*))?\.(?P<kind>txt|html)"
)
_HEAD = re.compile(r"\+\+\+[ \t]*\n(.*?\n)??\+\+\+[ \t]*(?:\n|\Z)", re.DOTALL)
_KEYS = ("subject", "photo", "document", "keyboard", "buttons", "cards")
_BUTTON = ("text", "url", "callback")
Key = tuple[str, str, str]
"""Name, channel (empty: every channel) and language."""


@frozen
class Part:
    """A piece of a template that is filled by itself: its label, its text, and the line of the file it begins at."""

    label: str
    text: str
    line: int = 1


@frozen(kw_only=True)
class Source:
    """One text of a template, and what stands in its head.

    Attributes:
        channel: empty: it is for every channel.
        body: its text; of a snippet that has HTML only, empty.
        html: the second form of a mail.
        buttons: each with its parts ``text`` and ``url`` or ``callback``.
    """

    name: str
    channel: str
    language: str
    body: Part
    html: Part | None = None
    head: Mapping[str, Part] = field(factory=dict)
    buttons: tuple[Mapping[str, Part], ...] = ()
    keyboard: tuple[Part, ...] = ()
    cards: Cards | None = None

    @property
    def is_snippet(self) -> bool:
        """It is for other templates only."""
        return self.name.startswith("_")


@frozen
class Templates:
    """All templates, read and checked for their form; nothing is opened after that.

    Attributes:
        sources: by name, channel and language.
        default_language: what those read whose own language has no text.
    """

    sources: Mapping[Key, Source]
    default_language: str = DEFAULT_LANGUAGE

    @property
    def names(self) -> list[str]:
        """The templates, without snippets."""
        return sorted({source.name for source in self.sources.values() if not source.is_snippet})

    @property
    def languages(self) -> list[str]:
        """The languages that have a text."""
        return sorted({language for _, _, language in self.sources})

    @property
    def channels(self) -> list[str]:
        """The channels that some text is for."""
        return sorted({channel for _, channel, _ in self.sources if channel})

    def find(self, name: str, channel: str | None, language: str | None) -> Source:
        """Return the text for a channel and a language.

        The customer's language goes first (``pt-br``, then ``pt``), then the default one; in each of them the text of
        the channel, then the one for every channel.

        Raises:
            TemplateError: there is no such template, or none of its texts fits.
        """
        for each in self._languages(language):
            for where in (channel or "", ""):
                if found := self.sources.get((name, where, each)):
                    return found
        there = [key for key in self.sources if key[0] == name]
        if not there:
            known = self.names if not str(name).startswith("_") else {key[0] for key in self.sources}
            raise TemplateError(f"unknown template {shown(name)}{nearest(name, known)}", code="unknown_template")
        texts = ", ".join(sorted(f"{key[2]}{f' for {key[1]}' if key[1] else ''}" for key in there))
        wanted = f"channel {shown(channel)} and language {shown(language)}"
        raise TemplateError(f"no text for {wanted}, only {texts}", template=name, code="unknown_template")

    def _languages(self, language: str | None) -> list[str]:
        tags = _tag(language or "").split("-") if isinstance(language, str) else []
        longest_first = ["-".join(tags[:size]) for size in range(len(tags), 0, -1)]
        return [each for each in longest_first if each] + [self.default_language]


def _tag(language: str) -> str:
    return language[:40].replace("_", "-").lower()


def load_templates(
    source: Templates | Mapping[str, str] | str | PathLike[str], *, default_language: str = DEFAULT_LANGUAGE
) -> Templates:
    """Return the templates of a folder, or of a mapping such as ``{"ru/win-back.txt": "..."}``.

    Raises:
        DefinitionError: a file is misnamed, unreadable, too large or no UTF-8, leads out of the folder, or its head
            is wrong; the file comes first.
    """
    if isinstance(source, Templates):
        return source
    texts = dict(source) if isinstance(source, Mapping) else dict(_read(Path(source)))
    if len(texts) > MOST_TEMPLATES:
        raise DefinitionError(f"at most {MOST_TEMPLATES} templates can be loaded, not {len(texts)}")
    found: dict[Key, Source] = {}
    for path in sorted(texts, key=lambda path: (str(path).endswith(".html"), str(path))):
        _take(found, path, texts[path])
    return Templates(found, _tag(default_language))


def _read(folder: Path) -> Iterator[tuple[str, str]]:
    root = folder.resolve()
    if not root.is_dir():
        raise DefinitionError(f"there is no folder {shown(str(folder))} with templates")
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder).as_posix()
        if path.is_dir() or path.name.startswith(".") or path.name == "README.md":
            continue
        if not path.resolve().is_relative_to(root):
            raise DefinitionError(f"{place} leads out of the folder of templates")
        yield place, _text_of(path, place)


def _text_of(path: Path, place: str) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_TEMPLATE * 4 + 1)
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except (OSError, ValueError) as error:
        raise DefinitionError(f"cannot read {place}: {type(error).__name__}") from None


def _take(found: dict[Key, Source], path: str, text: str) -> None:
    place = _PLACE.fullmatch(path) if isinstance(path, str) else None
    if place is None:
        form = "<language>/<name>[.<channel>].txt or .html, such as ru/win-back.telegram.txt"
        raise DefinitionError(f"{shown(path)} is no place of a template: {form}")
    if not isinstance(text, str) or len(text) > LARGEST_TEMPLATE or not _is_clean(text):
        raise DefinitionError(
            f"{path}: a template has at most {LARGEST_TEMPLATE} characters, no NUL, no lone surrogates"
        )
    key = (place["name"], place["channel"] or "", _tag(place["language"]))
    if place["kind"] == "html":
        found[key] = _with_html(found.get(key), key, Part("html", text))
    elif key in found:
        raise DefinitionError(f"{path}: there is another text for the same language")
    else:
        found[key] = _source(key, text, path)


def _is_clean(text: str) -> bool:
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _with_html(source: Source | None, key: Key, html: Part) -> Source:
    if source is not None and source.html is None:
        return evolve(source, html=html)
    name, channel, language = key
    if source is None and name.startswith("_"):
        return Source(name=name, channel=channel, language=language, body=Part("text", ""), html=html)
    why = (
        "there is no text beside it: a mail needs both" if source is None else "there is another for the same language"
    )
    raise DefinitionError(f"{language}/{name}{channel and f'.{channel}'}.html: {why}")


def _source(key: Key, text: str, path: str) -> Source:
    name, channel, language = key
    head = _HEAD.match(text)
    if head is None:
        return Source(name=name, channel=channel, language=language, body=Part("text", text))
    try:
        parts = _parts(head[1] or "")
    except (ValueError, RecursionError) as error:
        raise DefinitionError(f"{path}: the head is wrong: {shown(str(error), 200)}") from None
    body = Part("text", text[head.end() :], text.count("\n", 0, head.end()) + 1)
    return Source(name=name, channel=channel, language=language, body=body, **parts)


def _parts(text: str) -> dict[str, Any]:
    check_tokens(text)
    raw = tomllib.loads(text)
    check_keys(raw, _KEYS, "the head")
    keyboard = checked(raw.get("keyboard", []), list, "keyboard", "a list of texts")
    buttons = checked(raw.get("buttons", []), list, "buttons", "a list of tables, each headed [[buttons]]")
    cards = raw.get("cards")
    if cards is not None:
        check_keys(checked(cards, dict, "cards", "a table"), ("of", "most", "required", "line"), "cards")
    return {
        "head": {name: _part(raw[name], name) for name in _KEYS[:3] if name in raw},
        "keyboard": tuple(_part(each, f"keyboard[{number}]") for number, each in enumerate(keyboard)),
        "buttons": tuple(_button(each, f"buttons[{number}]") for number, each in enumerate(buttons)),
        "cards": None if cards is None else Cards(**cards),
    }


def _part(value: object, label: str) -> Part:
    return Part(label, checked(value, str, label, "a text"), 0)


def _button(value: object, label: str) -> dict[str, Part]:
    table = checked(value, dict, label, "a table")
    check_keys(table, _BUTTON, label)
    if "text" not in table or ("url" in table) == ("callback" in table):
        raise DefinitionError(f"{label}: a button has a text and either url or callback")
    return {name: _part(each, f"{label}.{name}") for name, each in table.items()}
