"""Which mail servers and senders can be set, and that a mistake is told without the password."""

from __future__ import annotations

from pathlib import Path

import pytest

from vestibule import config
from vestibule.config import BadSetting
from vestibule.config.mail_server import MailServer, read_mail_server

SENDER = "Example accounts <accounts@example.com>"


@pytest.mark.parametrize(
    ("url", "host", "port", "tls", "user"),
    [
        ("smtps://u:marzipan@mail.example.com:465", "mail.example.com", 465, "always", "u"),
        ("smtps://mail.example.com", "mail.example.com", 465, "always", ""),
        ("smtp://u:marzipan@mail.example.com", "mail.example.com", 587, "starttls", "u"),
        ("smtp://mail.example.com:25", "mail.example.com", 25, "starttls", ""),
        ("smtp://mail.example.com:25?starttls=never", "mail.example.com", 25, "never", ""),
        ("smtp://localhost:1025", "localhost", 1025, "never", ""),
        ("smtp://u:marzipan@127.0.0.1:1025", "127.0.0.1", 1025, "never", "u"),
        ("smtp://localhost:1025?starttls=required", "localhost", 1025, "starttls", ""),
        ("smtp://[::1]:1025", "::1", 1025, "never", ""),
        ("smtps://me%40example.com:marzipan@mail.example.com", "mail.example.com", 465, "always",
         "me@example.com"),
        ("smtps://me@example.com:marzipan@mail.example.com/", "mail.example.com", 465, "always",
         "me@example.com"),
    ],
)  # fmt: skip
def test_a_url_names_a_mail_server(url: str, host: str, port: int, tls: str, user: str) -> None:
    found = read_mail_server(url)
    assert (found.host, found.port, found.tls, found.user) == (host, port, tls, user)
    assert found.password == ("marzipan" if user else "")


def test_a_password_may_have_any_character() -> None:
    found = read_mail_server("smtps://u:marzipan%2F%3F%23%40%3A%25%20%C3%B6@mail.example.com")
    assert found.password == "marzipan/?#@:% ö"


@pytest.mark.parametrize(
    "url",
    [
        "https://u:marzipan@mail.example.com",
        "smtps://",
        "smtps://u:marzipan@",
        "mail.example.com:465",
        "smtps://u:marzipan@mail.example.com:0x",
        "smtps://u:marzipan@mail.example.com:99999",
        "smtps://u:marzipan/slash@mail.example.com",
        "smtps://u:marzipan#hash@mail.example.com",
        "smtps://u:marzipan@mail.example.com/path",
        "smtps://u:marzipan@mail.example.com?timeout=5",
        "smtps://u:marzipan@mail.example.com?starttls=never",
        "smtp://mail.example.com?starttls=perhaps",
        "smtp://u:marzipan@mail.example.com?starttls=never",
        "smtps://u@mail.example.com",
        "smtps://:marzipan@mail.example.com",
        "smtps://u:marzipan%0d%0aQUIT@mail.example.com",
        "smtps://u:marzipan%FF@mail.example.com",
        "smtps://u:marzipan@[::1",
    ],
)
def test_what_is_no_mail_server_is_told_without_the_password(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("VESTIBULE_SMTP_URL", url)
    monkeypatch.setenv("VESTIBULE_MAIL_FROM", SENDER)
    with pytest.raises(BadSetting) as refused:
        config.load()
    assert str(refused.value).startswith("smtp_url (VESTIBULE_SMTP_URL): ")
    assert "marzipan" not in str(refused.value)


def test_a_password_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "url").write_text("smtps://u:marzipan@mail.example.com\n")
    monkeypatch.setenv("VESTIBULE_SMTP_URL_FILE", str(tmp_path / "url"))
    monkeypatch.setenv("VESTIBULE_MAIL_FROM", SENDER)
    settings = config.load()
    assert settings.mail_server
    assert settings.mail_server.password == "marzipan"
    assert "marzipan" not in f"{settings!r} {settings.mail_server!r} {settings.mail_server}"


def test_with_a_mail_server_somebody_is_the_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VESTIBULE_SMTP_URL", "smtp://localhost")
    with pytest.raises(BadSetting, match="VESTIBULE_MAIL_FROM"):
        config.load()


def test_without_one_there_is_no_mail_server() -> None:
    assert config.load().mail_server is None


@pytest.mark.parametrize(
    "sender",
    ["a@example.com", "A B <a@example.com>", '"B, A" <a@example.com>', "Ä <a@example.com>"],
)
def test_a_sender_is_an_address_with_or_without_a_name(sender: str) -> None:
    assert config.load(mail_from=sender).sender == sender


@pytest.mark.parametrize(
    "sender",
    [
        "nobody",
        "a@example.com, b@example.com",
        "A <a@example.com>\r\nBcc: b@example.com",
        "A <a@example.com",
        "ä@example.com",
        "a@exämple.com",
        "friends: a@example.com;",
        "<>",
    ],
)
def test_what_is_no_sender_is_told(monkeypatch: pytest.MonkeyPatch, sender: str) -> None:
    monkeypatch.setenv("VESTIBULE_MAIL_FROM", sender)
    with pytest.raises(BadSetting, match="VESTIBULE_MAIL_FROM"):
        config.load()


@pytest.mark.parametrize("name", ["SMTP_CA", "MAIL_TEMPLATES"])
def test_a_path_that_leads_nowhere_is_told(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"VESTIBULE_{name}", "nowhere/at/all")
    with pytest.raises(BadSetting, match=f"VESTIBULE_{name}.*nowhere/at/all"):
        config.load()


def test_a_server_is_named_without_its_user() -> None:
    assert str(MailServer("mail.example.com", 465, "always", "u", "p")) == "mail.example.com:465"
    assert str(MailServer("::1", 25, "never", "", "")) == "[::1]:25"
