"""The pages of one's own account, as a browser without scripts uses them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.stage.clock import MovableClock
from tests.stage.pages import field, look, said_of, send
from tests.stage.visits import (
    ALICE,
    BOB,
    NEW_PASSWORD,
    PASSWORD,
    WRONG,
    front_desk,
    log_in,
    mail_to,
    register,
    try_login,
    visitor,
)

PATHS = ["", "/password", "/email", "/sessions", "/activity", "/export", "/delete"]
POSTS: dict[str, dict[str, Any]] = {
    "/account/password": {"current_password": PASSWORD, "new_password": NEW_PASSWORD},
    "/account/email": {"email": BOB, "password": PASSWORD},
    "/account/sessions/end": {"id": "others"},
    "/account/export": {},
    "/account/delete": {"sure": "yes"},
}
AGENT = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"}


@pytest.mark.parametrize("path", PATHS)
def test_who_is_not_logged_in_gets_the_form_to_do_so_in_its_place(
    strict: FlaskClient, path: str
) -> None:
    register(strict)
    page = look(strict, f"/account{path}?before=7", 401)
    assert "Log in to see this page." in page.text
    onward = field(page, "next")["value"]
    assert onward == f"/account{path}?before=7"
    answer = send(strict, "/login", email=ALICE, password=PASSWORD, next=onward)
    look(strict, answer.headers["Location"])


@pytest.mark.parametrize("path", POSTS)
def test_a_session_that_ended_meanwhile_leads_to_the_form_to_log_in(
    alice: FlaskClient, path: str
) -> None:
    alice.delete("/sessions")
    page = send(alice, path, 401, **POSTS[path])
    assert field(page, "next")["value"] in (path, "/account")
    assert try_login(alice).status_code == 200, "nothing was changed"


def test_every_page_has_the_way_back_and_out(alice: FlaskClient) -> None:
    for path in PATHS:
        page = look(alice, f"/account{path}").text
        assert 'action="/logout"' in page
        assert path == "" or 'href="/account"' in page
        assert page.count("<h1>") == 1


def test_the_account_leads_to_all_of_it(alice: FlaskClient) -> None:
    page = look(alice, "/account").text
    assert ALICE in page
    assert {f"/account{path}" for path in PATHS if path} <= set(re.findall('href="([^"]*)"', page))


def test_another_password_logs_the_others_out(alice: FlaskClient) -> None:
    other = log_in(visitor(alice.application))
    page = look(alice, "/account/password")
    assert field(page, "current_password")["autocomplete"] == "current-password"
    assert field(page, "new_password")["autocomplete"] == "new-password"
    answer = send(alice, "/account/password", **POSTS["/account/password"])
    assert "Your password is changed" in look(alice, answer.headers["Location"]).text
    assert visitor(alice.application, other).get("/profile").status_code == 403
    log_in(visitor(alice.application), ALICE, NEW_PASSWORD)


@pytest.mark.parametrize(
    ("current", "new", "status", "wrong", "words"),
    [
        (WRONG, NEW_PASSWORD, 401, "current_password", "not the password of your account"),
        ("", NEW_PASSWORD, 401, "current_password", "not the password of your account"),
        (PASSWORD, "marzi", 400, "new_password", "at least 8 characters"),
        (PASSWORD, "", 400, "new_password", "at least 8 characters"),
    ],
)
def test_a_refused_password_says_which_and_why(
    alice: FlaskClient, current: str, new: str, status: int, wrong: str, words: str
) -> None:
    form = {"current_password": current, "new_password": new}
    page = send(alice, "/account/password", status, **form)
    assert words in said_of(page, wrong)
    assert try_login(alice).status_code == 200


def test_another_address_is_asked_for_and_confirmed_by_mail(alice: FlaskClient) -> None:
    assert ALICE in look(alice, "/account/email").text
    answer = send(alice, "/account/email", email=BOB, password=PASSWORD)
    assert "A mail is on its way" in look(alice, answer.headers["Location"]).text
    assert "/profile/email/confirm?token=" in mail_to(alice.application, BOB)


@pytest.mark.parametrize(
    ("email", "password", "status", "wrong", "words"),
    [
        (BOB, WRONG, 401, "password", "not the password of your account"),
        ("x", PASSWORD, 400, "email", "Mail cannot go to this address"),
        (ALICE, PASSWORD, 400, "email", "address of your account already"),
        ("carol@example.com", PASSWORD, 409, "email", "Another account has this address"),
    ],
)
def test_a_refused_address_says_why_and_is_kept(
    alice: FlaskClient, email: str, password: str, status: int, wrong: str, words: str
) -> None:
    register(visitor(alice.application), "carol@example.com")
    page = send(alice, "/account/email", status, email=email, password=password)
    assert words in said_of(page, wrong)
    assert field(page, "email")["value"] == email


def test_sessions_are_listed_and_ended_one_by_one_or_together(alice: FlaskClient) -> None:
    others = [visitor(alice.application) for _ in range(3)]
    for other in others:
        other.post("/sessions", data={"email": ALICE, "password": PASSWORD}, headers=AGENT)
    page = look(alice, "/account/sessions").text
    assert page.count("Firefox on Linux") == 3
    assert page.count("This device") == 1
    ids = re.findall(r'name="id" value="([0-9a-f]{16})"', page)
    assert len(ids) == 3
    answer = send(alice, "/account/sessions/end", id=ids[0])
    assert "That device is logged out." in look(alice, answer.headers["Location"]).text
    again = send(alice, "/account/sessions/end", 404, id=ids[0])
    assert "logged out already" in again.text
    answer = send(alice, "/account/sessions/end", id="others")
    assert "All other devices are logged out." in look(alice, answer.headers["Location"]).text
    assert [other.get("/profile").status_code for other in others] == [403] * 3
    assert alice.get("/profile").status_code == 200


def test_a_device_is_called_as_the_visitor_speaks(alice: FlaskClient) -> None:
    visitor(alice.application).post(
        "/sessions", data={"email": ALICE, "password": PASSWORD}, headers=AGENT
    )
    page = look(alice, "/account/sessions", language="fr").text
    assert "Firefox sous Linux" in page


def test_what_cannot_be_undone_wants_a_recent_login(
    alice: FlaskClient, clock: MovableClock
) -> None:
    log_in(visitor(alice.application))
    clock.advance(minutes=16)
    for path, form, back in (
        ("/account/sessions/end", {"id": "others"}, "/account/sessions"),
        ("/account/delete", {"sure": "yes"}, "/account/delete"),
    ):
        page = send(alice, path, 403, **form)
        assert "Show once more who you are" in page.text
        assert field(page, "next")["value"] == back
    send(alice, "/account/confirm", password=PASSWORD, next="/account/delete")
    send(alice, "/account/delete", sure="yes")


def test_the_acts_of_the_account_are_told_in_words(alice: FlaskClient) -> None:
    try_login(visitor(alice.application), ALICE, WRONG)
    front_desk(alice.application).audit.flush()
    page = look(alice, "/account/activity").text
    assert page.count("<td>Account made</td>") == 1
    assert page.count("<td>Log-in</td>") == 2
    assert page.count('class="refused"') == 1
    assert "127.0.0.1" in page


def test_many_acts_have_pages(alice: FlaskClient) -> None:
    for _ in range(60):
        alice.get("/profile/export")
    front_desk(alice.application).audit.flush()
    first = look(alice, "/account/activity").text
    (older,) = re.findall(r'href="(/account/activity\?before=\d+)"', first)
    second = look(alice, older).text
    assert (first.count("<tr><td>"), second.count("<tr><td>")) == (50, 12)
    assert "before=" not in second.partition("<main")[2].partition("</main>")[0]


def test_the_export_is_a_file_of_what_the_route_tells(alice: FlaskClient) -> None:
    look(alice, "/account/export")
    answer = alice.post("/account/export")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="account.json"'
    told = json.loads(answer.data)
    assert told["account"] == alice.get("/profile/export").get_json()["account"]


def test_an_account_is_deleted_by_who_says_to_be_sure(alice: FlaskClient) -> None:
    assert ALICE in look(alice, "/account/delete").text
    for form in ({}, {"sure": ""}, {"sure": "no"}):
        page = send(alice, "/account/delete", 400, **form)
        assert "tick the box" in said_of(page, "sure")
    answer = send(alice, "/account/delete", sure="yes")
    assert "Your account is deleted" in look(alice, answer.headers["Location"]).text
    assert try_login(alice).status_code == 401
    assert alice.get_cookie("session_id") is None
