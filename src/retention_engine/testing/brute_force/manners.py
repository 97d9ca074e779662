"""Whether a message may be sent at an instant: each policy once more, from plain facts and a plain list of messages.

What a policy says about later instants is not asked, with one exception: ``best`` needs to know when a better message
comes free, and takes its policies at their word. Three policies about habits and items are asked themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from attrs import evolve, field, frozen

from retention_engine import arbitration as a
from retention_engine.actions import Reason
from retention_engine.facts import ContactAdded, Fact
from retention_engine.keys import bucket
from retention_engine.testing.brute_force import choices
from retention_engine.timing import NEVER, SECOND, is_zone, local_date, to_utc
from retention_engine.view import View

_DAY, _HOUR = 24 * 60, 60


@frozen
class Answer:
    """What becomes of a message at an instant.

    Attributes:
        word: ``send``, ``hold``, ``drop``, or ``end`` when the whole journey ends.
        reason: why not.
        message: with the channel it goes by.
        free: when a held message comes free, by the word of its policies.
    """

    word: str = "send"
    reason: Reason | None = None
    message: a.Message | None = None
    free: int = NEVER


@frozen
class Seen:
    """What is known at an instant.

    Attributes:
        facts: of the customer, known by now.
        news: of the shop and the catalogue, known by now.
        said: what counts as sent, oldest first.
        held: better messages that are held at this instant.
    """

    view: View
    facts: list[Fact]
    news: list[Fact]
    said: Sequence[a.Said]
    held: list[Answer] = field(factory=list)

    @property
    def situation(self) -> a.Situation:
        """What a policy is shown."""
        held = [a.Held(each.message, None if each.free == NEVER else each.free) for each in self.held if each.message]
        return a.Situation(view=self.view, said=self.said, held=held, news=self.news)


def ask(policies: Sequence[a.Policy], message: a.Message, seen: Seen) -> Answer:
    """Ask about a message on each of its channels; the first on which it is not dropped counts, else the first."""
    found = [_on_channel(policies, evolve(message, channel=each), seen) for each in _channels(policies, message, seen)]
    return next((each for each in found if each.word != "drop"), found[0])


def _channels(policies: Sequence[a.Policy], message: a.Message, seen: Seen) -> list[str | None]:
    if message.channel is not None:
        return [message.channel]
    usual = [each for each in policies if isinstance(each, a.Channels) and _is_meant(each, message)]
    names = message.channels or (usual[0].order if usual else ())
    liked = [name for name in choices.order(seen.facts) if name in names]
    return [*liked, *(name for name in names if name not in liked)] or [None]


def _is_meant(policy: a.Policy, one: a.Message | a.Said) -> bool:
    pairs = ((policy.channel, one.channel), (policy.topic, one.topic), (policy.purpose, one.purpose))
    return all(names is None or name in names for names, name in (*pairs, (policy.rule, one.rule)))


def _on_channel(policies: Sequence[a.Policy], message: a.Message, seen: Seen) -> Answer:
    holding: list[tuple[a.Policy, Reason]] = []
    for policy in sorted(policies, key=lambda policy: policy.stage):
        if message.kind not in policy.kinds or not _is_meant(policy, message):
            continue
        word, reason = _answer(policy, message, seen)
        if word in ("drop", "end"):
            return Answer(word, reason, message)
        if word == "hold" and reason is not None:
            holding.append((policy, reason))
    if not holding:
        return Answer(message=message)
    return Answer("hold", holding[0][1], message, max(_free(policy, message, seen) for policy, _ in holding))


def _free(policy: a.Policy, message: a.Message, seen: Seen) -> int:
    ruling = policy.weigh(message, seen.situation)
    return ruling.until if isinstance(ruling, a.Defer) and ruling.until is not None else NEVER


def _answer(policy: a.Policy, message: a.Message, seen: Seen) -> tuple[str, Reason | None]:
    now, facts = seen.view.now, seen.facts
    match policy:
        case a.Suppression():
            return _if("drop", Reason.SUPPRESSED, choices.suppressed(facts, message.channel))
        case a.Consent():
            topic, sure = message.topic, policy.confirmed
            is_agreed = topic is not None and choices.agreed(facts, message.channel, topic, now, confirmed=sure)
            return _if("drop", Reason.NO_CONSENT, not is_agreed)
        case a.Choices():
            return _chosen(policy, message, seen)
        case a.Reachable():
            known = {fact.channel for fact in facts if isinstance(fact, ContactAdded)}
            wanted = known if message.channel is None else {message.channel}
            return _if("drop", Reason.UNREACHABLE, not any(choices.address(facts, name) for name in wanted))
        case a.Never():
            return "drop", Reason.STOPPED
        case a.Holdout():
            is_out = message.opening and bucket(message.customer, policy.salt) < policy.percent * 100
            return _if("end", Reason.HOLDOUT if policy.rule is None else Reason.CONTROL, is_out)
        case a.KillSwitch():
            is_off = choices.stopped(seen.news, message.rule, message.channel, message.topic)
            return _if("hold", Reason.STOPPED, is_off)
        case a.Channels():
            return "send", None
    return _pressure(policy, message, seen)


def _pressure(policy: a.Policy, message: a.Message, seen: Seen) -> tuple[str, Reason | None]:
    now, where = seen.view.now, seen.view.where
    match policy:
        case a.AtMost() | a.CalendarCap():
            return _cap(policy, message, seen)
        case a.CoolDown():
            others = [one for one in seen.said if one.rule == message.rule and one.occasion != message.occasion]
            return _if("hold", Reason.COOL_DOWN, any(now < one.at + policy.span.micros for one in others))
        case a.Variety():
            near = [one for one in seen.said if now < one.at + policy.within.micros and _is_meant(policy, one)]
            same = [one for one in near if one.template == message.template or {*one.items} & {*message.items}]
            return _if("hold", Reason.VARIETY, bool(same))
        case a.HoldWhile():
            return _if("hold", policy.reason, policy.predicate.verdict(seen.view).holds)
        case a.QuietHours():
            wall = to_utc(now).astimezone(where)
            start, end = _quiet(policy, known=is_zone(seen.view.history.value("zone")))
            since, length = (wall.hour * _HOUR + wall.minute - start) % _DAY, (end - start) % _DAY
            return _if("hold", Reason.QUIET_HOURS, since < length)
    ruling = policy.weigh(message, seen.situation)
    if isinstance(ruling, a.Drop):
        return "end" if ruling.whole else "drop", ruling.reason
    return _if("hold", ruling.reason, True) if isinstance(ruling, a.Defer) else ("send", None)


def _if(word: str, reason: Reason, is_so: bool) -> tuple[str, Reason | None]:
    return (word, reason) if is_so else ("send", None)


def _chosen(policy: a.Choices, message: a.Message, seen: Seen) -> tuple[str, Reason | None]:
    facts, now, where = seen.facts, seen.view.now, (message.channel, message.topic)
    if choices.refused(facts, *where, now):
        return "drop", Reason.NO_CONSENT
    is_paused = choices.paused(facts, *where, now)
    for each in choices.frequencies(facts, *where):
        told = [one for one in seen.said if now < one.at + each.seconds * SECOND and _is_meant(policy, one)]
        told = [one for one in told if each.channel in (None, one.channel) and each.topic in (None, one.topic)]
        is_paused = is_paused or len(told) >= (each.count or 0)
    return _if("hold", Reason.CUSTOMER_CHOICE, is_paused)


def _cap(policy: a.AtMost | a.CalendarCap, message: a.Message, seen: Seen) -> tuple[str, Reason | None]:
    now = seen.view.now
    said = [one.at for one in seen.said if _is_meant(policy, one)]
    if isinstance(policy, a.AtMost):
        room = policy.count - sum(1 for at in said if now < at + policy.per.micros)
        soon = [each for each in seen.held if each.free < now + policy.per.micros]
    else:
        room = policy.count - sum(1 for at in said if _period(policy.per, at, seen) == _period(policy.per, now, seen))
        soon = [each for each in seen.held if _period(policy.per, each.free, seen) == _period(policy.per, now, seen)]
    if room <= 0:
        return "drop" if message.at_cap == "drop" else "hold", Reason.FREQUENCY_CAP
    ahead = [each.message for each in soon if each.message is not None and each.message.rank > message.rank]
    is_outranked = message.at_cap == "best" and room <= sum(1 for each in ahead if _is_meant(policy, each))
    return _if("hold", Reason.LOWER_PRIORITY, is_outranked)


def _period(unit: str, at: int, seen: Seen) -> tuple[int, ...] | date | None:
    if at == NEVER:
        return None
    day = local_date(at, seen.view.where)
    if unit == "week":
        return day.isocalendar()[:2]
    return day if unit == "day" else (day.year, day.month)


def _quiet(policy: a.QuietHours, *, known: bool) -> tuple[int, int]:
    """Return the first and the last minute of the quiet hours; an hour more on both sides where the zone is unknown."""
    start, end = _minute(policy.start), _minute(policy.end)
    if known:
        return start, end
    if policy.unknown_zone is not None:
        return _minute(policy.unknown_zone[0]), _minute(policy.unknown_zone[1])
    outside = _DAY - (end - start) % _DAY
    more = max(0, min(_HOUR, (outside - _HOUR) // 2))
    return start - more, end + more


def _minute(time: str) -> int:
    return int(time[:2]) * _HOUR + int(time[3:])
