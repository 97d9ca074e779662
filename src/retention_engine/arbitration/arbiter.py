"""The one place where policies meet a message: in a fixed order, over the channels it may go by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import define, evolve, field, frozen

from retention_engine.arbitration.base import ALLOW, Allow, Defer, Drop, Message, Policy, Ruling, Situation
from retention_engine.arbitration.channels import Channels, order_of
from retention_engine.errors import DefinitionError, shown
from retention_engine.state import EVENTS

FAILURES = f"{EVENTS}message_failed"
"""The collection of what did not arrive: a message that was never reported as sent has no other trace."""


def _sorted(policies: Iterable[Policy]) -> tuple[Policy, ...]:
    given = list(policies)
    for policy in given:
        if not isinstance(policy, Policy):
            raise DefinitionError(f"a policy is needed, such as AtMost(3, per=days(7)), not {shown(policy)}")
    return tuple(sorted(dict.fromkeys(given), key=lambda policy: policy.stage))


@define
class Ruled:
    """What became of a message.

    Attributes:
        message: with the channel it goes by.
        turn: for a deferral: when a policy that allows now may drop by itself, so that a held message is dropped at
            its instant; None: none will.
    """

    message: Message
    ruling: Ruling
    turn: int | None = None


@frozen
class Arbiter:
    """Policies in the order of their stages, those of one stage in the order given; equal ones count once."""

    policies: tuple[Policy, ...] = field(converter=_sorted, default=())
    _scopes: dict[tuple[str | None, ...], tuple[Policy, ...]] = field(factory=dict, init=False, eq=False, repr=False)

    @property
    def needs_news(self) -> bool:
        """Whether a policy looks at facts about the catalogue."""
        return any(policy.needs_news for policy in self.policies)

    def reads(self) -> frozenset[str]:
        """Return the names of the collections of a history that the policies look at."""
        found = frozenset({"channel_order"} if self.policies else ()).union(*(each.reads() for each in self.policies))
        return found | {FAILURES} if "messages" in found else found

    def rule(self, message: Message, seen: Situation) -> Ruled:
        """Weigh a message on each of its channels in turn; the first on which it is not dropped is the one."""
        first: Ruled | None = None
        for channel in self._channels(message, seen):
            tried = message if channel == message.channel else evolve(message, channel=channel)
            found = Ruled(tried, *self._weigh(tried, seen))
            if not isinstance(found.ruling, Drop) or found.ruling.whole:
                return found
            first = first or found
        assert first is not None
        return first

    def rulings(self, message: Message, seen: Situation) -> Iterator[tuple[Policy, Ruling]]:
        """Yield what each policy in whose scope the message is would say, in the order of asking."""
        for policy in self._concerning(message):
            yield policy, policy.weigh(message, seen)

    def _concerning(self, message: Message) -> tuple[Policy, ...]:
        """Return the policies in whose scope a message is; found once for all messages of the same kind."""
        scope = (message.kind, message.channel, message.topic, message.purpose, message.rule)
        found = self._scopes.get(scope)
        if found is None:
            asked = (policy for policy in self.policies if message.kind in policy.kinds and policy.concerns(message))
            found = self._scopes[scope] = tuple(asked)
        return found

    def _weigh(self, message: Message, seen: Situation) -> tuple[Ruling, int | None]:
        """The first drop wins; otherwise the latest deferral, the earlier asked one of two; otherwise allow."""
        latest: Ruling = ALLOW
        turn: int | None = None
        for policy in self._concerning(message):
            ruling = policy.weigh(message, seen)
            if ruling is ALLOW:
                continue
            if isinstance(ruling, Drop):
                return ruling, None
            if isinstance(ruling, Allow):
                turn = ruling.until if turn is None else min(turn, ruling.until or turn)
            elif isinstance(latest, Allow) or _later(ruling, latest):
                latest = ruling
        return latest, turn

    def _channels(self, message: Message, seen: Situation) -> tuple[str | None, ...]:
        if message.channel is not None:
            return (message.channel,)
        usual = next(
            (each.order for each in self.policies if isinstance(each, Channels) and each.concerns(message)), ()
        )
        return order_of(message.channels or usual, seen) or (None,)


def _later(one: Defer, other: Ruling) -> bool:
    assert isinstance(other, Defer)
    if other.until is None:
        return False
    return one.until is None or one.until > other.until
