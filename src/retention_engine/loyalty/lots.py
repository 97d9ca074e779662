"""What an account consists of: lots with buckets, holds and redemptions."""

from __future__ import annotations

from enum import IntEnum

from attrs import evolve, frozen

from retention_engine.loyalty.validity import Validity
from retention_engine.timing import NEVER


class Bucket(IntEnum):
    """Where a unit of a lot is. Numbers are stored and never changed."""

    PENDING = 0
    """Granted, not yet spendable."""
    AVAILABLE = 1
    """Spendable now."""
    HELD = 2
    """Promised to a purchase that is not finished."""
    REDEEMED = 3
    """Spent."""
    EXPIRED = 4
    """Out of time."""
    REVOKED = 5
    """Taken back."""
    SETTLED = 6
    """Used to pay a debt."""
    MOVED = 7
    """Lives on in another lot."""


MOVEMENTS = frozenset(
    {
        (Bucket.PENDING, Bucket.AVAILABLE),
        (Bucket.PENDING, Bucket.REVOKED),
        *((Bucket.AVAILABLE, to) for to in Bucket if to not in {Bucket.PENDING, Bucket.AVAILABLE}),
        (Bucket.HELD, Bucket.REDEEMED),
        (Bucket.HELD, Bucket.AVAILABLE),
        (Bucket.HELD, Bucket.EXPIRED),
        (Bucket.REDEEMED, Bucket.AVAILABLE),
        (Bucket.REDEEMED, Bucket.EXPIRED),
        (Bucket.REDEEMED, Bucket.MOVED),
    }
)
"""Every way a unit may go; anything else is a fault of the ledger."""


@frozen(kw_only=True)
class Lot:
    """Units granted together; never changes.

    Attributes:
        earned_at: the instant of the activity.
        vests_at: when the units become spendable; None: at a later fact.
        expires_at: the first instant at which they are over, as granted; None: never, or not known before vesting.
        source: what they were granted for, such as ``order:812``.
        parent: the lot whose units live on here.
        root: the grant they all come from; its own id when it is one.
        grace_child: made by a grace, or from such units: gets no second one.
        given_back: made by giving units back whose lot had expired.
        seq: its number within the account in which it was made.
    """

    id: str
    issued: int
    earned_at: int
    vests_at: int | None
    expires_at: int | None
    validity: Validity = None
    source: str = ""
    parent: str | None = None
    root: str
    grace_child: bool = False
    given_back: bool = False
    seq: int


@frozen
class Stock:
    """A lot as it stands: the instants in force, and how many units are in each bucket."""

    lot: Lot
    vests_at: int | None
    expires_at: int | None
    buckets: tuple[int, ...]

    def __getitem__(self, bucket: Bucket) -> int:
        """Return the units in a bucket."""
        return self.buckets[bucket]

    @property
    def order(self) -> tuple[int, int, int, str]:
        """The place among other lots: first-expiring first, those that never expire last."""
        expires = NEVER if self.expires_at is None else self.expires_at
        vests = NEVER if self.vests_at is None else self.vests_at
        return (expires, vests, self.lot.seq, self.lot.id)

    @property
    def is_live(self) -> bool:
        """Whether time can still change it."""
        pending, available, held = self.buckets[:3]
        return pending + available + held > 0

    def is_over(self, at: int) -> bool:
        """Tell whether the units have expired at an instant."""
        return self.expires_at is not None and self.expires_at <= at

    def moved(self, source: Bucket, target: Bucket, amount: int) -> Stock:
        """Return it with units in another bucket."""
        buckets = list(self.buckets)
        buckets[source] -= amount
        buckets[target] += amount
        return Stock(self.lot, self.vests_at, self.expires_at, tuple(buckets))

    def timed(self, vests_at: int | None, expires_at: int | None) -> Stock:
        """Return it with other instants."""
        return Stock(self.lot, vests_at, expires_at, self.buckets)


@frozen
class Slice:
    """Units of one lot within a hold or a redemption; ``restored`` of them were given back."""

    lot: str
    amount: int
    restored: int = 0


@frozen(kw_only=True)
class Hold:
    """Units promised to one purpose, such as an order, until an instant (exclusive)."""

    id: str
    purpose: str
    expires_at: int
    slices: tuple[Slice, ...]

    @property
    def amount(self) -> int:
        """The units held."""
        return sum(each.amount for each in self.slices)


@frozen(kw_only=True)
class Redemption:
    """Units spent together.

    Attributes:
        final: they became units of another kind: nothing can be given back.
    """

    id: str
    purpose: str = ""
    slices: tuple[Slice, ...]
    final: bool = False

    @property
    def amount(self) -> int:
        """The units spent at first."""
        return sum(each.amount for each in self.slices)

    @property
    def restored(self) -> int:
        """How many of them were given back."""
        return sum(each.restored for each in self.slices)

    def given_back(self, counts: dict[str, int]) -> Redemption:
        """Return it with more units given back, by lot."""
        slices = tuple(evolve(each, restored=each.restored + counts.get(each.lot, 0)) for each in self.slices)
        return evolve(self, slices=slices)


@frozen(kw_only=True)
class Reversal:
    """What became of the units that one command took back, and how many were asked for: the parts sum to it.

    Attributes:
        from_pending: taken before they were spendable.
        moot: had expired unspent: nothing to take.
        from_lot: taken from the grant itself.
        from_other: taken from other lots, first-expiring first.
        to_debt: owed by the customer from now on.
        absorbed: borne by the shop.
    """

    lot: str
    amount: int
    from_pending: int = 0
    moot: int = 0
    from_lot: int = 0
    from_other: int = 0
    to_debt: int = 0
    absorbed: int = 0


@frozen(kw_only=True)
class Grant:
    """How much of a grant was reversed so far."""

    reversed: int = 0
    moot: int = 0
