"""The hashes are those that GrowthBook and Unleash publish, case by case."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from retention_engine.errors import DefinitionError
from retention_engine.experiments import (
    bucket_ranges,
    choose_variation,
    fnv1a,
    growthbook_hash,
    in_namespace,
    murmur3,
    unleash_number,
    unleash_variant,
)
from tests.experiments._unleash import enabled_by, is_about_hashing, variant


@pytest.fixture(scope="module")
def growthbook(shared_data: Path) -> dict[str, Any]:
    """Return the published cases of GrowthBook's SDKs."""
    file = shared_data / "suites" / "growthbook" / "cases.json"
    if not file.is_file():
        pytest.skip(f"no published cases of GrowthBook at {file}")
    return dict(json.loads(file.read_text("utf-8")))


@pytest.fixture(scope="module")
def unleash(shared_data: Path) -> list[dict[str, Any]]:
    """Return the published specifications of Unleash that need no list of changes."""
    folder = shared_data / "suites" / "unleash" / "specifications"
    if not folder.is_dir():
        pytest.skip(f"no published specifications of Unleash at {folder}")
    found = [json.loads(file.read_text("utf-8")) for file in sorted(folder.glob("[0-9]*.json"))]
    return [one for one in found if "features" in one["state"]]


def test_all_cases_of_growthbooks_hash_pass(growthbook: dict[str, Any]) -> None:
    """Both versions give the published numbers; a version that does not exist is refused."""
    cases = growthbook["hash"]
    for seed, value, version, expected in cases:
        if expected is None:
            with pytest.raises(DefinitionError, match="versions 1 and 2"):
                growthbook_hash(seed, value, version)
        else:
            assert growthbook_hash(seed, value, version) == expected
    assert len(cases) >= 15


def test_all_cases_of_growthbooks_bucket_ranges_pass(growthbook: dict[str, Any]) -> None:
    """Coverage, weights and their repairs give the published ranges."""
    cases = growthbook["getBucketRange"]
    for name, (variants, coverage, weights), expected in cases:
        found = bucket_ranges(variants, coverage, weights)
        assert [[round(edge, 6) for edge in one] for one in found] == expected, name
    assert len(cases) >= 13


def test_all_cases_of_growthbooks_variations_pass(growthbook: dict[str, Any]) -> None:
    """Numbers fall into the published ranges, or into none."""
    cases = growthbook["chooseVariation"]
    for name, number, ranges, expected in cases:
        assert choose_variation(number, ranges) == expected, name
    assert len(cases) >= 13


def test_all_cases_of_growthbooks_namespaces_pass(growthbook: dict[str, Any]) -> None:
    """Customers are in the published parts of namespaces."""
    cases = growthbook["inNamespace"]
    for name, customer, (namespace, start, end), expected in cases:
        assert in_namespace(customer, namespace, start, end) == expected, name
    assert len(cases) >= 16


def test_all_cases_of_unleashs_rollouts_pass(unleash: list[dict[str, Any]]) -> None:
    """Whoever is let in by a share of a group, there is let in here."""
    seen: set[str] = set()
    count = 0
    for one in unleash:
        features = {feature["name"]: feature for feature in one["state"]["features"] if is_about_hashing(feature)}
        for case in one.get("tests", ()):
            if feature := features.get(case["toggleName"]):
                answer = enabled_by(feature, case["context"]) is not None
                assert answer == case["expectedResult"], case["description"]
                seen |= {strategy["name"] for strategy in feature["strategies"]}
                count += 1
    assert seen >= {"flexibleRollout", "gradualRolloutUserId", "gradualRolloutSessionId"}
    assert count >= 30


def test_all_cases_of_unleashs_variants_pass(unleash: list[dict[str, Any]]) -> None:
    """Whoever gets a variant of a feature or of a strategy there gets it here."""
    count = 0
    for one in unleash:
        features = {feature["name"]: feature for feature in one["state"]["features"] if is_about_hashing(feature)}
        for case in one.get("variantTests", ()):
            if feature := features.get(case["toggleName"]):
                assert variant(feature, case["context"]) == case["expectedResult"]["name"], case["description"]
                count += 1
    assert count >= 25


MURMUR = [  # https://en.wikipedia.org/wiki/MurmurHash, "Test vectors"; the first four from the reference by its author
    (b"", 0, 0),
    (b"", 1, 0x514E28B7),
    (b"", 0xFFFFFFFF, 0x81F16F39),
    (b"test", 0, 0xBA6BD213),
    (b"test", 0x9747B28C, 0x704B81DC),
    (b"Hello, world!", 0, 0xC0363E43),
    (b"Hello, world!", 0x9747B28C, 0x24884CBA),
    (b"The quick brown fox jumps over the lazy dog", 0x9747B28C, 0x2FA826CD),
]


@pytest.mark.parametrize(("raw", "seed", "expected"), MURMUR)
def test_murmur3_is_as_published(raw: bytes, seed: int, expected: int) -> None:
    """The published vectors hold for every length of the rest."""
    assert murmur3(raw, seed) == expected


FNV = [("", 0x811C9DC5), ("a", 0xE40C292C), ("foobar", 0xBF9CF968)]  # http://www.isthe.com/chongo/tech/comp/fnv/


@pytest.mark.parametrize(("text", "expected"), FNV)
def test_fnv1a_is_as_published(text: str, expected: int) -> None:
    """The published vectors hold."""
    assert fnv1a(text) == expected


def test_texts_of_any_alphabet_have_hashes() -> None:
    """Pictures, Cyrillic and broken texts do not stop anything."""
    for text in ("😊", "Жанна", "\ud800"):
        assert 0 <= growthbook_hash("s", text) < 1
        assert 1 <= unleash_number(text, "s") <= 100


def test_weights_of_nothing_choose_nothing() -> None:
    """Without a weight above 0 there is no variant; a weight of 0 is never chosen."""
    assert unleash_variant("c", "g", []) == unleash_variant("c", "g", [0, 0]) == -1
    assert {unleash_variant(f"c{n}", "g", [0, 1, 0, 1]) for n in range(50)} == {1, 3}


def test_a_range_of_nothing_is_refused() -> None:
    """A number from 1 to 0 does not exist."""
    with pytest.raises(DefinitionError, match="1 or more, not 0"):
        unleash_number("c", "g", 0)
