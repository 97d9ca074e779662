"""The last use of a code: two processes of eight threads each fight for it on one file, day by day.

Exactly one wins each time. A few hundred attempts by default, 10,000 days with RETENTION_NIGHTLY=1.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from retention_engine.timing import DAY
from tests.acceptance._code_worker import THREADS
from tests.engine._codes import START, codes, engine_of
from tests.engine.test_codes_races import LAST

ROOT = Path(__file__).resolve().parents[2]
DAYS = 10_000 if os.environ.get("RETENTION_NIGHTLY") else 20
PROCESSES = 2


def test_exactly_one_order_uses_the_last_code(tmp_path: Path) -> None:
    """Each day has one winner, the documents agree with the facts, and no hold is left behind."""
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    engine_of(codes(LAST, store=url)).close()
    command = [sys.executable, "-m", "tests.acceptance._code_worker", url]
    running = [
        subprocess.Popen([*command, f"p{number}", str(DAYS)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for number in range(PROCESSES)
    ]
    lines = [line for each in running for line in each.communicate()[0].splitlines()]
    assert [each.returncode for each in running] == [0] * PROCESSES
    won = Counter(int(line.split()[0]) for line in lines)
    assert won == dict.fromkeys(range(DAYS), 1), f"of {DAYS * PROCESSES * THREADS} attempts"
    service = codes(LAST, store=url)
    assert service.verify(at=START + DAYS * DAY) == []
    engine_of(service).close()
