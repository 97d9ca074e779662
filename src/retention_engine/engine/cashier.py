"""At the counter: what a customer has, spends and gives away; each command one commit, its answer given at once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from attrs import define, evolve, field, frozen

from retention_engine.clubs import Club, Programme
from retention_engine.clubs.books import read_entry
from retention_engine.clubs.clerk import Clerk
from retention_engine.clubs.giving import NoCodes
from retention_engine.clubs.preview import CART, Preview, gift_command, preview
from retention_engine.clubs.reconciling import others_of
from retention_engine.clubs.tiers import standing_at
from retention_engine.engine.host import Host
from retention_engine.engine.recording import hold_books, looked_at, note_key
from retention_engine.errors import KeyConflict, LedgerError
from retention_engine.facts import Fact, Line
from retention_engine.loyalty import (
    Account,
    Balance,
    Command,
    OpenHold,
    Result,
    State,
    Void,
    advance,
    decide,
    statement_table,
    step_key,
    why,
)
from retention_engine.loyalty.spending import promise_to
from retention_engine.loyalty.tiers import Standing
from retention_engine.state import History
from retention_engine.timing import Span, to_instant
from retention_engine.view import View, zone_of

Instant = datetime | int | str
_PAGE = 500


@frozen
class Answer:
    """What became of a command.

    Attributes:
        result: what exactly happened, by name.
        replayed: the key was known: nothing was done now, this is the first answer.
    """

    result: Result
    replayed: bool = False


@define
class _Customer:
    """One customer as of an instant: everything recorded by then was taken in."""

    clerk: Clerk
    history: History
    made: list[Fact] = field(factory=list)


class Cashier:
    """Answers for the customer who is here now. What was recorded up to ``at`` counts, advanced or not.

    Units are whole minor units; ``unit`` is the code of a programme's unit.
    """

    def __init__(self, shop: Host, club: Club) -> None:
        """Work for a shop and its club."""
        self._shop = shop
        self._club = club

    def state(self, customer: str, unit: str, *, at: Instant) -> State:
        """Return an account at an instant, for the functions of ``loyalty``; a merged one is that of its owner.

        Raises:
            DefinitionError: the club has no such unit.
        """
        account, now = self.account(customer, unit), to_instant(at)
        while True:
            books = self._customer(account.holder, now).clerk.books
            state = books.state(account)
            if state.alias is None:
                return advance(state, now) if state.at <= now else books.state_at(account, now)
            account = state.alias

    def account(self, customer: str, unit: str) -> Account:
        """Return the account of a customer, for the commands of ``loyalty``."""
        return self._programme(unit).account(customer)

    def balance(self, customer: str, unit: str, *, at: Instant) -> Balance:
        """Return what a customer has at an instant."""
        return self.state(customer, unit, at=at).balance

    def standing(self, customer: str, tiers: str, *, at: Instant) -> Standing:
        """Return the level of a customer at an instant, until when, and what is missing to the next."""
        now = to_instant(at)
        found = self._customer(customer, now)
        where = zone_of(found.history, self._shop.zone)
        return standing_at(self._club.named("tiers", tiers), found.history, now, where)

    def preview(self, customer: str, unit: str, lines: Iterable[Line], *, at: Instant, **more: Any) -> Preview:
        """Return what a cart would earn if it were paid now, and how many units may pay for it.

        Args:
            more: ``total``, ``paid``, ``points``, ``asked`` and ``order_id``, as ``clubs.preview`` takes them.
        """
        now, programme = to_instant(at), self._programme(unit)
        found = self._customer(customer, now)
        view = View(found.history, now, zone_of(found.history, self._shop.zone))
        tier = self._club.tier(programme, View(found.history, now + 1, view.where))
        states = [(one, found.clerk.books.state(one.account(customer))) for one in self._club.programmes]
        others = others_of(programme, states, more.get("order_id", CART))
        state = found.clerk.books.state(programme.account(customer))
        return preview(programme, view, lines, state, tier=tier, others=others, **more)

    def hold(
        self, customer: str, unit: str, amount: int, *, order: str, at: Instant, ttl: Span | None = None
    ) -> Answer:
        """Promise units to an order that is being made; the order spends them when it is paid.

        The same order again has its own hold back, with the new amount; an hour later it ends by itself. What is not
        known yet is not checked: how large a part of the order may be paid so, ``preview`` tells.

        Args:
            ttl: how long it lasts from now on; left out, as the terms of the programme say, or as before.

        Raises:
            LedgerError: too few are available, they do not pay for orders, or the order is paid already.
        """
        programme = self._programme(unit)
        programme.check_hold(amount)
        words = ("hold", customer, order, f"{amount}", f"{to_instant(at)}", *([] if ttl is None else [f"{ttl.micros}"]))
        whose = programme.account(customer)
        asked = OpenHold(key=step_key(*words), account=whose, at=at, amount=amount, purpose=order, ttl=ttl)
        answer = self.do(asked)
        if not answer.replayed:
            return answer
        state = self.state(customer, unit, at=at)
        if not any(hold.purpose == order and hold.amount == amount for hold in state.holds.values()):
            return self.do(evolve(asked, key=step_key(*words, f"{state.version}")))
        return answer

    def release(self, customer: str, unit: str, *, order: str, at: Instant) -> Answer:
        """Let go of what is held for an order, of 0 units when nothing is: the customer pays otherwise, or left.

        Raises:
            LedgerError: the hold ended by itself, but is still a promise: hold anew before.
        """
        state = self.state(customer, unit, at=at)
        held = promise_to(state, order)
        if held is None or not held.amount:
            return Answer({"released": 0, "settled": 0})
        return self.do(Void(key=step_key("release", held.id), account=state.account, at=at, hold=held.id))

    def gift(self, customer: str, unit: str, gift: str, *, request: str, at: Instant) -> Answer:
        """Let a customer take a gift of the programme for units.

        Args:
            request: the id of this wish, unique in the shop; the same again is the same gift.
        """
        now, programme = to_instant(at), self._programme(unit)
        found = self._customer(customer, now)
        view = View(found.history, now, zone_of(found.history, self._shop.zone))
        state = found.clerk.books.state(programme.account(customer))
        return self.do(gift_command(programme, view, gift, state, request=request))

    def statement(self, customer: str, unit: str, *, at: Instant, **words: Any) -> str:
        """Return every lot of an account as a table for the customer, in their own zone.

        Args:
            words: ``language`` and ``causes`` as for ``loyalty.why``.
        """
        return statement_table(self.state(customer, unit, at=at), where=self._zone(customer, at), **words)

    def why(self, customer: str, unit: str, *, at: Instant, **words: Any) -> list[str]:
        """Return why the balance is what it is, in sentences for the customer.

        Args:
            words: ``language``, ``causes``, ``forms`` and ``most`` as for ``loyalty.why``.
        """
        return why(self.state(customer, unit, at=at), where=self._zone(customer, at), **words)

    def _zone(self, customer: str, at: Instant) -> str:
        return zone_of(self._customer(customer, to_instant(at)).history, self._shop.zone).key

    def _programme(self, unit: str) -> Programme:
        found: Programme = self._club.named("programmes", unit)
        return found

    def holders(self, unit: str, *, at: Instant) -> dict[str, int]:
        """Return who has units that can be spent, such as the tickets of a raffle; everybody is read."""
        now, found, after = to_instant(at), dict[str, int](), ""
        while customers := self._shop.store.roster.customers(after, _PAGE):
            for customer in customers:
                state = self._customer(customer, now).clerk.books.state(self.account(customer, unit))
                units = advance(state, now).balance.available
                if units:
                    found[customer] = units
            after = customers[-1]
        return found

    def do(self, command: Command) -> Answer:
        """Carry out a command of ``loyalty``, or return its first answer when its key is known.

        A key is unique in its programme, so make it of your own id of the request, not of its kind.

        Raises:
            KeyConflict: the key was used for another command, of this customer or of any other.
            LedgerError: it is refused; nothing changed.
        """
        with self._shop.exclusively():
            names = [one for one in (command.account, command.partner) if one is not None]
            self._check(names)
            hold_books(self._shop.store, (one.holder for one in names))
            people = {name.holder: self._customer(name.holder, command.at) for name in names}
            clerk = people[command.account.holder].clerk
            known = clerk.books.known(command)
            if known is not None:
                return Answer(read_entry(known.entry).result, replayed=True)
            if not note_key(self._shop.store, command.account.programme, command.key, command.account.holder):
                raise KeyConflict(command.key)
            states = {name: people[name.holder].clerk.books.state(name) for name in names}
            merged = next((state.alias for state in states.values() if state.alias is not None), None)
            if merged is not None:
                raise LedgerError(f"this account belongs to {merged} now: ask there", code="merged")
            at = max(command.at, *(state.at for state in states.values()))
            terms = self._club.terms[command.account.programme]
            entries = decide(evolve(command, at=at), states, terms)
            made = [fact for each in people.values() for fact in each.made]
            made += [people[entry.account.holder].clerk.books.take(entry) for entry in entries]
            self._shop.learn(made)
            return Answer(entries[0].result)

    def _check(self, accounts: Iterable[Account]) -> None:
        """Refuse an account that is none of the club: nobody would ever read it.

        Raises:
            LedgerError: names it.
        """
        for one in accounts:
            if all(one != programme.account(one.holder) for programme in self._club.programmes):
                raise LedgerError(f"the club has no account {one}", code="unknown_account")

    def _customer(self, customer: str, now: int) -> _Customer:
        """Return a customer with everything recorded up to an instant taken in; nothing is stored by that."""
        cursor, launched = self._shop.looked_at()
        store = self._shop.store
        since = looked_at(store, customer, cursor)
        facts = store.facts.of([customer])[customer]
        clerk = Clerk.of(self._club, (customer, facts), launched=launched, giver=NoCodes())
        history, made = clerk.catch_up(facts, since=since, upto=now, zone=self._shop.zone)
        return _Customer(clerk, history, made)
