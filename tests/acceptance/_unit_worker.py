"""A process of its own with eight threads that fight for one unit of points, round by round; prints who spent it.

Arguments: the store's URL, a name for the attempts. Each line read is the number of a round; each line written: how
many attempts won, and how many were refused for want of units.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

from retention_engine import Engine
from retention_engine.clubs import Club, Programme
from retention_engine.errors import LedgerError
from retention_engine.loyalty import Account, Capture, OpenHold, Redeem, Unit
from retention_engine.timing import MINUTE, to_instant

START = to_instant("2026-07-01T12:00:00+00:00")
CLUB = Club(programmes=[Programme(id="club", unit=Unit("pts"), currency="EUR")])
THREADS = 8
ROUNDS_OF_ONE = 20
"""How many rounds are about the same customer."""


def shop(url: str) -> Engine:
    """Return an engine with a connection of its own."""
    return Engine([], club=CLUB, store=url, since=START - 1)


def account_of(number: int) -> Account:
    """Return the account that a round is about."""
    return CLUB.programmes[0].account(f"c{number // ROUNDS_OF_ONE}")


def instant_of(number: int) -> int:
    """Return when a round is."""
    return START + number * MINUTE


def attempt(engine: Engine, number: int, name: str, thread: int) -> str:
    """Try to spend the unit: at once, by holding it first, or half of the threads in either way; return what came."""
    words = {"account": account_of(number), "at": instant_of(number)}
    try:
        if number % 3 == 0 or (number % 3 == 1 and thread % 2):
            engine.cashier.do(Redeem(key=name, amount=1, purpose=name, **words))
        else:
            held = engine.cashier.do(OpenHold(key=f"{name}:hold", amount=1, purpose=name, **words)).result["hold"]
            assert isinstance(held, str)
            engine.cashier.do(Capture(key=f"{name}:capture", hold=held, amount=1, **words))
    except LedgerError as error:
        return error.code
    return "won"


def main(url: str, name: str) -> None:
    """Take part in every round that is called out."""
    engines = [shop(url) for _ in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as pool:
        for line in sys.stdin:
            number = int(line)

            def one(thread: int, number: int = number) -> str:
                return attempt(engines[thread], number, f"{name}:{number}:{thread}", thread)

            found = list(pool.map(one, range(THREADS)))
            sys.stdout.write(f"{found.count('won')} {found.count('insufficient')}\n")
            sys.stdout.flush()
    for engine in engines:
        engine.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
