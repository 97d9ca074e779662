"""A bot with python-telegram-bot: an order in the chat, thanks from the runner in the same event loop, and /stop.

Run:    python examples/ptb_shop.py
Prints: what arrived in the chat, and what was recorded. Telegram is a fake on this machine.
"""

import asyncio
from datetime import UTC, datetime

from telegram import Update
from telegram.ext import Application, CommandHandler, ContextTypes

from retention_engine import Engine, Money, Order, Rule, Send, on, orders
from retention_engine.delivery import Delivery, Runner
from retention_engine.integrations import ptb
from retention_engine.templates import PlainRenderer
from retention_engine.testing.fakes import FakeTelegram
from retention_engine.transports import BotTransport

THANKS = Rule("thanks", on(orders), Send("thanks", channel="telegram", purpose="service"))
TEXTS = {"en/thanks.txt": "Thank you for your order!"}


async def buy(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    """Sell something; the runner is in ``bot_data``."""
    order = Order(id="812", customer=str(update.effective_chat.id), at=datetime.now(UTC), total=Money(4990, "EUR"))
    await asyncio.to_thread(context.bot_data["retention"].record, order)


def shop(application: Application) -> None:
    """Put bot, engine and delivery together; a real shop has ``store="sqlite:///shop.db"``."""
    engine = Engine([THANKS], since=datetime.now(UTC))  # what was bought before today is history
    delivery = Delivery(engine, {"telegram": BotTransport(application.bot)}, renderer=PlainRenderer(TEXTS))
    application.add_handler(CommandHandler("buy", buy))
    ptb.connect(application, Runner(engine, delivery))


async def visit(application: Application, api: FakeTelegram) -> None:
    """Be a customer: start, buy, wait for the thanks, stop."""

    def say(text: str) -> None:
        chat, anna = {"id": 7, "type": "private"}, {"id": 7, "is_bot": False, "first_name": "Anna"}
        words = [{"type": "bot_command", "offset": 0, "length": len(text)}]
        now = int(datetime.now(UTC).timestamp())
        api.update(message={"message_id": 1, "date": now, "chat": chat, "from": anna, "text": text, "entities": words})

    say("/start")
    say("/buy")
    while not api.messages:
        await asyncio.sleep(0.01)
    print("chat:", api.delivered(7))
    say("/stop")
    engine = application.bot_data["retention"].engine
    while (facts := [each.KIND for each in engine.store.facts.of(["7"])["7"]])[-1] != "consent_withdrawn":
        await asyncio.sleep(0.01)
    print("facts:", *facts)
    application.stop_running()


if __name__ == "__main__":
    with FakeTelegram() as api:
        bot = Application.builder().token(api.token).base_url(f"{api.url}/bot")

        async def begin(application: Application) -> None:
            """Let the customer come once the bot is there."""
            application.bot_data["visit"] = asyncio.create_task(visit(application, api))

        application = bot.post_init(begin).build()
        shop(application)
        asyncio.set_event_loop(asyncio.new_event_loop())  # newer Pythons do not make one by themselves
        application.run_polling(timeout=1)
