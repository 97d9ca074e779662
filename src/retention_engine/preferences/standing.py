"""What a page or a menu shows: how things stand for one customer, as plain values without any language."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from fractions import Fraction
from typing import Any

from attrs import frozen

from retention_engine.errors import DefinitionError, shown
from retention_engine.state import EVERY, History, pair_id
from retention_engine.timing import to_instant, to_text
from retention_engine.view import View


@frozen(kw_only=True)
class Pause:
    """A break from messages; ``until`` in microseconds UTC, None: until they resume."""

    until: int | None

    def as_dict(self) -> dict[str, Any]:
        """Return the pause as plain values, the instant as ISO text."""
        return {"until": _when(self.until)}


@frozen(kw_only=True)
class Frequency:
    """At most ``count`` messages in ``seconds``."""

    count: int
    seconds: int

    def as_dict(self) -> dict[str, Any]:
        """Return the choice as plain values."""
        return {"count": self.count, "seconds": self.seconds}


@frozen(kw_only=True)
class Choice:
    """How things stand for one topic on one channel.

    Attributes:
        consent: ``none``, ``given`` (and perhaps to be confirmed), ``confirmed``, ``expired`` or ``refused``.
        since: when it was given or refused, microseconds UTC; None without either.
        source: where it was given.
        expires: when it ends or ended, microseconds UTC.
        pause: the longest pause in force that concerns it.
        frequency: the strictest choice of how often that concerns it.
    """

    channel: str
    topic: str
    consent: str
    since: int | None = None
    source: str | None = None
    expires: int | None = None
    pause: Pause | None = None
    frequency: Frequency | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the choice as plain values, instants as ISO text."""
        return {
            "channel": self.channel,
            "topic": self.topic,
            "consent": self.consent,
            "since": _when(self.since),
            "source": self.source,
            "expires": _when(self.expires),
            "pause": None if self.pause is None else self.pause.as_dict(),
            "frequency": None if self.frequency is None else self.frequency.as_dict(),
        }


@frozen(kw_only=True)
class Channel:
    """A channel: whether there is an address, and why it must not be used, if so."""

    name: str
    reachable: bool
    suppressed: str | None

    def as_dict(self) -> dict[str, Any]:
        """Return the channel as plain values."""
        return {"name": self.name, "reachable": self.reachable, "suppressed": self.suppressed}


@frozen(kw_only=True)
class Preferences:
    """What one customer allows and wants.

    Attributes:
        order: the channels they like, best first; empty when they did not say.
        pause: a pause of everything that is in force.
        frequency: the choice of how often that concerns everything.
        choices: one per channel and topic asked about, channel by channel.
    """

    customer: str
    channels: tuple[Channel, ...]
    order: tuple[str, ...]
    pause: Pause | None
    frequency: Frequency | None
    choices: tuple[Choice, ...]

    def of(self, channel: str, topic: str) -> Choice:
        """Return how things stand for one topic on one channel.

        Raises:
            DefinitionError: it was not asked about.
        """
        for each in self.choices:
            if (each.channel, each.topic) == (channel, topic):
                return each
        raise DefinitionError(f"{shown(channel)}/{shown(topic)} is none of the channels and topics asked about")

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON or a template; instants as ISO text."""
        return {
            "customer": self.customer,
            "channels": [each.as_dict() for each in self.channels],
            "order": list(self.order),
            "pause": None if self.pause is None else self.pause.as_dict(),
            "frequency": None if self.frequency is None else self.frequency.as_dict(),
            "choices": [each.as_dict() for each in self.choices],
        }


def _when(at: int | None) -> str | None:
    return None if at is None else to_text(at)


def preferences(
    seen: View | History,
    *,
    topics: Iterable[str],
    channels: Iterable[str],
    now: datetime | int | str | None = None,
) -> Preferences:
    """Return how things stand, for the topics and channels a shop offers.

    Args:
        seen: the customer; a history that keeps everything, such as ``fold(History("anna"), facts)``.
        topics: the shop's, in the order of the page.
        channels: the shop's, in the order of the page.
        now: needed with a history; a view has its own.

    Raises:
        DefinitionError: there is no now, or the history keeps only some collections.
    """
    if isinstance(seen, View):
        history, instant = seen.history, seen.now
    elif now is not None:
        history, instant = seen, to_instant(now)
    else:
        raise DefinitionError("preferences of a history need now=: a pause or a consent may have ended")
    if history.wanted is not None:
        raise DefinitionError("preferences need a history that keeps every collection: History(customer)")
    themes = tuple(topics)
    named = tuple(channels)
    order = next(iter(history.records("channel_order")), None)
    return Preferences(
        customer=history.customer,
        channels=tuple(_channel(history, name) for name in named),
        order=() if order is None else order.channels,
        pause=_pause(history, instant, (EVERY, EVERY)),
        frequency=_frequency(history, (EVERY, EVERY)),
        choices=tuple(_choice(history, instant, (name, topic)) for name in named for topic in themes),
    )


def _channel(history: History, name: str) -> Channel:
    row: Any = history.find("suppressions", name)
    reachable = history.find("contacts", name) is not None
    return Channel(name=name, reachable=reachable, suppressed=None if row is None else row.reason)


def _concerning(history: History, collection: str, pair: tuple[str, str]) -> list[Any]:
    """Return the records that concern a channel and topic; of ``*`` and ``*`` only those about everything."""
    rows = history.records(collection)
    return [row for row in rows if row.channel in (EVERY, pair[0]) and row.topic in (EVERY, pair[1])]


def _pause(history: History, now: int, pair: tuple[str, str]) -> Pause | None:
    ends = [row.until for row in _concerning(history, "pauses", pair) if row.until is None or row.until > now]
    if not ends:
        return None
    return Pause(until=None if None in ends else int(max(ends)))


def _frequency(history: History, pair: tuple[str, str]) -> Frequency | None:
    rows = _concerning(history, "frequencies", pair)
    strictest = min(rows, key=lambda row: (Fraction(row.count, row.seconds), row.count), default=None)
    return None if strictest is None else Frequency(count=strictest.count, seconds=strictest.seconds)


def _choice(history: History, now: int, pair: tuple[str, str]) -> Choice:
    given: Any = history.find("consents", pair_id(*pair))
    refusals = _concerning(history, "refusals", pair)
    common: dict[str, Any] = {"channel": pair[0], "topic": pair[1]}
    common |= {"pause": _pause(history, now, pair), "frequency": _frequency(history, pair)}
    if given is not None:
        ended = given.expires is not None and given.expires <= now
        state = "expired" if ended else "confirmed" if given.confirmed else "given"
        expires = None if given.expires is None else int(given.expires)
        return Choice(consent=state, since=given.at, source=given.source, expires=expires, **common)
    if refusals:
        return Choice(consent="refused", since=refusals[-1].at, **common)
    return Choice(consent="none", **common)
