"""Why a passkey was refused: leaves of the tree in ``errors``."""

from __future__ import annotations

from vestibule.auth.errors import Refusal, WrongFactor


class WrongPasskey(WrongFactor):
    """The passkey is nobody's, or another account's, or was used in a way that is none of ours."""

    code = "passkey_wrong"

    def __init__(self, why: str = "This passkey does not open this account; try again.") -> None:
        Refusal.__init__(self, why)


class CopiedPasskey(WrongPasskey):
    """The passkey has counted fewer uses than were seen: there are two of it."""

    code = "passkey_copied"

    def __init__(self) -> None:
        super().__init__(
            "This passkey was used more often than it says, so there may be a copy of it. "
            "Remove it, and add another one."
        )


class PasskeyRefused(Refusal):
    """What a browser made is no passkey for this service, or for other algorithms."""

    code = "passkey_refused"

    def __init__(self) -> None:
        super().__init__("This is no passkey that was made here; try again.")


class KnownPasskey(Refusal):
    """An account has the passkey that this one was to get."""

    code = "passkey_known"

    def __init__(self) -> None:
        super().__init__("An account has this passkey already.")


class PasskeysUnavailable(Refusal):
    """Browsers make and use passkeys for names alone, under https or on this machine."""

    code = "passkeys_unavailable"

    def __init__(self) -> None:
        super().__init__(
            "There are no passkeys at this address. They need a name and https, or "
            "http://localhost."
        )


class FactorsFull(Refusal):
    """The account has as many passkeys as an account may have."""

    code = "factors_full"

    def __init__(self) -> None:
        super().__init__("Your account has as many passkeys as it may have; remove one first.")


class PasskeyNeeded(Refusal):
    """Without this passkey, or this password, nothing would open the account."""

    code = "passkey_needed"

    def __init__(self) -> None:
        super().__init__("Your account needs a passkey, or a password; add another one first.")
