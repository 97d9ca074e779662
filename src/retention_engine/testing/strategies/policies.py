"""Policies of every kind, and what customers and the shop say about messages, near the messages of random rules."""

from __future__ import annotations

from typing import Any

from attrs import evolve
from hypothesis import strategies as st

from retention_engine import arbitration as a
from retention_engine import facts as f
from retention_engine import predicates as p
from retention_engine import rules as r
from retention_engine.testing.strategies.times import STEP, instants
from retention_engine.testing.strategies.words import CUSTOMER
from retention_engine.timing import DAY, HOUR, SECOND, microseconds

_CHANNELS, _TOPICS = ("email", "sms"), ("offers",)
_CHANNEL, _TOPIC = st.sampled_from(_CHANNELS), st.sampled_from((*_TOPICS, *_TOPICS, "news"))
_SCOPE = {"channel": st.sampled_from((None, None, *_CHANNELS)), "topic": st.sampled_from((None, None, *_TOPICS))}
_SPANS = st.sampled_from([microseconds(count * STEP) for count in (1, 2, 3, 4, 6, 14)])
_COUNTS = st.sampled_from((1, 1, 1, 2, 3))
_HOURS = st.sampled_from(
    (("22:00", "09:00"), ("00:00", "01:00"), ("12:00", "02:30"), ("02:30", "23:30"), ("09:00", "10:00"))
)
_SAFE: dict[str, st.SearchStrategy[Any]] = {
    "channel": st.sampled_from(("email", "sms", ("email", "sms"))),
    "topic": st.just("offers"),
    "purpose": st.sampled_from(("marketing", ("marketing", "service"), "service")),
    "rule": st.sampled_from(("rule-0", "rule-1")),
}
_NARROWED = st.just(dict[str, Any]()) | st.just(dict[str, Any]()) | st.fixed_dictionaries({}, optional=_SAFE)
_FAMILIES = st.sampled_from(
    ("cap", "cap", "cap", "pressure", "quiet", "quiet", "hold", "hold", "consent", "seldom"),
)
_ASKED = st.sampled_from(
    (
        p.orders.within(microseconds(2 * DAY)).exists(),
        p.views.exists() & (p.views.last().age < microseconds(3 * STEP)),
        ~p.orders.exists(),
        p.local.hour < 12,
        p.carts.where(ordered=False).exists(),
        p.messages.within(microseconds(DAY)).exists(),
    )
)
_ORDERS = st.sampled_from((("email", "sms"), ("sms", "email"), ("sms",)))


@st.composite
def policies(draw: st.DrawFn) -> a.Policy:
    """Return policies of every kind, with spans that matter within days; some for some messages only."""
    scope: dict[str, Any] = draw(_NARROWED)
    match draw(
        st.sampled_from(("cap", "cap", "cap", "pressure", "quiet", "quiet", "hold", "hold", "consent", "seldom"))
    ):
        case "cap":
            if draw(st.booleans()):
                return a.AtMost(draw(_COUNTS), per=draw(_SPANS), **scope)
            return a.CalendarCap(draw(_COUNTS), per=draw(st.sampled_from(("day", "week", "month"))), **scope)
        case "pressure":
            return draw(_pressure(scope))
        case "quiet":
            if draw(st.integers(0, 2)) == 0:
                hour, within = draw(st.sampled_from((9, 0, 2, 23))), draw(_SPANS)
                return a.BestHour(hour, within=within, least=draw(st.sampled_from((1, 3))), **scope)
            wide = draw(st.sampled_from((None, None, ("20:00", "11:00"))))
            return a.QuietHours(*draw(_HOURS), unknown_zone=wide, **scope)
        case "consent":
            return draw(st.sampled_from((a.Consent(), a.Consent(confirmed=("email",)), a.Consent(**scope))))
        case "hold":
            return a.HoldWhile(draw(_ASKED), **scope)
    return draw(_seldom(scope))


@st.composite
def _pressure(draw: st.DrawFn, scope: dict[str, Any]) -> a.Policy:
    match draw(st.sampled_from(("cool-down", "variety", "fatigue"))):
        case "cool-down":
            return a.CoolDown(draw(_SPANS), **scope)
        case "variety":
            return a.Variety(draw(_SPANS), **scope)
    pause, grace = draw(st.none() | _SPANS | _SPANS | _SPANS), draw(_SPANS)
    return a.Fatigue(draw(_COUNTS), pause=pause, grace=grace, **scope)


@st.composite
def _seldom(draw: st.DrawFn, scope: dict[str, Any]) -> a.Policy:
    match draw(st.sampled_from(("holdout", "arm", "reachable", "never", "channels", "fresh", "choices"))):
        case "holdout":
            return a.Holdout(draw(st.sampled_from((1, 50, 50))), salt=draw(st.sampled_from(("a", "b", "c"))), **scope)
        case "arm":
            return a.InArm("tone", "b", variants={"a": 1, "b": draw(st.sampled_from((1, 9)))}, **scope)
        case "reachable":
            return a.Reachable(**scope)
        case "never":
            return a.Never(**scope)
        case "channels":
            return a.Channels(draw(_ORDERS), **scope)
        case "fresh":
            return a.Fresh(**scope)
    return a.Choices(purpose=("marketing", "service", "transactional"))


_SECONDS = st.sampled_from([count * STEP // SECOND for count in (1, 2, 4, 14)])
_AFTER = st.sampled_from((0, STEP, 3 * STEP, 6 * STEP, HOUR))
_CHOICES: dict[type[f.Fact], dict[str, st.SearchStrategy[Any]]] = {
    f.ConsentGiven: {"channel": _CHANNEL, "topic": _TOPIC, "source": st.just("form"), "confirmed": st.booleans()},
    f.ConsentConfirmed: {"channel": _CHANNEL, "topic": _TOPIC},
    f.ConsentWithdrawn: _SCOPE,
    f.Paused: _SCOPE,
    f.Resumed: _SCOPE,
    f.FrequencyChosen: {"count": st.sampled_from((1, 1, 2, 0, None)), "seconds": _SECONDS} | _SCOPE,
    f.ChannelsChosen: {"channels": st.sampled_from((("sms", "email"), ("email",), ()))},
    f.ContactAdded: {"channel": _CHANNEL, "address": st.sampled_from(("a@example.org", "b@example.org"))},
    f.ContactRemoved: {"channel": _CHANNEL},
    f.AddressSuppressed: {"channel": _CHANNEL, "reason": st.just("hard_bounce")}
    | {"address": st.sampled_from((None, "A@example.org"))},
    f.AddressRestored: {"channel": _CHANNEL},
    f.MessageSent: {"message": st.sampled_from(("other-1", "other-2")), "rule": st.sampled_from(("rule-0", "till"))}
    | {"step": st.just("hand"), "template": st.sampled_from(("letter", "note")), "channel": _CHANNEL, "topic": _TOPIC},
    f.MessageFailed: {"message": st.sampled_from(("other-1", "other-2")), "reason": st.just("hard_bounce")},
    f.MessageOpened: {"message": st.sampled_from(("other-1", "other-2"))},
}
_TWICE = (f.ConsentGiven, f.ConsentGiven, f.ConsentWithdrawn, f.Paused, f.Resumed, f.FrequencyChosen, f.MessageSent)
_KINDS = st.sampled_from((*_CHOICES, *_TWICE))
_ENDS = (f.ConsentGiven, f.Paused)


@st.composite
def choices(
    draw: st.DrawFn, *, customer: str = CUSTOMER, around: int, zone: str = "UTC", most: int = 6
) -> list[f.Fact]:
    """Return what a customer says about messages: consents, pauses, frequencies, addresses; and messages of others.

    Args:
        around: the middle of the grid of instants.
        customer: whose they are.
        zone: whose midnights belong to the grid.
        most: at most so many.
    """
    when, found = instants(around=around, zone=zone), list[f.Fact]()
    for number in range(draw(st.integers(0, most))):
        kind, at = draw(_KINDS), draw(when)
        given: dict[str, Any] = draw(st.fixed_dictionaries(_CHOICES[kind]))
        if kind in _ENDS and draw(st.booleans()):
            given["expires" if kind is f.ConsentGiven else "until"] = at + draw(_AFTER)
        found.append(kind(id=f"choice-{number}", customer=customer, at=at, **given))
    return found


_SWITCHES = st.sampled_from(
    (("all", None), ("all", None), ("rule", "rule-0"), ("channel", "email"), ("topic", "offers"), ("channel", "sms"))
)


@st.composite
def switches(draw: st.DrawFn, *, around: int, zone: str = "UTC", most: int = 3) -> list[f.Fact]:
    """Return kill switches, turned on and off, now and then told late.

    Args:
        around: the middle of the grid of instants.
        zone: whose midnights belong to the grid.
        most: at most so many.
    """
    when, found = instants(around=around, zone=zone), list[f.Fact]()
    for number in range(draw(st.integers(0, most))):
        scope, name = draw(_SWITCHES)
        at, learned = draw(when), draw(st.none() | st.none() | when)
        given: dict[str, Any] = {"id": f"switch-{number}", "at": at, "scope": scope, "name": name, "learned": learned}
        is_on = draw(st.booleans())
        found.append(f.SendingStopped(reason="a fault", **given) if is_on else f.SendingResumed(**given))
    return found


@st.composite
def policy_sets(draw: st.DrawFn, *, most: int = 4) -> tuple[a.Policy, ...]:
    """Return up to ``most`` policies, in any order."""
    return tuple(draw(st.lists(policies(), max_size=most)))


_DUE = st.sampled_from(
    (
        *(r.on(p.orders), r.on(p.orders), r.on(p.views), r.after(p.orders, microseconds(2 * STEP))),
        *(r.every(r.daily(at="23:30")), r.every(r.daily(at="10:00")), r.on(p.carts.where(ordered=False))),
        r.entering(p.orders.exists() & (p.orders.last().age >= microseconds(3 * STEP))),
        r.entering(p.views.exists()),
    )
)
_SENDS = st.builds(
    lambda template, channel, topic, purpose: r.Send(template, channel=channel, topic=topic, purpose=purpose),
    st.sampled_from(("letter", "note")),
    st.sampled_from(("email", "email", "sms", None)),
    st.sampled_from(("offers", "offers", None)),
    st.sampled_from(("marketing", "marketing", "service", "transactional")),
)
_TRIED = st.builds(lambda channels: r.Send("letter", channels=channels, topic="offers"), _ORDERS)
_STEPS = st.lists(
    st.one_of(_SENDS, _SENDS, _SENDS, _TRIED, _SPANS.map(r.Delay), st.just(r.Tag("told")), st.just(r.Audience("lost"))),
    min_size=1,
    max_size=3,
)
_ONE = st.tuples(_SENDS | _TRIED)


@st.composite
def busy_rules(draw: st.DrawFn, *, most: int = 3) -> r.RuleSet:
    """Return rules that have much to say: at orders, views, every day; with all manners that a message may have.

    Args:
        most: at most so many.
    """
    return r.RuleSet.of([draw(_busy_rule(f"rule-{number}")) for number in range(draw(st.integers(1, most)))])


@st.composite
def _busy_rule(draw: st.DrawFn, name: str) -> r.Rule:
    steps = [evolve(step, name=f"step {place}") for place, step in enumerate(draw(_ONE | _ONE | _STEPS))]
    return r.Rule(
        name,
        draw(_DUE),
        *steps,
        when=draw(st.none() | st.none() | _ASKED),
        exit_when=draw(st.none() | st.none() | st.just(p.orders.since(p.entry).exists())),
        valid_for=draw(st.none() | _SPANS),
        re_entry=draw(st.sampled_from(("occasion", "occasion", "occasion", "always", "once")) | _SPANS),
        priority=draw(st.integers(0, 2)),
        value=draw(st.sampled_from((0, 0, 100))),
        at_cap=draw(st.sampled_from(("defer", "defer", "drop", "best", "best"))),
    )
