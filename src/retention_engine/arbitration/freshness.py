"""Nothing is offered that is gone, or that costs more than what was announced."""

from __future__ import annotations

from attrs import frozen

from retention_engine.actions import Reason
from retention_engine.arbitration.base import ALLOW, Drop, Message, Policy, Ruling, Situation, Stage
from retention_engine.facts import AvailabilityChanged, PriceChanged, StockChanged
from retention_engine.timing import to_text


@frozen(repr=False)
class Fresh(Policy):
    """Drop a message that shows an item out of stock, or that was caused by a price which has risen again since."""

    stage = Stage.CONTENT
    needs_news = True

    def weigh(self, message: Message, seen: Situation) -> Ruling:
        """Look at the latest stock and price known of each item."""
        for item in message.items:
            about = sorted((fact for fact in seen.news if getattr(fact, "sku", None) == item), key=lambda fact: fact.at)
            gone = next(
                (fact for fact in reversed(about) if isinstance(fact, StockChanged | AvailabilityChanged)), None
            )
            if isinstance(gone, StockChanged) and gone.pieces == 0:
                return Drop(Reason.ITEM_UNAVAILABLE, (f"{item}: out of stock since {to_text(gone.at)}",))
            if isinstance(gone, AvailabilityChanged) and not gone.available:
                return Drop(Reason.ITEM_UNAVAILABLE, (f"{item}: not available since {to_text(gone.at)}",))
            prices = [fact for fact in about if isinstance(fact, PriceChanged)]
            announced = next((fact for fact in prices if fact.id == message.occasion), None)
            if announced is not None and prices[-1].price.amount > announced.price.amount:
                return Drop(Reason.ITEM_UNAVAILABLE, (f"{item}: dearer again since {to_text(prices[-1].at)}",))
        return ALLOW
