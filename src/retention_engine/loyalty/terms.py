"""The terms of a programme: what holds, refunds, debts and activity mean. New terms never change what exists."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from retention_engine.errors import DefinitionError, shown
from retention_engine.loyalty.units import Unit
from retention_engine.loyalty.validity import Validity, lasting
from retention_engine.timing import Span, days, minutes
from retention_engine.typed import typed

OWN_REVERSAL = "own_reversal"
"""The usual debt limit of points: a reversal may leave its own shortfall as debt, whatever it is."""

_TWO_WEEKS, _HOLD, _LONGEST_HOLD, _TOLERANCE = days(14), minutes(60), days(7), minutes(5)


@frozen
class Original:
    """Units given back to a lot that has expired are expired."""


@frozen(field_transformer=typed)
class Grace:
    """Units given back to a lot that has expired live on for a span: once."""

    span: Span = field(default=_TWO_WEEKS)


@frozen(field_transformer=typed)
class Fresh:
    """Units given back to a lot that has expired live on with a new validity: when the shop cancelled."""

    validity: Validity = field(converter=lasting)


GiveBack = Original | Grace | Fresh


def _check_limit(_: Any, attribute: Any, value: Any) -> None:
    if value is not None and (type(value) is not int or value < 0):
        raise DefinitionError(f"{attribute.name} is None or a whole number from 0, not {shown(value)}")


def _check_debt(instance: Any, attribute: Any, value: Any) -> None:
    if value != OWN_REVERSAL:
        _check_limit(instance, attribute, value)


@frozen(kw_only=True, field_transformer=typed)
class Terms:
    """What the programme has decided.

    Attributes:
        debt_limit: ``OWN_REVERSAL``, or the largest debt; 0: the shop bears what is missing. None: as is usual,
            ``OWN_REVERSAL`` for points and 0 for cashback money.
        own_only: a reversal takes units of its own grant only; the shop bears the rest.
        give_back: what becomes of spent units whose lot has expired when they are given back.
        hold: how long a hold lasts when nothing is said.
        longest_hold: the most that can be said.
        activities: the kinds of commands that prolong units which last ``WhileActive``.
        transfer_limit: the most units of one transfer; None: no limit.
        clock_tolerance: how far the clock may go back between two commands; they count as simultaneous then.
    """

    debt_limit: int | str | None = field(default=None, validator=_check_debt)
    own_only: bool = False
    give_back: GiveBack = field(factory=Grace)
    hold: Span = field(default=_HOLD)
    longest_hold: Span = field(default=_LONGEST_HOLD)
    activities: frozenset[str] = frozenset({"earn", "order"})
    transfer_limit: int | None = field(default=None, validator=_check_limit)
    clock_tolerance: Span = field(default=_TOLERANCE)

    def most_debt(self, unit: Unit) -> int | None:
        """Return the largest debt of an account in a unit; None: the shortfall of each reversal."""
        if isinstance(self.debt_limit, int):
            return self.debt_limit
        return 0 if self.debt_limit is None and unit.currency is not None else None
