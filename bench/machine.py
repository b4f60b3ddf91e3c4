"""What it was measured on, and with: figures mean nothing without."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

from bench.load import WRK
from vestibule.migrations import SQLITE_VERSION

# In which pages the kernel hands out memory decides what a hash of 19 MiB costs by half.
HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")
PACKAGES = ("vestibule", "flask", "granian", "sqlalchemy", "psycopg", "pynacl", "bcrypt")
NUMBER = re.compile(r"\d+(?:\.\d+)+")


def machine() -> dict[str, str]:
    """Its processors, memory, kernel, and when that hands out memory in huge pages."""
    info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = re.search(r"^model name\s*: (.*)$", info, re.MULTILINE)
    chosen = re.search(r"\[(\w+)\]", HUGE_PAGES.read_text()) if HUGE_PAGES.exists() else None
    total = re.search(r"MemTotal: +(\d+)", Path("/proc/meminfo").read_text(encoding="ascii"))
    return {
        "processor": model[1] if model else platform.machine(),
        "cores": f"{os.cpu_count()} cores",
        "memory": f"{int(total[1]) / 1024**2:.0f} GiB" if total else "unknown",
        "kernel": f"{platform.system()} {platform.release().partition('-')[0]}",
        "pages": f"huge pages: {chosen[1] if chosen else 'unknown'}",
    }


def versions() -> dict[str, str]:
    """Of everything that makes a difference."""
    return {
        "python": platform.python_version(),
        "sqlite": SQLITE_VERSION,
        **{name: version(name) for name in PACKAGES},
        **{
            name: found
            for name, command in {
                "wrk": [WRK, "-v"],
                "node": ["node", "--version"],
                "postgresql": ["postgres", "--version"],
                "pgbouncer": ["/usr/sbin/pgbouncer", "--version"],
            }.items()
            if (found := _said(command))
        },
    }


def _said(command: list[str]) -> str:
    if not shutil.which(command[0]):
        return ""
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=10)
    number = NUMBER.search(ended.stdout)
    return number[0] if number else ""
