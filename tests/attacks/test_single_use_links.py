"""A05-A07, A10: a link is for one thing, in its turn, and only while nothing else has changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from uuid import uuid4

import pytest

from tests.attacks.people import Person, browser, linked, links, mails_to, opens, scan
from tests.attacks.routes import Route, routes
from tests.attacks.test_second_factors import enrol
from tests.conftest import Serve
from tests.stage.databases import Databases
from tests.stage.profiles import UNLIMITED
from tests.stage.server import Server
from tests.stage.visits import NEW_PASSWORD, WRONG, eventually

RESET, VERIFY = "/reset_password", "/verify_email"
CHANGE, UNDO = "/profile/email/confirm", "/profile/email/undo"
DISOWN = "/factors/disown"


@pytest.fixture(scope="module")
def target(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Server]:
    """A server where addresses are verified before the first login."""
    folder = tmp_path_factory.mktemp("target")
    databases = Databases(request.config.getoption("--database"))
    settings = databases.settings(folder / "data")
    server = Server(folder, workers=2, require_verified="true", **UNLIMITED, **settings)
    yield server.start()
    server.stop()
    databases.drop()


@dataclass
class Owner:
    """Somebody with an account, verified, and a second address."""

    person: Person
    other: str = field(default_factory=lambda: f"{uuid4().hex[:12]}@example.net")

    def ask_change(self) -> str:
        """Ask for the second address; the token that came there."""
        before = len(links(self.person.server, self.other, CHANGE))
        form = {"email": self.other, "password": self.person.password}
        answer = self.person.browser.put("/profile/email", data=form)
        assert answer.status_code == 200, answer.text
        return linked(self.person.server, self.other, CHANGE, before + 1)

    def change_password(self) -> None:
        """Choose another password."""
        form = {"current_password": self.person.password, "new_password": NEW_PASSWORD}
        assert self.person.browser.put("/profile/password", data=form).status_code == 200
        self.person.password = NEW_PASSWORD

    def change_address(self) -> None:
        """Move to the second address."""
        form = {"token": self.ask_change(), "password": self.person.password}
        assert self.person.browser.post(CHANGE, data=form).status_code == 200

    def spend_reset(self) -> None:
        """Set a password by another link than the one that is looked at."""
        assert self.person.set_password(self.person.reset_token()).status_code == 200

    def log_out_everywhere(self) -> None:
        """End all sessions, which ends no link."""
        assert self.person.browser.delete("/sessions").status_code == 302

    def delete(self) -> None:
        """Leave."""
        assert self.person.browser.delete("/profile").status_code == 200


def verified(server: Server) -> Owner:
    """Somebody who came in by the link in the mail."""
    person = Person(server).register()
    form = {"token": linked(server, person.email, VERIFY), "password": person.password}
    assert person.browser.post(VERIFY, data=form).status_code == 200
    return Owner(person)


@pytest.fixture
def owner(target: Server) -> Owner:
    """Somebody who is logged in."""
    return verified(target)


def spend(server: Server, path: str, token: str, password: str) -> int:
    """The answer to who sends this token to the route behind the link of ``path``."""
    form = {"token": token, "password": password}
    with browser(server) as thief:
        if path == RESET:
            fields = {"email": "a@example.com", "reset_token": token, "new_password": NEW_PASSWORD}
            return thief.put(RESET, data=fields).status_code
        return thief.post(f"{path}/form", data=form).status_code


def taking_a_token(server: Server) -> list[tuple[Route, str]]:
    fields = ("token", "reset_token")
    return [(r, name) for r in routes(server) for name in fields if name in r.example]


@pytest.mark.parametrize(
    "change",
    [Owner.change_password, Owner.change_address, Owner.spend_reset, Owner.delete],
    ids=lambda change: change.__name__,
)
@pytest.mark.parametrize("path", [RESET, CHANGE])
def test_a_link_is_over_when_the_account_is_another(
    target: Server, owner: Owner, path: str, change: Callable[[Owner], None]
) -> None:
    """A05: what was sent before a new password or address, or the end, opens nothing after."""
    token = owner.person.reset_token() if path == RESET else owner.ask_change()
    password = owner.person.password
    change(owner)
    for tried in (password, NEW_PASSWORD):
        assert spend(target, path, token, tried) == 403


def test_a_token_opens_what_it_was_made_for_alone(target: Server, owner: Owner) -> None:
    """A06: each kind, at every route that takes a token, and at every page.

    But those for whom an operator takes factors away: see ``tests.service.test_disowning``.
    """
    newcomer, protected = Person(target).register(), verified(target).person
    enrol(protected)
    tokens = {
        VERIFY: linked(target, newcomer.email, VERIFY),
        CHANGE: owner.ask_change(),
        UNDO: linked(target, owner.person.email, UNDO),
        RESET: owner.person.reset_token(),
        DISOWN: linked(target, protected.email, DISOWN),
    }
    pages = [route for route in routes(target) if "token" in route.query]
    assert {route.path for route in pages} == {*tokens, "/factors/keep"}
    with browser(target) as thief:
        for purpose, token in tokens.items():
            for route, name in taking_a_token(target):
                if not route.path.startswith(purpose):
                    fields = {**route.example, name: token, "password": owner.person.password}
                    assert route.ask(thief, fields).status_code == 403, (purpose, route.label)
            for route in pages:
                answer = thief.get(route.path, params={"token": token})
                assert answer.status_code == (200 if route.path == purpose else 403)
            for wrong in (token[:35], token[:8], token + "0", token.replace("-", "")):
                assert spend(target, purpose, wrong, owner.person.password) == 403
            assert not opens(target, token)
    assert spend(target, VERIFY, tokens[VERIFY], newcomer.password) == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("path", [VERIFY, CHANGE, UNDO])
def test_opening_a_link_consumes_nothing(
    target: Server, owner: Owner, path: str, method: str
) -> None:
    """A07: every link of the mail, many times, by what scans mail; then its reader comes."""
    reader, address = owner.person, owner.person.email
    if path == VERIFY:
        reader = Person(target).register()
        address = reader.email
    else:
        owner.ask_change()
        address = owner.other if path == CHANGE else address
    token = linked(target, address, path)
    scan(target, mails_to(target, address)[-1], token, method)
    assert owner.person.browser.get("/profile").json() == {"email": owner.person.email}
    assert spend(target, path, token, reader.password) == 200


def test_a_scanner_leaves_the_way_back_open(target: Server, owner: Owner) -> None:
    """A07: the mail to the earlier address, after the change."""
    owner.change_address()
    earlier = owner.person.email
    token = linked(target, earlier, UNDO, 2)
    scan(target, mails_to(target, earlier)[-1], token)
    assert owner.person.browser.get("/profile").json() == {"email": owner.other}
    assert spend(target, UNDO, token, "") == 200


def test_nobody_logs_in_before_the_address_is_verified(target: Server) -> None:
    """A10: not with the right password, nor by any route that needs somebody."""
    person = Person(target).register()
    answer = person.try_login()
    assert answer.status_code == 401
    assert not answer.cookies
    # A login that is refused mails a fresh link, which replaces the one before.
    assert spend(target, VERIFY, linked(target, person.email, VERIFY, 2), WRONG) == 401
    assert person.try_login().status_code == 401
    assert spend(target, VERIFY, linked(target, person.email, VERIFY, 3), person.password) == 200
    assert person.try_login().status_code == 200


def test_an_address_changes_only_by_its_link_and_password(target: Server, owner: Owner) -> None:
    """A10: asked for is not done, a link without the password is not, and twice is once."""
    token = owner.ask_change()
    assert owner.person.browser.get("/profile").json() == {"email": owner.person.email}
    assert spend(target, CHANGE, token, WRONG) == 401
    assert spend(target, CHANGE, token, "") in (400, 401)
    assert owner.person.browser.get("/profile").json() == {"email": owner.person.email}
    assert spend(target, CHANGE, token, owner.person.password) == 200
    assert spend(target, CHANGE, token, owner.person.password) == 403
    assert owner.person.browser.get("/profile").json() == {"email": owner.other}


def test_undone_before_it_is_done_it_is_never_done(target: Server, owner: Owner) -> None:
    """A10: who undoes a change that is under way has ended it, and the thief's password."""
    token = owner.ask_change()
    assert spend(target, UNDO, linked(target, owner.person.email, UNDO), "") == 200
    assert spend(target, CHANGE, token, owner.person.password) == 403
    assert owner.person.try_login().status_code == 401
    new = linked(target, owner.person.email, RESET)
    assert owner.person.set_password(new).status_code == 200
    assert owner.person.try_login(NEW_PASSWORD).status_code == 200


def test_an_account_is_deleted_only_soon_after_a_login(server: Serve) -> None:
    """A10: a session that somebody left open does not end the account."""
    person = Person(server(recent_login="1s")).register()
    person.log_in()
    later = time.monotonic() + 1.1
    eventually(lambda: time.monotonic() > later)
    assert person.browser.delete("/profile").status_code == 403
    assert person.try_login().status_code == 200


def test_a_password_changes_only_with_the_one_before(target: Server, owner: Owner) -> None:
    """A10: a session alone changes neither password nor address."""
    session = str(owner.person.browser.cookies["session_id"])
    for wrong in (WRONG, "", " "):
        form = {"current_password": wrong, "new_password": NEW_PASSWORD}
        answer = owner.person.browser.put("/profile/password", data=form)
        assert answer.status_code in (400, 401)
        form = {"email": owner.other, "password": wrong}
        assert owner.person.browser.put("/profile/email", data=form).status_code in (400, 401)
    assert opens(target, session)
    assert owner.person.try_login().status_code == 200
