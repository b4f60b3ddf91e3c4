"""A pooler in transaction mode hands out another connection for each transaction: that is fine."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.conftest import Serve
from tests.stage.crowd import crowd
from tests.stage.databases import only_postgresql
from tests.stage.pgbouncer import pgbouncer, pooled
from tests.stage.postgresql import cluster
from tests.stage.raw import rows
from tests.stage.server import Visitor
from tests.stage.visits import PASSWORD, wait_for_mail
from vestibule import config, migrations

pytestmark = only_postgresql


@pytest.fixture
def url(database: str) -> Iterator[str]:
    """An empty database, through a pooler."""
    with pgbouncer() as folder:
        direct = cluster().empty()
        yield pooled(direct, folder)
        cluster().drop(direct)


def live(visitor: Visitor, number: int) -> requests.Response:
    """Register, log in, look around, ask for a reset and log out."""
    form = {"email": f"{number}@example.com", "password": PASSWORD}
    statuses = [visitor.post(path, data=form).status_code for path in ("/users", "/sessions")]
    statuses += [visitor.get("/profile").status_code for _ in range(10)]
    statuses += [visitor.post("/reset_password", data=form).status_code]
    assert set(statuses) == {200}
    return visitor.delete("/sessions")


def test_a_crowd_lives_through_it(server: Serve, url: str) -> None:
    running = server(workers=2, database_url=url, database_prepare="false")
    assert {answer.status_code for answer in crowd(running, 12, live)} == {302}
    wait_for_mail(running.data / "mail", 12)
    assert rows(running, "SELECT DISTINCT attempts FROM outbox") == [(1,)]
    assert rows(running, "SELECT count(*) FROM sessions") == [(0,)]


def test_upgrades_at_once_make_one_schema_through_it(url: str) -> None:
    server = config.load(database_url=url, database_prepare=False).database
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda _: migrations.upgrade(server, config.clock()), range(3)))
    assert sorted(str(each.before) for each in done) == [*[migrations.head()] * 2, "None"]
    assert migrations.current(server) == migrations.head()
