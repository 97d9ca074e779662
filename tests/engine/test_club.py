"""An engine with a club: rules that grant and ask, refusals that are told, launches, and what verify finds."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from retention_engine import (
    Engine,
    Line,
    Money,
    Order,
    Rule,
    Send,
    backtest,
    days,
    decide,
    entering,
    events,
    on,
    orders,
)
from retention_engine.actions import Outcome
from retention_engine.arbitration import ALLOW, HoldWhile, Message, Policy, Ruling, Situation, Stage
from retention_engine.clubs import (
    Achievement,
    Bonus,
    Checkout,
    Club,
    CustomMetric,
    EarnedMetric,
    Earning,
    Mission,
    Programme,
    Promotion,
    SpendMetric,
    Tiers,
    books,
    per_money,
)
from retention_engine.clubs.giving import NoCodes
from retention_engine.errors import DefinitionError, FactConflict
from retention_engine.facts import (
    CodeIssued,
    CodeReleased,
    CodeUsed,
    LedgerPosted,
    LedgerRefused,
    LevelReached,
    OrderCancelled,
    OrderRefunded,
    Reviewed,
)
from retention_engine.loyalty import Adjust, Lasts, Terms, Unit
from retention_engine.loyalty.codes import CodeKeys, Percent
from retention_engine.loyalty.earning import Spending
from retention_engine.loyalty.tiers import Level, TierProgramme
from retention_engine.predicates import member, points
from retention_engine.rules import Do, Grant, IssueCode
from retention_engine.timing import DAY, HOUR, to_instant, to_text

NOW = to_instant("2026-03-01T10:00:00Z")
PTS = Unit("pts")
KEYS = CodeKeys({"a": b"k" * 32}, current="a")
BASE = Programme(
    id="club",
    unit=PTS,
    currency="EUR",
    earning=[Earning("base", per_money(1, 100))],
    bonuses=[Bonus("review", on="reviewed", amount=50)],
)
LEVELS = [Level("base", entry=0), Level("gold", entry=50_000)]
EARNED = EarnedMetric("club", "pts")
TIERS = Tiers(programme=TierProgramme(name="tiers", levels=LEVELS), metric=SpendMetric("EUR"))
CLUB = Club(programmes=[BASE], tiers=[TIERS], promotions=[Promotion(id="big-thanks", discount=Percent(10))], keys=KEYS)


def order(name: str, total: int = 10_000, *, at: int = NOW, customer: str = "anna") -> Order:
    """Return an order."""
    return Order(id=name, customer=customer, at=at, lines=[Line(sku="a", price=Money(total, "EUR"))])


def engine(*rules: Rule, club: Club | None = CLUB, **more: Any) -> Engine:
    """Return an engine that counts everything since the day before."""
    return Engine(rules, club=club, **({"since": NOW - DAY} | more))


def made(one: Engine, kind: type[Any], customer: str = "anna") -> list[Any]:
    """Return the facts of a kind."""
    return [fact for fact in one.store.facts.of([customer])[customer] if isinstance(fact, kind)]


def test_orders_earn_in_the_commit_that_looks_at_them() -> None:
    """Pending for two weeks from payment; cancelling takes it back; nothing comes twice."""
    one = engine()
    one.record([order("o1"), order("o1")])
    one.advance(NOW + DAY)
    (entry,) = made(one, LedgerPosted)
    assert (entry.what, entry.amount, entry.key, entry.learned) == ("order", 100, "order:o1:1", NOW + 1)
    assert one.cashier.balance("anna", "pts", at=NOW + DAY).pending == 100
    assert one.cashier.balance("anna", "pts", at=NOW + 14 * DAY).available == 100
    one.record(OrderCancelled(id="c", customer="anna", at=NOW + 2 * DAY, order_id="o1"))
    one.advance(NOW + 3 * DAY)
    assert [fact.amount for fact in made(one, LedgerPosted)] == [100, -100]
    assert one.verify() == []


def test_a_rule_asks_for_the_balance_and_grants() -> None:
    """At the instant at which points vest; the grant is known a microsecond later and counts once."""
    rule = Rule("bonus", entering(member.balance("pts") >= 100), Grant("pts", 25, lasts=days(30), why="thanks"))
    one = engine(rule)
    one.record(order("o1"))
    (action,) = one.advance(NOW + 20 * DAY)
    assert (action.kind, action.due, action.key) == ("grant", NOW + 14 * DAY, made(one, LedgerPosted)[1].key[6:])
    (_, granted) = made(one, LedgerPosted)
    assert (granted.what, granted.amount, granted.effective) == ("earn", 25, NOW + 14 * DAY + 1)
    lot = one.cashier.state("anna", "pts", at=NOW + 20 * DAY).lots[f"{granted.key}/0"].lot
    assert (lot.source, lot.expires_at) == ("thanks", NOW + 44 * DAY)
    assert one.due(NOW + 20 * DAY) == []
    assert one.verify() == []


def test_a_grant_without_more_words_lasts_and_says_its_rule() -> None:
    """Left out: for ever, and the id of the rule."""
    one = engine(Rule("first", on(orders), Grant("pts", 5)))
    one.record(order("o1"))
    one.advance(NOW + DAY)
    stocks = one.cashier.state("anna", "pts", at=NOW + DAY).lots.values()
    assert [(each.lot.source, each.lot.expires_at) for each in stocks if each.lot.issued == 5] == [("rule:first", None)]


def test_a_rule_gives_a_code_that_templates_find() -> None:
    """The fact, the attribute, and no row in the outbox."""
    rule = Rule("thanks", on(orders), IssueCode("big-thanks"), Send("thanks", purpose="service"))
    one = engine(rule)
    one.record(order("o1"))
    assert [action.kind for action in one.advance(NOW + DAY)] == ["issue_code", "send"]
    (given,) = made(one, CodeIssued)
    (letter,) = one.due(NOW + DAY)
    assert one.clear(letter, NOW + DAY).attributes["code_big_thanks"] == given.text
    assert one.codes.desk.give("big-thanks", "anna", given.occasion, at=NOW) == []
    assert one.verify() == []


def test_levels_are_told_once_a_period() -> None:
    """Reached when the order counts, lost by nothing but a review; the reward comes by a rule."""
    one = engine(Rule("welcome", on(events("level_reached")), Grant("pts", 500)))
    one.record([order("o1", 40_000), order("o2", 20_000, at=NOW + DAY)])
    one.advance(NOW + 60 * DAY)
    (reached,) = made(one, LevelReached)
    assert (reached.level, reached.period, to_text(reached.at)[:10]) == ("gold", "2026-01-01", "2026-03-16")
    assert [fact.amount for fact in made(one, LedgerPosted)] == [400, 200, 500]


def test_units_earned_make_levels_with_no_other_fact(monkeypatch: pytest.MonkeyPatch) -> None:
    """No rule asks about accounts, but the levels do: were their entries not heard, the level would never be told."""
    tiers = Tiers(programme=TierProgramme(name="t", levels=[Level("a", entry=0), Level("b", entry=300)]), metric=EARNED)
    club = evolve(CLUB, tiers=[tiers])

    def levels() -> list[tuple[str, int]]:
        one = engine(club=club)
        one.record(order("o1", 40_000))
        one.advance(NOW + 60 * DAY)
        return [(fact.level, fact.at) for fact in made(one, LevelReached)]

    assert levels() == [("b", NOW + 14 * DAY)]
    monkeypatch.setattr(Club, "reads", lambda self: frozenset({"orders"}))
    assert levels() == []


def test_what_happened_before_the_launch_earns_nothing() -> None:
    """Neither the order, nor its refund later; the next one does."""
    one = engine(since=NOW)
    one.record([order("old", at=NOW - DAY), order("edge", at=NOW), order("new", at=NOW + DAY)])
    one.record(OrderRefunded(id="r", customer="anna", at=NOW + 2 * DAY, order_id="old", amount=Money(100, "EUR")))
    assert one.cashier.balance("anna", "pts", at=NOW + 3 * DAY).pending == 100
    one.advance(NOW + 3 * DAY)
    assert [fact.key for fact in made(one, LedgerPosted)] == ["order:new:1"]


def test_without_since_the_first_advance_is_the_launch() -> None:
    """History that was imported before earns nothing; nor does the counter grant it."""
    one = Engine([], club=CLUB)
    one.record(order("old"))
    assert one.cashier.balance("anna", "pts", at=NOW + DAY).pending == 0
    one.advance(NOW + DAY)
    one.record(order("new", at=NOW + 2 * DAY))
    assert one.cashier.balance("anna", "pts", at=NOW + 2 * DAY).pending == 100


def test_a_club_that_comes_later_is_launched_where_time_stands(tmp_path: Path) -> None:
    """Its questions are asked of everybody from then on."""
    path = f"sqlite:///{tmp_path}/shop.db"
    with Engine([], store=path, since=NOW - DAY) as plain:
        plain.record(order("old"))
        plain.advance(NOW + DAY)
    with Engine([Rule("r", entering(member.balance("pts") >= 1), Send("x"))], store=path, club=CLUB) as one:
        one.record(order("new", at=NOW + 2 * DAY))
        one.advance(NOW + 30 * DAY)
        assert [fact.key for fact in made(one, LedgerPosted)] == ["order:new:1"]
        assert one.verify() == []


def test_a_refusal_is_a_fact() -> None:
    """An order paid with points that are not there: told, so that a person looks at it; nothing is half-done."""
    from retention_engine.clubs.books import Books  # the planted refusal needs the class itself
    from retention_engine.errors import Insufficient

    rule = Rule("look", on(events("ledger_refused")), Do("escalate", "ann"))
    one = engine(rule)
    post = Books.post

    def refuse(books: Books, command: Any, learned: int | None = None) -> Any:
        if command.KIND == "order":
            raise Insufficient(0, 5)
        return post(books, command, learned)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Books, "post", refuse)
        one.record(order("o1"))
        (action,) = one.advance(NOW + DAY)
    (told,) = made(one, LedgerRefused)
    assert (told.what, told.code, told.key, action.kind) == ("order", "insufficient", "order:o1:1", "escalate")
    assert made(one, LedgerPosted) == []


def test_a_grant_that_is_refused_is_carried_out_for_the_audit() -> None:
    """The fact says so; verify has nothing to say."""
    one = engine(Rule("r", on(events("reviewed")), Grant("pts", 10**15)))
    one.record([Reviewed(id=f"r{number}", customer="anna", at=NOW + number, score=5) for number in range(2)])
    with pytest.MonkeyPatch.context() as patch:
        from retention_engine.clubs.books import Books
        from retention_engine.errors import LedgerError

        def refuse(*_: Any, **__: Any) -> Any:
            raise LedgerError("no", code="bad_amount")

        patch.setattr(Books, "post", refuse)
        one.advance(NOW + DAY)
    assert len(made(one, LedgerRefused)) == 4
    assert one.verify() == []


def test_a_rule_that_feeds_itself_is_stopped() -> None:
    """Every grant makes the rule grant again: refused, and nothing is kept."""
    one = engine(Rule("mill", on(points), Grant("pts", 1)))
    one.record(order("o1"))
    with pytest.raises(DefinitionError, match="rule 'mill' feeds itself"):
        one.advance(NOW + DAY)
    assert made(one, LedgerPosted) == []


def test_the_pure_core_knows_clubs() -> None:
    """``decide`` and ``backtest`` give what the engine gives; the facts made come with it."""
    rule = Rule("bonus", entering(member.balance("pts") >= 100), Grant("pts", 25))
    fact = made_by_record(order("o1"))
    found = decide([rule], [fact], to=NOW + 20 * DAY, since=NOW - DAY, club=CLUB)
    assert [each.outcome for each in found.decisions] == [Outcome.ACT]
    assert [each.KIND for each in found.facts] == ["ledger_posted", "ledger_posted"]
    tested = backtest([rule], [fact], start=NOW - DAY, end=NOW + 20 * DAY, club=CLUB)
    assert tested.decisions == found.decisions


def made_by_record(one: Order) -> Any:
    """Return the fact of an order."""
    with engine() as each:
        each.record(one)
        return each.store.facts.of([one.customer])[one.customer][0]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (Rule("r", entering(member.balance("ptz") >= 1), Send("x")), r"no 'ptz' among its programmes.*'pts'"),
        (Rule("r", on(orders), Send("x"), when=member.tier("t") == "gold"), "no 't' among its tiers"),
        (Rule("r", on(orders), Grant("money", 5)), "no 'money' among its programmes"),
        (Rule("r", on(orders), Do("grant", "pts", data={"points": 5})), r"a grant is written Grant\('pts', 100\)"),
        (Rule("r", on(orders), IssueCode("winter")), "no 'winter' among its promotions"),
    ],
)
def test_rules_are_checked_against_the_club(rule: Rule, message: str) -> None:
    """Before anything runs: the rule, what is missing, and the nearest name."""
    with pytest.raises(DefinitionError, match=f"rule 'r': .*{message}"):
        engine(rule)


def test_policies_are_checked_against_the_club() -> None:
    """What a policy asks of a member is known before anything runs; declared, it is asked."""
    spare = HoldWhile(member.tier("tiers") == "gold")
    with pytest.raises(DefinitionError, match=r"policy .*: the club has no 'tears' among its tiers .*'tiers'"):
        engine(policies=[HoldWhile(member.tier("tears") == "gold")])
    with pytest.raises(DefinitionError, match=r"policy .*: it asks .*, and there is no club"):
        engine(policies=[spare], club=None)
    one = engine(Rule("r", on(orders), Send("x", topic="offers")), policies=[spare])
    one.record(order("o1", 60_000))
    one.record(order("o2", at=NOW + 30 * DAY))
    assert [action.occasion for action in one.advance(NOW + 31 * DAY)] == ["o1"]


def test_without_a_club_rules_cannot_ask_it() -> None:
    """Nor can they give; an action of another name is for the host."""
    with pytest.raises(DefinitionError, match=r"rule 'r': it asks member.balance\('pts'\) >= 1, and there is no club"):
        engine(Rule("r", entering(member.balance("pts") >= 1), Send("x")), club=None)
    with pytest.raises(DefinitionError, match=r"rule 'r': a club carries out Grant\('pts', amount=5\)"):
        engine(Rule("r", on(orders), Grant("pts", 5)), club=None)
    one = engine(Rule("r", on(orders), Do("give", "pts", data={"amount": 5})), club=None)
    one.record(order("o1"))
    one.advance(NOW + DAY)
    assert [action.kind for action in one.due(NOW + DAY)] == ["give"]
    for name in ("cashier", "codes"):
        with pytest.raises(DefinitionError, match=r"there (is|are) no"):
            getattr(one, name)


def test_declarations_are_checked() -> None:
    """Two of one name, values of another kind, codes without keys."""
    with pytest.raises(DefinitionError, match="two declarations have one name"):
        Club(programmes=[BASE, evolve(BASE, id="other")])
    with pytest.raises(DefinitionError, match="Programme values are needed"):
        Club(programmes=[PTS])  # type: ignore[list-item]  # what is tested
    with pytest.raises(DefinitionError, match="keys=CodeKeys"):
        Club(promotions=CLUB.promotions)


def test_a_changed_club_wakes_everybody_an_equal_one_nobody(tmp_path: Path) -> None:
    """The fingerprint says what is declared, the same in every process."""
    assert CLUB.fingerprint == Club(programmes=[BASE], tiers=[TIERS], promotions=CLUB.promotions, keys=KEYS).fingerprint
    cheap = evolve(CLUB, programmes=[evolve(BASE, earning=[Earning("base", per_money(2, 100))])])
    assert cheap.fingerprint != CLUB.fingerprint
    assert "kkkk" not in repr(CLUB)
    assert evolve(CLUB, keys=CodeKeys({"b": b"x" * 32}, current="b")).fingerprint == CLUB.fingerprint
    path = f"sqlite:///{tmp_path}/shop.db"
    with engine(store=path) as one:
        one.record(order("o1"))
        one.advance(NOW + DAY)
    with engine(store=path) as one:
        assert one.advance(NOW + 2 * DAY).evaluated == 0
    with engine(store=path, club=cheap) as one:
        assert one.advance(NOW + 3 * DAY).evaluated == 1
        assert [fact.amount for fact in made(one, LedgerPosted)] == [100]


def test_verify_finds_what_cannot_be() -> None:
    """A missing entry, a forged one, one of another place, an action nobody carried out."""
    one = engine(Rule("r", on(events("reviewed")), Grant("pts", 7)))
    one.record([order("o1"), Reviewed(id="r", customer="anna", at=NOW + 5, score=5)])
    one.advance(NOW + DAY)
    of = one.store.facts.of
    posted = made(one, LedgerPosted)
    plants: dict[str, Any] = {
        "gone": lambda fact: [],
        "place": lambda fact: [evolve(fact, id="ledger:x", seq=7)],
        "text": lambda fact: [evolve(fact, entry="{}")],
        "more": lambda fact: [evolve(fact, entry=fact.entry.replace("50", "60"))],
    }
    laws = {}
    for name, plant in plants.items():
        victim = posted[1]

        def planted(customers: Any, plant: Any = plant, victim: Any = victim) -> Any:
            return {
                who: [each for fact in facts for each in (plant(fact) if fact.id == victim.id else [fact])]
                for who, facts in of(customers).items()
            }

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(one.store.facts, "of", planted)
            laws[name] = {breach.law for breach in one.verify()}
    assert laws["gone"] == laws["place"] == laws["text"] == {"ledger REBUILD"}
    assert laws["more"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(one.store.facts, "of", lambda customers: {who: [] for who in customers})
        assert [breach.text for breach in one.verify()] == ["was decided and the club did not carry it out"]


def test_nobody_fills_a_place_twice() -> None:
    """Two writers with one next place: the second transaction is given up."""
    one, fact = engine(), None
    one.record(order("o1"))
    one.advance(NOW + DAY)
    (fact,) = made(one, LedgerPosted)
    with pytest.raises(FactConflict):
        one.record(evolve(fact, amount=fact.amount + 1))


def test_debt_and_other_terms_are_the_programmes() -> None:
    """The terms reach the ledger: with a limit of 0 the shop bears what is missing."""
    programme = evolve(
        BASE, terms=Terms(debt_limit=0), earning=[Earning("base", per_money(1, 100), validity=Lasts(months=1))]
    )
    one = engine(club=Club(programmes=[programme]))
    assert one.club is not None
    assert one.club.terms == {"club": Terms(debt_limit=0)}


def test_missions_and_progress_are_asked() -> None:
    """Each by the name of its declaration."""
    three = Achievement(id="three", measure=orders.count(), target=2)
    club = Club(achievements=[three], missions=[Mission(id="tour", steps=[three])])
    half = Rule("half", entering(member.progress("three") >= 1), Send("half", purpose="service"))
    done = Rule("done", entering(member.mission("tour") == "completed"), Send("done", purpose="service"))
    one = engine(half, done, club=club)
    one.record([order("o1"), order("o2", at=NOW + DAY)])
    assert [(each.name, each.due) for each in one.advance(NOW + 2 * DAY)] == [("half", NOW), ("done", NOW + DAY)]


def test_without_a_store_no_code_is_given() -> None:
    """Codes are registered in a store: the pure core decides, and gives none, nor takes one back."""
    fact = made_by_record(order("o1"))
    found = decide([Rule("r", on(orders), IssueCode("big-thanks"))], [fact], to=NOW + DAY, since=NOW - DAY, club=CLUB)
    assert [each.outcome for each in found.decisions] == [Outcome.ACT]
    assert [each.KIND for each in found.facts] == ["ledger_posted"]
    assert list(NoCodes().take_back("ABC", at=NOW)) == []


def test_orders_of_one_batch_settle_their_codes() -> None:
    """Two orders held a code each; recorded together as paid, both uses count, and a cancellation frees one."""
    one = engine()
    held = [Checkout(order=name, customer="anna", lines=order(name).lines) for name in ("o1", "o2")]
    for each in held:
        code = one.codes.issue("big-thanks", "anna", each.order, at=NOW - 5)
        assert one.codes.hold(each, [code], at=NOW - 1).discount == 1_000
    one.record([order("o1"), order("o2", at=NOW + 1)])
    assert [fact.order_id for fact in made(one, CodeUsed)] == ["o1", "o2"]
    one.record(OrderCancelled(id="c", customer="anna", at=NOW + DAY, order_id="o1"))
    assert [fact.order_id for fact in made(one, CodeReleased)] == ["o1"]
    assert one.verify() == []


class Mine(Policy):
    """A policy of the shop's own that asks the club something, and is no attrs class."""

    stage = Stage.PRESSURE

    def weigh(self, message: Message, seen: Situation) -> Ruling:
        """Let it pass."""
        return ALLOW

    def reads(self) -> frozenset[str]:
        """Return the membership."""
        return frozenset({"member"})

    def text(self) -> str:
        """Return its name."""
        return "Mine()"


def test_what_a_policy_of_ones_own_asks_cannot_be_checked() -> None:
    """It is asked all the same."""
    one = engine(Rule("r", on(orders), Send("x", purpose="service")), policies=[Mine()])
    one.record(order("o1"))
    assert len(one.advance(NOW + DAY)) == 1


def test_entries_are_read_again_when_too_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept of entries is a matter of speed alone."""
    monkeypatch.setattr(books, "_MOST_KEPT", 1)
    one = engine()
    one.record([order("o1"), order("o2", at=NOW + HOUR)])
    one.advance(NOW + DAY)
    one.record(order("o3", at=NOW + 2 * DAY))
    one.advance(NOW + 3 * DAY)
    assert one.cashier.balance("anna", "pts", at=NOW + 20 * DAY).available == 300
    assert one.verify() == []


def test_what_the_counter_was_refused_is_not_told_again_by_the_walk() -> None:
    """The units are held for an order in another currency; the counter has seen it first."""
    one = engine(club=evolve(CLUB, programmes=[evolve(BASE, spending=Spending(point_value=Fraction(1)))]))
    one.record(order("o0"))
    account = one.cashier.account("anna", "pts")
    for day in (1, 15, 16):
        one.cashier.do(Adjust(key=f"{day}", account=account, at=NOW + day * DAY, amount=1, reason="greetings"))
        if day == 15:
            one.cashier.hold("anna", "pts", 50, order="o1", at=NOW + 15 * DAY)
            dollars = [Line(sku="a", price=Money(100, "USD"))]
            one.record(Order(id="o1", customer="anna", at=NOW + 15 * DAY + HOUR // 2, lines=dollars))
    assert [fact.code for fact in made(one, LedgerRefused)] == ["other_currency"]
    one.advance(NOW + 20 * DAY)
    assert [fact.code for fact in made(one, LedgerRefused)] == ["other_currency"]


def test_a_measure_of_ones_own_is_said_by_its_name() -> None:
    """Not by its address: the fingerprint of a club is the same in every process."""

    def clubs(reduce: Any) -> str:
        return evolve(CLUB, tiers=[evolve(TIERS, metric=CustomMetric(reduce))]).fingerprint

    assert clubs(made) == clubs(made) != clubs(order)


def test_a_rule_asks_where_somebody_stands_in_an_achievement() -> None:
    """By the word of the standing."""
    pair = Achievement(id="pair", measure=orders.count(), target=2)
    rule = Rule("pair", entering(member.achievement("pair") == "completed"), Send("pair", purpose="service"))
    one = engine(rule, club=evolve(CLUB, achievements=[pair]))
    one.record([order("o1"), order("o2", at=NOW + DAY)])
    assert [action.due for action in one.advance(NOW + 2 * DAY)] == [NOW + DAY]
