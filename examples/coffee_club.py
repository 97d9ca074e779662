"""A coffee shop's club: points, a level, a promo code, an invited friend, a streak, a raffle that anyone can check.

Run:    python examples/coffee_club.py
Prints: half a year: what the rules did, how Anna paid and sent a part back, her statement in English and Russian.
"""

from fractions import Fraction
from pathlib import Path

from retention_engine import Customer, Engine, Line, Money, Order, days, facts, item, visits
from retention_engine import clubs as cl
from retention_engine import loyalty as lo
from retention_engine.loyalty import codes, earning, games, referrals, tiers
from retention_engine.rules import load_rules

POINTS, LASTS, SECRET = lo.Unit("pts"), lo.Lasts(months=3), b"32 bytes of secrets.token_bytes."  # keep yours elsewhere
BASE = cl.Earning("base", cl.per_money(1, 100), multipliers={"Gold": 2}, validity=LASTS)  # 1 per euro, after 14 days
REVIEW = cl.Bonus("review", on="reviewed", amount=50, where=[item.score >= 4], validity=LASTS)
PAYS = earning.Spending(point_value=Fraction(5), max_coverage=Fraction(1, 2))  # 5 cents each, up to half an order
LEVELS = tiers.TierProgramme(name="levels", levels=[tiers.Level("Base", 0), tiers.Level("Gold", 300_00)])
CLUB = cl.Club(
    programmes=[cl.Programme(id="club", unit=POINTS, currency="EUR", earning=[BASE], bonuses=[REVIEW], spending=PAYS)],
    tiers=[cl.Tiers(programme=LEVELS, metric=cl.SpendMetric("EUR"), pending=days(14))],
    promotions=[cl.Promotion(id="gold-10", discount=codes.Percent(10), prefix="GOLD", valid_for=days(60))],
    referrals=[cl.ReferralProgramme(id="friends", advocate=referrals.UnitsReward(POINTS, 100))],
    streaks=[cl.Streak(id="weekly", records=visits, period="week")],
    keys=codes.CodeKeys({"2026": SECRET}, current="2026"),
)


def at(day: str) -> str:
    """Return ten o'clock of a day."""
    return f"2026-{day}T10:00:00+00:00"


def order(name: str, who: str, day: str, *euros: int, off: int = 0) -> Order:
    """Return an order of bags of coffee; ``off`` is a discount in cents."""
    lines = [Line(sku=f"bag-{each}", price=Money(each * 100, "EUR")) for each in euros]
    return Order(id=name, customer=who, at=at(day), lines=lines, total=Money(sum(euros) * 100 - off, "EUR"))


def story(shop: Engine) -> None:
    """Tell of Anna, who brings Bob, reaches Gold, pays with a code and points, and may win the raffle."""
    links = referrals.ReferralLinks("friends", SECRET)
    sent = links.read(links.payload("anna", "story"))  # what the bot is told by whoever follows her link
    shop.record([Customer(id="anna", registered=at("01-05"), birthday="1990-03-20"), order("1", "anna", "01-10", 120)])
    shop.record(facts.ReferralLinked.of("friends", "anna", links.token("anna"), at=at("01-06")))
    shop.record(facts.ReferralTouched.of("friends", "bob", sent.token, source=sent.source, at=at("02-01")))
    shop.record([Customer(id="bob", registered=at("02-02")), order("2", "bob", "02-03", 20)])
    shop.record([order("3", "anna", "02-01", 130), order("4", "anna", "03-01", 60)])
    shop.record(facts.Reviewed(id="r1", customer="anna", at=at("01-12"), score=5))
    for day in ("02-02", "02-10", "02-17", "02-24"):
        shop.record(facts.Visited(id=f"v{day}", customer="anna", at=at(day)))
    print(*shop.advance(at("04-02")), sep="\n")
    # templates find it as the attribute code_gold_10
    code = next(each for each in shop.store.facts.of(["anna"])["anna"] if isinstance(each, facts.CodeIssued)).text
    cart = order("5", "anna", "04-02", 80, 20)
    basket = shop.codes.hold(cl.Checkout(order="5", customer="anna", lines=cart.lines), [code], at=cart.at)
    cart = order("5", "anna", "04-02", 80, 20, off=basket.discount)
    pays = shop.cashier.preview("anna", "pts", cart.lines, at=cart.at, total=cart.total, asked=400).spend
    shop.cashier.hold("anna", "pts", pays.units, order="5", at=cart.at)
    shop.record(cart)  # paid: the code is used, and so are the points
    print(f"{code} takes off {basket.discount} cents, {pays.units} points pay {pays.worth}")
    shop.record(facts.OrderRefunded(id="b5", order_id="5", customer="anna", at=at("04-05"), amount=Money(1800, "EUR")))
    print(*shop.advance(at("07-12")), sep="\n")
    july = {"opens_at": at("06-01"), "closes_at": at("07-01"), "beacon": "drand, 2 July", "beacon_at": at("07-02")}
    raffle = games.Raffle(id="july", prizes=["an espresso machine"], commitment=games.commitment(SECRET), **july)
    tickets = games.Tickets.freeze(shop.cashier.holders("pts", at=at("07-01")))
    proof = games.proof(raffle, tickets, server_seed=SECRET, beacon_value="8f1c5a")
    print(*[f"{win.customer} wins {win.prize}" for win in games.verify_proof(proof).winners])


if __name__ == "__main__":
    engine = Engine(load_rules(Path(__file__).with_suffix(".toml").read_text("utf-8")), club=CLUB, since=at("01-01"))
    story(engine)
    for language in ("en", "ru"):
        print(lo.statement_table(engine.cashier.state("anna", "pts", at=at("07-12")), language=language))
    print("faults:", engine.verify())
