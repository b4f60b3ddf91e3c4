"""An operator shuts an account, opens it again, and logs people out: at once, on every node."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Build
from tests.stage.answers import refuses
from tests.stage.profiles import STRICT
from tests.stage.visits import (
    ALICE,
    BOB,
    PASSWORD,
    WRONG,
    front_desk,
    log_in,
    mails,
    register,
    reset_token,
    set_password,
    try_login,
    visitor,
)
from vestibule.auth.errors import UnknownEmail
from vestibule.auth.operators import Operators


@pytest.fixture
def alice(build: Build) -> FlaskClient:
    """Alice, logged in; Bob has an account as well."""
    client = build(STRICT).test_client()
    register(client, BOB)
    register(client)
    log_in(client)
    return client


def operators(client: FlaskClient) -> Operators:
    return front_desk(client.application).operators


def signed_in(app: Flask, session: str) -> bool:
    return visitor(app, session).get("/profile").status_code == 200


def test_a_disabled_account_is_logged_out_at_once_and_others_are_not(alice: FlaskClient) -> None:
    bobs = log_in(visitor(alice.application), BOB)
    operators(alice).disable(ALICE.upper())
    refuses(alice.get("/profile"), 403, "session_none")
    assert signed_in(alice.application, bobs)


def test_nobody_logs_in_to_it_nor_learns_that_it_is_there(alice: FlaskClient) -> None:
    operators(alice).disable(ALICE)
    right, wrong = try_login(alice), try_login(alice, password=WRONG)
    refuses(right, 401, "credentials_wrong")
    assert right.data == wrong.data


def test_its_links_are_over_and_no_new_one_is_sent(alice: FlaskClient) -> None:
    token = reset_token(alice)
    sent = len(mails(front_desk(alice.application).outbox.folder))
    operators(alice).disable(ALICE)
    refuses(set_password(alice, token), 403, "token_invalid")
    assert alice.post("/reset_password", data={"email": ALICE}).status_code == 200
    front_desk(alice.application).outbox.deliver_due()
    assert len(mails(front_desk(alice.application).outbox.folder)) == sent


def test_enabled_again_it_opens_to_its_password_and_what_ended_stays_over(
    alice: FlaskClient,
) -> None:
    cookie = alice.get_cookie("session_id")
    assert cookie
    token = reset_token(alice)
    operators(alice).disable(ALICE)
    operators(alice).enable(ALICE)
    assert not signed_in(alice.application, cookie.value)
    refuses(set_password(alice, token), 403, "token_invalid")
    assert try_login(alice, password=PASSWORD).status_code == 200


def test_somebody_is_logged_out_everywhere(alice: FlaskClient) -> None:
    others = [log_in(visitor(alice.application)), log_in(visitor(alice.application), BOB)]
    operators(alice).log_out(ALICE)
    assert alice.get("/profile").status_code == 403
    assert [signed_in(alice.application, each) for each in others] == [False, True]
    assert try_login(alice).status_code == 200, "and may come back"


def test_everybody_is_logged_out(alice: FlaskClient) -> None:
    bobs = log_in(visitor(alice.application), BOB)
    operators(alice).log_out_everybody()
    assert alice.get("/profile").status_code == 403
    assert not signed_in(alice.application, bobs)


def test_each_is_in_the_audit_trail(alice: FlaskClient) -> None:
    operators(alice).disable(ALICE)
    operators(alice).enable(ALICE)
    operators(alice).log_out(ALICE)
    operators(alice).log_out_everybody()
    operators(alice).remove(ALICE)
    rows = [(each.act, each.outcome) for each in front_desk(alice.application).trail.newest(5)]
    assert rows == [
        ("account.disable", "accepted"),
        ("account.enable", "accepted"),
        ("account.log_out", "accepted"),
        ("accounts.log_out", "accepted"),
        ("account.delete", "accepted"),
    ]


@pytest.mark.parametrize("act", [Operators.disable, Operators.enable, Operators.log_out])
def test_an_address_that_nobody_has_is_told(
    alice: FlaskClient, act: Callable[[Operators, str], None]
) -> None:
    with pytest.raises(UnknownEmail):
        act(operators(alice), "nobody@example.com")
