"""What units pay of the orders of a friend: read from what was held and spent for them at the counter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from retention_engine.clubs.books import entries_of
from retention_engine.clubs.programme import Programme
from retention_engine.clubs.reconciling import units_for
from retention_engine.errors import LedgerError
from retention_engine.facts import Fact, LedgerPosted, ReferralAttributed, ReferralCovered
from retention_engine.keys import fingerprint
from retention_engine.loyalty import Entry, ReconcileOrder, State, apply, replay
from retention_engine.loyalty.changes import HoldEnded, HoldSet, RedemptionSet
from retention_engine.money import Money

_Accounts = Mapping[tuple[str, str], Programme]


def coverings(programmes: Iterable[Programme], facts: Sequence[Fact], fresh: set[str]) -> list[ReferralCovered]:
    """Return what is new about units that pay for orders of a customer whom somebody brought.

    Only what somebody asked for counts, and not what orders do to the account: that follows from it.

    Args:
        facts: all of the customer.
        fresh: the ids of those that are new; with a new attribution everything is.
    """
    brought = [fact for fact in facts if isinstance(fact, ReferralAttributed) and fact.refused is None]
    accounts = {(one.id, one.unit.code): one for one in programmes if one.spending is not None}
    posted = [fact for fact in facts if isinstance(fact, LedgerPosted) and (fact.programme, fact.unit) in accounts]
    found: list[ReferralCovered] = []
    for one in brought:
        wanted = {fact.id for fact in posted if one.id in fresh or fact.id in fresh}
        try:
            found += _coverings(accounts, one, posted, wanted) if wanted else ()
        except LedgerError:  # an account that cannot be read pays nothing: ``verify`` tells of it
            continue
    return found


def _coverings(
    accounts: _Accounts, one: ReferralAttributed, posted: Iterable[LedgerPosted], wanted: set[str]
) -> Iterator[ReferralCovered]:
    states: dict[tuple[str, str], State] = {}
    for fact in sorted(posted, key=lambda each: each.seq):
        name = (fact.programme, fact.unit)
        programme = accounts[name]
        (entry,) = entries_of([fact])
        before = states.get(name) or replay(programme.account(str(fact.customer)), [])
        after = states[name] = apply(before, entry)
        for order in _meant(entry, before) if fact.id in wanted else ():
            yield ReferralCovered(
                id=f"covered:{fingerprint(one.programme, fact.id, order)}",
                customer=fact.customer,
                at=fact.at,
                learned=fact.learned,
                programme=one.programme,
                friend=str(fact.customer),
                order=order,
                account="/".join(name),
                seq=fact.seq,
                amount=Money(int(units_for(after, order) * programme.point_value), programme.currency),
            )


def _meant(entry: Entry, before: State) -> list[str]:
    """Return the purposes that an entry holds units for, spends them on, or frees them from."""
    if entry.kind == ReconcileOrder.KIND:
        return []
    found = set[str]()
    for change in entry.changes:
        match change:
            case HoldSet():
                found.add(change.hold.purpose)
            case RedemptionSet():
                found.add(change.redemption.purpose)
            case HoldEnded(how="voided"):
                found.add(before.holds[change.hold].purpose)
    return sorted(found - {""})
