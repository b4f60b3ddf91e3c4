"""No secret in any log of the whole test run: a pytest plugin that listens and searches.

It hears every line that applications of this process log (a tee on the standard error that
``vestibule.observe`` writes to) and every line that servers in other processes wrote (``hear``).
It knows every secret that this process made (``secrets.token_bytes`` of 16 bytes and more), every
one that a visitor was handed (``remember``), and every password of the tests by the word in it.
"""

from __future__ import annotations

import re
import secrets
import sys
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

# A word in every password of the tests, and in nothing else.
MARK = "marzipan"
SHAPE = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
KEY = "vestibule_secrecy"


class Ear:
    """What was logged, and what must never be."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.ids: set[str] = set()
        self.others: set[str] = set()

    def hear(self, text: str) -> None:
        """Note what was logged."""
        self.heard.append(text)

    def remember(self, secret: str) -> str:
        """Note a secret, and give it back."""
        if SHAPE.fullmatch(secret):
            self.ids.add(secret.replace("-", "").lower())
        elif len(secret) >= 8 and MARK not in secret.lower():
            self.others.add(secret)
        return secret

    def leaks(self, since: int = 0) -> list[str]:
        """The lines with a secret in them, among those heard after the first ``since`` pieces."""
        return [line for line in "".join(self.heard[since:]).splitlines() if self._tells(line)]

    def _tells(self, line: str) -> bool:
        shaped = (match.replace("-", "").lower() for match in SHAPE.findall(line))
        return (
            MARK in line.lower()
            or any(found in self.ids for found in shaped)
            or any(secret in line for secret in self.others)
        )


EAR = Ear()
hear, remember, leaks = EAR.hear, EAR.remember, EAR.leaks


class _Tee:
    """Standard error as the service sees it: heard here, and passed on to where it is now."""

    def write(self, text: str) -> int:
        EAR.hear(text)
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


class _OverheardSys:
    """The ``sys`` that ``vestibule.observe`` finds: its ``stderr`` is the tee, whoever captures."""

    stderr = _Tee()

    def __getattr__(self, name: str) -> Any:
        return getattr(sys, name)


def _listen(patch: pytest.MonkeyPatch) -> None:
    made = secrets.token_bytes

    def token_bytes(length: int | None = None) -> bytes:
        value = made(length)
        # Shorter ones are request ids, which belong in the log.
        if len(value) >= 16:
            EAR.remember(str(UUID(bytes=value[:16])))
        return value

    patch.setattr(secrets, "token_bytes", token_bytes)
    patch.setattr("vestibule.observe.sys", _OverheardSys())


def pytest_configure(config: pytest.Config) -> None:
    """Listen from before the first test."""
    patch = pytest.MonkeyPatch()
    _listen(patch)
    config.add_cleanup(patch.undo)
    config.stash[FOUND] = []


FOUND = pytest.StashKey[list[str]]()


@pytest.fixture(autouse=True)
def _no_secret_is_logged() -> Iterator[None]:
    """Name the very test whose log tells a secret."""
    since = len(EAR.heard)
    yield
    assert not EAR.leaks(since), "a secret is in the log"


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Search everything that was logged for every secret that became known in the end."""
    found = EAR.leaks()
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[KEY] = found
    session.config.stash[FOUND].extend(found)
    if session.config.stash[FOUND]:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker of pytest-xdist found."""
    node.config.stash[FOUND].extend(getattr(node, "workeroutput", {}).get(KEY, []))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say so, loudly."""
    for line in config.stash[FOUND]:
        terminalreporter.write_line(f"A SECRET IS IN THE LOG: {line}", red=True, bold=True)
