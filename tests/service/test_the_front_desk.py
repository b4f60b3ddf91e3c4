"""``Auth`` keeps the exercise's seven names and what they mean, in both profiles."""

from __future__ import annotations

import re
from uuid import UUID

import pytest

from tests.stage.profiles import only_classic
from tests.stage.visits import ALICE, BOB, NEW_PASSWORD, PASSWORD
from vestibule.auth import Auth


def test_register_user_returns_the_user_and_refuses_a_second(auth: Auth) -> None:
    assert auth.register_user(ALICE, PASSWORD).email == ALICE
    with pytest.raises(ValueError, match=re.escape(f"User {ALICE} already exists")):
        auth.register_user(ALICE, NEW_PASSWORD)


def test_valid_login_tells_right_from_wrong_and_unknown(auth: Auth) -> None:
    auth.register_user(ALICE, PASSWORD)
    assert auth.valid_login(ALICE, PASSWORD) is True
    assert auth.valid_login(ALICE, NEW_PASSWORD) is False
    assert auth.valid_login(BOB, PASSWORD) is False


def test_create_session_opens_a_session_or_returns_none(auth: Auth) -> None:
    user = auth.register_user(ALICE, PASSWORD)
    session_id = auth.create_session(ALICE)
    found = auth.get_user_from_session_id(session_id)
    assert found is not None
    assert (found.id, found.email) == (user.id, ALICE)
    assert auth.create_session(BOB) is None


def test_destroy_session_ends_every_session_and_minds_no_stranger(auth: Auth) -> None:
    user = auth.register_user(ALICE, PASSWORD)
    ids = [auth.create_session(ALICE) for _ in range(2)]
    auth.destroy_session(user.id)
    auth.destroy_session(10**9)
    assert [auth.get_user_from_session_id(each) for each in ids] == [None, None]


def test_get_reset_password_token_gives_a_uuid_or_raises(auth: Auth) -> None:
    auth.register_user(ALICE, PASSWORD)
    token = auth.get_reset_password_token(ALICE)
    assert str(UUID(token)) == token
    assert auth.get_reset_password_token(ALICE) != token
    with pytest.raises(ValueError, match="Nobody"):
        auth.get_reset_password_token(BOB)


def test_update_password_sets_it_once(auth: Auth) -> None:
    auth.register_user(ALICE, PASSWORD)
    token = auth.get_reset_password_token(ALICE)
    auth.update_password(token, NEW_PASSWORD)
    assert auth.valid_login(ALICE, NEW_PASSWORD)
    with pytest.raises(ValueError, match="token"):
        auth.update_password(token, PASSWORD)


@pytest.mark.parametrize("token", [None, "", "unknown", "\ud800"])
def test_update_password_with_no_token_changes_nobody(auth: Auth, token: str | None) -> None:
    auth.register_user(ALICE, PASSWORD)
    with pytest.raises(ValueError, match="token"):
        auth.update_password(token, NEW_PASSWORD)
    assert auth.valid_login(ALICE, PASSWORD)


@only_classic
def test_a_reset_in_classic_keeps_the_session(auth: Auth) -> None:
    auth.register_user(ALICE, PASSWORD)
    session_id = auth.create_session(ALICE)
    auth.update_password(auth.get_reset_password_token(ALICE), NEW_PASSWORD)
    assert auth.get_user_from_session_id(session_id) is not None
