"""What must hold of every assignment, each law beside a fault that it catches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import pytest
from attrs import evolve
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from retention_engine.experiments import Experiment, Layer, Variant, in_holdout
from retention_engine.keys import BUCKETS, bucket

CUSTOMERS = [f"customer-{number}" for number in range(300)]
MANY = [f"customer-{number}" for number in range(4_000)]
IDS = st.text("abcdefgh-0123456789", min_size=1, max_size=12)
WEIGHTS = st.integers(0, 10) | st.floats(0.1, 10)
# A fault has to be found, not made small.
SEARCH = settings(phases=[Phase.generate], database=None)
FEW = settings(SEARCH, max_examples=20)

Assign = Callable[[Experiment, str], str | None]
Takes = Callable[[Layer, str, str], bool]
Held = Callable[[str, float, str], bool]


@st.composite
def experiments(draw: st.DrawFn) -> Experiment:
    """Draw an experiment of two to five variants, hashed in our own way."""
    weights = draw(st.lists(WEIGHTS, min_size=2, max_size=5).filter(any))
    variants = [Variant(f"v{place}", weight) for place, weight in enumerate(weights)]
    return Experiment(draw(IDS), variants, share=draw(st.sampled_from([1.0, 0.5, 0.1])), title=draw(IDS))


@st.composite
def layers(draw: st.DrawFn) -> Layer:
    """Draw a layer whose slots stand anywhere beside each other."""
    edges = sorted(draw(st.sets(st.integers(0, BUCKETS), min_size=3, max_size=7)))
    parts = {f"e{start}": (start / BUCKETS, end / BUCKETS) for start, end in pairwise(edges)}
    return Layer(draw(IDS), parts, hashing=draw(st.sampled_from(["own", "growthbook"])))


def law_of_the_title(assign: Assign) -> None:
    """Another title moves nobody."""

    @SEARCH
    @given(experiments(), IDS)
    def holds(experiment: Experiment, title: str) -> None:
        renamed = evolve(experiment, title=title)
        assert [assign(experiment, one) for one in CUSTOMERS] == [assign(renamed, one) for one in CUSTOMERS]

    holds()


def law_of_the_weights(assign: Assign) -> None:
    """Whoever moves when one weight changes moves to or from that variant; who is outside stays outside."""

    @SEARCH
    @given(experiments(), st.data(), WEIGHTS)
    def holds(experiment: Experiment, data: st.DataObject, weight: float) -> None:
        changed = data.draw(st.sampled_from(experiment.variants))
        variants = [evolve(one, weight=weight) if one == changed else one for one in experiment.variants]
        if not any(one.weight for one in variants):
            return
        after = evolve(experiment, variants=variants)
        for one in CUSTOMERS:
            old, new = assign(experiment, one), assign(after, one)
            assert old == new or (changed.id in (old, new) and None not in (old, new))
            assert old == new or (new == changed.id) == (weight > changed.weight)

    holds()


def law_of_the_layers(takes: Takes) -> None:
    """No customer is in two experiments of a layer."""

    @SEARCH
    @given(layers())
    def holds(layer: Layer) -> None:
        for one in CUSTOMERS:
            assert sum(takes(layer, slot.experiment, one) for slot in layer.slots) <= 1

    holds()


def law_of_the_holdout(held: Held) -> None:
    """A larger share keeps every member."""

    @SEARCH
    @given(IDS, st.floats(0, 1), st.floats(0, 1))
    def holds(salt: str, first: float, second: float) -> None:
        low, high = sorted([first, second])
        assert all(held(one, high, salt) for one in CUSTOMERS if held(one, low, salt))

    holds()


def law_of_the_shares(assign: Assign) -> None:
    """Each variant has its part, and the experiment its share, within six standard deviations."""

    @FEW
    @given(experiments())
    def holds(experiment: Experiment) -> None:
        found = Counter(assign(experiment, one) for one in MANY)
        total = sum(one.weight for one in experiment.variants)
        for one in experiment.variants:
            part = experiment.share * one.weight / total
            spread = (len(MANY) * part * (1 - part)) ** 0.5
            assert abs(found[one.id] - len(MANY) * part) <= 6 * spread

    holds()


def test_a_title_is_never_hashed() -> None:
    """Renaming keeps everybody where they are."""
    law_of_the_title(Experiment.assign)


def test_changing_one_weight_moves_only_to_or_from_that_variant() -> None:
    """The other variants exchange nobody."""
    law_of_the_weights(Experiment.assign)


def test_experiments_of_a_layer_exclude_each_other() -> None:
    """A customer is in one of them at most, by either hash."""
    law_of_the_layers(Layer.takes)


def test_a_holdout_persists() -> None:
    """Raising the share only adds members."""
    law_of_the_holdout(in_holdout)


def test_shares_are_near_their_expectation() -> None:
    """Weights and shares come out as written."""
    law_of_the_shares(Experiment.assign)


def by_title(experiment: Experiment, customer: str) -> str | None:
    """Hash the title (planted fault)."""
    return evolve(experiment, id=experiment.title).assign(customer)


def by_cumulative_ranges(experiment: Experiment, customer: str) -> str | None:
    """Lay the weights one after the other (planted fault): a change pushes all that follow."""
    total = sum(one.weight for one in experiment.variants)
    place, reached = bucket(customer, experiment.id) / BUCKETS * total, 0.0
    for one in experiment.variants:
        reached += one.weight
        if place < reached:
            return one.id
    return experiment.variants[-1].id


def by_own_salt(layer: Layer, experiment: str, customer: str) -> bool:
    """Let each experiment draw for itself (planted fault): slots overlap in customers."""
    start, end = layer.slot(experiment).buckets()
    return start <= bucket(customer, experiment) < end


def by_share(customer: str, share: float, salt: str) -> bool:
    """Hash the share too (planted fault): a larger holdout is another one."""
    return in_holdout(customer, share, f"{salt}:{share}")


def evenly(experiment: Experiment, customer: str) -> str | None:
    """Forget the weights (planted fault)."""
    return evolve(experiment, variants=[Variant(one.id) for one in experiment.variants]).assign(customer)


PLANTED: list[tuple[Callable[..., None], Callable[..., object]]] = [
    (law_of_the_title, by_title),
    (law_of_the_weights, by_cumulative_ranges),
    (law_of_the_layers, by_own_salt),
    (law_of_the_holdout, by_share),
    (law_of_the_shares, evenly),
]


@pytest.mark.parametrize(("law", "fault"), PLANTED, ids=lambda one: one.__name__)
def test_a_planted_fault_is_found(law: Callable[..., None], fault: Callable[..., object]) -> None:
    """Each law fails on the fault that it is there for."""
    with pytest.raises(AssertionError):
        law(fault)
