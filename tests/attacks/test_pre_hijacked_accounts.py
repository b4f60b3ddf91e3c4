"""A08: what an attacker left in an account before its owner came is gone when the owner has it.

The five classes are those of Sudhodanan and Paverd, "Pre-hijacked Accounts" (USENIX Security
2022). Two of them need an identity provider, which there is none of.
"""

from __future__ import annotations

from uuid import uuid4

import pytest

from bench.wire import somewhere
from tests.attacks.people import Person, browser, linked, opens
from tests.conftest import Serve
from tests.stage.server import Server
from tests.stage.visits import NEW_PASSWORD, WRONG

VERIFY, CHANGE, UNDO = "/verify_email", "/profile/email/confirm", "/profile/email/undo"


@pytest.fixture
def early(target: Server) -> Person:
    """An attacker who registered the victim's address, and is in."""
    attacker = Person(target).register()
    attacker.log_in()
    return attacker


def recover(attacked: Person) -> None:
    """The owner of the address comes, and takes the account by a reset."""
    assert attacked.set_password(attacked.reset_token()).status_code == 200
    assert attacked.try_login(NEW_PASSWORD).status_code == 200


def test_an_earlier_session_is_over(target: Server, early: Person) -> None:
    """A08, unexpired session: every one that the attacker opened, on every device."""
    sessions = [str(early.browser.cookies["session_id"]), early.log_in()]
    sessions.append(str(early.try_login().cookies["session_id"]))
    recover(early)
    assert [opens(target, session) for session in sessions] == [False] * 3


def test_an_earlier_password_is_over(early: Person) -> None:
    """A08, classic: the password that the attacker chose, also from where it was used."""
    recover(early)
    assert early.try_login().status_code == 401
    assert early.browser.post("/sessions", data=early.credentials()).status_code == 401


def guessed(attacked: Person, address: str, **cookies: str) -> list[int]:
    """What somebody is told who guesses from there until there are too many."""
    with browser(attacked.server, address) as guessing:
        guessing.cookies.update(cookies)
        form = attacked.credentials(WRONG)
        return [guessing.post("/sessions", data=form).status_code for _ in range(11)]


def test_an_earlier_device_is_a_strange_one(early: Person) -> None:
    """A08, trusted device: the attacker's cookie guesses no more than anybody from there."""
    cookie = str(early.browser.cookies["device"])
    first, second = somewhere(), somewhere()
    allowed = [401] * 10 + [429]
    assert guessed(early, first) == allowed
    assert guessed(early, first, device=cookie) == allowed, "it is known, and counts apart"
    recover(early)
    assert guessed(early, second) == allowed
    assert guessed(early, second, device=cookie) == [429] * 11


def test_an_address_that_was_asked_for_earlier_is_none(target: Server, early: Person) -> None:
    """A08, unexpired change of address and trojan identifier: the pending address is dropped."""
    other = f"{uuid4().hex[:12]}@example.net"
    form = {"email": other, "password": early.password}
    assert early.browser.put("/profile/email", data=form).status_code == 200
    token = linked(target, other, CHANGE)
    recover(early)
    with browser(target) as attacker:
        for password in (early.password, NEW_PASSWORD):
            answer = attacker.post(CHANGE, data={"token": token, "password": password})
            assert answer.status_code == 403
        attacker.post("/reset_password", data={"email": other})
    assert early.try_login(NEW_PASSWORD).status_code == 200


def test_what_a_stranger_registered_comes_to_life_for_nobody(server: Serve) -> None:
    """A08: where addresses are verified, the owner's click does not open the stranger's account."""
    running = server(require_verified="true")
    stranger = Person(running).register()
    token = linked(running, stranger.email, VERIFY)
    with browser(running) as owner:
        form = {"token": token, "password": "marzipan of the owner"}
        assert owner.post(VERIFY, data=form).status_code == 401
    assert stranger.try_login().status_code == 401
    # The owner has no password to give, and gets one by the reset.
    recover(stranger)
    assert stranger.try_login().status_code == 401


def test_a_strangers_password_does_not_replace_the_owners(server: Serve) -> None:
    """A08: registered before or after the owner, in the hope that the owner then verifies."""
    running = server(require_verified="true", conceal_accounts="true")
    owner = Person(running).register()
    mine = linked(running, owner.email, VERIFY)
    with browser(running) as stranger:
        form = owner.credentials("marzipan of a stranger")
        assert stranger.post("/users", data=form).status_code == 200
    token = linked(running, owner.email, VERIFY)
    with browser(running) as visitor:
        for each in {mine, token}:
            form = {"token": each, "password": owner.password}
            assert visitor.post(VERIFY, data=form).status_code in (401, 403)
    recover(owner)
    assert owner.try_login("marzipan of a stranger").status_code == 401
