"""Recording tells advocates of their friends, and rewards come out as somebody who sees everything would have it."""

from __future__ import annotations

import os
import random
from collections import Counter
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_engine import Engine
from retention_engine import facts as f
from retention_engine.clubs import Club, Programme, referred
from retention_engine.clubs.referrals import ReferralGuards
from retention_engine.engine.referring import refer
from retention_engine.errors import TokenError
from retention_engine.loyalty.referrals import ReferralLinks, RewardLimits
from retention_engine.money import Money
from retention_engine.state import referral_of
from retention_engine.stores import open_store
from retention_engine.timing import DAY, days
from tests.engine._referral_oracle import check, expected
from tests.engine._referrals import (
    ADVOCATE,
    BOTH,
    END,
    FRIEND,
    HOLD,
    LEAST,
    LINKS,
    MANY,
    PTS,
    WINDOW,
    World,
    banned,
    bought,
    judged,
    linked,
    programme,
    seen,
    signed_up,
    story,
    then,
    touched,
)

STORIES = 5_000 if os.environ.get("RETENTION_NIGHTLY") else 150
seeds = st.integers(0, 2**32)


def shop(**changes: Any) -> World:
    """Return a shop in which ann has a link, and f0 came by it on day 1 and signed up on day 2."""
    world = World(programme=programme(**changes))
    world.record(signed_up("ann", 0), linked("ann"), touched("f0", "ann", 1), signed_up("f0", 2))
    return world


def walked(world: World, *facts: f.Fact) -> dict[str, int]:
    """Record facts, look at everybody, return what is left of the rewards."""
    world.record(*facts)
    world.walk()
    return world.net()


@settings(max_examples=STORIES)
@given(seeds)
def test_rewards_are_what_somebody_who_sees_everything_would_give(seed: int) -> None:
    """Walks through each customer's own facts end as the day-by-day oracle says; no reward stands twice (REF-ONCE)."""
    check(random.Random(seed))


def test_the_stories_are_worth_telling() -> None:
    """Enough of them are rewarded, taken back, doubted, refused and circular."""
    found = Counter[str]()
    stories = 400
    for seed in range(stories):
        world = check(random.Random(seed))
        kinds = {str(world.state(each, END)) for each in world.everybody()}
        told = [fact for each in world.everybody() for fact in world.facts(each)]
        kinds |= {str(fact.refused) for fact in told if isinstance(fact, f.ReferralAttributed)}
        kinds |= {fact.verdict for fact in told if isinstance(fact, f.ReferralJudged)}
        found.update(kinds)
    least = {"rewarded": 0.3, "rejected": 0.3, "clawed_back": 0.15, "expired": 0.15, "own_token": 0.15}
    assert {kind: share for kind, share in least.items() if found[kind] < share * stories} == {}
    assert min(found["circle"], found["same_email"], found["same_device"], found["qualified"]) >= 5


@settings(max_examples=STORIES // 3)
@given(seeds)
def test_the_order_of_recording_makes_no_difference(seed: int) -> None:
    """Who comes by a link is known when they sign up; whatever else is recorded whenever, the same facts come out."""
    rng = random.Random(seed)
    told = story(rng, circles=False)
    whole = World()
    whole.record(*told)
    first = [fact for fact in told if isinstance(fact, f.ReferralLinked | f.ReferralTouched)]
    rest = [fact for fact in told if fact not in first]
    rng.shuffle(first)
    rng.shuffle(rest)
    pieces = World()
    pieces.record(*first)
    while rest:
        size = rng.randint(1, 4)
        pieces.record(*rest[:size], *rng.sample(told, 2))
        rest = rest[size:]
    for customer in whole.everybody():
        assert pieces.facts(customer) == whole.facts(customer)


@settings(max_examples=STORIES // 3)
@given(seeds)
def test_both_sides_see_the_same(seed: int) -> None:
    """What follows from a friend's own facts follows from what the advocate was told, and at the same instants."""
    world = World()
    world.record(*story(random.Random(seed)))
    sides: dict[str, list[Any]] = {}
    for customer in world.everybody():
        history = world.history(customer)
        told = [*referred.own_referral(world.programme, history), *referred.friends_brought(world.programme, history)]
        for one, case in told:
            sides.setdefault(getattr(one, "friend", customer), []).append(case)
    for cases in sides.values():
        stands = [referred.standing_of(world.programme, case) for case in cases]
        assert len(stands) == 2
        assert stands[0] == stands[1]


def test_the_advocate_is_told_at_the_instant_of_the_cause() -> None:
    """Late causes are told late; ids follow from the causes, and nothing is in it but what is needed."""
    world = shop()
    late = bought("f0", "o", 3, channel="web", promo="p", cart="k").learned_at(9 * DAY)
    refund = then(f.OrderRefunded, "f0", "o", 5, amount=Money(1, "EUR"))
    made = sorted(world.record(late, refund, then(f.OrderShipped, "f0", "o", 4)), key=lambda each: each.KIND)
    assert [(one.KIND, one.customer, one.at, one.effective) for one in made] == [
        ("friend_order_changed", "ann", 5 * DAY, 5 * DAY),
        ("friend_ordered", "ann", 3 * DAY, 9 * DAY),
    ]
    told = made[1]
    assert isinstance(told, f.FriendOrdered)
    assert (told.friend, told.order_id, told.total, told.channel, told.promo, told.paid) == (
        "f0",
        "o",
        Money(LEAST, "EUR"),
        "web",
        "p",
        True,
    )
    assert world.record(late) == []


def test_a_late_attribution_tells_what_was_before_it() -> None:
    """Orders come from an import first, the touch and the sign-up later: nothing is missed."""
    world = World()
    world.record(signed_up("ann", 0), linked("ann"), bought("f0", "o", 5))
    made = world.record(touched("f0", "ann", 1), signed_up("f0", 2))
    assert {one.KIND for one in made} == {"referral_attributed", "friend_joined", "friend_ordered"}
    assert walked(world) == BOTH


def test_a_sign_up_that_is_learned_late_is_settled_late() -> None:
    """The attribution counts from when everything it follows from was known."""
    world = World()
    world.record(signed_up("ann", 0), linked("ann"), touched("f0", "ann", 1))
    attributed, joined = world.record(signed_up("f0", 2).learned_at(9 * DAY))
    assert (attributed.at, attributed.effective, joined.effective) == (2 * DAY, 9 * DAY, 9 * DAY)


@pytest.mark.parametrize("day", [*range(3, 3 + HOLD)])
def test_ref_refund_before_the_vesting_it_is_as_if_never_referred(day: int) -> None:
    """REF-REFUND: on every day on which the order can be returned; both balances are nothing for ever after."""
    world = shop()
    world.record(bought("f0", "o", 3))
    assert walked(world, then(f.OrderRefunded, "f0", "o", day + (day == 3))) == {}
    for customer in ("ann", "f0"):
        balance = world.ledger.balance(world.account(customer), 999 * DAY)
        assert (balance.pending, balance.available, balance.debt) == (0, 0, 0)


def test_ref_refund_at_the_vesting_it_is_taken_back() -> None:
    """The first instant at which it was theirs is too late to be as if nothing had been."""
    world = shop()
    assert walked(world, bought("f0", "o", 3)) == BOTH
    assert walked(world, then(f.OrderRefunded, "f0", "o", 3 + HOLD)) == {}
    assert world.state("f0", END) == "clawed_back"


@settings(max_examples=STORIES // 3)
@given(seeds, st.lists(st.integers(2, 40), min_size=1, max_size=4))
def test_ref_first_later_touches_change_nothing(seed: int, later: list[int]) -> None:
    """REF-FIRST: neither the advocate nor any reward, whenever they come and whenever they are recorded."""
    rng = random.Random(seed)
    told = [signed_up("ann", 0), signed_up("bob", 0), linked("ann"), linked("bob")]
    told += [touched("f0", "ann", 1), signed_up("f0", rng.randint(2, 9)), bought("f0", "o", rng.randint(10, 20))]
    world = World()
    world.record(*told, *(touched("f0", "bob", day) for day in set(later[1:])))
    assert walked(world, touched("f0", "bob", later[0])) == BOTH
    assert world.ledger.state(world.account("bob")).lots == {}


def test_the_last_touch_before_the_sign_up_can_count_instead() -> None:
    """An option of the programme; touches after the sign-up never count."""
    for last, advocate in ((False, "ann"), (True, "bob")):
        world = World(programme=programme(last_touch=last))
        links = [linked(each) for each in ("ann", "bob", "cat")]
        touches = [touched("f0", "ann", 1), touched("f0", "bob", 2), touched("f0", "cat", 4)]
        made = world.record(*links, *touches, signed_up("f0", 3))
        assert [one.advocate for one in made if isinstance(one, f.ReferralAttributed)] == [advocate]


@settings(max_examples=STORIES // 3)
@given(seeds)
def test_ref_cycle_nobody_is_brought_by_whom_they_brought(seed: int) -> None:
    """REF-CYCLE, REF-SELF: among many who come by each other's links, in whatever pieces, the graph has no circle."""
    rng = random.Random(seed)
    people = [f"p{number}" for number in range(6)]
    told = [fact for each in people for fact in (linked(each), signed_up(each, 5))]
    told += list(
        {fact.id: fact for _ in range(12) for fact in [touched(rng.choice(people), rng.choice(people), 3)]}.values()
    )
    rng.shuffle(told)
    world = World()
    while told:
        size = rng.randint(1, 6)
        world.record(*told[:size])
        told = told[size:]
    facts = [fact for each in people for fact in world.facts(each)]
    settled = [fact for fact in facts if isinstance(fact, f.ReferralAttributed)]
    above = {fact.customer: fact.advocate for fact in settled if not fact.refused}
    for start in people:
        chain: list[Any] = [start]
        while chain[-1] in above:
            chain.append(above[chain[-1]])
            assert chain.count(chain[-1]) == 1


def test_who_is_known_already_is_not_brought() -> None:
    """An account older than the touch, a touch that is too old, a stranger's token, somebody without a sign-up."""
    world = World()
    world.record(linked("ann"), signed_up("old", 0), signed_up("slow", 1 + WINDOW), signed_up("odd", 5))
    stranger = f.ReferralTouched.of("friends", "odd", "0000000000", at=DAY)
    assert world.record(touched("old", "ann", 1), touched("slow", "ann", 1), touched("new", "ann", 1), stranger) == []
    assert walked(world, *(bought(each, each, 35) for each in ("old", "slow", "new", "odd"))) == {}


def test_who_bought_before_is_no_new_customer() -> None:
    """Though they never signed up until now; an order that was cancelled before makes nobody a customer."""
    world = World()
    world.record(linked("ann"), bought("f0", "a", 0), bought("f1", "b", 0), then(f.OrderCancelled, "f1", "b", 1))
    for friend in ("f0", "f1"):
        world.record(touched(friend, "ann", 2), signed_up(friend, 3), bought(friend, friend, 4))
    assert set(walked(world)) == {"ref:friends:f1:friend", "ref:friends:f1:advocate"}
    assert world.state("f0", END) == "rejected"


@pytest.mark.parametrize(("sort", "status"), [("email", "rejected"), ("phone", "rejected"), ("payment", "rejected")])
@pytest.mark.parametrize("first", ["ann", "f0"])
def test_one_person_with_two_accounts_gets_nothing(sort: str, status: str, first: str) -> None:
    """Whoever of the two leaves the fingerprint first, and however long ago."""
    world = shop()
    world.record(bought("f0", "o", 5))
    second = "f0" if first == "ann" else "ann"
    assert walked(world, seen(first, sort, "same", 2), seen(second, sort, "same", 18)) == {}
    assert world.state("f0", END) == status


@pytest.mark.parametrize("sort", ["address", "device", "ip"])
def test_what_two_people_may_share_has_to_be_looked_at(sort: str) -> None:
    """Nothing until somebody approves; then both get theirs at once."""
    world = shop()
    facts = [bought("f0", "o", 5), seen("ann", sort, "same", 2), seen("f0", sort, "same", 3)]
    assert walked(world, *facts) == {}
    assert (world.state("f0", 5), world.state("f0", END)) == ("pending", "qualified")
    assert walked(world, judged("f0", "approved", 40)) == BOTH
    assert world.ledger.balance(world.account("ann"), 40 * DAY).available == ADVOCATE
    assert walked(world, judged("f0", "rejected", 50)) == {}


def test_what_was_shared_long_apart_is_nothing() -> None:
    """So is what is another thing, another sort, or left out of the guards."""
    guards = ReferralGuards(reject_same=["email"], review_same=["device"], near=days(10))
    world = shop(guards=guards)
    apart = [seen("ann", "device", "same", 5), seen("f0", "device", "same", 16), seen("f0", "email", "x", 5)]
    other = [seen("ann", "email", "y", 5), seen("ann", "phone", "z", 5), seen("f0", "phone", "z", 5)]
    assert walked(world, bought("f0", "o", 5), *apart, *other) == BOTH


def test_too_many_a_day_and_doubtful_places_have_to_be_looked_at() -> None:
    """Frozen when they sign up."""
    world = World(programme=programme(guards=ReferralGuards(most_a_day=MANY, review_sources=["coupons"])))
    world.record(linked("ann"), touched("f0", "ann", 1, "coupons"), signed_up("f0", 1))
    for number in range(1, MANY + 3):
        world.record(touched(f"f{number}", "ann", 1), signed_up(f"f{number}", 1 + (number == MANY + 2)))
    told = [fact for number in range(MANY + 3) for fact in world.facts(f"f{number}")]
    flags = {fact.customer: fact.flags for fact in told if isinstance(fact, f.ReferralAttributed)}
    usual = {f"f{number}": () for number in range(1, MANY)}
    many = {f"f{number}": ("many_a_day",) for number in (MANY, MANY + 1)}
    assert flags == {"f0": ("source",), **usual, **many, f"f{MANY + 2}": ()}


def test_many_who_are_recorded_at_once_are_counted_too() -> None:
    """The first few by their names have nothing to wait for."""
    world = World()
    told = [fact for number in range(6) for fact in (touched(f"f{number}", "ann", 1), signed_up(f"f{number}", 1))]
    made = world.record(linked("ann"), *told)
    assert [one.flags for one in made if isinstance(one, f.ReferralAttributed)] == [()] * MANY + [("many_a_day",)] * 2


def test_a_ban_ends_what_is_pending_and_the_friend_keeps_theirs() -> None:
    """What was the advocate's already stays; lifted, everything is as it was."""
    world = shop()
    world.record(bought("f0", "o", 3))
    assert walked(world, banned("ann", 10)) == {"ref:friends:f0:friend": FRIEND}
    again = walked(world, banned("ann", 20, banned=False))
    assert again == {"ref:friends:f0:friend": FRIEND, "ref:friends:f0:advocate:2": ADVOCATE}
    assert walked(world, banned("ann", 30)) == again


def test_over_the_limit_the_friend_still_gets_theirs() -> None:
    """And a place that becomes free is given to the next."""
    world = World(programme=programme(limits=RewardLimits(lifetime=1)))
    world.record(linked("ann"))
    for number in range(2):
        friend = f"f{number}"
        world.record(touched(friend, "ann", 1), signed_up(friend, 2), bought(friend, friend, 3 + number))
    friends = {"ref:friends:f0:friend": FRIEND, "ref:friends:f1:friend": FRIEND}
    assert walked(world) == {**friends, "ref:friends:f0:advocate": ADVOCATE}
    assert walked(world, then(f.OrderCancelled, "f0", "f0", 9)) == {
        "ref:friends:f1:friend": FRIEND,
        "ref:friends:f1:advocate": ADVOCATE,
    }


def test_b27_nothing_before_money_nothing_for_oneself_nothing_after_a_refund() -> None:
    """B27: markm8#125, laravel-referrals#34, AffiliateWP#2602, gmx#10.

    https://github.com/acambitsis/markm8-v3/issues/125: paid before money. https://github.com/pdazcom/laravel-referrals/issues/34:
    self-referral. https://github.com/AffiliateWP/AffiliateWP/issues/2602: refunded, abandoned, deleted must all revoke.
    https://github.com/sherlock-audit/2023-02-gmx-judging/issues/10: a cancelled order leaves its attribution behind.
    """
    world = shop()
    assert walked(world) == walked(world, bought("f0", "placed", 3, paid=False)) == {}
    assert walked(world, bought("f0", "o", 4)) == BOTH
    assert walked(world, then(f.OrderCancelled, "f0", "o", 5)) == {}
    assert walked(world, bought("f0", "again", 6)) == {f"{key}:2": amount for key, amount in BOTH.items()}
    assert walked(world, then(f.OrderRefunded, "f0", "again", 40)) == {}
    assert walked(world, bought("f0", "late", 41)) == {}
    free = shop()
    assert walked(free, bought("f0", "free", 3, 0), bought("f0", "o", 4)) == {}
    alone = World()
    alone.record(linked("f0"), touched("f0", "f0", 1), signed_up("f0", 2))
    assert walked(alone, bought("f0", "o", 3)) == {}
    assert alone.state("f0", END) == "rejected"


def test_an_order_that_is_paid_again_qualifies_again() -> None:
    """With a new hold, and as the next grant of the same reward."""
    world = shop()
    facts = [bought("f0", "o", 3), then(f.OrderCancelled, "f0", "o", 5), then(f.OrderPaid, "f0", "o", 9)]
    assert walked(world, *facts) == {f"{key}:2": amount for key, amount in BOTH.items()}
    assert (world.state("f0", 4), world.state("f0", 6), world.state("f0", 22)) == ("pending", "rejected", "pending")
    assert world.state("f0", 23) == "rewarded"


def test_s6_forged_own_circular_and_replayed_links_bring_nothing() -> None:
    """Delivery and safety, S6: links bent in every way are no touches at all, the others bring no reward."""
    genuine = LINKS.payload("ann", "story7")
    forged = ReferralLinks("friends", b"another secret....").payload("ann", "story7")
    for payload in (forged, genuine[::-1], f"{genuine}x", genuine[:-1], LINKS.payload("ann")[:10]):
        with pytest.raises(TokenError):
            LINKS.read(payload)
    world = shop()
    world.record(linked("f0"), touched("f0", "f0", 1))  # own, and too late
    world.record(touched("ann", "f0", 1))  # circular: ann is older than the touch
    world.record(linked("new"), touched("new", "new", 1), touched("new", "f0", 1), signed_up("new", 2))
    before = world.facts("new")
    for _ in range(50):  # replayed
        world.record(touched("f0", "ann", 1), touched("new", "f0", 1), signed_up("new", 2))
    assert world.facts("new") == before
    assert walked(world, bought("ann", "a", 3)) == {}
    assert set(walked(world, bought("f0", "o", 3))) == set(BOTH)
    assert len(walked(world, bought("f0", "p", 4))) == 2


def test_two_programmes_stand_side_by_side() -> None:
    """A friend may have one advocate in each; neither hears of the other."""
    world = shop()
    other, links = programme(id="vip"), ReferralLinks("vip", b"another secret....")
    with world.store.transaction():
        link = f.ReferralLinked.of("vip", "bob", links.token("bob"), at=0)
        touch = f.ReferralTouched.of("vip", "f1", links.token("bob"), at=DAY)
        new = world.store.facts.append([link, touch, touched("f1", "ann", 1), signed_up("f1", 2), bought("f1", "o", 3)])
        made = refer(world.store, [world.programme, other], new)
        world.store.facts.append(made)
    assert {(one.programme, one.advocate) for one in made if isinstance(one, f.ReferralAttributed)} == {
        ("friends", "ann"),
        ("vip", "bob"),
    }
    told = referral_of(world.history("bob"), "vip").facts.values()
    assert {one.friend for one in told if isinstance(one, f.FriendJoined)} == {"f1"}
    assert referral_of(world.history("bob"), "friends").facts == {}


def test_without_a_programme_or_news_nothing_is_made() -> None:
    """And nothing is remembered."""
    world = World()
    with world.store.transaction():
        assert refer(world.store, [], world.store.facts.append([linked("ann")])) == []
        assert refer(world.store, [world.programme], []) == []
    assert world.store.roster.interested([f"referral:friends:{LINKS.token('ann')}"]) == []


def test_two_owners_of_one_token_own_nothing() -> None:
    """By chance or by fraud: nobody can tell whose friend it is."""
    world = World()
    world.record(linked("ann"), evolve(linked("ann"), id="x", customer="bob"), touched("f0", "ann", 1))
    assert world.record(signed_up("f0", 2)) == []


def test_a_store_on_disk_keeps_the_same(tmp_path: Any) -> None:
    """The story of one friend in SQLite ends like the one in memory."""
    store = open_store(f"sqlite:///{tmp_path}/shop.db")
    told = story(random.Random(7))
    disk, memory = World(store=store), World()
    disk.record(*told)
    memory.record(*told)
    for customer in memory.everybody():
        assert disk.facts(customer) == memory.facts(customer)
    disk.walk()
    memory.walk()
    assert disk.net() == memory.net()
    store.close()


@settings(max_examples=STORIES // 8)
@given(seeds, st.integers(0, 20))
def test_the_engine_ends_where_the_oracle_does(seed: int, late: int) -> None:
    """Recorded day by day while time goes on, some of it late: the accounts are those of everything known at once."""
    rng = random.Random(seed)
    told = story(rng, circles=False)
    early = f.ReferralLinked | f.ReferralTouched | f.Registered
    days_told = {fact.id: fact.at // DAY + (0 if isinstance(fact, early) else rng.randint(0, late)) for fact in told}
    club = Club(programmes=(Programme(id="club", unit=PTS, currency="EUR"),), referrals=(programme(),))
    engine = Engine([], club=club, since=-DAY)
    engine.advance(to=-1)
    for day in sorted(set(days_told.values())):
        engine.record([fact for fact in told if days_told[fact.id] == day])
        engine.advance(to=day * DAY + DAY // 2)
    end = (END + 50) * DAY
    engine.advance(to=end)
    left: Counter[str] = Counter()
    for customer in {str(fact.customer) for fact in told}:
        state = engine.cashier.state(customer, "pts", at=end)
        for lot, known in state.grants.items():
            left[":".join(lot.removesuffix("/0").split(":")[:4])] += state.lots[lot].lot.issued - known.reversed
    assert {key: amount for key, amount in left.items() if amount} == expected(told)
    assert engine.record(told).new == 0
