"""Buttons tell which message they belong to, and their clicks come back as clicks of it."""

from __future__ import annotations

from retention_engine.envelopes import Button, Content, Envelope
from retention_engine.integrations import keyed_buttons, updates_to_facts
from tests.delivery._shop import START, message


def test_a_click_leads_back_to_its_message() -> None:
    """The callback of a template becomes one of the message; links stay as they are."""
    key = message().key
    buttons = [Button("Yes", callback="yes"), Button("Look", url="https://shop.example")]
    envelope = Envelope(
        key=key, customer="ann", channel="telegram", address="7", at=START, content=Content(text="?", buttons=buttons)
    )
    yes, look = keyed_buttons(envelope).content.buttons
    assert (look.url, look.callback) == ("https://shop.example", None)
    click = {"update_id": 1, "callback_query": {"from": {"id": 7}, "data": yes.callback}}
    (fact,) = updates_to_facts(click, customer_of={"7": "ann"}.get, learned=START)
    assert (fact.message, fact.link) == (key, "yes")  # type: ignore[attr-defined]  # of a click
