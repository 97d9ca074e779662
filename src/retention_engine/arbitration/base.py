"""What every policy is shown and what it answers: allow, defer until an instant, or drop with a reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import IntEnum
from itertools import takewhile
from typing import Any, ClassVar

from attrs import define, field, fields, frozen

from retention_engine.actions import Reason
from retention_engine.errors import DefinitionError, nearest, shown
from retention_engine.facts import Fact
from retention_engine.predicates import Truth
from retention_engine.values import PURPOSES, is_printable
from retention_engine.view import View


@define(kw_only=True)  # made for every message: not frozen for speed, and never changed
class Message:
    """A message that a rule wants to send: the candidate.

    Attributes:
        kind: ``send``, or ``audience_join`` for a retargeting list.
        channel: where to; None: whichever the delivery chooses.
        channels: those to try in this order when ``channel`` is None.
        items: what it shows, such as the article number of a price drop.
        priority: higher first.
        value: expected worth in minor units; decides between equal priorities.
        at_cap: ``defer``, ``drop`` or ``best``: what it wants when a frequency cap is full.
        due: the instant it became due, microseconds UTC.
        valid_until: exclusive; None: no limit.
        opening: whether nothing of its journey was let through yet.
    """

    rule: str
    customer: str
    occasion: str
    step: str
    template: str
    kind: str = "send"
    channel: str | None = None
    channels: tuple[str, ...] = ()
    topic: str | None = None
    purpose: str = "marketing"
    items: tuple[str, ...] = ()
    priority: int = 0
    value: int = 0
    at_cap: str = "defer"
    due: int
    valid_until: int | None = None
    opening: bool = True

    @property
    def rank(self) -> tuple[int, int]:
        """Priority, then value: the higher goes first."""
        return (self.priority, self.value)


@define(kw_only=True)  # made for every message: not frozen for speed, and never changed
class Said:
    """A message that was let through or sent, and did not fail.

    Attributes:
        at: when it was decided, or sent if that was later or is all that is known; microseconds UTC.
        occasion: None when it was not decided here.
        noticed: it was opened or clicked.
        key: of the action; empty where it is not asked for.
    """

    at: int
    rule: str
    step: str
    template: str
    occasion: str | None = None
    channel: str | None = None
    topic: str | None = None
    purpose: str = "marketing"
    items: tuple[str, ...] = ()
    noticed: bool = False
    key: str = ""


@frozen
class Held:
    """A message that waits: the answer it got at this very instant."""

    message: Message
    until: int | None


@define(kw_only=True)  # made for every message: not frozen for speed, and never changed
class Situation:
    """What a policy is shown besides the message; what is known at ``view.now`` and nothing later.

    Attributes:
        view: the history, the instant, the zone.
        said: what the customer was sent before, and what was let through at this instant; oldest first.
        held: better messages of the same customer that wait.
        news: facts about the catalogue and the shop, oldest first.
    """

    view: View
    said: Sequence[Said] = ()
    held: Sequence[Held] = ()
    news: Sequence[Fact] = ()


def latest(said: Sequence[Said], since: int) -> Iterator[Said]:
    """Yield what was said after an instant, the newest first."""
    return takewhile(lambda one: one.at > since, reversed(said))


@frozen
class Allow:
    """Nothing speaks against it.

    Attributes:
        until: the first instant at which it may turn into a drop without a new fact; None: only a fact can change that.
    """

    until: int | None = None


@frozen
class Defer:
    """Not now.

    Attributes:
        until: the first instant at which the answer may change without a new fact; None: only a fact can change it.
    """

    until: int | None
    reason: Reason
    because: tuple[str, ...] = ()


@frozen
class Drop:
    """Not at all.

    Attributes:
        whole: the whole journey ends, not this message alone.
    """

    reason: Reason
    because: tuple[str, ...] = ()
    whole: bool = False


Ruling = Allow | Defer | Drop
ALLOW = Allow()
_SCOPE = ("channel", "topic", "purpose", "rule")


class Stage(IntEnum):
    """The order of asking; the first drop wins."""

    PERMISSION = 1
    EXPERIMENT = 2
    CONTENT = 3
    PRESSURE = 4
    TIME = 5
    SWITCH = 6


def one_or_more(value: object) -> tuple[str, ...] | None:
    """Return names as a tuple: one text, several, or None for no restriction.

    Raises:
        DefinitionError: no names, or something that is none.
    """
    if value is None:
        return None
    names = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, tuple | list) else (None,)
    if not names or not all(is_printable(name) for name in names):
        raise DefinitionError(f"a name or several are needed, not {shown(value)}")
    return tuple(dict.fromkeys(names))


def known_purposes(value: object) -> tuple[str, ...] | None:
    """Return purposes as a tuple; None: no restriction.

    Raises:
        DefinitionError: an unknown purpose; the message names the nearest one.
    """
    names = one_or_more(value)
    for name in names or ():
        if name not in PURPOSES:
            raise DefinitionError(f"unknown purpose {shown(name)}{nearest(name, PURPOSES)}")
    return names


@frozen(kw_only=True, repr=False)
class Policy:
    """Base of the policies: a value that is asked about messages in its scope.

    Attributes:
        channel: only messages by these channels; None: by any.
        topic: only messages of these topics.
        purpose: only messages of these purposes: ``marketing``, ``service``, ``transactional``.
        rule: only messages of the rules with these ids.
    """

    stage: ClassVar[Stage]
    kinds: ClassVar[tuple[str, ...]] = ("send",)
    needs_news: ClassVar[bool] = False
    channel: tuple[str, ...] | None = field(default=None, converter=one_or_more)
    topic: tuple[str, ...] | None = field(default=None, converter=one_or_more)
    purpose: tuple[str, ...] | None = field(default=None, converter=known_purposes)
    rule: tuple[str, ...] | None = field(default=None, converter=one_or_more)

    def concerns(self, message: Message | Said) -> bool:
        """Tell whether a message is in the scope."""
        return (
            (self.channel is None or message.channel in self.channel)
            and (self.topic is None or message.topic in self.topic)
            and (self.purpose is None or message.purpose in self.purpose)
            and (self.rule is None or message.rule in self.rule)
        )

    def weigh(self, message: Message, seen: Situation) -> Ruling:
        """Answer about a message in the scope.

        The answer depends on what is seen alone, and stays the same until ``Defer.until`` unless a fact comes.
        """
        raise NotImplementedError  # every concrete policy answers itself

    def reads(self) -> frozenset[str]:
        """Return the names of the collections of a history that it looks at."""
        return frozenset()

    def text(self) -> str:
        """Return the call that ``read_policy`` reads back to an equal value."""
        return self._write(python=False)

    def __str__(self) -> str:
        """Return the text form."""
        return self.text()

    def __repr__(self) -> str:
        """Return the Python expression that builds it."""
        return self._write(python=True)

    def _write(self, *, python: bool) -> str:
        """Write the call: what stands without a keyword first, then whatever is not the default."""
        own = sorted(fields(type(self)), key=lambda each: each.name in _SCOPE)
        own = [each for each in own if each.init]
        parts = [_written(getattr(self, each.name), python=python) for each in own if not each.kw_only]
        parts += [
            f"{each.name}={_written(getattr(self, each.name), python=python)}"
            for each in own
            if each.kw_only and getattr(self, each.name) != each.default
        ]
        return f"{type(self).__name__}({', '.join(parts)})"


def _written(value: Any, *, python: bool) -> str:
    if isinstance(value, Truth):
        return value.write(python=python)
    if isinstance(value, tuple) and value and isinstance(value[0], tuple):
        return repr(dict(value))
    if isinstance(value, Reason):
        return repr(value.value)
    if isinstance(value, tuple) and len(value) == 1:
        return repr(value[0])
    return repr(list(value) if isinstance(value, tuple) else value)
