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

from bench.servers import CLIENT_CORE, Server, pinned

WRK = shutil.which("wrk") or ""
SCRIPT = Path(__file__).with_name("wrk.lua")


@dataclass
class Job:
    """One kind of request to one server, measured several times."""

    name: str
    server: Server
    connections: int
    seconds: int
    variables: dict[str, str]
    rates: list[float] = field(default_factory=list)
    p50s: list[float] = field(default_factory=list)
    p99s: list[float] = field(default_factory=list)
    requests: int = 0

    def run(self) -> None:
        """Load the server once."""
        seen = self._load(self.seconds)
        self.rates.append(seen["requests"] / seen["seconds"])
        self.p50s.append(seen["p50_ms"])
        self.p99s.append(seen["p99_ms"])

    def warm_up(self) -> None:
        """Load the server for a second that does not count."""
        self._load(1)

    def _load(self, seconds: int) -> dict[str, float]:
        variables = {"JOB": self.name, "FIRST": str(self.requests), **self.variables}
        wrk = [
            *pinned(CLIENT_CORE),
            WRK,
            "-t1",
            f"-c{self.connections}",
            f"-d{seconds}s",
            "-s",
            str(SCRIPT),
        ]
        ended = subprocess.run(
            [*wrk, self.server.url],
            env=os.environ | variables,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        seen: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
        if seen["wrong"] or not seen["requests"]:
            raise SystemExit(f"bench: {self.name}: wrong answers:\n{ended.stdout}")
        # Some more than were answered may be on their way when wrk stops.
        self.requests += int(seen["requests"]) + self.connections
        return seen

    @property
    def command(self) -> str:
        """What can be typed to repeat it."""
        given = [f"JOB={self.name}", *(f"{name}=..." for name in self.variables)]
        wrk = f"wrk -t1 -c{self.connections} -d{self.seconds}s -s bench/wrk.lua URL"
        return f"{shlex.join(given)} taskset -c {CLIENT_CORE} {wrk}"

    def medians(self) -> dict[str, float]:
        """Requests a second, and milliseconds."""
        return {"rps": median(self.rates), "p50_ms": median(self.p50s), "p99_ms": median(self.p99s)}
