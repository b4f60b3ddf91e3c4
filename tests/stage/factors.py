"""An authenticator in a test's hand: it makes the codes that a telephone would."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

import pyotp
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.stage.secrecy import remember
from tests.stage.visits import ALICE, PASSWORD, try_login

STEP_SECONDS = 30


class Authenticator(NamedTuple):
    """A secret, the clock of the telephone that it is on, and what was written on paper."""

    secret: str
    clock: Callable[[], datetime]
    recovery_codes: list[str]

    def code(self, *, steps: int = 0) -> str:
        """The code that it shows; or that it shows so many steps later."""
        return code_of(self.secret, self.clock().timestamp() + steps * STEP_SECONDS)

    def wrong(self) -> str:
        """A code that it shows neither now nor soon."""
        near = {self.code(steps=steps) for steps in range(-3, 4)}
        return next(f"{number:06}" for number in range(10) if f"{number:06}" not in near)


def code_of(secret: str, moment: float) -> str:
    """The code of this secret at a moment, in seconds since 1970."""
    return str(pyotp.TOTP(secret).at(int(moment)))


def offer(client: FlaskClient) -> dict[str, Any]:
    """A secret that the account may get, which must work."""
    answer = client.post("/factors/otp")
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.get_json()
    remember(made["secret"])
    return made


def enrol(client: FlaskClient, clock: Callable[[], datetime]) -> Authenticator:
    """Add an authenticator to the account of who is logged in, which must work.

    Its code is used up by that: the next one counts.
    """
    made = offer(client)
    code = code_of(made["secret"], clock().timestamp())
    answer = client.put("/factors/otp", data={"ticket": made["ticket"], "code": code})
    assert answer.status_code == 200, answer.text
    codes = answer.get_json()["recovery_codes"] or []
    return Authenticator(made["secret"], clock, [remember(each) for each in codes])


def half_log_in(client: FlaskClient, email: str = ALICE, password: str = PASSWORD) -> str:
    """Log in as far as a password leads; the id, which the client holds as a cookie now."""
    answer = try_login(client, email, password)
    assert (answer.status_code, answer.get_json()["code"]) == (401, "factor_required")
    cookie = client.get_cookie("session_id")
    assert cookie is not None
    return str(cookie.value)


def send(client: FlaskClient, code: str, **more: Any) -> TestResponse:
    """Show a code for the login that is half done."""
    return client.post("/sessions/factor", data={"code": code}, **more)


def prove(client: FlaskClient, code: str = "", password: str = PASSWORD) -> TestResponse:
    """Show once more who it is."""
    return client.post("/sessions/proof", data={"password": password, "code": code})
