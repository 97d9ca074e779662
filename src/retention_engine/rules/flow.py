"""The ways through the steps of a rule, nested ones included, by the names of the steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen

from retention_engine.errors import DefinitionError, nearest, shown
from retention_engine.rules.steps import Branch, Choice, Split, Step, nested


@frozen
class Flow:
    """What comes first, and what comes after what.

    Attributes:
        first: name of the first step.
        steps: every step by its name, nested ones included, in reading order.
        after: what follows a step that is done; None: the end. After the last step of a path comes what follows its
            branch or split.
    """

    first: str
    steps: Mapping[str, Step]
    after: Mapping[str, str | None]

    @classmethod
    def of(cls, steps: Sequence[Step]) -> Flow:
        """Return the flow of at least one step; all names are different."""
        after: dict[str, str | None] = {}
        _link(steps, None, after)
        return cls(steps[0].name, {step.name: step for step in nested(steps)}, after)

    def into(self, name: str, choice: Choice) -> str | None:
        """Return the first step of a path of a branch or split, or what follows it when the path has no steps.

        Args:
            name: of a branch or a split.
            choice: for a branch the place of the ``When`` taken, None for otherwise; for a split a variant's name.

        Raises:
            DefinitionError: there is no such path.
        """
        step = self.steps.get(name)
        paths = dict(step.paths()) if isinstance(step, Branch | Split) else {}
        if choice not in paths:
            raise DefinitionError(f"no path {shown(choice)} at step {name!r}{nearest(choice, map(str, paths))}")
        return paths[choice][0].name if paths[choice] else self.after[name]


def _link(steps: Sequence[Step], end: str | None, after: dict[str, str | None]) -> None:
    """Note what follows each of the steps; after the last one comes ``end``."""
    for place, step in enumerate(steps):
        following = steps[place + 1].name if place + 1 < len(steps) else end
        after[step.name] = following
        for _, path in step.paths() if isinstance(step, Branch | Split) else ():
            _link(path, following, after)
