"""aiogram and python-telegram-bot themselves: their clients against every row, their loops with our runner inside."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from retention_engine.envelopes import Envelope, SendOutcome
from retention_engine.facts import ContactAdded
from retention_engine.integrations import aiogram, callback_data, ptb
from retention_engine.testing.fakes import FakeTelegram
from retention_engine.testing.transports import TelegramConformance
from retention_engine.testing.transports.telegram import TELEGRAM_ROWS, TelegramRow
from retention_engine.timing import SECOND
from retention_engine.transports import AiogramTransport, BotTransport
from tests.delivery._shop import message, post
from tests.integrations._shop import KEYS, START, kinds, needs, running, shop, until

NOW = START // SECOND
CHAT = {"id": 7, "type": "private", "first_name": "Ann"}
ANN = {"id": 7, "is_bot": False, "first_name": "Ann"}
BOT = {"id": 123456, "is_bot": True, "first_name": "Fake"}
KEY = message().key


def _said(text: str, number: int = 1) -> dict[str, Any]:
    words = [{"type": "bot_command", "offset": 0, "length": len(text.split(maxsplit=1)[0])}]
    return {"message": {"message_id": number, "date": NOW, "chat": CHAT, "from": ANN, "text": text, "entities": words}}


def _member(status: str, before: str) -> dict[str, Any]:
    def one(what: str) -> dict[str, Any]:
        return {"user": BOT, "status": what} | ({"until_date": 0} if what == "kicked" else {})

    changed = {"old_chat_member": one(before), "new_chat_member": one(status)}
    return {"my_chat_member": {"chat": CHAT, "from": ANN, "date": NOW, **changed}}


UPDATES: list[tuple[dict[str, Any], list[str]]] = [
    (_said("/start"), ["contact_added", "address_restored", "resumed"]),
    (
        _said(f"/start {KEYS.sign_start(customer='7', topic='news')}"),
        ["contact_added", "address_restored", "resumed", "consent_given"],
    ),
    (_said("/stop"), ["consent_withdrawn"]),
    (_said("hello"), []),
    (_member("kicked", "member"), ["address_suppressed"]),
    (_member("member", "kicked"), ["address_restored"]),
    (
        {"callback_query": {"id": "1", "from": ANN, "chat_instance": "1", "data": callback_data(KEY, "yes")}},
        ["message_clicked"],
    ),
    (
        {"poll_answer": {"poll_id": "55", "user": ANN, "option_ids": [0], "option_persistent_ids": ["0"]}},
        ["answered"],
    ),
]


class _Aiogram:
    """A bot of aiogram for one call."""

    def __init__(self, url: str, token: str, timeout: float) -> None:
        self._given = (url, token, timeout)

    def made(self) -> Any:
        from aiogram import Bot
        from aiogram.client.default import DefaultBotProperties
        from aiogram.client.session.aiohttp import AiohttpSession
        from aiogram.client.telegram import TelegramAPIServer

        url, token, timeout = self._given
        session = AiohttpSession(api=TelegramAPIServer.from_base(url), timeout=timeout)
        return Bot(token, session=session, default=DefaultBotProperties(parse_mode="HTML"))

    async def send(self, envelope: Envelope) -> SendOutcome:
        bot = self.made()
        try:
            return await AiogramTransport(bot).send(envelope)
        finally:
            await bot.session.close()


class _Ptb:
    """A bot of python-telegram-bot for one call."""

    def __init__(self, url: str, token: str, timeout: float) -> None:
        self._given = (url, token, timeout)

    async def send(self, envelope: Envelope) -> SendOutcome:
        from telegram.ext import Defaults, ExtBot
        from telegram.request import HTTPXRequest

        url, token, timeout = self._given
        request = HTTPXRequest(read_timeout=timeout)
        bot = ExtBot(token, base_url=f"{url}/bot", request=request, defaults=Defaults(parse_mode="HTML"))
        await request.initialize()
        try:
            return await BotTransport(bot).send(envelope)
        finally:
            await request.shutdown()


class _Real(TelegramConformance):
    """The table, but for what a framework's client does not tell."""

    @pytest.mark.parametrize("row", TELEGRAM_ROWS, ids=lambda row: row.row)
    def test_a_row_of_the_table(self, api: FakeTelegram, row: TelegramRow) -> None:
        """The outcome is that of the row."""
        if row.fault is not None and row.fault.headers:
            pytest.skip("the client hides headers: how long to wait is then not known")
        super().test_a_row_of_the_table(api, row)


@needs("aiogram")
class TestAiogram(_Real):
    """Every row of the table, by aiogram's own client."""

    def make_transport(self, url: str, token: str, timeout: float) -> _Aiogram:
        """Return a transport over a bot."""
        return _Aiogram(url, token, timeout)


@needs("telegram")
@pytest.mark.filterwarnings("ignore:.*retry_after.*")  # its own error warns of itself
class TestPtb(_Real):
    """Every row of the table, by python-telegram-bot's own client."""

    def make_transport(self, url: str, token: str, timeout: float) -> _Ptb:
        """Return a transport over a bot."""
        return _Ptb(url, token, timeout)


def _poll(_: str) -> Any:
    from retention_engine.integrations import AskedPoll

    return AskedPoll(survey="tea", question="Tea?", options=("Yes", "No"), sent=START)


@pytest.fixture
def api() -> Iterator[FakeTelegram]:
    """Return a Bot API."""
    with FakeTelegram() as found:
        yield found


@needs("aiogram")
@pytest.mark.parametrize(("update", "wanted"), UPDATES)
def test_aiogram_records_before_its_handlers(update: dict[str, Any], wanted: list[str], api: FakeTelegram) -> None:
    """Each kind of update becomes facts by the time a handler sees it, and once however often it comes."""
    from aiogram import Dispatcher
    from aiogram.types import Update

    engine = shop(customers=())
    runner, _ = running(engine)
    seen: list[list[str]] = []

    async def feed() -> None:
        dispatcher = Dispatcher()
        aiogram.connect(dispatcher, runner, keyring=KEYS, polls=_poll)
        handle: Any = next(iter(update))

        async def handler(_: Any, retention: Any) -> None:
            assert retention is runner
            seen.append(sorted(kinds(engine, "7")))

        dispatcher.observers[handle].register(handler)
        bot = _Aiogram(api.url, api.token, 5).made()
        for _ in range(2):
            await dispatcher.feed_update(bot, Update.model_validate({"update_id": 9, **update}, context={"bot": bot}))
        assert set(aiogram.KINDS) <= set(dispatcher.resolve_used_update_types())
        await bot.session.close()

    asyncio.run(feed())
    assert seen == [sorted(wanted)] * 2


@needs("telegram")
@pytest.mark.parametrize(("update", "wanted"), UPDATES)
def test_ptb_records_before_its_handlers(update: dict[str, Any], wanted: list[str], api: FakeTelegram) -> None:
    """The same by an application of python-telegram-bot."""
    from telegram import Update
    from telegram.ext import Application, TypeHandler

    engine = shop(customers=())
    runner, _ = running(engine)
    seen: list[list[str]] = []

    async def handler(_: Any, context: Any) -> None:
        assert context.bot_data["retention"] is runner
        seen.append(sorted(kinds(engine, "7")))

    async def feed() -> None:
        application = Application.builder().token(api.token).base_url(f"{api.url}/bot").build()
        application.add_handler(TypeHandler(Update, handler))
        ptb.connect(application, runner, keyring=KEYS, polls=_poll)
        async with application:
            for _ in range(2):
                await application.process_update(Update.de_json({"update_id": 9, **update}, application.bot))

    asyncio.run(feed())
    assert seen == [sorted(wanted)] * 2


@needs("aiogram")
def test_an_update_that_is_refused_reaches_the_bot(api: FakeTelegram, caplog: pytest.LogCaptureFixture) -> None:
    """Another update with a number that was recorded already: the bot handles it, the log names nobody."""
    from aiogram import Dispatcher
    from aiogram.types import Update

    engine = shop(customers=())
    runner, _ = running(engine)
    seen: list[str] = []

    async def feed() -> None:
        dispatcher = Dispatcher()
        aiogram.connect(dispatcher, runner)

        async def handler(told: Any) -> None:
            seen.append(told.text)

        dispatcher.message.register(handler)
        bot = _Aiogram(api.url, api.token, 5).made()
        for text in ("/stop", "/start"):
            await dispatcher.feed_update(bot, Update.model_validate({"update_id": 9, **_said(text)}))
            engine.store.facts.append = _conflict  # type: ignore[method-assign]  # as a number used twice would
        await bot.session.close()

    asyncio.run(feed())
    assert seen == ["/stop", "/start"]
    assert "update 9 is not recorded: FactConflict" in caplog.text


def _conflict(_: object) -> Any:
    from retention_engine.errors import FactConflict

    raise FactConflict("known")


@needs("aiogram")
def test_aiogram_runs_the_runner_while_it_polls(api: FakeTelegram) -> None:
    """From a fact of another thread to a message by aiogram's client; stopping the bot stops the runner."""
    from aiogram import Dispatcher

    engine = shop(customers=())
    engine.record(ContactAdded(id="c", customer="7", at=START, channel="telegram", address="7"))

    async def poll() -> None:
        bot = _Aiogram(api.url, api.token, 5).made()
        runner, _ = running(engine, telegram=AiogramTransport(bot))
        dispatcher = Dispatcher()
        aiogram.connect(dispatcher, runner)
        task = asyncio.create_task(dispatcher.start_polling(bot, handle_signals=False, polling_timeout=1))
        await asyncio.to_thread(runner.record, post(START, "7"))
        await asyncio.to_thread(until, lambda: api.messages)
        await dispatcher.stop_polling()
        await asyncio.wait_for(task, 10)
        assert not runner._active

    asyncio.run(poll())
    assert api.delivered(7) == ["hello 7"]


@needs("telegram")
def test_ptb_runs_the_runner_while_it_polls(api: FakeTelegram) -> None:
    """The same by ``run_polling``; hooks of one's own are called, too."""
    from telegram.ext import Application

    engine = shop(customers=())
    engine.record(ContactAdded(id="c", customer="7", at=START, channel="telegram", address="7"))
    called: list[str] = []

    async def begin(application: Any) -> None:
        called.append("post_init")
        application.bot_data["visit"] = asyncio.create_task(visit(application))

    async def end(_: Any) -> None:
        called.append("post_stop")

    async def visit(application: Any) -> None:
        await asyncio.to_thread(application.bot_data["retention"].record, post(START, "7"))
        await asyncio.to_thread(until, lambda: api.messages and application.running)
        application.stop_running()

    builder = Application.builder().token(api.token).base_url(f"{api.url}/bot").post_init(begin).post_stop(end)
    application = builder.build()
    runner, _ = running(engine, telegram=BotTransport(application.bot))
    ptb.connect(application, runner)
    asyncio.set_event_loop(asyncio.new_event_loop())
    application.run_polling(timeout=1, stop_signals=(signal.SIGUSR2,))
    asyncio.set_event_loop(None)
    assert (api.delivered(7), called, runner._active) == (["hello 7"], ["post_init", "post_stop"], False)
