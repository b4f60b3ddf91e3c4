"""What mails say: nothing that somebody typed becomes a header, a line or HTML of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import Build, PostOffice
from tests.stage.profiles import STRICT
from tests.stage.raw import rows
from tests.stage.smtp import text
from tests.stage.visits import ALICE, front_desk, register, set_password
from vestibule.app import create_app
from vestibule.auth.errors import NotSent
from vestibule.auth.letters import KINDS
from vestibule.auth.stationery import OURS, Words, stationery
from vestibule.config import BadSetting, Settings

NOW = datetime(2026, 3, 14, tzinfo=UTC)
GOOD = "Subject: Hello from {{ service }}\n\nGo to {{ origin }}/x?token={{ token }}\n"


def given(**settings: Any) -> Settings:
    """Settings of which these are said."""
    return Settings(**settings)


def words(email: str = ALICE, about: str = "") -> Words:
    """What a reset mail to this address says."""
    return Words(email=email, about=about, token="the-token", minutes=30)


def write(words: Words, kind: str = "reset", **settings: Any) -> Any:
    """A mail that says ``words``."""
    paper = stationery(given(**settings))
    return paper.write(kind, words, NOW, cause="1", encoding="8bit")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An operator's templates: none yet."""
    path = tmp_path / "templates"
    path.mkdir()
    return path


def test_every_kind_of_mail_has_both_templates_and_they_can_be_rendered() -> None:
    shipped = set(OURS.list_templates())
    for kind in KINDS:
        assert {f"{kind}.txt", f"{kind}.html"} <= shipped
        mail = write(words(about="bob@example.com"), kind)
        assert mail["Subject"]
        assert ALICE in text(mail)
        assert ALICE in text(mail, "html")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x0b", "\x85", "\u2028", "\u2029", "\0"])
@pytest.mark.parametrize("field", ["email", "about"])
def test_an_address_with_a_line_break_makes_no_header_and_no_mail(end: str, field: str) -> None:
    evil = f"a@example.com{end}Bcc: b@example.com"
    with pytest.raises(NotSent) as refused:
        write(words(**{field: evil}))
    assert refused.value.final
    assert evil not in str(refused.value)


@pytest.mark.parametrize(
    "email",
    [
        "a@example.com\r\nBcc: b@example.com",
        "a@example.com\nBcc:b@example.com",
        "a@example.com%0aBcc:b@example.com",
        "a@example.com\u2028b",
        "a@example.com, b@example.com",
        "a@example.com;b@example.com",
        "A <a@example.com>",
        '"a\r\nb"@example.com',
        "a@example.com\0",
    ],
)
def test_an_address_that_is_more_than_one_line_or_address_is_refused_at_the_door(
    strict: FlaskClient, email: str
) -> None:
    for path in ("/users", "/reset_password"):
        form = {"email": email, "password": "marzipan at dawn"}
        assert strict.post(path, data=form).status_code == 400
    assert rows(strict.application, "SELECT count(*) FROM outbox") == [(0,)]


def test_an_address_that_got_into_the_database_is_no_header_either(
    build: Build, post_office: PostOffice
) -> None:
    office = post_office()
    client = build(STRICT, **office.settings()).test_client()
    register(client)
    rows(client.application, "DELETE FROM outbox")
    broken = "alice@example.com\r\nBcc: eve@example.com"
    rows(client.application, "UPDATE users SET email = ?", broken)
    client.post("/reset_password", data={"email": ALICE})
    assert front_desk(client.application).outbox.deliver_due() == 1
    assert office.taken == []
    assert rows(client.application, "SELECT dead, outcome FROM outbox") == [
        (1, "an address has a line break or a control character")
    ]


@pytest.mark.parametrize("kind", list(KINDS))
def test_html_in_an_address_is_shown_and_not_run(kind: str) -> None:
    evil = "<script>alert('x')</script>&\"@example.com"
    html = text(write(words(evil, about=evil), kind), "html")
    assert "<script" not in html
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&#34;@example.com" in html


def test_a_mail_goes_to_one_address_whatever_is_in_it() -> None:
    mail = write(words("a, b@example.com"))
    (recipient,) = mail["To"].addresses
    assert recipient.domain == "example.com"


def test_an_operator_s_template_takes_the_place_of_ours(
    build: Build, post_office: PostOffice, folder: Path
) -> None:
    (folder / "reset.txt").write_text(GOOD)
    (folder / "layout.html").write_text("<b>Ours</b>{% block body %}{% endblock %}")
    office = post_office()
    settings = office.settings(mail_templates=folder, public_url="https://auth.example.com")
    client = build(STRICT, **settings).test_client()
    register(client)
    rows(client.application, "DELETE FROM outbox")
    client.post("/reset_password", data={"email": ALICE})
    front_desk(client.application).outbox.deliver_due()
    (mail,), (token,) = office.mails(), office.tokens()
    assert mail["Subject"] == "Hello from Example accounts"
    assert text(mail) == f"Go to https://auth.example.com/x?token={token}\n"
    assert text(mail, "html").startswith("<b>Ours</b>")
    assert token in text(mail, "html")
    assert set_password(client, token).status_code == 200


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("reset.txt", "no subject\n\n{{ token }}\n", "reset.txt: it does not begin with a line"),
        ("reset.txt", "Subject: x\nBcc: y\n\n{{ token }}\n", "it does not begin with a line"),
        ("reset.txt", "Subject: x\n\n{{ tokn }}\n", "reset.txt: 'tokn' is undefined"),
        ("reset.txt", "Subject: x\n\n{% if %}\n", "reset.txt, line 3: "),
        ("reset.txt", "Subject: x\n\nno link\n", "reset.txt: it does not say {{ token }}"),
        ("reset.html", "no link", "reset.html: it does not say {{ token }}"),
        ("layout.html", "no block", "it does not say {{ token }}"),
        ("_button.html", "nothing", "_button.html"),
        ("rest.txt", GOOD, "rest.txt in "),
        ("reset.txt", b"Subject: \xff\n\n{{ token }}\n", "reset.txt: "),
    ],
)
def test_a_template_that_cannot_be_used_is_told_at_start(
    folder: Path, tmp_path: Path, name: str, content: str | bytes, told: str
) -> None:
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(BadSetting, match="VESTIBULE_MAIL_TEMPLATES") as refused:
        create_app(given(data=tmp_path / "data", mail_templates=folder), worker=False)
    assert told in str(refused.value)
    assert not (tmp_path / "data").exists()


def test_a_part_of_one_s_own_and_other_files_are_no_mistake(folder: Path) -> None:
    (folder / "_footer.html").write_text("<i>bye</i>")
    (folder / "README").write_text("{{ what }}")
    (folder / "layout.html").write_text(
        "{% block body %}{% endblock %}{% include '_footer.html' %}"
    )
    stationery(given(mail_templates=folder)).require_usable(folder)
    mail = write(words(), mail_templates=folder)
    assert text(mail, "html").rstrip().endswith("<i>bye</i>")


@pytest.mark.parametrize("broken", ["{{ tokn }}", "{% if %}", "{{ 1 / 0 }}", b"\xff"])
def test_a_template_that_breaks_later_is_passed_over_for_ours(
    folder: Path, caplog: pytest.LogCaptureFixture, broken: str | bytes
) -> None:
    content = broken.encode() if isinstance(broken, str) else broken
    (folder / "reset.txt").write_bytes(b"Subject: x\n\n" + content)
    mail = write(words(), mail_templates=folder)
    assert mail["Subject"] == "Reset your password"
    assert "mail.template_broken" in caplog.text


def test_a_template_is_read_anew_when_it_changes(folder: Path) -> None:
    paper = stationery(given(mail_templates=folder))
    for subject in ("First", "Second one"):
        (folder / "reset.txt").write_text(f"Subject: {subject}\n\n{{{{ token }}}}\n")
        mail = paper.write("reset", words(), NOW, cause="1", encoding="8bit")
        assert mail["Subject"] == subject
