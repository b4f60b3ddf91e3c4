"""``vestibule accounts``: shut an account, open it, log people out, while the service runs."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
import requests

from tests.cli.accounts import ACCOUNT, EMAIL, database, register
from tests.running import running, vestibule
from tests.stage.databases import only_sqlite
from tests.stage.factors import code_of


def test_an_account_is_shut_and_opened_under_a_running_service(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        register(server.url)
        browser = requests.Session()
        browser.post(f"{server.url}/sessions", data=ACCOUNT, timeout=30).raise_for_status()
        said = vestibule("accounts", "disable", EMAIL, directory=tmp_path)
        assert (said.returncode, said.stdout) == (0, "disabled, and logged out everywhere\n")
        assert browser.get(f"{server.url}/profile", timeout=30).status_code == 403
        login = f"{server.url}/sessions"
        assert browser.post(login, data=ACCOUNT, timeout=30).status_code == 401
        assert vestibule("accounts", "enable", EMAIL, directory=tmp_path).stdout == "enabled\n"
        assert browser.post(login, data=ACCOUNT, timeout=30).status_code == 200
        assert vestibule("accounts", "log-out", "--everybody", directory=tmp_path).returncode == 0
        assert browser.get(f"{server.url}/profile", timeout=30).status_code == 403


def test_an_account_that_strangers_shut_is_unlocked(tmp_path: Path) -> None:
    few = {"VESTIBULE_LOGIN_FAILURES_PER_ACCOUNT": "1"}
    with running(tmp_path, settings=few) as server:
        register(server.url)
        login, wrong = f"{server.url}/sessions", ACCOUNT | {"password": "no marzipan"}
        statuses = [
            requests.post(login, data=each, timeout=30).status_code for each in (wrong, ACCOUNT)
        ]
        assert statuses == [401, 429]
        assert vestibule("accounts", "unlock", EMAIL, directory=tmp_path).stdout == "unlocked\n"
        assert requests.post(login, data=ACCOUNT, timeout=30).status_code == 200
    told = vestibule("audit", "tail", directory=tmp_path).stdout
    assert "account.unlock  accepted" in told
    assert "console" in told


@pytest.mark.parametrize(
    "command", ["disable", "enable", "unlock", "administrator", "drop-factors", "log-out", "delete"]
)
def test_an_address_that_nobody_has_is_one_sentence(tmp_path: Path, command: str) -> None:
    database(tmp_path)
    yes = ["--yes"] if command == "delete" else []
    said = vestibule("accounts", command, "nobody@example.com", *yes, directory=tmp_path)
    assert (said.returncode, said.stderr) == (2, "Error: Nobody has this address.\n")


@pytest.mark.parametrize("whom", [[], [EMAIL, "--everybody"]])
def test_whom_to_log_out_must_be_said(tmp_path: Path, whom: list[str]) -> None:
    said = vestibule("accounts", "log-out", *whom, directory=tmp_path)
    assert (said.returncode, said.stderr) == (2, "Error: Say one address, or --everybody.\n")


@only_sqlite("a file that is not there")
def test_without_a_database_there_is_nobody_and_none_is_made(tmp_path: Path) -> None:
    said = vestibule("accounts", "disable", EMAIL, directory=tmp_path)
    assert said.returncode == 2
    assert "there is no database" in said.stderr
    assert not (tmp_path / "vestibule-data").exists()


def test_an_account_is_marked_as_an_administrators_and_back(tmp_path: Path) -> None:
    with running(tmp_path, settings={"VESTIBULE_FACTORS": "administrators"}) as server:
        register(server.url)
        mark = ("accounts", "administrator", EMAIL)
        said = vestibule(*mark, directory=tmp_path)
        assert (said.returncode, said.stdout) == (0, "administrator, and logged out everywhere\n")
        assert "open, administrator" in vestibule("accounts", "list", directory=tmp_path).stdout
        login = f"{server.url}/sessions"
        assert requests.post(login, data=ACCOUNT, timeout=30).json()["owes"] == "enrol"
        assert vestibule(*mark, "--revoke", directory=tmp_path).stdout == "no administrator\n"
        assert requests.post(login, data=ACCOUNT, timeout=30).status_code == 200
    told = vestibule("audit", "tail", directory=tmp_path).stdout
    assert "account.appoint" in told
    assert "account.dismiss" in told


def test_factors_that_were_lost_are_dropped_later_or_not(tmp_path: Path) -> None:
    drop = ("accounts", "drop-factors", EMAIL)
    with running(tmp_path) as server:
        register(server.url)
        said = vestibule(*drop, directory=tmp_path)
        assert (said.returncode, said.stderr) == (2, "Error: This account has no second factor.\n")
        browser = requests.Session()
        browser.post(f"{server.url}/sessions", data=ACCOUNT, timeout=30).raise_for_status()
        offered = browser.post(f"{server.url}/factors/otp", timeout=30).json()
        form = {"ticket": offered["ticket"], "code": code_of(offered["secret"], time.time())}
        browser.put(f"{server.url}/factors/otp", data=form, timeout=30).raise_for_status()
        said = vestibule(*drop, directory=tmp_path)
        assert re.fullmatch(r"the factors end at [\d-]+ [\d:]+ UTC\n", said.stdout)
        assert "otp until 20" in vestibule("accounts", "list", directory=tmp_path).stdout
        assert vestibule(*drop, "--cancel", directory=tmp_path).stdout == "the factors stay\n"
        assert "until" not in vestibule("accounts", "list", directory=tmp_path).stdout


def test_accounts_are_listed_and_deleted(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        register(server.url)
        vestibule("accounts", "disable", EMAIL, directory=tmp_path)
        listed = vestibule("accounts", "list", directory=tmp_path).stdout
        assert EMAIL in listed
        assert "disabled at" in listed
        asked = vestibule("accounts", "delete", EMAIL, directory=tmp_path)
        assert (asked.returncode, "for good?" in asked.stdout) == (1, True)
        assert vestibule("accounts", "delete", EMAIL, "--yes", directory=tmp_path).returncode == 0
        assert EMAIL not in vestibule("accounts", "list", directory=tmp_path).stdout
