"""``vestibule mail`` shows the mail that the service wrote."""

from __future__ import annotations

import re
import time
from pathlib import Path

import requests

from tests.cli.accounts import EMAIL, database, register
from tests.running import running, vestibule


def reset_mail(directory: Path, url: str) -> str:
    """Ask for a reset, and return its mail as ``mail show`` shows it."""
    register(url)
    requests.post(f"{url}/reset_password", data={"email": EMAIL}, timeout=10)
    deadline = time.monotonic() + 30
    while (shown := vestibule("mail", "show", "1", directory=directory)).returncode:
        assert time.monotonic() < deadline, shown.stderr
    return shown.stdout


def test_a_mail_is_listed_and_shown_and_its_token_works(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        text = reset_mail(tmp_path, server.url)
        listed = vestibule("mail", "list", directory=tmp_path).stdout
        (token,) = re.findall(r"token=(\S+)", text)
        form = {"email": EMAIL, "reset_token": token, "new_password": "marzipan on a tin roof"}
        answer = requests.put(f"{server.url}/reset_password", data=form, timeout=10)
    assert answer.status_code == 200
    assert f"To: {EMAIL}\n" in text
    assert "Subject: Reset your password\n" in text
    assert EMAIL in listed
    assert token not in listed


def test_a_mail_that_nobody_gets_is_listed_as_such(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        form = {"email": "nobody@example.com"}
        requests.post(f"{server.url}/reset_password", data=form, timeout=10)
        deadline = time.monotonic() + 30
        while "nobody has this address" not in (
            listed := vestibule("mail", "list", directory=tmp_path).stdout
        ):
            assert time.monotonic() < deadline, listed
    assert vestibule("mail", "show", "1", directory=tmp_path).returncode == 2


def test_the_list_is_not_cut_wherever_it_goes(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        reset_mail(tmp_path, server.url)
        (file,) = (tmp_path / "vestibule-data" / "mail").iterdir()
    narrow = {"COLUMNS": "60"}
    listed = vestibule("mail", "list", directory=tmp_path, settings=narrow).stdout
    assert "…" not in listed
    assert EMAIL in listed
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_mail_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    database(tmp_path)
    shown = vestibule("mail", "show", "7", directory=tmp_path)
    assert shown.returncode == 2
    (sentence,) = shown.stderr.splitlines()
    assert "no mail 7" in sentence


def test_without_a_database_there_is_no_mail_and_none_is_made(tmp_path: Path) -> None:
    listed = vestibule("mail", "list", directory=tmp_path)
    assert listed.returncode == 2
    (sentence,) = listed.stderr.splitlines()
    assert "VESTIBULE_DATA" in sentence
    assert not (tmp_path / "vestibule-data").exists()


def test_an_address_beyond_ascii_is_shown_as_it_is(tmp_path: Path) -> None:
    email = "jösé@exämple.com"
    with running(tmp_path) as server:
        account = {"email": email, "password": "marzipan at dawn"}
        requests.post(f"{server.url}/users", data=account, timeout=30).raise_for_status()
        requests.post(f"{server.url}/reset_password", data=account, timeout=30).raise_for_status()
        deadline = time.monotonic() + 30
        while "written" not in vestibule("mail", "list", directory=tmp_path).stdout:
            assert time.monotonic() < deadline
        shown = vestibule("mail", "show", "1", directory=tmp_path).stdout
    assert f"To: {email}" in shown
    assert f"reset the password of {email}." in shown
