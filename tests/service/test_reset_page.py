"""The page that the mail's link leads to: looking spends nothing, sending the form acts."""

from __future__ import annotations

import re
from html import unescape

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.stage.pages import without_ours
from tests.stage.visits import (
    NEW_PASSWORD,
    log_in,
    register,
    reset_token,
    try_login,
)

NASTY = [
    '"><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    "&quot;&gt;<b>",
    "{{ 7 * 7 }}",
    "javascript:alert(1)",
    "\u2028<svg/onload=alert(1)>",
]


def look(client: FlaskClient, token: str, status: int = 200) -> TestResponse:
    response = client.get("/reset_password", query_string={"token": token})
    assert (response.status_code, response.mimetype) == (status, "text/html")
    return response


def send(client: FlaskClient, **form: str) -> TestResponse:
    response = client.post("/reset_password/new", data=form)
    assert response.mimetype == "text/html"
    return response


def token_in(page: str) -> str:
    (found,) = re.findall(r'name="reset_token" value="([^"]*)"', page)
    return unescape(found)


def test_a_mail_scanner_that_opens_the_link_spends_nothing(strict: FlaskClient) -> None:
    register(strict)
    token = reset_token(strict)
    for _ in range(3):
        assert token_in(look(strict, token).text) == token
        strict.head("/reset_password", query_string={"token": token})
    assert try_login(strict).status_code == 200
    assert send(strict, reset_token=token, new_password=NEW_PASSWORD).status_code == 200


def test_the_form_sets_the_password(client: FlaskClient) -> None:
    register(client)
    page = look(client, reset_token(client)).text
    assert 'action="/reset_password/new"' in page
    assert 'method="post"' in page
    done = send(client, reset_token=token_in(page), new_password=NEW_PASSWORD)
    assert (done.status_code, "Password updated" in done.text) == (200, True)
    log_in(client, password=NEW_PASSWORD)


def test_a_token_works_in_the_form_once(client: FlaskClient) -> None:
    register(client)
    token = reset_token(client)
    send(client, reset_token=token, new_password=NEW_PASSWORD)
    again = send(client, reset_token=token, new_password="marzipan once more")
    assert again.status_code == 403
    assert "This link no longer works" in again.text
    assert "This link no longer works" in look(client, token, 403).text


def test_a_refused_password_is_explained_and_may_be_tried_again(strict: FlaskClient) -> None:
    register(strict)
    page = send(strict, reset_token=reset_token(strict), new_password="tiny")
    assert (page.status_code, "at least 8 characters" in page.text) == (400, True)
    assert "tiny" not in page.text
    assert (
        send(strict, reset_token=token_in(page.text), new_password=NEW_PASSWORD).status_code == 200
    )


@pytest.mark.parametrize("form", [{}, {"reset_token": ""}, {"new_password": NEW_PASSWORD}])
def test_a_form_without_its_fields_changes_nobody(
    client: FlaskClient, form: dict[str, str]
) -> None:
    register(client)
    assert send(client, **form).status_code in (400, 403)
    assert try_login(client).status_code == 200


@pytest.mark.parametrize("token", ["", "unknown", "1f6c0de5-9a3b-7c42-d1e0-5b8f27a4c936"])
def test_a_link_that_is_over_says_so_and_asks_for_no_password(
    client: FlaskClient, token: str
) -> None:
    page = look(client, token, 403).text
    assert "This link no longer works" in page
    assert 'type="password"' not in page


@pytest.mark.parametrize("text", NASTY)
def test_what_is_sent_never_comes_back_as_html(client: FlaskClient, text: str) -> None:
    register(client)
    token = reset_token(client)
    for page in (
        look(client, text, 403),
        send(client, reset_token=text, new_password=NEW_PASSWORD),
        send(client, reset_token=token, new_password=text.ljust(1025)),
    ):
        assert page.status_code in (400, 403)
        assert not re.search(r"<(script|img|svg|b)\b", without_ours(page.text))
        assert text not in page.text
        assert ">49<" not in page.text


def test_the_page_needs_no_script_and_no_other_site(client: FlaskClient) -> None:
    register(client)
    page = look(client, reset_token(client)).text
    assert "<script" not in without_ours(page)
    assert " style=" not in page
    assert not re.search(r"(src|href|action)=\"(https?:)?//", page)
    assert "--accent: " in page
    assert "stylesheet" not in page


def test_the_form_can_be_filled_by_a_password_manager(client: FlaskClient) -> None:
    register(client)
    (field,) = re.findall(r"<input[^>]*new_password[^>]*>", look(client, reset_token(client)).text)
    assert 'type="password"' in field
    assert 'autocomplete="new-password"' in field
    assert not re.search("onpaste|readonly|maxlength|pattern", field)


def test_a_reset_link_logs_nobody_in(client: FlaskClient) -> None:
    register(client)
    token = reset_token(client)
    look(client, token)
    assert "Set-Cookie" not in send(client, reset_token=token, new_password=NEW_PASSWORD).headers
    assert client.get("/profile").status_code == 403


@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
def test_the_form_is_sent_as_a_form(client: FlaskClient, kind: str) -> None:
    response = client.post("/reset_password/new", data='{"reset_token":"x"}', content_type=kind)
    assert response.status_code == 415
