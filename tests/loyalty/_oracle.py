"""A ledger that cannot be wrong: one object a point, and time that passes instant by instant."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

FOREVER = 10**9


class RefusedError(Exception):
    """The command must be refused."""


@dataclass(eq=False)
class Point:
    """One unit."""

    owner: str
    root: str
    lot: tuple[str, int]
    expires: int
    vests: int
    state: str
    grace: bool = False
    moot: bool = False
    child: bool = False
    hold: str = ""
    spend: str = ""

    @property
    def order(self) -> tuple[int, int, int]:
        """First-expiring first, then first-vesting, then first-made."""
        return (self.expires, self.vests, self.lot[1])


@dataclass
class Oracle:
    """All accounts."""

    debt_limit: int | None
    grace: int
    own_only: bool = False
    now: int = 0
    points: list[Point] = field(default_factory=list)
    debt: Counter[str] = field(default_factory=Counter)
    absorbed: Counter[str] = field(default_factory=Counter)
    holds: dict[str, int] = field(default_factory=dict)
    made: Counter[str] = field(default_factory=Counter)
    reversed: Counter[str] = field(default_factory=Counter)
    size: dict[str, int] = field(default_factory=dict)
    final: set[str] = field(default_factory=set)

    def of(self, owner: str, state: str) -> list[Point]:
        """Return somebody's points in a state, first-expiring first."""
        return sorted((p for p in self.points if p.owner == owner and p.state == state), key=lambda p: p.order)

    def counts(self) -> Counter[tuple[str, str, int, str]]:
        """Return how many points each (owner, grant, expiry, state) has."""
        return Counter((p.owner, p.root, p.expires, p.state) for p in self.points)

    def pass_to(self, instant: int) -> None:
        """Let every instant pass."""
        while self.now < instant:
            self.now += 1
            self.clean()
            for hold in [name for name, end in self.holds.items() if end <= self.now]:
                self.free(hold)
            for p in self.points:
                if p.state == "pending" and p.vests <= self.now:
                    p.state = "available"
            self.settle()

    def clean(self) -> None:
        """Expire what is over."""
        for p in self.points:
            if p.state == "available" and p.expires <= self.now:
                p.state = "expired"

    def settle(self) -> None:
        """Pay debts."""
        for owner in {p.owner for p in self.points}:
            for p in self.of(owner, "available")[: self.debt[owner]]:
                p.state = "settled"
                self.debt[owner] -= 1

    def free(self, hold: str) -> None:
        """Release what is left of a hold."""
        del self.holds[hold]
        for p in self.points:
            if p.state == "held" and p.hold == hold:
                p.state = "expired" if p.expires <= self.now else "available"

    def take(self, owner: str, count: int, state: str) -> list[Point]:
        """Take available points."""
        found = self.of(owner, "available")
        if count > len(found):
            raise RefusedError
        for p in found[:count]:
            p.state = state
        return found[:count]

    def earn(self, owner: str, lot: str, count: int, *, vests: int, expires: int) -> None:
        """Make points."""
        if expires <= vests:
            raise RefusedError
        self.made[owner] += 1
        self.size[lot] = count
        state = "available" if vests <= self.now else "pending"
        number = self.made[owner]
        self.points += [Point(owner, lot, (owner, number), expires, vests, state) for _ in range(count)]
        self.clean()
        self.settle()

    def hold(self, owner: str, hold: str, count: int, end: int) -> None:
        """Hold points, or resize a hold."""
        mine = sorted((p for p in self.points if p.state == "held" and p.hold == hold), key=lambda p: p.order)
        for p in self.take(owner, max(0, count - len(mine)), "held"):
            p.hold = hold
        self.holds.setdefault(hold, end)
        for p in mine[count:]:
            p.state = "expired" if p.expires <= self.now else "available"
        self.settle()

    def capture(self, hold: str, spend: str, count: int) -> None:
        """Spend points of a hold."""
        if hold not in self.holds:
            raise RefusedError
        mine = sorted((p for p in self.points if p.state == "held" and p.hold == hold), key=lambda p: p.order)
        if count > len(mine):
            raise RefusedError
        for p in mine[:count]:
            p.state, p.spend = "redeemed", spend
        self.free(hold)
        self.settle()

    def void(self, hold: str) -> None:
        """Let go of a hold."""
        if hold not in self.holds:
            raise RefusedError
        self.free(hold)
        self.settle()

    def redeem(self, owner: str, spend: str, count: int) -> None:
        """Spend points."""
        for p in self.take(owner, count, "redeemed"):
            p.spend = spend

    def convert(self, owner: str, spend: str, count: int, gained: int) -> None:
        """Spend points for good: they became something else."""
        if not gained:
            raise RefusedError
        self.redeem(owner, spend, count)
        self.final.add(spend)

    def expire(self, owner: str, number: int | None) -> None:
        """End the available points of a lot, or all of them."""
        found = [p for p in self.of(owner, "available") if number in {None, p.lot[1]}]
        if number is not None and not found:
            raise RefusedError
        for p in found:
            p.state = "expired"

    def restore(self, spend: str, count: int) -> None:
        """Give points back, latest-expiring first."""
        if spend in self.final:
            raise RefusedError
        mine = sorted((p for p in self.points if p.state == "redeemed" and p.spend == spend), key=lambda p: p.order)
        if count > len(mine):
            raise RefusedError
        renewed: dict[tuple[str, int], tuple[str, int]] = {}
        for p in mine[::-1][:count]:
            p.state, p.spend = "available", ""
            if p.expires <= self.now and (p.grace or not self.grace):
                p.state = "expired"
            elif p.expires <= self.now:
                if p.lot not in renewed:
                    self.made[p.owner] += 1
                    renewed[p.lot] = (p.owner, self.made[p.owner])
                p.lot, p.expires, p.grace, p.child = renewed[p.lot], self.now + self.grace, True, True
        self.settle()

    def reverse(self, owner: str, root: str, count: int) -> dict[str, int]:
        """Take a grant back: pending, moot, own, other, debt, shop."""
        if self.reversed[root] + count > self.size[root]:
            raise RefusedError
        self.reversed[root] += count
        own = sorted((p for p in self.points if p.owner == owner and p.root == root), key=lambda p: p.order)
        pending = [p for p in own if p.state == "pending"]
        moot = [p for p in own if p.state == "expired" and not p.moot]
        mine = [p for p in own if p.state == "available"]
        other = [] if self.own_only else [p for p in self.of(owner, "available") if p.root != root]
        parts = dict.fromkeys(("from_pending", "moot", "from_lot", "from_other", "to_debt", "absorbed"), 0)
        for name, pool in (("from_pending", pending), ("moot", moot), ("from_lot", mine), ("from_other", other)):
            for p in pool[: count - sum(parts.values())]:
                parts[name] += 1
                p.moot = p.moot or name == "moot"
                p.state = p.state if name == "moot" else "revoked"
        for _ in range(count - sum(parts.values())):
            may_owe = self.debt_limit is None or self.debt[owner] < self.debt_limit
            name = "to_debt" if may_owe and not self.own_only else "absorbed"
            parts[name] += 1
            self.debt[owner] += name == "to_debt"
            self.absorbed[owner] += name == "absorbed"
        return parts

    def cancel(self, root: str, count: int) -> None:
        """Take pending points back."""
        mine = [p for p in self.points if p.root == root and p.state == "pending"]
        if count > len(mine):
            raise RefusedError
        self.reversed[root] += count
        for p in mine[:count]:
            p.state = "revoked"

    def vest(self, root: str) -> None:
        """Let pending points vest now."""
        mine = [p for p in self.points if p.root == root and p.state == "pending"]
        if not mine:
            raise RefusedError
        for p in self.points:
            if p.root == root and p.lot == mine[0].lot:
                p.vests = self.now
        for p in mine:
            p.state = "available"
        self.settle()

    def extend(self, owner: str, expires: int) -> None:
        """Let points of grants with something left expire later."""
        live = {"pending", "available", "held"}
        mine = [p for p in self.points if p.owner == owner and not p.child and self.now < p.expires < expires]
        lots = {p.lot for p in mine if p.state in live}
        for p in mine:
            p.expires = expires if p.lot in lots else p.expires

    def adjust(self, owner: str, count: int) -> None:
        """Take points away by hand, below zero if need be."""
        found = len(self.of(owner, "available"))
        owed = max(0, count - found)
        if owed and self.debt_limit is not None and self.debt[owner] + owed > self.debt_limit:
            raise RefusedError
        self.take(owner, count - owed, "revoked")
        self.debt[owner] += owed

    def transfer(self, owner: str, to: str, count: int) -> None:
        """Give points to somebody else."""
        born: dict[tuple[str, int], tuple[str, int]] = {}
        for p in self.take(owner, count, "available"):
            if p.lot not in born:
                self.made[to] += 1
                born[p.lot] = (to, self.made[to])
            p.owner, p.lot, p.child = to, born[p.lot], True
        self.settle()
