"""Links that tell when they are used: signed, off unless asked for, and good for the one address they were made for.

A link holds the message, the target and a token that was signed for exactly these two, so that nobody can make it lead
elsewhere. Whoever follows it tells a ``MessageClicked``, whoever loads the picture of a mail a ``MessageOpened``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from html import escape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

from attrs import evolve, field, frozen

from retention_engine.envelopes import Content, Envelope
from retention_engine.errors import TokenError
from retention_engine.facts import MessageClicked, MessageOpened
from retention_engine.facts.base import instant
from retention_engine.keys import fingerprint
from retention_engine.preferences.links import checked_url
from retention_engine.preferences.tokens import Keyring
from retention_engine.values import LONGEST_ID

MESSAGE, TARGET, TOKEN = "m", "to", "t"
LONGEST_TARGET = 2_000
_TARGET = re.compile(r"https?://[^\s\\<>\"]+")
_WRITTEN = re.compile(r"https?://[^\s\\<>\"]*[^\s\\<>\".,;:!?)\]}']")


@frozen(kw_only=True)
class Click:
    """A link that was followed: what to record, and where to send its reader."""

    fact: MessageClicked
    url: str


@frozen(kw_only=True)
class _Links:
    """Makes the links of one message."""

    keyring: Keyring = field(repr=False)
    url: str
    tenant: str
    envelope: Envelope

    def click(self, target: str) -> str:
        """Return the link that stands for a target; some targets stay as they are."""
        ours = (self.envelope.unsubscribe_url, self.url)
        if _page(target) in map(_page, ours) or not _is_target(target):
            return target
        purpose = _click_purpose(self.envelope.key, target)
        return self._made(purpose, f"&{TARGET}={quote(target, safe='')}")

    def picture(self) -> str:
        """Return the picture that tells when a mail is opened."""
        return f'<img src="{escape(self._made(_open_purpose(self.envelope.key)))}" width="1" height="1" alt="">'

    def _made(self, purpose: str, more: str = "") -> str:
        token = self.keyring.sign(purpose, customer=self.envelope.customer, tenant=self.tenant)
        sign = "&" if "?" in self.url else "?"
        return f"{self.url}{sign}{MESSAGE}={quote(self.envelope.key, safe='')}{more}&{TOKEN}={token}"


def tracked_links(
    keyring: Keyring, url: str, *, tenant: str = "", texts: Collection[str] = ("email",), opens: bool = False
) -> Callable[[Envelope], Envelope]:
    """Return what replaces the links of a message, to be used when nothing else is done to it any more.

    Links of HTML, of styled texts and of buttons are replaced; the one for unsubscription is not.

    Args:
        keyring: signs the links.
        url: of your page, https; it hands its parameters to ``read_click`` or ``read_open``.
        tenant: whose links they are.
        texts: channels in whose plain text the links are replaced, too; elsewhere they would only be long.
        opens: add a picture to HTML that tells when it is loaded; many mail programs load it without a reader.

    Raises:
        DefinitionError: the URL is not https, or holds what does not belong there.
    """
    where, plain = checked_url(url), frozenset(texts)

    def finish(envelope: Envelope) -> Envelope:
        links = _Links(keyring=keyring, url=where, tenant=tenant, envelope=envelope)
        content = _replaced(envelope.content, links, plain=envelope.channel in plain)
        if opens and content.html is not None:
            content = evolve(content, html=_with_picture(content.html, links.picture()))
        return evolve(envelope, content=content)

    return finish


def read_click(query: Mapping[str, object], *, keyring: Keyring, at: datetime | int | str, tenant: str = "") -> Click:
    """Return the click that the parameters of a link mean, and where to redirect to.

    Raises:
        TokenError: they are not those of a link of ours: forged, altered, or of another tenant.
    """
    message, target = query.get(MESSAGE), query.get(TARGET)
    if not isinstance(message, str) or not isinstance(target, str) or not _is_target(target):
        raise TokenError
    customer, common = _opened(query, _click_purpose(message, target), keyring, at, tenant=tenant)
    fact = MessageClicked(customer=customer, message=message, link=target[:LONGEST_ID], **common)
    return Click(fact=fact, url=target)


def read_open(
    query: Mapping[str, object], *, keyring: Keyring, at: datetime | int | str, tenant: str = ""
) -> MessageOpened:
    """Return the opening that the parameters of a mail's picture mean; answer with any picture of one pixel.

    Raises:
        TokenError: they are not those of a picture of ours.
    """
    message = query.get(MESSAGE)
    if not isinstance(message, str):
        raise TokenError
    customer, common = _opened(query, _open_purpose(message), keyring, at, tenant=tenant)
    return MessageOpened(customer=customer, message=message, **common)


def _opened(
    query: Mapping[str, object], purpose: str, keyring: Keyring, at: datetime | int | str, *, tenant: str
) -> tuple[str, dict[str, Any]]:
    """Return whose link it is, and the id and instant of the fact; the same request gives the same fact."""
    token, when = query.get(TOKEN), instant(at)
    claim = keyring.open(token, purpose=purpose, now=when, tenant=tenant)  # type: ignore[arg-type]  # it refuses what is no text
    return claim.customer, {"id": f"{purpose}:{fingerprint(str(token), str(when))}", "at": when}


def _click_purpose(message: str, target: str) -> str:
    return f"click:{fingerprint(message, target)}"


def _open_purpose(message: str) -> str:
    return f"open:{fingerprint(message)}"


def _page(url: str | None) -> str | None:
    return url and url.partition("?")[0]


def _is_target(url: str) -> bool:
    return len(url) <= LONGEST_TARGET and url.isprintable() and _TARGET.fullmatch(url) is not None


def _replaced(content: Content, links: _Links, *, plain: bool) -> Content:
    buttons = [each if each.url is None else evolve(each, url=links.click(each.url)) for each in content.buttons]
    entities = [each if each.url is None else evolve(each, url=links.click(each.url)) for each in content.entities]
    text, html = content.text, content.html
    if plain and not entities:  # they would no longer stand where their texts are
        text = _WRITTEN.sub(lambda found: links.click(found[0]), text)
    if html is not None:
        html = _Anchors(html, links.click).replaced()
    return evolve(content, text=text, html=html, buttons=buttons, entities=entities)


def _with_picture(html: str, picture: str) -> str:
    end = html.lower().rfind("</body")
    return html + picture if end < 0 else html[:end] + picture + html[end:]


class _Anchors(HTMLParser):
    """Writes the links of HTML anew, and copies everything else as it is."""

    def __init__(self, html: str, click: Callable[[str], str]) -> None:
        super().__init__(convert_charrefs=True)
        self._html = html
        self._click = click
        self._lines = [0, *(found.end() for found in re.finditer("\n", html))]
        self._done: list[str] = []
        self._copied = 0

    def replaced(self) -> str:
        """Return the HTML with other links."""
        self.feed(self._html)
        self.close()
        return "".join([*self._done, self._html[self._copied :]])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at a tag."""
        self._look(tag, attrs, "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at a tag that ends itself."""
        self._look(tag, attrs, " /")

    def _look(self, tag: str, attrs: list[tuple[str, str | None]], end: str) -> None:
        """Write a tag anew that shall lead somewhere else."""
        links = {name: value for name, value in reversed(attrs) if name == "href" and value}
        target = links.get("href", "").strip()
        if tag not in ("a", "area") or (link := self._click(target)) == target:
            return
        line, column = self.getpos()
        start, old = self._lines[line - 1] + column, self.get_starttag_text() or ""
        held = [(name, link if name == "href" else value) for name, value in attrs]
        written = "".join(f" {name}" if value is None else f' {name}="{escape(value)}"' for name, value in held)
        self._done += [self._html[self._copied : start], f"<{tag}{written}{end}>"]
        self._copied = start + len(old)
