"""What a customer and the shop said about messages, read off plain facts: the latest by (at, id) counts."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, TypeVar

from retention_engine import facts as f

_Fact = TypeVar("_Fact", bound=f.Fact)
Scope = tuple[str | None, str | None]


def latest(facts: Iterable[f.Fact], kind: type[_Fact], **wanted: object) -> _Fact | None:
    """Return the latest fact of a kind whose fields hold what is wanted."""
    found = [fact for fact in facts if isinstance(fact, kind)]
    found = [fact for fact in found if all(getattr(fact, name) == value for name, value in wanted.items())]
    return max(found, key=_key, default=None)


def _key(fact: f.Fact) -> tuple[int, str]:
    return (fact.at, fact.id)


def after(one: f.Fact | None, other: f.Fact | None) -> bool:
    """Tell whether there is one, and no later other."""
    return one is not None and (other is None or _key(one) > _key(other))


def scopes(facts: Iterable[f.Fact], kind: type[f.Fact], channel: str | None, topic: str | None) -> list[Scope]:
    """Return the scopes in which there are facts of a kind, those that concern a message."""
    found: set[Scope] = {(fact.channel, fact.topic) for fact in facts if isinstance(fact, kind)}  # type: ignore[attr-defined]  # kinds with a scope
    return [scope for scope in found if scope[0] in (None, channel) and scope[1] in (None, topic)]


def consents(facts: list[f.Fact], channel: str, topic: str, now: int) -> bool:
    """Tell whether a consent to exactly this was given, not withdrawn since, and did not end."""
    given = latest(facts, f.ConsentGiven, channel=channel, topic=topic)
    withdrawn = [latest(facts, f.ConsentWithdrawn, channel=c, topic=t) for c in (channel, None) for t in (topic, None)]
    if given is None or not all(after(given, each) for each in withdrawn):
        return False
    return given.expires is None or now < given.expires


def agreed(facts: list[f.Fact], channel: str | None, topic: str, now: int, *, confirmed: Collection[str] = ()) -> bool:
    """Tell whether there is a consent to a topic on a channel (None: any), confirmed where that is needed."""
    channels = {fact.channel for fact in facts if isinstance(fact, f.ConsentGiven)}
    for name in channels if channel is None else channels & {channel}:
        given = latest(facts, f.ConsentGiven, channel=name, topic=topic)
        answered = latest(facts, f.ConsentConfirmed, channel=name, topic=topic)
        sure = given is not None and (given.confirmed or after(answered, given))
        if consents(facts, name, topic, now) and (sure or name not in confirmed):
            return True
    return False


def refused(facts: list[f.Fact], channel: str | None, topic: str | None, now: int) -> bool:
    """Tell whether a withdrawal concerns a message, and no later consent to exactly the same."""
    for scope in scopes(facts, f.ConsentWithdrawn, channel, topic):
        withdrawn = latest(facts, f.ConsentWithdrawn, channel=scope[0], topic=scope[1])
        if after(withdrawn, latest(facts, f.ConsentGiven, channel=scope[0], topic=scope[1])):
            return channel is None or topic is None or not consents(facts, channel, topic, now)
    return False


def paused(facts: list[f.Fact], channel: str | None, topic: str | None, now: int) -> bool:
    """Tell whether a pause concerns a message."""
    for scope in scopes(facts, f.Paused, channel, topic):
        where: dict[str, Any] = {"channel": scope[0], "topic": scope[1]}
        pause = latest(facts, f.Paused, **where)
        stands = pause is not None and (pause.until is None or now < pause.until)
        if stands and after(pause, latest(facts, f.Resumed, **where)):
            return True
    return False


def frequencies(facts: list[f.Fact], channel: str | None, topic: str | None) -> list[f.FrequencyChosen]:
    """Return the chosen frequencies that concern a message."""
    found = scopes(facts, f.FrequencyChosen, channel, topic)
    chosen = [latest(facts, f.FrequencyChosen, channel=scope[0], topic=scope[1]) for scope in found]
    return [each for each in chosen if each is not None and each.count is not None]


def address(facts: list[f.Fact], channel: str) -> str | None:
    """Return the present address on a channel, in lower case."""
    added = latest(facts, f.ContactAdded, channel=channel)
    is_there = added is not None and after(added, latest(facts, f.ContactRemoved, channel=channel))
    return added.address.casefold() if added is not None and is_there else None


def suppressed(facts: list[f.Fact], channel: str | None) -> bool:
    """Tell whether the address on a channel must not be used."""
    if channel is None:
        told = {fact.channel for fact in facts if isinstance(fact, f.ContactAdded | f.AddressSuppressed)}
        gone = {name for name in told if suppressed(facts, name)}
        return bool(gone) and all(name in gone for name in told if address(facts, name) is not None)
    restored, present = latest(facts, f.AddressRestored, channel=channel), address(facts, channel)
    for fact in facts:
        if isinstance(fact, f.AddressSuppressed) and fact.channel == channel and after(fact, restored):
            meant = None if fact.address is None else fact.address.casefold()
            if meant in (None, present):
                return True
    return False


def order(facts: list[f.Fact]) -> tuple[str, ...]:
    """Return the channels the customer likes, best first."""
    chosen = latest(facts, f.ChannelsChosen)
    return () if chosen is None else chosen.channels


def stopped(news: list[f.Fact], rule: str, channel: str | None, topic: str | None) -> bool:
    """Tell whether a kill switch concerns a message."""
    for scope, name in (("all", None), ("rule", rule), ("channel", channel), ("topic", topic)):
        stop = latest(news, f.SendingStopped, scope=scope, name=name)
        if after(stop, latest(news, f.SendingResumed, scope=scope, name=name)):
            return True
    return False
