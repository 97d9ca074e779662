"""Reports over all accounts of a unit: the roll-forward of what the shop owes its customers, and its worth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from attrs import frozen

from retention_engine.errors import LedgerError
from retention_engine.loyalty.ledger import Ledger, Streams, replay
from retention_engine.loyalty.lots import Bucket, Stock
from retention_engine.loyalty.state import Balance, Journal, Movement
from retention_engine.loyalty.timeline import run
from retention_engine.loyalty.units import Unit
from retention_engine.timing import local_date, zone

_OPEN = (Bucket.PENDING, Bucket.AVAILABLE, Bucket.HELD)


@frozen(kw_only=True)
class RollForward:
    """How the units that customers have came from an opening to a closing number.

    Attributes:
        redeemed: spent, less what was given back.
        restored: given back to lots that had expired, in new lots.
        joined: came with merged accounts, less what left with them: 0 over all accounts.
        split: of the closing number, and the debt beside it.
        ageing: (month of expiry or ``never`` or ``unknown``, units).
        vintage: (month of earning, units).
    """

    opening: int
    issued: int
    transferred_in: int
    restored: int
    joined: int
    redeemed: int
    expired: int
    revoked: int
    settled: int
    transferred_out: int
    closing: int
    split: Balance
    ageing: tuple[tuple[str, int], ...]
    vintage: tuple[tuple[str, int], ...]

    @property
    def closes(self) -> bool:
        """Whether the flows explain the closing number exactly, and it is the sum of its parts."""
        gains = self.issued + self.transferred_in + self.restored + self.joined
        losses = self.redeemed + self.expired + self.revoked + self.settled + self.transferred_out
        counted = self.split.pending + self.split.current
        return self.opening + gains - losses == self.closing == counted == sum(units for _, units in self.ageing)

    def worth(self, point_value: Fraction) -> int:
        """Return the closing number in minor units of money, rounded down."""
        return int(self.closing * point_value)


def roll_forward(ledger: Ledger | Streams, unit: Unit, *, after: int, to: int, where: str = "UTC") -> RollForward:
    """Return the roll-forward of a unit over all accounts, from just after an instant to another one, inclusive."""
    streams = ledger.streams if isinstance(ledger, Ledger) else ledger
    if after > to:
        raise LedgerError(f"the period from {after} to {to} is empty", code="bad_window")
    moves: list[Movement] = []
    stocks: list[Stock] = []
    debt = 0
    for account, entries in streams.items():
        if account.unit == unit:
            journal = Journal()
            state = replay(account, (entry for entry in entries if entry.at <= to), journal)
            run(state, to)
            moves += journal.moves
            stocks += [stock for stock in state.lots.values() if stock.is_live]
            debt += state.debt
    inside = [move for move in moves if move.at > after]
    counts = [sum(stock[bucket] for stock in stocks) for bucket in _OPEN]
    return RollForward(
        opening=_open(move for move in moves if move.at <= after),
        closing=_open(moves),
        split=Balance(counts[0], counts[1], counts[2], debt),
        ageing=_months((_end(stock, where), stock) for stock in stocks),
        vintage=_months((_month(stock.lot.earned_at, where), stock) for stock in stocks),
        **_flows(inside),
    )


def _open(moves: Iterable[Movement]) -> int:
    return sum(((move.target in _OPEN) - (move.source in _OPEN)) * move.amount for move in moves)


def _flows(moves: Sequence[Movement]) -> dict[str, int]:
    found = dict.fromkeys(
        ("issued", "transferred_in", "restored", "joined", "redeemed", "expired", "revoked", "settled"), 0
    )
    found["transferred_out"] = 0
    for move in moves:
        gain = (move.target in _OPEN) - (move.source in _OPEN)
        if gain:
            name, sign = _flow(move)
            found[name] += gain * sign * move.amount
    return found


_COMING = {"transfer": "transferred_in", "restore": "restored", "merge": "joined"}
_GOING = {
    Bucket.REDEEMED: "redeemed",
    Bucket.EXPIRED: "expired",
    Bucket.REVOKED: "revoked",
    Bucket.SETTLED: "settled",
    Bucket.MOVED: "transferred_out",
}


def _flow(move: Movement) -> tuple[str, int]:
    """Return the line a movement belongs to, and the sign of what it adds to it."""
    if move.target is None:
        return "joined", 1
    if move.source is None:
        return _COMING.get(move.cause, "issued"), 1
    return _GOING.get(move.target, "redeemed"), -1


def _months(pairs: Iterable[tuple[str, Stock]]) -> tuple[tuple[str, int], ...]:
    found: dict[str, int] = {}
    for name, stock in pairs:
        found[name] = found.get(name, 0) + sum(stock[bucket] for bucket in _OPEN)
    return tuple(sorted(found.items()))


def _month(instant: int, where: str) -> str:
    return local_date(instant, zone(where)).isoformat()[:7]


def _end(stock: Stock, where: str) -> str:
    if stock.vests_at is None:
        return "unknown"
    return "never" if stock.expires_at is None else _month(stock.expires_at - 1, where)


def split_revenue(sale: int, worth: int) -> tuple[int, int]:
    """Return the revenue now and the revenue deferred of a sale that grants units, by relative stand-alone prices.

    Args:
        sale: its price in minor units.
        worth: the price of the units in minor units, times the share expected to be spent.
    """
    if sale < 0 or worth < 0 or not sale + worth:
        raise LedgerError("a sale and the worth of its units are 0 or more, and not both 0", code="bad_amount")
    deferred = (2 * sale * worth + sale + worth) // (2 * (sale + worth))
    return sale - deferred, deferred
