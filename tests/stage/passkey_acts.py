"""The same for passkeys, beside ``tests.stage.acts``."""

from __future__ import annotations

from tests.stage.acts import Told, stranger

# A passkey that nobody has, and a ticket that was never handed out.
SHOWN = {"ticket": "none", "credential": {}}
PASSKEYS_TOLD = {
    "POST /sessions/passkey": [
        Told(
            lambda c: stranger(c).post("/sessions/passkey", json=SHOWN),
            *("login.passkey", "challenge_over"),
            hers=False,
            session=False,
        ),
    ],
    "POST /factors/passkeys/challenge": [
        Told(lambda c: c.post("/factors/passkeys/challenge"), "passkey.offer", "accepted"),
    ],
    "POST /factors/passkeys": [
        Told(lambda c: c.post("/factors/passkeys", json=SHOWN), *("passkey.add", "challenge_over")),
    ],
    "PUT /factors/passkeys/{public_id}": [
        Told(
            lambda c: c.put("/factors/passkeys/0", data={"name": "x"}),
            *("passkey.rename", "factor_unknown"),
        ),
    ],
    "DELETE /factors/passkeys/{public_id}": [
        Told(lambda c: c.delete("/factors/passkeys/0"), *("passkey.remove", "factor_unknown")),
    ],
    "DELETE /profile/password": [
        Told(lambda c: c.delete("/profile/password"), *("password.remove", "passkey_needed")),
    ],
}
