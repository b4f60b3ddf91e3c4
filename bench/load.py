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

from bench.servers import CLIENT_CORE, Server

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

    def run(self, seconds: int | None = None, *, counts: bool = True) -> None:
        """Load the server once. What does not count warms it up."""
        first = str(self.requests)
        command = [
            "taskset", "-c", str(CLIENT_CORE), WRK, "-t1", f"-c{self.connections}",
            f"-d{seconds or self.seconds}s", "-s", str(SCRIPT), self.server.url,
        ]  # fmt: skip
        variables = os.environ | {"JOB": self.name} | self.variables | {"FIRST": first}
        ended = subprocess.run(
            command, env=variables, capture_output=True, text=True, check=True, timeout=60
        )
        seen = json.loads(ended.stdout.splitlines()[-1])
        if seen["wrong"] or not seen["requests"]:
            raise SystemExit(f"bench: {self.name}: wrong answers:\n{ended.stdout}")
        # Some more than were answered may be on their way when wrk stops.
        self.requests += seen["requests"] + self.connections
        if counts:
            self.rates.append(seen["requests"] / seen["seconds"])
            self.p50s.append(seen["p50_ms"])
            self.p99s.append(seen["p99_ms"])

    @property
    def command(self) -> str:
        """What can be typed to repeat it."""
        given = [f"JOB={self.name}", *(f"{name}=..." for name in self.variables)]
        wrk = f"wrk -t1 -c{self.connections} -d{self.seconds}s -s bench/wrk.lua URL"
        return f"{shlex.join(given)} taskset -c {CLIENT_CORE} {wrk}"

    def medians(self) -> dict[str, float]:
        """Requests a second, and milliseconds."""
        return {"rps": median(self.rates), "p50_ms": median(self.p50s), "p99_ms": median(self.p99s)}
