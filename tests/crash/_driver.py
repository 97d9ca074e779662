"""Imports and advances in forked children that are killed at random; prints what was acknowledged as JSON."""

import json
import os
import random
import signal
import sys
import time
import traceback

from retention_engine import Delay, Engine, Money, Order, Rule, Send, after, days, entering, entry, orders
from retention_engine.engine import engine as engine_module
from retention_engine.engine import line_of
from retention_engine.timing import DAY, to_instant

START = to_instant("2026-01-01T00:00:00+00:00")
MONTHS, CUSTOMERS, BATCH = 6, 100, 1

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


def work(path: str, done: int, months: int, report: int) -> None:
    """Record and advance month by month from batch ``done`` on.

    Written are a mark when the store is open, a dot for every batch that was acknowledged, brackets around an advance.
    """
    engine_module.BATCH = 7  # many transactions in each advance
    engine = Engine(RULES, store=f"sqlite:///{path}", since=START)
    os.write(report, b"!")
    batch = 0
    for month in range(months):
        made = history(month)
        for place in range(0, len(made), BATCH):
            batch += 1
            if batch > done:
                engine.record(made[place : place + BATCH])
                os.write(report, b".")
        until = START + (month + 1) * 30 * DAY
        if engine.now is None or to_instant(engine.now) <= until:
            os.write(report, b"<")
            engine.advance(until)
            os.write(report, b">")
    engine.close()


def child(path: str, done: int, months: int) -> tuple[int, int]:
    """Fork a child; return its process id and the end of the pipe on which it acknowledges."""
    read, write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(write)
        return pid, read
    os.close(read)
    try:
        work(path, done, months, write)
    except BaseException:  # noqa: BLE001 - a child must end here, whatever happened
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def heard(pipe: int, marks: int) -> bytes:
    """Return the next marks that a child writes, fewer when it ends."""
    said = b""
    while len(said) < marks and (byte := os.read(pipe, 1)):
        said += byte
    return said


def rest(pipe: int) -> bytes:
    """Return what an ended child has written last, and close its pipe."""
    with os.fdopen(pipe, "rb") as stream:
        return stream.read()


def main(path: str, kills: int, seed: int) -> None:
    """Kill ``kills`` children, some while they say so many marks, others a while after they opened; let one finish.

    When one finishes before it is killed, there are more months to do for the next.
    """
    chance, done, killed, inside, months = random.Random(seed), 0, 0, 0, MONTHS
    while killed < kills:
        pid, pipe = child(path, done, months)
        said = heard(pipe, chance.choice([1, 1, chance.randrange(2, 60)]))
        time.sleep(chance.random() * 0.008)
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        said += rest(pipe)
        done += said.count(b".")
        inside += said.count(b"<") > said.count(b">")
        killed += os.WIFSIGNALED(status)
        if status and not os.WIFSIGNALED(status):
            break  # it failed by itself: its traceback is on the error stream
        months += status == 0
    pid, pipe = child(path, done, months)
    _, status = os.waitpid(pid, 0)
    done += rest(pipe).count(b".")
    report = {"killed": killed, "inside": inside, "acknowledged": done, "status": status, "months": months}
    print(json.dumps(report))


def uninterrupted(months: int) -> list[str]:
    """Return the decisions of a run that nobody kills, in memory."""
    engine = Engine(RULES, since=START)
    lines = []
    for month in range(months):
        engine.record(history(month))
        lines += [
            f"{each.customer} {each.rule} {line_of(each)}"
            for each in engine.advance(START + (month + 1) * 30 * DAY).decisions
        ]
    return lines


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
