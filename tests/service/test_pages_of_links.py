"""The pages behind links about addresses: GET shows, POST acts, nothing comes back as HTML."""

from __future__ import annotations

import re
from html import unescape

import pytest
from flask.testing import FlaskClient

from tests.service.test_change_of_address import ELSEWHERE, ask
from tests.service.test_reset_page import NASTY
from tests.stage.pages import FORM, without_ours
from tests.stage.visits import ALICE, PASSWORD, WRONG, log_in, register, token_to

PAGES = ["/profile/email/confirm", "/profile/email/undo"]


@pytest.fixture
def alice(strict: FlaskClient) -> FlaskClient:
    """Alice, who has asked for another address."""
    register(strict)
    log_in(strict)
    ask(strict)
    return strict


def link(client: FlaskClient, path: str) -> str:
    return token_to(client.application, ELSEWHERE if path.endswith("confirm") else ALICE)


@pytest.mark.parametrize("path", PAGES)
def test_looking_spends_nothing_and_sending_acts(alice: FlaskClient, path: str) -> None:
    token = link(alice, path)
    for _ in range(3):
        page = alice.get(path, query_string={"token": token})
        alice.head(path, query_string={"token": token})
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert alice.get("/profile").get_json() == {"email": ALICE}
    (shown,) = re.findall(r'name="token" value="([^"]*)"', page.text)
    (action,) = re.findall(FORM, page.text)
    form = {"token": unescape(shown), "password": PASSWORD}
    assert alice.post(action, data=form).status_code == 200
    again = alice.post(action, data=form)
    assert (again.status_code, "This link no longer works" in again.text) == (403, True)


@pytest.mark.parametrize("path", PAGES)
def test_a_link_that_is_over_says_so(alice: FlaskClient, path: str) -> None:
    for token in ("", "unknown", "1f6c0de5-9a3b-7c42-d1e0-5b8f27a4c936"):
        page = alice.get(path, query_string={"token": token})
        assert (page.status_code, "This link no longer works" in page.text) == (403, True)


def test_a_wrong_password_may_be_tried_again(alice: FlaskClient) -> None:
    form = {"token": link(alice, PAGES[0]), "password": WRONG}
    page = alice.post(f"{PAGES[0]}/form", data=form)
    assert (page.status_code, "not the password" in page.text) == (401, True)
    assert WRONG not in page.text
    assert alice.post(f"{PAGES[0]}/form", data=form | {"password": PASSWORD}).status_code == 200


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize("path", PAGES)
def test_what_is_sent_never_comes_back_as_html(alice: FlaskClient, path: str, text: str) -> None:
    for page in (
        alice.get(path, query_string={"token": text}),
        alice.post(f"{path}/form", data={"token": text, "password": text}),
    ):
        assert page.status_code == 403
        assert not re.search(r"<(script|img|svg|b)\b", without_ours(page.text))
        assert text not in page.text


def test_an_address_with_markup_in_it_is_shown_as_text(strict: FlaskClient) -> None:
    register(strict)
    log_in(strict)
    email = "a&b{{7*7}}'x@example.net"
    assert ask(strict, email).status_code == 200
    form = {"token": token_to(strict.application, email), "password": PASSWORD}
    page = strict.post(f"{PAGES[0]}/form", data=form)
    assert page.status_code == 200
    assert "a&amp;b{{7*7}}&#39;x@example.net" in page.text


@pytest.mark.parametrize("path", PAGES)
def test_the_form_needs_no_origin_because_the_token_is_enough(
    alice: FlaskClient, path: str
) -> None:
    form = {"token": link(alice, path), "password": PASSWORD}
    assert alice.post(f"{path}/form", data=form, headers={"Origin": "null"}).status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_the_page_needs_no_script(alice: FlaskClient, path: str) -> None:
    page = alice.get(path, query_string={"token": link(alice, path)}).text
    assert "<script" not in without_ours(page)
    assert " style=" not in page
