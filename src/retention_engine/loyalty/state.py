"""The state of one account, and the few primitive changes that entries consist of."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import Any, NamedTuple

from attrs import define, evolve, field, frozen

from retention_engine.loyalty.lots import MOVEMENTS, Bucket, Grant, Hold, Lot, Redemption, Stock
from retention_engine.loyalty.units import Account
from retention_engine.timing import EARLIEST, NEVER


class Balance(NamedTuple):
    """What an account shows.

    Attributes:
        available: spendable now.
        debt: owed by the customer; above zero only when nothing is available.
    """

    pending: int = 0
    available: int = 0
    held: int = 0
    debt: int = 0

    @property
    def current(self) -> int:
        """What the customer has: available and held."""
        return self.available + self.held

    @property
    def net(self) -> int:
        """What is available, less the debt."""
        return self.available - self.debt


@frozen
class Movement:
    """Units that went from one bucket to another.

    Attributes:
        at: when it was recorded, or came about by time.
        effective_at: when it happened, as the entry says.
        source: None: they were issued, or came from a merged account.
        target: None: they left with a merge.
        cause: the kind of the command, or ``time``.
    """

    at: int
    effective_at: int
    lot: str
    source: Bucket | None
    target: Bucket | None
    amount: int
    cause: str


@define
class Journal:
    """Every movement of an account, those of time included.

    Attributes:
        moves: of units.
        debts: (recorded, happened, more or less debt).
    """

    moves: list[Movement] = field(factory=list)
    debts: list[tuple[int, int, int]] = field(factory=list)


@frozen
class Totals:
    """Amounts of an account that no bucket shows: how its debt came and went, and what the shop bore."""

    owed: int = 0
    settled: int = 0
    absorbed: int = 0
    joined: int = 0
    left: int = 0


@define(kw_only=True)
class State:
    """One account at an instant: a fold of its entries. Treat it as a value; ``copy`` it before changing it.

    Attributes:
        version: how many entries it contains.
        at: the instant up to which time was taken into account.
        live: the lots that time can still change, first-expiring first.
        waiting: (vesting instant, lot) of those with pending units whose instant is known.
        sums: the units pending, available and held.
        holds: the open ones.
        ended: how each other hold ended: ``captured``, ``voided`` or ``timed_out``.
        lapsed: the holds that timed out, by purpose, until units are held or spent for it again: still promised.
        orders: what ``reconcile_order`` knows, by order.
        joined: those of them that came with a merged account.
        alias: the account that this one was merged into.
        journal: collects every movement, if there is one; never a part of the comparison.
        cause: of the movements now.
    """

    account: Account
    version: int = 0
    at: int = EARLIEST
    seq: int = 0
    lots: dict[str, Stock] = field(factory=dict)
    live: list[tuple[int, int, int, str]] = field(factory=list)
    waiting: list[tuple[int, str]] = field(factory=list)
    sums: tuple[int, int, int] = (0, 0, 0)
    holds: dict[str, Hold] = field(factory=dict)
    ended: dict[str, str] = field(factory=dict)
    lapsed: dict[str, Hold] = field(factory=dict)
    redemptions: dict[str, Redemption] = field(factory=dict)
    grants: dict[str, Grant] = field(factory=dict)
    orders: dict[str, object] = field(factory=dict)
    joined: frozenset[str] = frozenset()
    debt: int = 0
    totals: Totals = Totals()
    alias: Account | None = None
    journal: Journal | None = field(default=None, eq=False, repr=False)
    cause: str = field(default="time", eq=False, repr=False)

    def copy(self) -> State:
        """Return one that can be changed without changing this one."""
        return State(  # not ``evolve``, which takes three times as long
            account=self.account,
            version=self.version,
            at=self.at,
            seq=self.seq,
            lots=dict(self.lots),
            live=list(self.live),
            waiting=list(self.waiting),
            sums=self.sums,
            holds=dict(self.holds),
            ended=dict(self.ended),
            lapsed=dict(self.lapsed),
            redemptions=dict(self.redemptions),
            grants=dict(self.grants),
            orders=dict(self.orders),
            joined=self.joined,
            debt=self.debt,
            totals=self.totals,
            alias=self.alias,
            cause=self.cause,
        )

    @property
    def balance(self) -> Balance:
        """What it shows at its own instant."""
        return Balance(*self.sums, debt=self.debt)

    @property
    def next_change(self) -> int:
        """The first instant after its own at which time changes something; NEVER when there is none."""
        first = next((key[0] for key in self.live if key[0] > self.at), NEVER)
        vests = self.waiting[0][0] if self.waiting else NEVER
        return min(first, vests, *(hold.expires_at for hold in self.holds.values()))

    def put(self, stock: Stock) -> None:
        """Place a lot as it stands now."""
        old = self.lots.get(stock.lot.id)
        self.lots[stock.lot.id] = stock
        before = (0, 0, 0) if old is None else old.buckets
        sums, after = self.sums, stock.buckets
        self.sums = (sums[0] + after[0] - before[0], sums[1] + after[1] - before[1], sums[2] + after[2] - before[2])
        _keep(self.live, old.order if old is not None and old.is_live else None, stock.order if stock.is_live else None)
        _keep(self.waiting, _wait(old), _wait(stock))

    def issue(self, lot: Lot, effective_at: int) -> None:
        """Place a new lot: pending, or available when its vesting has passed."""
        vested = lot.vests_at is not None and lot.vests_at <= self.at
        bucket = Bucket.AVAILABLE if vested and lot.vests_at is not None else Bucket.PENDING
        self.seq = max(self.seq, lot.seq)
        buckets = [0] * len(Bucket)
        buckets[bucket] = lot.issued
        self.put(Stock(lot, lot.vests_at, lot.expires_at, tuple(buckets)))
        if lot.parent is None:
            self.grants[lot.id] = Grant()
        vests = effective_at if lot.vests_at is None else max(lot.vests_at, effective_at)
        first = Bucket.PENDING if vests > effective_at else bucket
        usual = self.cause
        self.cause = "restore" if lot.given_back else usual
        self.note(lot.id, None, first, lot.issued, effective_at=effective_at)
        self.cause = usual
        if first is not bucket:
            self.note(lot.id, first, bucket, lot.issued, effective_at=vests)

    def note(
        self, lot: str, source: Bucket | None, target: Bucket | None, amount: int, *, effective_at: int | None = None
    ) -> None:
        """Write a movement into the journal, if there is one."""
        if self.journal is not None and amount:
            when = self.at if effective_at is None else effective_at
            self.journal.moves.append(Movement(self.at, when, lot, source, target, amount, self.cause))

    def move(self, lot: str, source: Bucket, target: Bucket, amount: int, *, effective_at: int | None = None) -> None:
        """Let units of a lot go on; any way but those of the table is a fault of the ledger itself."""
        stock = self.lots[lot]
        if (source, target) not in MOVEMENTS or not 0 < amount <= stock[source]:
            raise AssertionError(f"{amount} units of {lot} cannot go from {source.name} to {target.name}")
        self.put(stock.moved(source, target, amount))
        if target is Bucket.SETTLED:
            self.change_debt(-amount, effective_at)
            self.totals = evolve(self.totals, settled=self.totals.settled + amount)
        self.note(lot, source, target, amount, effective_at=effective_at)

    def change_debt(self, amount: int, effective_at: int | None = None) -> None:
        """Raise or lower the debt."""
        self.debt += amount
        if self.journal is not None:
            self.journal.debts.append((self.at, self.at if effective_at is None else effective_at, amount))

    def family(self, root: str) -> list[Stock]:
        """Return the lots of this account that come from a grant, first-expiring first."""
        return sorted((each for each in self.lots.values() if each.lot.root == root), key=lambda each: each.order)

    def spendable(self) -> Iterator[Stock]:
        """Yield the lots with available units, first-expiring first."""
        for key in tuple(self.live):
            if (stock := self.lots[key[3]])[Bucket.AVAILABLE]:
                yield stock


def _wait(stock: Stock | None) -> tuple[int, str] | None:
    if stock is None or stock.vests_at is None or not stock[Bucket.PENDING]:
        return None
    return (stock.vests_at, stock.lot.id)


def _keep(places: list[Any], old: tuple[Any, ...] | None, new: tuple[Any, ...] | None) -> None:
    if old == new:
        return
    if old is not None:
        del places[bisect_left(places, old)]
    if new is not None:
        insort(places, new)
