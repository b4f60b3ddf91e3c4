"""People see what was done with their account, page by page, and nothing of others."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.stage.answers import refuses
from tests.stage.raw import rows
from tests.stage.visits import BOB, WRONG, front_desk, log_in, register, try_login, visitor
from vestibule.auth.exports import PAGE


@pytest.fixture
def alice(strict: FlaskClient) -> FlaskClient:
    """Alice, logged in; Bob is too."""
    bob = visitor(strict.application)
    register(bob, BOB)
    log_in(bob, BOB)
    register(strict)
    log_in(strict)
    return strict


def acts(client: FlaskClient, **query: object) -> list[tuple[str, str]]:
    body = client.get("/profile/activity", query_string=query).get_json()
    return [(each["act"], each["outcome"]) for each in body["activity"]]


def test_what_was_done_and_what_was_refused_is_there(alice: FlaskClient) -> None:
    try_login(visitor(alice.application), password=WRONG)
    front_desk(alice.application).audit.flush()
    assert acts(alice) == [
        ("login", "credentials_wrong"),
        ("login", "accepted"),
        ("register", "accepted"),
    ]


def test_it_says_from_where_and_in_which_session(alice: FlaskClient) -> None:
    newest = alice.get("/profile/activity").get_json()["activity"][0]
    (session,) = alice.get("/sessions").get_json()["sessions"]
    assert (newest["origin"], newest["session"]) == ("127.0.0.1", session["id"])
    assert newest["at"] == "2026-03-14T15:09:26+00:00"


def test_a_page_leads_to_the_next(alice: FlaskClient) -> None:
    elsewhere = visitor(alice.application)
    for _ in range(PAGE):
        log_in(elsewhere)
    first = alice.get("/profile/activity").get_json()
    assert len(first["activity"]) == PAGE
    rest = alice.get("/profile/activity", query_string={"before": first["next"]}).get_json()
    assert [each["act"] for each in rest["activity"]] == ["login", "register"]
    assert rest["next"] is None


@pytest.mark.parametrize("before", ["", "x", "-1", "1.5", "٣", "9" * 30])
def test_a_number_that_is_none_is_not_there(alice: FlaskClient, before: str) -> None:
    assert acts(alice, before=before) == acts(alice)


def test_it_holds_nothing_of_others(alice: FlaskClient) -> None:
    events = rows(alice.application, "SELECT count(*) FROM audit_events")
    assert events == [(4,)]
    assert len(acts(alice)) == 2


def test_the_export_has_all_of_it(alice: FlaskClient) -> None:
    exported = alice.get("/profile/export").get_json()["activity"]
    assert [each["act"] for each in exported][:2] == ["register", "login"]


def test_nobody_is_refused(strict: FlaskClient) -> None:
    refuses(strict.get("/profile/activity"), 403, "session_none")
