"""Steps of a rule: messages, other actions, and waits. Each has a name that outlives its place in the rule."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from retention_engine.errors import DefinitionError, FactError, shown
from retention_engine.predicates import Truth
from retention_engine.predicates.compare import exact
from retention_engine.rules.base import Written
from retention_engine.timing import Span
from retention_engine.values import Scalar, check_data, is_printable


def _check_name(_: object, attribute: Any, value: Any) -> None:
    if not is_printable(value):
        raise DefinitionError(f"{attribute.name} is a printable text of 1 to 200 characters, not {shown(value)}")


def _check_optional(instance: object, attribute: Any, value: Any) -> None:
    if value is not None:
        _check_name(instance, attribute, value)


def _data(value: dict[str, Scalar] | None) -> tuple[tuple[str, Scalar], ...]:
    try:
        return tuple(sorted(check_data(dict(value or {})).items()))
    except (FactError, TypeError, ValueError) as error:
        raise DefinitionError(f"data: {error}") from None


@frozen(cache_hash=True, repr=False)
class Do(Written):
    """An action of any kind, carried out by a transport or by the host.

    Attributes:
        kind: what to do, such as ``tag``, ``grant`` or ``call``.
        about: what it is about; for ``send`` the template.
        name: of the step, unique in its rule and never changed; by default ``about``.
        data: plain values handed on.
    """

    kind: str = field(validator=_check_name)
    about: str = field(validator=_check_name)
    topic: str | None = field(default=None, validator=_check_optional, kw_only=True)
    channel: str | None = field(default=None, validator=_check_optional, kw_only=True)
    data: tuple[tuple[str, Scalar], ...] = field(default=None, converter=_data, eq=exact, kw_only=True)
    name: str = field(validator=_check_name, kw_only=True)

    @name.default
    def _name(self) -> str:
        return self.about

    def write(self, *, python: bool) -> str:
        """Write the call; a message is ``Send``."""
        call = f"Send({self.about!r}" if self.kind == "send" else f"Do({self.kind!r}, {self.about!r}"
        words = {"topic": self.topic, "channel": self.channel, "data": dict(self.data) or None}
        words["name"] = None if self.name == self.about else self.name
        return call + "".join(f", {key}={value!r}" for key, value in words.items() if value is not None) + ")"


def Send(
    template: str,
    *,
    topic: str | None = None,
    channel: str | None = None,
    data: dict[str, Scalar] | None = None,
    name: str | None = None,
) -> Do:
    """Return the step that sends a message of a topic, by a channel or by whichever the delivery chooses."""
    step_name = template if name is None else name
    return Do("send", template, topic=topic, channel=channel, data=data, name=step_name)


@frozen(cache_hash=True, repr=False)
class Delay(Written):
    """Wait for a length of elapsed time."""

    span: Span
    name: str = field(validator=_check_name, kw_only=True)

    @name.default
    def _name(self) -> str:
        return f"delay {self.span!r}"

    def __attrs_post_init__(self) -> None:
        """Check the span."""
        if not isinstance(self.span, Span) or self.span.micros == 0:
            raise DefinitionError(f"Delay takes a span above zero such as days(3), not {shown(self.span)}")

    def write(self, *, python: bool) -> str:
        """Write the call; the default name is left out."""
        return f"Delay({self.span!r}{_named(self)})"


@frozen(cache_hash=True, repr=False)
class WaitFor(Written):
    """Wait until a predicate holds, at most ``timeout``; then go on, or leave when ``on_timeout`` is ``exit``."""

    predicate: Truth
    timeout: Span
    on_timeout: str = field(default="continue", kw_only=True)
    name: str = field(validator=_check_name, kw_only=True)

    @name.default
    def _name(self) -> str:
        return f"wait {self.predicate}"[:200]

    def __attrs_post_init__(self) -> None:
        """Check the parts."""
        if not isinstance(self.predicate, Truth):
            raise DefinitionError(f"WaitFor takes a predicate, not {shown(self.predicate)}")
        if not isinstance(self.timeout, Span) or self.timeout.micros == 0:
            raise DefinitionError(f"WaitFor takes a timeout above zero such as days(3), not {shown(self.timeout)}")
        if self.on_timeout not in ("continue", "exit"):
            raise DefinitionError(f"on_timeout is 'continue' or 'exit', not {shown(self.on_timeout)}")

    def write(self, *, python: bool) -> str:
        """Write the call; the default name is left out."""
        more = "" if self.on_timeout == "continue" else f", on_timeout={self.on_timeout!r}"
        return f"WaitFor({self.predicate.write(python=python)}, {self.timeout!r}{more}{_named(self)})"


def _named(step: Any) -> str:
    default = type(step)(*_positional(step)).name
    return "" if step.name == default else f", name={step.name!r}"


def _positional(step: Any) -> tuple[Any, ...]:
    return (step.span,) if isinstance(step, Delay) else (step.predicate, step.timeout)


Step = Do | Delay | WaitFor
