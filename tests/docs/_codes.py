"""What the codes of a refused command mean, and which of them there are: read from the sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache

from tests.house._house import parse, sources

MEANINGS = {  # a test says that none is missing, and none too many
    "already_merged": "one account is a part of the other already",
    "bad_amount": "no whole number, too large, zero or negative where it must not be, or parts that do not add up",
    "bad_beacon": "the public value of a raffle is no text",
    "bad_code": "other symbols than a code has",
    "bad_key": "the key or a name is no printable text of 1 to 200 characters",
    "bad_offer": "two offers have one id",
    "bad_proof": "the proof of a raffle does not hold, or is not of the raffle that was published",
    "bad_scale": "a net promoter score of a poll that is not on its scale",
    "bad_seed": "the secret of a raffle is not 32 bytes",
    "bad_tickets": "no tickets, too many, or excluded customers who have none",
    "bad_window": "a period, a hold or a validity is empty, too long or over already",
    "clock_went_back": "the account has a later entry",
    "double_purpose": "both accounts have a hold or an order of one id: they cannot be merged",
    "early": "results are not shown yet",
    "exceeds_grant": "more is to be taken back than was granted",
    "exceeds_hold": "more than is held",
    "exceeds_line": "a part of an order line is larger than the line",
    "exceeds_pending": "more than is pending",
    "exceeds_redemption": "more is to be given back than was spent",
    "gift_refused": "the customer cannot have the gift; the message says why",
    "in_future": "the instant has not come yet",
    "insufficient": "there are fewer units",
    "key_conflict": "the key was used for another command",
    "later_version": "an entry of a later version that this one cannot count",
    "merged": "the account belongs to another one now: ask there",
    "no_reason": "a correction by hand needs a reason",
    "not_available": "the lot has nothing available",
    "not_open": "the hold is captured, voided or timed out",
    "not_pending": "the lot has nothing pending",
    "not_restorable": "what was converted cannot be given back",
    "not_waiting": "the lot does not wait for a fact",
    "not_for_orders": "these units do not pay for orders, or not so few of them",
    "order_paid": "the order is paid: units are not held for it any more",
    "other_currency": "units are held for an order in another currency than theirs",
    "other_seed": "not the secret that the raffle committed to",
    "other_unit": "the accounts are of different units, or a unit is converted into itself",
    "self_transfer": "both sides are one account",
    "stale_snapshot": "the order is known in a later state",
    "transfer_limit": "more than one transfer may move",
    "unknown_account": "the club has no such account: no programme of it has this unit",
    "unknown_grant": "there is no such grant",
    "unknown_key": "no command has this key",
    "unknown_line": "the lines of an order are not unique, or not those that were paid",
    "unknown_lot": "there is no such lot",
    "unknown_redemption": "there is no such redemption",
    "unreadable": "a stored entry, counter or proof is none",
    "version_conflict": "somebody else appended in between",
    "would_shorten": "the lot would end sooner",
}


@cache
def codes() -> frozenset[str]:
    """Return every code that some module of ours gives to a refusal of the ledger."""
    return frozenset(code for text in sources().values() for code in _codes(parse(text)))


def _codes(tree: ast.Module) -> Iterator[str]:
    ours = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and _is_refusal(node)]
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and _raises(node))
    inits = (node for one in ours for node in ast.walk(one) if isinstance(node, ast.Call))
    for call in (*calls, *inits):
        for word in call.keywords:
            if word.arg == "code" and isinstance(word.value, ast.Constant):
                yield word.value.value


def _is_refusal(node: ast.ClassDef) -> bool:
    return any(isinstance(base, ast.Name) and base.id == "LedgerError" for base in node.bases)


def _raises(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id == "LedgerError"
