"""What a preference page changes: a plain mapping becomes facts, all of them or none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from attrs import define, field

from retention_engine.errors import FactError, TokenError, nearest, shown
from retention_engine.facts import (
    ChannelsChosen,
    ConsentGiven,
    ConsentWithdrawn,
    Fact,
    FrequencyChosen,
    Paused,
    Resumed,
)
from retention_engine.facts.base import instant
from retention_engine.preferences.tokens import PREFERENCES, Claim
from retention_engine.values import is_printable

FIELDS = ("channels", "frequency", "pause", "topics", "unsubscribe")
SOURCE = "preferences"
"""The source of consents given on a preference page."""

LONGEST_CHANGE = 120
MOST_CHOICES = 200


def change(
    claim: Claim,
    form: Mapping[str, Any],
    *,
    at: datetime | int | str,
    id: str,
    topics: Collection[str] | None = None,
    channels: Collection[str] | None = None,
) -> list[Fact]:
    """Return the facts of one submitted form; record them together.

    What the claim is bound to bounds the change: of a channel, of a topic, or of everything. The same form under the
    same id gives the same facts. The form may hold ``topics`` (topic -> yes/no, or topic -> channel -> yes/no),
    ``frequency`` (count and seconds, None lifts it), ``pause`` (an instant; True: without end; False: resume),
    ``channels`` (best first) and ``unsubscribe`` (True: no more messages at all).

    Args:
        claim: an opened token of purpose ``preferences``, or a claim made by a bot that knows whom it talks to.
        form: what was submitted, as plain values.
        at: when it was submitted.
        id: the id of the submission, at most 120 characters; ids of the facts follow from it.
        topics: the shop's; None: any.
        channels: the shop's; None: any.

    Raises:
        TokenError: the claim was made for another purpose.
        FactError: anything is wrong with the form; its place names the field. There are no facts then.
    """
    if claim.purpose != PREFERENCES:
        raise TokenError
    if not is_printable(id) or len(id) > LONGEST_CHANGE:
        raise FactError(f"id is a printable text of 1 to {LONGEST_CHANGE} characters, not {shown(id)}")
    if not isinstance(form, Mapping):
        raise FactError(f"a form is a mapping of {', '.join(FIELDS)}, not {shown(form)}")
    for name in form:
        if name not in FIELDS:
            raise FactError(f"unknown name {shown(name)}{nearest(name, FIELDS)}", place="form")
    writer = _Writer(claim, instant(at), id, topics, channels)
    return [fact for name in FIELDS if name in form for fact in writer.write(name, form)]


@define
class _Writer:
    """Facts about one claim, numbered as they are made."""

    claim: Claim
    at: int
    id: str
    topics: Collection[str] | None
    channels: Collection[str] | None
    made: list[str] = field(factory=list)

    def write(self, name: str, form: Mapping[str, Any]) -> list[Fact]:
        """Return the facts of one field of the form."""
        steps = {
            "channels": self._order,
            "frequency": self._frequency,
            "pause": self._pause,
            "topics": self._topics,
            "unsubscribe": self._unsubscribe,
        }
        if name == "topics" and form.get("unsubscribe") is True:
            raise FactError("topics are left out of a form that unsubscribes from everything", place="topics")
        try:
            return steps[name](form[name])
        except FactError as error:
            raise error if error.place else FactError(str(error), place=name) from None

    def _common(self, kind: str) -> dict[str, Any]:
        self.made.append(kind)
        return {"id": f"{self.id}:{kind}:{self.made.count(kind)}", "customer": self.claim.customer, "at": self.at}

    def _scope(self) -> dict[str, Any]:
        return {"channel": self.claim.channel, "topic": self.claim.topic}

    def _order(self, value: object) -> list[Fact]:
        if self.claim.channel is not None or self.claim.topic is not None:
            raise FactError("the order of channels is changed with a link that is bound to no channel and no topic")
        fact = ChannelsChosen(channels=value, **self._common("channels"))  # type: ignore[arg-type]  # it refuses what is no list
        for name in fact.channels:
            self._known("channel", name, self.channels)
        return [fact]

    def _frequency(self, value: object) -> list[Fact]:
        if value is None:
            return [FrequencyChosen(count=None, **self._scope(), **self._common("frequency"))]
        if not isinstance(value, Mapping) or set(value) != {"count", "seconds"}:
            raise FactError(f"a mapping of count and seconds is needed, or None, not {shown(value)}")
        return [FrequencyChosen(**value, **self._scope(), **self._common("frequency"))]

    def _pause(self, value: object) -> list[Fact]:
        if value is False or value is None:
            return [Resumed(**self._scope(), **self._common("pause"))]
        until = None if value is True else instant(value)  # type: ignore[arg-type]  # it refuses what is no instant
        if until is not None and until <= self.at:
            raise FactError(f"a pause ends after it begins, not at {shown(value)}")
        return [Paused(until=until, **self._scope(), **self._common("pause"))]

    def _unsubscribe(self, value: object) -> list[Fact]:
        if not isinstance(value, bool):
            raise FactError(f"True or False is needed, not {shown(value)}")
        return [ConsentWithdrawn(**self._scope(), **self._common("unsubscribe"))] if value else []

    def _topics(self, value: object) -> list[Fact]:
        if not isinstance(value, Mapping) or len(value) > MOST_CHOICES:
            raise FactError(f"a mapping of at most {MOST_CHOICES} topics is needed, not {shown(value)}")
        for topic in value:
            self._known("topic", topic, self.topics)
        return [fact for topic in sorted(value) for fact in self._topic(topic, value[topic])]

    def _topic(self, topic: str, value: object) -> list[Fact]:
        if self.claim.topic not in (None, topic):
            raise FactError(f"topic {topic!r} is not what this link is for", place=f"topics.{topic}")
        wanted = value if isinstance(value, Mapping) else {self.claim.channel: value}
        if len(wanted) > MOST_CHOICES:
            raise FactError(f"at most {MOST_CHOICES} channels, not {len(wanted)}", place=f"topics.{topic}")
        for channel in wanted:
            if channel is not None or isinstance(value, Mapping):
                self._known("channel", channel, self.channels)
        return [self._consent(channel, topic, wanted[channel]) for channel in sorted(wanted, key=str)]

    def _consent(self, channel: str | None, topic: str, value: object) -> Fact:
        place = f"topics.{topic}"
        if not isinstance(value, bool):
            raise FactError(f"True or False is needed, not {shown(value)}", place=place)
        if self.claim.channel not in (None, channel):
            raise FactError(f"channel {shown(channel)} is not what this link is for", place=place)
        if not value:
            return ConsentWithdrawn(channel=channel, topic=topic, **self._common("topic"))
        if channel is None:
            raise FactError("to agree, say on which channel: topic -> channel -> True", place=place)
        return ConsentGiven(channel=channel, topic=topic, source=SOURCE, proof=self.id, **self._common("topic"))

    @staticmethod
    def _known(what: str, name: object, allowed: Collection[str] | None) -> None:
        if not is_printable(name) or name == "*":
            raise FactError(f"a {what} is a printable text of 1 to 200 characters but not '*', not {shown(name)}")
        if allowed is not None and name not in allowed:
            raise FactError(f"unknown {what} {shown(name)}{nearest(name, allowed)}")
