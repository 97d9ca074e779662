"""Signed links: who may change what, for which purpose and until when; hard to forge, useless for anything else.

A token is ``base64url(body, tag)``. The body holds the key's id, customer, channel, topic and expiry; the tag is an
HMAC-SHA256 over version, purpose, tenant and everything in the body, each part with its length in front. Purpose and
tenant are not in the body: whoever opens a token has to say which ones are meant. The compact form fits into the 64
characters of a Telegram deep link: shorter lengths, whole seconds, a tag of 96 bits instead of 128.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime

from attrs import field, frozen

from retention_engine.errors import DefinitionError, TimeError, TokenError, shown
from retention_engine.keys import LEAST_SECRET, check_current, framed, named_secrets
from retention_engine.timing import SECOND, to_instant
from retention_engine.values import LONGEST_ID, is_printable

PREFERENCES, UNSUBSCRIBE, CONFIRM, START = "preferences", "unsubscribe", "confirm", "start"
"""The purposes of the functions in this package; a shop may add its own."""

LONGEST_START = 64
_LONGEST_TOKEN = 6_000
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,16}", re.ASCII)


@frozen(kw_only=True)
class Claim:
    """What an opened token says, or what a bot knows about whom it talks to.

    Attributes:
        purpose: what it was signed for.
        channel: the only channel it may change; None: every one.
        topic: the only topic it may change; None: every one.
        expires: the instant from which the token was no longer valid, microseconds UTC, or None.
    """

    purpose: str
    customer: str
    tenant: str = ""
    channel: str | None = None
    topic: str | None = None
    expires: int | None = None


@frozen
class _Form:
    """One way to write tokens: sizes in bytes, and the microseconds of one unit of the expiry."""

    version: int
    length: int
    expiry: int
    unit: int
    tag: int


_LONG = _Form(version=1, length=2, expiry=8, unit=1, tag=16)
_COMPACT = _Form(version=2, length=1, expiry=5, unit=SECOND, tag=12)
_FORMS = {form.version: form for form in (_LONG, _COMPACT)}


def _checked_secrets(given: Mapping[str, bytes]) -> dict[str, bytes]:
    ids = "1 to 16 letters, digits, - and _"
    return named_secrets(given, lambda name: _KEY_ID.fullmatch(name) is not None, ids, least=LEAST_SECRET)


@frozen(eq=False)
class Keyring:
    """The secrets that sign links; to change keys, add a new one, make it current, and drop the old one much later.

    Attributes:
        secrets: id of a key -> at least 16 secret bytes; never shown.
        current: the id of the key that signs; all of them open.
    """

    secrets: dict[str, bytes] = field(converter=_checked_secrets, repr=False)
    current: str = field(kw_only=True, validator=check_current)

    def sign(
        self,
        purpose: str,
        *,
        customer: str,
        tenant: str = "",
        channel: str | None = None,
        topic: str | None = None,
        expires: datetime | int | str | None = None,
    ) -> str:
        """Return a token of letters, digits, ``-`` and ``_``, for use in a URL.

        Raises:
            DefinitionError: a name is empty, too long or not printable, or the expiry is no instant.
        """
        until = None if expires is None else _instant(expires, "expires")
        parts = {"tenant": tenant, "channel": channel, "topic": topic, "expires": until}
        return self._sign(_LONG, _checked(Claim(purpose=purpose, customer=customer, **parts)))  # type: ignore[arg-type]  # each value has the type of its name

    def sign_start(
        self,
        *,
        customer: str,
        tenant: str = "",
        topic: str | None = None,
        expires: datetime | int | str | None = None,
    ) -> str:
        """Return a compact token for ``https://t.me/<bot>?start=<token>``; the expiry is rounded down to a second.

        Raises:
            DefinitionError: as ``sign``, or it has more than 64 characters: then sign a short id of your own.
        """
        until = None if expires is None else _instant(expires, "expires") // SECOND * SECOND
        claim = _checked(Claim(purpose=START, customer=customer, tenant=tenant, topic=topic, expires=until))
        if sum(len(part.encode()) for part in (customer, topic or "")) > LONGEST_START:
            raise DefinitionError(f"a start token is for short ids: {shown(customer)} and the topic do not fit")
        token = self._sign(_COMPACT, claim)
        if len(token) > LONGEST_START:
            raise DefinitionError(
                f"a start token has at most {LONGEST_START} characters, this one {len(token)}: "
                f"sign a shorter id than {shown(customer)}, or leave out topic or expiry"
            )
        return token

    def open(self, token: str, *, purpose: str, now: datetime | int | str, tenant: str = "") -> Claim:
        """Return what a token says, if it was signed for this purpose and tenant and has not expired.

        Raises:
            TokenError: it is not valid, for whatever reason; always the same message.
            DefinitionError: ``now`` is no instant.
        """
        instant = _instant(now, "now")
        form, key, claim, tag = _read(token, purpose, tenant)
        secret = self.secrets.get(key)
        if secret is None or not hmac.compare_digest(_tag(form, key, secret, claim), tag):
            raise TokenError
        if claim.expires is not None and instant >= claim.expires:
            raise TokenError
        return claim

    def _sign(self, form: _Form, claim: Claim) -> str:
        tag = _tag(form, self.current, self.secrets[self.current], claim)
        return _text(_body(form, self.current, claim) + tag)


def _instant(value: datetime | int | str, name: str) -> int:
    try:
        return to_instant(value)
    except TimeError as error:
        raise DefinitionError(f"{name}: {error}") from None


def _checked(claim: Claim) -> Claim:
    names = {"purpose": claim.purpose, "customer": claim.customer, "channel": claim.channel, "topic": claim.topic}
    for name, value in (names | {"tenant": claim.tenant or None}).items():
        if not (value is None and name in ("channel", "topic", "tenant")) and not is_printable(value):
            raise DefinitionError(f"{name} is a printable text of 1 to {LONGEST_ID} characters, not {shown(value)}")
    if "*" in (claim.channel, claim.topic):
        raise DefinitionError("channel and topic are names, not '*'; leave them out to mean every one")
    if claim.expires is not None and claim.expires < 0:
        raise DefinitionError(f"expires lies before 1970: {claim.expires}")
    return claim


def _signed(form: _Form, key: str, claim: Claim) -> bytes:
    """Return what is signed: every part with its length in front, so that no two claims give the same bytes."""
    until = None if claim.expires is None else str(claim.expires)
    parts = (claim.purpose, claim.tenant, key, claim.customer, claim.channel, claim.topic, until)
    return bytes([form.version]) + b"".join(b"\xff" * 4 if part is None else framed(part) for part in parts)


def _tag(form: _Form, key: str, secret: bytes, claim: Claim) -> bytes:
    return hmac.digest(secret, _signed(form, key, claim), "sha256")[: form.tag]


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _body(form: _Form, key: str, claim: Claim) -> bytes:
    flags = sum(1 << place for place, held in enumerate(_optional(claim)) if held is not None)
    texts = [text for text in (key, claim.customer, claim.channel, claim.topic) if text is not None]
    until = b"" if claim.expires is None else (claim.expires // form.unit).to_bytes(form.expiry, "big")
    head = bytes([form.version << 4 | flags])
    return head + framed(*texts, width=form.length) + until


def _optional(claim: Claim) -> tuple[object, object, object]:
    return (claim.channel, claim.topic, claim.expires)


def _read(token: object, purpose: str, tenant: str) -> tuple[_Form, str, Claim, bytes]:
    """Take a token apart; nothing of it is true before its tag was compared."""
    if not isinstance(token, str) or not 0 < len(token) <= _LONGEST_TOKEN or not token.isascii():
        raise TokenError
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        if _text(raw) != token:  # one token, one way to write it
            raise TokenError
        form = _FORMS[raw[0] >> 4]
        return form, *_parts(form, raw, purpose, tenant), raw[-form.tag :]
    except (ValueError, IndexError, KeyError):
        raise TokenError from None


def _parts(form: _Form, raw: bytes, purpose: str, tenant: str) -> tuple[str, Claim]:
    flags, rest = raw[0] & 15, raw[1 : -form.tag]
    key, rest = _taken(form, rest)
    customer, rest = _taken(form, rest)
    named: dict[str, str | None] = {"channel": None, "topic": None}
    for name, flag in (("channel", 1), ("topic", 2)):
        if flags & flag:
            named[name], rest = _taken(form, rest)
    if flags > 7 or len(rest) != (form.expiry if flags & 4 else 0):
        raise TokenError
    until = int.from_bytes(rest, "big") * form.unit if flags & 4 else None
    return key, Claim(purpose=purpose, customer=customer, tenant=tenant, expires=until, **named)


def _taken(form: _Form, rest: bytes) -> tuple[str, bytes]:
    size, rest = int.from_bytes(rest[: form.length], "big"), rest[form.length :]
    if size > len(rest):
        raise TokenError
    return rest[:size].decode(), rest[size:]
