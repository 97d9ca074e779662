"""A counter of uses and money, shared by all customers: a small document, changed under a lock, rebuilt from facts.

A held use counts while ``now < until`` and then no more, without anybody doing anything.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from attrs import evolve, field, frozen

from retention_engine.errors import LedgerError, shown


@frozen
class Held:
    """A use that an order holds.

    Attributes:
        until: the first instant at which it is free again, microseconds UTC.
        amount: what it would cost, minor units.
    """

    until: int
    amount: int


@frozen(kw_only=True)
class Counter:
    """How often something was used and what that cost.

    Attributes:
        used: uses that are paid.
        spent: what they cost, minor units.
        held: by order.
    """

    used: int = 0
    spent: int = 0
    held: Mapping[str, Held] = field(factory=dict)

    def uses(self, at: int, order: str) -> int:
        """Return the uses at an instant, paid and held, without what this order holds itself."""
        return self.used + len(self._others(at, order))

    def cost(self, at: int, order: str) -> int:
        """Return what they cost."""
        return self.spent + sum(one.amount for one in self._others(at, order))

    def hold(self, order: str, held: Held, at: int) -> Counter:
        """Return it with a use held by an order instead of what it held; holds that have ended are forgotten."""
        live = {name: one for name, one in self.held.items() if at < one.until and name != order}
        return evolve(self, held={**live, order: held})

    def end(self, order: str) -> Counter:
        """Return it without what an order holds."""
        return evolve(self, held={name: one for name, one in self.held.items() if name != order})

    def take(self, order: str, amount: int) -> Counter:
        """Return it with a use that is paid, and nothing held by the order."""
        return evolve(self.end(order), used=self.used + 1, spent=self.spent + amount)

    def give_back(self, amount: int) -> Counter:
        """Return it with one paid use less."""
        return evolve(self, used=self.used - 1, spent=self.spent - amount)

    def at(self, instant: int) -> Counter:
        """Return it with the holds that last at an instant only: how two are compared."""
        return evolve(self, held={name: one for name, one in self.held.items() if instant < one.until})

    def _others(self, at: int, order: str) -> list[Held]:
        return [one for name, one in self.held.items() if name != order and at < one.until]

    def text(self) -> str:
        """Return the document."""
        held = {name: [one.until, one.amount] for name, one in self.held.items()}
        return json.dumps([self.used, self.spent, held], separators=(",", ":"), sort_keys=True, ensure_ascii=False)

    @classmethod
    def of(cls, text: str | None) -> Counter:
        """Return the counter of a document; None: nothing was counted yet.

        Raises:
            LedgerError: it is no such document.
        """
        if text is None:
            return cls()
        try:
            used, spent, held = json.loads(text)
            return cls(used=int(used), spent=int(spent), held={name: Held(*one) for name, one in held.items()})
        except (ValueError, TypeError, AttributeError) as error:
            raise LedgerError(f"this is no counter: {shown(text)}", code="unreadable") from error


GUESSES = 5
_HOUR = 3_600_000_000


def guessed(known: Mapping[str, int], wrong: Iterable[str], at: int) -> dict[str, int]:
    """Return the different wrong codes that somebody tried within an hour, with new ones, by when each was first tried.

    A wrong code that is sent again counts once; one who is locked out is not counted on: see ``is_locked``.
    """
    kept = {code: instant for code, instant in known.items() if at - _HOUR < instant}
    return {**dict.fromkeys(wrong, at), **kept}


def is_locked(known: Mapping[str, int], at: int) -> bool:
    """Tell whether somebody tried five wrong codes within the last hour."""
    return sum(at - _HOUR < instant for instant in known.values()) >= GUESSES
