"""The page on which a reset link is asked for: where the notice of a new password leads."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from tests.conftest import Build
from tests.stage import pages
from tests.stage.profiles import STRICT
from tests.stage.visits import (
    ALICE,
    NEW_PASSWORD,
    WRONG,
    log_in,
    mail_to,
    register,
    reset_token,
    set_password,
    token_to,
)

FORM = "/reset_password/form"


def test_without_a_token_the_page_asks_for_the_address(strict: FlaskClient) -> None:
    register(strict)
    page = strict.get("/reset_password")
    assert (page.status_code, page.mimetype) == (200, "text/html")
    (action,) = re.findall(pages.FORM, page.text)
    assert 'type="email"' in page.text
    sent = strict.post(action, data={"email": ALICE})
    assert (sent.status_code, sent.mimetype) == (200, "text/html")
    assert "Subject: Reset your password\n" in mail_to(strict.application, ALICE)


def test_the_answer_is_the_same_for_every_address(strict: FlaskClient) -> None:
    register(strict)
    known, unknown = (
        strict.post(FORM, data={"email": email}) for email in (ALICE, "nobody@example.com")
    )
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
    assert "If that address has an account, a link is on its way" in known.text


@pytest.mark.parametrize("form", [{}, {"email": ""}, {"email": "no address"}])
def test_what_is_no_address_may_be_tried_again(strict: FlaskClient, form: dict[str, str]) -> None:
    page = strict.post(FORM, data=form)
    assert (page.status_code, page.mimetype) == (400, "text/html")
    assert f'action="{FORM}"' in page.text
    assert 'role="alert"' in page.text


def test_it_is_limited_like_the_route_for_programs(strict: FlaskClient) -> None:
    statuses = [strict.post(FORM, data={"email": ALICE}).status_code for _ in range(20)]
    assert statuses[0] == 200
    assert statuses[-1] == 429


def test_browsers_say_where_the_form_is_sent_from(strict: FlaskClient) -> None:
    for page in (strict.get("/reset_password"), strict.post(FORM, data={"email": "x"})):
        assert page.headers["Referrer-Policy"] == "strict-origin"
    for headers in ({"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = strict.post(FORM, data={"email": ALICE}, headers=headers)
        assert answer.get_json()["code"] == "cross_site"
    own = {"Origin": "http://localhost"}
    assert strict.post(FORM, data={"email": ALICE}, headers=own).status_code == 200


def test_a_link_that_is_over_leads_there(strict: FlaskClient) -> None:
    for path in ("/reset_password", "/verify_email", "/profile/email/undo"):
        page = strict.get(path, query_string={"token": "unknown"})
        assert (page.status_code, 'href="/reset_password"' in page.text) == (403, True)


def test_the_classic_profile_has_no_such_form(classic: FlaskClient) -> None:
    page = classic.get("/reset_password")
    assert (page.status_code, 'href="/reset_password"' in page.text) == (403, False)
    assert classic.post(FORM, data={"email": ALICE}).status_code == 404


def test_whose_password_is_not_accepted_at_verifying_is_led_there(build: Build) -> None:
    client = build(STRICT, require_verified=True, conceal_accounts=True).test_client()
    register(client)
    form = {"token": token_to(client.application, ALICE), "password": WRONG}
    assert "verifies the address too" in mail_to(client.application, ALICE)
    page = client.post("/verify_email/form", data=form)
    assert (page.status_code, 'href="/reset_password"' in page.text) == (401, True)
    set_password(client, reset_token(client))
    log_in(client, ALICE, NEW_PASSWORD)
