"""Links in messages: one-click unsubscription as RFC 8058 wants it, and the confirmation of a double opt-in.

Opening a link (GET) only describes a page: mail scanners and previews open links, too. Only its form (POST) acts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime

from attrs import frozen

from retention_engine.errors import DefinitionError, TokenError, shown
from retention_engine.facts import ConsentConfirmed, ConsentWithdrawn, Fact
from retention_engine.facts.base import instant
from retention_engine.keys import fingerprint
from retention_engine.preferences.texts import text
from retention_engine.preferences.tokens import CONFIRM, UNSUBSCRIBE, Claim, Keyring

Links = Callable[[str, str, str | None], str]
"""Makes a link out of a customer, a channel and perhaps a topic."""
ONE_CLICK = "List-Unsubscribe=One-Click"
LONGEST_BODY = 2_000
_LONGEST_HEADER = 998 - len("List-Unsubscribe: <>")
_NAME, _VALUE = ONE_CLICK.split("=")
_URL = re.compile(r"https://[A-Za-z0-9._~:/?@!$&'*+;=%\[\]-]+", re.ASCII)
_MULTIPART = re.compile(
    r'--[^\r\n]{1,200}\r?\ncontent-disposition: *form-data; *name="?list-unsubscribe"?'
    r"(?:\r?\n[^\r\n]{1,200})?\r?\n\r?\none-click\r?\n--[^\r\n]{1,202}(?:\r?\n)?",
    re.IGNORECASE | re.ASCII,
)


@frozen(kw_only=True)
class Page:
    """What to show to whoever opens a link; its form sends the token back by POST. Escape the texts for HTML.

    Attributes:
        claim: what the token says.
        title: of the page.
        question: above the button.
        button: what the button says.
    """

    claim: Claim
    title: str
    question: str
    button: str


def unsubscribe_headers(url: str, token: str) -> dict[str, str]:
    """Return the two headers of a message that can be unsubscribed from by one click; DKIM has to cover both.

    Args:
        url: where to POST, https; the token is added as ``token=``.
        token: signed for ``unsubscribe``.

    Raises:
        DefinitionError: the URL is not https, holds what does not belong there, or is too long for a header.
    """
    return {"List-Unsubscribe": f"<{_whole(checked_url(url), token)}>", "List-Unsubscribe-Post": ONE_CLICK}


def unsubscribe_links(keyring: Keyring, url: str, *, tenant: str = "") -> Links:
    """Return what makes the link of a message: (customer, channel, topic) -> URL, always the same for the same three.

    The URL takes both the POST of one-click unsubscription and, opened by a person, shows ``unsubscribe_page``.

    Args:
        keyring: signs the links.
        url: where to POST, https; the token is added as ``token=``.
        tenant: whose links they are.

    Raises:
        DefinitionError: the URL is not https, or holds what does not belong there.
    """
    where = checked_url(url)

    def link(customer: str, channel: str, topic: str | None) -> str:
        token = keyring.sign(UNSUBSCRIBE, customer=customer, tenant=tenant, channel=channel, topic=topic)
        return _whole(where, token)

    return link


def checked_url(url: str) -> str:
    """Return a URL to which parameters can be added.

    Raises:
        DefinitionError: it is not https, or holds what does not belong there.
    """
    if not isinstance(url, str) or not _URL.fullmatch(url):
        raise DefinitionError(f"an https URL of plain ASCII without a fragment is needed, not {shown(url)}")
    return url


def _whole(url: str, token: str) -> str:
    if not isinstance(token, str) or not re.fullmatch(r"[A-Za-z0-9_-]+", token, re.ASCII):
        raise DefinitionError("the token is what Keyring.sign returned")
    whole = f"{url}{'&' if '?' in url else '?'}token={token}"
    if len(whole) > _LONGEST_HEADER:
        raise DefinitionError(
            f"URL and token have {len(whole)} characters, at most {_LONGEST_HEADER} fit into a header"
        )
    return whole


def one_click(
    token: str,
    body: Mapping[str, object] | str | bytes,
    *,
    keyring: Keyring,
    at: datetime | int | str,
    tenant: str = "",
) -> list[Fact]:
    """Return the withdrawal that a POST to the URL of ``List-Unsubscribe`` means; no cookie, no login, no redirect.

    A token without topic ends every topic of its channel, one without channel every channel. The same POST gives the
    same fact.

    Args:
        token: from the URL.
        body: as received, URL-encoded or multipart, or as the framework parsed it.
        keyring: the keys.
        at: when it was received.
        tenant: whose token it must be.

    Raises:
        TokenError: the token is not valid, or the body is not ``List-Unsubscribe=One-Click``.
    """
    claim = keyring.open(token, purpose=UNSUBSCRIBE, now=at, tenant=tenant)
    if not _is_one_click(body):
        raise TokenError
    return [_withdrawal(claim, token, instant(at))]


def unsubscribe(token: str, *, keyring: Keyring, at: datetime | int | str, tenant: str = "") -> list[Fact]:
    """Return the withdrawal that the button of the page means.

    Raises:
        TokenError: the token is not valid.
    """
    return [_withdrawal(keyring.open(token, purpose=UNSUBSCRIBE, now=at, tenant=tenant), token, instant(at))]


def confirm(token: str, *, keyring: Keyring, at: datetime | int | str, tenant: str = "") -> list[Fact]:
    """Return the confirmation that the button of a double opt-in means; its token names channel and topic.

    Raises:
        TokenError: the token is not valid, or names no channel or no topic.
    """
    claim = keyring.open(token, purpose=CONFIRM, now=at, tenant=tenant)
    if claim.channel is None or claim.topic is None:
        raise TokenError
    when = instant(at)
    made = _id(CONFIRM, token, when)
    where = {"channel": claim.channel, "topic": claim.topic}
    return [ConsentConfirmed(id=made, customer=claim.customer, at=when, proof=made, **where)]


def unsubscribe_page(
    token: str, *, keyring: Keyring, now: datetime | int | str, tenant: str = "", language: str | None = None
) -> Page:
    """Return what to show when the link is opened; nothing is changed by it.

    Raises:
        TokenError: the token is not valid.
    """
    claim = keyring.open(token, purpose=UNSUBSCRIBE, now=now, tenant=tenant)
    asked = "unsubscribe_question" if claim.topic is None else "unsubscribe_topic"
    return _page("unsubscribe", claim, asked, language)


def confirm_page(
    token: str, *, keyring: Keyring, now: datetime | int | str, tenant: str = "", language: str | None = None
) -> Page:
    """Return what to show when the link of a double opt-in is opened; nothing is changed by it.

    Raises:
        TokenError: the token is not valid.
    """
    claim = keyring.open(token, purpose=CONFIRM, now=now, tenant=tenant)
    return _page("confirm", claim, "confirm_question", language)


def _page(what: str, claim: Claim, asked: str, language: str | None) -> Page:
    question = text(asked, language, topic=claim.topic or "")
    title, button = text(f"{what}_title", language), text(f"{what}_button", language)
    return Page(claim=claim, title=title, question=question, button=button)


def _withdrawal(claim: Claim, token: str, at: int) -> Fact:
    where = {"channel": claim.channel, "topic": claim.topic}
    return ConsentWithdrawn(id=_id(UNSUBSCRIBE, token, at), customer=claim.customer, at=at, **where)


def _id(purpose: str, token: str, at: int) -> str:
    return f"{purpose}:{fingerprint(token, str(at))}"


def _is_one_click(body: object) -> bool:
    if isinstance(body, Mapping):
        return list(body) == [_NAME] and body[_NAME] in (_VALUE, [_VALUE])
    if isinstance(body, bytes):
        body = body[: LONGEST_BODY + 1].decode("ascii", "replace")
    if not isinstance(body, str) or len(body) > LONGEST_BODY:
        return False
    return body.strip() == ONE_CLICK or _MULTIPART.fullmatch(body) is not None
