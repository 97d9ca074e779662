"""A Telegram shop bot with aiogram 3: an order, a question with a button, the click on it, and no reminder.

Run:    python examples/telegram_shop.py
Prints: what arrived in the chat, and what the journal says. Telegram is a fake on this machine.
"""

import asyncio
from datetime import UTC, datetime

from aiogram import Bot, Dispatcher, F, Router
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import Message

from retention_engine import Delay, Engine, Money, Order, Rule, Send, days, entry, messages, on, orders
from retention_engine.delivery import Delivery, Runner
from retention_engine.engine import line_of
from retention_engine.integrations import aiogram, keyed_buttons
from retention_engine.templates import PlainRenderer
from retention_engine.testing.fakes import FakeTelegram
from retention_engine.transports import AiogramTransport

QUESTION = Rule(
    "how-was-it",
    on(orders),
    Send("how-was-it", channel="telegram", purpose="service"),
    Delay(days(3)),
    Send("reminder", channel="telegram"),
    exit_when=messages.where(clicked=True).since(entry).exists(),
)
BUTTON = '+++\n[[buttons]]\ntext = "Fine"\ncallback = "fine"\n+++\n'
TEXTS = {"en/how-was-it.txt": f"{BUTTON}Thank you! How was the shop?", "en/reminder.txt": "How was it?"}
router = Router()


@router.message(F.text == "/buy")
async def buy(message: Message, retention: Runner) -> None:
    """Sell something; the runner comes by the name ``retention``."""
    order = Order(id="812", customer=str(message.chat.id), at=datetime.now(UTC), total=Money(4990, "EUR"))
    await asyncio.to_thread(retention.record, order)


def shop(bot: Bot) -> Dispatcher:
    """Put bot, engine and delivery together; a real shop has ``store="sqlite:///shop.db"``."""
    engine = Engine([QUESTION], since=datetime.now(UTC))  # what was bought before today is history
    telegram = AiogramTransport(bot)
    delivery = Delivery(engine, {"telegram": telegram}, renderer=PlainRenderer(TEXTS), finish=keyed_buttons)
    dispatcher = Dispatcher()
    dispatcher.include_router(router)
    aiogram.connect(dispatcher, Runner(engine, delivery))
    return dispatcher


async def visit(api: FakeTelegram, dispatcher: Dispatcher) -> None:
    """Be a customer: start, buy, wait for the question, click."""
    chat, anna = {"id": 7, "type": "private"}, {"id": 7, "is_bot": False, "first_name": "Anna"}
    now = int(datetime.now(UTC).timestamp())
    for text in ("/start", "/buy"):
        api.update(message={"message_id": 1, "date": now, "chat": chat, "from": anna, "text": text})
    while not api.messages:
        await asyncio.sleep(0.01)
    print("chat:", api.delivered(7))
    button = api.messages[0].params["reply_markup"]["inline_keyboard"][0][0]
    api.update(callback_query={"id": "1", "from": anna, "chat_instance": "1", "data": button["callback_data"]})
    while not (lines := [line_of(each)[18:] for each in dispatcher["retention"].engine.journal()])[2:]:
        await asyncio.sleep(0.01)
    print(*lines, sep="\n")
    await dispatcher.stop_polling()


async def main() -> None:
    """Run the bot for one visit."""
    with FakeTelegram() as api:
        bot = Bot(api.token, session=AiohttpSession(api=TelegramAPIServer.from_base(api.url)))
        dispatcher = shop(bot)
        await asyncio.gather(dispatcher.start_polling(bot, polling_timeout=1), visit(api, dispatcher))


if __name__ == "__main__":
    asyncio.run(main())
