"""Wake-ups in memory: asking costs as much as is due, not as much as there is.

Far wake-ups lie unsorted in buckets of five minutes; a bucket that is reached moves into a heap. An entry is live only
while it agrees with the customer's wake-up: changing that leaves the old entry behind, and reaching it drops it.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush

from retention_engine.timing import MINUTE

WIDTH = 5 * MINUTE
_SLACK = 1000


class Wheel:
    """One instant per customer, microseconds."""

    def __init__(self) -> None:
        """Begin without any."""
        self._instants: dict[str, int] = {}
        self._clear()

    def _clear(self) -> None:
        self._near: list[tuple[int, str]] = []
        self._far: dict[int, list[str]] = {}
        self._numbers: list[int] = []  # heap of the numbers of the far buckets
        self._edge = -(2**80)  # number of the last bucket that moved to the heap: every far one is later
        self._waiting = 0  # entries in far buckets, dead ones too

    def get(self, customer: str) -> int | None:
        """Return the customer's instant, None when there is none."""
        return self._instants.get(customer)

    def set(self, customer: str, instant: int | None) -> None:
        """Set the customer's instant; None: not at all."""
        before = self._instants.pop(customer, None)
        if instant is None:
            return
        self._instants[customer] = instant
        if instant != before:
            self._enter(customer, instant, before)
        if self._waiting + len(self._near) > 2 * len(self._instants) + _SLACK:
            self._rebuild()

    def due(self, to: int, limit: int) -> list[tuple[str, int]]:
        """Return up to ``limit`` (customer, instant) with instant <= ``to``, the earliest first, ties by customer."""
        found: list[tuple[int, str]] = []
        while len(found) < limit and self._reaches(to):
            entry = heappop(self._near)
            is_live = self._instants.get(entry[1]) == entry[0]
            if is_live and found[-1:] != [entry]:
                found.append(entry)
        for entry in found:
            heappush(self._near, entry)
        return [(customer, instant) for instant, customer in found]

    def _enter(self, customer: str, instant: int, before: int | None) -> None:
        number = instant // WIDTH
        if number <= self._edge:
            heappush(self._near, (instant, customer))
            return
        if before is not None and before // WIDTH == number:
            return
        if number not in self._far:
            self._far[number] = []
            heappush(self._numbers, number)
        self._far[number].append(customer)
        self._waiting += 1

    def _reaches(self, to: int) -> bool:
        while not self._near and self._numbers and self._numbers[0] * WIDTH <= to:
            self._fetch()
        return bool(self._near) and self._near[0][0] <= to

    def _fetch(self) -> None:
        number = self._edge = heappop(self._numbers)
        bucket = self._far.pop(number)
        self._waiting -= len(bucket)
        entries = [(self._instants.get(customer), customer) for customer in bucket]
        self._near = [(at, customer) for at, customer in entries if at is not None and at // WIDTH == number]
        heapify(self._near)

    def _rebuild(self) -> None:
        self._clear()
        for customer, instant in self._instants.items():
            self._enter(customer, instant, None)
