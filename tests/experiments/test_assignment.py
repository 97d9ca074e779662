"""Experiments, variants, shares and holdouts by example."""

from __future__ import annotations

from collections import Counter

import pytest
from attrs import evolve

from retention_engine.errors import DefinitionError
from retention_engine.experiments import (
    Experiment,
    Layer,
    Variant,
    bucket_ranges,
    choose_variation,
    growthbook_hash,
    in_holdout,
    in_rollout,
    unleash_variant,
)
from retention_engine.keys import bucket

CUSTOMERS = [f"c{number}" for number in range(2_000)]
EVEN = {"a": 1, "b": 1}


def test_f43_half_of_2000_in_batches_of_1000_is_1000() -> None:
    """F43: batches decide nothing, so b gets 1,000 give or take chance and never 1,500.

    https://github.com/mautic/mautic/issues/14774
    """
    experiment = Experiment("subject", EVEN)
    batches = [Counter(map(experiment.assign, CUSTOMERS[start : start + 1_000])) for start in (0, 1_000)]
    together = Counter(map(experiment.assign, CUSTOMERS))
    assert batches[0] + batches[1] == together
    assert abs(together["b"] - 1_000) < 90  # four standard deviations of 22.4


def test_t10_renaming_keeps_every_assignment() -> None:
    """T10: the title and the names of customers are not hashed; the id is."""
    experiment = Experiment("subject", EVEN, title="Subject line")
    renamed = evolve(experiment, title="Subject line, spring")
    other = evolve(experiment, id="subject-2")
    before = [experiment.assign(one) for one in CUSTOMERS]
    assert [renamed.assign(one) for one in CUSTOMERS] == before
    assert 800 < sum(first == other.assign(one) for first, one in zip(before, CUSTOMERS, strict=True)) < 1_200


def test_an_assignment_never_changes() -> None:
    """Assignments are not stored: these were made by the first version."""
    experiment = Experiment("subject", {"a": 1, "b": 2, "c": 0.5}, share=0.5)
    assert [experiment.assign(one) or "-" for one in CUSTOMERS[:12]] == [*"bb-bcb-cb---"]


def test_a_weight_that_grows_takes_only_what_it_must() -> None:
    """From 1:1 to 3:1 a quarter of all move, all of them to the grown variant."""
    before, after = Experiment("e", EVEN), Experiment("e", {"a": 3, "b": 1})
    moved = [(before.assign(one), after.assign(one)) for one in CUSTOMERS if before.assign(one) != after.assign(one)]
    assert set(moved) == {("b", "a")}
    assert abs(len(moved) - 500) < 80


def test_a_variant_can_be_added_and_closed() -> None:
    """A new variant takes from all; a weight of 0 gives everybody back."""
    before, after = Experiment("e", EVEN), Experiment("e", EVEN | {"c": 1})
    moves = {(before.assign(one), after.assign(one)) for one in CUSTOMERS}
    assert moves == {("a", "a"), ("b", "b"), ("a", "c"), ("b", "c")}
    closed = Experiment("e", EVEN | {"c": 0})
    assert [closed.assign(one) for one in CUSTOMERS] == [before.assign(one) for one in CUSTOMERS]


def test_a_larger_share_moves_nobody_who_was_in() -> None:
    """Who was in stays in the same variant; others join."""
    small, large = Experiment("e", EVEN, share=0.1), Experiment("e", EVEN, share=0.6)
    inside = [one for one in CUSTOMERS if small.assign(one)]
    assert abs(len(inside) - 200) < 60
    assert [small.assign(one) for one in inside] == [large.assign(one) for one in inside]
    assert abs(sum(large.assign(one) is not None for one in CUSTOMERS) - 1_200) < 90


def test_the_order_of_variants_does_not_matter() -> None:
    """A rewritten file assigns the same."""
    first, second = Experiment("e", {"a": 1, "b": 2}), Experiment("e", {"b": 2, "a": 1})
    assert [first.assign(one) for one in CUSTOMERS] == [second.assign(one) for one in CUSTOMERS]


def test_growthbook_assigns_the_same() -> None:
    """Both hash versions give the variant that GrowthBook's own steps give."""
    variants = {"a": 3, "b": 1}
    for hashing, version in (("growthbook", 2), ("growthbook-1", 1)):
        experiment = Experiment("price", variants, hashing=hashing, share=0.8)
        ranges = bucket_ranges(2, 0.8, [0.75, 0.25])
        places = [choose_variation(growthbook_hash("price", one, version), ranges) for one in CUSTOMERS]
        assert [experiment.assign(one) for one in CUSTOMERS] == [("a", "b", None)[place] for place in places]
        assert set(places) == {0, 1, -1}


def test_unleash_assigns_the_same() -> None:
    """The rollout and the variant are those of a flag with this name and group."""
    experiment = Experiment("flag", {"a": 250, "b": 750}, hashing="unleash", share=0.3)
    for one in CUSTOMERS:
        expected = "ab"[unleash_variant(one, "flag", [250, 750])] if in_rollout(one, "flag", 30) else None
        assert experiment.assign(one) == expected


def test_experiments_in_a_layer_share_its_customers() -> None:
    """Two experiments of one layer divide the customers; each divides its own."""
    layer = Layer("email", {"subject": (0, 0.5), "hour": (0.5, 0.8)})
    subject, hour = (Experiment(name, EVEN, layer=layer) for name in ("subject", "hour"))
    both = Counter((subject.assign(one) is not None, hour.assign(one) is not None) for one in CUSTOMERS)
    assert both[True, True] == 0
    assert abs(both[True, False] - 1_000) < 90
    assert abs(both[False, True] - 600) < 90
    inside = Counter(subject.assign(one) for one in CUSTOMERS)
    assert abs(inside["a"] - inside["b"]) < 140


def test_a_holdout_is_the_bucket_that_rules_know() -> None:
    """One definition for rules, SQL and experiments."""
    assert all(in_holdout(one, 0.05, "global") == (bucket(one, "global") < 500) for one in CUSTOMERS)
    assert not any(in_holdout(one, 0, "global") for one in CUSTOMERS)
    assert all(in_holdout(one, 1, "global") for one in CUSTOMERS)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan"), True, "0.5", None])
def test_an_odd_share_of_a_holdout_is_refused(share: float) -> None:
    """A share is a number from 0 to 1."""
    with pytest.raises(DefinitionError, match="a number from 0 to 1, not"):
        in_holdout("c", share, "s")


ODD = [
    (lambda: Variant(""), "id is a printable text"),
    (lambda: Variant("a", -1), "the weight of 'a' is a number of 0 or more, not -1"),
    (lambda: Variant("a", float("inf")), "not inf"),
    (lambda: Variant("a", True), "not True"),
    (lambda: Experiment("", EVEN), "id is a printable text"),
    (lambda: Experiment("e", {}), "at least one variant"),
    (lambda: Experiment("e", {"a": 0}), "with a weight above 0"),
    (lambda: Experiment("e", [Variant("a"), Variant("a")]), "have different ids"),
    (lambda: Experiment("e", EVEN, share=2), "the share of 'e' is a number from 0 to 1, not 2"),
    (lambda: Experiment("e", EVEN, hashing="growth"), "did you mean 'growthbook'"),
    (lambda: Experiment("e", EVEN, hashing="unleash", share=0.125), "whole percents, not the share 0.125"),
    (lambda: Experiment("e", {"a": 0.5}, hashing="unleash"), r"whole weights, not \[0.5\]"),
    (lambda: Experiment("e", EVEN, layer=Layer("l", {"x": (0, 1)})), r"no slot for 'e' \(allowed: x\)"),
    (lambda: Layer("l", {"": (0, 1)}), "experiment is a printable text"),
    (lambda: Layer("", {}), "id is a printable text"),
    (lambda: Layer("l", {"x": (0.5, 0.5)}), "0 <= start < end <= 1, not"),
    (lambda: Layer("l", {"x": ("0", 1)}), "0 <= start < end <= 1, not"),
    (lambda: Layer("l", {"x": (0, 0.6), "y": (0.5, 1)}), "overlap"),
    (lambda: Layer("l", [*Layer("l", {"x": (0, 0.1)}).slots, *Layer("l", {"x": (0.2, 0.3)}).slots]), "one slot"),
    (lambda: Layer("l", {}, hashing="unleash"), "own or growthbook, not 'unleash'"),
]


@pytest.mark.parametrize(("define", "said"), ODD)
def test_an_odd_definition_is_refused(define: object, said: str) -> None:
    """What cannot be meant is refused where it is written."""
    with pytest.raises(DefinitionError, match=said):
        define()


def test_definitions_are_values() -> None:
    """Equal definitions are equal and hashable."""
    assert Experiment("e", EVEN) == Experiment("e", [Variant("a"), Variant("b")])
    assert len({Experiment("e", EVEN, layer=Layer("l", {"e": (0, 1)})), Experiment("e", EVEN)}) == 2
