"""Takes the README's tour: executes its commands and compares what they print with what it shows.

``python -m tests.docs.tour URL [DIRECTORY]`` takes it against the service at URL, which must be
new, from the directory in which that service was started. Only the standard library is needed.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

README = Path(__file__).parents[2] / "README.md"
SHOWN_AT = "localhost:5000"
TOUR = "A tour with curl"
# Mail is written after the answer that it belongs to, so it may come a moment later.
PATIENCE_SECONDS = 5
ENDED = "--the command ended--"
# Whoever runs the tour may have a .curlrc, a proxy, or a service that hangs.
CURL = "curl() { command curl -q --noproxy '*' --max-time 20 \"$@\"; }\n"
# What no two runs share.
RANDOM = (
    ("<uuid>", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    ("<request id>", r"(?<=x-request-id: )[0-9a-f]{16}"),
    ("<mail date>", r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} (\+0000|GMT)"),
    ("<python>", r"(?<=with Python )\d+\.\d+\.\d+"),
    ("<seconds>", r"\b\d+\.\d s\b"),
)


class Step(NamedTuple):
    """A command, and the output that the README shows under it."""

    command: str
    shown: str


def console_steps(text: str) -> Iterator[Step]:
    """The commands in the ``console`` blocks of a Markdown text, each with its output."""
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            while command.endswith("\\"):
                more, _, shown = shown.partition("\n")
                command += f"\n{more}"
            yield Step(command, shown)


def section(heading: str) -> list[Step]:
    """The steps that the README shows under ``heading``."""
    after = README.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1]
    return list(console_steps(after.split("\n## ")[0]))


def comparable(output: str) -> str:
    """``output`` with placeholders for what no two runs share."""
    for placeholder, pattern in RANDOM:
        output = re.sub(pattern, placeholder, output)
    return "\n".join(line.rstrip() for line in output.strip().splitlines())


class Shell:
    """One bash for the whole tour, so that a later command sees an earlier one's variables."""

    def __init__(self, directory: Path) -> None:
        self._bash = subprocess.Popen(
            ["/bin/bash", "--noprofile", "--norc"],
            cwd=directory,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # curl's progress
            text=True,
        )
        self._send(CURL)

    def run(self, command: str) -> str:
        """What ``command`` prints."""
        assert self._bash.stdout
        self._send(f"{command}\nprintf '\\n%s\\n' '{ENDED}'\n")
        lines: list[str] = []
        for line in self._bash.stdout:
            if line.strip() == ENDED:
                break
            lines.append(line)
        return "".join(lines)

    def _send(self, text: str) -> None:
        assert self._bash.stdin
        self._bash.stdin.write(text)
        self._bash.stdin.flush()

    def close(self) -> None:
        """End it."""
        self._bash.communicate(timeout=10)


def take(url: str, directory: Path) -> Iterator[tuple[Step, str, str]]:
    """Execute the tour against the service at ``url``.

    :returns: each step, what it should have printed, and what it did.
    """
    host = url.removeprefix("http://").rstrip("/")
    shell = Shell(directory)
    for step in section(TOUR):
        expected = comparable(step.shown.replace(SHOWN_AT, host))
        seen = _run(shell, step.command.replace(SHOWN_AT, host), expected)
        yield step, expected, seen
    shell.close()


def _run(shell: Shell, command: str, expected: str) -> str:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        seen = comparable(shell.run(command))
        waits = "vestibule mail" in command and time.monotonic() < deadline
        if seen == expected or not waits:
            return seen
        time.sleep(0.1)


def say(line: str) -> None:
    """Print ``line`` at once, whatever standard output is."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Take the tour and print how each step went."""
    url = sys.argv[1]
    directory = Path(sys.argv[2] if len(sys.argv) > 2 else ".")
    steps = failures = 0
    for step, expected, seen in take(url, directory):
        steps += 1
        say(f"{'same   ' if seen == expected else 'DIFFERS'} $ {step.command}")
        if seen != expected:
            failures += 1
            say(f"--- shown\n{expected}\n--- printed\n{seen}\n---")
    say(f"{steps - failures} of {steps} commands printed what the README shows")
    return 1 if failures or not steps else 0


if __name__ == "__main__":
    sys.exit(main())
