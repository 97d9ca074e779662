"""Promo codes over a store: each call is one commit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from retention_engine.clubs.checkouts import Checkout
from retention_engine.clubs.promotions import Promotion
from retention_engine.engine.audit import Breach
from retention_engine.engine.codes.audit import code_breaches
from retention_engine.engine.codes.books import hold_people
from retention_engine.engine.codes.desk import CodeDesk
from retention_engine.engine.codes.telling import Settled
from retention_engine.engine.codes.weighing import Basket
from retention_engine.engine.host import Host
from retention_engine.errors import DefinitionError, shown
from retention_engine.loyalty.codes import CodeKeys
from retention_engine.loyalty.orders import Status
from retention_engine.state import Teller
from retention_engine.timing import to_instant

Instant = datetime | int | str


class Codes:
    """Promotions and their codes: given, held while an order is made, used when it is paid, free when it is cancelled.

    Attributes:
        desk: the same inside a transaction that is open already.
    """

    def __init__(
        self,
        engine: Host,
        promotions: Iterable[Promotion],
        keys: CodeKeys,
        *,
        teller: Teller | None = None,
    ) -> None:
        """Use the store of an engine.

        Raises:
            DefinitionError: two promotions have one id or one code.
        """
        self._engine = engine
        self.desk = CodeDesk(
            store=engine.store, promotions=promotions, keys=keys, zone=engine.zone, learn=engine.learn, teller=teller
        )

    def issue(self, promotion: str, customer: str, occasion: str, *, at: Instant) -> str:
        """Return the code of a customer for an occasion, as people read it; the same again for the same.

        Raises:
            DefinitionError: there is no such promotion, or it needs no code.
        """
        return self.issue_all(promotion, [customer], occasion, at=at)[customer]

    def issue_all(self, promotion: str, customers: Iterable[str], occasion: str, *, at: Instant) -> dict[str, str]:
        """Return a code for each of the customers, all in one commit.

        Raises:
            DefinitionError: as ``issue`` does, or a text is given in place of a list of customers.
        """
        if isinstance(customers, str):
            raise DefinitionError(f"customers is a list such as [{customers!r}], not the text {shown(customers)}")
        people = list(customers)
        with self._now(at) as now:
            hold_people(self.desk.store, customers=people)
            return {each: self.desk.issue(promotion, each, occasion, at=now) for each in people}

    def revoke(self, code: str, *, at: Instant) -> bool:
        """Take a code back; False when it is unknown or was taken back before. An order that holds it may use it."""
        with self._now(at) as now:
            return self.desk.revoke(code, at=now) > 0

    def revoke_all(self, promotion: str, occasion: str | None = None, *, at: Instant) -> int:
        """Take back the codes of a promotion, or those given for one occasion; return how many."""
        with self._now(at) as now:
            return self.desk.revoke_all(promotion, occasion, at=now)

    def quote(self, checkout: Checkout, codes: Sequence[str] = (), *, at: Instant, asker: str | None = None) -> Basket:
        """Return what promotions take off an order with these codes; nothing is held.

        Args:
            asker: who tries the codes, such as a session: wrong ones are counted; by default the customer.
        """
        with self._now(at) as now:
            return self.desk.check(checkout, codes, at=now, asker=asker, hold=False)

    def hold(self, checkout: Checkout, codes: Sequence[str] = (), *, at: Instant, asker: str | None = None) -> Basket:
        """Do it, and hold what counts for the order; what it held and does not ask for any more is free again."""
        with self._now(at) as now:
            return self.desk.check(checkout, codes, at=now, asker=asker)

    def capture(self, order: str, *, at: Instant) -> tuple[Settled, ...]:
        """Count what a paid order holds; a hold that has ended is tried again."""
        return self.settle({order: Status.PAID}, at=at)[order]

    def void(self, order: str, *, at: Instant) -> tuple[Settled, ...]:
        """Give free what an order holds, and what it used as the promotions say: it is cancelled."""
        return self.settle({order: Status.CANCELLED}, at=at)[order]

    def settle(self, orders: Mapping[str, Status], *, at: Instant) -> dict[str, tuple[Settled, ...]]:
        """Bring the uses of orders to where the orders stand. Safe to repeat."""
        with self._now(at) as now:
            return self.desk.settle(orders, at=now)

    def verify(self, *, at: Instant) -> list[Breach]:
        """Return whatever does not agree with the facts; an empty list: all is well. Nothing is changed."""
        with self._now(at) as now:
            return list(code_breaches(self._engine.store, now))

    @contextmanager
    def _now(self, at: Instant) -> Iterator[int]:
        now = to_instant(at)
        with self._engine.exclusively():
            yield now
