"""A PostgreSQL that is stopped, started again, or says nothing, under the running service."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from flask.testing import FlaskClient

from tests.conftest import Build, Serve
from tests.stage.answers import refuses, says
from tests.stage.clock import MovableClock
from tests.stage.databases import libpq, only_postgresql
from tests.stage.postgresql import Cluster, own_cluster
from tests.stage.raw import DATABASE
from tests.stage.server import Server
from tests.stage.visits import (
    ALICE,
    BOB,
    PASSWORD,
    eventually,
    front_desk,
    log_in,
    register,
    try_login,
    visitor,
)
from vestibule import config, migrations
from vestibule.db import postgresql

pytestmark = only_postgresql
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


@pytest.fixture
def cluster(database: str) -> Iterator[Cluster]:
    """A server of this test alone."""
    with own_cluster() as cluster:
        yield cluster


@pytest.fixture
def client(cluster: Cluster, build: Build) -> FlaskClient:
    """A visitor who is logged in, of an application on that server."""
    url = cluster.empty()
    migrations.upgrade(config.load(database_url=url).database, config.clock())
    client = build(database_url=url).test_client()
    register(client)
    log_in(client)
    return client


@contextmanager
def frozen(cluster: Cluster) -> Iterator[None]:
    """Every process of the server stands still: connections stay open, and nothing answers."""
    pids = cluster.processes()
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def is_503(client: FlaskClient) -> None:
    for response in (
        client.get("/profile"),
        client.get("/readyz"),
        client.delete("/sessions"),
        client.post("/users", data={"email": BOB, "password": PASSWORD}),
        try_login(visitor(client.application)),
    ):
        refuses(response, 503, "storage_unavailable")
        assert int(response.headers["Retry-After"]) >= 1


@pytest.mark.parametrize("how", [signal.SIGQUIT, signal.SIGINT])
def test_without_it_everything_is_503_and_then_heals_at_once(
    client: FlaskClient, cluster: Cluster, how: signal.Signals
) -> None:
    cluster.stop(how)
    is_503(client)
    says(client.get("/healthz"), 200, status="ok")
    cluster.start()
    says(client.get("/profile"), 200, email=ALICE)
    assert client.get("/readyz").status_code == 200
    assert try_login(client).status_code == 200


def test_a_restart_that_nobody_was_there_to_see_costs_no_request(
    client: FlaskClient, cluster: Cluster
) -> None:
    cluster.stop()
    cluster.start()
    assert try_login(visitor(client.application)).status_code == 200
    says(client.get("/profile"), 200, email=ALICE)


def test_one_that_says_nothing_is_503_within_seconds(
    client: FlaskClient, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql.Link, "patience", 0.3)
    monkeypatch.setitem(postgresql.NETWORK, "connect_timeout", 1)
    with frozen(cluster):
        began = time.monotonic()
        refuses(client.get("/profile"), 503, "storage_unavailable")
        refuses(try_login(visitor(client.application)), 503, "storage_unavailable")
        assert time.monotonic() - began < 6
    says(client.get("/profile"), 200, email=ALICE)
    assert try_login(client).status_code == 200


@pytest.mark.parametrize("table", ["sessions", "rate_limits"])
def test_nobody_stays_in_line_at_the_server_who_was_sent_away(
    client: FlaskClient, cluster: Cluster, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    assert client.get("/profile").status_code == 200
    monkeypatch.setattr(postgresql.Link, "patience", 0.3)
    with psycopg.connect(libpq(str(client.application.config[DATABASE]))) as other:
        other.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        for _ in range(3):
            ask = client.get("/profile") if table == "sessions" else try_login(client)
            refuses(ask, 503, "storage_unavailable")
        eventually(lambda: other.execute(WAITING).fetchone() == (0,))


def test_a_real_server_goes_on_saying_that_it_lives(cluster: Cluster, server: Serve) -> None:
    running = server(database_url=cluster.empty())
    ask = running.visitor()
    form = {"email": ALICE, "password": PASSWORD}
    assert [ask.post(path, data=form).status_code for path in ("/users", "/sessions")] == [200, 200]
    with frozen(cluster), ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(_profile, running, dict(ask.cookies)) for _ in range(4)]
        began = time.monotonic()
        assert running.visitor().get("/healthz").status_code == 200
        assert time.monotonic() - began < 2, "it does not stand in line"
        assert {each.result() for each in waiting} == {503}
        assert time.monotonic() - began < 15
    assert ask.get("/profile").status_code == 200


def _profile(running: Server, cookies: dict[str, str]) -> int:
    visitor = running.visitor()
    visitor.cookies.update(cookies)
    return visitor.get("/profile").status_code


def test_a_service_without_it_ends_all_the_same(
    client: FlaskClient, cluster: Cluster, clock: MovableClock
) -> None:
    clock.advance(minutes=5)
    assert client.get("/profile").status_code == 200, "and this visit is to be written down"
    cluster.stop()
    front_desk(client.application).upkeep.close()


def test_no_password_of_the_database_is_told(cluster: Cluster, tmp_path: Path) -> None:
    url = cluster.url("of_nobody")
    settings = config.load(database_url=url, data=tmp_path)
    with pytest.raises(migrations.SchemaError) as refused:
        migrations.upgrade(settings.database, config.clock())
    assert "does not exist" in str(refused.value)
    assert "VESTIBULE_DATABASE_URL" in str(refused.value)
    for text in (str(refused.value), str(settings), repr(settings), repr(settings.database)):
        assert "marzipan" not in text
