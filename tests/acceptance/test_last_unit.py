"""The last unit of an account: two processes of eight threads each fight for it, round by round.

Each round one unit is granted and sixteen attempts want it; exactly one has it. In a third of the rounds it is spent at
once, in a third it is held and captured, in a third both are tried. 10,000 rounds with RETENTION_NIGHTLY=1, or as many
as RETENTION_ROUNDS says.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from retention_engine.loyalty import Earn
from tests.acceptance._unit_worker import THREADS, account_of, attempt, instant_of, shop

ROOT = Path(__file__).resolve().parents[2]
NIGHTLY = os.environ.get("RETENTION_NIGHTLY") == "1"
ROUNDS = int(os.environ.get("RETENTION_ROUNDS") or (10_000 if NIGHTLY else 120))
PROCESSES = 2
_LOST = PROCESSES * THREADS - 1

pytestmark = pytest.mark.timeout(7_200)


@contextmanager
def workers(url: str) -> Iterator[list[subprocess.Popen[str]]]:
    """Start the processes, and see them end well."""
    command = [sys.executable, "-m", "tests.acceptance._unit_worker", url]
    running = [
        subprocess.Popen([*command, f"p{number}"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for number in range(PROCESSES)
    ]
    try:
        yield running
        for each in running:
            each.communicate(timeout=60)
    finally:
        for each in running:
            each.kill()
    assert [each.returncode for each in running] == [0] * PROCESSES


def played(running: list[subprocess.Popen[str]], number: int) -> tuple[int, int]:
    """Call a round out to all processes; return how many attempts won, and how many were refused."""
    for each in running:
        assert each.stdin is not None
        each.stdin.write(f"{number}\n")
        each.stdin.flush()
    answers = [each.stdout.readline().split() for each in running if each.stdout is not None]
    won, refused = (sum(map(int, column)) for column in zip(*answers, strict=True))
    return won, refused


def fight(url: str, rounds: int) -> None:
    """Play all rounds; then look at every account."""
    with shop(url) as engine:
        with workers(url) as running:
            for number in range(rounds):
                words = {"account": account_of(number), "at": instant_of(number)}
                engine.cashier.do(Earn(key=f"grant:{number}", amount=1, **words))
                assert played(running, number) == (1, _LOST), f"round {number}"
        assert engine.verify() == []
        end, spent = instant_of(rounds), 0
        for holder in sorted({account_of(number).holder for number in range(rounds)}):
            state = engine.cashier.state(holder, "pts", at=end)
            assert not state.holds
            balance = state.balance
            assert (balance.available, balance.held, balance.pending, balance.debt) == (0, 0, 0, 0)
            spent += sum(one.amount for one in state.redemptions.values())
        assert spent == rounds


def test_exactly_one_has_the_last_unit(tmp_path: Path) -> None:
    """On one file, each thread with a connection of its own."""
    fight(f"sqlite:///{tmp_path / 'shop.db'}", ROUNDS)


def test_exactly_one_has_the_last_unit_on_a_server(postgres_url: str) -> None:
    """On one database in PostgreSQL; a sixth of the rounds."""
    fight(postgres_url, -(-ROUNDS // 6))


@pytest.mark.parametrize("number", [0, 1, 2])
def test_each_way_to_try_can_win_and_lose(number: int) -> None:
    """Alone, the first attempt wins and the second is refused: what the rounds count is there to be counted."""
    with shop("memory") as engine:
        engine.cashier.do(Earn(key="grant", account=account_of(number), at=instant_of(number), amount=1))
        found = [attempt(engine, number, name, place) for place, name in enumerate("ab")]
    assert found == ["won", "insufficient"]
