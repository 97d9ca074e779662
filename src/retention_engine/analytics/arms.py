"""What is known of one arm: how many customers, how many converted, what they spent."""

from __future__ import annotations

from collections.abc import Iterable
from math import fsum, inf, isfinite

from attrs import field, frozen

from retention_engine.errors import DefinitionError, shown
from retention_engine.values import is_printable


@frozen
class Interval:
    """An estimate and the interval around it.

    Attributes:
        low: may be minus infinity, as ``high`` may be infinity, where nothing is known.
        level: how often such intervals hold the truth, 0 to 1.
    """

    estimate: float
    low: float
    high: float
    level: float

    def excludes(self, value: float) -> bool:
        """Tell whether a value lies outside."""
        return not self.low <= value <= self.high


@frozen
class Spend:
    """What the customers of an arm spent, in any one unit.

    Attributes:
        total: the sum over all customers.
        squares: the sum of the squares of what each customer spent.
        amounts: what each buyer spent, one number a customer; needed by the bootstrap only, may be empty.
    """

    total: float
    squares: float
    amounts: tuple[float, ...] = ()

    @classmethod
    def of(cls, amounts: Iterable[float]) -> Spend:
        """Return the spend of the buyers, one number per customer; those who are not listed spent nothing."""
        found = tuple(float(amount) for amount in amounts)
        return cls(fsum(found), fsum(amount * amount for amount in found), found)

    def __attrs_post_init__(self) -> None:
        """Check that the numbers are finite and belong together."""
        if not all(isfinite(number) for number in (self.total, self.squares, *self.amounts)) or self.squares < 0:
            raise DefinitionError(f"a spend is made of finite numbers, its squares of 0 or more, not {shown(self)}")


@frozen
class Arm:
    """One arm of an experiment, as counted so far.

    Attributes:
        customers: all who were assigned, 1 or more.
        conversions: how many of them converted, each counted once.
        spend: what they spent, or None when it is not asked.
        weight: the weight it was assigned by, above 0.
    """

    name: str
    customers: int
    conversions: int
    spend: Spend | None = None
    weight: float = field(default=1.0, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check that the counts are possible."""
        if not is_printable(self.name):
            raise DefinitionError(f"an arm has a printable name of 1 to 200 characters, not {shown(self.name)}")
        if not 0 <= self.conversions <= self.customers or self.customers < 1:
            counts = (self.conversions, self.customers)
            raise DefinitionError(f"{self.name!r} has 0 <= conversions <= customers, at least 1, not {shown(counts)}")
        if not (isfinite(self.weight) and self.weight > 0):
            raise DefinitionError(f"the weight of {self.name!r} is above 0, not {shown(self.weight)}")
        if self.spend is not None and len(self.spend.amounts) > self.customers:
            raise DefinitionError(f"{self.name!r} has {self.customers} customers, not {len(self.spend.amounts)} spends")

    @property
    def rate(self) -> float:
        """The share of customers who converted, 0 to 1."""
        return self.conversions / self.customers

    def spent(self) -> Spend:
        """Return the spend.

        Raises:
            DefinitionError: it is not known.
        """
        if self.spend is None:
            raise DefinitionError(f"the spend of {self.name!r} is needed here")
        return self.spend

    def mean(self) -> float:
        """Return the mean spend per customer, those who bought nothing included."""
        return self.spent().total / self.customers

    def error(self) -> float:
        """Return the squared standard error of the mean spend; infinite for a single customer."""
        if self.customers < 2:
            return inf
        spread = self.spent().squares - self.spent().total ** 2 / self.customers
        return max(spread, 0.0) / (self.customers - 1) / self.customers


def check_level(level: float) -> float:
    """Return a level between 0 and 1.

    Raises:
        DefinitionError: it is not.
    """
    if not 0 < level < 1:
        raise DefinitionError(f"a level lies between 0 and 1, such as 0.95, not {shown(level)}")
    return level
