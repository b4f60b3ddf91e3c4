"""An operator's name, logo and colours: on every page, readable, and refused at start if not."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Build
from tests.house.reading import SRC
from tests.stage.clock import MovableClock
from tests.stage.factors import offer
from tests.stage.pages import look
from tests.stage.profiles import CLASSIC, STRICT
from tests.stage.smtp import text
from tests.stage.visits import ALICE, log_in, register
from vestibule.app import create_app
from vestibule.auth.stationery import Words, stationery
from vestibule.config import BadSetting, load
from vestibule.config.colours import ACCENT, DARK, LEAST, LIGHT, contrast, text_on
from vestibule.config.mail_server import require_sender
from vestibule.web.theme import ICON, ICON_LINE, MOST_BYTES, put_on, theme

CSS = (SRC / "web" / "style.css").read_text(encoding="utf-8")
NAME = "Möbel & <Söhne>"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
DRAWN = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>'
PICTURES = [
    (DRAWN, "image/svg+xml"),
    (b"\xef\xbb\xbf <svg/>", "image/svg+xml"),
    (PNG, "image/png"),
    (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
    (b"\xff\xd8\xff\xe0 JFIF", "image/jpeg"),
    (b"GIF89a", "image/gif"),
]


def refusal(**settings: Any) -> str:
    """Why the service does not start with these."""
    with pytest.raises(BadSetting) as refused:
        create_app(load(**settings), worker=False)
    return str(refused.value)


def test_the_name_is_on_every_page_as_text(build: Build) -> None:
    client = build(STRICT, site_name=NAME).test_client()
    for path, status in (("/", 200), ("/login", 200), ("/account", 401), ("/nowhere", 404)):
        page = look(client, path, status).text
        assert "Möbel &amp; &lt;Söhne&gt;</title>" in page
        assert ">Möbel &amp; &lt;Söhne&gt;</a>" in page
        assert "Vestibule" not in page


def test_mails_and_authenticators_say_it_too(build: Build, clock: MovableClock) -> None:
    app = build(STRICT, site_name="Example")
    client = app.test_client()
    register(client)
    log_in(client)
    assert "issuer=Example" in offer(client)["uri"]
    paper = stationery(load(site_name="Example"))
    mail = paper.write("reset", Words(ALICE, "", "t", 30), clock(), cause="1", encoding="8bit")
    assert mail["From"] == "Example <vestibule@localhost>"
    assert "Example" in text(mail, "html")
    assert f"background: {ACCENT}; color: #ffffff" in text(mail, "html")
    colours = stationery(load(site_accent="#0b6e4f"))
    mail = colours.write("reset", Words(ALICE, "", "t", 30), clock(), cause="1", encoding="8bit")
    assert "background: #0b6e4f; color: #ffffff" in text(mail, "html")
    named = load(site_name="Example", mail_from="Example accounts <a@example.com>")
    assert stationery(named).sender == "Example accounts <a@example.com>"


@pytest.mark.parametrize("name", [NAME, 'a "b" \\ c', "x@y", "Größe, GmbH", "名前"])
def test_any_name_makes_one_sender(name: str) -> None:
    sender = load(site_name=name).sender
    require_sender(sender)
    paper, said = stationery(load(site_name=name)), Words(ALICE, "", "", 0)
    mail = paper.write("test", said, datetime.now(UTC), cause="1", encoding="8bit")
    (address,) = mail["From"].addresses
    assert (address.display_name, address.addr_spec) == (name, "vestibule@localhost")


def test_the_name_is_nobodys_password(build: Build) -> None:
    client = build(STRICT, site_name="Marzipan Works").test_client()
    answer = client.post("/users", data={"email": ALICE, "password": "MARZIPAN works"})
    assert answer.get_json()["rule"] == "own_name"


@pytest.mark.parametrize("name", ["x" * 61, "a\nb", " a", "a\u2028b", "a\0"])
def test_what_is_no_name_is_refused_at_start(name: str) -> None:
    assert "site_name (VESTIBULE_SITE_NAME): say a name" in refusal(site_name=name)


def test_pages_have_the_colours_and_no_others_style(build: Build) -> None:
    client = build(STRICT, site_accent="#0B6E4F", site_accent_dark="#7fd8b5").test_client()
    page = look(client, "/login")
    (style,) = re.findall(r"<style>(.*?)</style>", page.text, re.DOTALL)
    assert style.startswith(CSS)
    light, dark = style.removeprefix(CSS).split("@media")
    assert "--accent: #0b6e4f; --on-accent: #ffffff;" in light
    assert "--accent: #7fd8b5; --on-accent: #101014;" in dark
    # What is said for the operator is what our sheet says, and nothing else.
    assert set(re.findall(r"--[\w-]+", light + dark)) <= set(re.findall(r"--[\w-]+", CSS))
    assert "#0b6e4f" in client.get("/theme/logo").text, "our picture has the colour too"


@pytest.mark.parametrize("profile", [STRICT, CLASSIC])
def test_a_page_may_have_the_style_that_it_holds_and_no_other(build: Build, profile: str) -> None:
    for settings in ({}, {"site_accent": "#0b6e4f"}):
        page = look(build(profile, **settings).test_client(), "/")
        (style,) = re.findall(r"<style>(.*?)</style>", page.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        policy = page.headers["Content-Security-Policy"]
        assert f"style-src 'self' 'sha256-{digest}';" in policy
        assert "unsafe" not in policy
        assert "style=" not in page.text.replace(style, "")


def test_a_logo_that_the_browser_has_is_not_sent_again(build: Build) -> None:
    client = build(STRICT, site_accent="#0b6e4f").test_client()
    first = client.get("/theme/logo")
    again = client.get("/theme/logo", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code, again.data) == (200, 304, b"")
    assert first.headers["Cache-Control"] == "no-cache"
    assert first.headers["X-Content-Type-Options"] == "nosniff"


def test_nothing_is_asked_for_that_was_not_chosen(strict: FlaskClient) -> None:
    page = look(strict, "/").text
    assert "/theme" not in page
    assert 'src="/static/icon.svg"' in page
    assert strict.get("/theme/logo").data == ICON.read_bytes()


@pytest.mark.parametrize(("said", "made"), [("site_accent", DARK), ("site_accent_dark", LIGHT)])
def test_one_colour_makes_the_other(said: str, made: Any) -> None:
    colour = "#0b6e4f" if said == "site_accent" else "#7fd8b5"
    accents = load(**{said: colour}).accents
    assert accents is not None
    assert colour in accents
    (other,) = set(accents) - {colour}
    assert made.contrast(other) >= LEAST
    assert load().accents is None


@pytest.mark.parametrize("colour", ["green", "#fff", "0b6e4f", "#0b6e4f;}", "#0b6e4g", "rgb(1,2)"])
def test_what_is_no_colour_is_refused_at_start(colour: str) -> None:
    assert "site_accent (VESTIBULE_SITE_ACCENT): say a colour as #rrggbb" in refusal(
        site_accent=colour
    )


@pytest.mark.parametrize(
    ("setting", "colour"),
    [("site_accent", "#f5b301"), ("site_accent", "#8a8a8a"), ("site_accent_dark", "#4b2fb8")],
)
def test_a_colour_that_cannot_be_read_is_refused_with_one_that_can(
    setting: str, colour: str
) -> None:
    told = refusal(**{setting: colour})
    assert f"VESTIBULE_{setting.upper()}): text in {colour} has a contrast of " in told
    assert "and needs 4.5 (WCAG 2.2, 1.4.3)" in told
    (better,) = re.findall(r"; (#[0-9a-f]{6}) can be read", told)
    assert load(**{setting: better}).accents


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    assert contrast("#ff0000", "#ffffff") == pytest.approx(4.0, abs=0.01)


def test_our_own_colours_could_be_an_operators() -> None:
    light, dark = CSS.split("@media (prefers-color-scheme: dark)", 1)
    for scheme, sheet in ((LIGHT, light), (DARK, dark.partition("* {")[0])):
        said = dict(re.findall(r"--([\w-]+): (#[0-9a-f]+);", sheet))
        assert said["paper"] == scheme.paper
        assert said["card"].replace("#fff", "#ffffff") == scheme.card
        assert scheme.contrast(said["accent"]) >= LEAST
        assert contrast(text_on(said["accent"]), said["accent"]) >= LEAST
    assert ICON.read_text().count(ACCENT) == ICON.read_text().count(ICON_LINE) == 1


@pytest.mark.parametrize(("content", "kind"), PICTURES)
def test_a_logo_is_served_as_what_it_is(
    build: Build, tmp_path: Path, content: bytes, kind: str
) -> None:
    # Its name says nothing.
    path = tmp_path / "logo.html"
    path.write_bytes(content)
    client = build(STRICT, site_logo=path, site_accent="#0b6e4f").test_client()
    page = look(client, "/login").text
    assert '<img src="/theme/logo"' in page
    assert '<link rel="icon" href="/theme/logo">' in page
    answer = client.get("/theme/logo")
    assert (answer.data, answer.content_type) == (content, kind)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "script-src" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"<!doctype html><script>1</script>", "is no SVG, PNG, WebP, JPEG or GIF"),
        (b"", "is no SVG, PNG, WebP, JPEG or GIF"),
        (PNG + bytes(MOST_BYTES), "has more than 256 KiB"),
        (None, "cannot read"),
    ],
)
def test_what_is_no_picture_is_refused_at_start(
    tmp_path: Path, content: bytes | None, told: str
) -> None:
    path = tmp_path / "logo.svg"
    if content is not None:
        path.write_bytes(content)
    answer = refusal(site_logo=path, data=tmp_path / "data")
    assert answer.startswith("site_logo (VESTIBULE_SITE_LOGO): ")
    assert told in answer
    assert not (tmp_path / "data").exists()


def test_a_logo_that_is_gone_since_the_start_is_ours(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = Flask("x")
    put_on(app, load(site_logo=tmp_path / "gone.png", site_name="Example"))
    app.register_blueprint(theme)
    assert app.test_client().get("/theme/logo").data == ICON.read_bytes()
    assert "page.logo_broken" in caplog.text


def test_the_exercise_leads_nobody_elsewhere(build: Build) -> None:
    elsewhere = "https://app.example.com"
    for profile, targets in ((STRICT, f"'self' {elsewhere}"), (CLASSIC, "'self'")):
        page = look(build(profile, return_origins=elsewhere).test_client(), "/")
        assert f"form-action {targets};" in page.headers["Content-Security-Policy"]


def test_the_exercise_looks_as_it_comes(build: Build, tmp_path: Path) -> None:
    path = tmp_path / "logo.png"
    path.write_bytes(PNG)
    client = build(CLASSIC, site_logo=path, site_accent="#0b6e4f").test_client()
    assert "/theme" not in look(client, "/").text
    assert client.get("/theme/logo").status_code == 404
