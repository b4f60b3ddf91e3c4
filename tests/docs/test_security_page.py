"""``docs/security.md`` and ``docs/sessions.md`` say what the code does, and leave nothing out."""

from __future__ import annotations

import ast
import re
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from tests.conftest import Build
from tests.docs.settings_page import _in_words as in_words
from tests.docs.settings_page import secrets
from tests.house.reading import ROOT, SRC, sources, tree
from tests.stage.profiles import STRICT
from vestibule.auth import policy
from vestibule.auth.sessions import MOST_OF_USER
from vestibule.auth.smtp import WHOLE_SECONDS
from vestibule.config import Settings
from vestibule.db.postgresql import CONNECT_SECONDS, LOCK_SECONDS, SILENT_SECONDS, STATEMENT_SECONDS
from vestibule.lanes import BODY_SECONDS, QUEUE
from vestibule.observe import ALLOWED
from vestibule.serve import CONNECTIONS, DRAIN_SECONDS, HEADER_BYTES, HEADER_MILLISECONDS
from vestibule.user import Row
from vestibule.web.headers import HEADERS
from vestibule.web.problems import MAX_BODY

PAGE = ROOT / "docs" / "security.md"
# What encrypts, signs, hashes or draws at random.
CRYPTOGRAPHY = {
    *("argon2", "bcrypt", "cryptography", "crypt", "hashlib", "hmac", "itsdangerous", "jwt"),
    *("nacl", "passlib", "pyotp", "random", "secrets", "ssl", "uuid", "webauthn"),
}
# What opens connections, but for those that the server is asked by.
NETWORK = {
    *("aiohttp", "ftplib", "http", "httpx", "imaplib", "poplib", "psycopg", "redis", "requests"),
    *("smtplib", "socket", "telnetlib", "urllib3", "xmlrpc"),
}
# Ask others, which is what they are for, and are not part of the running service.
COMMANDS = ("lab", "cli")


def section(heading: str) -> str:
    """What stands under a heading, up to the next."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.search(rf"^#+ {heading}\n(.*?)(?=^#+ |\Z)", text, re.DOTALL | re.MULTILINE)
    assert found, heading
    return found[1]


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    lines = [line for line in section(heading).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def first_cells(heading: str) -> list[str]:
    """What is in backquotes in the first column."""
    return [word for cells in rows(heading) for word in re.findall(r"`([^`]+)`", cells[0])]


@pytest.fixture
def app(build: Build) -> Flask:
    """The service, strict."""
    return build(STRICT)


def operations(app: Flask) -> dict[str, dict[str, object]]:
    """Every route in one line, ``GET /profile``, with its description."""
    paths = app.test_client().get("/openapi.json").get_json()["paths"]
    return {
        f"{method.upper()} {path}": operation
        for path, methods in paths.items()
        for method, operation in methods.items()
    }


def test_every_field_of_a_body_has_its_rule(app: Flask) -> None:
    schemas = app.test_client().get("/openapi.json").get_json()["components"]["schemas"]
    read = set(
        re.findall(r"schemas/(\w+)", str([o.get("requestBody") for o in operations(app).values()]))
    )
    fields = {name for model in read for name in schemas[model]["properties"]}
    parameters = re.findall(
        r"'name': '(\w+)'", str([o.get("parameters") for o in operations(app).values()])
    )
    assert fields
    assert fields | set(parameters) <= set(first_cells("Input"))
    assert f"{MAX_BODY // 1024} KiB" in section("Input")
    assert f"{HEADER_BYTES // 1024} KiB" in section("Input")
    assert f"1 to {policy.MAX_LENGTH:,} characters" in section("Input")


def test_what_must_fit_together_is_told() -> None:
    told = section("What must fit together")
    for pair in ("address and a password", "token and its purpose", "public id and who asks"):
        assert pair in told


def test_every_route_says_who_may_ask(app: Flask) -> None:
    assert sorted(first_cells("Who may do what")) == sorted(operations(app))
    for cells in rows("Who may do what"):
        needs_session = any(
            "security" in operations(app)[each] for each in re.findall("`([^`]+)`", cells[0])
        )
        assert needs_session == (cells[1] == "who has a session"), cells[0]


def test_every_way_in_is_told(app: Flask) -> None:
    """A route that hands out a session to who has none is a way in."""
    ways = section("Ways in")
    for route, operation in operations(app).items():
        if "Set-Cookie" in str(operation["responses"]) and "security" not in operation:
            assert route in ways
    assert "cookie or as bearer" in ways
    assert "link in a mail" in ways


def test_what_counts_about_a_request_is_told() -> None:
    """Every header that the code reads is in the table, or is part of HTTP itself."""
    text = "".join(path.read_text() for path in sources(SRC / "web", SRC / "auth"))
    read = set(re.findall(r'request\.headers\.get\("([\w-]+)"', text))
    assert read
    assert read <= set(first_cells("What counts about a request"))


def test_what_browsers_are_told_is_what_is_documented() -> None:
    sent = {name for name, _ in HEADERS} | {"Strict-Transport-Security"}
    assert set(first_cells("Browsers")) - {"https"} == sent


def test_every_column_is_classed() -> None:
    columns = [
        f"{table.name}.{column.name}"
        for table in Row.metadata.tables.values()
        for column in table.columns
    ]
    told = first_cells("What is stored")
    assert set(told) ^ set(columns) == set()
    assert len(told) == len(columns)


def test_every_field_that_is_logged_is_described() -> None:
    """The three places of the inventory, and each field of the first two."""
    assert len(rows("What is logged")) == 3
    logs = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    audit = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    assert [name for name in ALLOWED if f"`{name}`" not in logs + audit] == []
    columns = {column.name for column in Row.metadata.tables["audit_events"].columns}
    renamed = (columns - {"id", "at"}) | {"number", "time"}
    assert [name for name in sorted(renamed) if f"| `{name}` |" not in audit] == []


def imported(modules: set[str], *, but: tuple[str, ...] = ()) -> dict[str, set[str]]:
    """Which of the modules are imported, and by which files."""
    found: dict[str, set[str]] = {}
    for path in sources(SRC):
        where = path.relative_to(SRC)
        for name in _imports(path) & modules if where.parts[0] not in but else ():
            found.setdefault(name, set()).add(str(where))
    return found


def _imports(path: Path) -> set[str]:
    names = [
        [each.name for each in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    return {name.partition(".")[0] for each in names for name in each}


def test_every_use_of_cryptography_is_in_the_inventory() -> None:
    inventory = {
        cells[0].strip("`"): set(re.findall(r"`([\w/]+\.py)`", cells[2]))
        for cells in rows("Cryptography")
    }
    assert inventory == imported(CRYPTOGRAPHY, but=COMMANDS)


def test_no_hash_is_made_but_sha256() -> None:
    """Others are known where the password hashes of other software are read; MD5 is not."""
    text = {path.name: path.read_text(encoding="utf-8") for path in sources(SRC)}
    used = {name: set(re.findall(r"hashlib\.(\w+)", each)) for name, each in text.items()}
    assert used.pop("schemes.py") == {"sha256", "new", "pbkdf2_hmac", "scrypt"}
    # What lists of stolen passwords are made of.
    assert used.pop("breaches.py") == {"sha1"}
    assert set.union(*used.values()) == {"sha256"}
    assert "md5" not in "".join(text.values()).lower()


def test_every_connection_is_told() -> None:
    table = section("Connections")
    told = {name for cells in rows("Connections") for name in re.findall(r"`(\w+)`", cells[0])}
    # The server's own socket is where clients connect to.
    assert set(imported(NETWORK, but=COMMANDS)) - {"socket"} <= told
    for number in (CONNECTIONS, QUEUE):
        assert f"{number:,}" in table
    for seconds in (CONNECT_SECONDS, LOCK_SECONDS, STATEMENT_SECONDS, int(SILENT_SECONDS)):
        assert re.search(rf"\b{seconds} (seconds )?(to|for)", table)
    for seconds in (HEADER_MILLISECONDS // 1000, BODY_SECONDS, DRAIN_SECONDS, int(WHOLE_SECONDS)):
        assert re.search(rf"\b{seconds} (seconds|to)", table)


def test_the_limits_page_tells_the_numbers_of_the_code() -> None:
    table = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8").splitlines()
    limits = [name for name in Settings.model_fields if re.search("_failures|_per_", name)]
    assert len(limits) >= 8
    for name in limits:
        default = f"{Settings.model_fields[name].default:,}"
        told = [line for line in table if line.endswith(f"| `VESTIBULE_{name.upper()}` |")]
        assert told, name
        assert all(re.search(rf"\| {default}\b", line) for line in told), name


def test_every_secret_says_when_it_is_replaced() -> None:
    keys = (ROOT / "docs" / "keys.md").read_text(encoding="utf-8")
    _, _, table = keys.partition("## When secrets are replaced")
    assert {f"VESTIBULE_{name.upper()}" for name in secrets()} <= set(
        re.findall(r"`(VESTIBULE_\w+)`", table)
    )


def test_the_sessions_page_tells_the_lifetimes_of_the_code() -> None:
    text = (ROOT / "docs" / "sessions.md").read_text(encoding="utf-8")
    for name in ("session_idle", "session_lifetime"):
        default = Settings.model_fields[name].default
        assert f"| {default.days} days | `VESTIBULE_{name.upper()}` |" in text
        assert in_words(default) == f"{default // timedelta(days=1)}d"
    assert MOST_OF_USER == 100
    assert "## How many\n\nA hundred at the same time" in text
