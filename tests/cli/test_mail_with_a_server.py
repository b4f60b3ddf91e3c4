"""``vestibule mail`` where a mail server is set: what became of a mail, once more, and a test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests

from tests.cli.accounts import EMAIL, register
from tests.conftest import PostOffice
from tests.running import free_port, running, vestibule
from tests.stage.smtp import SENDER, MailServer, text
from tests.stage.visits import eventually


def variables(office: MailServer, **others: str) -> dict[str, str]:
    """The environment of a service that sends mail to ``office``."""
    return {
        "VESTIBULE_SMTP_URL": office.url(),
        "VESTIBULE_SMTP_CA": str(office.certificate),
        "VESTIBULE_SMTP_TIMEOUT": "5s",
        "VESTIBULE_MAIL_FROM": SENDER,
        **others,
    }


def listed(directory: Path, settings: dict[str, str]) -> str:
    return vestibule("mail", "list", directory=directory, settings=settings).stdout


def test_a_mail_that_was_refused_is_listed_shown_and_tried_once_more(
    tmp_path: Path, post_office: PostOffice
) -> None:
    office = post_office(tls="starttls", login=True)
    office.trouble = ["recipient 550 5.7.1 not for you"]
    # Without a mail for the registration there is only the one that is asked for.
    alone = {"VESTIBULE_REQUIRE_VERIFIED": "false", "VESTIBULE_CONCEAL_ACCOUNTS": "false"}
    settings = variables(office, **alone)
    with running(tmp_path, settings=settings) as server:
        register(server.url)
        form = {"email": EMAIL}
        requests.post(f"{server.url}/reset_password", data=form, timeout=10).raise_for_status()
        eventually(lambda: "dead" in listed(tmp_path, settings))
        shown = vestibule("mail", "show", "1", directory=tmp_path, settings=settings).stdout
        assert "state     dead\n" in shown
        assert "answer    recipient: 550 5.7.1 not for you\n" in shown
        retried = vestibule("mail", "retry", "1", directory=tmp_path, settings=settings)
        assert (retried.returncode, retried.stdout) == (0, "1 to be tried again\n")
        trail = vestibule("audit", "export", directory=tmp_path).stdout.splitlines()
        row = next(row for line in trail if (row := json.loads(line))["act"] == "mail.retry")
        assert (row["outcome"], row["origin"]) == ("accepted", "console")
        eventually(lambda: len(office.taken) == 1)
        eventually(lambda: "250 2.0.0 queued as 1" in listed(tmp_path, settings))
        (token,) = office.tokens()
        shown = vestibule("mail", "show", "1", directory=tmp_path, settings=settings).stdout
        assert "state     sent\n" in shown
        assert token not in shown + listed(tmp_path, settings)
    assert not (tmp_path / "vestibule-data" / "mail").exists()


def test_only_what_failed_is_tried_again(tmp_path: Path) -> None:
    assert vestibule("db", "upgrade", directory=tmp_path).returncode == 0
    retried = vestibule("mail", "retry", "--dead", directory=tmp_path)
    assert (retried.returncode, retried.stdout) == (0, "0 to be tried again\n")
    for arguments in (["7"], [], ["7", "--dead"]):
        retried = vestibule("mail", "retry", *arguments, directory=tmp_path)
        assert retried.returncode == 2
        assert "Traceback" not in retried.stderr


@pytest.mark.parametrize("tls", ["never", "starttls", "always"])
def test_a_test_says_what_the_server_answered(
    tmp_path: Path, post_office: PostOffice, tls: str
) -> None:
    office = post_office(tls=tls, login=True)
    sent = vestibule("mail", "test", EMAIL, directory=tmp_path, settings=variables(office))
    assert (sent.returncode, sent.stdout) == (
        0,
        f"localhost:{office.port} took the mail: 250 2.0.0 queued as 1\n",
    )
    (mail,) = office.mails()
    assert mail["To"] == EMAIL
    assert f"can send mail to {EMAIL}." in text(mail)
    assert not (tmp_path / "vestibule-data").exists(), "it needs no database"


def test_a_test_that_fails_says_what_to_look_at(tmp_path: Path, post_office: PostOffice) -> None:
    office = post_office(tls="starttls", login=True)
    for settings, said, advice in (
        ({"VESTIBULE_SMTP_URL": office.url(secret="marzipan")}, "login: 535", "user and password"),
        ({"VESTIBULE_SMTP_URL": "smtp://localhost:1"}, "connect: ", "host and port"),
        ({"VESTIBULE_SMTP_CA": ""}, "certificate: self-signed", "VESTIBULE_SMTP_CA"),
    ):
        failed = vestibule(
            "mail", "test", EMAIL, directory=tmp_path, settings=variables(office, **settings)
        )
        assert failed.returncode == 1, failed.stderr
        assert said in failed.stderr
        assert advice in failed.stderr
        assert "marzipan" not in failed.stderr + failed.stdout
    assert office.taken == []


@pytest.mark.parametrize("address", ["nobody", "a@example.com\r\nRCPT TO:<b@example.com>"])
def test_a_test_goes_to_an_address(tmp_path: Path, post_office: PostOffice, address: str) -> None:
    office = post_office()
    refused = vestibule("mail", "test", address, directory=tmp_path, settings=variables(office))
    assert refused.returncode == 2
    assert len(refused.stderr.splitlines()) == 1
    assert (office.taken, office.conversations) == ([], 0)


def test_without_a_mail_server_there_is_nothing_to_test(tmp_path: Path) -> None:
    refused = vestibule("mail", "test", EMAIL, directory=tmp_path)
    assert refused.returncode == 2
    assert "VESTIBULE_SMTP_URL" in refused.stderr


def test_run_refuses_templates_and_certificates_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "reset.txt").write_text("Subject: x\n\n{{ tokn }}\n")
    (tmp_path / "ca.pem").write_text("no certificate\n")
    for name, value in (("MAIL_TEMPLATES", "templates"), ("SMTP_CA", "ca.pem")):
        settings = {f"VESTIBULE_{name}": value}
        port = str(free_port())
        refused = vestibule("run", "--port", port, directory=tmp_path, settings=settings)
        assert refused.returncode == 2
        assert f"VESTIBULE_{name}" in refused.stderr
        assert not (tmp_path / "vestibule-data").exists()
