"""What rests for a while: channels that refused us, templates that fit nobody. Kept in the store, for all workers."""

from __future__ import annotations

import json

from attrs import frozen

from retention_engine.ports import Settings
from retention_engine.timing import DAY


@frozen
class Brakes:
    """The pauses of one store; changes are made inside a transaction."""

    settings: Settings
    most: int

    def paused_until(self, channel: str) -> int | None:
        """Return until when a channel rests, also when that is over; None: it never did."""
        text = self.settings.get(f"delivery channel {channel}")
        return None if text is None else int(text)

    def pause(self, channel: str, until: int) -> None:
        """Let a channel rest; a longer rest stays."""
        self.settings.put(f"delivery channel {channel}", str(max(until, self.paused_until(channel) or until)))

    def is_paused(self, template: str) -> bool:
        """Tell whether a template rests, until it is released."""
        return len(self._errors(template)) >= self.most

    def content_error(self, template: str, customer: str, at: int) -> None:
        """Note that a template did not fit a customer; those of the last day count, each customer once."""
        if self.is_paused(template):
            return
        fresh = {name: seen for name, seen in self._errors(template).items() if seen > at - DAY}
        self.settings.put(f"delivery template {template}", json.dumps(fresh | {customer: at}))

    def release(self, template: str) -> None:
        """Let a template go on."""
        self.settings.put(f"delivery template {template}", "{}")

    def _errors(self, template: str) -> dict[str, int]:
        found: dict[str, int] = json.loads(self.settings.get(f"delivery template {template}") or "{}")
        return found
