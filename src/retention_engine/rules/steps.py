"""Steps of a rule: those that act, those that wait, and those that choose between paths of further steps.

Each step has a name that outlives its place in the rule; names are unique in the whole rule, nested steps included.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from attrs import field, frozen

from retention_engine.errors import DefinitionError, shown
from retention_engine.experiments import Experiment
from retention_engine.predicates import Truth
from retention_engine.rules.acts import Do
from retention_engine.rules.base import Written, check_name
from retention_engine.rules.waits import Delay, WaitFor, WaitUntil

MOST_STEPS, DEEPEST_STEPS = 100, 5
_MOST_WEIGHT = 1_000_000
_SUCH_AS = "use Send, Do, Tag, Delay, WaitFor, WaitUntil, Branch, Split, ..."

Choice = int | str | None
"""Which path of a branch (the place of its ``When``; None: otherwise) or of a split (the name of its variant)."""


@frozen(repr=False, init=False)
class When(Written):
    """One path of a branch: its steps are taken when the predicate holds and none before it did.

    Attributes:
        predicate: may ask for what happened since ``entry``.
        steps: may be none: then the journey goes on after the branch.
    """

    predicate: Truth
    steps: tuple[Step, ...]

    def __init__(self, predicate: Truth, *steps: Step) -> None:
        """Check every part.

        Raises:
            DefinitionError: names the part and what is allowed.
        """
        self.__attrs_init__(predicate, steps)
        if not isinstance(predicate, Truth):
            raise DefinitionError(f"When takes a predicate and steps, not {shown(predicate)}")
        check_steps("When", steps)

    def write(self, *, python: bool) -> str:
        """Write the call."""
        return f"When({_joined([self.predicate, *self.steps], python=python)})"


@frozen(repr=False, init=False)
class Branch(Written):
    """Take the first path whose predicate holds, else the path ``otherwise``; all of them meet again after it.

    Attributes:
        ways: the paths, asked in their order.
        otherwise: the steps when none holds; by default none.
    """

    ways: tuple[When, ...]
    otherwise: tuple[Step, ...]
    name: str = field(validator=check_name)

    def __init__(self, *ways: When, otherwise: Sequence[Step] = (), name: str = "branch") -> None:
        """Check every part.

        Raises:
            DefinitionError: names the part and what is allowed.
        """
        if not isinstance(otherwise, list | tuple):
            raise DefinitionError(f"otherwise is a list of steps such as [Send('template')], not {shown(otherwise)}")
        self.__attrs_init__(ways, tuple(otherwise), name)
        for way in ways:
            if not isinstance(way, When):
                raise DefinitionError(f"Branch takes When(predicate, steps...), not {shown(way)}")
        if not 1 <= len(ways) <= MOST_STEPS:
            raise DefinitionError(f"Branch takes 1 to {MOST_STEPS} When(predicate, steps...), not {len(ways)}")
        check_steps("otherwise", self.otherwise)
        _check_size(self)

    def paths(self) -> tuple[tuple[Choice, tuple[Step, ...]], ...]:
        """Return (choice, steps) for each path, ``otherwise`` as the last."""
        return (*((place, way.steps) for place, way in enumerate(self.ways)), (None, self.otherwise))

    def write(self, *, python: bool) -> str:
        """Write the call; what is the default is left out."""
        otherwise = f", otherwise=[{_joined(self.otherwise, python=python)}]" if self.otherwise else ""
        named = "" if self.name == "branch" else f", name={self.name!r}"
        return f"Branch({_joined(self.ways, python=python)}{otherwise}{named})"


@frozen(repr=False, init=False)
class Variant(Written):
    """One path of a split.

    Attributes:
        name: what it is called in results; unique in the split and never changed.
        steps: may be none: then the journey goes on after the split.
        weight: its share among the weights of all variants; 0: nobody.
    """

    name: str = field(validator=check_name)
    steps: tuple[Step, ...]
    weight: int

    def __init__(self, name: str, *steps: Step, weight: int = 1) -> None:
        """Check every part.

        Raises:
            DefinitionError: names the part and what is allowed.
        """
        self.__attrs_init__(name, steps, weight)
        check_steps(f"Variant {name!r}", steps)
        if type(weight) is not int or not 0 <= weight <= _MOST_WEIGHT:
            raise DefinitionError(f"weight is a whole number from 0 to {_MOST_WEIGHT}, not {shown(weight)}")

    def write(self, *, python: bool) -> str:
        """Write the call; a weight of 1 is left out."""
        steps = "".join(f", {step.write(python=python)}" for step in self.steps)
        return f"Variant({self.name!r}{steps}{'' if self.weight == 1 else f', weight={self.weight}'})"


@frozen(repr=False, init=False)
class Split(Written):
    """Take one of several paths by chance, the same for a customer every time; all of them meet again after it.

    Attributes:
        variants: at least two, with different names.
        id: of the experiment; whoever keeps it keeps everybody's variant.
        name: of the step; by default the id.
    """

    variants: tuple[Variant, ...]
    id: str = field(validator=check_name)
    name: str = field(validator=check_name)

    def __init__(self, *variants: Variant, id: str, name: str | None = None) -> None:
        """Check every part.

        Raises:
            DefinitionError: names the part and what is allowed.
        """
        self.__attrs_init__(variants, id, id if name is None else name)
        for each in variants:
            if not isinstance(each, Variant):
                raise DefinitionError(f"Split takes Variant('name', steps...), not {shown(each)}")
        names = [each.name for each in variants]
        if not 2 <= len(variants) <= MOST_STEPS:
            raise DefinitionError(f"split {id!r} has 2 to {MOST_STEPS} variants, not {len(variants)}")
        if len(set(names)) < len(names):
            raise DefinitionError(f"split {id!r}: each variant has a name of its own, not {shown(names)}")
        if not any(each.weight for each in variants):
            raise DefinitionError(f"split {id!r}: at least one variant has a weight above 0")
        _check_size(self)

    def assign(self, customer: str) -> str:
        """Return the name of the customer's variant: the same in every process, on every machine.

        Another weight of one variant moves customers only to that variant or away from it.
        """
        found = Experiment(self.id, {each.name: each.weight for each in self.variants}).assign(customer)
        assert found is not None, "an experiment that takes everybody"
        return found

    def paths(self) -> tuple[tuple[Choice, tuple[Step, ...]], ...]:
        """Return (name of the variant, steps) for each path."""
        return tuple((each.name, each.steps) for each in self.variants)

    def write(self, *, python: bool) -> str:
        """Write the call; what is the default is left out."""
        named = "" if self.name == self.id else f", name={self.name!r}"
        return f"Split({_joined(self.variants, python=python)}, id={self.id!r}{named})"


Step = Do | Delay | WaitUntil | WaitFor | Branch | Split


def nested(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield steps in reading order, each followed by those inside it."""
    for step in steps:
        yield step
        if isinstance(step, Branch | Split):
            for _, path in step.paths():
                yield from nested(path)


def check_steps(what: str, steps: Sequence[Any]) -> None:
    """Check that everything is a step.

    Raises:
        DefinitionError: something is not, or there are more than 100.
    """
    if len(steps) > MOST_STEPS:
        raise DefinitionError(f"{what} has at most {MOST_STEPS} steps, not {len(steps)}")
    for step in steps:
        if not isinstance(step, Step):
            raise DefinitionError(f"{what}: {shown(step)} is no step: {_SUCH_AS}")


def _check_size(step: Branch | Split) -> None:
    count, depth = sum(1 for _ in nested([step])), _depth(step)
    if count > MOST_STEPS:
        raise DefinitionError(f"{step.name!r} has at most {MOST_STEPS} steps, nested ones included, not {count}")
    if depth > DEEPEST_STEPS:
        raise DefinitionError(f"{step.name!r}: branches and splits nest at most {DEEPEST_STEPS} deep, not {depth}")


def _depth(step: Step) -> int:
    if not isinstance(step, Branch | Split):
        return 0
    return 1 + max((_depth(each) for _, path in step.paths() for each in path), default=0)


def _joined(parts: Iterable[Written | Truth], *, python: bool) -> str:
    return ", ".join(part.write(python=python) for part in parts)
