"""Which database the service stands on: a file of SQLite's, or a PostgreSQL server."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from vestibule.config.values import is_loopback

# A file, not :memory:, and without the options that another driver would read after a "?".
FILE_URL = re.compile(r"sqlite:///([^?:#]*[^?:#/])")
SERVER_SCHEMES = ("postgresql+psycopg", "postgresql")
# What libpq may be told in a URL. Passwords belong before the "@", where they are never shown;
# "options" would be refused by a pooler, and timeouts are the service's own.
SERVER_OPTIONS = frozenset(
    {
        "channel_binding",
        "gssencmode",
        "host",
        "hostaddr",
        "port",
        "require_auth",
        "sslcert",
        "sslcrl",
        "sslkey",
        "sslmode",
        "sslnegotiation",
        "sslrootcert",
        "target_session_attrs",
    }
)
NEITHER = "say sqlite:////path/to/file.db or postgresql+psycopg://user:password@host:5432/database"


@dataclass(frozen=True)
class SQLiteFile:
    """A file of this machine."""

    path: Path

    def __str__(self) -> str:
        """Where it is."""
        return str(self.path.resolve())


@dataclass(frozen=True)
class PostgreSQLServer:
    """A database of a server, and how many connections a worker process may have to it."""

    # With the password: never shown, not even by repr().
    url: str = field(repr=False)
    pool: int = 8
    pool_timeout: timedelta = timedelta(seconds=5)
    # Whether a statement that was prepared on a connection is there the next time. A pooler that
    # hands out another connection for each transaction cannot promise that.
    prepare: bool = True

    def __str__(self) -> str:
        """Where it is, and as whom one enters, without the password."""
        parts = urlsplit(self.url)
        who = f"{parts.username}@" if parts.username else ""
        place = parts.netloc.rpartition("@")[2]
        hosts = [value for name, value in parse_qsl(parts.query) if name == "host"]
        where = f"?host={','.join(hosts)}" if hosts else ""
        return f"postgresql://{who}{place}{parts.path}{where}"


Database = SQLiteFile | PostgreSQLServer


def is_server(url: str) -> bool:
    """Whether this is a URL of PostgreSQL's, right or wrong."""
    return url.partition(":")[0] in SERVER_SCHEMES


def require_database(url: str) -> None:
    """Accept the URL of a database that the service can stand on.

    :raises ValueError: it is none; the text never quotes it, for it may hold a password.
    """
    if not is_server(url):
        if not FILE_URL.fullmatch(url):
            raise ValueError(NEITHER)
        return
    try:
        parts = urlsplit(url)
        options = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        _ = parts.port
    except ValueError:
        # urllib's own text quotes what it could not read.
        raise ValueError(NEITHER) from None
    if not unquote(parts.path).strip("/") or "/" in parts.path[1:] or parts.fragment:
        raise ValueError(f"no database is named; {NEITHER}")
    unknown = sorted({name for name, _ in options} - SERVER_OPTIONS)
    if unknown:
        known = ", ".join(sorted(SERVER_OPTIONS))
        # A name can be a piece of a password in which "?" or "&" was not written as %3F or %26.
        raise ValueError(f"after the ? there may be {known}, and nothing else")
    if not parts.hostname and "host" not in dict(options):
        raise ValueError(f"no host is named; {NEITHER}")
    _require_encryption(parts.hostname, options)


def _require_encryption(hostname: str | None, options: list[tuple[str, str]]) -> None:
    """Have it said how a server of another machine is reached.

    libpq's own default, ``prefer``, checks no certificate and falls back to plain text.
    """
    named = [value for name, value in options if name in ("host", "hostaddr")]
    hosts = [host for value in (hostname or "", *named) for host in value.split(",") if host]
    # Of several, each may bring its port along.
    names = [host.partition(":")[0] if host.count(":") == 1 else host for host in hosts]
    here = all(name.startswith("/") or is_loopback(name) for name in names)
    if not here and dict(options).get("sslmode", "prefer") in ("allow", "prefer"):
        raise ValueError(
            "the server is on another machine: after the ? say sslmode=verify-full, with the "
            "certificates to trust as sslrootcert=/path/to/file, or sslmode=disable where nobody "
            "else can listen"
        )


def file_in(url: str) -> Path:
    """The file that a URL of SQLite's names."""
    return Path(url.removeprefix("sqlite:///"))
