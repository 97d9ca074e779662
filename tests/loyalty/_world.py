"""Random histories of two accounts, aimed at what is feasible, checked by laws and oracle at every step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, Protocol, TypeVar

import pytest
from attrs import evolve

from retention_engine import loyalty as lo
from retention_engine.errors import KeyConflict, LedgerError
from retention_engine.loyalty import Account, Bucket, Ledger, Terms, Unit, Until
from retention_engine.timing import Span, microseconds
from tests.loyalty._oracle import FOREVER, Oracle, RefusedError

POINTS = Unit("pts")
STARS = Unit("stars")
ANNA, BOB = (Account("club", POINTS, name) for name in ("anna", "bob"))
EVERYBODY = (ANNA, BOB, evolve(ANNA, unit=STARS), evolve(BOB, unit=STARS))
END = 200
T = TypeVar("T")


class Dice(Protocol):
    """Where chance comes from."""

    def randrange(self, stop: int) -> int:
        """Return a whole number from 0, below ``stop``."""
        ...


def terms_of(debt_limit: int | None, grace: int, *, own_only: bool = False) -> Terms:
    """Return terms in which an instant is a day."""
    give_back = lo.Grace(Span(grace)) if grace else lo.Original()
    return Terms(debt_limit=debt_limit, give_back=give_back, own_only=own_only, clock_tolerance=Span(0))


class World:
    """A ledger, an oracle that is told the same, and what was shown so far."""

    def __init__(self, dice: Dice, *, laws: bool = True, oracle: bool = True) -> None:
        self.dice = dice
        self.laws = laws
        limit, grace = self.pick([None, 0, 3]), self.pick([0, 4])
        own_only = dice.randrange(5) == 0
        self.ledger = Ledger(terms_of(limit, grace, own_only=own_only))
        self.oracle = Oracle(limit, grace, own_only) if oracle else None
        self.now = 0
        self.done: list[lo.Command] = []
        self.shown: list[tuple[Account, int, lo.Balance]] = []
        self.tally: Counter[str] = Counter()
        for account in (ANNA, BOB):
            for _ in range(2):
                self.earn(account)

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of the choices."""
        return choices[self.dice.randrange(len(choices))]

    def amount(self, most: int) -> int:
        """Return an amount that is usually feasible."""
        kind = self.dice.randrange(12)
        if kind == 0:
            return most + 1
        return max(1, most) if kind <= 2 else 1 + self.dice.randrange(max(1, most))

    def state(self, account: Account) -> lo.State:
        """Return an account now."""
        return lo.advance(self.ledger.state(account), self.now)

    def post(self, command: lo.Command, expect: Callable[[Oracle], Any]) -> Any:
        """Post a command, tell the oracle, and compare."""
        before = {account: self.ledger.state(account) for account in EVERYBODY}
        kept = {account: state.copy() for account, state in before.items()}
        if self.oracle is not None:
            self.oracle.pass_to(self.now)
        try:
            posted = self.ledger.post(command)
        except LedgerError as error:
            self.tally[f"{command.KIND} refused"] += 1
            assert {account: self.ledger.state(account) for account in EVERYBODY} == kept, "REJECT-PURE"
            if self.oracle is not None:
                with pytest.raises(RefusedError):
                    expect(self.oracle)
            return error
        assert not posted.replayed
        self.tally[f"{command.KIND} accepted"] += 1
        self.done.append(command)
        said = expect(self.oracle) if self.oracle is not None else None
        if isinstance(said, dict):
            assert said == {name: posted.result[name] for name in said}
        self.check(command, posted, before)
        return posted

    def check(self, command: lo.Command, posted: lo.Posted, before: dict[Account, lo.State]) -> None:
        """Check every law that one step can break."""
        if self.laws:
            touched = {entry.account for entry in posted.entries}
            assert all(
                self.ledger.state(one) is before[one] for one in before.keys() - touched if before[one].version
            ), "FRAME"
            asked = getattr(command, "amount", None)
            for name in ("redeemed", "restored", "moved", "held", "granted"):
                assert posted.result.get(name, asked) == asked or command.KIND == "adjust", "EXACT"
            for entry in posted.entries:
                assert lo.entry_violations(lo.advance(before[entry.account], entry.at), entry) == []
        self.compare()

    def compare(self) -> None:
        """Check the laws of the state now, and compare it with the oracle point by point."""
        states = {account.holder: self.state(account) for account in (ANNA, BOB)}
        if self.laws:
            assert [fault for state in states.values() for fault in lo.state_violations(state)] == []
        if self.oracle is not None:
            self.oracle.pass_to(self.now)
            found: Counter[tuple[str, str, int, str]] = Counter()
            for name, state in states.items():
                assert state.debt == self.oracle.debt[name]
                assert state.totals.absorbed == self.oracle.absorbed[name]
                for stock in state.lots.values():
                    end = FOREVER if stock.expires_at is None else stock.expires_at
                    for bucket in set(Bucket) - {Bucket.MOVED}:
                        found[(name, stock.lot.root, end, bucket.name.lower())] += stock[bucket]
            assert +found == self.oracle.counts()

    def command(self, make: Callable[..., lo.Command], account: Account, **rest: Any) -> lo.Command:
        """Return a command with a new key."""
        return make(key=f"k{len(self.done)}.{sum(self.tally.values())}", account=account, at=self.now, **rest)

    # -- the rules ---------------------------------------------------------------------------------------------------

    def earn(self, account: Account) -> None:
        """Earn 1 to 8 points, some of them late, so that they have expired already."""
        late = self.dice.randrange(8) == 0
        happened = max(0, self.now - 8) if late else self.now
        vests = happened + self.pick([0, 0, 0, 3])
        expires = self.pick([None, vests + 2, vests + 5, vests + 9])
        validity = None if expires is None else Until(expires)
        amount = 1 + self.dice.randrange(8)
        one = self.command(lo.Earn, account, amount=amount, vests_at=vests, validity=validity, effective_at=happened)
        end = FOREVER if expires is None else expires
        self.post(one, lambda o: o.earn(account.holder, f"{one.key}/0", amount, vests=vests, expires=end))

    def redeem(self, account: Account) -> None:
        """Spend."""
        count = self.amount(self.state(account).balance.available)
        one = self.command(lo.Redeem, account, amount=count)
        self.post(one, lambda o: o.redeem(account.holder, one.key, count))

    def hold(self, account: Account) -> None:
        """Hold for a new purpose, or resize a hold."""
        state = self.state(account)
        old = self.pick([None, *state.holds.values()])
        count = self.amount(state.balance.available + (old.amount if old else 0))
        ttl = 1 + self.dice.randrange(5)
        purpose = old.purpose if old else f"p{len(self.done)}"
        one = self.command(lo.OpenHold, account, amount=count, purpose=purpose, ttl=None if old else microseconds(ttl))
        name = old.id if old else one.key
        self.post(one, lambda o: o.hold(account.holder, name, count, self.now + ttl))

    def _hold(self, account: Account) -> tuple[str, int]:
        state = self.state(account)
        gone = [(name, 1) for name in list(state.ended)[-1:]]
        opened = [(hold.id, hold.amount) for hold in state.holds.values()]
        return self.pick([*opened * 4, *gone, ("none", 1)]) if opened else self.pick([*gone, ("none", 1)])

    def capture(self, account: Account) -> None:
        """Spend what is held."""
        if not self.state(account).holds and self.dice.randrange(4):
            return self.hold(account)
        name, most = self._hold(account)
        count = self.amount(most)
        one = self.command(lo.Capture, account, hold=name, amount=count)
        self.post(one, lambda o: o.capture(name, one.key, count))
        return None

    def void(self, account: Account) -> None:
        """Let go of a hold."""
        if not self.state(account).holds and self.dice.randrange(4):
            return self.hold(account)
        name, _ = self._hold(account)
        self.post(self.command(lo.Void, account, hold=name), lambda o: o.void(name))
        return None

    def restore(self, account: Account) -> None:
        """Give back."""
        lots = self.state(account).lots
        spent = [one for one in self.state(account).redemptions.values() if one.amount > one.restored]
        if not spent:
            return self.redeem(account)
        late = [one for one in spent if any(lots[each.lot].is_over(self.now) for each in one.slices)]
        old = self.pick(late if late and self.dice.randrange(2) else spent)
        count = self.amount(old.amount - old.restored)
        one = self.command(lo.Restore, account, redemption=old.id, amount=count)
        self.post(one, lambda o: o.restore(old.id, count))
        return None

    def _grant(self, account: Account) -> tuple[str, int]:
        state = self.state(account)
        open_ones = [(name, state.lots[name].lot.issued - one.reversed) for name, one in state.grants.items()]
        return self.pick([one for one in open_ones if one[1]] or open_ones)

    def reverse(self, account: Account) -> None:
        """Take a grant back."""
        root, most = self._grant(account)
        count = self.amount(most)
        one = self.command(lo.Reverse, account, lot=root, amount=count)
        self.post(one, lambda o: o.reverse(account.holder, root, count))

    def _pending(self, account: Account) -> lo.Stock | None:
        stocks = [stock for stock in self.state(account).lots.values() if stock[Bucket.PENDING]]
        return self.pick(stocks) if stocks else None

    def cancel(self, account: Account) -> None:
        """Take pending points back."""
        stock = self._pending(account)
        if stock is None:
            return self.earn(account)
        count = self.amount(stock[Bucket.PENDING])
        one = self.command(lo.CancelPending, account, lot=stock.lot.id, amount=count)
        self.post(one, lambda o: o.cancel(stock.lot.id, count))
        return None

    def vest(self, account: Account) -> None:
        """Let pending points vest."""
        stock = self._pending(account)
        if stock is None:
            return self.earn(account)
        self.post(self.command(lo.VestNow, account, lot=stock.lot.id), lambda o: o.vest(stock.lot.id))
        return None

    def extend(self, account: Account) -> None:
        """Let everything expire later."""
        end = self.now + self.pick([3, 6, 9])
        self.post(self.command(lo.Extend, account, expires_at=end), lambda o: o.extend(account.holder, end))

    def adjust(self, account: Account) -> None:
        """Take away by hand."""
        count = self.amount(self.state(account).balance.available)
        one = self.command(lo.Adjust, account, amount=-count, reason="wrong", allow_debt=True)
        self.post(one, lambda o: o.adjust(account.holder, count))

    def transfer(self, account: Account) -> None:
        """Give to the other one."""
        other = BOB if account == ANNA else ANNA
        count = self.amount(self.state(account).balance.available)
        one = self.command(lo.Transfer, account, to=other, amount=count)
        self.post(one, lambda o: o.transfer(account.holder, other.holder, count))

    def convert(self, account: Account) -> None:
        """Make stars of points."""
        count = self.amount(self.state(account).balance.available)
        rate = self.pick([Fraction(1, 2), Fraction(2, 3), Fraction(7, 4)])
        one = self.command(lo.Convert, account, amount=count, to=STARS, rate=rate)
        gained = count * rate.numerator // rate.denominator
        posted = self.post(one, lambda o: o.convert(account.holder, one.key, count, gained))
        if isinstance(posted, lo.Posted) and self.laws:
            assert posted.result["gained"] == gained
            assert self.ledger.balance(one.partner, self.now).available >= gained

    def expire(self, account: Account) -> None:
        """End points by hand."""
        stock = self.pick([None, *self.state(account).spendable(), *list(self.state(account).lots.values())[-1:]])
        lots = None if stock is None else (stock.lot.id,)
        one = self.command(lo.ExpireNow, account, lots=lots, reason="fraud")
        self.post(one, lambda o: o.expire(account.holder, None if stock is None else stock.lot.seq))

    def repeat(self, account: Account) -> None:
        """Send a command again, and another one under its key."""
        one = self.pick(self.done)
        kept = dict(self.ledger.states)
        again = self.ledger.post(evolve(one, at=self.now))
        assert again.replayed, "IDEMP"
        assert again.result == self.ledger.result("club", one.key)
        with pytest.raises(KeyConflict):
            self.ledger.post(evolve(one, reason="another"))
        assert kept == self.ledger.states
        self.tally["repeat accepted"] += 1

    def sleep(self, account: Account) -> None:
        """Let time pass, and nobody does anything."""
        self.now += 1 + self.dice.randrange(4)
        self.shown.append((account, self.now, self.ledger.balance(account, self.now)))
        self.compare()

    RULES = (earn, redeem, redeem, hold, hold, capture, void, restore, restore, reverse, reverse, cancel, vest, adjust)
    RULES = (*RULES, transfer, transfer, convert, expire, extend, repeat, sleep, sleep, sleep)

    def run(self, steps: int) -> World:
        """Take steps."""
        for _ in range(steps):
            self.pick(self.RULES)(self, self.pick([ANNA, ANNA, BOB]))
        return self
