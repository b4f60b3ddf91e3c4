"""Every option of ``vestibule run`` is also a variable; the option wins."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from tests.cli.accounts import register
from tests.running import free_port, running
from tests.stage.databases import only_sqlite

pytestmark = only_sqlite("about settings, of which the database is one")

# Option, variable, value, and what is printed then.
SETTINGS = [
    ("--profile", "VESTIBULE_PROFILE", "classic", "profile   classic\n"),
    ("--data", "VESTIBULE_DATA", "elsewhere", "/elsewhere/vestibule.db\n"),
    ("--workers", "VESTIBULE_WORKERS", "3", "workers   3\n"),
]


@pytest.mark.parametrize(("option", "variable", "value", "printed"), SETTINGS)
def test_an_option_counts(
    tmp_path: Path, option: str, variable: str, value: str, printed: str
) -> None:
    with running(tmp_path, option, value) as server:
        assert printed in server.output


@pytest.mark.parametrize(("option", "variable", "value", "printed"), SETTINGS)
def test_its_variable_counts(
    tmp_path: Path, option: str, variable: str, value: str, printed: str
) -> None:
    with running(tmp_path, settings={variable: value}) as server:
        assert printed in server.output


def test_the_option_wins_over_the_variable(tmp_path: Path) -> None:
    with running(
        tmp_path, "--profile", "strict", settings={"VESTIBULE_PROFILE": "classic"}
    ) as server:
        assert "profile   strict\n" in server.output
        register(server.url)
        # What is printed is also what the worker processes do.
        answer = requests.post(
            f"{server.url}/reset_password", data={"email": "alice@example.com"}, timeout=10
        )
        assert "reset_token" not in answer.json()


def test_host_and_port_may_be_variables(tmp_path: Path) -> None:
    port = str(free_port("127.0.0.2"))
    given = {"VESTIBULE_HOST": "127.0.0.2", "VESTIBULE_PORT": port}
    with running(tmp_path, settings=given, url=f"http://127.0.0.2:{port}") as server:
        assert requests.get(server.url, timeout=10).json() == {"message": "Bienvenue"}


def test_there_are_as_many_workers_as_asked_for(tmp_path: Path) -> None:
    with running(tmp_path, "--workers", "3") as server:
        assert len(server.workers()) == 3


def test_a_secret_may_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"sqlite:///{tmp_path}/other.db\n", encoding="utf-8")
    with running(tmp_path, settings={"VESTIBULE_DATABASE_URL_FILE": "secret"}) as server:
        register(server.url)
        assert f"database  {tmp_path}/other.db\n" in server.output
    assert not (tmp_path / "vestibule-data" / "vestibule.db").exists()


def test_an_empty_variable_is_one_that_is_not_given(tmp_path: Path) -> None:
    with running(tmp_path, settings={"VESTIBULE_PROFILE": ""}) as server:
        assert "profile   strict\n" in server.output
