"""Links that invite: a token for the advocate, derived and never drawn, and a tag that only the shop can make.

What a link carries is ``token tag _ source``: 10 and 6 symbols, and the id of the place where it was shared. It fits
into the 64 characters of a Telegram deep link; a full UTM set would not, so it is looked up by the source.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from attrs import asdict, field, frozen

from retention_engine.errors import DefinitionError, TokenError, shown
from retention_engine.keys import LEAST_SECRET, framed, is_secret
from retention_engine.values import is_printable

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LONGEST_PAYLOAD = 64
PARAMETER = "ref"
_TOKEN, _TAG = 10, 6
_PAYLOAD = re.compile(f"([{ALPHABET}]{{{_TOKEN}}})([{ALPHABET}]{{{_TAG}}})(?:_([A-Za-z0-9_-]{{1,47}}))?", re.ASCII)
_SOURCE = re.compile(r"[A-Za-z0-9_-]{1,47}", re.ASCII)
_BOT = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}", re.ASCII)
_URL = re.compile(r"https://[A-Za-z0-9._~:/?@!$&'*+;=%\[\]-]+", re.ASCII)


def _check_part(_: Any, attribute: Any, value: Any) -> None:
    if value is not None and not is_printable(value):
        raise DefinitionError(
            f"{attribute.name} is a printable text of 1 to 200 characters or None, not {shown(value)}"
        )


@frozen(kw_only=True)
class Utm:
    """What a link tells programs that count visits."""

    source: str | None = field(default=None, validator=_check_part)
    medium: str | None = field(default=None, validator=_check_part)
    campaign: str | None = field(default=None, validator=_check_part)
    content: str | None = field(default=None, validator=_check_part)
    term: str | None = field(default=None, validator=_check_part)


@frozen
class Invitation:
    """What a genuine link says.

    Attributes:
        token: stands for the advocate.
        source: the id of the place where it was shared, or None.
    """

    token: str
    source: str | None = None


def _checked_secrets(given: bytes | Iterable[bytes]) -> tuple[bytes, ...]:
    secrets = (given,) if isinstance(given, bytes) else tuple(given)
    if not secrets or not all(map(is_secret, secrets)):
        raise DefinitionError(f"secrets are bytes, at least {LEAST_SECRET} of them each")
    return secrets


@frozen(eq=False)
class ReferralLinks:
    """Makes and reads the links of one programme; to change the secret, put the new one before the old one.

    Attributes:
        programme: whose links: those of another one are not genuine.
        secrets: the first signs, all of them are accepted; never shown.
    """

    programme: str = field(validator=_check_part)
    secrets: tuple[bytes, ...] = field(converter=_checked_secrets, repr=False)

    def token(self, customer: str) -> str:
        """Return what stands for a customer: 10 symbols, always the same."""
        return _symbols(_digest(self.secrets[0], "token", self.programme, customer), _TOKEN)

    def payload(self, customer: str, source: str | None = None) -> str:
        """Return what the link of a customer carries: at most 64 of ``A-Z a-z 0-9 _ -``.

        Args:
            source: the id of the place where it is shared: 1 to 47 of the same characters.

        Raises:
            DefinitionError: the source is no such id.
        """
        if source is not None and (not isinstance(source, str) or not _SOURCE.fullmatch(source)):
            raise DefinitionError(f"source is 1 to 47 letters, digits, _ and -, not {shown(source)}")
        token = self.token(customer)
        return f"{token}{self._tag(self.secrets[0], token, source)}{'' if source is None else f'_{source}'}"

    def read(self, payload: object) -> Invitation:
        """Return what a link says, if it is one of ours; whatever a stranger sends may be given to it.

        Raises:
            TokenError: it is not genuine, for whatever reason; always the same message.
        """
        found = _PAYLOAD.fullmatch(payload) if isinstance(payload, str) else None
        if found is None:
            raise TokenError
        token, tag, source = found.groups()
        good = [hmac.compare_digest(self._tag(secret, token, source), tag) for secret in self.secrets]
        if not any(good):
            raise TokenError
        return Invitation(token, source)

    def telegram(self, bot: str, customer: str, source: str | None = None) -> str:
        """Return the link that opens a bot; the bot hands what follows ``/start`` to ``read``.

        Raises:
            DefinitionError: the bot has no such name, or the source is no id.
        """
        if not isinstance(bot, str) or not _BOT.fullmatch(bot):
            raise DefinitionError(f"bot is its user name, 4 to 32 letters, digits and _, not {shown(bot)}")
        return f"https://t.me/{bot}?start={self.payload(customer, source)}"

    def web(self, url: str, customer: str, source: str | None = None, *, utm: Utm | None = None) -> str:
        """Return the link to a page, which hands its parameters to ``read_query``.

        Args:
            url: https, without a fragment.
            utm: for programs that count visits: what counts here is looked up by the signed source.

        Raises:
            DefinitionError: the URL is not https or holds what does not belong there, or the source is no id.
        """
        if not isinstance(url, str) or not _URL.fullmatch(url):
            raise DefinitionError(f"an https URL of plain ASCII without a fragment is needed, not {shown(url)}")
        words = {} if utm is None else {f"utm_{name}": part for name, part in asdict(utm).items() if part is not None}
        return f"{url}{'&' if '?' in url else '?'}{urlencode({PARAMETER: self.payload(customer, source), **words})}"

    def read_query(self, query: Mapping[str, object]) -> Invitation:
        """Return what the parameters of a page say.

        Raises:
            TokenError: they hold no genuine link.
        """
        return self.read(query.get(PARAMETER))

    def _tag(self, secret: bytes, token: str, source: str | None) -> str:
        return _symbols(_digest(secret, "link", self.programme, token, source or ""), _TAG)


def _digest(secret: bytes, *parts: str) -> bytes:
    return hmac.digest(secret, framed(*parts), "sha256")


def _symbols(digest: bytes, count: int) -> str:
    number = int.from_bytes(digest, "big")
    return "".join(ALPHABET[number >> 5 * place & 31] for place in range(count))
