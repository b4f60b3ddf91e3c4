"""``make bench``: start the servers, load them in turns, print the table."""

from __future__ import annotations

import argparse
import json
import sys

from bench.load import WRK
from bench.page import store
from bench.plan import Plan
from bench.programme import measure
from bench.report import table
from bench.stands import KINDS, SQLITE


def main() -> None:
    """Measure how fast the service is, and print it."""
    default = Plan()
    parser = argparse.ArgumentParser(prog="python -m bench", description=main.__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--write", action="store_true", help="renew docs/performance.md as well")
    parser.add_argument("--peers", action="store_true", help="measure the peers as well")
    parser.add_argument("--database", choices=KINDS, default=SQLITE, help="what it stands on")
    parser.add_argument("--accounts", type=int, default=default.accounts, help="how many there are")
    parser.add_argument("--rounds", type=int, help="turns of each load")
    given = parser.parse_args()
    if not WRK:
        print("bench: wrk is missing; on Debian: apt install wrk", file=sys.stderr)
        sys.exit(2)
    if given.write and given.database == SQLITE and not given.peers:
        parser.error("the page shows the peers beside it: --write goes with --peers on SQLite")
    # More is loaded in a turn with peers: it is to end in ten minutes.
    rounds = given.rounds or default.rounds - given.peers
    plan = Plan(given.database, given.peers, given.accounts, rounds)
    found = measure(plan)
    if given.write:
        store(found)
    print(json.dumps(found, indent=2) if given.json else table(found))


if __name__ == "__main__":
    main()
