"""The club of a shop: everything it declares about its members, in one value that the engine is given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from attrs import evolve, field, fields, frozen

from retention_engine.actions import Action
from retention_engine.clubs.achievements import Achievement, new_completions
from retention_engine.clubs.books import Books
from retention_engine.clubs.checking import check_together
from retention_engine.clubs.games import Streak
from retention_engine.clubs.levels import REACHED, new_levels
from retention_engine.clubs.metrics import CustomMetric, EarnedMetric
from retention_engine.clubs.points_on_top import gift_commands
from retention_engine.clubs.programme import Programme, bonus_commands, due_commands
from retention_engine.clubs.promotions import Promotion
from retention_engine.clubs.questions import ANSWERS, Asked
from retention_engine.clubs.reconciling import order_command, order_of, others_of
from retention_engine.clubs.referrals import ReferralProgramme
from retention_engine.clubs.referred import reward_commands
from retention_engine.clubs.saying import said
from retention_engine.clubs.tiers import Tiers, next_step, standing_before
from retention_engine.errors import DefinitionError, LedgerError, nearest, shown
from retention_engine.facts import Fact
from retention_engine.keys import fingerprint
from retention_engine.loyalty import Command, Earn, Lasts, OrderRecord, Terms, promise_to
from retention_engine.loyalty.codes import CodeKeys
from retention_engine.loyalty.games import Mission
from retention_engine.predicates import Membership, MembershipTruth, Node
from retention_engine.state import History, Steps
from retention_engine.timing import NEVER, microseconds, zone
from retention_engine.typed import typed
from retention_engine.view import View

_Declared = TypeVar("_Declared")


def _name(declared: Any) -> str:
    """Return the name under which rules speak of a declaration."""
    if isinstance(declared, Tiers):
        return declared.programme.name
    found: str = declared.unit.code if isinstance(declared, Programme) else declared.id
    return found


def _all(kind: type[_Declared], value: Iterable[_Declared]) -> tuple[_Declared, ...]:
    found = tuple(value)
    for one in found:
        if not isinstance(one, kind):
            raise DefinitionError(f"{kind.__name__} values are needed, not {shown(one)}")
    names = [_name(one) for one in found]
    if len(set(names)) < len(names):
        raise DefinitionError(f"two declarations have one name: {shown(names)}")
    return found


def _programmes(value: Iterable[Programme]) -> tuple[Programme, ...]:
    return _all(Programme, value)


def _tiers(value: Iterable[Tiers]) -> tuple[Tiers, ...]:
    return _all(Tiers, value)


def _promotions(value: Iterable[Promotion]) -> tuple[Promotion, ...]:
    return _all(Promotion, value)


def _referrals(value: Iterable[ReferralProgramme]) -> tuple[ReferralProgramme, ...]:
    return _all(ReferralProgramme, value)


def _achievements(value: Iterable[Achievement]) -> tuple[Achievement, ...]:
    return _all(Achievement, value)


def _missions(value: Iterable[Mission]) -> tuple[Mission, ...]:
    return _all(Mission, value)


def _streaks(value: Iterable[Streak]) -> tuple[Streak, ...]:
    return _all(Streak, value)


def _retired(value: Iterable[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    return frozenset(value)


@frozen(kw_only=True, field_transformer=typed)
class Club:
    """What a shop declares about its members.

    Attributes:
        programmes: what is earned and spent; one of each unit.
        tiers: levels.
        promotions: what codes take off.
        referrals: what friends bring.
        achievements: what can be reached.
        missions: several achievements with one reward.
        streaks: what is done again and again.
        keys: the secrets that codes are derived from; needed to give any.
        retired: accounts that are left for good, as (id of the programme, code of the unit): nobody reads them.
        zone: the shop's; an engine puts its own here.
    """

    programmes: tuple[Programme, ...] = field(default=(), converter=_programmes)
    tiers: tuple[Tiers, ...] = field(default=(), converter=_tiers)
    promotions: tuple[Promotion, ...] = field(default=(), converter=_promotions)
    referrals: tuple[ReferralProgramme, ...] = field(default=(), converter=_referrals)
    achievements: tuple[Achievement, ...] = field(default=(), converter=_achievements)
    missions: tuple[Mission, ...] = field(default=(), converter=_missions)
    streaks: tuple[Streak, ...] = field(default=(), converter=_streaks)
    keys: CodeKeys | None = field(default=None, eq=False, repr=False)
    retired: frozenset[tuple[str, str]] = field(default=(), converter=_retired)
    zone: str = field(default="UTC", eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Refuse promotions without keys, two programmes of one id, whose keys would meet, and names of nothing."""
        ids = [one.id for one in self.programmes]
        if len(set(ids)) < len(ids):
            raise DefinitionError(f"two programmes have one id: {shown(ids)}")
        if self.promotions and self.keys is None:
            raise DefinitionError("promotions need keys=CodeKeys({'2026': secret}, current='2026') beside them")
        check_together(self)

    @property
    def terms(self) -> dict[str, Terms]:
        """The terms of the programmes, by their ids."""
        return {one.id: one.terms for one in self.programmes}

    @property
    def fingerprint(self) -> str:
        """Digest of everything declared; clubs that declare the same have the same."""
        return fingerprint(*(said(getattr(self, each.name)) for each in fields(Club) if each.eq))

    def named(self, kind: str, name: object) -> Any:
        """Return a declaration by its name.

        Args:
            kind: ``programmes`` (by the code of their unit), ``tiers``, ``promotions`` and so on.

        Raises:
            DefinitionError: there is none; the message names the nearest.
        """
        found = {_name(one): one for one in getattr(self, kind)}
        if name not in found:
            raise DefinitionError(f"the club has no {shown(name)} among its {kind}{nearest(str(name), found)}")
        return found[name]

    def reads(self) -> frozenset[str] | None:
        """Return the collections that must be remembered of a customer to answer; None: all of them."""
        if any(isinstance(one.metric, CustomMetric) for one in self.tiers):
            return None
        steps = (step for mission in self.missions for step in mission.steps)
        asked: list[Any] = [*self.programmes, *self.achievements, *self.streaks]
        asked += [step for step in steps if isinstance(step, Achievement)]
        who = [one.who for one in self.promotions if one.who is not None]
        earned = {"points"} if any(isinstance(one.metric, EarnedMetric) for one in self.tiers) else set[str]()
        return frozenset({REACHED, "orders", *earned}).union(*(each.reads() for each in (*asked, *who)))

    def steps(self, history: History, name: str, arguments: tuple[Any, ...], *, at: int, where: ZoneInfo) -> Steps:
        """Return a quantity from an instant on, if no fact comes.

        Raises:
            DefinitionError: there is no such quantity, or nothing is declared under that name.
        """
        kind, answer = ANSWERS[name]
        return answer(Asked(self.named(kind, arguments[0]), arguments, history, at, where, zone(self.zone)))

    def check(self, node: Node) -> None:
        """Refuse a question about something that is not declared.

        Raises:
            DefinitionError: names it, and the nearest.
        """
        if isinstance(node, Membership | MembershipTruth):
            self.named(ANSWERS[node.name][0], node.arguments[0])
        for part in node.parts():
            self.check(part)

    def is_anew(self, fact: Fact, books: Books) -> bool:
        """Tell whether the next payment of the order of a fact has a receipt of its own, in every programme.

        So it is when units were promised since it was paid and cancelled, and when it is paid so in another programme.
        """
        order = order_of(fact)
        if order is None:
            return False
        states = [books.state(one.account(books.customer)) for one in self.programmes]
        known = (state.orders.get(order) for state in states)
        off = [not one.is_paid for one in known if isinstance(one, OrderRecord) and one.receipt is not None]
        return any(off) and (not all(off) or any(promise_to(state, order) is not None for state in states))

    def of_order(
        self, programme: Programme, view: View, fact: Fact, books: Books, *, anew: bool, since: int
    ) -> Iterator[Command]:
        """Yield what a fact about an order, folded already, asks of the customer's account in a programme.

        Args:
            anew: as ``is_anew`` told before any programme had taken it in.
            since: orders paid up to this instant are history.
        """
        order, account = order_of(fact), programme.account(books.customer)
        draft = None if order is None else view.history.drafts.get(("order", order))
        old = draft is not None and draft.payment is not None and draft.payment[0] <= since
        if order is None or (old and order not in books.state(account).orders):
            return
        unplaced = draft is not None and draft.placed is None and order not in books.state(account).joined
        if unplaced and promise_to(books.state_by(account, view.now), order) is None:
            return  # what a counter held since is for what comes later
        states = [(one, books.state(one.account(books.customer))) for one in self.programmes]
        command = order_command(
            programme,
            view,
            order,
            books.state(account),
            tier=self.tier(programme, view),
            others=others_of(programme, states, order),
            anew=anew,
        )
        yield from () if command is None else (command,)

    def of_fact(self, programme: Programme, view: View, fact: Fact, books: Books, *, since: int) -> Iterator[Command]:
        """Yield what else a fact, folded already, asks of an account."""
        if fact.at > since:
            yield from bonus_commands(programme, view, fact, books.state(programme.account(books.customer)))

    def tier(self, programme: Programme, view: View) -> str | None:
        """Return the customer's level before this instant, when a rule multiplies by it."""
        if not self.tiers or not any(rule.multipliers for rule in programme.earning):
            return None
        return standing_before(self.tiers[0], view.history, view.now, view.where).level.name

    def due(self, view: View, books: Books, since: int) -> tuple[list[Command], int]:
        """Return what is due at this instant whatever was told last, and the next one at which time may grant more.

        Args:
            since: up to this instant everything is history.
        """
        found: list[Command] = []
        turns = [NEVER]
        for programme in self.programmes:
            account = programme.account(books.customer)
            try:
                state = books.state_by(account, view.now)
            except LedgerError:  # an account that cannot be read has nothing due: ``verify`` tells of it
                continue
            words: dict[str, Any] = {"validity": programme.grants_last, "since": since}
            owed = [*gift_commands(view, state, books.state(account).orders, **words)]
            for referral in self.referrals:
                owed += reward_commands(referral, view, state, since=since)
            found += (one for one in owed if not books.has_used(one))  # by a counter that is ahead
            made, following = due_commands(programme, view, books.state(account), after=view.now - 1)
            found += made
            turns += [one for one in (following, books.state(account).at) if one is not None and one > view.now]
        return found, min(turns)

    def reached(self, view: View, since: int) -> tuple[list[Fact], int]:
        """Return what was reached after an instant and nobody took note of, and when more may be reached by time."""
        found: list[Fact] = []
        turns = [NEVER]
        for tiers in self.tiers:
            found += [one for one in new_levels(tiers, view) if one.at > since]
            turns.append(next_step(tiers, view.history, view.now, view.where))
        games: tuple[Achievement | Mission, ...] = (*self.achievements, *self.missions)
        for game in games:
            found += new_completions(game, view.history, view.now, view.where, since=since)
        return [evolve(one, learned=view.now + 1) for one in found], min(turns)

    def grant(self, action: Action, books: Books, at: int) -> Command:
        """Return the command of a rule that grants units."""
        amount, lasts = action.data["amount"], action.data.get("lasts")
        assert type(amount) is int, "as check_action has seen"
        programme: Programme = self.named("programmes", action.name)
        return Earn(
            key=f"grant:{action.key}",
            account=programme.account(books.customer),
            at=at,
            effective_at=at,
            amount=amount,
            validity=Lasts(span=microseconds(lasts)) if type(lasts) is int else programme.grants_last,
            source=f"{action.data.get('why') or f'rule:{action.rule}'}",
        )

    def check_action(self, kind: str, about: str, data: Mapping[str, object]) -> None:
        """Refuse a step that the club cannot carry out.

        Raises:
            DefinitionError: an unknown unit or promotion, or a grant without its amount.
        """
        if kind == "issue_code":
            self.named("promotions", about)
        if kind == "grant":
            self.named("programmes", about)
            if type(data.get("amount")) is not int:
                raise DefinitionError(f"a grant is written Grant({about!r}, 100): it has no amount in {shown(data)}")
