"""Updates of a bot become facts: the same update twice changes nothing, and a broken one is refused."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine.errors import DefinitionError, FactError
from retention_engine.facts import Fact
from retention_engine.integrations import AskedPoll, callback_data, is_from_telegram, updates_to_facts
from retention_engine.preferences import Keyring
from retention_engine.stores import MemoryStore
from retention_engine.timing import to_instant

KEY = "0123456789abcdef0123456789abcdef"
DAY_ONE = 1_767_225_600
SENT = to_instant("2026-01-01T00:00:00Z")
LATER = "2026-01-02T00:00:00Z"
KEYS = Keyring({"a": b"sixteen secret bytes"}, current="a")
CHAT = {"id": 1001, "type": "private"}
POLL = AskedPoll(survey="tea", question="Tea?", options=("Yes", "No"), sent=SENT)


def known(chat: str) -> str | None:
    """Know one chat."""
    return "anna" if chat == "1001" else None


def facts(number: Any = 7, learned: str = LATER, **update: Any) -> list[Fact]:
    """Return the facts of one update."""
    return updates_to_facts(
        {"update_id": number, **update},
        customer_of=known,
        learned=learned,
        keyring=KEYS,
        polls=lambda id: POLL if id == "55" else None,
    )


def kinds(found: list[Fact]) -> list[str]:
    """Return the kinds of facts."""
    return [each.KIND for each in found]


def message(text: str, **chat: Any) -> dict[str, Any]:
    """Return a message of the first day."""
    return {"message_id": 1, "date": DAY_ONE, "chat": CHAT | chat, "text": text}


def member(status: str, **chat: Any) -> dict[str, Any]:
    """Return a change of the bot's own standing in a chat."""
    return {"date": DAY_ONE, "chat": CHAT | chat, "new_chat_member": {"status": status}}


def click(data: str | None, date: int = DAY_ONE) -> dict[str, Any]:
    """Return a click on a button."""
    return {"id": "9", "from": {"id": 1001}, "message": {"date": date, "chat": CHAT}, "data": data}


def test_stop_and_start_are_understood() -> None:
    """Commands become what preferences make of them, at the time they were written."""
    (stopped,) = facts(message=message("/stop"))
    assert (stopped.KIND, stopped.at, stopped.learned) == ("consent_withdrawn", SENT, to_instant(LATER))
    assert kinds(facts(message=message("/start"))) == ["contact_added", "address_restored", "resumed"]


def test_a_payload_tells_whose_chat_it_is() -> None:
    """A signed payload names the customer; a forged one counts as none."""
    payload = KEYS.sign_start(customer="boris")
    found = facts(message=message(f"/start {payload}", id=2002))
    assert {each.customer for each in found} == {"boris"}
    assert facts(message=message("/start forged", id=2002)) == []
    assert {each.customer for each in facts(message=message("/start forged"))} == {"anna"}


@pytest.mark.parametrize(
    ("status", "kind"),
    [("kicked", "address_suppressed"), ("left", "address_suppressed"), ("member", "address_restored")],
)
def test_blocking_the_bot_suppresses_the_address_and_unblocking_lifts_it(status: str, kind: str) -> None:
    """The bot is told at once, not by its next message."""
    assert kinds(facts(my_chat_member=member(status))) == [kind]


def test_a_click_counts_for_its_action() -> None:
    """A callback made by us names the action; any other one is an event."""
    (ours,) = facts(callback_query=click(callback_data(KEY, "open")))
    assert (ours.KIND, ours.message, ours.link) == ("message_clicked", KEY, "open")  # type: ignore[attr-defined]  # a click
    (other,) = facts(callback_query=click("menu:2"))
    assert (other.KIND, other.data) == ("event", {"callback": "menu:2"})  # type: ignore[attr-defined]  # an event
    (old,) = facts(callback_query=click("menu:2", date=0))
    assert old.at == to_instant(LATER)


def test_an_answer_to_a_poll_is_an_answer() -> None:
    """One fact an option; a withdrawn answer, and a poll of somebody else, are none."""
    answer = {"poll_id": "55", "user": {"id": 1001}, "option_ids": [0, 1]}
    found = facts(poll_answer=answer)
    assert [(each.survey, each.choice) for each in found] == [("tea", "Yes"), ("tea", "No")]  # type: ignore[attr-defined]  # answers
    assert facts(poll_answer=answer | {"option_ids": []}) == []
    assert facts(poll_answer=answer | {"poll_id": "56"}) == []


UPDATES: list[dict[str, Any]] = [
    {"message": message("/start")},
    {"my_chat_member": member("kicked")},
    {"callback_query": click("a")},
    {"poll_answer": {"poll_id": "55", "user": {"id": 1001}, "option_ids": [1]}},
]


@pytest.mark.parametrize("update", UPDATES)
def test_an_update_that_comes_again_changes_nothing(update: dict[str, Any]) -> None:
    """Ids and content are the same, whenever it comes."""
    store = MemoryStore()
    with store.transaction():
        assert store.facts.append(facts(**update))
        assert store.facts.append(facts(learned="2026-01-05T00:00:00Z", **update)) == []


NOTHING: list[dict[str, Any]] = [
    {},
    {"edited_message": message("/stop")},
    {"message": message("hello")},
    {"message": message("/stop", type="group")},
    {"message": {"date": DAY_ONE, "chat": CHAT}},
    {"my_chat_member": member("kicked", type="group")},
    {"my_chat_member": member("kicked", id=2002)},
    {"callback_query": click(None)},
    {"callback_query": {"id": "9", "from": {"id": 2002}, "data": "a"}},
    {"poll_answer": {"poll_id": "55", "user": {"id": 2002}, "option_ids": [1]}},
]


@pytest.mark.parametrize("update", NOTHING)
def test_what_is_not_for_us_is_nothing(update: dict[str, Any]) -> None:
    """Other kinds, other chats, people we do not know."""
    assert facts(**update) == []


BROKEN: list[dict[str, Any]] = [
    {"number": None},
    {"number": True},
    {"message": {}},
    {"message": None},
    {"my_chat_member": {"chat": CHAT}},
    {"callback_query": {"from": 7, "data": "a"}},
    {"poll_answer": {"poll_id": "55", "user": {"id": 1001}, "option_ids": [2]}},
]


@pytest.mark.parametrize("update", BROKEN)
def test_what_telegram_would_not_send_is_refused(update: dict[str, Any]) -> None:
    """A typed error, whatever is wrong."""
    with pytest.raises(FactError):
        facts(**update)
    with pytest.raises(FactError):
        updates_to_facts([], customer_of=known, learned=LATER)  # type: ignore[arg-type]  # from outside


def test_only_telegram_knows_the_secret() -> None:
    """S8: compared in constant time, and a missing secret is an error and not a wildcard."""
    assert is_from_telegram("abc-1", "abc-1")
    assert not any(is_from_telegram(header, "abc-1") for header in (None, "", "abc-2", "é"))
    for secret in ("", "a b", "a" * 257):
        with pytest.raises(DefinitionError):
            is_from_telegram("", secret)


@pytest.mark.parametrize(("key", "word"), [("k", "open"), (KEY, ""), (KEY, "x" * 32), (KEY, "é"), (KEY, "a\n")])
def test_a_callback_that_telegram_would_not_take_is_refused(key: str, word: str) -> None:
    """64 bytes at most, all of them printable."""
    with pytest.raises(DefinitionError):
        callback_data(key, word)
