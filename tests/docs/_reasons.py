"""What the reason codes mean, and who raises them: read from the sources."""

from __future__ import annotations

import inspect
import re
import sys
from functools import cache

from retention_engine.actions import Reason
from retention_engine.arbitration import Policy
from tests.house._house import sources

MEANINGS = {  # a test says that none is missing
    Reason.NO_CONSENT: "no consent for this topic on this channel",
    Reason.SUPPRESSED: "the address is on the suppression list",
    Reason.UNREACHABLE: "no address on the channel, or on any",
    Reason.HOLDOUT: "the customer is held out, to measure the effect",
    Reason.CONTROL: "the customer is in the control group of this rule",
    Reason.FREQUENCY_CAP: "enough messages in that time",
    Reason.QUIET_HOURS: "the customer's night",
    Reason.LOWER_PRIORITY: "a better message that waits has the free slot",
    Reason.CUSTOMER_CHOICE: "the customer chose otherwise: topics, frequency, pause",
    Reason.FATIGUE: "too many messages ignored in a row",
    Reason.VARIETY: "the same message or offer not long ago",
    Reason.OPEN_CLAIM: "a complaint is open",
    Reason.EXITED: "`exit_when` held: at entry (drop), in a wait or while a message was held (exit)",
    Reason.CONDITION_FALSE: "`when` was false, a wait with `on_timeout='exit'` ran out, or a held one lost its cause",
    Reason.DUPLICATE: "the same action exists already",
    Reason.EXPIRED: "`valid_for` had passed when it could be decided",
    Reason.LATE_FACT: "the occasion became known later than `lateness` after it was due",
    Reason.ITEM_UNAVAILABLE: "the item is sold out, gone, or dearer again",
    Reason.NO_PROMO_CODE: "no promo code was left",
    Reason.EMPTY_CONTENT: "there was nothing to say",
    Reason.TEMPLATE_ERROR: "the template could not be filled",
    Reason.CHANNEL_PAUSED: "the channel is stopped by a switch",
    Reason.RULE_PAUSED: "the rule is stopped by a switch",
    Reason.STOPPED: "everything or the topic is stopped by a switch, or `Never` forbids it",
    Reason.REJECTED: "the channel refused the message for good",
    Reason.RETRIES_EXHAUSTED: "the channel failed too often",
    Reason.UNKNOWN_OUTCOME: "nobody knows whether it was sent",
    Reason.CANCELLED: "taken back by hand",
    Reason.RE_ENTRY: "`re_entry` does not allow another entry yet, or ever",
    Reason.STEP_REMOVED: "the journey waited at a step that the rule has no more",
    Reason.COOL_DOWN: "the rule wrote about another occasion not long ago",
    Reason.BEST_HOUR: "the hour at which the customer tends to react is still to come",
}


@cache
def raised() -> frozenset[Reason]:
    """Return the codes that some module of ours names, besides the one that defines them."""
    texts = (text for path, text in sources().items() if path != "actions.py")
    return frozenset(each for text in texts for each in _named(text))


def raised_by(policy: type[Policy]) -> list[Reason]:
    """Return the codes that a policy names, in the order of their definition."""
    classes = (cls for cls in policy.__mro__ if issubclass(cls, Policy) and cls is not Policy)
    found = {each for cls in classes for each in _named(inspect.getsource(cls))}
    found |= set(getattr(sys.modules[policy.__module__], "_REASONS", {}).values())
    return [each for each in Reason if each in found]


def _named(text: str) -> set[Reason]:
    return {Reason[name] for name in re.findall(r"\bReason\.([A-Z_]+)", text)}
