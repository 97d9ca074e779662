"""The fold of a customer's promo codes: what was given to them, what was taken back, and every use by its last turn."""

from __future__ import annotations

import re
from typing import Any

from attrs import define, field

from retention_engine import facts as f
from retention_engine.state.history import History

_CODES = ("codes", "")
_NO_NAME = re.compile(r"[^A-Za-z0-9_]")
CodeUse = f.CodeHeld | f.CodeUsed | f.CodeReleased


@define
class CodesKnown:
    """What a customer's facts say about promo codes.

    Attributes:
        issued: by the symbols of the code.
        revoked: the symbols of those taken back.
        uses: by order and promotion, the latest turn; those of the customer's own codes by others are among them.
        grace: by code, until when it may be used although its time is over.
    """

    issued: dict[str, f.CodeIssued] = field(factory=dict)
    revoked: set[str] = field(factory=set)
    uses: dict[tuple[str, str], CodeUse] = field(factory=dict)
    grace: dict[str, int] = field(factory=dict)


def fold_code(history: History, fact: Any) -> None:
    """Fold a fact about a promo code."""
    known: CodesKnown = history.drafts.setdefault(_CODES, CodesKnown())
    match fact:
        case f.CodeIssued():
            before = known.issued.get(fact.code, fact)
            known.issued[fact.code] = min(before, fact, key=lambda one: (one.at, one.id))
            history.hold(_NO_NAME.sub("_", f"code_{fact.promotion}"), fact.text, fact.at, fact.id)
        case f.CodeRevoked():
            known.revoked.add(fact.code)
        case _:
            place = (fact.order_id, fact.promotion)
            told = known.uses.get(place, fact)
            known.uses[place] = max(told, fact, key=lambda one: (one.turn, one.at, one.id))
            if isinstance(fact, f.CodeReleased) and fact.code is not None and fact.grace is not None:
                known.grace[fact.code] = max(fact.grace, known.grace.get(fact.code, fact.grace))


def codes_known(history: History) -> CodesKnown:
    """Return what is known of the customer's codes; not to be changed."""
    found: CodesKnown | None = history.drafts.get(_CODES)
    return CodesKnown() if found is None else found
