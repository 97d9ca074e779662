"""Where a referral stands: examples for every edge, and the law that steps tell the whole truth."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.loyalty.referrals import Case, Deal, Objection, ReferralState, Standing, settle

S = ReferralState
WINDOW, HOLD = 30, 14


def stands(**parts: Any) -> Standing:
    """Return what follows from a case touched at day 0; days are instants here."""
    return settle(Case(**{"touched_at": 0} | parts), window=WINDOW, hold=HOLD)


EDGES: list[tuple[str, dict[str, Any], int, ReferralState]] = [
    ("nothing bought", {}, 29, S.ATTRIBUTED),
    ("the window is half open", {}, 30, S.EXPIRED),
    ("paid in the last moment", {"deals": (Deal(29, "o"),)}, 30, S.PENDING),
    ("paid too late", {"deals": (Deal(30, "o"),)}, 30, S.EXPIRED),
    ("returnable", {"deals": (Deal(5, "o"),)}, 18, S.PENDING),
    ("not returnable", {"deals": (Deal(5, "o"),)}, 19, S.REWARDED),
    ("lost in time", {"deals": (Deal(5, "o", 18, "x"),)}, 18, S.REJECTED),
    ("lost at the end of the hold", {"deals": (Deal(5, "o", 19, "x"),)}, 19, S.CLAWED_BACK),
    ("never fit", {"deals": (Deal(5, "o", 5, "x"), Deal(6, "p"))}, 30, S.REJECTED),
    ("the next one counts", {"deals": (Deal(6, "p"), Deal(5, "o", 9, "x"))}, 19, S.PENDING),
    ("the next one is paid out", {"deals": (Deal(6, "p"), Deal(5, "o", 9, "x"))}, 20, S.REWARDED),
    ("no second chance afterwards", {"deals": (Deal(5, "o", 19, "x"), Deal(6, "p"))}, 40, S.CLAWED_BACK),
    ("refused from the start", {"refused": "circle", "deals": (Deal(5, "o"),)}, 40, S.REJECTED),
    ("doubted", {"doubts": (1,), "deals": (Deal(5, "o"),)}, 18, S.PENDING),
    ("waits for somebody", {"doubts": (1,), "deals": (Deal(5, "o"),)}, 400, S.QUALIFIED),
    ("doubted too late", {"doubts": (19,), "deals": (Deal(5, "o"),)}, 19, S.REWARDED),
    ("approved before", {"doubts": (1,), "approved_at": 2, "deals": (Deal(5, "o"),)}, 19, S.REWARDED),
    ("approved after", {"doubts": (1,), "approved_at": 50, "deals": (Deal(5, "o"),)}, 49, S.PENDING),
    ("theirs from the approval", {"doubts": (1,), "approved_at": 50, "deals": (Deal(5, "o"),)}, 50, S.REWARDED),
    ("lost while waiting", {"doubts": (1,), "deals": (Deal(5, "o", 99, "x"),)}, 99, S.REJECTED),
    ("one person", {"objections": (Objection(18, "same_email"),), "deals": (Deal(5, "o"),)}, 18, S.REJECTED),
    ("found out too late", {"objections": (Objection(19, "same_email"),), "deals": (Deal(5, "o"),)}, 19, S.REWARDED),
    (
        "fraud is never too late",
        {"objections": (Objection(19, "review", True),), "deals": (Deal(5, "o"),)},
        19,
        S.CLAWED_BACK,
    ),
    ("fraud before anything was bought", {"objections": (Objection(3, "review", True),)}, 3, S.REJECTED),
    (
        "lost, then found out",
        {"objections": (Objection(25, "review", True),), "deals": (Deal(5, "o", 20, "x"),)},
        25,
        S.CLAWED_BACK,
    ),
]


@pytest.mark.parametrize(("case", "at", "state"), [each[1:] for each in EDGES], ids=[each[0] for each in EDGES])
def test_an_edge(case: dict[str, Any], at: int, state: ReferralState) -> None:
    """Every window is half open, and the first cause decides."""
    assert stands(**case).at(at) is state


def test_the_reason_is_kept() -> None:
    """Of a refusal, of an order, of an objection."""
    assert stands(refused="circle").reason == "circle"
    assert stands(deals=(Deal(5, "o", 9, "order_cancelled"),)).reason == "order_cancelled"
    assert stands(objections=(Objection(9, "review", True), Objection(3, "same_email"))).reason == "same_email"
    lost = stands(deals=(Deal(5, "o", 20, "order_refunded"),))
    assert (lost.order, lost.paid_at, lost.vests_at, lost.reason) == ("o", 5, 19, "order_refunded")


days = st.integers(0, 60)
deals = st.builds(
    lambda day, order, lost: Deal(day, order, lost and day + lost, "x"), days, st.sampled_from("op"), st.none() | days
)
cases = st.builds(
    Case,
    touched_at=st.just(0),
    refused=st.sampled_from([None, None, "circle"]),
    deals=st.lists(deals, max_size=3, unique_by=lambda deal: (deal.paid_at, deal.order)).map(tuple),
    objections=st.lists(st.builds(Objection, days, st.just("x"), st.booleans()), max_size=2).map(tuple),
    doubts=st.lists(days, max_size=1).map(tuple),
    approved_at=st.none() | days,
)


@given(cases, st.integers(0, 80))
def test_steps_tell_every_change_and_no_other(case: Case, start: int) -> None:
    """The horizon is sound and tight: compared with asking on every day."""
    found = settle(case, window=WINDOW, hold=HOLD)
    daily = [(day, found.at(day)) for day in range(start, 200)]
    changes = [daily[0], *(now for before, now in pairwise(daily) if before[1] is not now[1])]
    assert found.steps(start) == changes


@given(cases, st.randoms(use_true_random=False))
def test_the_order_of_telling_makes_no_difference(case: Case, rng: Any) -> None:
    """A case is a set of what was said."""
    mixed = Case(
        touched_at=0,
        refused=case.refused,
        deals=tuple(rng.sample(case.deals, len(case.deals))),
        objections=tuple(rng.sample(case.objections, len(case.objections))),
        doubts=case.doubts,
        approved_at=case.approved_at,
    )
    assert settle(mixed, window=WINDOW, hold=HOLD) == settle(case, window=WINDOW, hold=HOLD)
