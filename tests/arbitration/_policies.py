"""Any policy at all, for the laws."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from retention_engine import arbitration as a
from retention_engine import days, events, hours, local, minutes, orders, visits
from retention_engine.actions import Reason
from retention_engine.predicates import Truth
from retention_engine.timing import Span
from retention_engine.values import PURPOSES

CHANNELS, TOPICS, RULES = ("email", "sms", "telegram"), ("offers", "tips", "a/b % 'c'"), ("win-back", "news")


def _some(names: tuple[str, ...]) -> st.SearchStrategy[Any]:
    several = st.lists(st.sampled_from(names), min_size=1, max_size=2)
    return st.none() | st.sampled_from(names) | several


def spans() -> st.SearchStrategy[Span]:
    """Return lengths of time from a minute to a month."""
    return st.one_of(st.integers(1, 30).map(days), st.integers(1, 48).map(hours), st.integers(1, 59).map(minutes))


def times() -> st.SearchStrategy[str]:
    """Return times of day."""
    return st.builds(lambda hour, minute: f"{hour:02}:{minute:02}", st.integers(0, 23), st.sampled_from((0, 30, 59)))


def windows() -> st.SearchStrategy[tuple[str, str]]:
    """Return pairs of different times of day."""
    return st.tuples(times(), times()).filter(lambda pair: pair[0] != pair[1])


def predicates() -> st.SearchStrategy[Truth]:
    """Return predicates that turn by themselves, by facts, or by the clock."""
    asked: list[Truth] = [
        orders.exists(),
        orders.within(days(2)).exists(),
        visits.last().age >= hours(36),
        events("claim").exists() & ~events("solved").exists(),
        local.hour >= 18,
    ]
    return st.sampled_from(asked)


@st.composite
def policies(draw: st.DrawFn, *, deferring: bool = False) -> a.Policy:
    """Return a policy, perhaps for some channels, topics, purposes or rules; ``deferring``: one for all that defers."""
    cls, own = draw(st.sampled_from([each for each in _OWN if each[0] in _DEFERRING] if deferring else _OWN))
    scope: dict[str, Any] = {}
    if not deferring:
        drawn = {
            "channel": draw(_some(CHANNELS)),
            "topic": draw(_some(TOPICS)),
            "purpose": draw(st.just("usual") | _some(PURPOSES)),
            "rule": draw(_some(RULES)),
        }
        scope = {name: value for name, value in drawn.items() if value != "usual" and (value or name == "purpose")}
    arguments, words = draw(own)
    return cls(*arguments, **words, **scope)


def _call(*arguments: st.SearchStrategy[Any], **words: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.tuples(st.tuples(*arguments), st.fixed_dictionaries(words))


_NAMES = st.lists(st.sampled_from(CHANNELS), min_size=1, max_size=3, unique=True)
_COUNTS = st.integers(1, 4)
_HALVES = st.sampled_from(({"a": 1, "b": 1}, {"b": 2, "a": 0.5}))
_OWN: list[tuple[type[a.Policy], st.SearchStrategy[Any]]] = [
    (a.AtMost, _call(_COUNTS, per=spans())),
    (a.BestHour, _call(st.integers(0, 23), within=spans(), least=_COUNTS)),
    (a.CalendarCap, _call(_COUNTS, per=st.sampled_from(("day", "week", "month")))),
    (a.Channels, _call(_NAMES)),
    (a.Choices, _call()),
    (a.Consent, _call(confirmed=st.just(()) | _NAMES)),
    (a.CoolDown, _call(spans())),
    (a.Fatigue, _call(_COUNTS, pause=st.none() | spans(), grace=spans())),
    (a.Fresh, _call()),
    (a.HoldWhile, _call(predicates(), reason=st.sampled_from([each.value for each in Reason]))),
    (a.Holdout, _call(st.integers(1, 10_000).map(lambda n: n / 100), salt=st.sampled_from(("holdout", "it's")))),
    (
        a.InArm,
        _call(st.sampled_from(("tone", "it's")), st.just("b"), variants=_HALVES, share=st.sampled_from((1, 0.5))),
    ),
    (a.KillSwitch, _call()),
    (a.Never, _call()),
    (a.QuietHours, windows().flatmap(lambda pair: _call(*map(st.just, pair), unknown_zone=st.none() | windows()))),
    (a.Reachable, _call()),
    (a.Suppression, _call()),
    (a.Variety, _call(spans())),
]
_DEFERRING = (
    *(a.AtMost, a.BestHour, a.CalendarCap, a.Choices, a.CoolDown, a.Fatigue, a.HoldWhile, a.QuietHours, a.Variety),
)
ALL = tuple(cls for cls, _ in _OWN)
