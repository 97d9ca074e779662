"""What comes in from elsewhere, as facts; nothing here imports a framework."""

from retention_engine.integrations.telegram import AskedPoll, callback_data, is_from_telegram, updates_to_facts

__all__ = ["AskedPoll", "callback_data", "is_from_telegram", "updates_to_facts"]
