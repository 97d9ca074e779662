"""An online store with FastAPI and e-mail: an order, a mail with a link, the click on it, and no reminder.

Run:    python examples/online_store.py
Prints: what the mail says, where the click leads, and what the journal says. The mail server is a fake on this machine.
"""

import re
import time
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Body, FastAPI
from fastapi.testclient import TestClient

from retention_engine import Delay, Engine, Order, Rule, Send, days, entry, messages, on, orders
from retention_engine.delivery import Delivery, Runner
from retention_engine.engine import line_of
from retention_engine.facts import ContactAdded
from retention_engine.integrations import starlette
from retention_engine.preferences import Keyring, tracked_links, unsubscribe_links
from retention_engine.templates import PlainRenderer
from retention_engine.testing.fakes import FakeSmtp
from retention_engine.transports import AsyncSmtpTransport, Security, Sender, Server

KEYS = Keyring({"1": b"sixteen secret bytes"}, current="1")
THANKS = Rule(
    "thanks",
    on(orders),
    Send("thanks", channel="email"),
    Delay(days(3)),
    Send("reminder", channel="email"),
    exit_when=messages.where(clicked=True).since(entry).exists(),
)
TEXTS = {
    "en/thanks.txt": '+++\nsubject = "Thank you!"\n+++\nWhat goes with it: https://shop.example/cream',
    "en/reminder.txt": '+++\nsubject = "Still there"\n+++\nhttps://shop.example/cream',
}


def shop(server: Server) -> FastAPI:
    """Put application, engine and delivery together; a real shop has ``store="sqlite:///shop.db"``."""
    engine = Engine([THANKS], since=datetime.now(UTC))  # what was bought before today is history
    mails = AsyncSmtpTransport(server, Sender("hello@shop.example", name="Shop"))
    delivery = Delivery(
        engine,
        {"email": mails},
        renderer=PlainRenderer(TEXTS),
        unsubscribe=unsubscribe_links(KEYS, "https://shop.example/unsubscribe"),
        finish=tracked_links(KEYS, "https://shop.example/click"),
    )
    runner = Runner(engine, delivery)
    app = FastAPI(lifespan=starlette.lifespan(runner))
    app.router.routes.extend(starlette.routes(runner, keyring=KEYS))

    @app.post("/orders")
    def buy(order: Annotated[Order, Body()]) -> None:
        runner.record(order)  # no ``async def``: FastAPI calls it in a thread

    return app


if __name__ == "__main__":
    with FakeSmtp() as fake:
        app = shop(Server(host="127.0.0.1", port=fake.port, security=Security.NONE))
        with TestClient(app, follow_redirects=False) as web:
            runner, now = app.state.retention, datetime.now(UTC).isoformat()
            runner.record(ContactAdded(id="1", customer="anna", at=now, channel="email", address="anna@shop.example"))
            total = {"amount": 4990, "currency": "EUR"}
            web.post("/orders", json={"id": "812", "customer": "anna", "at": now, "total": total})
            while not fake.mails:
                time.sleep(0.01)
            mail = fake.mails[0].message
            print(mail["Subject"], "|", mail["List-Unsubscribe-Post"])
            click = web.get(re.search(r"/click\S+", mail.get_content())[0])
            print("click:", click.status_code, click.headers["location"])
            while not (lines := [line_of(each)[18:] for each in runner.engine.journal()])[2:]:
                time.sleep(0.01)
            print(*lines, sep="\n")
