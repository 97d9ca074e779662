"""An experiment read as a whole: is the split sound, how large are the differences, is anything decided."""

from __future__ import annotations

from math import isfinite
from typing import Any, Literal

from attrs import evolve, frozen

from retention_engine.analytics.arms import Arm, Interval, check_level
from retention_engine.analytics.bootstrap import bootstrap
from retention_engine.analytics.intervals import fisher, newcombe, welch
from retention_engine.analytics.power import detectable
from retention_engine.analytics.ratios import SampleRatio, srm
from retention_engine.analytics.sequential import AlwaysValid, always_valid
from retention_engine.errors import DefinitionError, shown

ENOUGH = 10
"""Conversions that each of two arms needs before "no difference shown" is said; below, there is not enough data."""

Verdict = Literal["better", "worse", "undecided", "not_enough_data", "broken_split"]
"""What is known of a treatment beside the control; stable words."""

_SAID: dict[Verdict, str] = {
    "better": "better than {control}",
    "worse": "worse than {control}",
    "undecided": "no difference shown",
    "not_enough_data": "not enough data",
    "broken_split": "not readable: the split is broken",
}


@frozen
class Effect:
    """One treatment beside the control.

    Attributes:
        conversion: the difference of the rates, 0.01 for one percentage point; for one look.
        exact_p: Fisher's, for one look at a size set before.
        sequential: what may be looked at all the time; the verdict follows it alone.
        spend: the difference of the mean spend per customer (Welch), or None when it is not known.
        resampled: the same by the bootstrap, or None when the single amounts are not known.
        detectable: the rise of the control's rate that these arms show four times out of five, or None.
    """

    control: Arm
    treatment: Arm
    conversion: Interval
    exact_p: float
    sequential: AlwaysValid
    spend: Interval | None
    resampled: Interval | None
    detectable: float | None
    verdict: Verdict

    def lines(self) -> list[str]:
        """Return what a person wants to read, a line each."""
        a, b = self.control, self.treatment
        found = [
            f"{b.name} against {a.name}: {_SAID[self.verdict].format(control=a.name)}",
            f"  conversion {b.rate:.2%} against {a.rate:.2%}: {_points(self.conversion)}",
            f"  p {_p(self.sequential.p)} however often one looks, {_p(self.exact_p)} for a single look",
        ]
        for name, interval in (("Welch", self.spend), ("bootstrap", self.resampled)):
            found += [f"  spend per customer {_money(interval)}, {name}"] if interval else []
        if self.verdict == "not_enough_data":
            found.append(f"  {b.conversions} and {a.conversions} conversions; at least {ENOUGH} each are needed")
        if self.verdict in ("not_enough_data", "undecided") and self.detectable:
            found.append(f"  arms of this size show a rise of {100 * self.detectable:.2f} pp or more, at one look")
        return found

    def as_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold; what is infinite becomes None."""
        sequential = self.sequential
        return {
            "control": self.control.name,
            "treatment": self.treatment.name,
            "verdict": self.verdict,
            "conversion": _plain(self.conversion),
            "exact_p": self.exact_p,
            "always_valid_p": sequential.p,
            "evidence": _finite(sequential.evidence),
            "ratio": _plain(sequential.ratio),
            "spend": _plain(self.spend),
            "spend_bootstrap": _plain(self.resampled),
            "detectable": self.detectable,
        }


@frozen
class Comparison:
    """All treatments beside the control.

    Attributes:
        sample_ratio: the check of the split over all arms.
        level: 1 minus the chance that any difference is found that is not there.
    """

    sample_ratio: SampleRatio
    effects: tuple[Effect, ...]
    level: float

    @property
    def winner(self) -> str | None:
        """The name of the treatment that is better, when exactly one is; they are not compared with each other."""
        better = [effect.treatment.name for effect in self.effects if effect.verdict == "better"]
        return better[0] if len(better) == 1 else None

    def lines(self) -> list[str]:
        """Return what a person wants to read, a line each."""
        said = "broken: find the fault before reading on" if self.sample_ratio.flagged else "as assigned"
        first = f"split: {said} (p {_p(self.sample_ratio.p)})"
        return [first, *(line for effect in self.effects for line in effect.lines())]

    def __str__(self) -> str:
        """Return the lines as one text."""
        return "\n".join(self.lines())

    def as_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return {
            "sample_ratio": {"p": self.sample_ratio.p, "flagged": self.sample_ratio.flagged},
            "level": self.level,
            "winner": self.winner,
            "effects": [effect.as_dict() for effect in self.effects],
        }


def compare(
    control: Arm, *treatments: Arm, level: float = 0.95, seed: int = 0, before: Comparison | None = None
) -> Comparison:
    """Compare treatments with a control, at any time and as often as one likes.

    A treatment is called better or worse only when its always-valid p, times the number of treatments (Bonferroni), is
    at most 1 - level, and never when the split is broken.

    Args:
        control: the arm that the others are held against.
        treatments: one or more other arms, of other names.
        level: of the intervals too; those are per treatment.
        seed: of the bootstrap.
        before: the comparison of the previous look, so that what was decided once stays decided.

    Raises:
        DefinitionError: no treatment, or two arms of one name.
        MissingExtra: scipy is not installed.
    """
    arms = (control, *treatments)
    names = [arm.name for arm in arms]
    if len(arms) < 2 or len(set(names)) != len(names):
        raise DefinitionError(f"a control and one or more treatments of other names are needed, not {shown(names)}")
    ratio = srm([arm.customers for arm in arms], [arm.weight for arm in arms])
    known = {effect.treatment.name: effect for effect in before.effects} if before else {}
    effects = []
    for treatment in treatments:
        effect = _effect(control, treatment, check_level(level), seed)
        effect = _after(effect, known.get(treatment.name))
        decided = effect.sequential.p * len(treatments) <= round(1 - level, 12)
        effects.append(evolve(effect, verdict=_verdict(effect, ratio, decided=decided)))
    return Comparison(ratio, tuple(effects), level)


def _effect(control: Arm, treatment: Arm, level: float, seed: int) -> Effect:
    share = treatment.weight / (control.weight + treatment.weight)
    with_spend = control.spend is not None and treatment.spend is not None
    with_amounts = with_spend and bool(control.spent().amounts) and bool(treatment.spent().amounts)
    size = min(control.customers, treatment.customers)
    return Effect(
        control,
        treatment,
        conversion=newcombe(control, treatment, level),
        exact_p=fisher(control, treatment),
        sequential=always_valid([(control.conversions, treatment.conversions)], share=share, level=level),
        spend=welch(control, treatment, level) if with_spend else None,
        resampled=bootstrap(control, treatment, level, seed=seed) if with_amounts else None,
        detectable=detectable(control.rate, size, level=level) if 0 < control.rate < 1 else None,
        verdict="undecided",
    )


def _after(effect: Effect, last: Effect | None) -> Effect:
    """Carry over from the look before: the smallest p, and what was decided."""
    if last is None:
        return effect
    p = min(effect.sequential.p, last.sequential.p)
    kept = last.verdict if last.verdict in ("better", "worse") else effect.verdict
    return evolve(effect, sequential=evolve(effect.sequential, p=p), verdict=kept)


def _verdict(effect: Effect, ratio: SampleRatio, *, decided: bool) -> Verdict:
    if ratio.flagged:
        return "broken_split"
    if effect.verdict in ("better", "worse"):  # decided at an earlier look
        return effect.verdict
    if decided:
        return "better" if effect.sequential.ratio.estimate > 1 else "worse"
    few = min(effect.control.conversions, effect.treatment.conversions) < ENOUGH
    return "not_enough_data" if few else "undecided"


def _p(number: float) -> str:
    return f"{number:.3f}" if number >= 0.001 else "below 0.001"


def _points(interval: Interval) -> str:
    numbers = [f"{100 * one:+.2f}" for one in (interval.estimate, interval.low, interval.high)]
    return f"{numbers[0]} pp ({interval.level:.0%} interval {numbers[1]} to {numbers[2]})"


def _money(interval: Interval) -> str:
    return f"{interval.estimate:+.3f} ({interval.level:.0%} interval {interval.low:+.3f} to {interval.high:+.3f})"


def _finite(number: float) -> float | None:
    return number if isfinite(number) else None


def _plain(interval: Interval | None) -> dict[str, float | None] | None:
    if interval is None:
        return None
    return {"estimate": _finite(interval.estimate), "low": _finite(interval.low), "high": _finite(interval.high)}
