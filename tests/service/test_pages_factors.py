"""The pages of what an account has besides its password, as a browser without scripts uses them."""

from __future__ import annotations

import re
from html import unescape

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import Build
from tests.stage.clock import MovableClock
from tests.stage.factors import Authenticator, code_of, half_log_in
from tests.stage.pages import FORM, field, look, said_of, send
from tests.stage.profiles import STRICT
from tests.stage.secrecy import remember
from tests.stage.visits import ALICE, PASSWORD, front_desk, register, try_login, visitor

FACTORS = "/account/factors"
SHOWN = re.compile(r"<code>((?:[0-9A-Z]{4}-){5}[0-9A-Z]{4})</code>")
POSTS = ["/otp", "/otp/confirm", "/otp/remove", "/recovery_codes", "/recovery_codes/file"]


def offered(client: FlaskClient, onward: str = "") -> tuple[TestResponse, str]:
    """The page with a secret for an authenticator, and the secret."""
    page = send(client, f"{FACTORS}/otp", 200, next=onward)
    (key,) = re.findall(r'<pre class="key">([A-Z2-7 ]+)</pre>', page.text)
    return page, remember(key.replace(" ", ""))


def confirmed(
    client: FlaskClient, page: TestResponse, code: str, status: int = 200
) -> TestResponse:
    """What the page's form answers to this code."""
    kept = {name: field(page, name)["value"] for name in ("ticket", "next")}
    return send(client, f"{FACTORS}/otp/confirm", status, code=code, **kept)


def codes_on(page: TestResponse) -> list[str]:
    """The recovery codes that a page shows."""
    return [remember(code) for code in SHOWN.findall(page.text)]


def warning(client: FlaskClient) -> str:
    """What the page of the account says of codes that get few."""
    page = look(client, "/account").text
    found = re.findall(r'class="notice warning">([^<]*) <a href="(.*)">', page)
    assert {where for _, where in found} <= {FACTORS}
    return "".join(words for words, _ in found)


def test_an_app_is_added_by_a_picture_or_a_key_and_a_code(
    alice: FlaskClient, clock: MovableClock
) -> None:
    assert re.findall(FORM, look(alice, FACTORS).text) == [f"{FACTORS}/otp"]
    page, secret = offered(alice)
    (link,) = re.findall(r'href="(otpauth:[^"]*)"', page.text)
    assert f"secret={secret}" in link
    assert len(re.findall('<svg [^>]*class="qr"', page.text)) == 1
    assert "style=" not in page.text
    assert field(page, "code")["autocomplete"] == "one-time-code"
    page = confirmed(alice, page, code_of(secret, clock().timestamp()))
    assert len(set(codes_on(page))) == 10
    page = look(alice, FACTORS)
    assert "Added 2026-03-14" in page.text
    assert "10 are left." in page.text
    half_log_in(visitor(alice.application))


def test_a_mistyped_code_shows_the_same_secret_again(
    alice: FlaskClient, clock: MovableClock
) -> None:
    page, secret = offered(alice, "/docs")
    for wrong in ("000000", "", "x"):
        page = confirmed(alice, page, wrong, 401)
        assert "wrong, or was used already" in said_of(page, "code")
        assert secret[:4] in page.text
    page = confirmed(alice, page, code_of(secret, clock().timestamp()))
    assert 'class="button" href="/docs"' in page.text


def test_an_offer_that_is_over_leads_back_to_where_another_is(
    alice: FlaskClient, clock: MovableClock
) -> None:
    page, secret = offered(alice)
    clock.advance(minutes=16)
    send(alice, "/account/confirm", password=PASSWORD)
    page = confirmed(alice, page, code_of(secret, clock().timestamp()), 403)
    assert "This took too long, or was begun elsewhere." in page.text
    assert f"{FACTORS}/otp" in re.findall(FORM, page.text)


def test_what_is_sent_again_after_it_was_done_changes_nothing(
    alice: FlaskClient, clock: MovableClock
) -> None:
    page, secret = offered(alice)
    code = code_of(secret, clock().timestamp())
    confirmed(alice, page, code)
    again = confirmed(alice, page, code, 403)
    assert not codes_on(again)
    assert "10 are left." in again.text


@pytest.mark.usefixtures("phone")
def test_another_app_takes_the_place_of_the_first_and_leaves_the_codes(
    alice: FlaskClient, clock: MovableClock
) -> None:
    assert "Use another app" in look(alice, FACTORS).text
    page, secret = offered(alice)
    answer = confirmed(alice, page, code_of(secret, clock().timestamp()), 303)
    assert "The app is added." in look(alice, answer.headers["Location"]).text


def test_it_is_removed_after_a_word_of_what_that_means(
    alice: FlaskClient, phone: Authenticator
) -> None:
    page = look(alice, f"{FACTORS}/otp/remove")
    assert re.findall(FORM, page.text) == [f"{FACTORS}/otp/remove"]
    answer = send(alice, f"{FACTORS}/otp/remove")
    assert "The app is removed." in look(alice, answer.headers["Location"]).text
    assert try_login(visitor(alice.application)).status_code == 200
    for path in ("/otp/remove", "/recovery_codes"):
        assert "There is no such factor." in send(alice, f"{FACTORS}{path}", 404).text


def test_new_recovery_codes_are_shown_once_and_kept_as_a_file(
    alice: FlaskClient, phone: Authenticator
) -> None:
    page = send(alice, f"{FACTORS}/recovery_codes", 200)
    codes = codes_on(page)
    assert len(set(codes)) == 10
    assert not set(codes) & set(phone.recovery_codes)
    assert not codes_on(look(alice, FACTORS))
    answer = alice.post(
        f"{FACTORS}/recovery_codes/file", data={"codes": field(page, "codes")["value"]}
    )
    assert answer.mimetype == "text/plain"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.text.splitlines() == [f"localhost, {ALICE}", "", *codes]
    send(alice, "/account/confirm", password=PASSWORD, code=codes[0])


def test_a_file_has_codes_in_it_and_nothing_else(alice: FlaskClient) -> None:
    for sent in ("", "<script>alert(1)</script>", "8M3K-0VQT"):
        answer = send(alice, f"{FACTORS}/recovery_codes/file", codes=sent)
        assert answer.headers["Location"] == FACTORS
    code = "8M3K-0VQT-5XNA-R7GH-2D9W-PJ4E"
    form = {"codes": f"<b>{code} x " + f"{code}\n" * 20}
    answer = alice.post(f"{FACTORS}/recovery_codes/file", data=form)
    assert answer.text.splitlines()[2:] == [code] * 10


def test_the_account_warns_when_few_codes_are_left(
    alice: FlaskClient, phone: Authenticator
) -> None:
    told = []
    for code in [*phone.recovery_codes[:9], phone.code()]:
        send(alice, "/account/confirm", password=PASSWORD, code=code)
        told.append(warning(alice))
    few = ["3 recovery codes are left.", "2 recovery codes are left.", "One recovery code is left."]
    assert told == [""] * 6 + few + few[-1:]
    assert 'class="refused">One is left.' in look(alice, FACTORS).text


@pytest.mark.parametrize("path", ["/otp", "/otp/remove", "/recovery_codes"])
def test_changes_ask_once_more_who_it_is(
    alice: FlaskClient, phone: Authenticator, clock: MovableClock, path: str
) -> None:
    clock.advance(minutes=11)
    page = send(alice, f"{FACTORS}{path}", 403)
    assert re.findall(FORM, page.text) == ["/account/confirm"]
    onward = field(page, "next")["value"]
    answer = send(alice, "/account/confirm", password=PASSWORD, code=phone.code(), next=onward)
    look(alice, answer.headers["Location"])
    assert alice.post(f"{FACTORS}{path}").status_code in (200, 303)


def test_who_is_not_logged_in_gets_the_form_to_do_so(strict: FlaskClient) -> None:
    for path in ("", "/otp/remove"):
        page = look(strict, f"{FACTORS}{path}", 401)
        assert field(page, "next")["value"] == f"{FACTORS}{path}"
    for path in POSTS:
        page = send(strict, f"{FACTORS}{path}", 401, ticket="x", code="123456")
        assert field(page, "next")["value"].startswith(FACTORS)


def test_who_has_to_add_a_factor_is_led_through_it_and_in(
    build: Build, clock: MovableClock
) -> None:
    client = build(STRICT, factors="all").test_client()
    register(client)
    answer = send(client, "/login", email=ALICE, password=PASSWORD, next="/account/activity")
    page = look(client, answer.headers["Location"])
    assert "Your account has to have a second factor" in page.text
    assert re.findall(FORM, page.text) == [f"{FACTORS}/otp"]
    assert look(client, "/account/activity", 401).text.count("has to have a second factor") == 1
    page, secret = offered(client, field(page, "next")["value"])
    page = confirmed(client, page, "000000", 401)
    page = confirmed(client, page, code_of(secret, clock().timestamp()))
    assert len(codes_on(page)) == 10
    (onward,) = re.findall(r'class="button" href="([^"]*)"', page.text)
    assert unescape(onward) == "/account/activity"
    look(client, onward)
    assert "Your account has to have one." in look(client, FACTORS).text
    page = send(client, f"{FACTORS}/otp/remove", 409)
    assert "has to have a second factor" in page.text


def test_who_has_to_add_a_factor_and_takes_too_long_begins_again(
    build: Build, clock: MovableClock
) -> None:
    client = build(STRICT, factors="all").test_client()
    answer = send(client, "/register", email=ALICE, password=PASSWORD)
    where = answer.headers["Location"]
    page, secret = offered(client)
    clock.advance(minutes=10)
    for answer in (
        look(client, where, 403),
        send(client, f"{FACTORS}/otp", 401),
        confirmed(client, page, code_of(secret, clock().timestamp()), 401),
    ):
        assert re.findall(FORM, answer.text) == ["/login"]


def test_pages_of_factors_speak_french(alice: FlaskClient) -> None:
    alice.set_cookie("language", "fr")
    assert "Vos façons de vous connecter" in look(alice, FACTORS).text
    assert "scannez" in offered(alice)[0].text


def test_an_operators_way_back_is_told(alice: FlaskClient, phone: Authenticator) -> None:
    front_desk(alice.application).factors.ways_back.begin(ALICE)
    assert "UTC all of this is taken away" in look(alice, FACTORS).text
