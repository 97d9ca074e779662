"""Rules that only one arm of an experiment gets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from retention_engine.actions import Reason
from retention_engine.arbitration.base import ALLOW, Drop, Message, Policy, Ruling, Situation, Stage
from retention_engine.errors import DefinitionError, nearest, shown
from retention_engine.experiments import Experiment


def _weights(value: Any) -> tuple[tuple[str, float], ...]:
    pairs = tuple(value.items()) if isinstance(value, Mapping) else value
    if not isinstance(pairs, tuple) or not pairs:
        raise DefinitionError(f"variants are given as {{'name': weight, ...}}, not {shown(value)}")
    return pairs


@frozen(repr=False)
class InArm(Policy):
    """Keep a rule, or whatever the scope names, for one variant of an experiment; the others are its control group.

    Like a holdout it is asked before the first message of a journey only, and ends the journey of the others. The
    assignment is that of ``Experiment``: by id alone, so splits and hosts that ask for the same id agree.

    Attributes:
        experiment: its id; never changed while it runs.
        variant: who gets the messages.
        variants: name -> weight; changing one weight moves customers to or from that variant only.
        share: of the customers in the experiment, 0 to 1; who is not in it gets no message of the scope.
        hashing: ``own``, or that of a flag system: ``growthbook``, ``growthbook-1``, ``unleash``.
    """

    stage = Stage.EXPERIMENT
    kinds = ("send", "audience_join")
    experiment: str
    variant: str
    variants: tuple[tuple[str, float], ...] = field(converter=_weights, kw_only=True)
    share: float = field(default=1.0, kw_only=True)
    hashing: str = field(default="own", kw_only=True)
    _asked: Experiment = field(init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        """Make the experiment.

        Raises:
            DefinitionError: a part of it is wrong, or it has no such variant.
        """
        made = Experiment(self.experiment, dict(self.variants), share=self.share, hashing=self.hashing)
        names = [name for name, _ in self.variants]
        if self.variant not in names:
            raise DefinitionError(
                f"experiment {self.experiment!r} has no variant {shown(self.variant)}{nearest(self.variant, names)}"
            )
        object.__setattr__(self, "_asked", made)

    def weigh(self, message: Message, seen: Situation) -> Ruling:
        """Drop the whole journey of a customer of another variant, or of none."""
        if not message.opening:
            return ALLOW
        assigned = self._asked.assign(message.customer)
        if assigned == self.variant:
            return ALLOW
        why = f"experiment {self.experiment!r}: variant {assigned!r}" if assigned else f"not in {self.experiment!r}"
        return Drop(Reason.CONTROL, (why,), whole=True)
