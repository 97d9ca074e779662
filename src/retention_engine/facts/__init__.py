"""What happened: immutable facts with an id and two times, and the nouns they are about."""

from retention_engine.facts.base import KINDS, Fact, kind_of
from retention_engine.facts.behaviour import Answered, Event, Referred, Reviewed, Viewed, Visited
from retention_engine.facts.catalogue import (
    AvailabilityChanged,
    CatalogueFact,
    PriceChanged,
    ProductListed,
    SaleStarted,
    StockChanged,
)
from retention_engine.facts.codec import content, from_json, to_json
from retention_engine.facts.commerce import (
    CartEmptied,
    CartUpdated,
    OrderCancelled,
    OrderDelivered,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    OrderShipped,
)
from retention_engine.facts.contact import (
    AttributeChanged,
    ConsentGiven,
    ConsentWithdrawn,
    ContactAdded,
    ContactRemoved,
    Registered,
    Tagged,
    Untagged,
)
from retention_engine.facts.outcomes import (
    MessageClicked,
    MessageDelivered,
    MessageFailed,
    MessageOpened,
    MessageSent,
)
from retention_engine.facts.words import Cart, Customer, Line, Order, Product

__all__ = [
    "KINDS",
    "Answered",
    "AttributeChanged",
    "AvailabilityChanged",
    "Cart",
    "CartEmptied",
    "CartUpdated",
    "CatalogueFact",
    "ConsentGiven",
    "ConsentWithdrawn",
    "ContactAdded",
    "ContactRemoved",
    "Customer",
    "Event",
    "Fact",
    "Line",
    "MessageClicked",
    "MessageDelivered",
    "MessageFailed",
    "MessageOpened",
    "MessageSent",
    "Order",
    "OrderCancelled",
    "OrderDelivered",
    "OrderPaid",
    "OrderPlaced",
    "OrderRefunded",
    "OrderShipped",
    "PriceChanged",
    "Product",
    "ProductListed",
    "Referred",
    "Registered",
    "Reviewed",
    "SaleStarted",
    "StockChanged",
    "Tagged",
    "Untagged",
    "Viewed",
    "Visited",
    "content",
    "from_json",
    "kind_of",
    "to_json",
]
