"""A disabled account opens to nobody, at once and everywhere, and tells nobody that it is there."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.conftest import Build
from tests.service.test_change_of_address import ELSEWHERE, ask, confirm
from tests.stage.answers import refuses
from tests.stage.profiles import STRICT
from tests.stage.visits import (
    ALICE,
    BOB,
    PASSWORD,
    WRONG,
    front_desk,
    mail_to,
    register,
    reset_token,
    set_password,
    token_to,
    try_login,
    visitor,
)
from vestibule.auth.errors import UnknownEmail
from vestibule.auth.operators import Operators


@pytest.fixture
def desk(alice: FlaskClient, build: Build) -> Operators:
    """The accounts, as another process sees them."""
    return front_desk(build(STRICT)).operators


def test_its_sessions_are_over_at_the_next_request(alice: FlaskClient, desk: Operators) -> None:
    desk.disable(ALICE.upper())
    refuses(alice.get("/profile"), 403, "session_none")


def test_a_login_is_answered_like_a_wrong_password(alice: FlaskClient, desk: Operators) -> None:
    wrong = try_login(alice, password=WRONG)
    desk.disable(ALICE)
    right = try_login(alice, password=PASSWORD)
    assert (right.status_code, right.data) == (wrong.status_code, wrong.data) == (401, wrong.data)
    assert not front_desk(alice.application).valid_login(ALICE, PASSWORD)
    assert front_desk(alice.application).create_session(ALICE) is None


def test_links_that_were_sent_are_over(alice: FlaskClient, desk: Operators) -> None:
    reset = reset_token(alice)
    ask(alice)
    change, undo = (token_to(alice.application, email) for email in (ELSEWHERE, ALICE))
    desk.disable(ALICE)
    refuses(set_password(alice, reset), 403, "token_invalid")
    refuses(confirm(alice, change), 403, "token_invalid")
    refuses(alice.post("/profile/email/undo", json={"token": undo}), 403, "token_invalid")


def test_the_way_back_to_an_earlier_address_waits(alice: FlaskClient, desk: Operators) -> None:
    """A thief changed the address; whoever disables the account must not keep it theirs."""
    ask(alice)
    confirm(alice, token_to(alice.application, ELSEWHERE))
    undo = {"token": token_to(alice.application, ALICE)}
    reset = reset_token(alice, ELSEWHERE)
    desk.disable(ELSEWHERE)
    refuses(alice.post("/profile/email/undo", json=undo), 403, "token_invalid")
    desk.enable(ELSEWHERE)
    refuses(set_password(alice, reset), 403, "token_invalid")
    assert alice.post("/profile/email/undo", json=undo).status_code == 200
    assert [entry.email for entry in desk.entries()] == [ALICE]


def test_the_old_address_is_told_of_a_change_all_the_same(
    alice: FlaskClient, desk: Operators
) -> None:
    ask(alice)
    confirm(alice, token_to(alice.application, ELSEWHERE))
    desk.disable(ELSEWHERE)
    undo = {"token": token_to(alice.application, ALICE)}
    desk.enable(ELSEWHERE)
    assert alice.post("/profile/email/undo", json=undo).status_code == 200


def test_a_reset_mails_nothing_and_reads_the_same(alice: FlaskClient, desk: Operators) -> None:
    register(visitor(alice.application), BOB)
    desk.disable(ALICE)
    answers = [alice.post("/reset_password", data={"email": each}) for each in (ALICE, BOB)]
    assert answers[0].text.replace(ALICE, "") == answers[1].text.replace(BOB, "")
    assert mail_to(alice.application, ALICE) == ""
    assert mail_to(alice.application, BOB) != ""


def test_a_mail_that_was_on_its_way_is_not_sent(alice: FlaskClient, desk: Operators) -> None:
    ask(alice)
    alice.post("/reset_password", data={"email": ALICE})
    desk.disable(ALICE)
    for email in (ALICE, ELSEWHERE):
        assert mail_to(alice.application, email) == ""


def test_its_address_is_not_free(alice: FlaskClient, desk: Operators) -> None:
    desk.disable(ALICE)
    form = {"email": ALICE, "password": PASSWORD}
    assert alice.post("/users", data=form).status_code == 400


def test_enabled_it_is_what_it_was(alice: FlaskClient, desk: Operators) -> None:
    desk.disable(ALICE)
    desk.enable(ALICE)
    refuses(alice.get("/profile"), 403, "session_none")
    assert try_login(alice).status_code == 200


def test_a_deleted_one_is_gone(alice: FlaskClient, desk: Operators) -> None:
    desk.remove(ALICE)
    refuses(alice.get("/profile"), 403, "session_none")
    assert list(desk.entries()) == []
    register(alice)


def test_nobody_has_other_addresses(desk: Operators) -> None:
    for act in (desk.disable, desk.enable, desk.remove):
        with pytest.raises(UnknownEmail):
            act(BOB)


def test_a_pending_account_that_is_disabled_stays_so(build: Build) -> None:
    app = build(STRICT, require_verified=True, conceal_accounts=True)
    anybody = app.test_client()
    register(anybody)
    link = token_to(app, ALICE)
    front_desk(app).operators.disable(ALICE)
    register(anybody)
    form = {"token": link, "password": PASSWORD}
    refuses(anybody.post("/verify_email", json=form), 403, "token_invalid")
    (entry,) = front_desk(app).operators.entries()
    assert entry.disabled_at
