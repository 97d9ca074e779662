"""What comes in from elsewhere, as facts; nothing here imports a framework."""

from retention_engine.integrations.inbox import Inbox, keyed_buttons
from retention_engine.integrations.mail import COMPLAINT, mail_to_facts
from retention_engine.integrations.telegram import AskedPoll, callback_data, is_from_telegram, updates_to_facts

__all__ = [
    "COMPLAINT",
    "AskedPoll",
    "Inbox",
    "callback_data",
    "is_from_telegram",
    "keyed_buttons",
    "mail_to_facts",
    "updates_to_facts",
]
