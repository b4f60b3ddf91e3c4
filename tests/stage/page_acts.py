"""The same for what the pages of people send, beside ``tests.stage.acts``."""

from __future__ import annotations

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.stage.acts import TOLD, Told, follow, stranger
from tests.stage.passkey_acts import PASSKEYS_TOLD
from tests.stage.visits import ALICE, BOB, NEW_PASSWORD, PASSWORD, WRONG


def sent(client: FlaskClient, path: str, **form: str) -> TestResponse:
    """What a page answers to its form."""
    return client.post(path, data=form)


PAGES_TOLD = {
    **{
        f"POST /factors/{what}{form}": [
            Told(
                follow(f"/factors/{what}{form}"),
                *(f"factor.{what}", "token_invalid"),
                hers=False,
                session=False,
            ),
        ]
        for what in ("disown", "keep")
        for form in ("", "/form")
    },
    "POST /register": [
        Told(
            lambda c: sent(stranger(c), "/register", email=BOB, password=PASSWORD),
            *("login", "accepted"),
            hers=False,
            also=("register",),
        ),
        Told(
            lambda c: sent(c, "/register", email=ALICE, password=PASSWORD),
            *("register", "email_taken"),
            session=False,
        ),
    ],
    "POST /login": [
        Told(lambda c: sent(c, "/login", email=ALICE, password=PASSWORD), "login", "accepted"),
        Told(
            lambda c: sent(c, "/login", email=ALICE, password=WRONG),
            *("login", "credentials_wrong"),
            session=False,
        ),
    ],
    "POST /login/factor": [
        Told(
            lambda c: sent(stranger(c), "/login/factor", code="123456"),
            *("login.factor", "login_over"),
            hers=False,
            session=False,
        ),
    ],
    "POST /account/confirm": [
        Told(lambda c: sent(c, "/account/confirm", password=PASSWORD), "session.prove", "accepted"),
        Told(
            lambda c: sent(c, "/account/confirm", password=WRONG),
            "session.prove",
            "credentials_wrong",
        ),
    ],
    "POST /login/passkey": [
        Told(
            lambda c: sent(stranger(c), "/login/passkey", ticket="none"),
            *("login.passkey", "challenge_over"),
            hers=False,
            session=False,
        ),
    ],
    "POST /account/factors/passkeys": [
        Told(
            lambda c: sent(c, "/account/factors/passkeys", ticket="none"),
            *("passkey.add", "challenge_over"),
        ),
    ],
    "POST /account/factors/passkeys/{public_id}/name": [
        Told(
            lambda c: sent(c, "/account/factors/passkeys/0/name", name="x"),
            *("passkey.rename", "factor_unknown"),
        ),
    ],
    "POST /account/factors/passkeys/{public_id}/remove": [
        Told(
            lambda c: sent(c, "/account/factors/passkeys/0/remove"),
            *("passkey.remove", "factor_unknown"),
        ),
    ],
    "POST /account/factors/password": [
        Told(
            lambda c: sent(c, "/account/factors/password"),
            *("password.remove", "passkey_needed"),
        ),
    ],
    "POST /account/factors/otp": [
        Told(lambda c: sent(c, "/account/factors/otp"), "factor.offer", "accepted"),
    ],
    "POST /account/factors/otp/confirm": [
        Told(
            lambda c: sent(c, "/account/factors/otp/confirm", ticket="none", code="123456"),
            *("factor.add", "challenge_over"),
        ),
    ],
    "POST /account/factors/otp/remove": [
        Told(lambda c: sent(c, "/account/factors/otp/remove"), "factor.remove", "factor_unknown"),
    ],
    "POST /account/factors/recovery_codes": [
        Told(
            lambda c: sent(c, "/account/factors/recovery_codes"),
            *("factor.recovery_codes", "factor_unknown"),
        ),
    ],
    "POST /logout": [
        Told(lambda c: sent(c, "/logout"), "logout", "accepted"),
        Told(
            lambda c: sent(stranger(c), "/logout"),
            *("logout", "session_none"),
            hers=False,
            session=False,
        ),
    ],
    "POST /account/password": [
        Told(
            lambda c: sent(
                c, "/account/password", current_password=PASSWORD, new_password=NEW_PASSWORD
            ),
            *("password.change", "accepted"),
        ),
        Told(
            lambda c: sent(
                c, "/account/password", current_password=WRONG, new_password=NEW_PASSWORD
            ),
            *("password.change", "credentials_wrong"),
        ),
    ],
    "POST /account/email": [
        Told(
            lambda c: sent(c, "/account/email", email=BOB, password=PASSWORD),
            *("email.request", "accepted"),
        ),
        Told(
            lambda c: sent(c, "/account/email", email=BOB, password=WRONG),
            *("email.request", "credentials_wrong"),
        ),
    ],
    "POST /account/sessions/end": [
        Told(
            lambda c: sent(c, "/account/sessions/end", id="others"),
            *("session.close_others", "accepted"),
        ),
        Told(
            lambda c: sent(c, "/account/sessions/end", id="0"),
            *("session.close", "session_unknown"),
        ),
    ],
    "POST /account/export": [
        Told(lambda c: sent(c, "/account/export"), "account.export", "accepted"),
    ],
    "POST /account/delete": [
        Told(lambda c: sent(c, "/account/delete", sure="yes"), "account.delete", "accepted"),
    ],
}
ALL_TOLD = TOLD | PASSKEYS_TOLD | PAGES_TOLD
