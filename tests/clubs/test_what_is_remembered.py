"""What a club needs to be remembered of a customer: what its conditions and measures ask, and nothing more."""

from __future__ import annotations

from retention_engine import item, orders, reviews
from retention_engine.clubs import (
    Achievement,
    Bonus,
    Club,
    CustomMetric,
    Earning,
    Programme,
    Promotion,
    SpendMetric,
    Streak,
    Tiers,
    per_money,
)
from retention_engine.clubs.achievements import COMPLETED
from retention_engine.clubs.levels import REACHED
from retention_engine.loyalty import Unit
from retention_engine.loyalty.codes import CodeKeys, Percent
from retention_engine.loyalty.games import Mission
from retention_engine.loyalty.tiers import Level, TierProgramme
from retention_engine.predicates import carts, visits

ALWAYS = {REACHED, "orders"}
LEVELS = TierProgramme(name="tiers", levels=[Level("base", entry=0)])


def programme(**more: object) -> Programme:
    """Return a programme."""
    words: dict[str, object] = {"id": "club", "unit": Unit("pts"), "currency": "EUR", **more}
    return Programme(**words)  # type: ignore[arg-type] # checked by the class


def test_a_club_of_points_needs_little() -> None:
    """Orders earn by their drafts, levels count by them, too: no lines, no events."""
    club = Club(programmes=[programme(earning=[Earning("base", per_money(1, 100), lines=[item.sku == "a"])])])
    assert club.reads() == ALWAYS
    assert Club(tiers=[Tiers(programme=LEVELS, metric=SpendMetric("EUR"))]).reads() == ALWAYS


def test_every_condition_and_measure_is_remembered() -> None:
    """Of programmes, promotions, achievements, missions and streaks."""
    bonus = Bonus("b", on="reviewed", amount=1, when=reviews.count() >= 2)
    assert Club(programmes=[programme(bonuses=[bonus])]).reads() == ALWAYS | {"reviews"}
    who = Promotion(id="p", discount=Percent(10), who=visits.count() >= 3)
    keys = CodeKeys({"a": b"k" * 32}, current="a")
    assert Club(promotions=[who], keys=keys).reads() == ALWAYS | {"visits"}
    three = Achievement(id="three", measure=carts.count(), target=3)
    assert Club(achievements=[three]).reads() == ALWAYS | {"carts", COMPLETED}
    assert Club(missions=[Mission(id="m", steps=[three])]).reads() == ALWAYS | {"carts", COMPLETED}
    assert Club(streaks=[Streak(id="s", records=visits, period="day")]).reads() == ALWAYS | {"visits", "customer.zone"}


def test_a_function_may_look_at_everything() -> None:
    """Nobody knows what it asks."""
    metric = CustomMetric(lambda history, at, where: ())
    assert Club(tiers=[Tiers(programme=LEVELS, metric=metric)]).reads() is None
    assert orders.count().reads() == {"orders"}
