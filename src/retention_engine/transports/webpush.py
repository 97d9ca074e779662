"""Notifications in browsers: encrypted for each of them, signed by the shop; needs the extra ``webpush``."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from collections.abc import Sequence
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from attrs import field, frozen

from retention_engine.envelopes import Envelope, NotSent, Rejected, SendOutcome, Sent, Unknown
from retention_engine.errors import DefinitionError, MissingExtra, shown
from retention_engine.keys import fingerprint
from retention_engine.timing import SECOND
from retention_engine.transports.base import Ready, always, too_late, unsuitable
from retention_engine.transports.hiding import Secret
from retention_engine.transports.http import Failure, Reply, Request, Settings, seconds
from retention_engine.transports.posting import AsyncPosts, Poster, Posts
from retention_engine.transports.webhook.guard import Resolve, resolve_host, target_of

LARGEST_NOTE = 3_900
"""Bytes of a notification: encrypted, it has to fit into 4,096."""
_SIGNED_FOR = 12 * 3_600
_POINT, _AUTH = 65, 16


class WebPushCode(StrEnum):
    """Why a push service did not take a notification. Codes are stored and never renamed or reused."""

    RATE_LIMITED = "webpush_rate_limited"
    GONE = "webpush_gone"
    BAD_SUBSCRIPTION = "webpush_bad_subscription"
    TOO_LARGE = "webpush_too_large"
    NOT_AUTHENTIC = "webpush_not_authentic"
    REFUSED = "webpush_refused"
    SERVER_ERROR = "webpush_server_error"
    NO_ANSWER = "webpush_no_answer"
    UNREACHED = "webpush_unreached"


@frozen(kw_only=True)
class PushKey:
    """The key a shop made for Web Push (VAPID); its public half is what browsers were given to subscribe.

    Attributes:
        private: PEM, or base64url of the raw key or of DER.
        contact: whom push services write to when something is wrong: ``mailto:...`` or an https URL.
    """

    private: Secret
    contact: str = field()

    @contact.validator
    def _reachable(self, _: object, value: Any) -> None:
        if not isinstance(value, str) or not value.startswith(("mailto:", "https://")):
            raise DefinitionError(f"contact is mailto:... or an https URL, not {shown(value)}")


@frozen(kw_only=True)
class Subscription:
    """What a browser said when it subscribed; the address of an envelope is its JSON."""

    endpoint: str = field(repr=False)
    keys: dict[str, str] = field(repr=False)

    @classmethod
    def of(cls, text: str) -> Subscription:
        """Read what ``JSON.stringify(subscription)`` gave.

        Raises:
            DefinitionError: it is no subscription.
        """
        try:
            found = json.loads(text)
            endpoint, keys = found["endpoint"], {name: found["keys"][name] for name in ("p256dh", "auth")}
            sizes = [len(urlsafe_b64decode(value + "=" * (-len(value) % 4))) for value in keys.values()]
        except (ValueError, LookupError, TypeError, NotBase64, RecursionError):
            raise DefinitionError("a subscription is JSON with endpoint and keys") from None
        if sizes != [_POINT, _AUTH] or not isinstance(endpoint, str):
            raise DefinitionError("a subscription has an endpoint, a key of 65 bytes and a secret of 16")
        return cls(endpoint=endpoint, keys=keys)


def note_of(envelope: Envelope) -> bytes:
    """Return what the service worker of the shop is given as JSON.

    Raises:
        DefinitionError: a notification cannot show it.
    """
    content = envelope.content
    if content.poll or content.document or content.keyboard or any(each.url is None for each in content.buttons):
        raise DefinitionError(
            "a notification has a title, a text, a picture and links; nothing else can be shown in it"
        )
    said: dict[str, Any] = {
        "title": content.subject,
        "body": content.text,
        "image": content.photo,
        "links": [{"text": each.text, "url": each.url} for each in content.buttons],
        "key": envelope.key,
    }
    data = json.dumps({name: value for name, value in said.items() if value}, ensure_ascii=False).encode()
    if len(data) > LARGEST_NOTE:
        raise DefinitionError(f"a notification has at most {LARGEST_NOTE} bytes, not {len(data)}")
    return data


def webpush_outcome(reply: Reply, id: str) -> SendOutcome:
    """Return what the answer of a push service means."""
    if isinstance(reply, Failure):
        lost = WebPushCode.NO_ANSWER if reply.written else WebPushCode.UNREACHED
        return Unknown(lost, reply.text) if reply.written else NotSent(lost, reply.text)
    status, text = reply.status, f"status {reply.status}"
    if 200 <= status < 300:
        return Sent(id, text=text)
    if status == 429:
        return NotSent(WebPushCode.RATE_LIMITED, text, retry_after=seconds(reply.headers), scope="channel")
    if status in (404, 410):
        return Rejected(WebPushCode.GONE, text, scope="address")
    if status == 413:
        return Rejected(WebPushCode.TOO_LARGE, text, scope="template")
    if status in (401, 403):
        return Rejected(WebPushCode.NOT_AUTHENTIC, text, scope="channel")
    return Rejected(WebPushCode.REFUSED, text) if 300 <= status < 500 else Unknown(WebPushCode.SERVER_ERROR, text)


class _Push(Poster):
    """What both clients share; the address of an envelope is the JSON of a subscription."""

    def __init__(
        self,
        key: PushKey,
        *,
        ttl: int = 86_400,
        networks: Sequence[str] = (),
        client: Any = None,
        timeout: float = 20.0,
        verify: Any = True,
        resolve: Resolve = resolve_host,
        ready: Ready = always,
    ) -> None:
        """Read the key; nothing is opened before the first message.

        Raises:
            DefinitionError: the key is none. MissingExtra: pywebpush is not installed.
        """
        self._signer = _Vapid(key)
        self._ttl = ttl
        self._networks = tuple(networks)
        self._resolve = resolve
        self._ready = ready
        self.use(client, Settings(wait=timeout, verify=verify, pinned=True, extra="webpush"))

    def request_of(self, envelope: Envelope) -> Request | SendOutcome:
        """Return the request, or why there is none."""
        try:
            note = note_of(envelope)
        except DefinitionError as error:
            return unsuitable(error)
        try:
            subscription = Subscription.of(envelope.address)
            target = target_of(subscription.endpoint, self._resolve, self._networks)
            body = _encrypted(subscription, note)
            signed = self._signer.sign(subscription.endpoint, envelope.at // SECOND + _SIGNED_FOR)
        except DefinitionError as error:
            return Rejected(WebPushCode.BAD_SUBSCRIPTION, str(error), scope="address")
        if target is None:
            return NotSent(WebPushCode.UNREACHED, "no address")
        if not self._ready(envelope):
            return too_late()
        headers = {
            "host": target.host,
            "authorization": signed,
            "content-encoding": "aes128gcm",
            "content-type": "application/octet-stream",
            "ttl": str(self._ttl),
            "topic": _topic(envelope),
        }
        return Request(url=target.url, headers=headers, body=body, hostname=target.hostname, wants_body=False)

    def outcome_of(self, envelope: Envelope, reply: Reply) -> SendOutcome:
        """Return what the answer means."""
        return webpush_outcome(reply, _topic(envelope))


def _topic(envelope: Envelope) -> str:
    """Return what is the same for every attempt: a repeated one takes the place of one that was not shown yet."""
    return fingerprint(envelope.key)


class _Vapid:
    """Signs that a notification is the shop's."""

    def __init__(self, key: PushKey) -> None:
        """Read the key, and sign once to see whether it can."""
        try:
            from py_vapid import Vapid02
        except ImportError:
            raise MissingExtra("webpush", "pywebpush") from None
        private, self._contact = key.private.reveal(), key.contact
        try:
            self._key = Vapid02.from_pem(private.encode()) if "-----" in private else Vapid02.from_string(private)
        except Exception:  # noqa: BLE001 - whatever cannot be read is no key; the error may hold a part of it
            raise DefinitionError("private is no key: PEM, or base64url of the raw key or of DER, is needed") from None
        self.sign("https://push.example.org", _SIGNED_FOR)

    def sign(self, endpoint: str, until: int) -> str:
        """Return the header ``Authorization`` for the service of an endpoint, good until then (seconds since 1970)."""
        parts = urlsplit(endpoint)
        claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": until, "sub": self._contact}
        try:
            return str(self._key.sign(claims)["Authorization"])
        except Exception:  # noqa: BLE001 - it refuses services and contacts it knows no form of
            raise DefinitionError("the service of a subscription, or the contact, is none that can be signed") from None


def _encrypted(subscription: Subscription, note: bytes) -> bytes:
    from pywebpush import WebPusher

    known = {"endpoint": subscription.endpoint, "keys": subscription.keys}
    try:
        return bytes(WebPusher(known).encode(note)["body"])
    except Exception:  # noqa: BLE001 - the key of a subscription may be a point that is on no curve
        raise DefinitionError("the key of a subscription is none") from None


class WebPushTransport(_Push, Posts):
    """Sends notifications to browsers; the address of an envelope is the JSON of a subscription.

    Attributes:
        pace: how the channel wants to be called.

    Args:
        key: of the shop.
        ttl: seconds a push service keeps a notification for a browser that is not there.
        networks: allowed besides the public ones.
        client: your own ``httpx2.Client``, which should follow no redirects and use no proxy.
        timeout: seconds to wait for the answer.
        verify: an ``ssl.SSLContext``, or True for the usual one.
        resolve: returns the addresses of a host.
        ready: asked before each call.
    """


class AsyncWebPushTransport(_Push, AsyncPosts):
    """The same for an event loop; names are resolved and notes encrypted in a thread.

    Attributes:
        pace: how the channel wants to be called.
    """
