"""Units become units of another kind: rounded down once, shared by largest remainder, ending when they would have."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from attrs import evolve
from hypothesis import assume, given
from hypothesis import strategies as st

from retention_engine import loyalty as lo
from retention_engine.errors import Insufficient, LedgerError
from retention_engine.loyalty import Account, Bucket, Ledger, Unit
from retention_engine.timing import DAY, days

POINTS, STARS = Unit("pts"), Unit("stars")
ANNA = Account("club", POINTS, "anna")
OTHER = evolve(ANNA, unit=STARS)
FUTURE = 60


def ledger(*lots: tuple[int, int | None]) -> Ledger:
    """Return a ledger in which Anna has lots of (units, end)."""
    made = Ledger()
    for number, (units, end) in enumerate(lots):
        validity = None if end is None else lo.Until(end)
        made.post(lo.Earn(key=f"e{number}", account=ANNA, at=0, amount=units, validity=validity))
    return made


def convert(made: Ledger, amount: int, rate: Any, at: int = 0, **rest: Any) -> lo.Posted:
    """Convert points to stars."""
    return made.post(lo.Convert(key=f"c{at}", account=ANNA, at=at, to=STARS, amount=amount, rate=rate, **rest))


lots = st.lists(st.tuples(st.integers(1, 30), st.sampled_from([None, 5, 9, 9, 20, 40])), min_size=1, max_size=6)


@given(lots, st.fractions(Fraction(1, 9), 4, max_denominator=9), st.data())
def test_conversions_share_one_rounded_total(given_lots: Any, rate: Fraction, data: Any) -> None:
    """CONVERT: the exact value less a residue below one; each end within one of its own; nothing outlives its end."""
    made = ledger(*given_lots)
    amount = data.draw(st.integers(1, sum(units for units, _ in given_lots)))
    assume(amount * rate >= 1)
    before = [made.balance(ANNA, at).available for at in range(FUTURE)]
    said: dict[str, Any] = dict(convert(made, amount, rate).result)
    assert said["gained"] == amount * rate // 1
    assert said["residue"] == amount * rate % 1
    taken: dict[int | None, int] = {}
    left = amount
    for units, end in sorted(given_lots, key=lambda lot: FUTURE if lot[1] is None else lot[1]):
        part = min(units, left)
        left -= part
        if part:
            taken[end] = taken.get(end, 0) + part
    exact = {end: Fraction(said["gained"] * units, amount) for end, units in taken.items()}
    shared = {end: gained for end, _, _, gained in said["parts"]}
    assert {end: units for end, _, units, _ in said["parts"]} == taken
    assert all(shared[end] - share // 1 in {0, 1} for end, share in exact.items())
    up = {end: exact[end] % 1 for end in exact if shared[end] > exact[end] // 1}
    down = {end: exact[end] % 1 for end in exact if end not in up}
    assert max(down.values(), default=0) <= min(up.values(), default=1), "largest remainder"
    found = {one.expires_at: one[Bucket.AVAILABLE] for one in made.state(OTHER).lots.values()}
    assert found == {end: units for end, units in shared.items() if units}, "one lot an end"
    for at, count in enumerate(before):
        dead = sum(units for end, units in taken.items() if end is not None and end <= at)
        assert made.balance(OTHER, at).available <= (amount - dead) * rate + len(taken), "no laundering"
        assert made.balance(ANNA, at).available <= count
    assert lo.verify(made) == []


def test_a_conversion_is_final() -> None:
    """Nothing can be given back on the old side; the new units are spent, transferred and taken back like any."""
    made = ledger((100, None))
    said = convert(made, 50, Fraction(3, 20)).result
    assert (said["converted"], said["gained"], said["residue"]) == (50, 7, Fraction(1, 2))
    with pytest.raises(LedgerError, match="nothing comes back") as caught:
        made.post(lo.Restore(key="r", account=ANNA, at=1, redemption="c0", amount=1))
    assert caught.value.code == "not_restorable"
    made.post(lo.Redeem(key="s", account=OTHER, at=1, amount=7))
    made.post(lo.Restore(key="b", account=OTHER, at=2, redemption="s", amount=7))
    assert made.balance(OTHER, 2).available == 7


def test_a_grace_is_not_given_again_after_a_conversion() -> None:
    """No sequence of giving back, converting and spending makes a unit outlive its one grace."""
    made = ledger((10, DAY))
    made.post(lo.Redeem(key="s", account=ANNA, at=0, amount=10))
    made.post(lo.Restore(key="b", account=ANNA, at=2 * DAY, redemption="s", amount=10))
    convert(made, 10, Fraction(1), at=3 * DAY)
    made.post(lo.Redeem(key="t", account=OTHER, at=4 * DAY, amount=10))
    said = made.post(lo.Restore(key="u", account=OTHER, at=17 * DAY, redemption="t", amount=10)).result
    assert said["expired"] == 10
    assert lo.verify(made) == []


def test_a_debt_of_the_other_kind_is_paid_at_once() -> None:
    """What is converted settles first."""
    made = ledger((10, None))
    made.post(lo.Adjust(key="d", account=OTHER, at=0, amount=-4, reason="mistake", allow_debt=True))
    assert convert(made, 10, Fraction(1)).result["settled"] == 4
    assert made.balance(OTHER, 0) == lo.Balance(available=6)


def test_units_that_last_while_active_keep_the_end_they_have() -> None:
    """Activity after the conversion prolongs nothing."""
    made = Ledger()
    made.post(lo.Earn(key="e", account=ANNA, at=0, amount=5, validity=lo.WhileActive(days(9))))
    convert(made, 5, Fraction(1))
    made.post(lo.Earn(key="f", account=OTHER, at=DAY, amount=1))
    assert lo.expiring(made.state(OTHER)) == [(9 * DAY, 5)]


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda made: convert(made, 11, Fraction(1)), "insufficient"),
        (lambda made: convert(made, 1, Fraction(1, 2)), "bad_amount"),
        (lambda made: convert(made, 10, Fraction(10**15)), "bad_amount"),
        (lambda made: convert(made, 0, Fraction(1)), "bad_amount"),
        (lambda made: convert(made, 1, 0.5), "bad_amount"),
        (lambda made: convert(made, 1, Fraction(0)), "bad_amount"),
        (lambda made: convert(made, 1, True), "bad_amount"),
        (lambda made: made.post(lo.Convert(key="c", account=ANNA, at=0, to=POINTS, amount=1, rate=1)), "other_unit"),
        (lambda made: made.post(lo.ExpireNow(key="x", account=ANNA, at=0, reason=" ")), "no_reason"),
        (lambda made: made.post(lo.ExpireNow(key="x", account=ANNA, at=0, reason="a", lots=("z",))), "unknown_lot"),
        (
            lambda made: made.post(lo.ExpireNow(key="x", account=ANNA, at=DAY, reason="a", lots=("e0/0",))),
            "not_available",
        ),
    ],
    ids=["too-many", "nothing", "too-much", "zero", "float", "no-rate", "bool", "itself", "reason", "lot", "over"],
)
def test_a_refusal_has_a_code_and_changes_nothing(make: Any, code: str) -> None:
    """REJECT-PURE on both accounts."""
    made = ledger((10, DAY))
    before = made.states[ANNA].copy()
    with pytest.raises(LedgerError) as caught:
        make(made)
    assert caught.value.code == code
    assert (made.state(ANNA), made.state(OTHER)) == (before, lo.State(account=OTHER))
    assert issubclass(Insufficient, LedgerError)


def test_units_are_ended_by_hand() -> None:
    """What is pending or held stays; what was ended is moot when its grant is taken back."""
    made = ledger((10, DAY), (5, None))
    made.post(lo.Earn(key="p", account=ANNA, at=0, amount=3, vests_at=DAY))
    made.post(lo.OpenHold(key="h", account=ANNA, at=0, amount=4, purpose="o"))
    said = made.post(lo.ExpireNow(key="x", account=ANNA, at=0, reason="fraud", lots=("e0/0", "e0/0"))).result
    assert said == {"lots": ("e0/0",), "expired": 6}
    assert made.balance(ANNA, 0) == lo.Balance(pending=3, available=5, held=4)
    said = made.post(lo.ExpireNow(key="y", account=ANNA, at=0, reason="closed")).result
    assert said == {"lots": ("e1/0",), "expired": 5}
    assert made.post(lo.Reverse(key="r", account=ANNA, at=0, lot="e1/0", amount=5)).result["moot"] == 5
    assert made.streams[ANNA][-2].reason == "closed"
    assert lo.verify(made) == []
