"""Money: whole minor units (cents, kopecks) of one currency; currencies never mix."""

from __future__ import annotations

from attrs import field, frozen

from retention_engine.errors import FactError, shown

_LARGEST = 10**15
_DECIMALS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}


def decimals_of(currency: str) -> int:
    """Return how many decimals the minor unit of a currency has, as ISO 4217 says: 2 for most."""
    return next((places for places, names in _DECIMALS.items() if currency in names.split()), 2)


@frozen(order=False, cache_hash=True)
class Money:
    """An amount in whole minor units.

    Attributes:
        amount: minor units (1999 is 19.99 in a currency of two decimals); negative for refunds; at most 10**15.
        currency: three capital letters, ISO 4217.
    """

    amount: int = field()
    currency: str = field()

    @amount.validator
    def _check_amount(self, _: object, value: object) -> None:
        if type(value) is not int or abs(value) > _LARGEST:
            raise FactError(f"amount is a whole number of minor units up to {_LARGEST}, not {shown(value)}")

    @currency.validator
    def _check_currency(self, _: object, value: object) -> None:
        letters = isinstance(value, str) and len(value) == 3 and value.isascii() and value.isalpha() and value.isupper()
        if not letters:
            raise FactError(f"currency is three capital letters such as 'EUR', not {shown(value)}")

    def __add__(self, other: Money) -> Money:
        """Add an amount of the same currency.

        Raises:
            FactError: the currencies differ.
        """
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        """Subtract an amount of the same currency.

        Raises:
            FactError: the currencies differ.
        """
        return Money(self.amount - self._same(other), self.currency)

    def times(self, quantity: int) -> Money:
        """Return the amount multiplied by a whole number."""
        return Money(self.amount * quantity, self.currency)

    def _same(self, other: Money) -> int:
        if not isinstance(other, Money) or other.currency != self.currency:
            raise FactError(f"cannot mix {self.currency} with {shown(other)}")
        return other.amount
