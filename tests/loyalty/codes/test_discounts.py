"""Stacking and splitting: never below zero, the same in any order, parts that add up."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from retention_engine.errors import DefinitionError, LedgerError
from retention_engine.loyalty.codes import MOST_OFFERS, Applied, Gift, Off, Offer, Percent, Stack, best
from retention_engine.money import Money

ALL = frozenset(Stack)


def eur(amount: int) -> Money:
    """Return euro cents."""
    return Money(amount, "EUR")


amounts = st.integers(1, 4_000).map(eur)
discounts = st.one_of(
    st.builds(Percent, st.integers(1, 100) | st.sampled_from(("12.5", "0.1", "99.9"))),
    st.builds(Percent, st.integers(1, 100), amounts),
    st.builds(Off, amounts),
    st.builds(Gift, st.just("mug"), worth=st.none() | amounts),
)


@st.composite
def baskets(draw: st.DrawFn, most: int = 5) -> tuple[list[Offer], list[int], int]:
    """Return offers, lines and shipping; most offers go together."""
    lines = draw(st.lists(st.integers(0, 3_000), max_size=4))
    offers = []
    for number in range(draw(st.integers(0, most))):
        stack = draw(st.sampled_from(Stack))
        places = tuple(draw(st.sets(st.sampled_from(range(len(lines)))))) if lines else ()
        offers.append(
            Offer(
                id=f"p{number}",
                discount=draw(discounts),
                stack=stack,
                combines_with=draw(st.sampled_from((ALL, ALL, ALL, ALL, frozenset({Stack.ORDER}), frozenset()))),
                exclusive=draw(st.sampled_from((False, False, False, False, False, True))),
                priority=draw(st.integers(0, 2)),
                lines=tuple(sorted(places)),
            )
        )
    return offers, lines, draw(st.integers(0, 900))


def worth(way: Any) -> tuple[int, int, int]:
    """Return what an admissible choice is worth, money and gifts, then number of gifts, then few promotions."""
    return (sum(one.cost for one in way), sum(one.gift is not None for one in way), -len(way))


def plainly(offers: tuple[Offer, ...], lines: list[int], shipping: int) -> list[tuple[str, list[int], int, int]]:
    """Take offers off one by one, cent by cent: (id, parts, shipping, cost) of each that gives something."""
    left, ship, found = list(lines), shipping, []
    for offer in sorted(offers, key=lambda one: (-one.priority, one.id)):
        base = ship if offer.stack is Stack.SHIPPING else sum(left[place] for place in offer.lines)
        if isinstance(offer.discount, Gift):
            found.append(
                (offer.id, [0] * len(lines), 0, 0 if offer.discount.worth is None else offer.discount.worth.amount)
            )
            continue
        if isinstance(offer.discount, Off):
            off = min(base, offer.discount.amount.amount)
        else:
            off = base * offer.discount.rate.numerator // (100 * offer.discount.rate.denominator)
            off = off if offer.discount.most is None else min(off, offer.discount.most.amount)
        parts = [0] * len(lines)
        if offer.stack is Stack.SHIPPING:
            ship -= off
            ships = off
        else:
            ships = 0
            for place in offer.lines:
                parts[place] = left[place] * off // base if base else 0
            missing = off - sum(parts)
            by_rest = sorted(offer.lines, key=lambda place: (-(left[place] * off % base) if base else 0, place))
            for place in by_rest[:missing]:
                parts[place] += 1
            left = [line - part for line, part in zip(left, parts, strict=True)]
        if off:
            found.append((offer.id, parts, ships, off))
    return found


def oracle(offers: list[Offer], lines: list[int], shipping: int) -> tuple[int, int, int]:
    """Return what the best choice is worth, by trying every subset."""
    gifts = {offer.id for offer in offers if isinstance(offer.discount, Gift)}
    best_found = (0, 0, 0)
    for size in range(1, len(offers) + 1):
        for chosen in combinations(offers, size):
            pairs = combinations(chosen, 2)
            if all(
                a.stack in b.combines_with and b.stack in a.combines_with and not (a.exclusive or b.exclusive)
                for a, b in pairs
            ):
                way = plainly(chosen, lines, shipping)
                score = (sum(one[3] for one in way), sum(one[0] in gifts for one in way), -len(way))
                best_found = max(best_found, score)
    return best_found


@given(baskets(), st.randoms(use_true_random=False))
def test_stack_order_what_is_typed_first_does_not_matter(basket: Any, chance: Any) -> None:
    """STACK-ORDER: any order of the offers gives the same."""
    offers, lines, shipping = basket
    mixed = list(offers)
    chance.shuffle(mixed)
    assert best(mixed, lines, shipping) == best(offers, lines, shipping)


@given(baskets())
def test_stack_floor_and_split(basket: Any) -> None:
    """STACK-FLOOR, SPLIT: no line and no total below zero; parts are zero or more and add up to the discount."""
    offers, lines, shipping = basket
    applied = best(offers, lines, shipping)
    for one in applied:
        assert all(part >= 0 for part in one.parts)
        assert one.shipping >= 0
        assert one.amount == sum(one.parts) + one.shipping
        assert one.counts
    for place, line in enumerate(lines):
        assert sum(one.parts[place] for one in applied) <= line
    assert sum(one.shipping for one in applied) <= shipping


@settings(max_examples=150)
@given(baskets())
def test_the_best_choice_is_that_of_brute_force(basket: Any) -> None:
    """BEST: no other admissible choice is worth more; what is taken off is what plain arithmetic gives."""
    offers, lines, shipping = basket
    applied = best(offers, lines, shipping)
    event(f"{len(applied)} applied")
    assert worth(applied) == oracle(offers, lines, shipping)
    by_id = {offer.id: offer for offer in offers}
    chosen = tuple(by_id[one.id] for one in applied)
    told = [(one.id, list(one.parts), one.shipping, one.cost) for one in applied]
    assert told == plainly(chosen, lines, shipping)
    assert all(a.goes_with(b) for a, b in combinations(chosen, 2))


def test_two_or_more_are_combined_often_enough() -> None:
    """The baskets above are worth drawing: at least 15 in 100 combine two promotions or more."""
    seen: list[int] = []

    @settings(max_examples=200, database=None, derandomize=True)
    @given(baskets())
    def draw(basket: Any) -> None:
        seen.append(len(best(*basket)))

    draw()
    assert sum(count >= 2 for count in seen) / len(seen) >= 0.15


def order(id: str, discount: Any, lines: int = 1, **more: Any) -> Offer:
    """Return an offer on all lines that goes with every other one."""
    return Offer(id=id, discount=discount, combines_with=ALL, lines=tuple(range(lines)), **more)


@pytest.mark.parametrize("codes", ["ab", "ba"])
def test_b23_totals_are_never_negative(codes: str) -> None:
    """Two fixed discounts above the total, A then B and B then A. https://github.com/odoo/odoo/issues/63106
    https://github.com/django-oscar/django-oscar/issues/2463 https://github.com/magento/magento2/issues/35162"""
    offers = {"a": order("a", Off(eur(900))), "b": order("b", Off(eur(800)))}
    applied = best([offers[letter] for letter in codes], [1_000])
    assert [(one.id, one.amount) for one in applied] == [("a", 900), ("b", 100)]


def test_b24_parts_add_up() -> None:
    """10.00 over three equal lines is 3.34 + 3.33 + 3.33. https://github.com/frappe/erpnext/issues/58042
    https://github.com/duncanmcclean/statamic-cargo/issues/168
    https://github.com/chameleon-system/chameleon-system/issues/655"""
    (applied,) = best([order("ten", Off(eur(1_000)), lines=3)], [5_000, 5_000, 5_000])
    assert applied.parts == (334, 333, 333)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Off(eur(-1)),
        lambda: Off(eur(0)),
        lambda: Off(100),
        lambda: Percent(-5),
        lambda: Percent(0),
        lambda: Percent(101),
        lambda: Percent(0.1),
        lambda: Percent("ten"),
        lambda: Percent("1/0"),
        lambda: Percent(5, eur(-1)),
        lambda: Gift("mug", quantity=0),
        lambda: Gift("mug", worth=eur(0)),
    ],
    ids=range(12),
)
def test_b38_a_negative_discount_is_refused(wrong: Any) -> None:
    """At the border. https://github.com/open-mercato/open-mercato/issues/1704"""
    with pytest.raises(DefinitionError):
        wrong()


def test_amounts_below_zero_and_double_offers_are_refused() -> None:
    """With a typed error."""
    for offers, lines, shipping in (([], [-1], 0), ([], [1], -1), ([order("a", Percent(5))] * 2, [1], 0)):
        with pytest.raises(LedgerError):
            best(offers, lines, shipping)


def test_at_most_twelve_are_tried() -> None:
    """The first by priority and id; so the work has an end."""
    offers = [order(f"p{number:02}", Off(eur(1))) for number in range(20)]
    found = best(offers, [1_000])
    assert [one.id for one in found] == [f"p{number:02}" for number in range(MOST_OFFERS)]


def test_every_option_of_an_offer_changes_something() -> None:
    """OPTIONS: priority, exclusive, what it goes with, the lines, the stack, the most."""
    lines, other = [1_000, 500], order("z", Off(eur(300)), lines=2)
    plain = best([order("a", Percent(10), lines=2), other], lines, 200)
    for changed in (
        order("a", Percent(10), lines=2, priority=-1),
        order("a", Percent(10), lines=2, exclusive=True),
        Offer(id="a", discount=Percent(10), lines=(0, 1)),
        order("a", Percent(10), lines=1),
        order("a", Percent(10), lines=2, stack=Stack.SHIPPING),
        order("a", Percent(10, eur(7)), lines=2),
        order("a", Gift("mug"), lines=2),
        order("a", Gift("mug", 2), lines=2),
        order("a", Gift("mug", 2, eur(5)), lines=2),
    ):
        assert best([changed, other], lines, 200) != plain
    assert best([order("a", Percent(Fraction(25, 2)), lines=2), other], lines) == best(
        [order("a", Percent("12.5"), lines=2), other], lines
    )


def test_a_gift_costs_what_it_is_worth() -> None:
    """And takes nothing off."""
    (one,) = best([order("a", Gift("mug", 2, eur(700)))], [100])
    assert (one.amount, one.cost, one.counts) == (0, 700, True)
    assert not Applied(id="x", parts=(0,)).counts
