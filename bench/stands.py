"""What the service stands on while it is measured: a database of many accounts, of three kinds.

PostgreSQL and pgbouncer run on the clients' core, as if on another machine: the server's core is
the service's alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bench.keeping import kept_in_memory
from bench.seed import fill
from bench.servers import Unusable

SQLITE, POSTGRESQL, PGBOUNCER = KINDS = ("sqlite", "postgresql", "pgbouncer")
# What a small server is given. Everything that was acknowledged survives the machine.
POSTGRESQL_SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "512MB",
    "max_connections": "100",
    "max_wal_size": "2GB",
}
POOL_SIZE = 20


class Stand(NamedTuple):
    """A filled database: what a server is told of it, and header lines of open sessions."""

    settings: dict[str, str]
    headers: Path


@contextmanager
def stand(kind: str, work: Path, accounts: int) -> Iterator[Stand]:
    """A database with so many accounts and open sessions, gone at the end.

    :raises Unusable: this machine has no such server, or it could not be filled.
    """
    if kind == SQLITE:
        headers = fill(work, accounts, {})
        with kept_in_memory(work / "data" / "vestibule.db"):
            yield Stand({}, headers)
        return
    # They need pytest's environment, which has the driver.
    from tests.stage import postgresql  # noqa: PLC0415
    from tests.stage.pgbouncer import pgbouncer, pooled  # noqa: PLC0415

    if postgresql.binaries() is None:
        raise Unusable("PostgreSQL is not installed on this machine")
    with postgresql.own_cluster(POSTGRESQL_SETTINGS) as cluster:
        url = cluster.empty()
        headers = fill(work, accounts, {"VESTIBULE_DATABASE_URL": url})
        cluster.run("VACUUM ANALYZE", "CHECKPOINT", url=url)
        if kind == POSTGRESQL:
            yield Stand({"VESTIBULE_DATABASE_URL": url}, headers)
            return
        with pgbouncer(cluster, POOL_SIZE) as folder:
            through = {
                "VESTIBULE_DATABASE_URL": pooled(url, folder),
                "VESTIBULE_DATABASE_PREPARE": "false",
            }
            yield Stand(through, headers)
