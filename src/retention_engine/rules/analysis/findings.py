"""What the analysis says: one finding is one sentence about one rule, or about two."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen


class Severity(StrEnum):
    """How bad it is: an ``error`` cannot be meant, a ``warning`` is rarely meant, an ``info`` is worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Code(StrEnum):
    """What was found; the texts are stable: never renamed, never reused."""

    NEVER_TRUE = "never_true"
    ALWAYS_TRUE = "always_true"
    NEVER_READS = "never_reads"
    NEVER_FIRES = "never_fires"
    LEFT_AT_ENTRY = "left_at_entry"
    UNREACHABLE_STEP = "unreachable_step"
    POINTLESS_WAIT = "pointless_wait"
    OUTLIVES_WINDOW = "outlives_window"
    NO_EXIT_ON_PURCHASE = "no_exit_on_purchase"
    ALWAYS_TOGETHER = "always_together"
    NEVER_TOGETHER = "never_together"
    PRESSURE = "pressure"
    NO_SLOT = "no_slot"
    NO_WINDOW = "no_window"
    NO_TOPIC = "no_topic"
    NO_CONSENT_SOURCE = "no_consent_source"
    NO_CONSENT = "no_consent"
    NO_CAP = "no_cap"
    WAITS_FOR_EVER = "waits_for_ever"


@frozen
class Finding:
    """One result of the analysis.

    Attributes:
        rules: the ids of the rules concerned; empty for a segment that no rule needs.
        code: what was found.
        severity: how bad it is.
        message: one sentence, with the text of the expression.
        suggestion: what to do about it; empty when there is nothing to do.
    """

    rules: tuple[str, ...]
    code: Code
    severity: Severity
    message: str
    suggestion: str = ""

    def __str__(self) -> str:
        """Return one line: severity, rules, message, suggestion."""
        about = f" {', '.join(self.rules)}" if self.rules else ""
        more = f"; {self.suggestion}" if self.suggestion else ""
        return f"{self.severity}{about}: {self.message}{more}"


def said(value: object, limit: int = 200) -> str:
    """Return the text form of an expression, a trigger or a step for a message, shortened."""
    text = str(value)
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
