"""procrastinate: a periodic task of the worker that runs already; ticks do not pile up in its queue.

Run:    python examples/procrastinate_shop.py
Prints: what the task sent. Here the queue is in memory instead of PostgreSQL.
"""

import asyncio
from datetime import UTC, datetime

from procrastinate import App
from procrastinate.testing import InMemoryConnector

from retention_engine import Engine, Money, Order, Rule, Send, on, orders
from retention_engine.delivery import Delivery, Runner
from retention_engine.facts import ContactAdded
from retention_engine.integrations import procrastinate
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


app = App(
    connector=InMemoryConnector()
)  # PsycopgConnector(...), and: procrastinate --app=procrastinate_shop.app worker
tick = procrastinate.connect(app, make_runner)


async def main() -> None:
    """Record an order as a web handler does, and let a worker tick."""
    now = datetime.now(UTC)
    contact = ContactAdded(id="1", customer="anna", at=now, channel="email", address="anna@shop.example")
    make_runner().record([contact, Order(id="812", customer="anna", at=now, total=Money(4990, "EUR"))])
    async with app.open_async():
        await tick.defer_async()
        await app.run_worker_async(wait=False, install_signal_handlers=False)
    print("periodic:", *(each.cron for each in app.periodic_registry.periodic_tasks.values()))


if __name__ == "__main__":
    asyncio.run(main())
