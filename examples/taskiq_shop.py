"""taskiq: a task that a scheduler calls every minute, and that web handlers may call at once.

Run:    python examples/taskiq_shop.py
Prints: what the task sent. Here the broker is in memory.
"""

import asyncio
from datetime import UTC, datetime

from taskiq import InMemoryBroker, TaskiqScheduler
from taskiq.schedule_sources import LabelScheduleSource

from retention_engine import Engine, Money, Order, Rule, Send, on, orders
from retention_engine.delivery import Delivery, Runner
from retention_engine.facts import ContactAdded
from retention_engine.integrations import taskiq
from retention_engine.templates import PlainRenderer
from retention_engine.transports import ConsoleTransport

THANKS = Rule("thanks", on(orders), Send("thanks", channel="email", purpose="service"))
TEXTS = {"en/thanks.txt": '+++\nsubject = "Your order"\n+++\nThank you!'}
TODAY = datetime(2026, 1, 1, tzinfo=UTC)


def make_runner() -> Runner:
    """Return the runner of one process; a real shop has ``AsyncSmtpTransport`` instead of the console."""
    engine = Engine([THANKS], store="sqlite:///shop.db", since=TODAY)
    delivery = Delivery(engine, {"email": ConsoleTransport()}, renderer=PlainRenderer(TEXTS))
    return Runner(engine, delivery, environment="example")


broker = InMemoryBroker()
scheduler = TaskiqScheduler(broker, [LabelScheduleSource(broker)])  # taskiq scheduler taskiq_shop:scheduler
tick = taskiq.connect(broker, make_runner)


async def main() -> None:
    """Record an order as a web handler does, and let a worker tick."""
    now = datetime.now(UTC)
    contact = ContactAdded(id="1", customer="anna", at=now, channel="email", address="anna@shop.example")
    make_runner().record([contact, Order(id="812", customer="anna", at=now, total=Money(4990, "EUR"))])
    await broker.startup()
    task = await tick.kiq()
    print("actions:", (await task.wait_result()).return_value)
    await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(main())
