"""The folds of what customers allow and want: consents, refusals, pauses, frequencies, channels, suppressions.

The latest fact by (at, id) counts for a channel and topic, so that the order of arrival does not matter.
"""

from __future__ import annotations

from typing import Any

from attrs import define, field

from retention_engine import facts as f
from retention_engine.state.history import History
from retention_engine.state.records import (
    EVERY,
    ChannelOrderRecord,
    ConsentRecord,
    ContactRecord,
    FrequencyRecord,
    Moment,
    PauseRecord,
    RefusalRecord,
    SuppressionRecord,
)

Key = tuple[int, str]
Scope = tuple[str | None, str | None]
_NEVER: Key = (-(2**62), "")


def pair_id(channel: str | None, topic: str | None) -> str:
    """Return the id of a choice about a channel and topic, ``*`` for every one; different pairs have different ids."""
    return f"{_part(channel)}/{_part(topic)}"


def _part(name: str | None) -> str:
    if name is None:
        return EVERY
    return name.replace("%", "%25").replace("/", "%2F") if "/" in name or "%" in name else name


def _key(fact: f.Fact) -> Key:
    return (fact.at, fact.id)


@define
class Latest:
    """The latest fact by (at, id) that switched a subject on, and the latest that switched it off."""

    on: Any = None
    off: Key = _NEVER

    def see_on(self, fact: f.Fact) -> None:
        """Note a fact that switches on."""
        if self.on is None or _key(self.on) < _key(fact):
            self.on = fact

    def see_off(self, fact: f.Fact) -> None:
        """Note a fact that switches off."""
        self.off = max(self.off, _key(fact))

    def is_on(self) -> bool:
        """Tell whether the latest switch was on."""
        return self.on is not None and _key(self.on) > self.off


@define
class _Consents:
    """All consents of a customer: given, confirmed and withdrawn, by channel and topic (None in withdrawals: every)."""

    given: dict[tuple[str, str], f.ConsentGiven] = field(factory=dict)
    confirmed: dict[tuple[str, str], Key] = field(factory=dict)
    withdrawn: dict[Scope, Key] = field(factory=dict)

    def off(self, channel: str, topic: str) -> Key:
        """Return the latest withdrawal that concerns a channel and topic."""
        scopes: tuple[Scope, ...] = ((channel, topic), (channel, None), (None, topic), (None, None))
        return max(self.withdrawn.get(scope, _NEVER) for scope in scopes)


def fold_consent(history: History, fact: Any) -> None:
    """Fold a consent given, confirmed or withdrawn into ``consents`` and ``refusals``."""
    draft: _Consents = history.drafts.setdefault(("consent", ""), _Consents())
    pair = (fact.channel, fact.topic)
    match fact:
        case f.ConsentGiven():
            known = draft.given.get(pair)
            if known is None or _key(known) < _key(fact):
                draft.given[pair] = fact
        case f.ConsentConfirmed():
            draft.confirmed[pair] = max(_key(fact), draft.confirmed.get(pair, _NEVER))
        case _:
            draft.withdrawn[pair] = max(_key(fact), draft.withdrawn.get(pair, _NEVER))
    if pair in draft.withdrawn:
        _refuse(history, draft, pair)
    concerned = [pair] if None not in pair else [each for each in draft.given if _covers(pair, each)]
    for each in concerned:
        _consent(history, draft, each)


def _covers(scope: Scope, pair: tuple[str, str]) -> bool:
    return all(wanted is None or wanted == held for wanted, held in zip(scope, pair, strict=True))


def _consent(history: History, draft: _Consents, pair: tuple[str, str]) -> None:
    given = draft.given.get(pair)
    if given is None:
        return
    name = pair_id(*pair)
    if _key(given) < draft.off(*pair):
        history.drop("consents", name)
        return
    confirmed = given.confirmed or draft.confirmed.get(pair, _NEVER) > _key(given)
    expires = None if given.expires is None else Moment(given.expires)
    history.put("consents", ConsentRecord(name, given.at, *pair, given.source, confirmed, expires))


def _refuse(history: History, draft: _Consents, scope: Scope) -> None:
    latest = draft.withdrawn[scope]
    given = draft.given.get(scope)  # type: ignore[arg-type]  # a scope with None in it is no key: nothing is found
    if given is not None and _key(given) > latest:
        history.drop("refusals", pair_id(*scope))
    else:
        history.put("refusals", RefusalRecord(pair_id(*scope), latest[0], scope[0] or EVERY, scope[1] or EVERY))


def fold_pause(history: History, fact: f.Paused | f.Resumed) -> None:
    """Fold a pause or its end into ``pauses``."""
    name = pair_id(fact.channel, fact.topic)
    draft: Latest = history.drafts.setdefault(("pause", name), Latest())
    (draft.see_on if isinstance(fact, f.Paused) else draft.see_off)(fact)
    if draft.is_on():
        until = None if draft.on.until is None else Moment(draft.on.until)
        where = (fact.channel or EVERY, fact.topic or EVERY)
        history.put("pauses", PauseRecord(name, draft.on.at, *where, until))
    else:
        history.drop("pauses", name)


def fold_frequency(history: History, fact: f.FrequencyChosen) -> None:
    """Fold a choice of how often into ``frequencies``."""
    name = pair_id(fact.channel, fact.topic)
    draft: Latest = history.drafts.setdefault(("frequency", name), Latest())
    draft.see_on(fact)
    chosen: f.FrequencyChosen = draft.on
    if chosen.count is None:
        history.drop("frequencies", name)
    else:
        where = (fact.channel or EVERY, fact.topic or EVERY)
        history.put("frequencies", FrequencyRecord(name, chosen.at, *where, chosen.count, chosen.seconds))


def fold_channels(history: History, fact: f.ChannelsChosen) -> None:
    """Fold the preferred channels into the one record of ``channel_order``."""
    draft: Latest = history.drafts.setdefault(("channels", ""), Latest())
    draft.see_on(fact)
    chosen: f.ChannelsChosen = draft.on
    if chosen.channels:
        history.put("channel_order", ChannelOrderRecord("channels", chosen.at, chosen.channels))
    else:
        history.drop("channel_order", "channels")


@define
class _Contact:
    """One channel: its latest address, and the latest suppression of each address (of any: None)."""

    address: Latest = field(factory=Latest)
    suppressed: dict[str | None, f.AddressSuppressed] = field(factory=dict)
    restored: Key = _NEVER

    def see(self, fact: Any) -> None:
        """Note one fact."""
        match fact:
            case f.ContactAdded():
                self.address.see_on(fact)
            case f.ContactRemoved():
                self.address.see_off(fact)
            case f.AddressRestored():
                self.restored = max(self.restored, _key(fact))
            case _:
                address = None if fact.address is None else fact.address.casefold()
                known = self.suppressed.get(address)
                if known is None or _key(known) < _key(fact):
                    self.suppressed[address] = fact

    def standing(self) -> f.AddressSuppressed | None:
        """Return the latest suppression that concerns the present address and was not lifted."""
        present = self.address.on.address.casefold() if self.address.is_on() else None
        found = (self.suppressed.get(address) for address in {None, present})
        standing = [each for each in found if each is not None and _key(each) > self.restored]
        return max(standing, key=_key, default=None)


def address_of(history: History, channel: str) -> str | None:
    """Return the present address of a channel, None when none is known."""
    draft: _Contact | None = history.drafts.get(("contact", channel))
    return draft.address.on.address if draft is not None and draft.address.is_on() else None


def fold_contact(history: History, fact: Any) -> None:
    """Fold an address that came, went, was suppressed or restored into ``contacts`` and ``suppressions``."""
    draft: _Contact = history.drafts.setdefault(("contact", fact.channel), _Contact())
    draft.see(fact)
    if draft.address.is_on():
        history.put("contacts", ContactRecord(fact.channel, draft.address.on.at, fact.channel))
    else:
        history.drop("contacts", fact.channel)
    standing = draft.standing() if draft.suppressed else None
    if standing is None:
        history.drop("suppressions", fact.channel)
    else:
        history.put("suppressions", SuppressionRecord(fact.channel, standing.at, fact.channel, standing.reason))
