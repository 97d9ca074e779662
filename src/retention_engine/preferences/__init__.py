"""What customers choose themselves: signed links, preference pages, one-click unsubscription, bot commands."""

from retention_engine.preferences.changes import change
from retention_engine.preferences.links import (
    ONE_CLICK,
    Links,
    Page,
    confirm,
    confirm_page,
    one_click,
    unsubscribe,
    unsubscribe_headers,
    unsubscribe_links,
    unsubscribe_page,
)
from retention_engine.preferences.standing import Channel, Choice, Frequency, Pause, Preferences, preferences
from retention_engine.preferences.telegram import telegram_command
from retention_engine.preferences.texts import TEXTS, text
from retention_engine.preferences.tokens import CONFIRM, PREFERENCES, START, UNSUBSCRIBE, Claim, Keyring
from retention_engine.preferences.tracking import Click, read_click, read_open, tracked_links

__all__ = [
    "CONFIRM",
    "ONE_CLICK",
    "PREFERENCES",
    "START",
    "TEXTS",
    "UNSUBSCRIBE",
    "Channel",
    "Choice",
    "Claim",
    "Click",
    "Frequency",
    "Keyring",
    "Links",
    "Page",
    "Pause",
    "Preferences",
    "change",
    "confirm",
    "confirm_page",
    "one_click",
    "preferences",
    "read_click",
    "read_open",
    "telegram_command",
    "text",
    "tracked_links",
    "unsubscribe",
    "unsubscribe_headers",
    "unsubscribe_links",
    "unsubscribe_page",
]
