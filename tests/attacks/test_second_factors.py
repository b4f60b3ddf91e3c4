"""A10, A29 to A31: a password alone opens nothing, and codes are not guessed or replayed."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

import pytest

from tests.attacks.people import Person, browser, holding, opens
from tests.attacks.routes import routes
from tests.stage.factors import Authenticator, code_of
from tests.stage.secrecy import remember
from tests.stage.server import Server, Visitor

# Where a login that is half done is for: it may be begun anew, seen, finished, given up.
ITS_OWN = {
    *("POST /sessions", "GET /sessions/factor", "POST /sessions/factor", "DELETE /sessions"),
    *("GET /login/factor", "POST /login/factor"),
}
AT_ONCE = 20


def now() -> datetime:
    return datetime.now(UTC)


def enrol(person: Person) -> Authenticator:
    """Add an authenticator to somebody's account, which must work."""
    person.log_in()
    made = person.browser.post("/factors/otp").json()
    form = {"ticket": made["ticket"], "code": code_of(remember(made["secret"]), time.time())}
    answer = person.browser.put("/factors/otp", data=form)
    assert answer.status_code == 200, answer.text
    codes = [remember(code) for code in answer.json()["recovery_codes"]]
    return Authenticator(made["secret"], now, codes)


def half(person: Person) -> str:
    """The id of a login that owes a factor, begun with the password from another place."""
    with browser(person.server) as thief:
        answer = thief.post("/sessions", data=person.credentials())
    assert (answer.status_code, answer.json()["code"]) == (401, "factor_required")
    return str(answer.cookies["session_id"])


def send(server: Server, login_id: str, code: str) -> int:
    """What a code is answered, for this login and from another place."""
    with holding(server, login_id) as thief:
        return thief.post("/sessions/factor", data={"code": code}).status_code


def at_once(calls: list[Callable[[], int]]) -> list[int]:
    """What all of them return, asked at the same moment."""
    with ThreadPoolExecutor(len(calls)) as threads:
        return [future.result() for future in [threads.submit(call) for call in calls]]


@pytest.fixture
def phone(victim: Person) -> Authenticator:
    """The authenticator of the victim."""
    return enrol(victim)


def test_half_a_login_opens_no_route(target: Server, victim: Person, phone: Authenticator) -> None:
    """A10: as cookie and as bearer, at both processes, on the way before Flask as well."""
    login_id = half(victim)
    assert not opens(target, login_id)
    bearer = {"Authorization": f"Bearer {login_id}"}
    asked = [route for route in routes(target) if route.signed_in and route.label not in ITS_OWN]
    assert len(asked) > 12
    for route in asked:
        visits: list[tuple[Visitor, dict[str, str]]] = [(holding(target, login_id), {})]
        visits.append((browser(target), bearer))
        for visitor, headers in visits:
            with visitor:
                answer = route.ask(visitor, headers=headers)
            assert answer.status_code in (401, 403), route.label
            assert not answer.cookies, route.label
            assert victim.email not in answer.text
    assert send(target, login_id, phone.recovery_codes[0]) == 200, "it was there all the time"


def test_steps_are_neither_skipped_nor_done_in_another_order(
    target: Server, victim: Person, phone: Authenticator
) -> None:
    """A10: a code without a password, with another's session, for a session that is open."""
    code = phone.recovery_codes[1]
    session = str(victim.browser.cookies["session_id"])
    for given in (None, "00000000-0000-0000-0000-000000000000", session):
        with holding(target, given) as thief:
            assert thief.post("/sessions/factor", data={"code": code}).status_code == 403
    login_id = half(victim)
    with holding(target, login_id) as thief:
        proof = {"password": victim.password, "code": code}
        assert thief.post("/sessions/proof", data=proof).status_code == 403
        assert thief.post("/factors/otp").status_code == 403
        assert thief.delete("/factors/otp").status_code == 403
    assert send(target, login_id, code) == 200


def test_ten_guesses_in_all_whatever_they_come_by(
    target: Server, victim: Person, phone: Authenticator
) -> None:
    """A29: fresh logins, fresh addresses, two processes, all at the same moment."""
    wrong = phone.wrong()
    logins = [half(victim) for _ in range(AT_ONCE)]
    found = at_once([partial(send, target, each, wrong) for each in logins])
    assert sorted(found) == [401] * 10 + [429] * (AT_ONCE - 10)
    assert send(target, half(victim), phone.code(steps=1)) == 429
    assert send(target, half(victim), phone.recovery_codes[2]) == 200, "the owner still enters"


def test_a_code_opens_one_session(target: Server, victim: Person, phone: Authenticator) -> None:
    """A30: read over a shoulder and sent at the same moment; sent again later."""
    logins, code = [half(victim) for _ in range(8)], phone.code(steps=1)
    found = at_once([partial(send, target, each, code) for each in logins])
    assert found.count(200) == 1
    assert set(found) == {200, 401}
    assert send(target, half(victim), code) == 401


def test_a_login_opens_one_session(target: Server, victim: Person, phone: Authenticator) -> None:
    """A30: one login, two good codes at once."""
    login_id, codes = half(victim), phone.recovery_codes[:5]
    found = at_once([partial(send, target, login_id, code) for code in codes])
    assert sorted(found) == [200, *[403] * 4]


def test_a_recovery_code_opens_one_session(
    target: Server, victim: Person, phone: Authenticator
) -> None:
    """A31: in many logins at the same moment, and again later."""
    logins, code = [half(victim) for _ in range(AT_ONCE)], phone.recovery_codes[3]
    found = at_once([partial(send, target, each, code) for each in logins])
    assert sorted(found) == [200] + [401] * (AT_ONCE - 1)
    assert send(target, half(victim), code) == 401
