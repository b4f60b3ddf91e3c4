"""``make bench-start``: how long it takes from the command to the first answer.

On a database of today's schema, with one worker, and with the files of Python read before. Beside
it what an empty Python takes, and what the import alone takes, with the dearest modules.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from bench.servers import SERVER_CORE, environment, pinned, started

TIMES, DEAREST = 7, 12
SECONDS = 1.0
SERVE = ("vestibule", "run", "--port", "PORT", "--workers", "1")
# "import time:      1234 |       5678 |   name": microseconds of its own, and with what it imports.
LINE = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \|\s+(\S+)")


def main() -> None:
    """Measure how long a start takes, and print it."""
    parser = argparse.ArgumentParser(prog="python -m bench.start", description=main.__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--times", type=int, default=TIMES, help="how often it is started")
    given = parser.parse_args()
    results = measure(given.times)
    print(json.dumps(results, indent=2) if given.json else table(results))


def measure(times: int = TIMES) -> dict[str, Any]:
    """Seconds of each start, in medians, and milliseconds that packages take of an import."""
    with TemporaryDirectory(prefix="vestibule-start-") as work:
        folder = Path(work)
        _run([sys.executable, "-m", "vestibule", "db", "upgrade"], folder)
        starts, imports, bare = [], [], []
        # The first reads files that the kernel has from then on.
        for _ in range(times + 1):
            starts.append(_start(folder))
            imports.append(_run([sys.executable, "-c", "import vestibule.serve"], folder))
            bare.append(_run([sys.executable, "-c", ""], folder))
    return {
        "start": median(starts[1:]),
        "import": median(imports[1:]),
        "python": median(bare[1:]),
        "starts": [round(each, 3) for each in starts[1:]],
        "packages": _packages(),
    }


def _start(folder: Path) -> float:
    began = time.perf_counter()
    with started("vestibule", SERVE, folder):
        return time.perf_counter() - began


def _run(command: list[str], folder: Path) -> float:
    began = time.perf_counter()
    whole = [*pinned(SERVER_CORE), *command]
    subprocess.run(whole, env=environment(folder), stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def _packages() -> dict[str, float]:
    """Milliseconds that the modules of each package take themselves, the dearest first."""
    command = [sys.executable, "-X", "importtime", "-c", "import vestibule.serve"]
    ended = subprocess.run(
        [*pinned(SERVER_CORE), *command], capture_output=True, text=True, check=True
    )
    totals: dict[str, float] = {}
    for own, _, name in LINE.findall(ended.stderr):
        package = name.partition(".")[0]
        totals[package] = totals.get(package, 0) + int(own) / 1000
    dearest = sorted(totals, key=lambda each: totals[each], reverse=True)[:DEAREST]
    return {each: totals[each] for each in dearest}


def table(results: dict[str, Any]) -> str:
    """In sentences, and whether the bar was reached."""
    said = "reached" if results["start"] <= SECONDS else "NOT REACHED"
    return "\n".join(
        [
            f"to the first answer:  {results['start']:.2f} s  (to reach: {SECONDS:.1f}, {said})",
            f"of that the import:   {results['import']:.2f} s",
            f"an empty Python:      {results['python']:.2f} s",
            "",
            *(f"{name:<24}{taken:6.1f} ms" for name, taken in results["packages"].items()),
        ]
    )


if __name__ == "__main__":
    main()
