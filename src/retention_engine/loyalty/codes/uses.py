"""The uses of one order: at most one of each promotion, held, paid, or ended; a document beside the counters."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from enum import StrEnum

from attrs import asdict, evolve, field, frozen

from retention_engine.errors import LedgerError, shown
from retention_engine.loyalty.codes.counters import Counter, Held


class Stage(StrEnum):
    """Where a use stands. Codes are stored and never renamed."""

    HELD = "held"
    """Counted until its hold ends."""
    USED = "used"
    """Counted for good."""
    ENDED = "ended"
    """Not counted; when the order is paid after all, it is tried again."""
    DROPPED = "dropped"
    """Not counted: the customer does not want it any more."""


Room = tuple[int | None, int | None]
"""The most uses and the most money, minor units; None: no limit."""


def _names(value: Iterable[str]) -> tuple[str, ...]:
    return tuple(value)


def _rooms(value: Iterable[Iterable[int | None]]) -> tuple[Room, ...]:
    return tuple((uses, amount) for uses, amount in value)


@frozen(kw_only=True)
class Use:
    """One use of a promotion by an order.

    Attributes:
        promotion: its id.
        code: the symbols of the code, or the text of a vanity code; None: the promotion needs none.
        owner: the customer to whom the code was given; None: nobody.
        stage: where it stands.
        since: when it was held first, microseconds UTC: the instant that decides its period.
        until: when the hold ends by itself.
        amount: what it costs the shop, minor units.
        counters: the names of the counters that count it.
        room: of each counter, the most uses and the most money, as they were when it was held.
        turn: how often it has changed; of two tellings of one use the later turn is right.
        unit: the code of the unit of points on top; None: it brings none.
        units: how many of them.
    """

    promotion: str
    code: str | None = None
    owner: str | None = None
    stage: Stage = field(default=Stage.HELD, converter=Stage)
    since: int
    until: int
    amount: int
    counters: tuple[str, ...] = field(default=(), converter=_names)
    room: tuple[Room, ...] = field(default=(), converter=_rooms)
    turn: int = 1
    unit: str | None = None
    units: int = 0

    def is_live(self, at: int) -> bool:
        """Tell whether it counts at an instant."""
        return self.stage is Stage.USED or (self.stage is Stage.HELD and at < self.until)

    def full(self, counters: Mapping[str, Counter], order: str, at: int) -> str | None:
        """Return ``uses`` or ``amount`` when there is no room for it beside those of other orders."""
        for name, (uses, amount) in zip(self.counters, self.room, strict=True):
            if uses is not None and counters[name].uses(at, order) + 1 > uses:
                return "uses"
            if amount is not None and counters[name].cost(at, order) + self.amount > amount:
                return "amount"
        return None

    def turned(self, stage: Stage) -> Use:
        """Return it in another stage."""
        return evolve(self, stage=stage, turn=self.turn + 1)


@frozen
class OrderUses:
    """What an order uses, by promotion."""

    customer: str
    uses: Mapping[str, Use] = field(factory=dict)

    def having(self, uses: Iterable[Use]) -> OrderUses:
        """Return it with uses instead of the former ones of their promotions."""
        return OrderUses(self.customer, {**self.uses, **{use.promotion: use for use in uses}})

    def text(self) -> str:
        """Return the document."""
        plain = [self.customer, [asdict(use) for _, use in sorted(self.uses.items())]]
        return json.dumps(plain, separators=(",", ":"), sort_keys=True, ensure_ascii=False)

    @classmethod
    def of(cls, text: str) -> OrderUses:
        """Return what a document says.

        Raises:
            LedgerError: it is no such document.
        """
        try:
            customer, uses = json.loads(text)
            return cls(customer, {use["promotion"]: Use(**use) for use in uses})
        except (ValueError, TypeError, KeyError) as error:
            raise LedgerError(f"these are no uses of an order: {shown(text)}", code="unreadable") from error


def counted(counters: dict[str, Counter], order: str, before: Use | None, after: Use) -> None:
    """Bring the counters of a use from its former stage to its new one; ``counters`` has all of them and is changed."""
    for name in before.counters if before is not None else ():
        if before is not None and before.stage is Stage.USED:
            counters[name] = counters[name].give_back(before.amount)
        else:
            counters[name] = counters[name].end(order)
    for name in after.counters:
        if after.stage is Stage.USED:
            counters[name] = counters[name].take(order, after.amount)
        elif after.stage is Stage.HELD:
            counters[name] = counters[name].hold(order, Held(after.until, after.amount), after.since)


def rebuilt(latest: Mapping[str, Iterable[Use]]) -> dict[str, Counter]:
    """Return the counters that the latest uses of each order make."""
    counters: dict[str, Counter] = {}
    told = ((order, use, name) for order, uses in sorted(latest.items()) for use in uses for name in use.counters)
    for order, use, name in told:
        counter = counters.get(name, Counter())
        if use.stage is Stage.USED:
            counter = counter.take(order, use.amount)
        elif use.stage is Stage.HELD:
            counter = evolve(counter, held={**counter.held, order: Held(use.until, use.amount)})
        counters[name] = counter
    return counters
