"""A41: sqlmap finds nothing in any field, query, path, cookie or header of any route.

sqlmap is no library of the service or of its tests: it gets an environment of its own, and runs
for minutes. It is told which database is behind, and knows every parameter.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from tests.attacks.people import Person
from tests.attacks.routes import FORM, JSON, Route, routes
from tests.attacks.storage import ask
from tests.conftest import Serve
from tests.matrix.environments import environment, run
from tests.measured.injectable import careless
from tests.stage.databases import Databases
from tests.stage.profiles import UNLIMITED
from tests.stage.server import Server

Attack = Callable[[str], str]
REQUIREMENTS = Path(__file__).with_name("sqlmap.txt")
# They read the session's cookie as the routes for programs do, where it is tried.
PAGES = "/account", "/login", "/register", "/logout"
# Its last word. On the way it suspects whatever answers differently each time, as where attempts
# are counted, and tries that again.
FOUND = re.compile(r"identified the following injection|is vulnerable")
FAILED = re.compile(r"\b5\d\d \([A-Z][A-Za-z ]+\) - \d+ times")
NOTHING = "all tested parameters do not appear to be injectable"
OPTIONS = ["--batch", "--flush-session", "--disable-coloring", "--level=2", "--risk=2"]
OPTIONS += [
    "--skip-waf",
    "--ignore-code=*",
    "--answers=redirect=N,follow=N,keep=Y,merge=N",
    "--threads=2",
]


@pytest.fixture(scope="module")
def sqlmap() -> Path:
    """The program, in an environment of its own."""
    return environment(Path(sys.executable), "sqlmap", REQUIREMENTS).with_name("sqlmap")


@pytest.fixture(scope="module")
def target(start: Serve) -> Iterator[Server]:
    """A server whose counts of failures are wiped all the time, so that each try arrives."""
    server = start(log_level="info", trusted_proxies=1, **UNLIMITED)
    with forgetting(server):
        yield server


@pytest.fixture
def attack(sqlmap: Path, request: pytest.FixtureRequest, tmp_path: Path) -> Attack:
    """Have sqlmap try every star of a request; what it says."""
    file, options = tmp_path / "request.txt", [*OPTIONS, f"--output-dir={tmp_path}/out"]
    options.append(f"--dbms={request.config.getoption('--database')}")

    def tried(words: str) -> str:
        file.write_bytes(words.encode())
        return run(sqlmap, "-r", file, *options, cwd=tmp_path, timeout=900).stdout

    return tried


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
        star = "" if route.path.startswith(PAGES) else "*"
        head += [f"Cookie: session_id={person.log_in()}{star}"]
    if kind:
        head += [f"Content-Type: {kind}"]
    form = "&".join(f"{name}={value}" for name, value in fields.items())
    body = json.dumps(fields) if kind == JSON else form
    return "\r\n".join([*head, "", body if kind else ""])


def test_a_mistake_would_be_found(attack: Attack, databases: Databases, tmp_path: Path) -> None:
    """A41: in a service that glues its statement together, as thousands do."""
    with careless(databases.settings(tmp_path).get("database_url")) as url:
        head = f"POST /users HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nContent-Type: {FORM}"
        said = attack(f"{head}\r\n\r\nemail=alice@example.com*")
    assert FOUND.search(said), said


def test_sqlmap_finds_nothing(attack: Attack, target: Server, subtests: pytest.Subtests) -> None:
    """A41: every parameter of every route, as form and as JSON, and the session's cookie."""
    where = urlsplit(target.url).netloc
    for route in routes(target):
        for kind in sorted({FORM, JSON} & set(route.kinds)) or [""]:
            words = marked(route, Person(target).register(), kind, where)
            if "*" in words:
                with subtests.test(route.label, kind=kind):
                    finds_nothing(attack(words), f"{route.label} {kind}")
    assert '"status": 500' not in target.running.log


def test_sqlmap_finds_nothing_in_headers(attack: Attack, target: Server) -> None:
    """A41: those that are read about every visitor, at a login, which stores them; and a bearer."""
    person = Person(target).register()
    session_id, device = person.log_in(), person.browser.cookies["device"]
    host, form = f"Host: {urlsplit(target.url).netloc}", urlencode(person.credentials())
    starred = ["User-Agent: Firefox*", "X-Forwarded-For: 192.0.2.7*", f"Cookie: device={device}*"]
    login = ["POST /sessions HTTP/1.1", host, f"Content-Type: {FORM}", *starred, "", form]
    bearer = ["GET /sessions HTTP/1.1", host, f"Authorization: Bearer {session_id}*", "", ""]
    for lines, names in (
        (login, ["User-Agent", "X-Forwarded-For", "Cookie"]),
        (bearer, ["Authorization"]),
    ):
        said = attack("\r\n".join(lines))
        for name in names:
            assert re.search(rf"{name} #\d\*' does not seem to be injectable", said), said
        finds_nothing(said, ", ".join(names))
    assert '"status": 500' not in target.running.log


def finds_nothing(said: str, where: str) -> None:
    """Print the verdict, and fail where it is another."""
    print(f"A41   sqlmap {where}: {verdict(said)}", flush=True)  # noqa: T201 - what this is for.
    assert not FOUND.search(said), said
    assert NOTHING in said, said
    assert not FAILED.search(said), said


def verdict(said: str) -> str:
    """In a word."""
    return "FOUND SOMETHING" if FOUND.search(said) else "nothing" if NOTHING in said else "NOT RUN"
