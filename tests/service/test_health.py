"""Whoever watches the service learns whether it lives and whether it can work."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient

from tests.stage.answers import refuses, says
from tests.stage.databases import only_sqlite
from tests.stage.raw import file_of, rows


def take_away(app: Flask) -> None:
    for path in file_of(app).parent.glob("vestibule.db*"):
        path.unlink()


def test_it_lives_and_is_ready(client: FlaskClient) -> None:
    says(client.get("/healthz"), 200, status="ok")
    says(client.get("/readyz"), 200, status="ready")


@only_sqlite("a file can be taken away; see test_a_lost_server")
def test_it_lives_without_its_database_but_is_not_ready(client: FlaskClient) -> None:
    take_away(client.application)
    says(client.get("/healthz"), 200, status="ok")
    response = client.get("/readyz")
    refuses(response, 503, "storage_unavailable")
    assert int(response.headers["Retry-After"]) > 0


@only_sqlite("a file can be taken away; see test_a_lost_server")
def test_pages_need_no_database(client: FlaskClient) -> None:
    take_away(client.application)
    for path in ("/", "/docs", "/openapi.json"):
        assert client.get(path).status_code == 200


def test_another_schema_is_not_ready(client: FlaskClient) -> None:
    rows(client.application, "UPDATE alembic_version SET version_num = '9999'")
    refuses(client.get("/readyz"), 503, "storage_unavailable")


def test_no_schema_is_not_ready(client: FlaskClient) -> None:
    rows(client.application, "DROP TABLE alembic_version")
    refuses(client.get("/readyz"), 503, "storage_unavailable")
    says(client.get("/healthz"), 200, status="ok")
