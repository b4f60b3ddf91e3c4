"""What each page is given, by an example: templates are tried with it, and it is how they are told.

What all of them are given besides is in ``sheet.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

EMAIL, OTHER_EMAIL = "alice@example.com", "alice@example.net"
TOKEN = "0ddba11-token"  # noqa: S105 - nobody's.
WHEN, KEY = "2026-03-14, 15:09 UTC", "ALRT DKAW XV2P TV7G WRC7 SG2J WZVG OEJS"
URI = "otpauth://totp/auth.example.com:alice%40example.com"
PASSKEY = {
    "public_id": "9f86d081884c7d65",
    "name": "Firefox on Linux",
    "since": WHEN,
    "used": WHEN,
    "backed_up": True,
}
ACT = {"act": "Log-in", "time": "2026-03-14, 15:09 UTC", "done": True, "origin": "192.0.2.1"}
SESSION = {
    "public_id": "9f86d081884c7d65",
    "device": "Firefox on Linux",
    "address": "192.0.2.1",
    "since": "2026-03-14, 15:09 UTC",
    "seen": "2026-03-14, 15:09 UTC",
    "current": True,
}
OTHER_SESSION = SESSION | {"public_id": "60303ae22b998861", "current": False}
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Vestibule", "version": "0.1.0"},
    "components": {"schemas": {}},
    "paths": {"/": {"get": {"summary": "The home page", "responses": {}}}},
}

EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "account.html": {"email": EMAIL, "left": 3, "few": 3, "bare": True, "password": True},
    "account_activity.html": {"acts": [ACT, ACT | {"done": False}], "older": 42},
    "account_delete.html": {"email": EMAIL},
    "account_email.html": {"now": EMAIL, "email": OTHER_EMAIL, "password": True},
    "account_export.html": {},
    "account_codes.html": {
        "codes": ["8M3K-0VQT-5XNA-R7GH-2D9W-PJ4E"],
        "next": "/account",
        "done": "factor_added",
    },
    "account_factors.html": {
        "otp": WHEN,
        "left": 3,
        "few": 3,
        "required": True,
        "ends": WHEN,
        "own": [PASSKEY],
        "password": True,
    },
    "account_otp.html": {"qr": "", "key": KEY, "uri": URI, "ticket": TOKEN, "next": ""},
    "account_otp_remove.html": {},
    "account_passkey.html": {"passkey": PASSKEY},
    "account_password_remove.html": {},
    "account_password.html": {"email": EMAIL, "fewest": 8, "password": True},
    "account_sessions.html": {"sessions": [SESSION, OTHER_SESSION]},
    "confirm.html": {"token": TOKEN, "password": True},
    "disown.html": {"token": TOKEN},
    "docs.html": {"document": DOCUMENT},
    "done.html": {"what": "verify", "more": "verify.more", "email": EMAIL},
    "error.html": {"code": "route_unknown", "again": "/login"},
    "home.html": {},
    "keep.html": {"token": TOKEN},
    "login.html": {"next": "/account", "email": EMAIL, "why": "first"},
    "login_enrol.html": {"next": "/account"},
    "login_factor.html": {
        "next": "/account",
        "way": "otp",
        "ways": ["otp", "recovery"],
        "passkey": True,
    },
    "proof.html": {"next": "/account", "email": EMAIL, "code": True, "own": True, "password": True},
    "register.html": {"next": "/account", "email": EMAIL, "fewest": 8},
    "reset.html": {"token": TOKEN, "fewest": 8},
    "reset_ask.html": {"email": EMAIL},
    "reset_done.html": {},
    "reset_over.html": {},
    "see_mail.html": {"email": EMAIL, "again": "/register"},
    "undo.html": {"token": TOKEN},
    "verify.html": {"token": TOKEN},
}
