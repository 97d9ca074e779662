"""Bad input to a club: one clear, typed error or a fact that waits, and nothing half-applied."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from retention_engine import Engine, Line, Money, Order, Rule, on, orders
from retention_engine.clubs import Checkout, Club, Earning, Programme, Promotion, ReferralProgramme, per_money
from retention_engine.errors import DefinitionError, FactError, LedgerError, RetentionError, TokenError
from retention_engine.facts import LedgerPosted, OrderPlaced, OrderRefunded, to_json
from retention_engine.loyalty import AT_ONCE, Adjust, Earn, OpenHold, Redeem, Transfer, Unit
from retention_engine.loyalty.codes import CodeKeys, Percent, Refusal
from retention_engine.loyalty.referrals import ReferralLinks
from retention_engine.rules import Grant
from retention_engine.timing import DAY, HOUR, to_instant

NOW = to_instant("2026-03-01T10:00:00Z")
PTS = Unit("pts")
BASE = Programme(id="club", unit=PTS, currency="EUR", earning=[Earning("base", per_money(1, 100), vesting=AT_ONCE)])
CLUB = Club(
    programmes=[BASE],
    promotions=[Promotion(id="spring", discount=Percent(10))],
    referrals=[ReferralProgramme(id="friends")],
    keys=CodeKeys({"a": b"k" * 32}, current="a"),
)
ANNA, BOB = BASE.account("anna"), BASE.account("bob")
WORDS: dict[str, Any] = {"key": "k", "account": ANNA, "at": NOW + HOUR}


def order(name: str = "o1", total: int = 10_000, *, at: int = NOW, currency: str = "EUR") -> Order:
    """Return an order of Anna's."""
    return Order(id=name, customer="anna", at=at, lines=[Line(sku="a", price=Money(total, currency))])


def refund(name: str, amount: int | None, *, at: int = NOW + DAY, currency: str = "EUR") -> OrderRefunded:
    """Return a refund of an order."""
    money = None if amount is None else Money(amount, currency)
    return OrderRefunded(id=f"r-{name}-{amount}", customer="anna", at=at, order_id=name, amount=money)


@pytest.fixture
def shop() -> Engine:
    """Return a shop in which Anna has 100 points."""
    engine = Engine([], club=CLUB, since=NOW - DAY)
    engine.record(order())
    engine.advance(NOW + 1)
    return engine


def everything(engine: Engine) -> list[str]:
    """Return all facts as text."""
    return [to_json(fact) for facts in engine.store.facts.of(["anna", "bob"]).values() for fact in facts]


AMOUNTS: list[Any] = [0, -1, 1.5, 5.0, True, "5", None, 10**16, Fraction(5)]


@pytest.mark.parametrize("amount", AMOUNTS, ids=repr)
@pytest.mark.parametrize(
    "make",
    [
        lambda amount: Earn(**WORDS, amount=amount),
        lambda amount: Redeem(**WORDS, amount=amount, purpose="x"),
        lambda amount: OpenHold(**WORDS, amount=amount, purpose="x"),
        lambda amount: Transfer(**WORDS, amount=amount, to=BOB),
    ],
    ids=["earn", "redeem", "hold", "transfer"],
)
def test_an_amount_is_a_whole_number_above_zero(shop: Engine, make: Callable[[Any], Any], amount: Any) -> None:
    """Negative, zero, float, text: refused where the command is written, before anything is asked of the store."""
    before = everything(shop)
    with pytest.raises(LedgerError, match="an amount is a whole number from 1 to") as caught:
        shop.cashier.do(make(amount))
    assert caught.value.code == "bad_amount"
    assert everything(shop) == before


@pytest.mark.parametrize("amount", [each for each in AMOUNTS if each != -1], ids=repr)
def test_an_adjustment_goes_up_or_down_but_is_whole(shop: Engine, amount: Any) -> None:
    """Minus one is fine there; a half is not."""
    with pytest.raises(LedgerError, match="an amount is a whole number"):
        shop.cashier.do(Adjust(**WORDS, amount=amount, reason="sorry"))


@pytest.mark.parametrize("amount", [each for each in AMOUNTS if each is not None], ids=repr)
def test_a_rule_grants_whole_numbers(amount: Any) -> None:
    """Refused where the rule is written."""
    with pytest.raises(DefinitionError, match="amount is a whole number of minor units"):
        Rule("r", on(orders), Grant("pts", amount))


def test_money_of_another_currency_concerns_another_programme(shop: Engine) -> None:
    """An order in dollars earns nothing; a cart in dollars is refused with both currencies; so is a mixed order."""
    shop.record(order("o2", 50_000, currency="USD"))
    shop.advance(NOW + DAY)
    assert shop.cashier.balance("anna", "pts", at=NOW + DAY).available == 100
    with pytest.raises(DefinitionError, match="the cart is in USD, the programme in EUR"):
        shop.cashier.preview("anna", "pts", order("x", currency="USD").lines, at=NOW + DAY)
    with pytest.raises(FactError, match="is in USD, the total in EUR"):
        Order(id="o3", customer="anna", at=NOW, lines=order("x", currency="USD").lines, total=Money(1, "EUR"))
    shop.record(refund("o1", 5_000, currency="USD"))
    assert shop.cashier.balance("anna", "pts", at=NOW + DAY).available == 100


def test_negative_prices_and_totals_are_refused() -> None:
    """At the door of the facts."""
    with pytest.raises(FactError, match="price is Money of zero or more"):
        Line(sku="a", price=Money(-1, "EUR"))
    with pytest.raises(FactError, match="total is zero or more"):
        Order(id="o", customer="anna", at=NOW, total=Money(-1, "EUR"))
    with pytest.raises(FactError, match="whole number of minor units"):
        Money(1.5, "EUR")  # type: ignore[arg-type]  # what is tested


def test_a_refund_of_an_unknown_order_waits_for_it(shop: Engine) -> None:
    """It is kept, changes nothing, and counts as soon as the order is known: in either order the same comes out."""
    shop.record(refund("o2", 2_500))
    shop.advance(NOW + 2 * DAY)
    assert shop.cashier.balance("anna", "pts", at=NOW + 2 * DAY).available == 100
    shop.record(order("o2", at=NOW + HOUR))
    shop.advance(NOW + 3 * DAY)
    assert shop.cashier.balance("anna", "pts", at=NOW + 3 * DAY).available == 100 + 75
    assert shop.verify() == []


@pytest.mark.parametrize("amounts", [(10_001,), (6_000, 6_000), (10_000, 1), (None, 500), (500, None, None)], ids=str)
def test_a_refund_larger_than_the_order_takes_all_and_no_more(shop: Engine, amounts: tuple[int | None, ...]) -> None:
    """What the order had earned is gone, never more; the points of another order stay."""
    shop.record(order("o2", 5_000, at=NOW + HOUR))
    for number, amount in enumerate(amounts):
        made = refund("o1", amount, at=NOW + (number + 1) * DAY)
        shop.record(made if number == 0 else OrderRefunded(**{**words_of(made), "id": f"again-{number}"}))
    shop.advance(NOW + 9 * DAY)
    assert shop.cashier.balance("anna", "pts", at=NOW + 9 * DAY) == (0, 50, 0, 0)
    assert shop.verify() == []


def words_of(fact: OrderRefunded) -> dict[str, Any]:
    """Return the fields of a refund."""
    return {"customer": fact.customer, "at": fact.at, "order_id": fact.order_id, "amount": fact.amount}


@pytest.mark.parametrize("text", ["", " ", "0OIL-1111-1111Z", "SPRING-XXXX", "Ж" * 13, "\x00", "a" * 5_000, "💥"])
def test_a_code_with_typos_is_refused_in_words(shop: Engine, text: str) -> None:
    """No error, no discount, nothing held: a typed reason for the shop, one public answer for the customer."""
    before = everything(shop)
    basket = shop.codes.hold(Checkout(order="o2", customer="anna", lines=order("o2").lines), [text], at=NOW + HOUR)
    assert (basket.discount, list(basket.refused.values())) == (0, [Refusal.UNKNOWN])
    assert everything(shop) == before


def test_a_mistyped_letter_is_found_out_or_read_as_meant(shop: Engine) -> None:
    """O for 0 and I for 1 mean the same code; any other letter is none."""
    code = shop.codes.issue("spring", "anna", "test", at=NOW)
    checkout = Checkout(order="o2", customer="anna", lines=order("o2").lines)
    for place, letter in enumerate(code):
        for other in "0AZ":
            wrong = code[:place] + other + code[place + 1 :]
            if letter not in "-" and letter != other:
                assert shop.codes.quote(checkout, [wrong], at=NOW + place * DAY + DAY).discount == 0
    assert shop.codes.quote(checkout, [code.lower().replace("0", "O").replace("1", "l")], at=NOW).discount == 1_000


@pytest.mark.parametrize("text", ["", "x", "A" * 16, "A" * 64, "..", "T" * 10 + "_story", "Ж" * 20, "a" * 10_000])
def test_a_forged_referral_link_is_refused(text: str) -> None:
    """One typed error, whatever is wrong with it."""
    links = ReferralLinks("friends", b"s" * 32)
    with pytest.raises(TokenError):
        links.read(text)


def test_a_tampered_referral_link_is_refused() -> None:
    """Another token under somebody's tag, another source, a link of another programme or secret."""
    links = ReferralLinks("friends", b"s" * 32)
    payload = links.payload("anna", "story")
    assert links.read(payload).token == links.token("anna")
    others = [
        links.token("bob") + payload[len(links.token("anna")) :],
        payload.replace("_story", "_other"),
        ReferralLinks("other", b"s" * 32).payload("anna", "story"),
        ReferralLinks("friends", b"t" * 32).payload("anna", "story"),
    ]
    for each in others:
        with pytest.raises(TokenError):
            links.read(each)


def test_unknown_names_are_told_with_the_nearest(shop: Engine) -> None:
    """A unit, a hold, a grant, an order that was never held."""
    for make in (
        lambda: shop.cashier.balance("anna", "pt", at=NOW),
        lambda: shop.codes.issue("sprong", "anna", "x", at=NOW),
    ):
        with pytest.raises(DefinitionError, match="did you mean"):
            make()
    assert shop.codes.capture("never", at=NOW) == ()


def test_a_batch_with_one_bad_part_leaves_nothing(shop: Engine) -> None:
    """A fact that conflicts with a known one: nothing of the batch is stored, nothing is earned."""
    before = everything(shop)
    with pytest.raises(RetentionError):
        shop.record([order("o2", at=NOW + HOUR), OrderPlaced.of(order("o1", 99_999))])
    assert everything(shop) == before
    shop.advance(NOW + 2 * DAY)
    posted = [fact for fact in shop.store.facts.of(["anna"])["anna"] if isinstance(fact, LedgerPosted)]
    assert [fact.amount for fact in posted] == [100]
