"""A41: sqlmap finds nothing in any field, query, path or cookie of any route.

sqlmap is no library of the service or of its tests: it gets an environment of its own, and runs
for minutes. It is told which database is behind, and knows every parameter.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.attacks.people import Person
from tests.attacks.routes import FORM, JSON, Route, routes
from tests.attacks.storage import ask
from tests.matrix.environments import environment, run
from tests.measured.injectable import careless
from tests.stage.profiles import UNLIMITED
from tests.stage.server import Server

REQUIREMENTS = Path(__file__).with_name("sqlmap.txt")
FOUND = re.compile(r"identified the following injection|is vulnerable|appears to be .*injectable")
FAILED = re.compile(r"\b5\d\d \([A-Z][A-Za-z ]+\) - \d+ times")
NOTHING = "all tested parameters do not appear to be injectable"
OPTIONS = ["--batch", "--flush-session", "--disable-coloring", "--level=2", "--risk=2"]
OPTIONS += ["--skip-waf", "--ignore-code=*", "--answers=redirect=N,follow=N,keep=Y", "--threads=2"]


@pytest.fixture(scope="module")
def sqlmap() -> Path:
    """The program, in an environment of its own."""
    return environment(Path(sys.executable), "sqlmap", REQUIREMENTS).with_name("sqlmap")


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose counts of failures are wiped all the time, so that each try arrives."""
    folder = tmp_path_factory.mktemp("target")
    server = Server(folder, workers=2, log_level="info", **UNLIMITED).start()
    with forgetting(server):
        yield server
    server.stop()


@contextmanager
def forgetting(server: Server) -> Iterator[None]:
    """Meanwhile nobody is limited."""
    over = threading.Event()

    def forget() -> None:
        while not over.wait(0.1):
            ask(server, "DELETE FROM rate_limits")

    thread = threading.Thread(target=forget)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def marked(route: Route, person: Person, kind: str, where: str) -> str:
    """The request as sqlmap reads it, with a star wherever it is to try."""
    own = person.credentials() | {"current_password": person.password}
    fields = {name: f"{own.get(name, value)}*" for name, value in route.example.items()}
    path = re.sub(r"\{\w+\}", "0123456789abcdef*", route.path)
    path += "?" * bool(route.query) + "&".join(f"{name}=true*" for name in route.query)
    head = [f"{route.method} {path} HTTP/1.1", f"Host: {where}"]
    if route.signed_in:
        head += [f"Cookie: session_id={person.log_in()}*"]
    if kind:
        head += [f"Content-Type: {kind}"]
    form = "&".join(f"{name}={value}" for name, value in fields.items())
    body = json.dumps(fields) if kind == JSON else form
    return "\r\n".join([*head, "", body if kind else ""])


def tried(sqlmap: Path, folder: Path, words: str) -> str:
    """What sqlmap says after it tried every star of a request."""
    file = folder / "request.txt"
    file.write_bytes(words.encode())
    options = [*OPTIONS, f"--output-dir={folder}/out", "--dbms=sqlite"]
    return run(sqlmap, "-r", file, *options, cwd=folder, timeout=900).stdout


def test_a_mistake_would_be_found(sqlmap: Path, tmp_path: Path) -> None:
    """A41: in a service that glues its statement together, as thousands do."""
    with careless() as url:
        head = f"POST /users HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nContent-Type: {FORM}"
        said = tried(sqlmap, tmp_path, f"{head}\r\n\r\nemail=alice@example.com*")
    assert FOUND.search(said), said


def test_sqlmap_finds_nothing(
    sqlmap: Path, target: Server, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    """A41: every parameter of every route, as form and as JSON, and the session's cookie."""
    where = urlsplit(target.url).netloc
    for route in routes(target):
        for kind in sorted({FORM, JSON} & set(route.kinds)) or [""]:
            words = marked(route, Person(target).register(), kind, where)
            if "*" not in words:
                continue
            with subtests.test(route.label, kind=kind):
                said = tried(sqlmap, tmp_path, words)
                print(f"A41   sqlmap {route.label} {kind}: {verdict(said)}", flush=True)  # noqa: T201
                assert not FOUND.search(said), said
                assert NOTHING in said, said
                assert not FAILED.search(said), said
    assert '"status": 500' not in target.running.log


def verdict(said: str) -> str:
    """In a word."""
    return "FOUND SOMETHING" if FOUND.search(said) else "nothing" if NOTHING in said else "NOT RUN"
