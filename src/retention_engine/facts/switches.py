"""Facts about the shop as a whole: sending was stopped or resumed, for all, a rule, a channel or a topic."""

from __future__ import annotations

from attrs import field, frozen

from retention_engine.errors import FactError, nearest, shown
from retention_engine.facts.base import ShopFact, check_optional, check_text, kind

SCOPES = ("all", "rule", "channel", "topic")
"""What a switch may stop."""


def switch_subject(scope: str, name: str | None = None) -> str:
    """Return under which subject the switches of a scope are found: ``switch:all``, ``switch:rule:win-back``."""
    return f"switch:{scope}" if name is None else f"switch:{scope}:{name}"


@frozen(kw_only=True)
class _Switch(ShopFact):
    scope: str = field()
    name: str | None = field(default=None, validator=check_optional)

    @scope.validator
    def _known(self, _: object, value: object) -> None:
        if value not in SCOPES:
            raise FactError(f"unknown scope {shown(value)}{nearest(value, SCOPES)}")

    @name.validator
    def _of_something(self, _: object, value: object) -> None:
        if (value is None) != (self.scope == "all"):
            wanted = "left out for scope 'all'" if self.scope == "all" else f"needed for scope {shown(self.scope)}"
            raise FactError(f"name is {wanted}, not {shown(value)}")

    def subjects(self) -> tuple[str, ...]:
        """Return the switch: ``switch:all``, or ``switch:`` with scope and name."""
        return (switch_subject(self.scope, self.name),)


@kind("sending_stopped")
@frozen(kw_only=True)
class SendingStopped(_Switch):
    """Nothing of this scope may be sent any more.

    Attributes:
        scope: all, rule, channel or topic.
        name: of the rule, channel or topic; none for all.
        reason: a text for those who ask why.
        by: who did it, or None.
    """

    reason: str = field(validator=check_text)
    by: str | None = field(default=None, validator=check_optional)


@kind("sending_resumed")
@frozen(kw_only=True)
class SendingResumed(_Switch):
    """What was stopped under this scope and name may be sent again; the latest switch by (at, id) counts."""
