"""What the bench found, for people."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import version
from typing import Any

from bench.load import WRK
from bench.servers import CLIENT_CORE, SERVER_CORE
from vestibule.migrations import SQLITE_VERSION

# What this version has to reach.
RATIOS = {"profile / hello": 0.70, "verify / bare": 0.35}
MEGABYTES = 90.0
ROWS = {
    "hello": "Flask hello world, same server",
    "hello-wsgi": "Flask hello world, granian WSGI",
    "bare": "bare WSGI, granian WSGI",
    "profile": "GET /profile, random sessions",
    "verify": "GET /sessions/verify, the same",
    "login": "POST /sessions, argon2id",
}
PACKAGES = ("vestibule", "flask", "werkzeug", "granian", "sqlalchemy", "argon2-cffi")


def versions() -> dict[str, str]:
    """Of everything that makes a difference."""
    wrk = subprocess.run([WRK, "-v"], check=False, capture_output=True, text=True, timeout=10)
    return {
        "python": platform.python_version(),
        "sqlite": SQLITE_VERSION,
        "wrk": wrk.stdout.split()[1].removeprefix("debian/"),
        **{name: version(name) for name in PACKAGES},
    }


def table(results: dict[str, Any]) -> str:
    """Everything: rates, what was to be reached, and how to repeat it."""
    return "\n".join([*_rates(results), "", *_reached(results), "", *_circumstances(results)])


def _rates(results: dict[str, Any]) -> list[str]:
    lines = [f"{'':<34}{'per second':>12}{'p50 ms':>9}{'p99 ms':>9}"]
    for name, title in ROWS.items():
        found = results[name]
        rate = f"{found['rps']:.1f}" if name == "login" else f"{found['rps']:.0f}"
        lines.append(f"{title:<34}{rate:>12}{found['p50_ms']:>9.1f}{found['p99_ms']:>9.1f}")
    return lines


def _reached(results: dict[str, Any]) -> list[str]:
    memory = results["worker_megabytes"]
    ceiling = f"(to reach: {MEGABYTES:.0f}, {_said(memory['rested'] <= MEGABYTES)})"
    return [
        *(_ratio(name, found) for name, found in results["ratio"].items()),
        f"worker MB after load:       {memory['rested']:.0f}  {ceiling}",
        f"worker MB at the end of it: {memory['now']:.0f}, at most {memory['peak']:.0f}",
    ]


def _ratio(name: str, found: float) -> str:
    bar = RATIOS.get(name)
    reach = f"  (to reach: {bar:.2f}, {_said(found >= bar)})" if bar else ""
    return f"{name + ':':<28}{found:.2f}{reach}"


def _said(reached: bool) -> str:
    return "reached" if reached else "NOT REACHED"


def _circumstances(results: dict[str, Any]) -> list[str]:
    cores = f"servers on core {SERVER_CORE}, wrk on core {CLIENT_CORE}"
    lines = [
        f"{results['accounts']:,} accounts and sessions; {cores}; medians of several turns",
        ", ".join(f"{name} {number}" for name, number in results["versions"].items()),
    ]
    for served, load in results["commands"].values():
        lines += ["", f"$ {served}", f"$ {load}"]
    return lines
