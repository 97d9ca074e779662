"""The 20 rules of the canonical workload as one neutral tree, from which every engine's syntax is written.

A node is a tuple: ``("and" | "or", node, ...)``, ``("not", node)``, or a leaf: ``("age>=" | "age<" | "within", field,
span)``, ``("cmp", field, operator, number)``, ``("in", field, number, ...)``, ``("flag", field)``. Spans are
microseconds. The conjuncts stand in the order of the workload's table. Two fields are compared with each other in rules
13 and 17 only: that is a flag of its own here, derived when a fact arrives, for every engine alike.
"""

from __future__ import annotations

from typing import Any

from bench.workload import DAY, HOUR

Tree = tuple[Any, ...]

INSTANTS = (
    *("last_order_at", "third_last_order_at", "cat0_at", "cat1_at", "cat2_at", "cat3_at", "cream_at"),
    *("next_birthday_at", "next_anniversary_at", "cart_at", "message_at", "visit_at", "delivered_at"),
    *("points_expire_at", "nps_at"),
)
NUMBERS = ("order_count", "spend", "cart_value", "points", "tier", "fav_cat", "nps")
FLAGS = ("consent_email", "consent_tg", "unsubscribed", "review_open", "nps_open")
FIELDS = (*INSTANTS, *NUMBERS, *FLAGS)
"""What the rules read: 25 of the 33 fields of the state, and the two derived flags in place of four more."""


def _and(*parts: Tree) -> Tree:
    return ("and", *parts)


def _or(*parts: Tree) -> Tree:
    return ("or", *parts)


def _not(part: Tree) -> Tree:
    return ("not", part)


def _from(field: str, days: float) -> Tree:
    return ("age>=", field, int(days * DAY))


def _below(field: str, days: float) -> Tree:
    return ("age<", field, int(days * DAY))


def _between(field: str, young: float, old: float) -> tuple[Tree, Tree]:
    return _from(field, young), _below(field, old)


def _ahead(field: str, days: int) -> Tree:
    return ("within", field, days * DAY)


def _cmp(field: str, operator: str, number: int) -> Tree:
    return ("cmp", field, operator, number)


def derived(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the population with the two derived flags: a delivery not reviewed, a survey not escalated."""
    review_open, nps_open = row["review_at"] < row["delivered_at"], row["escalated_at"] < row["nps_at"]
    return {**row, "review_open": review_open, "nps_open": nps_open}


_QUIET = _not(_below("message_at", 7))
_REACH = (_or(("flag", "consent_email"), ("flag", "consent_tg")), _not(("flag", "unsubscribed")))
_KNOWN = _not(("flag", "unsubscribed"))
_LAST = "last_order_at"

RULES: dict[str, Tree] = {
    "winback_45_value": _and(_from(_LAST, 45), _cmp("spend", ">", 1_500_000), _QUIET),
    "winback_30": _and(*_between(_LAST, 30, 45), _QUIET, *_REACH),
    "winback_60": _and(*_between(_LAST, 60, 90), _cmp("order_count", ">=", 2), _QUIET),
    "winback_90": _and(*_between(_LAST, 90, 120), _cmp("spend", ">", 3_000_000)),
    "cross_a_not_b": _and(_below("cat0_at", 90), _not(_below("cat1_at", 90)), *_REACH),
    "cross_c_not_d": _and(_below("cat2_at", 90), _not(_below("cat3_at", 90)), _cmp("order_count", ">=", 3)),
    "birthday_7d": _and(_ahead("next_birthday_at", 7), *_REACH),
    "one_order_30d": _and(_cmp("order_count", "==", 1), *_between(_LAST, 30, 60)),
    "rfm_champion": _and(_below(_LAST, 30), _cmp("order_count", ">=", 10), _cmp("spend", ">=", 4_000_000)),
    "rfm_at_risk": _and(_from(_LAST, 90), _cmp("order_count", ">=", 8), _cmp("spend", ">=", 3_000_000), _QUIET),
    "replenish_cream": _and(*_between("cream_at", 28, 35), _KNOWN),
    "abandoned_cart": _and(*_between("cart_at", HOUR / DAY, 3), _cmp("cart_value", ">=", 100_000), _KNOWN),
    "browse_no_buy": _and(_QUIET, _below("visit_at", 3), _from(_LAST, 14)),
    "review_request": _and(*_between("delivered_at", 3, 10), ("flag", "review_open")),
    "points_expiring": _and(_ahead("points_expire_at", 14), _cmp("points", ">=", 500)),
    "anniversary": _and(_ahead("next_anniversary_at", 1), *_REACH),
    "three_in_90d": _and(_below("third_last_order_at", 90), _cmp("tier", "<", 2)),
    "nps_escalate": _and(_cmp("nps", ">=", 0), _cmp("nps", "<=", 6), _below("nps_at", 2), ("flag", "nps_open")),
    "theme_promo": _and(("in", "fav_cat", 0, 3, 5), *_between(_LAST, 14, 21), _QUIET, *_REACH),
    "vip_silent": _and(("in", "tier", 2, 3), _or(_from("visit_at", 21), _from(_LAST, 60)), _KNOWN),
}
"""Rule name -> its tree, in the order of the bits of a mask."""

DUE_AT_10K = (2087, 262, 425, 281, 597, 579, 101, 42, 432, 957, 34, 172, 615, 211, 188, 70, 728, 3, 57, 2123)
"""How many of the first population of 10,000 customers are due for each rule."""


def leaves(tree: Tree) -> list[Tree]:
    """Return the leaves of a tree, in order."""
    if tree[0] in ("and", "or", "not"):
        return [leaf for part in tree[1:] for leaf in leaves(part)]
    return [tree]
