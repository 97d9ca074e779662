"""Rewards of referrals that are promo codes: given and taken back in the commit that looks at the facts."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine import Customer, Engine, Money, Order, days
from retention_engine.clubs import Checkout, Club, Promotion, ReferralProgramme
from retention_engine.facts import (
    CodeIssued,
    CodeRevoked,
    Line,
    OrderPaid,
    OrderRefunded,
    ReferralJudged,
    ReferralLinked,
    ReferralTouched,
)
from retention_engine.loyalty.codes import CodeKeys, Percent
from retention_engine.loyalty.referrals import CodeReward
from retention_engine.timing import DAY, to_instant


def test_codes_are_given_and_taken_back() -> None:
    """The friend's at the sign-up, the advocate's when the order cannot be returned; a late refund takes it back."""
    friends = ReferralProgramme(id="friends", advocate=CodeReward("thanks"), friend=CodeReward("hello"), hold=days(14))
    promotions = [Promotion(id="thanks", discount=Percent(10)), Promotion(id="hello", discount=Percent(20))]
    keys = CodeKeys({"a": b"k" * 32}, current="a")
    at = to_instant("2026-03-02T09:00:00Z")
    club = Club(promotions=promotions, referrals=[friends], keys=keys)
    with Engine([], club=club, since=at - DAY) as engine:

        def given(customer: str, kind: type[Any] = CodeIssued) -> list[tuple[str, int]]:
            facts = engine.store.facts.of([customer])[customer]
            return [(fact.promotion, (fact.effective - at) // DAY) for fact in facts if isinstance(fact, kind)]

        engine.record(ReferralLinked.of("friends", "anna", "T" * 10, at=at - 1))
        engine.record([ReferralTouched.of("friends", "bob", "T" * 10, at=at), Customer(id="bob", registered=at + 1)])
        engine.record(Order(id="o", customer="bob", at=at + 3 * DAY, total=Money(4_500, "EUR")))
        engine.advance(at + 30 * DAY)
        assert (given("bob"), given("anna")) == ([("hello", 0)], [("thanks", 17)])
        assert engine.verify() == []
        engine.record(OrderRefunded(id="r", customer="bob", at=at + 40 * DAY, order_id="o"))
        engine.advance(at + 60 * DAY)
        assert (given("anna", CodeRevoked), given("anna")) == ([("thanks", 40)], [("thanks", 17)])
        assert engine.verify() == []


@pytest.mark.parametrize("used", [False, True], ids=["unused", "used"])
def test_a_reward_that_is_due_again_brings_a_code_that_counts(used: bool) -> None:
    """The first one was taken back and stays so; one that was used before is not replaced."""
    friends = ReferralProgramme(id="friends", advocate=CodeReward("thanks"))
    keys = CodeKeys({"a": b"k" * 32}, current="a")
    club = Club(promotions=[Promotion(id="thanks", discount=Percent(10))], referrals=[friends], keys=keys)
    at = to_instant("2026-03-02T09:00:00Z")
    checkout = Checkout(order="mine", customer="anna", lines=[Line(sku="tea", price=Money(1_000, "EUR"))])
    with Engine([], club=club, since=at - DAY) as engine:

        def codes(kind: type[Any] = CodeIssued) -> list[Any]:
            return [fact for fact in engine.store.facts.of(["anna"])["anna"] if isinstance(fact, kind)]

        engine.record(ReferralLinked.of("friends", "anna", "T" * 10, at=at))
        engine.record(
            [ReferralTouched.of("friends", "bob", "T" * 10, at=at + 1), Customer(id="bob", registered=at + 2)]
        )
        engine.record(Order(id="o", customer="bob", at=at + 3, total=Money(4_500, "EUR")))
        engine.advance(at + 40 * DAY)
        if used:
            assert engine.codes.hold(checkout, [codes()[0].text], at=at + 40 * DAY).applied
            engine.record(OrderPaid(id="p", customer="anna", at=at + 40 * DAY + 1, order_id="mine"))
        for day, verdict in ((41, "rejected"), (43, "approved"), (45, "rejected"), (47, "approved")):
            judged = {"id": f"j{day}", "customer": "bob", "programme": "friends", "verdict": verdict}
            engine.record(ReferralJudged(at=at + day * DAY, **judged))
            engine.advance(at + (day + 1) * DAY)
            standing = {fact.code for fact in codes()} - {fact.code for fact in codes(CodeRevoked)}
            assert len(standing) == (verdict == "approved" and not used)
        occasions = [fact.occasion for fact in codes()]
        first = "ref:friends:bob:advocate"
        assert occasions == ([first] if used else [first, f"{first}:2", f"{first}:3"])
        applied = engine.codes.quote(checkout, [codes()[-1].text], at=at + 50 * DAY).applied
        assert used or applied
        assert engine.verify() == []
