"""The canonical population of the benchmarks: a shop of two years, 8 categories and 200 products, drawn from one seed.

The draws are made in a fixed order; then the check-sums come out exactly. Instants are integer microseconds UTC,
with 0 for never; amounts are minor units.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import frozen

NOW = 1_748_779_200_000_000  # 2025-06-01T12:00:00Z
HOUR = 3_600_000_000
DAY = 24 * HOUR
SEED = 20250601
CREAM = 50
CATEGORIES = 8
TIERS = (1_000_000, 3_000_000, 8_000_000)
SHARES = (0.26, 0.2, 0.15, 0.12, 0.1, 0.08, 0.05, 0.04)

Column = np.ndarray[Any, Any]


@frozen(eq=False)
class Population:
    """The customers as columns of one length, and their orders as columns of another, sorted by (customer, instant)."""

    customers: Mapping[str, Column]
    orders: Mapping[str, Column]

    def __len__(self) -> int:
        """Return the number of customers."""
        return len(self.customers["spend"])

    def rows(self) -> list[dict[str, int | bool]]:
        """Return one dict of plain Python values a customer."""
        names = list(self.customers)
        columns = [self.customers[name].tolist() for name in names]
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def generate(n: int, seed: int = SEED) -> Population:
    """Draw a population of ``n`` customers; equal arguments give equal populations."""
    rng = np.random.default_rng(seed)
    registered = (NOW - 730 * DAY + rng.random(n) ** 1.3 * 730 * DAY * 0.98).astype(np.int64)
    counts = rng.poisson(rng.gamma(0.75, 16.4, n))
    counts[rng.random(n) < 0.06] = 0
    orders = _orders(rng, registered, counts)
    favourite, owner = orders.pop("favourite"), orders["customer"]
    found = _folded(orders, n) | {"registered_at": registered, "order_count": counts, "fav_cat": favourite}
    found |= _touches(rng, found)
    return Population(customers=found, orders=orders | {"customer": owner})


def _orders(rng: np.random.Generator, registered: Column, counts: Column) -> dict[str, Column]:
    n, total = len(registered), int(counts.sum())
    active = rng.beta(1.6, 0.8, n) * (NOW - registered)
    owner = np.repeat(np.arange(n), counts)
    at = (registered[owner] + rng.random(total) * active[owner]).astype(np.int64)
    at = at[np.lexsort((at, owner))]
    favourite = rng.choice(CATEGORIES, n, p=SHARES)
    usual, other = rng.random(total) < 0.6, rng.integers(0, CATEGORIES, total)
    category = np.where(usual, favourite[owner], other)
    product = 25 * category + np.minimum(rng.zipf(1.6, total), 25) - 1
    mean = rng.lognormal(7.6, 0.6, n)
    amount = (mean[owner] * rng.lognormal(0, 0.5, total) * 100).astype(np.int64)
    columns = {"customer": owner, "at": at, "amount": amount, "category": category, "product": product}
    return columns | {"favourite": favourite}


def _folded(orders: Mapping[str, Column], n: int) -> dict[str, Column]:
    """Fold the orders, sorted by (customer, instant), into what a customer's record holds of them."""
    owner, at, category = orders["customer"], orders["at"], orders["category"]
    ends = np.cumsum(np.bincount(owner, minlength=n))
    counts = np.diff(ends, prepend=0)
    spend = np.bincount(owner, weights=orders["amount"], minlength=n).astype(np.int64)

    def nth_last(k: int) -> Column:
        places = np.where(counts >= k, ends - k, 0)
        return np.where(counts >= k, at[places], 0) if len(at) else np.zeros(n, np.int64)

    def last_of(chosen: Column) -> Column:
        found = np.zeros(n, np.int64)
        found[owner[chosen]] = at[chosen]  # sorted by instant: the last one stays
        return found

    tier = sum((spend > limit).astype(np.int64) for limit in TIERS)
    instants = {"first_order_at": np.where(counts > 0, at[ends - np.maximum(counts, 1)] if len(at) else 0, 0)}
    instants |= {"last_order_at": nth_last(1), "third_last_order_at": nth_last(3)}
    instants |= {f"cat{k}_at": last_of(category == k) for k in range(CATEGORIES)}
    return {**instants, "cream_at": last_of(orders["product"] == CREAM), "spend": spend, "tier": np.asarray(tier)}


def _touches(rng: np.random.Generator, known: Mapping[str, Column]) -> dict[str, Column]:
    """Draw everything that is no order; the order of the draws is part of the definition."""
    registered, last = known["registered_at"], known["last_order_at"]
    n = len(registered)

    def drawn(share: float, days: float, sign: int) -> Column:
        has, far = rng.random(n) < share, rng.random(n)
        return np.where(has, (NOW + sign * far * days * DAY).astype(np.int64), 0)

    found = {"next_birthday_at": drawn(0.7, 365, 1), "cart_at": drawn(0.04, 5, -1)}
    has_message, quiet = rng.random(n) < 0.85, rng.exponential(10, n)
    found["message_at"] = np.where(has_message, (NOW - quiet * DAY).astype(np.int64), 0)
    visit = (NOW - rng.exponential(20, n) * DAY).astype(np.int64)
    found["visit_at"] = np.maximum(np.maximum(visit, last), registered)
    reviewed = (rng.random(n) < 0.3) & (last > 0) & (last + 4 * DAY <= NOW)
    found["review_at"] = np.where(reviewed, last + 4 * DAY, 0)
    found["points_expire_at"] = drawn(0.4, 180, 1)
    found["nps_at"] = drawn(0.2, 365, -1)
    cart_value = (rng.lognormal(7.6, 0.7, n) * 100).astype(np.int64)
    found["cart_value"] = np.where(found["cart_at"] > 0, cart_value, 0)
    score = rng.integers(0, 11, n)
    found["nps"] = np.where(found["nps_at"] > 0, score, -1)
    for name, share in (("consent_email", 0.6), ("consent_tg", 0.7), ("unsubscribed", 0.08)):
        found[name] = rng.random(n) < share
    years = (NOW - registered) // (365 * DAY) + 1
    found["next_anniversary_at"] = registered + years * 365 * DAY
    found["delivered_at"] = np.where((last > 0) & (last < NOW - 2 * DAY), last + 2 * DAY, 0)
    found["points"] = np.where(found["points_expire_at"] > 0, known["spend"] // 2000, 0)
    found["escalated_at"] = np.zeros(n, np.int64)
    return found
