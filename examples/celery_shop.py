"""Celery: beat calls a task that decides and sends; every worker process opens the store for itself.

Run:    python examples/celery_shop.py
Prints: what the task sent, and the entry of beat. Here the task runs at once, without a broker.
"""

from datetime import UTC, datetime

from celery import Celery

from retention_engine import Engine, Money, Order, Rule, Send, on, orders
from retention_engine.delivery import Delivery, Runner
from retention_engine.facts import ContactAdded
from retention_engine.integrations import celery
from retention_engine.templates import PlainRenderer
from retention_engine.transports import ConsoleTransport

THANKS = Rule("thanks", on(orders), Send("thanks", channel="email", purpose="service"))
TEXTS = {"en/thanks.txt": '+++\nsubject = "Your order"\n+++\nThank you!'}
TODAY = datetime(2026, 1, 1, tzinfo=UTC)


def make_runner() -> Runner:
    """Return the runner of one process; a real shop has ``SmtpTransport`` instead of the console."""
    engine = Engine([THANKS], store="sqlite:///shop.db", since=TODAY)
    delivery = Delivery(engine, {"email": ConsoleTransport()}, renderer=PlainRenderer(TEXTS))
    return Runner(engine, delivery, environment="example")


app = Celery("shop", broker="memory://")
tick = celery.connect(app, make_runner, every=60.0)  # celery -A celery_shop worker --beat


if __name__ == "__main__":
    app.conf.task_always_eager = True
    web = make_runner()  # another process, such as the web server, records
    now = datetime.now(UTC)
    web.record(
        [
            ContactAdded(id="1", customer="anna", at=now, channel="email", address="anna@shop.example"),
            Order(id="812", customer="anna", at=now, total=Money(4990, "EUR")),
        ]
    )
    print("actions:", tick.delay().get())
    print("beat:", app.conf.beat_schedule["retention.tick"])
