"""The loads: wrk on the second core, and what it measured."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench.servers import CLIENT_CORE, Server, Unusable, pinned

WRK = shutil.which("wrk") or ""
SCRIPT = Path(__file__).with_name("wrk.lua")
CONNECTIONS = 16


@dataclass
class Job:
    """One kind of request to one server, measured several times."""

    name: str
    server: Server
    path: str
    # A file of header lines, of which each request has one at random.
    headers: Path | None = None
    rates: list[float] = field(default_factory=list)
    p50s: list[float] = field(default_factory=list)
    p99s: list[float] = field(default_factory=list)

    def run(self, seconds: int) -> None:
        """Load the server once."""
        seen = self._load(seconds)
        self.rates.append(seen["requests"] / seen["seconds"])
        self.p50s.append(seen["p50_ms"])
        self.p99s.append(seen["p99_ms"])

    def warm_up(self) -> None:
        """Load the server for a second that does not count."""
        self._load(1)

    def _load(self, seconds: int) -> dict[str, float]:
        return load(self.server.url + self.path, seconds, self.headers)

    @property
    def command(self) -> str:
        """What can be typed to repeat it."""
        wrk = f"wrk -t1 -c{CONNECTIONS} -d3s -s bench/wrk.lua URL{shlex.quote(self.path)}"
        return f"{'HEADERS=... ' if self.headers else ''}taskset -c {CLIENT_CORE} {wrk}"

    def medians(self) -> dict[str, float | list[float]]:
        """Requests a second of each turn; the medians, and those of milliseconds."""
        return {
            "rps": median(self.rates),
            "p50_ms": median(self.p50s),
            "p99_ms": median(self.p99s),
            "turns": [round(rate, 1) for rate in self.rates],
        }


def load(url: str, seconds: int, headers: Path | None = None) -> dict[str, float]:
    """What wrk measured on the second core, asking for ``url`` for so long.

    :param headers: a file of header lines, of which each request has one at random.
    :raises Unusable: an answer was wrong, or there was none.
    """
    wrk = [WRK, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(SCRIPT)]
    ended = subprocess.run(
        [*pinned(CLIENT_CORE), *wrk, url],
        env=os.environ | ({"HEADERS": str(headers)} if headers else {}),
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds + 60,
    )
    return parse(ended.stdout)


def parse(output: str) -> dict[str, float]:
    """What ``wrk.lua`` printed at its end.

    :raises Unusable: an answer was wrong, or there was none.
    """
    seen: dict[str, float] = json.loads(output.splitlines()[-1])
    if seen["wrong"] or not seen["requests"]:
        asked = int(seen["requests"])
        raise Unusable(f"{int(seen['wrong'])} of {asked} answers were wrong")
    return seen
