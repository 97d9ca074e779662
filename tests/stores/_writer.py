"""A process that writes batches into a store until it is killed: ``python _writer.py PATH NAME BATCHES [early]``.

Each committed batch is acknowledged by its number on standard output. With ``early`` the third one is acknowledged
before its commit, and the process kills itself there: the fault that the test must notice.
"""

from __future__ import annotations

import os
import signal
import sys

from retention_engine.facts import Viewed
from retention_engine.stores import SqliteStore
from retention_engine.testing.conformance.samples import acted, action


def size(number: int) -> int:
    """Return how many facts a batch has: 1 to 200."""
    return number * 37 % 200 + 1


def write(store: SqliteStore, name: str, number: int) -> None:
    """Put something into every table, inside a transaction."""
    customer = f"{name}-{number % 50}"
    facts = [Viewed(id=f"{name}:{number}:{each}", customer=customer, at=each, sku="a") for each in range(size(number))]
    assert len(store.facts.append(facts)) == len(facts)
    store.wakes.set({f"{name}-{number}": number})
    store.journal.add([acted(at=number, customer=customer, occasion=f"{name}:{number}")])
    store.outbox.put([action(customer=customer, occasion=f"{name}:{number}")])
    store.settings.put(name, str(number))


def main(path: str, name: str, batches: str, *flags: str) -> None:
    """Go on after the last committed batch."""
    store = SqliteStore(path)
    for number in range(int(store.settings.get(name) or 0) + 1, int(batches) + 1):
        with store.transaction():
            write(store, name, number)
            if "early" in flags and number == 3:
                print(number, flush=True)
                os.kill(os.getpid(), signal.SIGKILL)
        print(number, flush=True)
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
