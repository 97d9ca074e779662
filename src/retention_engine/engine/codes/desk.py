"""The desk where codes are checked: everything about codes that happens inside one open transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from attrs import evolve, field, frozen

from retention_engine.clubs.checkouts import Checkout
from retention_engine.clubs.eligibility import ending, expired
from retention_engine.clubs.promotions import Cancel, Promotion
from retention_engine.engine.codes.books import Books, hold_people
from retention_engine.engine.codes.registry import Claim, candidates, claim, issue, issued, promotion_of, revoke
from retention_engine.engine.codes.telling import Settled, told
from retention_engine.engine.codes.weighing import Basket, Bid, Weigher, bid, check_codes, live, paid
from retention_engine.errors import DefinitionError
from retention_engine.facts import Fact, OrderDelivered, OrderShipped
from retention_engine.loyalty.codes import (
    Applied,
    CodeKeys,
    OrderUses,
    Refusal,
    Stage,
    Use,
    canonical,
    guessed,
    is_locked,
)
from retention_engine.loyalty.orders import Status
from retention_engine.ports import Store
from retention_engine.state import History, Teller, fold
from retention_engine.timing import zone
from retention_engine.view import View, zone_of


def _by_id(promotions: Iterable[Promotion]) -> dict[str, Promotion]:
    given = list(promotions)
    found = {promotion.id: promotion for promotion in given}
    vanity = [canonical(text) for promotion in given for text in promotion.vanity]
    if len(found) < len(given) or len(set(vanity)) < len(vanity):
        raise DefinitionError(f"promotions differ by id and by code: {sorted(one.id for one in given)}")
    return found


@frozen(kw_only=True)
class CodeDesk:
    """Checks, holds, counts and gives codes; each call is part of a transaction that is open.

    Attributes:
        promotions: by id.
        keys: what codes are derived from.
        zone: the shop's: whose periods are counted, and that of customers whose own is unknown.
        learn: stores facts.
        teller: tells of memberships, for the conditions of promotions.
    """

    store: Store
    promotions: dict[str, Promotion] = field(converter=_by_id)
    keys: CodeKeys
    zone: str
    learn: Callable[[Iterable[Fact]], object]
    teller: Teller | None = None

    def issue(self, promotion: str, customer: str, occasion: str, *, at: int) -> str:
        """Return the code of a customer for an occasion, as people read it; the same again for the same."""
        found = promotion_of(self.promotions, promotion)
        hold_people(self.store, customers=[customer])
        text, facts = issue(self.store, self.keys, found, (customer, occasion), at=at)
        self.learn(facts)
        return text

    def give(self, promotion: str, customer: str, occasion: str, *, at: int) -> list[Fact]:
        """Give a code as ``issue`` does, but leave its fact to the caller; none when it was given before."""
        return issue(self.store, self.keys, promotion_of(self.promotions, promotion), (customer, occasion), at=at)[1]

    def take_back(self, code: str, *, at: int) -> list[Fact]:
        """Take a code back by its symbols, but leave its fact to the caller; none when that was done before."""
        return revoke(self.store, code, at)

    def revoke(self, text: str, *, at: int) -> int:
        """Take a code back; return how many were: 1, or 0 when it is unknown or was taken back before."""
        return self._revoke(candidates([text]), at)

    def revoke_all(self, promotion: str, occasion: str | None = None, *, at: int) -> int:
        """Take back the codes of a promotion, or of one of its occasions; return how many."""
        promotion_of(self.promotions, promotion)
        return self._revoke(issued(self.store, promotion, occasion), at)

    def _revoke(self, codes: Iterable[str], at: int) -> int:
        known = sorted(codes)
        hold_people(self.store, codes=known)
        facts = [fact for code in known for fact in revoke(self.store, code, at)]
        self.learn(facts)
        return len(facts)

    def check(
        self, checkout: Checkout, codes: Sequence[str] = (), *, at: int, asker: str | None = None, hold: bool = True
    ) -> Basket:
        """Return what promotions take off an order with these codes; with ``hold``, let it hold them.

        The order keeps what it holds as long as it asks for it; what it does not ask for any more is free again.
        """
        texts, books = check_codes(codes), Books(self.store.settings)
        who = asker or checkout.customer or checkout.order
        if hold and checkout.customer is not None:
            orders, typed = [checkout.order], candidates(texts)
            hold_people(self.store, customers=[checkout.customer], orders=orders, codes=typed)
        guesses = books.guesses(who) if texts else {}
        books.open_orders([checkout.order])
        books.open_rows(candidates(texts))
        view = self._view(checkout.customer, at)
        bids, refused = self._bids(checkout, texts, books, at)
        weigher = Weigher(checkout, view, books)
        former = books.orders.get(checkout.order, OrderUses("")).uses
        books.open_counters(
            [name for one in bids for name in one.use.counters]
            + [name for use in former.values() for name in use.counters]
        )
        if any(paid(use) for use in former.values()):
            return self._as_paid(bids, weigher, refused)
        locked = is_locked(guesses, at)
        chosen, why = self._weigh(bids, weigher, locked=locked)
        basket = _basket(chosen, why, dict.fromkeys(refused, Refusal.LOCKED) if locked else refused)
        if texts and not locked:
            secret = {canonical(text) for text, one in basket.refused.items() if one.public is Refusal.UNKNOWN}
            books.put_guesses(who, guessed(guesses, secret, at))
        if not hold:
            return basket
        if checkout.customer is None:
            nameless = dict.fromkeys(texts, Refusal.NEEDS_IDENTITY) | {**basket.refused}
            return Basket(refused=nameless, passed=basket.passed)
        held = [one.use for one, _ in chosen]
        moved = checkout.customer != books.orders.get(checkout.order, OrderUses(checkout.customer)).customer
        self._keep(books, checkout.order, _changes(former, held, moved=moved), customer=checkout.customer, at=at)
        return evolve(basket, held_until={use.promotion: use.until for use in held})

    def settle(self, orders: Mapping[str, Status], *, at: int) -> dict[str, tuple[Settled, ...]]:
        """Bring the uses of orders to where the orders stand: paid ones count, cancelled ones are free by policy.

        A hold that has ended is tried again: window, revocation and counters, not the basket. Safe to repeat.
        """
        books = self.opened(orders)
        return {order: self._settle(books, order, status, at) for order, status in sorted(orders.items())}

    def opened(self, orders: Iterable[str]) -> Books:
        """Lock all that is needed to settle orders, and read it."""
        books, names = Books(self.store.settings), set(orders)
        hold_people(self.store, orders=names)
        books.open_orders(names)
        uses = [use for known in books.orders.values() for use in known.uses.values()]
        books.open_rows([use.code for use in uses if use.code is not None], change=True)
        books.open_counters([name for use in uses for name in use.counters])
        return books

    def settle_order(self, order: str, status: Status, at: int) -> tuple[Settled, ...]:
        """Do it for one order."""
        return self.settle({order: status}, at=at)[order]

    def _settle(self, books: Books, order: str, status: Status, at: int) -> tuple[Settled, ...]:
        known = books.orders.get(order)
        if known is None:
            return ()
        found = []
        for _, use in sorted(known.uses.items()):
            why: Refusal | None = None
            after = use
            if status is Status.PAID and use.stage in (Stage.HELD, Stage.ENDED):
                why = None if use.is_live(at) else self._again(books, order, use, at)
                after = use.turned(Stage.USED) if why is None else _ended(use)
            elif status is Status.CANCELLED and (use.stage is Stage.HELD or self._released(known.customer, order, use)):
                after = _ended(use)
            if after is not use:
                grace = self._grace(books, use, at) if use.stage is Stage.USED else None
                self._keep(books, order, [after], customer=known.customer, at=at, grace=grace)
            found.append(Settled(use.promotion, after.stage, why))
        return tuple(found)

    def _again(self, books: Books, order: str, use: Use, at: int) -> Refusal | None:
        """Return why a use that is not held any more cannot be counted, if so."""
        promotion = self.promotions.get(use.promotion)
        row = books.rows.get(use.code or "")
        if promotion is None:
            return Refusal.UNKNOWN
        if row is not None and row["revoked"]:
            return Refusal.REVOKED
        asked = Claim(promotion, use.code, row)
        late = expired(promotion, at, ends=asked.ends, grace=asked.grace)
        full = use.full(books.counters, order, at)
        return late or {None: None, "uses": Refusal.USED_UP, "amount": Refusal.BUDGET_SPENT}[full]

    def _released(self, customer: str, order: str, use: Use) -> bool:
        if use.stage is not Stage.USED:
            return False
        promotion = self.promotions.get(use.promotion)
        policy = Cancel.BEFORE_FULFILMENT if promotion is None else promotion.cancel
        if policy is not Cancel.BEFORE_FULFILMENT:
            return policy is Cancel.ALWAYS
        facts = self.store.facts.of([customer])[customer]
        return not any(isinstance(fact, OrderShipped | OrderDelivered) and fact.order_id == order for fact in facts)

    def _grace(self, books: Books, use: Use, at: int) -> int | None:
        """Prolong a code that comes back when its time is over, or soon will be; return until when."""
        promotion, row = self.promotions.get(use.promotion), books.rows.get(use.code or "")
        if promotion is None or promotion.reissue_grace is None or row is None or use.code is None:
            return None
        end, last = ending(promotion, ends=row["ends"], grace=row["grace"]), at + promotion.reissue_grace.micros
        if end is None or last <= end:
            return None
        books.put_row(use.code, {**row, "grace": last})
        return last

    def _bids(
        self, checkout: Checkout, texts: Sequence[str], books: Books, at: int
    ) -> tuple[list[Bid], dict[str, Refusal]]:
        """Return what is asked for, and the texts that ask for nothing."""
        known, refused = books.orders.get(checkout.order, OrderUses("")).uses, dict[str, Refusal]()
        shop = zone(self.zone)
        free = [Claim(promotion) for promotion in self.promotions.values() if promotion.automatic]
        made = [bid(one, checkout, at, shop, before=known.get(one.promotion.id)) for one in free]
        for text in texts:
            one = claim(text, self.promotions, books.rows)
            if one is None:
                refused[text] = Refusal.UNKNOWN
            else:
                made.append(bid(one, checkout, at, shop, before=known.get(one.promotion.id), text=text))
        return made, refused

    @staticmethod
    def _weigh(
        bids: Sequence[Bid], weigher: Weigher, *, locked: bool
    ) -> tuple[list[tuple[Bid, Applied]], dict[Bid, Refusal]]:
        why: dict[Bid, Refusal] = {}
        for one in bids:
            new = one.text is not None and not live(one.claim, one.before, weigher.view.now)
            reason = Refusal.LOCKED if locked and new else weigher.refusal(one)
            if reason is not None:
                why[one] = reason
        first = _first_of_each([one for one in bids if one not in why])
        chosen, others = weigher.choose(first)
        doubles = {one: Refusal.NOT_COMBINABLE for one in bids if one not in why and one not in first}
        return chosen, why | others | doubles

    @staticmethod
    def _as_paid(bids: Sequence[Bid], weigher: Weigher, refused: Mapping[str, Refusal]) -> Basket:
        """Return the basket of an order that was paid: what it used stays, nothing comes to it."""
        kept = [one for one in bids if paid(one.before) and live(one.claim, one.before, weigher.view.now)]
        counted = [evolve(one, limits=(), use=evolve(one.use, counters=(), room=())) for one in _first_of_each(kept)]
        chosen, _ = weigher.choose(counted)
        return _basket(chosen, {one: Refusal.NOT_COMBINABLE for one in bids if one not in kept}, refused)

    def _view(self, customer: str | None, at: int) -> View:
        history = History(customer or "", teller=self.teller)
        if customer is not None:
            fold(history, (fact for fact in self.store.facts.of([customer])[customer] if fact.effective <= at))
        return View(history, at, zone_of(history, self.zone))

    def _keep(
        self, books: Books, order: str, changed: Sequence[Use], *, customer: str, at: int, grace: int | None = None
    ) -> None:
        if changed:
            books.count(order, customer, changed)
            self.learn([fact for use in changed for fact in told(use, order, customer, at, grace=grace)])


def _first_of_each(bids: Sequence[Bid]) -> list[Bid]:
    """Return one bid for each promotion: that of the code which the order holds, or the first one."""
    found: dict[str, Bid] = {}
    for each in sorted(bids, key=lambda each: each.place):
        found.setdefault(each.use.promotion, each)
    return list(found.values())


def _ended(use: Use) -> Use:
    return use if use.stage is Stage.ENDED else use.turned(Stage.ENDED)


def _changes(former: Mapping[str, Use], held: Sequence[Use], *, moved: bool) -> list[Use]:
    """Return the uses that are another now: those held anew or by another customer, and those not wanted any more."""
    same = ("code", "amount", "counters", "until", "stage", "unit", "units")
    wanted = {use.promotion for use in held}
    changed = []
    for use in held:
        before = former.get(use.promotion)
        if moved or before is None or any(getattr(before, name) != getattr(use, name) for name in same):
            changed.append(use)
    unwanted = (use for name, use in former.items() if name not in wanted)
    dropped = [use.turned(Stage.DROPPED) for use in unwanted if use.stage in (Stage.HELD, Stage.ENDED)]
    return changed + dropped


def _basket(
    chosen: Sequence[tuple[Bid, Applied]], why: Mapping[Bid, Refusal], refused: Mapping[str, Refusal]
) -> Basket:
    typed = {one.text: reason for one, reason in why.items() if one.text is not None}
    passed = {one.use.promotion: reason for one, reason in why.items() if one.text is None}
    return Basket(applied=tuple(applied for _, applied in chosen), refused={**refused, **typed}, passed=passed)
