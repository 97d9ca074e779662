"""The laws of a ledger as functions over stored data: the same ones in tests and in production."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from attrs import frozen

from retention_engine.loyalty.changes import Issued, Moved, Reversed
from retention_engine.loyalty.ledger import Ledger, Streams, apply
from retention_engine.loyalty.lots import Bucket, Stock
from retention_engine.loyalty.state import State
from retention_engine.loyalty.timeline import advance
from retention_engine.loyalty.units import Account
from retention_engine.loyalty.work import Entry
from retention_engine.timing import NEVER


@frozen
class Violation:
    """Something that must never be.

    Attributes:
        law: its name, such as ``LOT-CONS``.
        entry: the last entry before it was seen; 0: seen over all accounts.
    """

    law: str
    account: Account | None
    entry: int
    text: str

    def __str__(self) -> str:
        """Return one line for people."""
        return f"{self.law} {self.account or 'all accounts'} after entry {self.entry}: {self.text}"


Check = Callable[[State], Iterator[str]]


def conserved(state: State) -> Iterator[str]:
    """LOT-CONS: the buckets of a lot are 0 or more and sum to what was issued."""
    for stock in state.lots.values():
        if min(stock.buckets) < 0 or sum(stock.buckets) != stock.lot.issued:
            yield f"{stock.lot.id} of {stock.lot.issued}: {stock.buckets}"


def timely(state: State) -> Iterator[str]:
    """NO-DEAD-SPEND: nothing expired is available, nothing vested is pending, no hold outlives its end."""
    for stock in state.lots.values():
        if stock.is_over(state.at) and stock[Bucket.AVAILABLE]:
            yield f"{stock.lot.id} expired at {stock.expires_at}, still available"
        if stock.vests_at is not None and stock.vests_at <= state.at and stock[Bucket.PENDING]:
            yield f"{stock.lot.id} vested at {stock.vests_at}, still pending"
    yield from (
        f"hold {one.id} ended at {one.expires_at}" for one in state.holds.values() if one.expires_at <= state.at
    )


def accounted(state: State) -> Iterator[str]:
    """HELD: held and spent units are those of open holds and of redemptions, lot by lot; a hold ends once."""
    held: dict[str, int] = {}
    spent: dict[str, int] = {}
    for each in (part for hold in state.holds.values() for part in hold.slices):
        held[each.lot] = held.get(each.lot, 0) + each.amount
    for each in (part for one in state.redemptions.values() for part in one.slices):
        spent[each.lot] = spent.get(each.lot, 0) + each.amount - each.restored
    for name, stock in state.lots.items():
        if (stock[Bucket.HELD], stock[Bucket.REDEEMED]) != (held.get(name, 0), spent.get(name, 0)):
            yield f"{name}: {held.get(name, 0)} held, {spent.get(name, 0)} spent, in buckets {stock.buckets}"
    yield from (f"hold {name} is open and {state.ended[name]}" for name in state.holds.keys() & state.ended.keys())


def owed(state: State) -> Iterator[str]:
    """DEBT: it is 0 or more, above 0 only when nothing is available, and explained by what came and was settled."""
    totals, debt = state.totals, state.debt
    if debt < 0 or (debt and state.balance.available):
        yield f"debt {debt} beside {state.balance.available} available"
    if totals.owed + totals.joined != debt + totals.settled + totals.left:
        yield f"debt {debt} is not explained by {totals}"


def bounded(state: State) -> Iterator[str]:
    """REV-BOUND: no grant is reversed beyond itself, no redemption given back beyond itself."""
    for name, grant in state.grants.items():
        if not 0 <= grant.moot <= grant.reversed <= state.lots[name].lot.issued:
            yield f"grant {name}: {grant}"
    for one in state.redemptions.values():
        if any(not 0 <= each.restored <= each.amount for each in one.slices):
            yield f"redemption {one.id}: {one.slices}"


def summed(state: State) -> Iterator[str]:
    """REBUILD: the sums and the order that are kept equal those counted anew."""
    live = [stock for stock in state.lots.values() if stock.is_live]
    counts = tuple(sum(each[bucket] for each in live) for bucket in (Bucket.PENDING, Bucket.AVAILABLE, Bucket.HELD))
    if counts != state.sums or sorted(each.order for each in live) != state.live:
        yield f"kept {state.sums}, counted {counts}"


LAWS: tuple[tuple[str, Check], ...] = (
    ("LOT-CONS", conserved),
    ("NO-DEAD-SPEND", timely),
    ("HELD", accounted),
    ("DEBT", owed),
    ("REV-BOUND", bounded),
    ("REBUILD", summed),
)


def state_violations(state: State) -> list[Violation]:
    """Return what must not be in one account at its instant."""
    return [Violation(law, state.account, state.version, text) for law, check in LAWS for text in check(state)]


def entry_violations(before: State, entry: Entry) -> list[Violation]:
    """Return what one entry must not have done to the account as it was at its instant."""
    faults = [*_first_expiring(before, entry), *_exact(entry), *_reversed(entry), *_converted(before, entry)]
    return [Violation(law, entry.account, entry.seq, text) for law, text in faults]


_TAKEN = frozenset({Bucket.HELD, Bucket.REDEEMED, Bucket.MOVED})


def _moves(entry: Entry) -> list[Moved]:
    return [change for change in entry.changes if isinstance(change, Moved)]


def _first_expiring(before: State, entry: Entry) -> Iterator[tuple[str, str]]:
    """FEFO: what a spend or a transfer takes ends no later than what it leaves."""
    if entry.kind not in {"redeem", "hold", "transfer", "convert"}:
        return
    taken: dict[str, int] = {}
    for move in _moves(entry):
        if move.source is Bucket.AVAILABLE and move.target in _TAKEN:
            taken[move.lot] = taken.get(move.lot, 0) + move.amount
    left = [_end(each) for each in before.spendable() if taken.get(each.lot.id, 0) < each[Bucket.AVAILABLE]]
    last = max((_end(before.lots[name]) for name in taken), default=0)
    if last > min(left, default=NEVER):
        yield "FEFO", f"took units that end at {last} and left some that end at {min(left)}"


def _end(stock: Stock) -> int:
    return NEVER if stock.expires_at is None else stock.expires_at


_SIZES = {
    "redeem": ("redeemed", Bucket.AVAILABLE, {Bucket.REDEEMED}),
    "capture": ("redeemed", Bucket.HELD, {Bucket.REDEEMED}),
    "restore": ("restored", Bucket.REDEEMED, {Bucket.AVAILABLE, Bucket.EXPIRED, Bucket.MOVED}),
    "transfer": ("moved", Bucket.AVAILABLE, {Bucket.MOVED}),
    "convert": ("converted", Bucket.AVAILABLE, {Bucket.REDEEMED}),
    "expire_now": ("expired", Bucket.AVAILABLE, {Bucket.EXPIRED}),
}


def _exact(entry: Entry) -> Iterator[tuple[str, str]]:
    """EXACT: the number that moved is the number that was asked for and answered."""
    if entry.kind in _SIZES and not any(isinstance(change, Issued) for change in entry.changes[:1]):
        name, source, targets = _SIZES[entry.kind]
        found = sum(move.amount for move in _moves(entry) if move.source is source and move.target in targets)
        if found != entry.result[name]:
            yield "EXACT", f"{found} units moved, the answer says {entry.result[name]}"


def _reversed(entry: Entry) -> Iterator[tuple[str, str]]:
    """REV-ACC: the parts of a reversal sum to it, and what it revoked was revoked."""
    parts = [change.reversal for change in entry.changes if isinstance(change, Reversed)]
    for one in parts:
        taken = one.from_pending + one.from_lot + one.from_other
        if taken + one.moot + one.to_debt + one.absorbed != one.amount or min(one.moot, one.to_debt, one.absorbed) < 0:
            yield "REV-ACC", f"the parts of {one} do not sum to it"
    revoked = sum(move.amount for move in _moves(entry) if move.target is Bucket.REVOKED)
    if parts and revoked != sum(one.from_pending + one.from_lot + one.from_other for one in parts):
        yield "REV-ACC", f"{revoked} units were revoked, the parts say otherwise: {parts}"


def _converted(before: State, entry: Entry) -> Iterator[tuple[str, str]]:
    """NO-LAUNDER: converted units end when those would have that they were made of."""
    if entry.kind != "convert":
        return
    lots = [change.lot for change in entry.changes if isinstance(change, Issued)]
    found: Counter[tuple[int | None, bool]] = Counter()
    said: Counter[tuple[int | None, bool]] = Counter()
    for each in lots:
        found[each.expires_at, each.grace_child] += each.issued
    for move in _moves(entry) if not lots else ():
        stock = before.lots[move.lot]
        found[stock.expires_at, stock.lot.grace_child] += move.amount
    parts: Any = entry.result["parts"]
    for end, grace, taken, gained in parts:
        said[end, grace] += gained if lots else taken
    if +found != +said:
        yield "NO-LAUNDER", f"units by their end are {dict(found)}, the answer says {dict(said)}"
    if sum(part[3] for part in parts) != entry.result["gained"]:
        yield "EXACT", f"the parts {parts} are not the {entry.result['gained']} units gained"


def verify(ledger: Ledger) -> list[Violation]:
    """Replay every account and return everything that must not be; empty for a sound ledger."""
    states = {account: State(account=account) for account in ledger.streams}
    found = _replayed(ledger.streams, states)
    for account, state in states.items():
        if state != ledger.state(account):
            found.append(Violation("REBUILD", account, state.version, "the entries make another state"))
    return found + global_violations(ledger.states.values())


def verify_streams(streams: Streams) -> list[Violation]:
    """Return everything that must not be in all entries of a unit or of a programme, wherever they are stored."""
    states = {account: State(account=account) for account in streams}
    return _replayed(streams, states) + global_violations(states.values())


def stream_violations(account: Account, entries: Iterable[Entry]) -> list[Violation]:
    """Return what must not be in the entries of one account, seen by itself."""
    return _replay(State(account=account), entries)[1]


def _replayed(streams: Streams, states: dict[Account, State]) -> list[Violation]:
    """Replay every account into its state; return what must not be, and keys that were used twice."""
    found: list[Violation] = []
    keys: dict[tuple[str, str], tuple[str, set[Account]]] = {}
    for account, entries in streams.items():
        states[account], faults = _replay(states[account], entries)
        found += faults
        for entry in entries:
            first, sides = keys.setdefault((account.programme, entry.key), (entry.fingerprint, set()))
            if entry.fingerprint != first or account in sides:
                found.append(Violation("IDEMP", account, entry.seq, f"key {entry.key!r} was used before"))
            sides.add(account)
    return found


def _replay(state: State, entries: Iterable[Entry]) -> tuple[State, list[Violation]]:
    """Return the state after the last entry that can be applied, and what must not be."""
    found: list[Violation] = []
    for entry in entries:
        if entry.at < state.at:
            text = f"entry {entry.seq} was recorded at {entry.at}, after one at {state.at}"
            found.append(Violation("CLOCK", state.account, state.version, text))
        try:
            found += entry_violations(advance(state, entry.at), entry)
            state = apply(state, entry)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong with a broken entry is what is looked for
            text = f"entry {entry.seq} cannot be applied: {error!r}"
            found.append(Violation("REPLAY", state.account, state.version, text))
            break
        found += state_violations(state)
    return state, found


def global_violations(states: Iterable[State]) -> list[Violation]:
    """Return what must not be over all accounts: units made or lost, lots that live on longer than allowed."""
    stocks = {stock.lot.id: stock for state in states for stock in state.lots.values()}
    moved: dict[str, int] = {}
    faults = []
    for stock in stocks.values():
        moved[stock.lot.id] = moved.get(stock.lot.id, 0) + stock[Bucket.MOVED]
        if (name := stock.lot.parent) is not None:
            moved[name] = moved.get(name, 0) - stock.lot.issued
            faults += _prolonged(stock, stocks[name]) if name in stocks else []
    faults += [
        ("GLOB-CONS", f"{units} units of {name} moved on, but live nowhere") for name, units in moved.items() if units
    ]
    return [Violation(law, None, 0, text) for law, text in faults]


def _prolonged(child: Stock, parent: Stock) -> list[tuple[str, str]]:
    """NO-LAUNDER: a child that is not of a grace, nor fresh, ends with its parent; a grace child has no grace child."""
    if child.lot.given_back and child.lot.grace_child and parent.lot.grace_child:
        return [("NO-LAUNDER", f"{child.lot.id} is a second grace")]
    if not child.lot.given_back and _end(child) > _end(parent):
        return [("NO-LAUNDER", f"{child.lot.id} ends after its parent")]
    return []
