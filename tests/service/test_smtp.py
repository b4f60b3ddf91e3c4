"""Mail by a mail server: encrypted, with a login, in two parts, to whom it should go."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Build, PostOffice
from tests.stage.profiles import STRICT
from tests.stage.raw import everything, rows
from tests.stage.smtp import SECRET, URL_SECRET, USER, certificate, text
from tests.stage.visits import ALICE, front_desk, register, set_password

WAYS = ["never", "starttls", "always"]


def ask(client: FlaskClient, email: str = ALICE) -> None:
    assert client.post("/reset_password", data={"email": email}).status_code == 200


def registered(app: Flask, email: str = ALICE) -> FlaskClient:
    """A visitor who has an account and asked for a reset link."""
    client = app.test_client()
    register(client, email)
    rows(app, "DELETE FROM outbox")
    ask(client, email)
    return client


def outcome(app: Flask) -> str:
    """What became of the only message, once it was tried."""
    assert front_desk(app).outbox.deliver_due() == 1
    ((said,),) = rows(app, "SELECT outcome FROM outbox")
    return str(said)


@pytest.mark.parametrize("tls", WAYS)
def test_a_mail_is_delivered_and_its_link_works(
    build: Build, post_office: PostOffice, tls: str
) -> None:
    office = post_office(tls=tls)
    client = registered(build(STRICT, **office.settings()))
    assert outcome(client.application) == "250 2.0.0 queued as 1"
    (envelope,), (token,) = office.taken, office.tokens()
    assert (envelope.mail_from, envelope.rcpt_tos) == ("accounts@example.com", [ALICE])
    assert set_password(client, token).status_code == 200


@pytest.mark.parametrize("tls", WAYS)
def test_it_logs_in_with_a_password_of_all_characters(
    build: Build, post_office: PostOffice, tls: str
) -> None:
    office = post_office(tls=tls, login=True)
    client = registered(build(STRICT, **office.settings()))
    assert outcome(client.application).startswith("250 ")
    assert office.logins == [("PLAIN", USER)]


def test_a_mail_has_a_text_and_an_html_part_and_says_who_sent_it(
    build: Build, post_office: PostOffice
) -> None:
    office = post_office()
    client = registered(build(STRICT, **office.settings(public_url="https://auth.example.com")))
    outcome(client.application)
    (mail,), (token,) = office.mails(), office.tokens()
    link = f"https://auth.example.com/reset_password?token={token}"
    assert mail["From"] == "Example accounts <accounts@example.com>"
    assert mail["To"] == ALICE
    assert mail["Subject"] == "Reset your password"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@example.com>")
    assert f"\n{link}\n" in text(mail)
    assert f'href="{link}"' in text(mail, "html")
    assert "Example accounts" in text(mail, "html")


def test_an_html_part_loads_nothing_from_anywhere(build: Build, post_office: PostOffice) -> None:
    office = post_office()
    outcome(registered(build(STRICT, **office.settings())).application)
    html = text(office.mails()[0], "html")
    assert [
        tag for tag in ("<img", "<link", "<script", "url(", "src=", "@import") if tag in html
    ] == []


def test_no_line_of_a_mail_is_too_long_for_any_server(
    build: Build, post_office: PostOffice
) -> None:
    office = post_office()
    email = f"{'a' * 64}@{'b' * 60}.{'c' * 60}.example.com"
    outcome(registered(build(STRICT, **office.settings()), email).application)
    (envelope,), (mail,) = office.taken, office.mails()
    assert envelope.rcpt_tos == [email]
    assert mail["To"] == email
    assert isinstance(envelope.content, bytes)
    assert envelope.content.isascii()
    head, _, body = envelope.content.partition(b"\r\n\r\n")
    assert max(len(line) for line in head.split(b"\r\n")) <= 998
    assert max(len(line) for line in body.split(b"\r\n")) <= 76


@pytest.mark.parametrize(
    ("email", "envelope_to"),
    [
        ("alice@exämple.com", "alice@xn--exmple-cua.com"),
        ("jösé@exämple.com", "jösé@xn--exmple-cua.com"),
    ],
)
def test_an_address_of_other_letters_gets_its_mail(
    build: Build, post_office: PostOffice, email: str, envelope_to: str
) -> None:
    office = post_office()
    outcome(registered(build(STRICT, **office.settings()), email).application)
    (envelope,) = office.taken
    assert envelope.rcpt_tos == [envelope_to]
    assert ("SMTPUTF8" in envelope.mail_options) is not envelope_to.isascii()
    assert f"password of {email}." in text(office.mails()[0])


def test_with_a_mail_server_no_file_holds_a_token(build: Build, post_office: PostOffice) -> None:
    office = post_office()
    client = registered(build(STRICT, **office.settings()))
    outcome(client.application)
    folder = front_desk(client.application).outbox.folder
    assert not folder.exists()
    (token,) = office.tokens()
    assert token.encode() not in everything(folder.parent)


def test_a_wrong_login_is_said_without_the_password(
    build: Build, post_office: PostOffice, caplog: pytest.LogCaptureFixture
) -> None:
    office = post_office(tls="starttls", login=True)
    url = office.url(secret="marzipan-wrong")
    client = registered(build(STRICT, **office.settings(smtp_url=url)))
    assert outcome(client.application) == "login: 535 5.7.8"
    assert office.taken == []
    assert "marzipan" not in caplog.text
    assert b"marzipan" not in everything(front_desk(client.application).outbox.folder.parent)


def test_nothing_is_said_to_a_server_whose_certificate_nobody_vouches_for(
    build: Build, post_office: PostOffice, capsys: pytest.CaptureFixture[str]
) -> None:
    for tls in ("starttls", "always"):
        office = post_office(tls=tls, login=True)
        client = registered(build(STRICT, **office.settings(smtp_ca=None)))
        said = outcome(client.application)
        assert said == "certificate: self-signed certificate"
        (logged,) = re.findall(r'.*"mail.not_sent".*', capsys.readouterr().err)
        assert json.loads(logged)["outcome"] == "certificate"
        assert office.logins == []
        rows(client.application, "DELETE FROM outbox")
        rows(client.application, "DELETE FROM users")


def test_a_certificate_of_another_name_is_not_accepted(
    build: Build, post_office: PostOffice
) -> None:
    office = post_office(tls="always", login=True)
    url = office.url(host="127.0.0.1")
    client = registered(build(STRICT, **office.settings(smtp_url=url)))
    assert "certificate is not valid for '127.0.0.1'" in outcome(client.application)
    assert office.logins == []


def test_a_server_that_cannot_encrypt_gets_no_password(
    build: Build, post_office: PostOffice
) -> None:
    office = post_office(login=True)
    url = f"{office.url()}?starttls=required"
    client = registered(build(STRICT, **office.settings(smtp_url=url)))
    assert outcome(client.application).startswith("starttls: the server does not offer it")
    assert office.logins == []


def test_secrets_are_in_no_settings_text(post_office: PostOffice, build: Build) -> None:
    office = post_office(tls="starttls", login=True)
    app = build(STRICT, **office.settings(smtp_timeout=timedelta(seconds=3)))
    shown = repr(vars(front_desk(app).outbox)) if hasattr(app, "__dict__") else ""
    assert shown
    assert SECRET not in shown
    assert URL_SECRET not in shown


def test_a_certificate_is_read_anew_for_each_mail(
    build: Build, post_office: PostOffice, tmp_path: Path
) -> None:
    office = post_office(tls="starttls")
    (tmp_path / "other").mkdir()
    ca, _ = certificate(tmp_path / "other")
    client = registered(build(STRICT, **office.settings(smtp_ca=ca)))
    assert "certificate: " in outcome(client.application)
    ca.write_bytes(office.certificate.read_bytes())
    ((number,),) = rows(client.application, "SELECT id FROM outbox")
    assert front_desk(client.application).outbox.retry(number)
    assert outcome(client.application).startswith("250 ")
