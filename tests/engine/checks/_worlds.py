"""Rules and policies that get in each other's way, and what the engine then does."""

from __future__ import annotations

from typing import Any

from attrs import evolve
from hypothesis import strategies as st

from retention_engine import arbitration as a
from retention_engine import facts as f
from retention_engine import predicates as p
from retention_engine import rules as r
from retention_engine.actions import Decision
from retention_engine.engine import Engine
from retention_engine.testing import Scenario, scenarios
from retention_engine.testing.strategies.policies import policies
from retention_engine.timing import DAY, days, hours

TIMES = ("23:00", "02:00", "10:00", "22:30")
_SCOPES = st.sampled_from(({}, {}, {"topic": "offers"}, {"channel": ("email", "sms")}, {"purpose": "marketing"}))
_QUIET = st.sampled_from((("22:00", "09:00"), ("09:00", "22:00"), ("08:00", "23:00"), ("12:00", "02:30")))
_HELD = st.sampled_from(
    (
        *(p.orders.exists(), p.local.hour < 24, p.orders.exists() | ~p.orders.exists(), p.views.exists()),
        *(p.orders.last().age >= days(1), ~p.orders.exists()),
    )
)
_SPANS = st.sampled_from((hours(1), hours(2), hours(30), days(2), days(4), days(7)))
_QUIETS = st.builds(lambda pair, scope: a.QuietHours(*pair, **scope), _QUIET, _SCOPES)
_HOLDS = st.builds(lambda held, scope: a.HoldWhile(held, **scope), _HELD, _SCOPES)
_CAPS = st.one_of(
    st.builds(lambda most, per, scope: a.AtMost(most, per=per, **scope), st.integers(1, 3), _SPANS, _SCOPES),
    st.builds(
        lambda most, per, scope: a.CalendarCap(most, per=per, **scope),
        st.integers(1, 3),
        st.sampled_from(("day", "week", "month")),
        _SCOPES,
    ),
)
_PAUSES = st.builds(
    lambda kind, span, scope: kind(span, **scope), st.sampled_from((a.CoolDown, a.Variety)), _SPANS, _SCOPES
)
_RARE = st.one_of(
    st.builds(lambda scope: a.Never(**scope), st.sampled_from(({"channel": "sms"}, {"purpose": "service"}, {}))),
    st.builds(lambda scope: a.Consent(**scope), st.sampled_from(({}, {"purpose": None}))),
    st.just(a.Holdout(100)),
)
_WALLS = st.sampled_from(
    (*(_QUIETS, _QUIETS, _QUIETS, _HOLDS, _HOLDS, _CAPS, _CAPS, _PAUSES), policies(), policies(), _RARE)
).flatmap(lambda found: found)
_TRIGGERS = st.one_of(
    st.sampled_from(TIMES).map(lambda at: r.every(r.daily(at=at))),
    st.sampled_from(TIMES).map(lambda at: r.every(r.daily(at=at))),
    st.just(r.on(p.orders)),
    st.just(r.entering(p.orders.last().age >= days(1))),
    st.just(r.entering(p.views.exists())),
)
_SENDS = st.builds(
    lambda template, topic, channel, purpose: r.Send(template, topic=topic, channel=channel, purpose=purpose),
    st.sampled_from(("letter", "note")),
    st.sampled_from(("offers", "offers", None)),
    st.sampled_from(("email", None)),
    st.sampled_from(("marketing", "marketing", "service")),
)
_STEPS = st.one_of(
    *(_SENDS, _SENDS, st.builds(r.Send, st.just("any"), channels=st.just(("sms", "email")), topic=st.just("offers"))),
    *(st.just(r.Tag("t")), st.just(r.Delay(hours(9))), st.just(r.WaitUntil(r.daily(at="23:00")))),
    *(st.builds(lambda one: r.Branch(r.When(p.orders.exists(), one)), _SENDS), st.just(r.Audience("list"))),
)


@st.composite
def _rules(draw: st.DrawFn) -> r.RuleSet:
    return r.RuleSet.of([draw(_rule(f"rule-{number}")) for number in range(draw(st.integers(1, 3)))])


@st.composite
def _rule(draw: st.DrawFn, name: str) -> r.Rule:
    drawn = [*draw(st.lists(_STEPS, max_size=2)), draw(_SENDS)]
    steps = [_named(step, f"step {place}") for place, step in enumerate(drawn)]
    return r.Rule(
        name,
        draw(_TRIGGERS),
        *steps,
        when=draw(st.none() | st.none() | st.just(p.orders.exists())),
        valid_for=draw(st.none() | _SPANS),
        re_entry=draw(st.sampled_from(("occasion", "always", "once")) | _SPANS),
        at_cap=draw(st.sampled_from(("defer", "drop", "best"))),
    )


def _named(step: Any, name: str) -> Any:
    if not isinstance(step, r.Branch):
        return evolve(step, name=name)
    way = step.ways[0]
    return r.Branch(r.When(way.predicate, evolve(way.steps[0], name=f"{name} in")), name=name)


@st.composite
def worlds(draw: st.DrawFn, *, zone: str | None = None) -> Scenario:
    """Return a scenario whose policies often leave no way; nobody moves to another zone.

    Args:
        zone: of the shop and of all customers; None: any, customers may have one of their own.
    """
    found = draw(scenarios(rules=_rules(), policies=st.lists(_WALLS, min_size=1, max_size=3).map(tuple)))
    told = [each for each in found.facts if getattr(each, "name", "") != "zone" and not isinstance(each, f.Registered)]
    theirs = {each.customer for each in told if each.customer is not None} if zone is None else set()
    where = draw(st.sampled_from(("Europe/Berlin", "Australia/Lord_Howe", "America/Havana", None)))
    if where is not None:
        at = found.since - 400 * DAY
        told += [
            f.AttributeChanged(id=f"zone:{each}", customer=each, at=at, name="zone", value=where)
            for each in sorted(theirs)
        ]
    return evolve(found, facts=told, to=min(found.to, found.since + 40 * DAY), zone=zone or found.zone)


def decided(scenario: Scenario) -> list[Decision]:
    """Return what the engine decides."""
    given: dict[str, Any] = {"since": scenario.since, "zone": scenario.zone, "policies": scenario.policies}
    engine = Engine(scenario.rules, assume_sent=True, **given)
    engine.record(scenario.facts)
    return engine.advance(scenario.to).decisions
