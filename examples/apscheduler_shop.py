"""APScheduler 3: a job of the scheduler that runs already, in the event loop or in a thread.

Run:    python examples/apscheduler_shop.py
Prints: what the job sent.
"""

import asyncio
from datetime import UTC, datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from retention_engine import Engine, Money, Order, Rule, Send, on, orders
from retention_engine.delivery import Delivery, Runner
from retention_engine.facts import ContactAdded
from retention_engine.integrations import apscheduler
from retention_engine.templates import PlainRenderer
from retention_engine.transports import RecordingTransport

THANKS = Rule("thanks", on(orders), Send("thanks", channel="email", purpose="service"))
TEXTS = {"en/thanks.txt": '+++\nsubject = "Your order"\n+++\nThank you!'}


async def main() -> None:
    """Record an order, and wait for the mail."""
    engine = Engine([THANKS], since=datetime.now(UTC))
    mails = RecordingTransport()  # a real shop has AsyncSmtpTransport, and ``store="sqlite:///shop.db"``
    runner = Runner(engine, Delivery(engine, {"email": mails}, renderer=PlainRenderer(TEXTS)))

    scheduler = AsyncIOScheduler()
    apscheduler.connect(scheduler, runner, every=0.05)
    scheduler.start()

    now = datetime.now(UTC)
    contact = ContactAdded(id="1", customer="anna", at=now, channel="email", address="anna@shop.example")
    runner.record([contact, Order(id="812", customer="anna", at=now, total=Money(4990, "EUR"))])
    while (facts := [each.KIND for each in engine.store.facts.of(["anna"])["anna"]])[-1] != "message_sent":
        await asyncio.sleep(0.01)
    scheduler.shutdown()
    print("sent:", mails.envelopes[0].content.subject, "to", mails.envelopes[0].address)
    print("facts:", *facts)


if __name__ == "__main__":
    asyncio.run(main())
