"""Acceptance cases of the field about rules, time, order and duplicates, with the public issue each comes from."""

import pytest

from retention_engine import (
    Cart,
    CartUpdated,
    Customer,
    Delay,
    Engine,
    Event,
    Line,
    Money,
    Order,
    OrderPlaced,
    Outcome,
    Reason,
    Rule,
    Send,
    after,
    backtest,
    before,
    carts,
    customer,
    daily,
    days,
    entering,
    entry,
    events,
    every,
    hours,
    local_days,
    on,
    orders,
    price_drop,
    views,
    weekly,
    yearly,
)
from retention_engine.errors import FactConflict
from retention_engine.facts import AttributeChanged, OrderCancelled, PriceChanged, Viewed
from retention_engine.timing import DAY, HOUR, MINUTE, to_instant, to_text

START = to_instant("2026-07-01T00:00:00+00:00")


def order(name: str, at: int, who: str = "anna", **more) -> Order:
    """Return an order of 10 euro."""
    return Order(id=name, customer=who, at=at, total=Money(1000, "EUR"), **more)


def cart(name: str, at: int, fact: str = "") -> CartUpdated:
    """Return a cart with one item."""
    content = Cart(id=name, lines=[Line(sku="tea", price=Money(500, "EUR"))])
    return CartUpdated(id=fact or f"cart:{name}", customer="anna", at=at, cart=content)


def happened(name: str, at: int, who: str = "anna") -> Event:
    """Return an event of the shop's own."""
    return Event(id=f"{name}@{at}:{who}", customer=who, at=at, name=name)


def engine(*rules: Rule, **more) -> Engine:
    """Return an engine whose rules are launched at START."""
    return Engine(rules, since=START, **more)


def told(decisions) -> list[tuple[str, str, str]]:
    """Return (outcome, step, instant) of decisions."""
    return [(each.outcome.value, each.step, to_text(each.at)) for each in decisions]


def test_t1_entry_is_not_membership():
    """The second step is sent although "birthday is today" has passed: https://github.com/mautic/mautic/issues/6439."""
    rule = Rule("bday", entering(yearly(customer.birthday)), Send("today"), Delay(days(2)), Send("later"))
    shop = engine(rule)
    shop.record(Customer(id="anna", registered=START - DAY, birthday="1990-07-10"))
    assert told(shop.advance(START + 20 * DAY).decisions) == [
        ("act", "today", "2026-07-10T00:00:00Z"),
        ("wait", "delay days(2)", "2026-07-10T00:00:00Z"),
        ("act", "later", "2026-07-12T00:00:00Z"),
    ]


def test_t2_exit_inside_a_delay_at_once():
    """An order on day 1 of a 30-day delay ends the journey then and leaves no wake-up (Braze: 29 days later)."""
    exit_now = orders.since(entry).exists()
    shop = engine(Rule("long", on(events("joined")), Delay(days(30)), Send("never"), exit_when=exit_now))
    shop.record([happened("joined", START + HOUR), order("1", START + DAY)])
    exited = shop.advance(START + DAY).decisions[-1]
    assert (exited.outcome, exited.reason, exited.at) == (Outcome.EXIT, Reason.EXITED, START + DAY)
    assert shop.next_wakeup() is None
    shop.record(happened("joined", START + 2 * DAY))
    assert [each.outcome for each in shop.advance(START + 2 * DAY).decisions] == [Outcome.WAIT]


def test_t2b_an_exit_that_is_true_for_an_hour_inside_the_delay():
    """The exit is taken at 03:00 although it is false again at the end of the delay (Braze exit criteria)."""
    recent = orders.last().age < hours(1)
    shop = engine(Rule("night", on(events("joined")), Delay(hours(24)), Send("never"), exit_when=recent))
    shop.record([happened("joined", START + 1), order("1", START + 3 * HOUR)])
    decisions = shop.advance(START + 5 * DAY).decisions
    assert [(each.outcome, each.at) for each in decisions] == [
        (Outcome.WAIT, START + 1),
        (Outcome.EXIT, START + 3 * HOUR),
    ]


def test_t2_the_exit_is_asked_at_entry_too():
    """If the exit holds when the occasion is due, nothing is entered."""
    shop = engine(Rule("x", on(events("joined")), Send("never"), exit_when=orders.exists()))
    shop.record([order("1", START + 1), happened("joined", START + HOUR)])
    (dropped,) = shop.advance(START + DAY).decisions
    assert (dropped.outcome, dropped.reason) == (Outcome.DROP, Reason.EXITED)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("apart", [False, True])
def test_t3_cart_and_order_in_either_order_send_no_reminder(turned, apart):
    """A cart at 10:00 ordered at 10:20 is never chased: https://github.com/dittofeed/dittofeed/issues/1463, 1596."""
    reminder = Rule("cart", after(carts.where(ordered=False, emptied=False), hours(4)), Send("your-cart"))
    shop = engine(reminder)
    facts = [cart("k", START + 10 * HOUR), order("1", START + 10 * HOUR + 20 * MINUTE)]
    facts = facts[::-1] if turned else facts
    for fact in [*facts, *facts]:
        if apart:
            shop.advance(to_instant(shop.now) + MINUTE if shop.now else START + 11 * HOUR)
        shop.record(fact)
    assert list(shop.advance(START + 20 * HOUR)) == []


def test_t3_an_order_learned_after_the_reminder_cannot_unsend_it():
    """The order fact arrives at 15:00, an hour after the reminder: one reminder, none later."""
    shop = engine(Rule("cart", after(carts.where(ordered=False), hours(4)), Send("your-cart")))
    shop.record(cart("k", START + 10 * HOUR))
    assert len(shop.advance(START + 15 * HOUR)) == 1
    shop.record(order("1", START + 10 * HOUR + 20 * MINUTE))
    assert list(shop.advance(START + 40 * DAY)) == []


def test_t4_replaying_facts_after_a_restart_keeps_the_key(tmp_path):
    """The same facts again, by a new process on the same file: one outbox row, the same key (see tests/crash)."""
    rule = Rule("thanks", on(orders), Send("thanks"))
    keys = set()
    for _ in range(3):
        with Engine([rule], store=f"sqlite:///{tmp_path / 'shop.db'}", since=START) as shop:
            shop.record(order("1", START + HOUR))
            shop.advance(START + DAY)
            keys |= {each.key for each in shop.due(START + DAY)}
            assert len(shop.due(START + DAY)) == 1
    assert len(keys) == 1


def test_t6_one_bad_zone_hurts_one_customer():
    """3 of 3,000 zones do not exist: the shop's is used for those 3: https://github.com/parcelvoy/platform/issues/610."""
    shop = engine(Rule("local", every(weekly("fri", at="09:00")), Send("digest")), zone="Europe/Berlin")
    bad = {"c7": "Mars/Olympus", "c8": "UTC+25", "c9": "Europe/Moskow"}
    zones = {f"c{number}": "Asia/Tokyo" for number in range(3_000)} | bad
    told = shop.record([Customer(id=name, registered=START - DAY, zone=zone) for name, zone in zones.items()])
    assert told.bad_zones == ("c7", "c8", "c9")
    sent = {action.customer: to_text(action.due) for action in shop.advance(START + 5 * DAY)}
    assert len(sent) == 3_000
    assert {sent[name] for name in bad} == {"2026-07-03T07:00:00Z"}
    assert {instant for name, instant in sent.items() if name not in bad} == {"2026-07-03T00:00:00Z"}


def test_t10_renaming_keeps_keys():
    """A new title re-sends nothing and changes no key (Dittofeed hashes the segment's name)."""
    first = Rule("id-1", on(orders), Send("thanks"), title="Thank you")
    second = Rule("id-1", on(orders), Send("thanks"), title="Merci")
    shop = engine(first)
    shop.record(order("1", START + HOUR))
    (action,) = shop.advance(START + DAY)
    renamed = Engine([second], store=shop.store)
    assert list(renamed.advance(START + 2 * DAY)) == []
    renamed.record(order("2", START + 3 * DAY))
    (again,) = renamed.advance(START + 4 * DAY)
    assert (action.identity[0], again.identity[0]) == ("id-1", "id-1")


def test_f01_two_days_after_entry_is_sent_once():
    """Not over and over: https://github.com/mautic/mautic/issues/8802, 13070, 11763."""
    shop = engine(Rule("m", on(events("joined")), Delay(days(2)), Send("hello")))
    shop.record(happened("joined", START + HOUR))
    assert sum(len(shop.advance(START + hour * HOUR)) for hour in range(2, 400)) == 1


def test_f13_the_same_id_with_another_content_raises():
    """It is never silently merged: https://github.com/novuhq/novu/pull/8776."""
    shop = engine(Rule("thanks", on(orders), Send("thanks")))
    shop.record(order("1", START + HOUR))
    with pytest.raises(FactConflict, match="order:1"):
        shop.record([order("2", START + HOUR), order("1", START + 2 * HOUR)])
    assert len(shop.advance(START + DAY)) == 1


def test_f15_leaving_and_coming_back():
    """``once`` sends once, the default once per occasion: https://github.com/mautic/mautic/issues/7881, 7338."""
    lapsed = orders.last().age >= days(30)
    facts = [order(str(number), START + number * 50 * DAY) for number in range(1, 4)]
    for re_entry, sends in (("once", 1), ("occasion", 3), ("always", 3), (days(60), 2)):
        shop = engine(Rule("back", entering(lapsed), Send("come-back"), re_entry=re_entry))
        shop.record(facts)
        assert len(shop.advance(START + 250 * DAY)) == sends, re_entry


@pytest.mark.parametrize(("named", "reminders"), [(None, 0), ("k2", 2)])
def test_f17_three_carts_and_one_order(named, reminders):
    """By default any order settles all earlier carts; an order that names its cart settles that one (Klaviyo)."""
    shop = engine(Rule("cart", after(carts.where(ordered=False), hours(4)), Send("your-cart")))
    shop.record([cart(f"k{number}", START + number * MINUTE) for number in (1, 2, 3)])
    shop.record(order("1", START + HOUR, cart=named))
    assert len(shop.advance(START + DAY)) == reminders


def test_f19_a_fact_before_entry_counts_as_since_says():
    """``since(entry)`` is exclusive, so not at all: https://github.com/mautic/mautic/issues/2234."""
    rule = Rule("x", on(events("joined")), Delay(hours(1)), Send("go"), exit_when=orders.since(entry).exists())
    shop = engine(rule)
    shop.record([order("1", START + HOUR - 10_000_000), happened("joined", START + HOUR)])
    assert [action.name for action in shop.advance(START + DAY)] == ["go"]


def test_f20_no_order_for_seven_days_is_false_for_a_fresh_customer():
    """Before the first order there is no last one: https://docs.customer.io/journeys/past-x-days-help."""
    shop = engine(Rule("x", entering(orders.last().age >= days(7)), Send("never")))
    shop.record(Customer(id="anna", registered=START + DAY))
    assert list(shop.advance(START + 90 * DAY)) == []


def test_f21_customer_fact_and_trigger_in_one_batch():
    """The trigger fires once the batch is committed (Braze: race conditions)."""
    rule = Rule("hi", on(events("joined")), Send("hi"), when=customer.city == "Oslo")
    shop = engine(rule)
    city = AttributeChanged(id="a", customer="anna", at=START + HOUR, name="city", value="Oslo")
    shop.record([happened("joined", START + HOUR), city, Customer(id="anna", registered=START + HOUR)])
    assert len(shop.advance(START + HOUR)) == 1


@pytest.mark.parametrize(
    ("zone", "instant"), [("Pacific/Kiritimati", "2026-07-09T10:00:00Z"), ("America/Adak", "2026-07-10T09:00:00Z")]
)
def test_f22_a_birthday_is_a_date_of_the_customers_zone(zone, instant):
    """Not a day early: https://github.com/mautic/mautic/issues/9040."""
    shop = engine(Rule("bday", before(customer.birthday, local_days(0), at="00:00"), Send("today")))
    shop.record(Customer(id="anna", registered=START - DAY, birthday="1990-07-10", zone=zone))
    assert [to_text(action.due) for action in shop.advance(START + 20 * DAY)] == [instant]


def test_f28_schedules_are_wall_rules_not_instants():
    """Who moves gets the next one at the new local time: https://github.com/mautic/mautic/issues/7665."""
    shop = engine(Rule("d", every(daily(at="09:00")), Send("digest")))
    shop.record(Customer(id="anna", registered=START - DAY, zone="UTC"))
    shop.advance(START + DAY)
    moved = AttributeChanged(id="z", customer="anna", at=START + DAY + HOUR, name="zone", value="Asia/Tokyo")
    shop.record(moved)
    assert [to_text(each.due) for each in shop.advance(START + 3 * DAY)] == [
        "2026-07-03T00:00:00Z",
        "2026-07-04T00:00:00Z",
    ]


def test_f31_a_reason_that_is_gone_cancels_by_itself():
    """A cancelled order is not followed up: https://github.com/mautic/mautic/issues/4923."""
    shop = engine(Rule("review", after(orders, days(5)), Send("review")))
    gone = OrderCancelled(id="c", customer="anna", at=START + 3 * DAY, order_id="1")
    shop.record([order("1", START + HOUR), gone])
    assert list(shop.advance(START + 30 * DAY)) == []
    assert shop.next_wakeup() is None


def test_f36_f37_ticks_look_at_who_is_due_and_idle_ones_at_nobody():
    """10 due of 3,000 cost 10 (https://github.com/mautic/mautic/issues/8113), an idle tick 0 (dittofeed issue 995)."""
    shop = engine(Rule("x", entering(orders.last().age >= days(30)), Send("come-back")))
    shop.record([order(str(n), START + (HOUR if n < 10 else DAY), f"c{n}") for n in range(3_000)])
    shop.advance(START + 2 * DAY)
    assert shop.advance(START + 30 * DAY).evaluated == 0
    assert shop.advance(START + 30 * DAY + HOUR).evaluated == 10


@pytest.mark.parametrize(("current", "sends"), [(True, 5), (False, 0)])
def test_f42_launching_with_current_members_enters_all_of_them(current, sends):
    """Or none: https://github.com/mautic/mautic/issues/6816 (1,213 of 16,692)."""
    shop = engine(Rule("x", entering(orders.exists(), include_current=current), Send("hi")))
    shop.record([order(str(n), START - n * DAY, f"c{n}") for n in range(1, 6)])
    assert len(shop.advance(START + DAY)) == sends


def test_importing_years_of_history_sends_nothing():
    """Without ``since`` the rules are launched at the first advance; only what comes due later is sent."""
    shop = Engine([Rule("refill", after(orders, days(28)), Send("refill")), Rule("t", on(orders), Send("thanks"))])
    shop.record([order(str(n), START - n * 20 * DAY) for n in range(60)])
    assert list(shop.advance(START)) == []
    assert [to_text(each.due) for each in shop.advance(START + 40 * DAY)] == [
        "2026-07-09T00:00:00Z",
        "2026-07-29T00:00:00Z",
    ]


def test_an_edited_rule_sends_nothing_again():
    """Members by the new text were members before: no edge."""
    shop = engine(Rule("x", entering(orders.last().age >= days(60)), Send("a")))
    shop.record(order("1", START + HOUR))
    assert list(shop.advance(START + 40 * DAY)) == []
    edited = Engine([Rule("x", entering(orders.last().age >= days(30)), Send("a"))], store=shop.store)
    assert list(edited.advance(START + 90 * DAY)) == []


def test_a_removed_step_ends_its_journeys_with_that_reason():
    """An enrolment continues at its named step, or exits."""
    shop = engine(Rule("j", on(orders), Delay(days(9), name="wait"), Send("a")))
    shop.record(order("1", START + HOUR))
    shop.advance(START + DAY)
    changed = Engine([Rule("j", on(orders), Send("a"))], store=shop.store)
    (ended,) = changed.advance(START + 2 * DAY).decisions
    assert (ended.outcome, ended.reason) == (Outcome.EXIT, Reason.STEP_REMOVED)


def test_being_down_for_two_days_is_a_larger_step():
    """Decisions carry their own instants and how long they are valid, however late they are made."""
    rule = Rule("x", after(orders, hours(1)), Send("soon"), valid_for=hours(4))
    shop = engine(rule)
    shop.record(order("1", START + HOUR))
    (action,) = shop.advance(START + 2 * DAY)
    assert (action.due, action.valid_until) == (START + 2 * HOUR, START + 6 * HOUR)
    assert shop.due(START + 2 * DAY) == []


def test_a_backtest_is_the_engine():
    """The same decisions as production over the same history."""
    rule = Rule("back", entering(orders.last().age >= days(30)), Send("come-back"))
    facts = [order(str(number), START + number * 50 * DAY) for number in range(1, 4)]
    shop = engine(rule)
    shop.record(facts)
    run = backtest([rule], [OrderPlaced.of(each) for each in facts], start=START, end=START + 250 * DAY)
    assert run.decisions == shop.advance(START + 250 * DAY).decisions


def test_members_are_asked_one_by_one_and_say_until_when():
    """A segment lists who is in it at an instant, with the horizon; without an instant it needs a now."""
    shop = engine()
    shop.record([order("1", START + HOUR, "anna"), order("2", START + 3 * DAY, "boris")])
    fresh = orders.within(days(2)).exists()
    with pytest.raises(ValueError, match="needs at="):
        shop.members(fresh)
    assert [(one.customer, one.until) for one in shop.members(fresh, START + DAY)] == [("anna", START + HOUR + 2 * DAY)]
    shop.advance(START + 3 * DAY)
    assert [one.customer for one in shop.members(fresh)] == ["boris"]


@pytest.mark.parametrize("noting", [True, False])
def test_a_catalogue_fact_reaches_the_interested_whoever_records_it(noting):
    """An import without rules, on a store whose rules wait for price drops, wakes the same customers."""
    shop = engine(Rule("drop", price_drop(views, percent=10), Send("cheaper")))
    shop.advance(START + HOUR)
    other = shop if noting else Engine([], store=shop.store)
    other.record(Viewed(id="v", customer="anna", at=START + 2 * HOUR, sku="tea"))
    price = {"price": Money(80, "EUR"), "was": Money(100, "EUR")}
    other.record(PriceChanged(id="p", at=START + 3 * HOUR, sku="tea", **price))
    assert [action.customer for action in shop.advance(START + DAY)] == ["anna"]


def test_the_store_remembers_the_shops_zone():
    """An engine that is opened without a zone uses the one the store was used with before."""
    first = engine(Rule("d", every(daily(at="09:00")), Send("digest")), zone="Asia/Tokyo")
    first.record(Customer(id="anna", registered=START - DAY))
    first.advance(START + 1)
    second = Engine(first.rules, store=first.store)
    assert second.zone == "Asia/Tokyo"
    assert [to_text(each.due) for each in second.advance(START + DAY)] == ["2026-07-02T00:00:00Z"]
