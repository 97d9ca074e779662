"""Steps that do something: messages, tags, lists, tasks for people, calls of the host, and actions of any kind."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from retention_engine.errors import DefinitionError, FactError, nearest, shown
from retention_engine.predicates import Gaps, Node, Refinable, within_limits
from retention_engine.predicates.compare import exact
from retention_engine.rules.base import Written, check_name, check_optional
from retention_engine.timing import Span, microseconds
from retention_engine.values import PURPOSES, Scalar, check_data, is_printable

CLASSES = ("drop", "retry", "ask")
"""What becomes of a message when nobody knows whether it was sent."""
LARGEST_GRANT = 10**15
_MOST_CHANNELS = 10
_DATA_NAME = ("data", "name")
_FORMS: dict[str, tuple[str, tuple[str, ...]]] = {
    "send": ("Send", ("topic", "channel", "channels", "purpose", "on_unknown", "items", *_DATA_NAME)),
    "tag": ("Tag", ("name",)),
    "untag": ("Untag", ("name",)),
    "audience_join": ("Audience", ("channel", *_DATA_NAME)),
    "audience_leave": ("Audience", ("leave", "channel", *_DATA_NAME)),
    "escalate": ("Escalate", ("about", *_DATA_NAME)),
    "call": ("Call", _DATA_NAME),
    "grant": ("Grant", ("amount", "lasts", "why", "name")),
    "issue_code": ("IssueCode", ("name",)),
}
"""How a kind is written: the function, and the names it takes."""


def _data(value: dict[str, Scalar] | None) -> tuple[tuple[str, Scalar], ...]:
    try:
        return tuple(sorted(check_data(dict(value or {})).items()))
    except (FactError, TypeError, ValueError) as error:
        raise DefinitionError(f"data: {error}") from None


def _channels(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise DefinitionError(f"channels are a list such as ['email', 'sms'], the best first, not {shown(value)}")
    return tuple(value)


def _check_channels(instance: object, attribute: Any, value: tuple[str, ...]) -> None:
    for each in value:
        check_name(instance, attribute, each)
    if len(set(value)) < len(value) or len(value) > _MOST_CHANNELS:
        raise DefinitionError(f"channels are at most {_MOST_CHANNELS} different names, not {shown(value)}")


def _check_purpose(_: object, __: object, value: Any) -> None:
    if value not in PURPOSES:
        raise DefinitionError(f"unknown purpose {shown(value)}{nearest(value, PURPOSES)}")


def _check_class(_: object, __: object, value: Any) -> None:
    if value not in CLASSES:
        raise DefinitionError(f"unknown on_unknown {shown(value)}{nearest(value, CLASSES)}")


def _check_items(_: object, __: object, value: Any) -> None:
    if value is None:
        return
    if not isinstance(value, Refinable) or _has_gaps(value):
        raise DefinitionError(f"items are records such as carts.where(ordered=False), not {shown(value)}")
    within_limits(value.exists())


def _has_gaps(node: Node) -> bool:
    return isinstance(node, Gaps) or any(_has_gaps(part) for part in node.parts())


def default_name(kind: str, about: str) -> str:
    """Return the name of a step that was given none: a code and the message that brings it are two steps."""
    return f"{kind}:{about}" if kind in ("grant", "issue_code") else about


@frozen(cache_hash=True, repr=False)
class Do(Written):
    """An action of any kind, carried out by a transport or by the host.

    Attributes:
        kind: what to do, such as ``tag``, ``grant`` or ``call``.
        about: what it is about; for ``send`` the template.
        topic: what a customer may choose to hear about, or not.
        channel: by which channel; None: one of ``channels``, or whichever the delivery chooses.
        channels: the channels that will do, the best first.
        purpose: ``marketing`` needs consent; ``service`` and ``transactional`` answer what the customer began.
        on_unknown: when nobody knows whether it was sent: ``drop`` (at most once), ``retry`` (at least once), ``ask``.
        items: the records that the message shows; may ask for those since ``entry``.
        data: plain values handed on.
        name: of the step, unique in its rule and never changed; by default ``about``, with the kind before it of grants
            and codes.
    """

    kind: str = field(validator=check_name)
    about: str = field(validator=check_name)
    topic: str | None = field(default=None, validator=check_optional, kw_only=True)
    channel: str | None = field(default=None, validator=check_optional, kw_only=True)
    channels: tuple[str, ...] = field(default=(), converter=_channels, validator=_check_channels, kw_only=True)
    purpose: str = field(default="marketing", validator=_check_purpose, kw_only=True)
    on_unknown: str = field(default="drop", validator=_check_class, kw_only=True)
    items: Refinable | None = field(default=None, validator=_check_items, kw_only=True)
    data: tuple[tuple[str, Scalar], ...] = field(default=None, converter=_data, eq=exact, kw_only=True)
    name: str = field(validator=check_name, kw_only=True)

    @name.default
    def _name(self) -> str:
        return default_name(self.kind, self.about)

    def __attrs_post_init__(self) -> None:
        """Check that the channel is said once."""
        if self.channel is not None and self.channels:
            raise DefinitionError(f"give channel= or channels=, not both: {self.channel!r} and {list(self.channels)}")

    def reads(self) -> frozenset[str]:
        """Return what its items depend on."""
        return frozenset() if self.items is None else self.items.reads()

    def write(self, *, python: bool) -> str:
        """Write the shortest call that builds it."""
        words = self._words(python=python)
        call, allowed = _FORMS.get(self.kind, ("", ()))
        if call and set(words) <= set(allowed):
            given = {name: words[name] for name in allowed if name in words}
            return _written(call, [repr(self.about)], given)
        return _written("Do", [repr(self.kind), repr(self.about)], self._words(python=python, plain=True))

    def _words(self, *, python: bool, plain: bool = False) -> dict[str, str]:
        """Return the arguments that are not the default, as text; ``plain`` without those of one kind only."""
        data = dict(self.data)
        words: dict[str, Any] = {}
        if self.kind == "audience_leave" and not plain:
            words["leave"] = True
        if self.kind == "escalate" and isinstance(data.get("about"), str) and not plain:
            words["about"] = data.pop("about")
        if self.kind == "grant" and not plain:
            words |= _granted(data)
        words |= {"topic": self.topic, "channel": self.channel, "channels": list(self.channels) or None}
        words |= {"purpose": None if self.purpose == "marketing" else self.purpose}
        words |= {"on_unknown": None if self.on_unknown == "drop" else self.on_unknown}
        written = {name: repr(value) for name, value in words.items() if value is not None}
        written |= {} if self.items is None else {"items": self.items.write(python=python)}
        written |= {"data": repr(data)} if data else {}
        usual = default_name(self.kind, self.about)
        return written | ({} if self.name == usual else {"name": repr(self.name)})


def _written(call: str, arguments: list[str], words: dict[str, str]) -> str:
    return f"{call}({', '.join([*arguments, *(f'{name}={text}' for name, text in words.items())])})"


def _do(kind: str, about: str, name: str | None, **words: Any) -> Do:
    return Do(kind, about, name=default_name(kind, about) if name is None else name, **words)


def Send(
    template: str,
    *,
    topic: str | None = None,
    channel: str | None = None,
    channels: tuple[str, ...] | list[str] = (),
    purpose: str = "marketing",
    on_unknown: str = "drop",
    items: Refinable | None = None,
    data: dict[str, Scalar] | None = None,
    name: str | None = None,
) -> Do:
    """Return the step that sends a message of a topic, by a channel or by whichever the delivery chooses."""
    where = {"topic": topic, "channel": channel, "channels": channels}
    more = {"purpose": purpose, "on_unknown": on_unknown, "items": items, "data": data}
    return _do("send", template, name, **where, **more)


def Tag(tag: str, *, name: str | None = None) -> Do:
    """Return the step that gives the customer a tag."""
    return _do("tag", tag, name)


def Untag(tag: str, *, name: str | None = None) -> Do:
    """Return the step that takes a tag away from the customer."""
    return _do("untag", tag, name)


def Audience(
    list_name: str,
    *,
    leave: bool = False,
    channel: str | None = None,
    data: dict[str, Scalar] | None = None,
    name: str | None = None,
) -> Do:
    """Return the step that puts the customer on a list of people to be shown advertisements, or takes them off it."""
    if type(leave) is not bool:
        raise DefinitionError(f"leave is True or False, not {shown(leave)}")
    return _do("audience_leave" if leave else "audience_join", list_name, name, channel=channel, data=data)


def Escalate(
    owner: str, *, about: str | None = None, data: dict[str, Scalar] | None = None, name: str | None = None
) -> Do:
    """Return the step that hands the customer to a person; what it is about stands in the data under ``about``."""
    if about is None:
        return _do("escalate", owner, name, data=data)
    given = dict(_data(data))
    if not isinstance(about, str) or "about" in given:
        raise DefinitionError(f"about is a text, given once, not {shown(about)} with data {shown(given)}")
    return _do("escalate", owner, name, data={**given, "about": about})


def Call(hook_name: str, *, data: dict[str, Scalar] | None = None, name: str | None = None) -> Do:
    """Return the step that calls a hook of the host, or a web hook, by its name."""
    return _do("call", hook_name, name, data=data)


def Grant(unit: str, amount: int, *, lasts: Span | None = None, why: str | None = None, name: str | None = None) -> Do:
    """Return the step that grants units of the club, in the same commit as the decision.

    Args:
        amount: minor units, 1 or more.
        lasts: how long they may be spent; left out, as the programme of the unit says.
        why: what the customer reads in the statement, such as ``birthday``; left out, the id of the rule.
    """
    if type(amount) is not int or not 1 <= amount <= LARGEST_GRANT:
        raise DefinitionError(f"amount is a whole number of minor units from 1 to {LARGEST_GRANT}, not {shown(amount)}")
    if lasts is not None and (not isinstance(lasts, Span) or not lasts.micros):
        raise DefinitionError(f"lasts is a span such as days(30), not {shown(lasts)}")
    if why is not None and not is_printable(why):
        raise DefinitionError(f"why is a printable text of 1 to 200 characters, not {shown(why)}")
    given = {"amount": amount, "lasts": None if lasts is None else lasts.micros, "why": why}
    return _do("grant", unit, name, data={key: value for key, value in given.items() if value is not None})


def _granted(data: dict[str, Any]) -> dict[str, Any]:
    """Take the arguments of ``Grant`` out of its data, when they are what it writes."""
    lasts = data.get("lasts")
    sound = (
        type(data.get("amount")) is int and (lasts is None or type(lasts) is int) and data.get("why", "") is not None
    )
    if not sound or not data.keys() <= {"amount", "lasts", "why"}:
        return {}
    found = {**data, "lasts": None if lasts is None else microseconds(lasts)}
    data.clear()
    return found


def IssueCode(promotion: str, *, name: str | None = None) -> Do:
    """Return the step that gives the customer a code of a promotion, in the same commit as the decision.

    Templates find it as the attribute ``code_`` and the promotion's name.
    """
    return _do("issue_code", promotion, name)
