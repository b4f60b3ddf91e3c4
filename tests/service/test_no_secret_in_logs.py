"""The search of every log for every secret finds what is there: it can fail."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stage.secrecy import Ear

ROOT = Path(__file__).parents[2]
SESSION = "1f6c0de5-9a3b-7c42-d1e0-5b8f27a4c936"
TALKATIVE = """
import logging
from tests.stage.secrecy import hear, remember
from vestibule.auth.crypto import new_secret
from vestibule.observe import configure_logs

def test_ordinary_lines():
    configure_logs("info")
    logging.getLogger("vestibule.x").info("request", extra=dict(status=200))

def test_{case}():
    configure_logs("info")
    log = logging.getLogger("vestibule.x")
    {statement}
"""
LEAKS = {
    "a_secret_that_was_made": 'log.info("request", extra=dict(route=new_secret()))',
    "a_secret_without_dashes": 'log.info(new_secret().replace("-", ""))',
    "a_password": 'log.info("request", extra=dict(route="marzipan at dawn"))',
    "a_cookie_of_a_server": f'hear(remember("{SESSION}") + chr(10))',
    "a_library": 'logging.getLogger("_granian").error("GET /?p=marzipan")',
}


def run(folder: Path, text: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_talkative.py").write_text(text)
    plugins = ["-p", "xdist", "-p", "tests.stage.secrecy", "-p", "no:cacheprovider"]
    place = ["-c", "/dev/null", "--rootdir", str(folder), str(folder)]
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *plugins, *options, *place],
        cwd=ROOT,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_run_that_logs_secrets_fails_and_names_the_lines(tmp_path: Path) -> None:
    statements = "; ".join(LEAKS.values())
    ended = run(tmp_path, TALKATIVE.format(case="leaks", statement=statements), "-n", "1")
    assert ended.returncode == 1, ended.stdout
    assert ended.stdout.count("A SECRET IS IN THE LOG") == len(LEAKS)
    assert re.findall(r"ERROR \S*::(\w+)", ended.stdout) == ["test_leaks"]


def test_a_secret_that_becomes_known_later_is_found_at_the_end(tmp_path: Path) -> None:
    late = f'hear("{SESSION}\\n")\n\ndef test_later():\n    remember("{SESSION}")'
    ended = run(tmp_path, TALKATIVE.format(case="early", statement=late))
    assert (ended.returncode, ended.stdout.count("3 passed")) == (1, 1)
    assert ended.stdout.count("A SECRET IS IN THE LOG") == 1


@pytest.mark.parametrize("line", [SESSION, SESSION.upper(), SESSION.replace("-", ""), "planted-id"])
def test_every_spelling_of_a_secret_is_known(line: str) -> None:
    ear = Ear()
    ear.remember(SESSION)
    ear.remember("planted-id")
    ear.hear(f'{{"event": "{line}"}}\n{{"event": "fine"}}\n')
    assert ear.leaks() == [f'{{"event": "{line}"}}']
