"""``python -m bench [part ...] [--quick] [--json]``: run the benchmarks and print one table."""

from __future__ import annotations

import argparse
import json
import sys
from importlib import import_module

from bench.measure import Row, table

PARTS = {
    "rules20": "20 rules: our functions, hand-written lambdas, other engines",
    "wakeups": "wake-ups of a year without facts against the true number of changes",
    "ticks": "idle ticks, and ticks of the same work among 10 thousand to a million customers",
    "manners": "the same decisions with and without policies",
    "delivery": "what delivery costs beside the transport, and the room a backlog takes",
    "loyalty": "projection and spending of points, and orders that earn beside orders without a club",
    "ingest": "recording, backtest and bytes per customer beside their physical limits",
    "sql": "the SQL reading on DuckDB",
}


def main(arguments: list[str] | None = None) -> int:
    """Run the parts asked for (all by default); the exit code is 1 when a goal was missed."""
    shown = "\n".join(f"  {name:<8} {about}" for name, about in PARTS.items())
    parser = argparse.ArgumentParser("bench", epilog=shown, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}; all by default")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: checks the answers, its figures mean nothing")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    chosen = parser.parse_args(arguments)
    unknown = [name for name in chosen.parts if name not in PARTS]
    if unknown:
        parser.error(f"unknown part {unknown[0]!r}; there are {', '.join(PARTS)}")
    rows: list[Row] = []
    for name in chosen.parts or PARTS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        rows += import_module(f"bench.{name}").run(quick=chosen.quick)
    print("\n".join(json.dumps(row.as_dict()) for row in rows) if chosen.json else table(rows))
    missed = any(row.verdict == "missed" for row in rows)
    return int(missed and not chosen.quick)


if __name__ == "__main__":
    sys.exit(main())
