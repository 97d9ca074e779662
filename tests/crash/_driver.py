"""Imports and advances in forked children that are killed at random; prints what was acknowledged as JSON."""

import json
import os
import random
import signal
import sys
import time
import traceback

from retention_engine import Delay, Engine, Money, Order, Rule, Send, after, days, entering, entry, orders
from retention_engine.engine import line_of
from retention_engine.timing import DAY, to_instant

START = to_instant("2026-01-01T00:00:00+00:00")
MONTHS, CUSTOMERS, BATCH = 6, 60, 5

RULES = [
    Rule(
        "second",
        after(orders, days(10)),
        Send("bonus"),
        Delay(days(3)),
        Send("push"),
        exit_when=orders.since(entry).exists(),
    ),
    Rule("win-back", entering(orders.last().age >= days(30)), Send("we-miss-you")),
    Rule("regular", entering(orders.within(days(60)).count() >= 3), Send("club")),
]


def history(month: int) -> list[Order]:
    """Return the orders of a month, the same every time."""
    chance = random.Random(month)
    first = START + month * 30 * DAY
    made = []
    for number in range(CUSTOMERS * 2):
        at = first + chance.randrange(1, 30 * DAY)
        made.append(
            Order(id=f"{month}-{number}", customer=f"c{chance.randrange(CUSTOMERS)}", at=at, total=Money(100, "EUR"))
        )
    return made


def work(path: str, done: int, report: int) -> None:
    """Record and advance month by month from batch ``done`` on; write a byte for every batch that was acknowledged."""
    engine = Engine(RULES, store=f"sqlite:///{path}", since=START)
    batch = 0
    for month in range(MONTHS):
        made = history(month)
        for place in range(0, len(made), BATCH):
            batch += 1
            if batch > done:
                engine.record(made[place : place + BATCH])
                os.write(report, b".")
        until = START + (month + 1) * 30 * DAY
        if engine.now is None or to_instant(engine.now) <= until:
            engine.advance(until)
    engine.close()


def child(path: str, done: int) -> tuple[int, int]:
    """Fork a child; return its process id and the end of the pipe on which it acknowledges."""
    read, write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(write)
        return pid, read
    os.close(read)
    try:
        work(path, done, write)
    except BaseException:  # noqa: BLE001 - a child must end here, whatever happened
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def counted(pipe: int) -> int:
    """Return how many acknowledgements lie in the pipe of an ended child."""
    with os.fdopen(pipe, "rb") as stream:
        return len(stream.read())


def main(path: str, kills: int, seed: int) -> None:
    """Kill ``kills`` children, then let one finish; print acknowledged batches and the journal."""
    chance, done, killed = random.Random(seed), 0, 0
    while killed < kills:
        pid, pipe = child(path, done)
        time.sleep(chance.random() * 0.03)
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        done += counted(pipe)
        killed += os.WIFSIGNALED(status)
        if not os.WIFSIGNALED(status):
            break
    pid, pipe = child(path, done)
    status = os.waitpid(pid, 0)[1]
    done += counted(pipe)
    print(json.dumps({"killed": killed, "acknowledged": done, "status": status}))


def uninterrupted() -> list[str]:
    """Return the decisions of a run that nobody kills, in memory."""
    engine = Engine(RULES, since=START)
    lines = []
    for month in range(MONTHS):
        engine.record(history(month))
        lines += [
            f"{each.customer} {each.rule} {line_of(each)}"
            for each in engine.advance(START + (month + 1) * 30 * DAY).decisions
        ]
    return lines


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
