"""The bare loop: a password checked against its hash, again and again, and nothing else.

No login can be faster than that. ``python -m bench.hashes`` prints how many a second this core
does, as JSON; pinned to the server's core, between the logins, it is what they are compared with.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from typing import NamedTuple

from bench.seed import PASSWORD
from bench.servers import SERVER_CORE, pinned
from vestibule.auth.schemes import Argon2id, Bcrypt, Scheme, verify

SECONDS = 4.0
# Whose hash it is: that of the strict profile and of the classic one.
SCHEMES: dict[str, Scheme] = {"argon2id": Argon2id(), "bcrypt": Bcrypt()}


class Checked(NamedTuple):
    """What the loop did."""

    scheme: str
    hashes: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Hashes a second."""
        return self.hashes / self.seconds


def loop(scheme: str = "argon2id", seconds: float = SECONDS) -> Checked:
    """Check a password for about so long, on whichever core this process is."""
    hashed, hashes = SCHEMES[scheme].hash(PASSWORD), 0
    began = time.perf_counter()
    while (taken := time.perf_counter() - began) < seconds:
        verify(PASSWORD, hashed)
        hashes += 1
    return Checked(scheme, hashes, taken)


def on_the_servers_core(scheme: str = "argon2id", seconds: float = SECONDS) -> float:
    """Hashes a second of a process of its own, which is pinned to where the servers are."""
    command = [sys.executable, "-m", "bench.hashes", "--scheme", scheme, "--seconds", str(seconds)]
    ended = subprocess.run(
        [*pinned(SERVER_CORE), *command], check=True, capture_output=True, timeout=seconds + 30
    )
    per_second: float = json.loads(ended.stdout)["per_second"]
    return per_second


def main() -> None:
    """Print how many hashes a second this core does."""
    parser = argparse.ArgumentParser(prog="python -m bench.hashes", description=main.__doc__)
    parser.add_argument("--scheme", choices=SCHEMES, default="argon2id", help="whose hash")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long it takes")
    found = loop(**vars(parser.parse_args()))
    print(json.dumps(found._asdict() | {"per_second": found.per_second}))


if __name__ == "__main__":
    main()
