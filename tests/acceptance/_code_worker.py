"""A process of its own with eight threads that fight for the last use of every day's code; prints who used it.

Arguments: the store's URL, a name for the orders, how many days. Each line: day, order.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

from retention_engine.timing import DAY
from tests.engine._codes import START, basket, codes, engine_of
from tests.engine.test_codes_races import LAST

THREADS = 8


def main(url: str, name: str, days: int) -> None:
    """Try for every day with every thread, pay what is held, and say so."""
    services = [codes(LAST, store=url) for _ in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as pool:
        for day in range(days):
            at = START + day * DAY

            def one(number: int, day: int = day, at: int = at) -> str | None:
                order = f"{name}:{day}:{number}"
                if not services[number].hold(basket(order, order), ["spring-code"], at=at).applied:
                    return None
                (settled,) = services[number].capture(order, at=at)
                return order if settled.stage == "used" else None

            for order in filter(None, pool.map(one, range(THREADS))):
                sys.stdout.write(f"{day} {order}\n")
    for service in services:
        engine_of(service).close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
