"""Each command on its own: its answer, and every refusal, with nothing half done."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from attrs import evolve, fields

from retention_engine import loyalty as lo
from retention_engine.errors import DefinitionError, Insufficient, LedgerError
from retention_engine.loyalty import Account, Bucket, Ledger, State, Unit
from retention_engine.loyalty.lots import Grant
from retention_engine.money import Money
from retention_engine.timing import DAY, HOUR, days

POINTS = Unit("pts")
ANNA, BOB = (Account("club", POINTS, name) for name in ("anna", "bob"))


def book() -> Ledger:
    """Return a ledger with a spent lot, a pending one, a hold and one that never expires."""
    made = Ledger()
    for command in (
        lo.Earn(key="a", account=ANNA, at=0, amount=10, validity=lo.Until(5 * DAY), source="order:1"),
        lo.Earn(key="p", account=ANNA, at=0, amount=6, vests_at=DAY),
        lo.Earn(key="n", account=ANNA, at=0, amount=4),
        lo.Redeem(key="r", account=ANNA, at=0, amount=3),
        lo.OpenHold(key="h", account=ANNA, at=0, amount=2, purpose="o"),
    ):
        made.post(command)
    return made


REFUSED: list[tuple[Any, str]] = [
    (lambda **a: lo.Earn(amount=0, **a), "bad_amount"),
    (lambda **a: lo.Earn(amount=-1, **a), "bad_amount"),
    (lambda **a: lo.Earn(amount=1.0, **a), "bad_amount"),
    (lambda **a: lo.Earn(amount=True, **a), "bad_amount"),
    (lambda **a: lo.Earn(amount=10**16, **a), "bad_amount"),
    (lambda **a: lo.Earn(amount=1, **{**a, "key": ""}), "bad_key"),
    (lambda **a: lo.Earn(amount=1, effective_at=9, **a), "in_future"),
    (lambda **a: lo.VestNow(lot="a/0", **a), "not_pending"),
    (lambda **a: lo.CancelPending(lot="p/0", amount=7, **a), "exceeds_pending"),
    (lambda **a: lo.Adjust(amount=0, reason="x", **a), "bad_amount"),
    (lambda **a: lo.Adjust(amount=1.5, reason="x", **a), "bad_amount"),
    (lambda **a: lo.Adjust(amount=1, **a), "no_reason"),
    (lambda **a: lo.Adjust(amount=-99, reason="x", **a), "insufficient"),
    (lambda **a: lo.Reverse(lot="zz", amount=1, **a), "unknown_grant"),
    (lambda **a: lo.Reverse(lot="a/0", amount=11, **a), "exceeds_grant"),
    (lambda **a: lo.OpenHold(amount=99, purpose="q", **a), "insufficient"),
    (lambda **a: lo.OpenHold(amount=1, purpose="q", ttl=days(8), **a), "bad_window"),
    (lambda **a: lo.Capture(hold="h", amount=3, **a), "exceeds_hold"),
    (lambda **a: lo.Capture(hold="zz", amount=1, **a), "not_open"),
    (lambda **a: lo.Void(hold="zz", **a), "not_open"),
    (lambda **a: lo.Redeem(amount=10, **a), "insufficient"),
    (lambda **a: lo.Restore(redemption="zz", amount=1, **a), "unknown_redemption"),
    (lambda **a: lo.Restore(redemption="r", amount=4, **a), "exceeds_redemption"),
    (lambda **a: lo.Transfer(to=ANNA, amount=1, **a), "self_transfer"),
    (lambda **a: lo.Transfer(to=evolve(BOB, programme="other"), amount=1, **a), "other_unit"),
    (lambda **a: lo.Transfer(to=BOB, amount=10, **a), "insufficient"),
    (lambda **a: lo.Merge(into=ANNA, **a), "self_transfer"),
]


@pytest.mark.parametrize(("make", "code"), REFUSED, ids=lambda one: one if isinstance(one, str) else "")
def test_a_refusal_has_a_code_and_changes_nothing(make: Any, code: str) -> None:
    """REJECT-PURE: one clear typed error, nothing half-applied."""
    made, sound = book(), book()
    with pytest.raises(LedgerError) as caught:
        made.post(make(key="x", account=ANNA, at=1))
    assert caught.value.code == code
    assert made == sound


def test_a_refused_command_may_succeed_later_under_its_key() -> None:
    """D13: refusals are not remembered, they had no effect."""
    made = book()
    wish = lo.Redeem(key="w", account=ANNA, at=0, amount=12)
    with pytest.raises(Insufficient):
        made.post(wish)
    assert made.post(evolve(wish, at=DAY)).result["redeemed"] == 12


def test_units_are_spendable_from_vesting_until_just_before_the_end() -> None:
    """Half-open: at ``vests_at`` yes, at ``expires_at`` no."""
    made = book()
    shown = [made.balance(ANNA, at).available for at in (DAY - 1, DAY, 5 * DAY - 1, 5 * DAY)]
    assert shown == [11, 17, 17, 10]


def test_a_hold_pins_its_units_until_its_own_end() -> None:
    """The lot expires under it: still capturable; what is let go is expired."""
    made = Ledger()
    made.post(lo.Earn(key="e", account=ANNA, at=0, amount=5, validity=lo.Until(HOUR)))
    made.post(lo.OpenHold(key="h", account=ANNA, at=HOUR - 1, amount=4, purpose="o"))
    assert made.balance(ANNA, HOUR) == lo.Balance(held=4)
    assert lo.project(made.state(ANNA))[-1] == lo.Step(2 * HOUR - 1, lo.Balance())
    made.post(lo.Capture(key="c", account=ANNA, at=2 * HOUR - 2, hold="h", amount=3))
    assert lo.statement(made.state(ANNA))[0].units == {"redeemed": 3, "expired": 2}
    with pytest.raises(LedgerError, match="captured"):
        made.post(lo.Capture(key="c2", account=ANNA, at=2 * HOUR, hold="h", amount=1))


def test_a_hold_ends_at_its_end() -> None:
    """HOLD-ONCE: at the very instant it is timed out, and can be neither captured nor voided."""
    made = book()
    for make in (
        lambda: lo.Capture(key="c", account=ANNA, at=HOUR, hold="h", amount=1),
        lambda: lo.Void(key="v", account=ANNA, at=HOUR, hold="h"),
    ):
        with pytest.raises(LedgerError, match="timed_out"):
            made.post(make())
    assert made.balance(ANNA, HOUR).held == 0


def test_what_was_cancelled_while_pending_is_not_charged_again() -> None:
    """Half of a grant was cancelled: reversing "all" of it asks for the other half only."""
    made = Ledger()
    made.post(lo.Earn(key="e", account=ANNA, at=0, amount=10, vests_at=DAY))
    made.post(lo.CancelPending(key="c", account=ANNA, at=0, lot="e/0", amount=6))
    with pytest.raises(LedgerError, match="10 units, after 6"):
        made.post(lo.Reverse(key="x", account=ANNA, at=DAY, lot="e/0", amount=10))
    made.post(lo.Reverse(key="y", account=ANNA, at=DAY, lot="e/0", amount=4))
    assert made.balance(ANNA, DAY) == lo.Balance()


@pytest.mark.parametrize(
    ("give_back", "shown"),
    [
        (lo.Original(), [0, 0]),
        (lo.Grace(days(3)), [3, 0]),
        (lo.Fresh(lo.Lasts(span=days(9))), [3, 3]),
        (lo.Fresh(None), [3, 3]),
    ],
)
def test_units_given_back_to_an_expired_lot_follow_the_policy(give_back: Any, shown: list[int]) -> None:
    """Nothing, a grace once, or a new life when the shop cancelled."""
    made = book()
    made.post(lo.Redeem(key="all", account=ANNA, at=2 * HOUR, amount=11))
    made.post(lo.Redeem(key="late", account=ANNA, at=DAY, amount=6))
    made.post(lo.Restore(key="b", account=ANNA, at=6 * DAY, redemption="r", amount=3, give_back=give_back))
    assert [made.balance(ANNA, at).available for at in (7 * DAY, 10 * DAY)] == shown
    assert lo.verify(made) == []


def test_a_grace_is_given_once() -> None:
    """Oracle Siebel's worry: spend and cancel again and again "in order to avoid point expiration dates"."""
    made = Ledger()
    made.post(lo.Earn(key="e", account=ANNA, at=0, amount=5, validity=lo.Until(DAY)))
    made.post(lo.Redeem(key="r0", account=ANNA, at=0, amount=5))
    made.post(lo.Restore(key="b0", account=ANNA, at=2 * DAY, redemption="r0", amount=5))
    made.post(lo.Transfer(key="t", account=ANNA, at=2 * DAY, to=BOB, amount=5))
    made.post(lo.Redeem(key="r1", account=BOB, at=3 * DAY, amount=5))
    assert made.post(lo.Restore(key="b1", account=BOB, at=16 * DAY, redemption="r1", amount=5)).result["expired"] == 5


def test_a_transfer_to_a_debtor_pays_the_debt() -> None:
    """Units settle where they arrive, and end when they would have."""
    made = book()
    made.post(lo.Adjust(key="d", account=BOB, at=0, amount=-3, reason="mistake", allow_debt=True))
    result = made.post(lo.Transfer(key="t", account=ANNA, at=0, to=BOB, amount=8)).result
    assert (result["moved"], result["settled"], result["lots"]) == (8, 3, ("t/0", "t/1"))
    assert lo.expiring(made.state(BOB)) == [(5 * DAY, 2)]
    made.terms = lo.Terms(transfer_limit=1)
    with pytest.raises(LedgerError, match="one transfer"):
        made.post(lo.Transfer(key="u", account=ANNA, at=0, to=BOB, amount=2))


def test_a_debt_limit_bounds_adjustments_too() -> None:
    """Below the limit only."""
    made = Ledger(lo.Terms(debt_limit=4))
    made.post(lo.Adjust(key="a", account=ANNA, at=0, amount=-4, reason="x", allow_debt=True))
    with pytest.raises(Insufficient):
        made.post(lo.Adjust(key="b", account=ANNA, at=0, amount=-1, reason="x", allow_debt=True))


def test_two_accounts_with_the_same_open_purpose_cannot_be_merged() -> None:
    """Their holds could not be told apart; neither can two records of one order."""
    made = book()
    made.post(lo.Earn(key="b", account=BOB, at=0, amount=2))
    made.post(lo.OpenHold(key="hb", account=BOB, at=0, amount=2, purpose="o"))
    with pytest.raises(LedgerError, match="both accounts"):
        made.post(lo.Merge(key="m", account=ANNA, at=0, into=BOB))


def test_a_merge_keeps_the_report_closed() -> None:
    """Units, holds and redemptions go over; over all accounts nothing joined and nothing left."""
    made = book()
    made.post(lo.Adjust(key="b", account=BOB, at=0, amount=2, reason="goodwill"))
    made.post(lo.Merge(key="m", account=ANNA, at=1, into=BOB))
    report = lo.roll_forward(made, POINTS, after=0, to=1)
    assert (report.opening, report.joined, report.closing, report.closes) == (19, 0, 19, True)
    made.post(lo.Capture(key="c", account=ANNA, at=2, hold="h", amount=2))
    made.post(lo.Restore(key="back", account=BOB, at=2, redemption="r", amount=3))
    assert made.balance(BOB, 2) == lo.Balance(pending=6, available=14)
    assert lo.verify(made) == []


def test_a_merged_account_cannot_send_to_itself() -> None:
    """The alias and its owner are one."""
    made = book()
    made.post(lo.Merge(key="m", account=ANNA, at=0, into=BOB))
    with pytest.raises(LedgerError, match="one account"):
        made.post(lo.Transfer(key="t", account=ANNA, at=0, to=BOB, amount=1))
    assert made.owner(ANNA) == BOB


def test_the_clock_may_go_back_a_little() -> None:
    """Within the tolerance two commands are simultaneous; beyond it the command is refused."""
    made = Ledger()
    made.post(lo.Earn(key="a", account=ANNA, at=DAY, amount=1))
    assert made.post(lo.Earn(key="b", account=ANNA, at=DAY - 9, amount=1)).entries[0].at == DAY
    with pytest.raises(LedgerError) as caught:
        made.post(lo.Earn(key="c", account=ANNA, at=0, amount=1))
    assert caught.value.code == "clock_went_back"


def test_cashback_is_money_of_its_currency() -> None:
    """A unit with a scale; points are no money."""
    cash = Unit.cashback("EUR")
    assert (cash.text(1250), cash.text(-5), POINTS.text(7)) == ("12.50 cashback-EUR", "-0.05 cashback-EUR", "7 pts")
    assert cash.money(1250) == Money(1250, "EUR")
    assert str(ANNA) == "anna (pts, club)"
    with pytest.raises(LedgerError, match="no money"):
        POINTS.money(1)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Unit(""),
        lambda: Unit("pts", scale=10),
        lambda: Account("club", POINTS, "\n"),
        lambda: lo.Terms(debt_limit=-1),
        lambda: lo.Terms(transfer_limit=1.5),  # type: ignore[arg-type] # what a host may write
    ],
)
def test_bad_definitions_are_refused_where_they_are_written(make: Any) -> None:
    """Names, scales and limits."""
    with pytest.raises(DefinitionError):
        make()


def test_a_report_says_what_is_owed_and_when_it_ends() -> None:
    """Ageing by the month of the last day, vintage by the month of earning, worth rounded down."""
    made = book()
    made.post(lo.Earn(key="w", account=ANNA, at=0, amount=1, waits=True, validity=lo.Lasts(months=1)))
    report = lo.roll_forward(made, POINTS, after=-1, to=2 * HOUR)
    assert (report.issued, report.redeemed, report.closing, report.closes) == (21, 3, 18, True)
    assert report.ageing == (("1970-01", 7), ("never", 10), ("unknown", 1))
    assert report.vintage == (("1970-01", 18),)
    assert report.worth(Fraction(1, 4)) == 4
    with pytest.raises(LedgerError, match="empty"):
        lo.roll_forward(made, POINTS, after=1, to=0)


def test_revenue_is_split_by_stand_alone_prices() -> None:
    """IFRS 15: 2,000.00 sold, points worth 2,000 x 0.10 x 85 %: 1,843.32 now, 156.68 deferred."""
    assert lo.split_revenue(200_000, 17_000) == (184_332, 15_668)
    with pytest.raises(LedgerError):
        lo.split_revenue(0, 0)


def test_verify_finds_what_was_altered_in_store() -> None:
    """A changed amount, a changed answer, a state that no entry explains, a lost entry."""
    sound = book()
    assert lo.verify(sound) == []
    entries = sound.streams[ANNA]
    redeem = entries[3]
    sound.streams[ANNA][3] = evolve(redeem, result={**redeem.result, "redeemed": 2})
    assert {one.law for one in lo.verify(sound)} == {"EXACT"}
    sound.streams[ANNA][3] = redeem
    stock = sound.states[ANNA].lots["a/0"]
    sound.states[ANNA].lots["a/0"] = evolve(stock, buckets=(0, 9, *stock.buckets[2:]))
    assert "REBUILD anna (pts, club) after entry 5" in str(lo.verify(sound)[0])
    assert [one.law for one in lo.state_violations(sound.states[ANNA])] == ["LOT-CONS", "REBUILD"]
    del sound.streams[ANNA][2]
    assert "entry 4 cannot be applied" in {one.law: one.text for one in lo.verify(sound)}["REPLAY"]


@pytest.mark.parametrize(
    ("broken", "law"),
    [
        ({"debt": 1}, "DEBT"),
        ({"debt": -1}, "DEBT"),
        ({"at": 6 * DAY}, "NO-DEAD-SPEND"),
        ({"at": 2 * HOUR}, "NO-DEAD-SPEND"),
        ({"holds": {}}, "HELD"),
        ({"redemptions": {}}, "HELD"),
        ({"ended": {"h": "voided"}}, "HELD"),
        ({"grants": {"a/0": Grant(reversed=11)}}, "REV-BOUND"),
        ({"redemptions": {"r": lo.Redemption(id="r", slices=(lo.Slice("a/0", 3, restored=4),))}}, "REV-BOUND"),
        ({"sums": (0, 0, 0)}, "REBUILD"),
    ],
)
def test_each_law_of_a_state_sees_its_fault(broken: dict[str, Any], law: str) -> None:
    """A state with one thing wrong breaks the law that is there for it."""
    state = evolve(book().state(ANNA), **broken)
    assert law in {one.law for one in lo.state_violations(state)}


def altered(entry: lo.Entry, place: int, **wrong: Any) -> lo.Entry:
    """Return an entry one of whose changes was altered in store."""
    changes = list(entry.changes)
    changes[place] = evolve(changes[place], **wrong)
    return evolve(entry, changes=tuple(changes))


def test_each_law_of_an_entry_sees_its_fault() -> None:
    """FEFO, EXACT, REV-ACC: units of a later lot, another number, parts that do not sum."""
    made = book()
    before = made.state(ANNA)
    (spend,) = lo.decide(lo.Redeem(key="s", account=ANNA, at=1, amount=3), made.states, made.terms)
    (taken,) = lo.decide(lo.Reverse(key="x", account=ANNA, at=1, lot="a/0", amount=10), made.states, made.terms)
    assert lo.entry_violations(before, spend) == lo.entry_violations(before, taken) == []
    faults = [
        (altered(spend, 0, lot="n/0"), "FEFO"),
        (altered(spend, 0, amount=2), "EXACT"),
        (altered(taken, 0, amount=1), "REV-ACC"),
        (altered(taken, -1, reversal=evolve(taken.changes[-1].reversal, absorbed=1)), "REV-ACC"),
    ]
    for entry, law in faults:
        assert {one.law for one in lo.entry_violations(before, entry)} == {law}


@pytest.mark.parametrize("expires_at", [6 * DAY, None])
def test_a_child_that_outlives_its_parent_is_seen(expires_at: int | None) -> None:
    """NO-LAUNDER: by another end, or by a second grace."""
    made = book()
    made.post(lo.Transfer(key="t", account=ANNA, at=0, to=BOB, amount=3))
    stock = made.states[BOB].lots["t/0"]
    made.states[BOB].lots["t/0"] = stock.timed(0, expires_at)
    assert [one.law for one in lo.global_violations(made.states.values())] == ["NO-LAUNDER"]
    graced = evolve(stock.lot, grace_child=True, given_back=True)
    made.states[BOB].lots["t/0"] = evolve(stock, lot=graced)
    parent = made.states[ANNA].lots["a/0"]
    made.states[ANNA].lots["a/0"] = evolve(parent, lot=evolve(parent.lot, grace_child=True))
    assert [one.text for one in lo.global_violations(made.states.values())] == ["t/0 is a second grace"]


def test_net_is_what_is_left_after_the_debt() -> None:
    """Current counts what is held; net takes off the debt."""
    assert (lo.Balance(1, 2, 3, 0).current, lo.Balance(0, 0, 3, 4).net) == (5, -4)


def test_units_that_vanish_between_lots_are_missed() -> None:
    """GLOB-CONS: what moved on must live somewhere."""
    made = book()
    made.post(lo.Transfer(key="t", account=ANNA, at=0, to=BOB, amount=3))
    del made.states[BOB].lots["t/0"]
    assert [one.law for one in lo.global_violations(made.states.values())] == ["GLOB-CONS"]


def test_entries_of_another_account_or_out_of_turn_are_refused() -> None:
    """The storage contract: all or none, in turn, each key once."""
    made = book()
    entry = made.streams[ANNA][0]
    for stream, version in ((BOB, 0), (ANNA, 5)):
        with pytest.raises(LedgerError):
            made.append([(stream, version, [entry])])
    with pytest.raises(ValueError, match="not 3"):
        made.append([(ANNA, 3, [evolve(entry, key="new")])])
    assert made == book()


def test_a_copy_shares_nothing_that_can_change() -> None:
    """Every field of an account but its journal is copied, whatever fields there are."""
    state = book().state(ANNA)
    for number, one in enumerate(fields(State)):
        held = getattr(state, one.name)
        setattr(state, one.name, {"a": number} if type(held) is dict else [number] if type(held) is list else number)
    later = state.copy()
    for one in fields(State):
        mine, copied = getattr(state, one.name), getattr(later, one.name)
        assert copied == (None if one.name == "journal" else mine), one.name
        assert type(mine) not in (dict, list) or copied is not mine, one.name


def test_a_movement_that_the_table_lacks_is_a_fault_of_the_ledger() -> None:
    """Nothing leaves expired, revoked, settled or moved."""
    state = book().state(ANNA).copy()
    with pytest.raises(AssertionError, match="cannot go from REDEEMED to HELD"):
        state.move("a/0", Bucket.REDEEMED, Bucket.HELD, 1)


def test_what_is_usual_for_a_debt_depends_on_the_unit() -> None:
    """Points: whatever a reversal lacks; money: nothing, unless the terms or a person say so."""
    money = lo.Unit.cashback("EUR")
    limits: list[Any] = [None, lo.OWN_REVERSAL, 0, 5]
    assert [lo.Terms(debt_limit=each).most_debt(lo.Unit("pts")) for each in limits] == [None, None, 0, 5]
    assert [lo.Terms(debt_limit=each).most_debt(money) for each in limits] == [0, None, 0, 5]
    made, ivan = Ledger(), lo.Account("club", money, "ivan")
    made.post(lo.Adjust(key="a", account=ivan, at=0, amount=-4, reason="x", allow_debt=True))
    assert made.balance(ivan, 0).debt == 4
