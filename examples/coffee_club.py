"""A coffee shop's club: points, a level, a promo code, an invited friend, a streak, a raffle that anyone can check.

Run:    python examples/coffee_club.py
Prints: half a year: what the rules did, how Anna paid and sent a part back, her statement in English and Russian.
"""

from fractions import Fraction

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
RULES = load_rules("""
rules = [
  {id = "birthday", trigger = "entering(yearly(customer.birthday, lasting=local_days(1)))", steps = ["Grant('pts', 100)"]},
  {id = "expiring", trigger = "entering(member.expiring('pts', days(7)) >= 50)", steps = ["Send('points-expire')"]},
  {id = "near-gold", trigger = "entering(member.to_next('levels') <= 6000)", steps = ["Send('60-euros-to-gold')"]},
  {id = "gold", trigger = "on(events('level_reached'))", steps = ["IssueCode('gold-10')", "Send('your-code')"]},
  {id = "four-weeks", trigger = "entering(member.streak('weekly') >= 4)", steps = ["Grant('pts', 40, why='game:weeks')"]},
]
""")


def at(day: str) -> str:
    """Return ten o'clock of a day."""
    return f"2026-{day}T10:00:00+00:00"


def lived() -> Engine:
    """Return the shop after half a year."""
    engine, anna = Engine(RULES, club=CLUB, since=at("01-01")), {"customer": "anna"}
    links = referrals.ReferralLinks("friends", SECRET)
    invitation = links.read(links.payload("anna", "story"))  # what the bot is sent by whoever follows Anna's link
    engine.record([Customer(id="anna", registered=at("01-05"), birthday="1990-03-20")])
    engine.record(facts.ReferralLinked.of("friends", "anna", links.token("anna"), at=at("01-06")))
    engine.record(facts.ReferralTouched.of("friends", "bob", invitation.token, source=invitation.source, at=at("02-01")))
    engine.record(Customer(id="bob", registered=at("02-02")))
    for number, (who, day, euros) in enumerate(PAID):
        order = Order(id=f"{number}", customer=who, at=at(day), total=Money(euros * 100, "EUR"))
        engine.record(order)
