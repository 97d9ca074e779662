"""Statements: every unit is accounted for in words, in two languages, by the customer's own dates."""

from __future__ import annotations

import json
import random
from fractions import Fraction
from string import Formatter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_engine import loyalty as lo
from retention_engine.errors import DefinitionError
from retention_engine.loyalty import Account, Unit
from retention_engine.loyalty.words import WORDS, amount_text, cause_text, in_number, words_of
from retention_engine.timing import DAY, to_instant
from tests.loyalty._world import ANNA, BOB, World
from tests.loyalty.test_orders import ANNA as BUYER
from tests.loyalty.test_orders import WORKED, Shop

CAME = {"earned", "received"}
START = to_instant("2027-03-01T10:00:00+00:00")
MIDNIGHT = to_instant("2027-05-03T21:00:00+00:00")  # in Moscow
POINTS = Unit("pts")
IVAN = Account("club", POINTS, "ivan")


def explained(state: lo.State, most: int) -> int:
    """Return the balance, or the debt below zero, that the reasons add up to."""
    parts = [each for each in lo.reasons(state, most=most) if each.kind != "expires"]
    return sum(each.amount if each.kind in CAME else -each.amount for each in parts)


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(0, 4))
def test_the_reasons_add_up_to_the_balance(number: int, most: int) -> None:
    """WHY: what came, less what went and what is not spendable, is available or owed; all that will expire is named."""
    world = World(random.Random(number), laws=False, oracle=False).run(30)
    for account in (ANNA, BOB):
        state = world.state(account)
        assert explained(state, most) == state.balance.net
        ends = sum(each.amount for each in lo.reasons(state) if each.kind == "expires")
        stocks = [each for each in state.lots.values() if each.expires_at is not None]
        assert ends == sum(each[lo.Bucket.AVAILABLE] for each in stocks)
        told = lo.reasons(state, most=most)
        for kind in ("earned", "spent", "expired"):
            assert sum(each.kind == kind and each.about is not None for each in told) <= most
    merged = world.ledger
    if len(merged.states) > 1:
        state = world.state(BOB)
        merged.post(lo.Merge(key="merge", account=ANNA, at=world.now, into=BOB))
        state = world.state(BOB)
        assert explained(state, 3) == state.balance.net


def club() -> lo.Ledger:
    """Return a ledger in which Ivan has something of everything."""
    book = lo.Ledger()
    until = lo.Until(MIDNIGHT)
    commands = [
        lo.Earn(key="o", account=IVAN, at=START, amount=160, source="base@3:order:812"),
        lo.Earn(key="r", account=IVAN, at=START, amount=40, source="review:17", validity=until),
        lo.Earn(key="b", account=IVAN, at=START, amount=21, source="birthday:2027", vests_at=START + 20 * DAY),
        lo.Earn(key="w", account=IVAN, at=START, amount=9, source="order:813", waits=True),
        lo.Earn(key="x", account=IVAN, at=START, amount=5, validity=lo.Until(START + DAY)),
        lo.Redeem(key="s", account=IVAN, at=START + 2 * DAY, amount=50, purpose="order:901"),
        lo.OpenHold(key="h", account=IVAN, at=START + 2 * DAY, amount=30, purpose="order:905"),
        lo.Convert(key="c", account=IVAN, at=START + 2 * DAY, to=Unit("stars"), amount=10, rate=Fraction(1, 5)),
        lo.Adjust(key="a", account=IVAN, at=START + 2 * DAY, amount=-7, reason="double"),
        lo.Transfer(key="t", account=IVAN, at=START + 2 * DAY, to=BOB, amount=3),
        lo.Earn(key="e", account=IVAN, at=START + 2 * DAY, amount=2, source="signup", validity=until),
        lo.ExpireNow(key="n", account=IVAN, at=START + 2 * DAY, lots=("e/0",), reason="fraud"),
        lo.Earn(key="l", account=IVAN, at=START + 2 * DAY, amount=4, source="a\nb\x00", validity=until),
    ]
    for command in commands:
        book.post(command)
    return book


ENGLISH = """\
You have 104 points.
160 earned: order 812
40 earned: review 17
21 earned: birthday
9 earned: order 813
5 earned: without a reason given
2 earned: registration
4 earned: a b
50 spent: order 901
10 exchanged: exchange of stars
5 expired on 2 March at 13:00
2 cancelled by the shop
7 taken back
3 given to another account
30 reserved until 3 March, 14:00: order 905
21 can be spent from 21 March, 13:00
9 will be confirmed later
4 expire at the end of 3 May"""

RUSSIAN = """\
У вас 104 балла.
160 начислено: заказ 812
40 начислено: отзыв 17
21 начислено: день рождения
9 начислено: заказ 813
5 начислено: причина не указана
2 начислено: регистрация
4 начислено: a b
50 списано: заказ 901
10 обменяно: обмен stars
5 сгорело 2 марта в 13:00
2 аннулировано магазином
7 отозвано
3 передано на другой счёт
30 в резерве до 3 марта, 14:00: заказ 905
21 можно потратить с 21 марта, 13:00
9 подтвердим позже
4 сгорят в конце дня 3 мая"""


@pytest.mark.parametrize(("language", "wanted"), [("en", ENGLISH), ("ru-RU", RUSSIAN), ("xx", ENGLISH)])
def test_a_customer_is_told_why(language: str, wanted: str) -> None:
    """Every reason in words, dates of the customer's zone."""
    state = club().state(IVAN)
    assert lo.why(state, where="Europe/Moscow", most=10, language=language) == wanted.split("\n")


def test_a_long_history_is_told_short() -> None:
    """The last few one by one, everything before together."""
    told = lo.why(club().state(IVAN), most=1)
    assert told[:4] == ["You have 104 points.", "237 earned: earlier", "4 earned: a b", "50 spent: order 901"]
    assert lo.why(club().state(IVAN), START + 400 * DAY, most=0)[-3:] == [
        *("7 taken back", "3 given to another account", "9 will be confirmed later"),
    ]
    assert "11 expired earlier" in lo.why(club().state(IVAN), START + 400 * DAY, most=0)


def test_the_example_of_the_brief_comes_out() -> None:
    """You have 120: 200 earned for order 812, 80 spent on order 901, 40 expire on 3 May."""
    book = lo.Ledger()
    book.post(lo.Earn(key="o", account=IVAN, at=START, amount=160, source="order:812"))
    book.post(
        lo.Earn(key="p", account=IVAN, at=START, amount=40, source="order:812", validity=lo.Until(START + 2 * DAY))
    )
    book.post(lo.Redeem(key="s", account=IVAN, at=START + 2 * DAY - 1, amount=80, purpose="order:901"))
    told = lo.why(book.state(IVAN))
    assert told == ["You have 120 points.", "200 earned: order 812", "80 spent: order 901"]


TABLE = """\
Начислено         За что   Баллы  Состояние    С                 По
----------------  -------  -----  -----------  ----------------  ----------------
2027-03-01 13:00  заказ 1     10  10 доступно  2027-03-01 13:00  бессрочно
2027-03-01 13:00  отзыв 2      4  4 доступно   2027-03-01 13:00  2027-05-03
2027-03-01 13:00  вручную     90  90 ожидает   пока не известно  пока не известно
2027-03-01 13:00  опрос 3      5  5 сгорело    2027-03-01 13:00  2027-03-02 13:00"""


def test_a_statement_is_a_table_of_lots() -> None:
    """Aligned, in local dates: the last date on which units can be spent, with the time when it is no midnight."""
    book = lo.Ledger()
    for number, (source, amount, rest) in enumerate(
        [
            ("order:1", 10, {}),
            ("review:2", 4, {"validity": lo.Until(MIDNIGHT)}),
            ("manual", 90, {"waits": True}),
            ("survey:3", 5, {"validity": lo.Until(START + DAY)}),
        ]
    ):
        book.post(lo.Earn(key=f"e{number}", account=IVAN, at=START, amount=amount, source=source, **rest))
    state = book.state(IVAN)
    assert lo.statement_table(state, START + DAY, language="ru", where="Europe/Moscow") == TABLE
    empty = lo.statement_table(lo.State(account=IVAN))
    assert [len(line.split()) for line in empty.split("\n")] == [6, 6]


def test_a_statement_is_plain_json() -> None:
    """The same facts for machines: minor units and instants; words beside them."""
    state = club().state(IVAN)
    said = lo.statement_record(state, language="ru", where="Europe/Moscow")
    assert json.loads(json.dumps(said)) == said
    assert said["balance"] == {"pending": 30, "available": 104, "held": 30, "debt": 0}
    assert said["why"] == lo.why(state, language="ru", where="Europe/Moscow")
    assert said["at"] == "2027-03-03T10:00:00Z"
    lots: Any = said["lots"]
    assert lots[1] == {
        "lot": "r/0",
        "source": "review:17",
        "about": "отзыв 17",
        "issued": 40,
        "units": {"redeemed": 40},
        "earned_at": "2027-03-01T10:00:00Z",
        "vests_at": "2027-03-01T10:00:00Z",
        "expires_at": "2027-05-03T21:00:00Z",
    }
    assert lots[3]["vests_at"] is None
    later = lo.statement_record(state, START + 400 * DAY)
    assert later["balance"] == {"pending": 9, "available": 151, "held": 0, "debt": 0}


def test_orders_of_the_ledger_are_called_orders() -> None:
    """What ``ReconcileOrder`` spent and holds has the bare id of the order as its purpose."""
    shop = Shop(start=80)
    shop.tell(0, "paid", WORKED)
    shop.tell(0, "placed", WORKED, order="next")
    told = lo.why(shop.ledger.state(BUYER))
    assert "30 spent: order 1" in told
    assert any(line.startswith("30 reserved until") and line.endswith("order next") for line in told)


def test_a_debt_and_cashback_have_their_words() -> None:
    """Owed units first; money with its currency and the decimal mark of the language."""
    money = Account("club", Unit.cashback("EUR"), "ivan")
    book = lo.Ledger()
    book.post(lo.Earn(key="e", account=money, at=START, amount=1250, source="order:1"))
    assert lo.why(book.state(money))[:2] == ["You have 12.50 EUR.", "12.50 earned: order 1"]
    book.post(lo.Adjust(key="d", account=money, at=START, amount=-1500, reason="fraud", allow_debt=True))
    assert lo.why(book.state(money), language="ru") == [
        *("Ваш долг: 2,50 EUR.", "12,50 начислено: заказ 1", "15,00 отозвано"),
    ]
    book.post(lo.Earn(key="f", account=money, at=START, amount=50))
    assert "0.50 went to pay a debt" in lo.why(book.state(money))


def test_a_debt_has_a_reason() -> None:
    """What was spent and then taken back is told, and the lines add up to what is owed."""
    shop = Shop(start=80)
    shop.tell(0, "paid", WORKED)
    shop.ledger.post(lo.Redeem(key="mug", account=BUYER, at=shop.now, amount=shop.balance.available, purpose="mug"))
    shop.tell(1, "cancelled", WORKED)
    state = shop.ledger.state(BUYER)
    assert state.debt > 0
    assert explained(state, 5) == -state.debt
    assert any(line.endswith("taken back") for line in lo.why(state))


@pytest.mark.parametrize(
    ("currency", "amount", "wanted"),
    [("JPY", 300, "300 JPY"), ("EUR", 300, "3.00 EUR"), ("KWD", 3_000, "3.000 KWD"), ("CLF", 30_000, "3.0000 CLF")],
)
def test_cashback_has_the_decimals_of_its_currency(currency: str, amount: int, wanted: str) -> None:
    """Amounts are minor units of the currency: a yen has none."""
    account = Account("club", Unit.cashback(currency), "ivan")
    book = lo.Ledger()
    book.post(lo.Earn(key="e", account=account, at=START, amount=amount))
    assert lo.why(book.state(account))[0] == f"You have {wanted}."
    assert Unit.cashback(currency, 1).scale == 1


@pytest.mark.parametrize(
    ("amount", "english", "russian"),
    [
        *(
            (0, "0 points", "0 баллов"),
            (1, "1 point", "1 балл"),
            (2, "2 points", "2 балла"),
            (5, "5 points", "5 баллов"),
        ),
        *((11, "11 points", "11 баллов"), (21, "21 points", "21 балл"), (112, "112 points", "112 баллов")),
        *((24, "24 points", "24 балла"), (-1, "-1 point", "-1 балл")),
    ],
)
def test_points_have_the_right_form(amount: int, english: str, russian: str) -> None:
    """One, few, many."""
    assert amount_text(POINTS, amount, words_of("en")) == english
    assert amount_text(POINTS, amount, words_of("ru")) == russian


def test_a_shop_has_its_own_names() -> None:
    """Stars instead of points; parts of a point; too few forms are refused."""
    assert amount_text(POINTS, 3, words_of("ru"), ["звезда", "звезды", "звёзд"]) == "3 звезды"
    assert amount_text(Unit("p", 1), 15, words_of("ru")) == "1,5 балла"
    assert amount_text(Unit("p", 1), 10, words_of("en")) == "1.0 point"
    assert lo.why(lo.State(account=IVAN), forms=("star", "stars")) == ["You have 0 stars."]
    with pytest.raises(DefinitionError, match="has 3 forms"):
        amount_text(POINTS, 3, words_of("ru"), ["звезда", "звёзд"])


def test_a_shop_has_its_own_words_for_its_sources() -> None:
    """In all three forms of a statement; what it does not name keeps its word."""
    book = lo.Ledger()
    for number, source in enumerate(("photo@1:photo:17", "order:1", "mission:spring:ivan:7")):
        book.post(lo.Earn(key=f"e{number}", account=IVAN, at=START, amount=1, source=source))
    state, causes = book.state(IVAN), {"photo": "photo no. {rest}"}
    assert lo.why(state)[1:] == ["1 earned: photo:17", "1 earned: order 1", "1 earned: mission spring"]
    assert lo.why(state, causes=causes)[1] == "1 earned: photo no. 17"
    assert "photo no. 17" in lo.statement_table(state, causes=causes)
    said: Any = lo.statement_record(state, causes=causes)
    assert said["lots"][0]["about"] == "photo no. 17"
    assert said["why"] == lo.why(state, causes=causes)


def test_both_languages_have_the_same_words() -> None:
    """The same names, the same places to fill in."""
    english, russian = WORDS["en"], WORDS["ru"]
    assert english.keys() == russian.keys()
    for name, text in english.items():
        places = [{found[1] for found in Formatter().parse(each)} for each in (text, russian[name])]
        assert places[0] == places[1], name
    assert len(russian["months"].split(",")) == len(english["months"].split(",")) == 12


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        *(
            ("order:812", "order 812"),
            ("base@12:order:812", "order 812"),
            ("review:photo@1:review:photo:r1", "review photo:r1"),
            ("base@1:order:a@1:b", "order a@1:b"),
            ("birthday", "birthday"),
            ("tier:gold", "level gold"),
        ),
        *(
            ("gift:mug", "gift mug"),
            ("cup:9", "cup:9"),
            ("{rest}", "{rest}"),
            ("", "without a reason given"),
            ("have", "have"),
        ),
    ],
)
def test_causes_have_words(source: str, wanted: str) -> None:
    """A source without words stays as it is."""
    assert cause_text(source, words_of("en")) == wanted


@pytest.mark.parametrize(
    ("amount", "english", "russian"),
    [
        *((1, "1 expires", "1 сгорит"), (2, "2 expire", "2 сгорят"), (5, "5 expire", "5 сгорят")),
        *((11, "11 expire", "11 сгорят"), (21, "21 expire", "21 сгорит"), (104, "104 expire", "104 сгорят")),
    ],
)
def test_what_expires_has_its_number(amount: int, english: str, russian: str) -> None:
    """One expires, several expire; twenty-one is one in Russian."""
    book = lo.Ledger()
    book.post(lo.Earn(key="e", account=IVAN, at=START, amount=amount, validity=lo.Until(MIDNIGHT)))
    for language, wanted in (("en", english), ("ru", russian)):
        assert lo.why(book.state(IVAN), language=language)[-1].startswith(f"{wanted} ")
    assert in_number("{number} lost", Unit("p", 1), 15) == "{number} lost"
    assert in_number("a|b", Unit("p", 1), 15) == "b"


def test_what_units_were_spent_on_is_no_source() -> None:
    """An order may be called like a rule with its version: nothing is taken from its name."""
    book = lo.Ledger()
    book.post(lo.Earn(key="e", account=IVAN, at=START, amount=9, source="base@1:order:base@1:7"))
    book.post(lo.Redeem(key="s", account=IVAN, at=START, amount=2, purpose="gift:mug@1:7"))
    assert lo.why(book.state(IVAN))[1:] == ["9 earned: order base@1:7", "2 spent: gift mug@1:7"]
    assert lo.why(book.state(IVAN), language="ru")[1:] == ["9 начислено: заказ base@1:7", "2 списано: подарок mug@1:7"]
