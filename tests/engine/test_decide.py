"""The pure core, without any store."""

from __future__ import annotations

import pytest

from retention_engine import Rule, RuleSet, Send, days, decide, entering, orders, price_drop, views
from retention_engine.actions import Decision
from retention_engine.engine import Plan
from retention_engine.engine.decide import as_sent
from retention_engine.errors import DefinitionError
from retention_engine.facts import MessageSent, PriceChanged, Viewed
from retention_engine.money import Money
from retention_engine.timing import DAY, HOUR
from tests.engine._shop import ANNA, START, order

LAPSED = Rule("lapsed", entering(orders.last().age >= days(30)), Send("hi", channel="mail", topic="offers"))
FACTS = [order("2", START + 2 * DAY), order("1", START + DAY)]
DUE = START + 32 * DAY


@pytest.mark.parametrize("rules", [[LAPSED], RuleSet.of([LAPSED]), Plan.of(RuleSet.of([LAPSED]))])
def test_rules_and_facts_in_decisions_out(rules: object) -> None:
    """Facts in any order; rules as a list, a set or made ready."""
    decided = decide(rules, FACTS, since=START, to=START + 90 * DAY)  # type: ignore[arg-type]  # each of the three
    assert [(each.rule, each.at) for each in decided.decisions] == [("lapsed", DUE)]
    assert decided.wake is None


def test_the_wake_up_is_where_to_go_on() -> None:
    """With the journal so far nothing is decided twice."""
    first = decide([LAPSED], FACTS, since=START, to=DUE - 1)
    assert (first.decisions, first.wake) == ([], DUE)
    second = decide([LAPSED], FACTS, since=START, start=DUE, to=DUE)
    again = decide([LAPSED], FACTS, since=START, start=DUE, to=DUE, journal=second.decisions)
    assert (len(second.decisions), again.decisions) == (1, [])


def test_news_of_the_catalogue_come_beside_the_facts() -> None:
    """In any order."""
    seen = Viewed(id="v", customer=ANNA, at=START, sku="tea")
    prices = [
        PriceChanged(id=f"p{day}", at=START + day * DAY, sku="tea", price=Money(5, "EUR"), was=Money(9, "EUR"))
        for day in (2, 1)
    ]
    found = decide([Rule("drop", price_drop(views), Send("cheaper"))], [seen], since=START, to=START + DAY, news=prices)
    assert ([each.occasion for each in found.decisions], found.wake) == (["p1"], START + 2 * DAY)


def test_nobody_has_no_decisions() -> None:
    """Without facts there is no customer."""
    assert decide([LAPSED], [], since=START, to=START + DAY).decisions == []


def test_lateness_is_a_matter_of_the_call() -> None:
    """What is too late for a week is not for a year."""
    late = [order("1", START).learned_at(START + 50 * DAY)]
    outcomes = [
        decide([LAPSED], late, since=START, to=START + 60 * DAY, lateness=span).decisions[0].outcome
        for span in (days(7), days(365))
    ]
    assert outcomes == ["drop", "act"]


def test_facts_of_two_customers_are_refused() -> None:
    """The message names them; facts about the catalogue go elsewhere."""
    with pytest.raises(DefinitionError, match=r"facts of one customer, not of .'anna', 'boris'."):
        decide([LAPSED], [*FACTS, order("3", START, "boris")], since=START, to=START + DAY)
    news = PriceChanged(id="p", at=START, sku="tea", price=Money(5, "EUR"), was=Money(9, "EUR"))
    with pytest.raises(DefinitionError, match="facts of one customer"):
        decide([LAPSED], [news], since=START, to=START + DAY)


def test_a_message_counts_as_sent_under_the_key_of_its_action() -> None:
    """Known a microsecond after the decision."""
    (decision,) = decide([LAPSED], FACTS, since=START, to=DUE).decisions
    assert isinstance(decision, Decision)
    assert decision.action is not None
    sent = as_sent(decision)
    assert isinstance(sent, MessageSent)
    assert (sent.at, sent.effective, sent.message) == (DUE, DUE + 1, decision.action.key)
    assert (sent.customer, sent.rule, sent.step, sent.template) == (ANNA, "lapsed", "hi", "hi")
    assert (sent.channel, sent.topic, sent.id) == ("mail", "offers", f"sent:{decision.action.key}")
    assert sent.effective < DUE + HOUR
