"""The points of one customer as a plain list of grants, written from the reference: no code of the ledger in it."""

from __future__ import annotations

from typing import Any

DAY = 86_400_000_000


class Purse:
    """Grants with what is left of each, a debt, and time that goes on."""

    def __init__(self, pending: int, lasts: int) -> None:
        """Start empty; points are pending for so many days, then last for so many."""
        self.pending_days, self.lasting_days = pending, lasts
        self.grants: list[dict[str, Any]] = []
        self.orders: dict[str, tuple[dict[str, Any], list[list[int]]]] = {}
        self.debt = self.redeemed = self.settled = 0

    def go_on(self, to: int) -> None:
        """Let time pass: at one instant points expire first, others become spendable then, and pay what is owed."""
        turns = {turn for grant in self.grants for turn in (grant["vests"], grant["ends"]) if turn <= to}
        for now in sorted(turns):
            for grant in self.grants:
                if grant["ends"] <= now:
                    grant["expired"] += grant["available"]
                    grant["available"] = 0
            fresh = [grant for grant in self.grants if grant["vests"] <= now and grant["pending"]]
            for grant in sorted(fresh, key=_first_to_end):
                grant["available"], grant["pending"] = grant["pending"], 0
                paid = min(self.debt, grant["available"])
                grant["available"] -= paid
                self.debt -= paid
                self.settled += paid

    def buy(self, order: str, at: int, nets: list[tuple[int, int]]) -> None:
        """Grant one point for each 100 of an order, whole once; (net, pieces) of its lines."""
        self.go_on(at)
        exact = [net for net, _ in nets]
        cells = [net // 100 for net in exact]
        missing = sum(exact) // 100 - sum(cells)
        for place in sorted(range(len(exact)), key=lambda place: -(exact[place] % 100))[:missing]:
            cells[place] += 1
        vests = at + self.pending_days * DAY
        grant = {
            "vests": vests,
            "ends": vests + self.lasting_days * DAY,
            "pending": sum(cells),
            "place": len(self.grants),
        }
        grant |= {"available": 0, "expired": 0, "moot": 0, "revoked": 0, "kept": sum(cells)}
        if sum(cells):
            self.grants.append(grant)
        self.orders[order] = grant, [[net, pieces, 0, cell] for (net, pieces), cell in zip(nets, cells, strict=True)]

    def give_back(self, order: str, at: int, lines: dict[int, int]) -> None:
        """Take points back for pieces of lines that came back, by the place of the line."""
        self.go_on(at)
        grant, sold = self.orders[order]
        for place, count in lines.items():
            sold[place][2] += count
        kept = sum(cell * (net - net * back // pieces) // net for net, pieces, back, cell in sold if net)
        wanted, grant["kept"] = grant["kept"] - kept, kept
        wanted -= self._revoke(grant, "pending", wanted)
        moot = min(wanted, grant["expired"] - grant["moot"])
        grant["moot"] += moot
        wanted -= moot
        for one in (grant, *sorted(self.grants, key=_first_to_end)):
            wanted -= self._revoke(one, "available", wanted)
        self.debt += wanted

    @staticmethod
    def _revoke(grant: dict[str, Any], of: str, wanted: int) -> int:
        part: int = min(wanted, grant[of])
        grant[of] -= part
        grant["revoked"] += part
        return part

    def spend(self, amount: int) -> None:
        """Spend available points, first-expiring first."""
        assert amount <= self.total("available")
        self.redeemed += amount
        for grant in sorted(self.grants, key=_first_to_end):
            part = min(amount, grant["available"])
            grant["available"] -= part
            amount -= part

    def total(self, of: str) -> int:
        """Return the sum over all grants."""
        return sum(grant[of] for grant in self.grants)


def _first_to_end(grant: dict[str, Any]) -> tuple[int, int, int]:
    return grant["ends"], grant["vests"], grant["place"]
