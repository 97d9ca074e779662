"""An experiment read as a whole, by example."""

from __future__ import annotations

import json
import sys

import pytest

from retention_engine.analytics import Arm, Spend, bootstrap, compare, fisher, srm
from retention_engine.errors import DefinitionError, MissingExtra

LARGE = Arm("a", 5_000, 500), Arm("b", 5_000, 650)


def test_f45_no_winner_is_declared_without_a_test() -> None:
    """F45: three conversions against none, or more conversions by chance, make no winner.

    https://github.com/mautic/mautic/issues/7351
    """
    few, chance = compare(Arm("a", 20, 0), Arm("b", 20, 3)), compare(Arm("a", 2_000, 100), Arm("b", 2_000, 112))
    assert [found.winner for found in (few, chance)] == [None, None]
    assert [found.effects[0].verdict for found in (few, chance)] == ["not_enough_data", "undecided"]
    assert "not enough data" in str(few)
    assert "no difference shown" in str(chance)


def test_a_real_difference_is_found_in_both_directions() -> None:
    """From 10 % to 13 % at 5,000 each is beyond chance at any look."""
    assert compare(*LARGE).winner == "b"
    assert compare(*reversed(LARGE)).effects[0].verdict == "worse"
    assert compare(*reversed(LARGE)).winner is None


def test_a_broken_split_has_no_winner() -> None:
    """Whatever the conversions say, the counts say that the customers are not comparable."""
    found = compare(Arm("a", 4_000, 400), Arm("b", 6_000, 900))
    assert found.winner is None
    assert found.effects[0].verdict == "broken_split"
    assert "split: broken" in found.lines()[0]
    assert compare(Arm("a", 4_000, 400, weight=2), Arm("b", 6_000, 900, weight=3)).winner == "b"


def test_two_better_treatments_are_not_compared_with_each_other() -> None:
    """Both are better than the control; which of the two is best is another question."""
    found = compare(*LARGE, Arm("c", 5_000, 655))
    assert [effect.verdict for effect in found.effects] == ["better", "better"]
    assert found.winner is None


def test_more_treatments_need_more_evidence() -> None:
    """A p that is enough for one treatment is not enough for one of five (Bonferroni)."""
    control, treatment = Arm("a", 5_000, 500), Arm("b", 5_000, 615)
    others = [Arm(name, 5_000, 500) for name in "cdef"]
    assert 0.01 < compare(control, treatment).effects[0].sequential.p < 0.05
    assert compare(control, treatment).winner == "b"
    assert compare(control, treatment, *others).winner is None


def test_what_was_decided_once_stays_decided() -> None:
    """The smallest p and the verdict are carried from look to look; an undecided look carries its p."""
    first = compare(*LARGE)
    second = compare(Arm("a", 9_000, 1_090), Arm("b", 9_000, 1_100), before=first)
    assert (second.winner, second.effects[0].sequential.p) == ("b", first.effects[0].sequential.p)
    undecided = compare(Arm("a", 2_000, 100), Arm("b", 2_000, 112))
    after = compare(Arm("a", 2_100, 112), Arm("b", 2_100, 112), before=undecided)
    assert after.effects[0].sequential.p == undecided.effects[0].sequential.p
    assert after.winner is None


def test_a_person_reads_lines_and_a_program_plain_values() -> None:
    """Spend is shown by Welch and by the bootstrap; what is infinite becomes None."""
    control, treatment = Arm("a", 400, 40, Spend.of([25] * 40)), Arm("b", 400, 0, Spend.of([]))
    found = compare(control, Arm("b", 400, 60, Spend.of([20] * 60)))
    assert str(found).splitlines() == [
        "split: as assigned (p 1.000)",
        "b against a: no difference shown",
        "  conversion 15.00% against 10.00%: +5.00 pp (95% interval +0.40 to +9.61)",
        "  p 0.452 however often one looks, 0.042 for a single look",
        "  spend per customer +0.500 (95% interval -0.518 to +1.518), Welch",
        found.lines()[5],
        "  arms of this size show a rise of 6.73 pp or more, at one look",
    ]
    assert found.lines()[5].endswith("bootstrap")
    plain = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert plain["winner"] is None
    assert plain["effects"][0]["conversion"]["estimate"] == pytest.approx(0.05)
    (empty,) = compare(treatment, control).as_dict()["effects"]
    assert (empty["ratio"]["high"], empty["detectable"]) == (None, None)
    (bare,) = compare(Arm("a", 9, 1), Arm("b", 9, 1)).as_dict()["effects"]
    assert bare["spend"] is None


def test_odd_comparisons_are_refused() -> None:
    """A control and a treatment of another name."""
    for arms in (LARGE[:1], (LARGE[0], LARGE[0])):
        with pytest.raises(DefinitionError, match="a control and one or more treatments"):
            compare(*arms)


def test_a_missing_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without scipy or numpy the message names the extra."""
    for name in ("scipy.special", "scipy.stats", "numpy"):
        monkeypatch.setitem(sys.modules, name, None)
    arm = Arm("a", 9, 3, Spend.of([1, 2, 3]))
    for ask in (lambda: srm([1, 1]), lambda: fisher(arm, arm), lambda: bootstrap(arm, arm)):
        with pytest.raises(MissingExtra, match=r'pip install "retention-engine\[analytics\]"'):
            ask()
