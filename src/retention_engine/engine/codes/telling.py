"""What is told about uses: facts for the log, and what became of them for the caller."""

from __future__ import annotations

from attrs import frozen

from retention_engine.facts import CodeHeld, CodeReleased, CodeUsed, Fact
from retention_engine.loyalty.codes import Refusal, Stage, Use


@frozen
class Settled:
    """What became of one use when its order was settled.

    Attributes:
        refusal: why it could not be counted although the order was paid; None: nothing was refused.
    """

    promotion: str
    stage: Stage
    refusal: Refusal | None = None


_KINDS = {Stage.HELD: CodeHeld, Stage.USED: CodeUsed, Stage.ENDED: CodeReleased, Stage.DROPPED: CodeReleased}


def told(use: Use, order: str, customer: str, at: int, *, grace: int | None = None) -> list[Fact]:
    """Return the facts about a use: for the customer of the order, and for whom the code was given to."""
    more = {"final": use.stage is Stage.DROPPED, "grace": grace} if _KINDS[use.stage] is CodeReleased else {}
    return [
        _KINDS[use.stage](
            id=CodeHeld.name(order, use.promotion, whose, use.turn),
            customer=whose,
            at=at,
            order_id=order,
            promotion=use.promotion,
            turn=use.turn,
            user=customer if whose != customer else None,
            code=use.code,
            owner=use.owner,
            held_since=use.since,
            held_until=use.until,
            amount=use.amount,
            counters=use.counters,
            unit=use.unit,
            units=use.units,
            **more,
        )
        for whose in sorted({customer, use.owner or customer})
    ]


def use_of(fact: CodeHeld | CodeUsed | CodeReleased) -> Use:
    """Return the use that a fact tells of."""
    stage = {CodeHeld: Stage.HELD, CodeUsed: Stage.USED}.get(type(fact), Stage.ENDED)
    return Use(
        promotion=fact.promotion,
        code=fact.code,
        owner=fact.owner,
        stage=Stage.DROPPED if isinstance(fact, CodeReleased) and fact.final else stage,
        since=fact.held_since,
        until=fact.held_until,
        amount=fact.amount,
        counters=fact.counters,
        turn=fact.turn,
        unit=fact.unit,
        units=fact.units,
    )
