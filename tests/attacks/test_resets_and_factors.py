"""A07 to A09: a mailbox takes no factor off, and no stranger's factor keeps the owner out."""

from __future__ import annotations

import pytest

from tests.attacks.people import Person, browser, linked, opens, scan
from tests.attacks.test_second_factors import enrol, half, send
from tests.stage.factors import Authenticator
from tests.stage.server import Server
from tests.stage.visits import NEW_PASSWORD, eventually

DISOWN = "/factors/disown"


@pytest.fixture
def owner(target: Server) -> Person:
    """Somebody who showed to read the mail of the address."""
    person = Person(target).register()
    assert person.set_password(person.reset_token()).status_code == 200
    person.password = NEW_PASSWORD
    return person


@pytest.fixture
def phone(owner: Person) -> Authenticator:
    """The authenticator of the owner."""
    return enrol(owner)


def recover(person: Person) -> None:
    """Choose a password by mail."""
    assert person.set_password(person.reset_token(), "marzipan once more").status_code == 200
    person.password = "marzipan once more"


def test_a_reset_leaves_the_factor_and_no_session(
    target: Server, owner: Person, phone: Authenticator
) -> None:
    """A09: whoever reads the mailbox has a password, and is asked for the code all the same."""
    session, begun = str(owner.browser.cookies["session_id"]), half(owner)
    recover(owner)
    assert not opens(target, session)
    assert send(target, begun, phone.recovery_codes[0]) == 403, "it began with the old password"
    login = half(owner)
    assert not opens(target, login)
    assert send(target, login, phone.wrong()) == 401
    assert send(target, login, phone.recovery_codes[0]) == 200


def test_no_other_link_takes_it_off(target: Server, owner: Person, phone: Authenticator) -> None:
    """A09: nor a change of address that is undone, once a first factor is some days old."""
    with browser(target) as thief:
        for path in (DISOWN, "/factors/keep"):
            answer = thief.post(path, data={"token": owner.reset_token()})
            assert (answer.status_code, answer.json()["code"]) == (403, "token_invalid")
    half(owner)


def test_a_factor_from_before_its_owner_came_is_gone(target: Server) -> None:
    """A08: somebody registered the address, and added an authenticator to bar its owner."""
    early = Person(target).register()
    enrol(early)
    recover(early)
    assert early.try_login().status_code == 200
    early.log_in()
    assert early.browser.get("/factors").json()["otp"] is None


def test_a_thiefs_factor_is_taken_off_by_the_owner(target: Server, owner: Person) -> None:
    """A08: with a session and the password, on an account that had none. A reset is not enough."""
    thiefs = enrol(owner)
    session = str(owner.browser.cookies["session_id"])
    token = linked(target, owner.email, DISOWN)
    recover(owner)
    begun = half(owner)
    with browser(target) as mailbox:
        assert mailbox.post(DISOWN, data={"token": token}).status_code == 200
        assert mailbox.post(DISOWN, data={"token": token}).status_code == 403
    assert send(target, begun, thiefs.recovery_codes[0]) == 403
    assert not opens(target, session)
    assert owner.try_login().status_code == 401, "nobody knows the password any more"
    recover(owner)
    assert owner.try_login().status_code == 200


def test_what_scans_mail_takes_no_factor_off(target: Server, owner: Person) -> None:
    """A07: every link of the mail is opened many times, and shows a form."""
    enrol(owner)
    token = linked(target, owner.email, DISOWN)
    eventually(lambda: any(token in str(mail.get_body()) for mail in owner.mails()))
    for method in ("GET", "HEAD"):
        scan(target, owner.mails()[-1], token, method)
    half(owner)
