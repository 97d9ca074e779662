"""Promo codes over a store: given, held, counted, free again; with the reports about other shops."""

from __future__ import annotations

from itertools import chain, repeat
from typing import Any

import pytest
from attrs import evolve

from retention_engine.clubs.promotions import Limit
from retention_engine.engine.codes import Settled
from retention_engine.engine.codes.books import CODE, COUNTER, ORDER
from retention_engine.engine.codes.telling import use_of
from retention_engine.errors import DefinitionError, FactError
from retention_engine.facts import CodeHeld, CodeIssued, CodeReleased, CodeUsed, OrderDelivered, OrderShipped
from retention_engine.keys import fingerprint
from retention_engine.loyalty.codes import CodeKeys, Gift, Percent, Refusal, Stage, canonical
from retention_engine.loyalty.orders import Status
from retention_engine.timing import DAY, HOUR, MINUTE, days, hours, minutes
from tests.engine._codes import START, basket, codes, engine_of, eur, given, promotion

ONE = [Limit(uses=1)]


def facts_of(service: Any, who: str = "anna") -> list[Any]:
    """Return what is recorded about a customer."""
    return list(engine_of(service).store.facts.of([who])[who])


@pytest.mark.parametrize("link", ["saleor/saleor/issues/544", "vendurehq/vendure/issues/4660"])
def test_b19_one_use_is_used_once(link: str) -> None:
    """k checkouts for one use, in any number of steps. https://github.com/nopSolutions/nopCommerce/issues/6487
    https://github.com/macrozheng/mall/issues/1003 https://github.com/shopperlabs/shopper/issues/510"""
    service = codes(promotion(limits=ONE))
    held = [service.hold(basket(f"{link}{n}", f"c{n}"), ["spring-code"], at=START) for n in range(5)]
    assert [len(one.applied) for one in held] == [1, 0, 0, 0, 0]
    assert {why for one in held[1:] for why in one.refused.values()} == {Refusal.HELD}
    service.capture(f"{link}0", at=START)
    assert service.hold(basket("next"), ["spring-code"], at=START + DAY).refused == {"spring-code": Refusal.USED_UP}


def test_b20_the_own_hold_never_blocks_a_retry() -> None:
    """Hold and pay as often as one likes. https://github.com/woocommerce/woocommerce/issues/27673
    https://github.com/woocommerce/woocommerce/issues/31245 https://github.com/woocommerce/woocommerce/issues/67737"""
    service = codes(promotion(limits=[*ONE, Limit(uses=1, per="customer")], ends=START + 2))
    first = service.hold(basket(), ["spring-code"], at=START)
    for later in (START, START + 1, START + 2, START + 59 * MINUTE):
        assert service.hold(basket(), [" Spring code"], at=later).held_until == first.held_until
    assert len([fact for fact in facts_of(service) if isinstance(fact, CodeHeld)]) == 1
    for _ in range(3):
        assert service.capture("o1", at=START + 59 * MINUTE) == (Settled("spring", Stage.USED),)
        assert service.hold(basket(), ["spring-code"], at=START + DAY).applied == first.applied
    assert len([fact for fact in facts_of(service) if isinstance(fact, CodeUsed)]) == 1


def test_b20_guests_count() -> None:
    """Another account with the same address is the same person. https://github.com/woocommerce/woocommerce/issues/26002
    https://github.com/woocommerce/woocommerce/issues/28592"""
    service = codes(promotion(limits=[Limit(uses=1, per="customer")]))
    service.hold(basket("o1", "anna", identities=["A@b.org", "+49 170"]), ["spring-code"], at=START)
    for who in (["a@B.org"], ["+49-170"]):
        found = service.hold(basket("o2", "guest", identities=who), ["spring-code"], at=START)
        assert found.refused == {"spring-code": Refusal.USED_BY_CUSTOMER}
    assert service.hold(basket("o2", "guest"), ["spring-code"], at=START).applied
    assert service.verify(at=START) == []


def test_b21_a_cancelled_order_gives_its_use_back_by_policy() -> None:
    """Before payment always; after it unless shipped. https://github.com/Sylius/Sylius/issues/10125
    https://github.com/vendurehq/vendure/issues/1466 https://github.com/OpenMage/magento-lts/issues/1031
    https://github.com/chrisjrn/registrasion/issues/1 https://github.com/OCA/sale-promotion/issues/39"""
    for policy, sent, back in (
        ("before_fulfilment", None, True),
        ("before_fulfilment", OrderShipped, False),
        ("before_fulfilment", OrderDelivered, False),
        ("always", OrderShipped, True),
        ("never", None, False),
    ):
        service = codes(promotion(limits=ONE, cancel=policy))
        service.hold(basket(), ["spring-code"], at=START)
        service.capture("o1", at=START)
        if sent is not None:
            engine_of(service).record(sent(id="sent", customer="anna", at=START, order_id="o1"))
        assert service.void("o1", at=START) == (Settled("spring", Stage.ENDED if back else Stage.USED),)
        assert bool(service.hold(basket("o2"), ["spring-code"], at=START).applied) is back
        assert service.verify(at=START) == []


def test_b8_paid_cancelled_paid_ends_like_paid() -> None:
    """The use is counted again, if there is room. https://github.com/odoo/odoo/issues/62767"""
    service = codes(promotion(limits=ONE))
    service.hold(basket(), ["spring-code"], at=START)
    for _ in range(3):
        assert service.capture("o1", at=START) == (Settled("spring", Stage.USED),)
        assert service.void("o1", at=START) == (Settled("spring", Stage.ENDED),)
    service.hold(basket("o2", "bob"), ["spring-code"], at=START)
    assert service.capture("o1", at=START) == (Settled("spring", Stage.ENDED, Refusal.USED_UP),)
    assert service.verify(at=START) == []


def test_b22_a_discount_of_nothing_is_not_counted() -> None:
    """Also of a promotion without codes, which has limits, too. https://github.com/vendurehq/vendure/issues/5278
    https://github.com/vendurehq/vendure/issues/4353"""
    automatic = promotion("auto", automatic=True, vanity=(), discount=Percent(1), limits=ONE)
    service = codes(automatic)
    assert service.hold(basket(amount=99), at=START).passed == {"auto": Refusal.ZERO_DISCOUNT}
    service.capture("o1", at=START)
    assert service.hold(basket("o2", amount=100), at=START).discount == 1
    assert service.hold(basket("o3", "bob"), at=START).passed == {"auto": Refusal.HELD}


def test_b26_a_collision_takes_the_next_code() -> None:
    """Without a loop over what is there. https://github.com/pretix/pretix/issues/2073"""
    service = codes(given())
    first = canonical(service.issue("gift", "anna", "july", at=0)).removeprefix("G1FT")
    derive = CodeKeys.derive
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CodeKeys, "derive", lambda *a, **more: chain([first], derive(*a, **more)))
        other = service.issue("gift", "bob", "july", at=0)
        assert service.issue("gift", "bob", "july", at=9) == other
        assert service.issue("gift", "anna", "july", at=9).replace("-", "") == f"GIFT{first}"
    assert canonical(other) != first
    assert service.verify(at=0) == []


def test_an_abandoned_hold_is_free_at_its_end() -> None:
    """CODE-TIMEOUT: exactly at ``until``, and a payment after it is tried again."""
    service = codes(promotion(limits=ONE, hold=minutes(10)))
    assert service.hold(basket(), ["spring-code"], at=START).held_until == {"spring": START + 10 * MINUTE}
    other = basket("o2", "bob")
    assert not service.hold(other, ["spring-code"], at=START + 10 * MINUTE - 1).applied
    assert service.hold(other, ["spring-code"], at=START + 10 * MINUTE).applied
    assert service.capture("o1", at=START + HOUR) == (Settled("spring", Stage.USED),)
    assert service.capture("o2", at=START + HOUR) == (Settled("spring", Stage.ENDED, Refusal.USED_UP),)
    assert service.capture("o2", at=START + HOUR) == (Settled("spring", Stage.ENDED, Refusal.USED_UP),)
    assert service.capture("nobody", at=START) == ()


def test_a_late_payment_is_looked_at_again() -> None:
    """Window, revocation, budget and the promotion itself; while it is held, none of them."""
    late = START + 2 * HOUR
    for change, why in (
        ("ends", Refusal.EXPIRED),
        ("revoke", Refusal.REVOKED),
        ("gone", Refusal.UNKNOWN),
        ("budget", Refusal.BUDGET_SPENT),
    ):
        limits = [Limit(amount=eur(600))] if change == "budget" else []
        made = given(ends=START + HOUR if change == "ends" else None, limits=limits)
        service = codes(made)
        code, other = (service.issue("gift", who, "july", at=START) for who in ("anna", "bob"))
        service.hold(basket("o1"), [code], at=START)
        service.hold(basket("o0"), [code], at=START)
        if change == "revoke":
            assert service.revoke(code, at=START)
        if change == "budget":
            service.hold(basket("o2", "bob"), [other], at=late - 1)
        if change == "gone":
            service.desk.promotions.clear()
        assert service.capture("o0", at=START) in ((Settled("gift", Stage.USED),), ())
        assert service.capture("o1", at=late) == (Settled("gift", Stage.ENDED, why),), change


def test_what_is_not_asked_for_any_more_is_free() -> None:
    """And does not come back when the order is paid."""
    service = codes(promotion(limits=ONE), promotion("other", discount=Percent(50)))
    service.hold(basket(), ["spring-code"], at=START)
    assert service.hold(basket(), ["other-code"], at=START).discount == 500
    assert service.hold(basket("o2", "bob"), ["spring-code"], at=START).applied
    assert service.capture("o1", at=START) == (Settled("other", Stage.USED), Settled("spring", Stage.DROPPED))
    assert [fact.final for fact in facts_of(service) if isinstance(fact, CodeReleased)] == [True]
    assert service.verify(at=START) == []


def test_a_larger_basket_is_held_anew_until_the_same_end() -> None:
    """And a budget is asked again."""
    service = codes(promotion(discount=Percent(10), limits=[Limit(amount=eur(200)), *ONE]))
    first = service.hold(basket(), ["spring-code"], at=START)
    more = service.hold(basket(amount=2_000), ["spring-code"], at=START + 1)
    assert (more.discount, more.held_until) == (200, first.held_until)
    assert service.hold(basket(amount=2_010), ["spring-code"], at=START + 2).refused == {
        "spring-code": Refusal.BUDGET_SPENT
    }
    assert service.capture("o1", at=START + 3) == (Settled("spring", Stage.DROPPED),)


def test_limits_of_a_period_begin_again() -> None:
    """In the customer's calendar; what was held before midnight and paid after it counts for the day before."""
    service = codes(promotion(limits=[Limit(uses=1, period="day")]), zone="Europe/Berlin")
    evening = START + 9 * HOUR + 59 * MINUTE
    service.hold(basket(), ["spring-code"], at=evening)
    assert not service.hold(basket("o2", "bob"), ["spring-code"], at=evening).applied
    assert service.hold(basket("o2", "bob"), ["spring-code"], at=evening + MINUTE).applied
    service.settle({"o1": Status.PAID, "o2": Status.PAID}, at=evening + 2 * MINUTE)
    assert service.hold(basket("o3"), ["spring-code"], at=evening + DAY + MINUTE).applied
    assert service.verify(at=evening) == []


def test_codes_are_found_however_they_are_typed() -> None:
    """Small letters, blanks, look-alikes; another prefix is another code; two spellings are one code."""
    service = codes(given())
    code = service.issue("gift", "anna", "july", at=START)
    for typed in (code.lower(), code.replace("-", " "), code.replace("G", "g").replace("0", "O")):
        assert service.quote(basket(), [typed, code], at=START).discount == 500
    wrong = code.replace("GIFT", "GIFX")
    assert service.quote(basket(), [wrong], at=START).refused == {wrong: Refusal.UNKNOWN}
    assert service.quote(basket(), [code[5:]], at=START).refused == {code[5:]: Refusal.UNKNOWN}


def test_one_promotion_is_used_once_by_an_order() -> None:
    """The code that the order holds goes first, then the first one."""
    service = codes(given())
    both = [service.issue("gift", "anna", occasion, at=START) for occasion in ("a", "b")]
    for held in both:
        order = basket(f"of {held}")
        assert service.hold(order, [held], at=START).discount == 500
        found = service.hold(order, both, at=START)
        other = next(code for code in both if code != held)
        assert (found.discount, found.refused) == (500, {other: Refusal.NOT_COMBINABLE})
        service.void(order.order, at=START)


def test_a_bearer_code_is_used_by_anybody_and_its_owner_is_told() -> None:
    """A bound one by its customer only."""
    service = codes(given(bound=False), given("mine", prefix="MINE"))
    code, mine = service.issue("gift", "anna", "july", at=START), service.issue("mine", "anna", "july", at=START)
    assert (len(canonical(code)), len(canonical(mine))) == (17, 15)
    found = service.hold(basket("o1", "bob"), [code, mine], at=START)
    assert (found.discount, found.refused) == (500, {mine: Refusal.BOUND})
    (hers,) = (fact for fact in facts_of(service) if isinstance(fact, CodeHeld))
    (his,) = (fact for fact in facts_of(service, "bob") if isinstance(fact, CodeHeld))
    assert (hers.user, his.user, his.owner) == ("bob", None, "anna")
    assert use_of(hers) == use_of(his)
    assert service.verify(at=START) == []


def test_a_code_has_its_own_end_and_a_grace_after_a_cancelled_order() -> None:
    """``valid_for`` from when it was given; ``reissue_grace`` from when it came back."""
    service = codes(given(valid_for=days(1), reissue_grace=hours(5)), promotion(reissue_grace=hours(5)))
    code = service.issue("gift", "anna", "july", at=START)
    assert facts_of(service)[0].ends == START + DAY
    service.hold(basket(), [code], at=START)
    service.capture("o1", at=START)
    service.void("o1", at=START)
    assert facts_of(service)[-1].grace is None
    service.capture("o1", at=START)
    service.void("o1", at=START + DAY)
    assert facts_of(service)[-1].grace == START + DAY + 5 * HOUR
    assert service.quote(basket("o2"), [code], at=START + DAY + 5 * HOUR - 1).discount == 500
    assert service.quote(basket("o2"), [code], at=START + DAY + 5 * HOUR).refused == {code: Refusal.EXPIRED}
    service.hold(basket("o3"), ["spring-code"], at=START)
    service.capture("o3", at=START)
    assert service.void("o3", at=START) == (Settled("spring", Stage.ENDED),)


def test_codes_are_taken_back() -> None:
    """One, those of an occasion, all of a promotion; each once."""
    service = codes(given(), given("other", prefix="O"))
    people = ["anna", "bob", "carl"]
    july, june = (service.issue_all("gift", people, month, at=START) for month in ("july", "june"))
    other = service.issue("other", "anna", "july", at=START)
    assert [service.revoke(july["anna"], at=START) for _ in range(2)] == [True, False]
    assert service.revoke("GIFT-0000-0000-000", at=START) is False
    assert service.revoke_all("gift", "july", at=START) == 2
    assert service.quote(basket("q", "bob"), [july["bob"]], at=START).refused == {july["bob"]: Refusal.REVOKED}
    assert service.quote(basket("q", "bob"), [june["bob"]], at=START).discount == 500
    assert service.revoke_all("gift", at=START) == 3
    assert service.quote(basket(), [other], at=START).discount == 500
    with pytest.raises(DefinitionError, match="did you mean 'gift'"):
        service.revoke_all("gitf", at=START)


def test_a_text_is_no_list_of_customers() -> None:
    """Nobody called "a" or "n" gets a code."""
    service = codes(given())
    with pytest.raises(DefinitionError, match=r"customers is a list such as \['anna'\], not the text 'anna'"):
        service.issue_all("gift", "anna", "july", at=START)
    assert engine_of(service).store.roster.customers("", 9) == []


def test_keys_change_and_codes_stay() -> None:
    """What an old key has issued is found, and given again."""
    store = engine_of(codes(given())).store
    old = codes(given(), store=store).issue("gift", "anna", "july", at=START)
    both = CodeKeys({"one": b"k" * 32, "two": b"n" * 32}, current="two")
    renewed = codes(given(), store=store, keys=both)
    assert renewed.issue("gift", "anna", "july", at=START) == old
    assert renewed.issue("gift", "bob", "july", at=START) != codes(given()).issue("gift", "bob", "july", at=START)
    assert renewed.quote(basket(), [old], at=START).discount == 500


def test_s10_five_wrong_codes_lock_for_an_hour() -> None:
    """Different ones; the answer stays the same, and what an order holds stays held."""
    service = codes(given(), promotion(limits=ONE))
    good = service.issue("gift", "anna", "july", at=START)
    service.hold(basket("held"), ["spring-code"], at=START)
    for number in range(5):
        for _ in range(3 if number < 4 else 1):
            found = service.quote(basket(), [f"wrong-{number}"], at=START + number * MINUTE)
            assert found.refused == {f"wrong-{number}": Refusal.UNKNOWN}
    locked = service.quote(basket(), [good, "wrong-9"], at=START + 10 * MINUTE)
    assert locked.refused == {good: Refusal.LOCKED, "wrong-9": Refusal.LOCKED}
    assert set(locked.answers("ru").values()) == {"Такой промокод не действует."}
    assert service.hold(basket("held"), ["spring-code"], at=START + 10 * MINUTE).applied
    assert service.quote(basket(), [good], at=START + 10 * MINUTE, asker="another session").applied
    assert service.quote(basket(), [good], at=START + HOUR).applied


def test_a_guest_can_ask_but_not_hold() -> None:
    """Facts are about customers: an order without one holds nothing."""
    service = codes(promotion(), promotion("auto", automatic=True, vanity=(), discount=Gift("mug")))
    nobody = basket(who=None)
    assert service.quote(nobody, ["spring-code"], at=START).discount == 100
    held = service.hold(nobody, ["spring-code", "x"], at=START)
    assert (held.applied, held.refused) == ((), {"spring-code": Refusal.NEEDS_IDENTITY, "x": Refusal.UNKNOWN})
    assert service.capture("o1", at=START) == ()


def test_an_order_that_was_paid_takes_nothing_more() -> None:
    """What it used is shown again; other codes come too late."""
    service = codes(promotion(combines_with=["order"]), promotion("other", combines_with=["order"]))
    service.hold(basket(), ["spring-code"], at=START)
    service.capture("o1", at=START)
    found = service.hold(basket(), ["spring-code", "other-code", "x"], at=START)
    assert [one.id for one in found.applied] == ["spring"]
    assert found.refused == {"other-code": Refusal.NOT_COMBINABLE, "x": Refusal.UNKNOWN}


def test_a_first_order_code_is_held_by_one_basket() -> None:
    """Two open baskets of one new customer are not both the first order; what is free again, the other may have."""
    service, when = codes(promotion(first_order=True)), START
    one, other = basket("o1"), basket("o2")

    def counts(checkout: Any, at: int) -> bool:
        found = service.hold(checkout, ["spring-code"], at=at)
        assert found.applied or found.refused == {"spring-code": Refusal.NOT_FIRST_ORDER}
        return bool(found.applied)

    assert [counts(each, when) for each in (one, other, one, basket("o3", "bob"))] == [True, False, True, True]
    assert counts(other, when + HOUR)
    assert not counts(one, when + HOUR)
    service.void("o2", at=when + HOUR)
    assert counts(one, when + HOUR)
    assert service.capture("o1", at=when + HOUR) == (Settled("spring", Stage.USED),)
    assert service.capture("o2", at=when + HOUR) == (Settled("spring", Stage.ENDED, Refusal.USED_UP),)
    service.void("o1", at=when + HOUR)
    assert counts(other, when + HOUR)
    assert service.verify(at=when + HOUR) == []


def test_two_that_go_together_are_both_held() -> None:
    """A third that does not is refused, whatever is typed first."""
    both = [promotion(name, combines_with=["order"]) for name in ("a-1", "b-1")]
    service = codes(*both, promotion("alone", exclusive=True))
    typed = ["alone-code", "b-1-code", "a-1-code"]
    for number, texts in enumerate((typed, typed[::-1])):
        found = service.hold(basket(f"o{number}"), texts, at=START)
        assert [one.id for one in found.applied] == ["a-1", "b-1"]
        assert found.refused == {"alone-code": Refusal.NOT_COMBINABLE}


def test_a_placed_order_is_left_alone() -> None:
    """And an order nobody knows."""
    service = codes(promotion())
    service.hold(basket(), ["spring-code"], at=START)
    with engine_of(service).exclusively():
        assert service.desk.settle({"o1": Status.PLACED}, at=START) == {"o1": (Settled("spring", Stage.HELD),)}
        assert service.desk.settle_order("nobody", Status.PAID, START) == ()


def test_verify_finds_what_does_not_agree() -> None:
    """A counter, an order and a code that somebody changed."""
    service = codes(promotion(limits=ONE), given())
    code = service.issue("gift", "anna", "july", at=START)
    service.hold(basket(), ["spring-code"], at=START)
    assert service.verify(at=START) == []
    counter = COUNTER + fingerprint("spring\npromotion\n\n\n")
    settings = engine_of(service).store.settings
    for name, text in ((counter, "[1,0,{}]"), (f"{ORDER}o1", '["anna",[]]')):
        good = settings.get(name)
        assert good is not None
        with engine_of(service).exclusively():
            settings.put(name, text)
        assert len(service.verify(at=START)) == 1
        with engine_of(service).exclusively():
            settings.put(name, good)
    lost = CodeIssued(id="x", customer="bob", at=0, code="C", promotion="gift", text="C", occasion="x")
    engine_of(service).record(lost)
    (breach,) = service.verify(at=START)
    assert (breach.law, breach.key, breach.text) == ("codes", "x", "is a code that was given and is not known")
    assert settings.get(CODE + canonical(code).removeprefix("G1FT")) is not None


@pytest.mark.parametrize(
    "wrong",
    [
        lambda service: service.hold(basket(), "spring-code", at=START),
        lambda service: service.hold(basket(), [5], at=START),
        lambda service: service.hold(basket(), list(repeat("x", 21)), at=START),
        lambda service: service.issue("gfit", "anna", "x", at=START),
        lambda service: service.issue("auto", "anna", "x", at=START),
        lambda service: codes(promotion(), promotion()),
        lambda service: codes(promotion(), promotion("other", vanity=["SPRING CODE"])),
    ],
    ids=["text", "number", "many", "unknown", "automatic", "same-id", "same-code"],
)
def test_wrong_use_is_refused(wrong: Any) -> None:
    """With one kind of error for each."""
    service = codes(promotion(), given(), promotion("auto", automatic=True, vanity=()))
    with pytest.raises((FactError, DefinitionError)):
        wrong(service)


def test_a_promotion_that_became_automatic_has_no_codes_any_more() -> None:
    """Codes given before are unknown."""
    service = codes(given())
    code = service.issue("gift", "anna", "july", at=START)
    later = codes(evolve(given(limits=()), automatic=True), store=engine_of(service).store)
    found = later.quote(basket(), [code], at=START)
    assert (found.discount, found.refused) == (500, {code: Refusal.UNKNOWN})
