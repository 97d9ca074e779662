"""What recording a fact means for referrals: who brought whom is settled, and advocates are told of their friends.

Customers are looked at one by one, each by their own facts. So what a friend does becomes a fact of the advocate when
it is recorded, with an id that follows from its cause: in whatever order things are recorded, the same facts come out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from attrs import evolve

from retention_engine.clubs import Programme
from retention_engine.clubs.covering import coverings
from retention_engine.clubs.referrals import ReferralGuards, ReferralProgramme
from retention_engine.facts import (
    Fact,
    Fingerprinted,
    FriendFingerprinted,
    FriendJoined,
    ReferralAttributed,
    ReferralJudged,
    ReferralLinked,
    ReferralTouched,
    Registered,
)
from retention_engine.facts.telling import told
from retention_engine.keys import fingerprint
from retention_engine.ports import Store
from retention_engine.timing import period_of, zone

REFERRALS = "referrals"
"""Held alone by whoever settles who brought whom: two at a time could bring each other."""

Facts = Mapping[str, Sequence[Fact]]


def refer(
    store: Store, programmes: Iterable[ReferralProgramme], new: Sequence[Fact], units: Iterable[Programme] = ()
) -> list[Fact]:
    """Return what has to be recorded together with new facts, which the store has already; the same again if repeated.

    Called inside a transaction.

    Args:
        units: the programmes whose units may pay for orders.
    """
    declared = {one.id: one for one in programmes}
    if not declared or not new:
        return []
    desk = _Desk(store)
    desk.note(new)
    settled = [one for programme in declared.values() for one in _settled(desk, programme, new)]
    fresh = [*new, *settled]
    known, ids = desk.referred(new, settled), {fact.id for fact in fresh}
    covered = {customer: coverings(units, facts, ids) for customer, facts in known.items()}
    for customer, more in covered.items():
        known[customer] += more
        fresh += more
    mirrors = mirrored(fresh, known)
    compared = {f.customer for f in fresh if isinstance(f, Fingerprinted)}
    compared |= {f.customer for f in mirrors if isinstance(f, FriendFingerprinted)}
    sides = desk.of(sorted(str(customer) for customer in compared), mirrors)
    found = [each for facts in sides.values() for each in matches(declared, facts, {f.id for f in [*fresh, *mirrors]})]
    judged = mirrored(found, desk.of(sorted({str(each.customer) for each in found}), [*settled, *found]))
    return [*fresh[len(new) :], *mirrors, *found, *judged]


def mirrored(new: Iterable[Fact], known: Facts) -> list[Fact]:
    """Return what advocates are told because of new facts of their friends.

    Args:
        known: all facts of the friends, the new ones included. With a new attribution everything is told, what was
            recorded before it too.
    """
    fresh = {fact.id: fact for fact in new}
    found = []
    for customer in sorted({str(fact.customer) for fact in fresh.values()} & known.keys()):
        for attributed in [fact for fact in known[customer] if isinstance(fact, ReferralAttributed)]:
            whole = attributed.id in fresh
            causes = [fact for fact in known[customer] if whole or fact.id in fresh]
            found += [one for one in (told(attributed, cause) for cause in causes) if one is not None]
    return found


def attribution(
    programme: ReferralProgramme,
    facts: Sequence[Fact],
    refused: Callable[[ReferralTouched], tuple[str, str | None] | None],
) -> ReferralAttributed | None:
    """Return who brought a customer, once the customer has signed up; None: nobody, or it was settled already.

    Only touches before the sign-up count, the first that is valid, or the last.

    Args:
        refused: of a touch, the advocate and the code of what rules it out, or None for that; None: nobody's link.
    """
    signed_up = min((fact for fact in facts if isinstance(fact, Registered)), key=_order, default=None)
    own = [fact for fact in facts if getattr(fact, "programme", None) == programme.id]
    if signed_up is None or any(isinstance(fact, ReferralAttributed) for fact in own):
        return None
    touches = [fact for fact in own if isinstance(fact, ReferralTouched) and fact.at <= signed_up.at]
    touches = [touch for touch in touches if signed_up.at < touch.at + programme.window.micros]
    bad: ReferralAttributed | None = None
    for touch in sorted(touches, key=_order, reverse=programme.last_touch):
        looked = refused(touch)
        if looked is not None:
            made = _made(programme, signed_up, touch, looked)
            if made.refused is None:
                return made
            bad = bad or made
    return bad


def _made(
    programme: ReferralProgramme, signed_up: Registered, touch: ReferralTouched, looked: tuple[str, str | None]
) -> ReferralAttributed:
    advocate, refused = looked
    learned = max(signed_up.effective, touch.effective)
    return ReferralAttributed(
        id=f"attributed:{fingerprint(programme.id, str(signed_up.customer))}",
        customer=signed_up.customer,
        at=signed_up.at,
        learned=learned if learned > signed_up.at else None,
        programme=programme.id,
        advocate=advocate,
        touched_at=touch.at,
        source=touch.source,
        refused=refused,
    )


def matches(programmes: Mapping[str, ReferralProgramme], facts: Sequence[Fact], fresh: set[str]) -> list[Fact]:
    """Return what an advocate and a friend have in common, as verdicts on the friend's referral.

    Args:
        facts: all of the advocate, with what was told of the fingerprints of friends.
        fresh: the ids of facts that were not compared before.
    """
    own: dict[tuple[str, str], list[Fingerprinted]] = {}
    for fact in facts:
        if isinstance(fact, Fingerprinted):
            own.setdefault((fact.sort, fact.digest), []).append(fact)
    found: list[Fact] = []
    for theirs in facts:
        if isinstance(theirs, FriendFingerprinted) and theirs.programme in programmes:
            guards = programmes[theirs.programme].guards
            mine = [each for each in own.get((theirs.sort, theirs.digest), ()) if fresh & {each.id, theirs.id}]
            found += [_judged(each, theirs) for each in mine if _counts(guards, each, theirs)]
    return found


def _counts(guards: ReferralGuards, mine: Fingerprinted, theirs: FriendFingerprinted) -> bool:
    if mine.sort in guards.review_same:
        return abs(mine.at - theirs.at) <= guards.near.micros
    return mine.sort in guards.reject_same


def _judged(mine: Fingerprinted, theirs: FriendFingerprinted) -> ReferralJudged:
    at, learned = max(mine.at, theirs.at), max(mine.effective, theirs.effective)
    return ReferralJudged(
        id=f"judged:{fingerprint(mine.id, theirs.id)}",
        customer=theirs.friend,
        at=at,
        learned=learned if learned > at else None,
        programme=theirs.programme,
        verdict=f"same_{mine.sort}",
    )


def _settled(desk: _Desk, programme: ReferralProgramme, new: Sequence[Fact]) -> list[ReferralAttributed]:
    """Return who brought those customers who signed up now, or of whom that is known only now."""
    came = {str(fact.customer) for fact in new if isinstance(fact, ReferralTouched) and fact.programme == programme.id}
    came |= desk.touched(str(fact.customer) for fact in new if isinstance(fact, Registered))
    came |= desk.by_tokens(programme.id, new)
    if came:
        desk.store.settings.hold(REFERRALS, change=True)
    found: list[ReferralAttributed] = []
    for facts in desk.of(sorted(came), ()).values():
        made = attribution(programme, facts, lambda touch: desk.looked_at(programme, touch, found))
        if made is not None:
            found.append(made if made.refused is not None else desk.flagged(programme, made, found))
    return found


class _Desk:
    """What is asked of the store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def note(self, new: Iterable[Fact]) -> None:
        """Remember whose links there are, and who came by one: to be found without reading everybody's facts."""
        links = [(_owner(f.programme, f.token), str(f.customer)) for f in new if isinstance(f, ReferralLinked)]
        comers = {(_touched(f.customer), str(f.customer)) for f in new if isinstance(f, ReferralTouched)}
        tokens = {(_by(f.programme, f.token), str(f.customer)) for f in new if isinstance(f, ReferralTouched)}
        self.store.roster.note([*links, *sorted(comers), *sorted(tokens)])

    def by_tokens(self, programme: str, new: Iterable[Fact]) -> set[str]:
        """Return who came by a link of which it is known only now whose it is."""
        links = [fact for fact in new if isinstance(fact, ReferralLinked) and fact.programme == programme]
        return set(self.store.roster.interested([_by(programme, one.token) for one in links])) if links else set()

    def touched(self, customers: Iterable[str]) -> set[str]:
        """Return those of the customers who came by a link."""
        names = [_touched(customer) for customer in customers]
        return set(self.store.roster.interested(names)) if names else set()

    def of(self, customers: Sequence[str], more: Iterable[Fact]) -> dict[str, list[Fact]]:
        """Return the facts of customers, with those that are going to be recorded."""
        found = self.store.facts.of(customers) if customers else {}
        for fact in more:
            if fact.customer in found:
                found[fact.customer].append(fact)
        return found

    def referred(self, new: Sequence[Fact], settled: Sequence[Fact]) -> dict[str, list[Fact]]:
        """Return the facts of those customers somebody may have brought."""
        customers = self.touched(sorted({str(fact.customer) for fact in new if fact.customer is not None}))
        return self.of(sorted(customers), settled)

    def looked_at(
        self, programme: ReferralProgramme, touch: ReferralTouched, pending: Iterable[Fact]
    ) -> tuple[str, str | None] | None:
        """Return whose link it was, and the code of what rules a reward out."""
        owners = self.store.roster.interested([_owner(programme.id, touch.token)])
        if len(owners) != 1:
            return None
        if owners[0] == touch.customer:
            return owners[0], "own_token"
        above = self._ancestors(programme, owners[0], pending)
        return owners[0], "circle" if touch.customer in above else None

    def _ancestors(self, programme: ReferralProgramme, customer: str, pending: Iterable[Fact]) -> set[str]:
        found: set[str] = set()
        pending = list(pending)
        while True:
            above = [
                fact.advocate
                for fact in self.of([customer], pending)[customer]
                if isinstance(fact, ReferralAttributed) and fact.programme == programme.id and fact.refused is None
            ]
            if not above or above[0] in found:
                return found
            customer = above[0]
            found.add(customer)

    def flagged(
        self, programme: ReferralProgramme, made: ReferralAttributed, pending: Iterable[ReferralAttributed]
    ) -> ReferralAttributed:
        """Return it with the codes of what has to be looked at."""
        flags = ["source"] if made.source in programme.guards.review_sources else []
        most = programme.guards.most_a_day
        if most is not None:
            start, end = period_of("day", made.at, zone(programme.zone))
            facts = self.of([made.advocate], ())[made.advocate]
            joined = [f.at for f in facts if isinstance(f, FriendJoined) and f.programme == programme.id]
            joined += [f.at for f in pending if f.advocate == made.advocate]
            flags += ["many_a_day"] if sum(start <= at < end for at in joined) >= most else []
        return evolve(made, flags=tuple(flags))


def _order(fact: Fact) -> tuple[int, str]:
    return fact.at, fact.id


def _owner(programme: str, token: str) -> str:
    return f"referral:{programme}:{token}"


def _by(programme: str, token: str) -> str:
    return f"touched:{programme}:{token}"


def _touched(customer: str | None) -> str:
    return f"referred:{customer}"
