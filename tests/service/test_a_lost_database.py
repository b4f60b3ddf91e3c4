"""A database file that is deleted, moved or replaced under the running service."""

from __future__ import annotations

import shutil
from pathlib import Path

from flask.testing import FlaskClient

from tests.conftest import Serve
from tests.stage.answers import refuses, says
from tests.stage.clock import MovableClock
from tests.stage.databases import only_sqlite
from tests.stage.raw import file_of, rows
from tests.stage.visits import (
    ALICE,
    BOB,
    PASSWORD,
    front_desk,
    log_in,
    register,
    try_login,
    visitor,
)

pytestmark = only_sqlite("a file can be moved away; see test_a_lost_server")

FORM = {"email": ALICE, "password": PASSWORD}


def files(database: Path) -> list[Path]:
    return [path for path in database.parent.glob(f"{database.name}*") if path.suffix != ".lock"]


def move(database: Path, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for path in files(database):
        path.rename(folder / path.name)


def copy(database: Path, to: Path) -> None:
    """A consistent copy, as a backup is."""
    rows(database, "VACUUM INTO ?", str(to))


def is_503(client: FlaskClient) -> None:
    for response in (
        client.get("/profile"),
        client.get("/readyz"),
        client.delete("/sessions"),
        client.post("/users", data={"email": BOB, "password": PASSWORD}),
        try_login(client),
    ):
        refuses(response, 503, "storage_unavailable")
        assert int(response.headers["Retry-After"]) >= 1


def test_without_its_file_the_service_says_so_and_makes_no_new_one(client: FlaskClient) -> None:
    database = file_of(client.application)
    register(client)
    log_in(client)
    for path in files(database):
        path.unlink()
    is_503(client)
    assert files(database) == [], "an empty database would let the next visitor take any address"


def test_it_heals_when_the_file_comes_back(client: FlaskClient, tmp_path: Path) -> None:
    database = file_of(client.application)
    register(client)
    log_in(client)
    move(database, tmp_path / "elsewhere")
    is_503(client)
    move(tmp_path / "elsewhere" / database.name, database.parent)
    says(client.get("/profile"), 200, email=ALICE)
    assert try_login(client).status_code == 200


def test_a_backup_put_in_its_place_is_used_at_once(client: FlaskClient, tmp_path: Path) -> None:
    database = file_of(client.application)
    register(client)
    first = log_in(client)
    copy(database, tmp_path / "backup.db")
    register(client, BOB)
    log_in(client, BOB)
    for path in files(database):
        path.unlink()
    shutil.copy(tmp_path / "backup.db", database)
    says(visitor(client.application, first).get("/profile"), 200, email=ALICE)
    refuses(client.get("/profile"), 403, "session_none")
    assert try_login(client, BOB).status_code == 401
    register(client, BOB)


def test_a_file_that_is_no_database_is_503(client: FlaskClient) -> None:
    database = file_of(client.application)
    register(client)
    log_in(client)
    for path in files(database):
        path.unlink()
    database.write_bytes(b"marzipan " * 5000)
    is_503(client)
    assert client.get("/healthz").status_code == 200


def test_a_service_without_its_database_ends_all_the_same(
    strict: FlaskClient, clock: MovableClock
) -> None:
    register(strict)
    log_in(strict)
    clock.advance(minutes=5)
    assert strict.get("/profile").status_code == 200, "and this visit is to be written down"
    for path in files(file_of(strict.application)):
        path.unlink()
    front_desk(strict.application).upkeep.close()


def test_tables_that_are_gone_are_503(client: FlaskClient) -> None:
    register(client)
    rows(client.application, "DROP TABLE sessions")
    rows(client.application, "DROP TABLE users")
    refuses(try_login(client), 503, "storage_unavailable")
    refuses(client.post("/users", data=FORM), 503, "storage_unavailable")


def test_no_write_into_a_file_that_is_gone_is_acknowledged(
    client: FlaskClient, tmp_path: Path
) -> None:
    database = file_of(client.application)
    register(client)
    copy(database, tmp_path / "backup.db")
    for path in files(database):
        path.unlink()
    shutil.copy(tmp_path / "backup.db", database)
    for number in range(5):
        email = f"{number}@example.com"
        response = client.post("/users", data={"email": email, "password": PASSWORD})
        stored = rows(database, "SELECT email FROM users WHERE email = ?", email)
        assert (response.status_code, stored) in ((200, [(email,)]), (503, []))
    assert response.status_code == 200


def test_a_real_server_comes_through_it_too(server: Serve, tmp_path: Path) -> None:
    running = server(workers=2)
    ask, database = running.visitor(), running.data / "vestibule.db"
    for path in ("/users", "/sessions"):
        assert ask.post(path, data=FORM).status_code == 200
    move(database, tmp_path / "elsewhere")
    assert {ask.get("/profile").status_code for _ in range(6)} == {503}
    assert running.visitor().post("/sessions", data=FORM).status_code == 503
    assert running.visitor().get("/healthz").status_code == 200
    move(tmp_path / "elsewhere" / database.name, database.parent)
    assert {ask.get("/profile").status_code for _ in range(6)} == {200}
    assert running.visitor().post("/sessions", data=FORM).status_code == 200
