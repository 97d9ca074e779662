"""Which policies a message of a rule meets, by each of the channels it may go by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import evolve

from retention_engine.arbitration import Channels, Message, Policy
from retention_engine.rules import Do, Rule


def policies_by_channel(
    rule: Rule, step: Do, policies: Sequence[Policy]
) -> Iterator[tuple[str | None, tuple[Policy, ...]]]:
    """Yield each channel by which a message may be tried, with the policies in whose scope it is then."""
    message = Message(
        rule=rule.id,
        customer="",
        occasion="",
        step=step.name,
        template=step.about,
        kind=step.kind,
        channel=step.channel,
        topic=step.topic,
        purpose=step.purpose,
        due=0,
    )
    for channel in _channels(message, step, policies):
        tried = evolve(message, channel=channel)
        yield channel, tuple(each for each in policies if step.kind in each.kinds and each.concerns(tried))


def _channels(message: Message, step: Do, policies: Sequence[Policy]) -> tuple[str | None, ...]:
    if step.channel is not None:
        return (step.channel,)
    usual = (each.order for each in policies if isinstance(each, Channels) and each.concerns(message))
    return step.channels or next(usual, ()) or (None,)


def meets_always(kinds: type[Policy] | tuple[type[Policy], ...], ways: Sequence[Sequence[Policy]]) -> bool:
    """Tell whether a policy of one of these kinds stands above a message by whichever channel it goes."""
    return all(any(isinstance(each, kinds) for each in met) for met in ways)
