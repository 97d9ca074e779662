"""What promotions take off one order, counters included: nothing is changed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from attrs import evolve, field, frozen

from retention_engine.clubs.checkouts import Checkout
from retention_engine.clubs.eligibility import expired, refusal
from retention_engine.clubs.promotions import FIRST_ORDER, Limit
from retention_engine.engine.codes.books import Books
from retention_engine.engine.codes.registry import Claim
from retention_engine.errors import FactError
from retention_engine.keys import fingerprint
from retention_engine.loyalty.codes import Applied, Offer, Refusal, Stage, Use, best, canonical
from retention_engine.view import View

_FULL = {"promotion": Refusal.USED_UP, "code": Refusal.USED_UP, "customer": Refusal.USED_BY_CUSTOMER}


@frozen(kw_only=True)
class Basket:
    """What becomes of an order with its promotions.

    Attributes:
        applied: what each promotion takes off, in the order in which it is taken off.
        refused: the typed codes that do not count, and why: for the shop, see ``answers``.
        passed: the promotions without codes that do not count, and why.
        held_until: by promotion, when the order loses it if it is not paid.
    """

    applied: tuple[Applied, ...] = ()
    refused: Mapping[str, Refusal] = field(factory=dict)
    passed: Mapping[str, Refusal] = field(factory=dict)
    held_until: Mapping[str, int] = field(factory=dict)

    @property
    def discount(self) -> int:
        """What is taken off in all, minor units."""
        return sum(one.amount for one in self.applied)

    def answers(self, language: str | None = None) -> dict[str, str]:
        """Return what the customer may be told about each code that does not count."""
        return {text: why.public.words(language) for text, why in self.refused.items()}


@frozen(kw_only=True, eq=False)
class Bid:
    """A claim of one order: what it would use.

    Attributes:
        text: what was typed; None: it needs no code.
        before: what the order uses of this promotion so far.
        use: what it would use, its amount still to come.
        limits: the limit behind each counter of ``use``.
    """

    text: str | None
    claim: Claim
    before: Use | None
    use: Use
    limits: tuple[Limit, ...]

    @property
    def place(self) -> tuple[bool, str]:
        """Sort key among the codes of one promotion: the one that the order holds, then by code."""
        mine = self.before is not None and self.before.code == self.use.code
        return (not mine, self.use.code or "")


def live(claim: Claim, before: Use | None, at: int) -> bool:
    """Tell whether the order has this use already: then it is not refused by what happened since."""
    return before is not None and before.is_live(at) and before.code == claim.code


def bid(
    claim: Claim, checkout: Checkout, at: int, shop: ZoneInfo, *, before: Use | None, text: str | None = None
) -> Bid:
    """Return what an order would use by a claim: what it has already goes on.

    Args:
        shop: the zone of the shop, whose periods are counted.
    """
    promotion = claim.promotion
    kept = before is not None and live(claim, before, at)
    since = before.since if kept and before is not None else at
    pairs = [
        (limit, fingerprint(key))
        for limit, keys in promotion.keys(checkout, claim.code, at=since, shop=shop)
        for key in keys
    ]
    unit, units = promotion.on_top
    use = Use(
        promotion=promotion.id,
        code=claim.code,
        owner=claim.owner,
        since=since,
        until=before.until if kept and before is not None else at + promotion.hold.micros,
        amount=0,
        counters=[name for _, name in pairs],
        room=[(limit.uses, None if limit.amount is None else limit.amount.amount) for limit, _ in pairs],
        turn=1 if before is None else before.turn + 1,
        unit=unit,
        units=units,
    )
    return Bid(text=text, claim=claim, before=before, use=use, limits=tuple(limit for limit, _ in pairs))


@frozen
class Weigher:
    """Weighs the bids of one order.

    Attributes:
        view: what is known of the customer.
        books: the counters, open.
    """

    checkout: Checkout
    view: View
    books: Books

    def refusal(self, one: Bid) -> Refusal | None:
        """Return why a bid does not count, its amount and the other bids aside."""
        claim, at = one.claim, self.view.now
        late = claim.foreign(self.checkout.customer) or expired(claim.promotion, at, ends=claim.ends, grace=claim.grace)
        if late is not None and not live(claim, one.before, at):
            return late
        return refusal(claim.promotion, self.checkout, self.view) or self.full(one)

    def full(self, one: Bid) -> Refusal | None:
        """Return why a use with its amount finds no room, if so."""
        use, order, at = one.use, self.checkout.order, self.view.now
        if live(one.claim, one.before, at) and one.before is not None and one.before.counters == use.counters:
            use = evolve(use, room=[(None, amount) for _, amount in use.room])  # its own use is counted already
        for limit, name, room in zip(one.limits, use.counters, use.room, strict=True):
            alone = evolve(use, counters=[name], room=[room])
            why = alone.full(self.books.counters, order, at)
            if why == "amount":
                return Refusal.BUDGET_SPENT
            if why == "uses" and limit is FIRST_ORDER:
                return Refusal.NOT_FIRST_ORDER
            if why == "uses":
                used_up = self.books.counters[name].used >= (limit.uses or 0)
                return _FULL[limit.per] if used_up or limit.per == "customer" else Refusal.HELD
        return None

    def choose(self, bids: Sequence[Bid]) -> tuple[list[tuple[Bid, Applied]], dict[Bid, Refusal]]:
        """Return the best bids that go together, each with what it takes off, and why the others do not count."""
        left, out = list(bids), dict[str, Refusal]()
        while True:
            offers = {one.use.promotion: self._offer(one) for one in left}
            taken = {one.id: one for one in self._best(list(offers.values()))}
            chosen = [(self._priced(one, taken[one.use.promotion]), one) for one in left if one.use.promotion in taken]
            broke = {one.use.promotion: why for priced, one in chosen if (why := self.full(priced)) is not None}
            if not broke:
                break
            out |= broke
            left = [one for one in left if one.use.promotion not in broke]
        out |= {
            name: Refusal.NOT_COMBINABLE if self._best([offer]) else Refusal.ZERO_DISCOUNT
            for name, offer in offers.items()
            if name not in taken
        }
        priced = {one.use.promotion: one for one, _ in chosen}
        refused = {one: out[one.use.promotion] for one in bids if one.use.promotion in out}
        return [(priced[name], applied) for name, applied in taken.items()], refused

    def _offer(self, one: Bid) -> Offer:
        """Return what a bid offers to the order: a paid use no more than was counted for it."""
        offer = one.claim.promotion.offer(self.checkout)
        return offer if one.before is None or not paid(one.before) else evolve(offer, most=one.before.amount)

    def _best(self, offers: list[Offer]) -> tuple[Applied, ...]:
        shipping = 0 if self.checkout.shipping is None else self.checkout.shipping.amount
        return best(offers, self.checkout.amounts, shipping)

    @staticmethod
    def _priced(one: Bid, applied: Applied) -> Bid:
        return evolve(one, use=evolve(one.use, amount=applied.cost))


def check_codes(codes: Sequence[str]) -> tuple[str, ...]:
    """Return the texts that were typed, two spellings of one as one.

    Raises:
        FactError: they are no texts, or more than 20.
    """
    if isinstance(codes, str) or len(codes) > 20 or not all(isinstance(text, str) for text in codes):
        raise FactError("codes are a list of at most 20 texts")
    return tuple({canonical(text): text for text in sorted(codes, reverse=True)}.values())


def paid(before: Use | None) -> bool:
    """Tell whether a use is paid."""
    return before is not None and before.stage is Stage.USED
