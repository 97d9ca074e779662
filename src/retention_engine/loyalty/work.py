"""The desk at which a command is decided: a copy of the account, and the changes that become its entry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, ClassVar

from attrs import define, field, fields, frozen
from attrs.converters import optional

from retention_engine.errors import Insufficient, LedgerError, shown
from retention_engine.keys import fingerprint
from retention_engine.loyalty.changes import Change, HoldEnded, Issued, Moved, Timed
from retention_engine.loyalty.lots import Bucket, Hold, Lot, Slice, Stock
from retention_engine.loyalty.state import State
from retention_engine.loyalty.terms import Terms
from retention_engine.loyalty.timeline import advance
from retention_engine.loyalty.units import Account
from retention_engine.loyalty.validity import WhileActive
from retention_engine.timing import to_instant
from retention_engine.values import is_printable

Result = Mapping[str, object]


@cache
def _asked(kind: type[Command]) -> tuple[str, ...]:
    """Return the fields of a command that say what is asked."""
    return tuple(each.name for each in fields(kind) if each.name not in {"at", "key"})


def _check_key(_: Any, __: Any, value: Any) -> None:
    if not is_printable(value):
        raise LedgerError(f"a key is a printable text of 1 to 200 characters, not {shown(value)}", code="bad_key")


@frozen(kw_only=True)
class Entry:
    """One command as it was carried out: appended, never changed.

    Attributes:
        seq: its place in the account, from 1.
        at: when it was recorded.
        effective_at: when it happened.
        changes: what it changed; enough to do it again.
        result: what the command was answered.
        later: (place, JSON text) of what a later version added; kept for it.
    """

    account: Account
    seq: int
    key: str
    fingerprint: str
    kind: str
    at: int
    effective_at: int
    actor: str = ""
    reason: str = ""
    changes: tuple[Change, ...]
    result: Result
    later: tuple[tuple[tuple[str | int, ...], str], ...] = ()


@frozen(kw_only=True)
class Command:
    """What is asked of a ledger.

    Attributes:
        key: of this request, unique in the programme; the same key again is the same request.
        at: now.
        effective_at: when it happened; None: now.
    """

    KIND: ClassVar[str] = ""

    key: str = field(validator=_check_key)
    account: Account
    at: int = field(converter=to_instant)
    effective_at: int | None = field(default=None, converter=optional(to_instant))
    actor: str = ""
    reason: str = ""

    @property
    def fingerprint(self) -> str:
        """Identifies everything that is asked, but not when."""
        kind: Any = type(self)
        return fingerprint(self.KIND, *(f"{name}={getattr(self, name)!r}" for name in _asked(kind)))

    @property
    def partner(self) -> Account | None:
        """The other account it changes, if any."""
        return None

    def perform(self, work: Work) -> Result:
        """Decide: put the changes on the desk and return the answer.

        Raises:
            LedgerError: it is refused.
        """
        raise NotImplementedError  # every concrete command decides itself


@define
class Work:
    """An account on the desk: time was taken into account, and every change is done and noted.

    Attributes:
        name: what new lots, holds and redemptions are named after: the key, or a part of it.
        partner: the desk with the other account.
        is_idle: the customer has not done anything: it is no activity, whatever the terms say of the command.
    """

    state: State
    terms: Terms
    effective_at: int
    name: str
    partner: Work | None = None
    is_idle: bool = False
    changes: list[Change] = field(factory=list)

    @classmethod
    def on(cls, state: State, terms: Terms, *, at: int, command: Command) -> Work:
        """Put an account on the desk."""
        effective = at if command.effective_at is None else command.effective_at
        if effective > at:
            raise LedgerError(f"{effective} has not come yet: it is {at}", code="in_future")
        return cls(advance(state, at), terms, effective, command.key)

    @property
    def at(self) -> int:
        """The instant of the command."""
        return self.state.at

    def do(self, change: Change) -> None:
        """Apply a change and note it."""
        change.apply(self.state, self.effective_at)
        self.changes.append(change)

    def move(self, lot: str, source: Bucket, target: Bucket, amount: int) -> None:
        """Move units of a lot, if any."""
        if amount:
            self.do(Moved(lot, source, target, amount))

    def stock(self, lot: str) -> Stock:
        """Return a lot.

        Raises:
            LedgerError: the account has no such lot.
        """
        if lot not in self.state.lots:
            raise LedgerError(f"{self.state.account} has no lot {shown(lot)}", code="unknown_lot")
        return self.state.lots[lot]

    def issue(self, amount: int, vests_at: int | None, expires_at: int | None, *, place: int = 0, **rest: Any) -> str:
        """Place a new grant; what is over already is recorded as expired. Return its id."""
        name = f"{self.name}/{place}"
        lot = Lot(
            id=name,
            issued=amount,
            vests_at=vests_at,
            expires_at=expires_at,
            root=name,
            seq=self.state.seq + 1,
            **{"earned_at": self.effective_at, **rest},
        )
        self.place(lot)
        return name

    def child(
        self, parent: Stock, amount: int, place: int, expires_at: int | None, *, grace: bool, given_back: bool = True
    ) -> str:
        """Place a lot in which units of another one live on, and return its id."""
        name = f"{self.name}/{place}"
        lot = Lot(
            id=name,
            issued=amount,
            earned_at=parent.lot.earned_at,
            vests_at=parent.vests_at,
            expires_at=expires_at,
            source=parent.lot.source,
            parent=parent.lot.id,
            root=parent.lot.root,
            grace_child=grace,
            given_back=given_back,
            seq=self.state.seq + 1,
        )
        self.place(lot)
        return name

    def place(self, lot: Lot) -> None:
        """Place a new lot."""
        self.do(Issued(lot))
        self.drop_dead(lot.id)

    def drop_dead(self, lot: str) -> None:
        """Expire a lot that arrived too late."""
        stock = self.state.lots[lot]
        if stock.is_over(self.at):
            self.move(lot, Bucket.AVAILABLE, Bucket.EXPIRED, stock[Bucket.AVAILABLE])

    def take(self, amount: int, target: Bucket) -> list[Slice]:
        """Move available units, first-expiring first, and return the slices.

        Raises:
            Insufficient: fewer are available.
        """
        available = self.state.balance.available
        if amount > available:
            raise Insufficient(available, amount)
        slices = []
        for stock in self.state.spendable():
            part = min(amount, stock[Bucket.AVAILABLE])
            if not part:
                break
            self.move(stock.lot.id, Bucket.AVAILABLE, target, part)
            slices.append(Slice(stock.lot.id, part))
            amount -= part
        return slices

    def settle(self, fresh: Iterable[str]) -> int:
        """Pay the debt from lots that just became spendable; return how much."""
        paid = 0
        for stock in sorted((self.state.lots[name] for name in set(fresh)), key=lambda each: each.order):
            part = min(self.state.debt, stock[Bucket.AVAILABLE])
            self.move(stock.lot.id, Bucket.AVAILABLE, Bucket.SETTLED, part)
            paid += part
        return paid

    def let_go(self, slices: Iterable[Slice]) -> list[str]:
        """Release held units and return the lots that have them back."""
        alive = []
        for each in slices:
            over = self.state.lots[each.lot].is_over(self.at)
            self.move(each.lot, Bucket.HELD, Bucket.EXPIRED if over else Bucket.AVAILABLE, each.amount)
            if not over:
                alive.append(each.lot)
        return alive

    def open_hold(self, hold: str) -> Hold:
        """Return a hold that is open.

        Raises:
            LedgerError: there is none, or it has ended.
        """
        if hold not in self.state.holds:
            how = self.state.ended.get(hold, "unknown")
            raise LedgerError(f"hold {shown(hold)} is not open: {how}", code="not_open")
        return self.state.holds[hold]

    def end(self, hold: Hold, how: str) -> None:
        """Close a hold."""
        self.do(HoldEnded(hold.id, how))

    def active(self) -> None:
        """Prolong what lasts while the customer is active."""
        for _, _, _, name in tuple(self.state.live):
            stock = self.state.lots[name]
            validity, end = stock.lot.validity, stock.expires_at
            if isinstance(validity, WhileActive) and end is not None and not stock.is_over(self.at):
                later = max(end, self.at + validity.span.micros)
                if later != end:
                    self.do(Timed(name, stock.vests_at, later))
