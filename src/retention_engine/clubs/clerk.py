"""Who keeps the books of one customer while time goes on: facts and decisions in, facts of the ledger out."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator
from operator import attrgetter

from attrs import define

from retention_engine.actions import Action
from retention_engine.clubs.books import Books
from retention_engine.clubs.club import Club
from retention_engine.clubs.giving import Giver, Owed, owed_codes
from retention_engine.clubs.programme import Programme
from retention_engine.errors import DefinitionError, LedgerError
from retention_engine.facts import Fact, LedgerPosted, LedgerRefused
from retention_engine.keys import fingerprint
from retention_engine.loyalty import Command
from retention_engine.state import History, apply
from retention_engine.timing import HOUR, NEVER
from retention_engine.view import View, zone_of

CARRIED_OUT = ("grant", "issue_code")
"""The kinds of action that a club carries out itself, in the commit of the decision."""
_MOST = 1_000
_effective = attrgetter("effective")
_place = attrgetter("effective", "at", "id")


@define
class Clerk:
    """Carries out at the instant of a view what facts and rules mean for the customer's membership.

    Whatever it makes is known a microsecond later: what caused it was decided without it.

    Attributes:
        launched: facts up to this instant (microseconds UTC) are history and earn nothing.
        giver: registers codes.
    """

    club: Club
    books: Books
    launched: int
    giver: Giver

    @classmethod
    def of(cls, club: Club, subject: tuple[str, Iterable[Fact]], *, launched: int, giver: Giver) -> Clerk:
        """Open the books of a customer: an id, and the facts."""
        customer, facts = subject
        return cls(club, Books.of(customer, club.terms, facts), launched, giver)

    def take_in(self, fact: Fact, view: View) -> list[Fact]:
        """Return what a fact makes of the accounts; nothing the second time.

        It is the last one folded: of two orders of one instant the first is not yet followed by the second.
        """
        if fact.effective <= self.launched or isinstance(fact, LedgerPosted | LedgerRefused):
            return []
        anew = self._is_anew(fact)
        club, books, since, made = self.club, self.books, self.launched, list[Fact]()
        for programme in club.programmes:
            made += self._asked(
                club.of_order(programme, view, fact, books, anew=anew, since=since), programme, fact, view
            )
            made += self._asked(club.of_fact(programme, view, fact, books, since=since), programme, fact, view)
        return made

    def _asked(self, commands: Iterator[Command], programme: Programme, fact: Fact, view: View) -> list[Fact]:
        """Return what a fact makes of one account; what cannot be stops neither anything else nor other customers."""
        made = list[Fact]()
        try:
            for command in commands:
                made += self._post(command, view)
        except LedgerError as error:
            made += self._impossible(programme, fact, error, view)
        return made

    def _is_anew(self, fact: Fact) -> bool:
        try:
            return self.club.is_anew(fact, self.books)
        except LedgerError:  # an account that cannot be read: told where it is asked
            return False

    def _impossible(self, programme: Programme, fact: Fact, error: LedgerError, view: View) -> list[Fact]:
        """Return the refusal of what a fact asks of a programme and cannot be."""
        key = f"fact:{fingerprint(fact.id)}"
        what = (programme.id, programme.unit.code, key, fact.KIND)
        if self.books.knows_refusal(what[:3]):
            return []
        return [self.books.refusal(what, error, at=view.now, learned=view.now + 1)]

    def by_time(self, view: View) -> tuple[list[Fact], int]:
        """Return what has come about by now without a fact to say so, and the next instant at which more may."""
        if view.now <= self.launched:
            return [], self.launched + 1
        commands, reached, owed, turn = self._due(view)
        made: list[Fact] = [fact for command in commands for fact in self._post(command, view)]
        for promotion, occasion in owed.give:
            made += self._given(self.giver.give(promotion, self.books.customer, occasion, at=view.now), view)
        for code in owed.take_back:
            made += self._given(self.giver.take_back(code, at=view.now), view)
        return [*made, *reached], turn

    def _due(self, view: View) -> tuple[list[Command], list[Fact], Owed, int]:
        """Return what is due: of accounts, of levels and games, of codes; and when time alone may bring more."""
        commands, turn = self.club.due(view, self.books, self.launched)
        reached, next_reach = self.club.reached(view, self.launched)
        owed = owed_codes(self.club.referrals, view, self.launched)
        return commands, reached, owed, min(turn, next_reach, owed.turn)

    def _turn(self, view: View) -> int:
        return self._due(view)[3] if view.now > self.launched else self.launched + 1

    def carry_out(self, action: Action, view: View) -> list[Fact]:
        """Return what an action of a rule makes: units that are granted, a code that is issued."""
        if action.kind == "grant":
            return self._post(self.club.grant(action, self.books, view.now), view)
        return self._given(self.giver.give(action.name, action.customer, action.key, at=view.now), view)

    def _given(self, facts: Iterable[Fact], view: View) -> list[Fact]:
        return [fact.learned_at(view.now + 1) for fact in facts]

    def _post(self, command: Command, view: View) -> list[Fact]:
        """Carry out a command; a refusal is a fact, too: a person should look at it."""
        if self.books.is_refused(command):
            return []
        try:
            return [*self.books.post(command, learned=view.now + 1)]
        except LedgerError as error:
            return [] if error.code == "stale_snapshot" else [self.books.refused(command, error, view.now + 1)]

    def catch_up(self, facts: Iterable[Fact], *, since: int, upto: int, zone: str) -> tuple[History, list[Fact]]:
        """Take in facts that nobody has looked at, each at its own instant; return the history and what was made.

        Args:
            facts: all of the customer.
            since: up to this instant they were looked at.
            upto: inclusive.
            zone: the shop's.
        """
        waiting = sorted(facts, key=_place)
        history, made = History(self.books.customer, teller=self.club), list[Fact]()
        place = bisect_right(waiting, since, key=_effective)
        for fact in waiting[:place]:
            apply(history, fact)
        turn = NEVER if place == 0 else self._turn(View(history, since, zone_of(history, zone)))
        while (now := min(turn, waiting[place].effective if place < len(waiting) else NEVER)) <= upto:
            start, place = place, bisect_right(waiting, now, key=_effective)
            found: list[Fact] = []
            for fact in waiting[start:place]:
                apply(history, fact)
                found += self.take_in(fact, View(history, now, zone_of(history, zone)))
            told, turn = self.by_time(View(history, now, zone_of(history, zone)))
            for fact in (*found, *told):
                insort(waiting, fact, lo=place, key=_place)
                made.append(fact)
            if len(made) > _MOST and made[-1].at - made[-_MOST].at < HOUR:
                raise DefinitionError("the club feeds itself: what it gives makes it give again, on and on")
        return history, made
