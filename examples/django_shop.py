"""Django: an order that is saved becomes a fact when its transaction commits; ``manage.py retention_run`` sends.

Run:    python examples/django_shop.py
Prints: what is sent for the order that was committed, and nothing for the one that was rolled back.
"""

from contextlib import suppress
from datetime import UTC, datetime

import django
from django.conf import settings

settings.configure(
    INSTALLED_APPS=["retention_engine.integrations.django"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "django.db"}},
    RETENTION_RUNNER=f"{__name__}.make_runner",  # of your project: "shop.retention.make_runner"
    USE_TZ=True,
)
django.setup()

from django.core.management import call_command  # noqa: E402 - after the settings, as Django wants it
from django.db import connection, models, transaction  # noqa: E402 - as above
from django.db.models.signals import post_save  # noqa: E402 - as above

from retention_engine import Engine, Money, Order, Rule, Send, on, orders  # noqa: E402 - as above
from retention_engine.delivery import Delivery, Runner  # noqa: E402 - as above
from retention_engine.facts import ContactAdded  # noqa: E402 - as above
from retention_engine.integrations.django import record_on_signal  # noqa: E402 - as above
from retention_engine.templates import PlainRenderer  # noqa: E402 - as above
from retention_engine.transports import ConsoleTransport  # noqa: E402 - as above

THANKS = Rule("thanks", on(orders), Send("thanks", channel="email", purpose="service"))
TEXTS = {"en/thanks.txt": '+++\nsubject = "Your order"\n+++\nThank you!'}


def make_runner() -> Runner:
    """Return the runner of one process; a real shop has ``SmtpTransport`` instead of the console."""
    engine = Engine([THANKS], store="sqlite:///shop.db", since=datetime(2026, 1, 1, tzinfo=UTC))
    delivery = Delivery(engine, {"email": ConsoleTransport()}, renderer=PlainRenderer(TEXTS))
    return Runner(engine, delivery, environment="example")


class Purchase(models.Model):
    """An order as the shop keeps it."""

    customer = models.CharField(max_length=100)
    cents = models.IntegerField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "shop"


def to_facts(purchase: Purchase) -> list[ContactAdded | Order]:
    """Return what a purchase says; saved again it says the same, and changes nothing."""
    number, customer, at = f"{purchase.pk}", purchase.customer, purchase.at
    contact = ContactAdded(id=f"c{number}", customer=customer, at=at, channel="email", address=f"{customer}@a.example")
    return [contact, Order(id=number, customer=customer, at=at, total=Money(purchase.cents, "EUR"))]


record_on_signal(post_save, Purchase, to_facts)


if __name__ == "__main__":
    with connection.schema_editor() as editor:
        editor.create_model(Purchase)
    with transaction.atomic():
        Purchase.objects.create(customer="anna", cents=4990).save()
    with suppress(RuntimeError), transaction.atomic():
        Purchase.objects.create(customer="boris", cents=4990)
        raise RuntimeError
    call_command("retention_run", "--once")
