"""Authenticators of the browser's own making (CDP), and the codes of a telephone."""

from __future__ import annotations

import re
import time
from typing import Any

from playwright.sync_api import CDPSession, Page

from tests.stage.factors import STEP_SECONDS, code_of
from tests.stage.secrecy import remember
from tests.stage.visits import eventually

INTERNAL = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


# In seconds; on a busy machine, too.
TO_SEND = 12


class Authenticator:
    """A device that keeps passkeys, and knows its user, who touches it whenever it asks.

    :param at_once: whether the browser's offer of a passkey is taken up by itself.
    """

    def __init__(self, page: Page, *, at_once: bool = True, **options: Any) -> None:
        self._cdp: CDPSession = page.context.new_cdp_session(page)
        self._cdp.send("WebAuthn.enable")
        made = self._cdp.send(
            "WebAuthn.addVirtualAuthenticator",
            {"options": INTERNAL | {"automaticPresenceSimulation": at_once} | options},
        )
        self._id = made["authenticatorId"]

    @property
    def passkeys(self) -> list[dict[str, Any]]:
        """What it keeps."""
        answer = self._cdp.send("WebAuthn.getCredentials", {"authenticatorId": self._id})
        return list(answer["credentials"])

    def carry(self, passkeys: list[dict[str, Any]]) -> None:
        """Take passkeys over from another device, as password managers do."""
        for each in passkeys:
            given = {"authenticatorId": self._id, "credential": each}
            self._cdp.send("WebAuthn.addCredential", given)

    def gone(self) -> None:
        """It is taken from the browser."""
        self._cdp.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self._id})

    def answers(self, *, touched: bool = True, knows: bool = True) -> None:
        """Whether somebody touches it from now on, and whether it knows them."""
        on = {"authenticatorId": self._id}
        self._cdp.send("WebAuthn.setUserVerified", on | {"isUserVerified": knows})
        self._cdp.send("WebAuthn.setAutomaticPresenceSimulation", on | {"enabled": touched})


class Telephone:
    """An app that makes one-time codes, each of which is shown once."""

    def __init__(self, page: Page) -> None:
        key = page.locator("pre.key").inner_text()
        self.secret = remember(re.sub(r"\s", "", key))
        self._last = 0

    def code(self) -> str:
        """A code that was not used yet: that of now, or the next one, which counts already."""
        self._last = max(self._last + 1, _step())
        eventually(lambda: _step() >= self._last - 1, STEP_SECONDS + 5)
        return remember(code_of(self.secret, self._last * STEP_SECONDS))

    def code_when_off(self, steps: int) -> str:
        """What it shows when its clock is so many steps ahead, or behind: the code of another step.

        There are seconds left to send it before the step is over, and the clock off by another one.
        """
        eventually(lambda: time.time() % STEP_SECONDS < STEP_SECONDS - TO_SEND, TO_SEND + 5)
        return remember(code_of(self.secret, (_step() + steps) * STEP_SECONDS))


def _step() -> int:
    return int(time.time()) // STEP_SECONDS
