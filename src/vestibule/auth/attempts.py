"""What is limited, for whom, and how much: the rules. ``docs/limits.md`` gives the reasons."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Network

from vestibule.auth.addresses import MAX_LENGTH, require_well_formed
from vestibule.auth.conflicts import until_settled
from vestibule.auth.devices import Device
from vestibule.auth.errors import (
    BadAddress,
    BadCredentials,
    Conflict,
    EmailTaken,
    StorageUnavailable,
    TooManyAttempts,
)
from vestibule.auth.known_devices import KnownDevices
from vestibule.auth.letters import LOCKED
from vestibule.auth.outbox import Outbox
from vestibule.auth.rate_limits import Budget, Limit, RateLimits, Spent
from vestibule.auth.tokens import RESET
from vestibule.config import Settings
from vestibule.db import Transaction

QUARTER, HOUR, YEAR = timedelta(minutes=15), timedelta(hours=1), timedelta(days=365)
# NIST 800-63B-4 section 3.2.2: at most 100 failures in a row.
CONSECUTIVE = 100
# A provider gives one customer a /56 or a /48 of IPv6, or gives 65,536 customers a /64 each out
# of a /48: that has the budget of so many origins.
NETWORK_BITS, NETWORK_ORIGINS = 48, 10
MAILS = 5


@dataclass(frozen=True)
class Wide:
    """The limits of what one origin does, the network around it, and everybody together."""

    origin: Limit
    network: Limit
    everybody: Limit

    @classmethod
    def of(cls, name: str, per_origin: int, window: timedelta, per_hour: int) -> Wide:
        """Limits by these names and amounts; 0 is none."""
        return cls(
            Limit(f"{name}.origin", per_origin, window),
            Limit(f"{name}.network", NETWORK_ORIGINS * per_origin, window),
            Limit(f"{name}.everybody", per_hour, HOUR),
        )

    def budgets(self, device: Device | None) -> list[Budget]:
        """Those that a visitor uses; none, if it is no visitor who asks."""
        if device is None:
            return []
        found = [Budget(self.origin, (device.origin,)), Budget(self.everybody, ())]
        if ":" in device.origin:
            network = IPv6Network(device.origin).supernet(new_prefix=NETWORK_BITS)
            found.append(Budget(self.network, (str(network),)))
        return found


@dataclass(frozen=True)
class Attempts:
    """Whatever visitors may not try as often as they like."""

    _rate_limits: RateLimits
    _known_devices: KnownDevices
    _outbox: Outbox
    _failures: int
    _account: Limit
    _logins: Wide
    _registrations: Wide
    _mails: Wide

    @classmethod
    def of(
        cls, settings: Settings, rate_limits: RateLimits, devices: KnownDevices, outbox: Outbox
    ) -> Attempts:
        """The rules with the numbers of ``settings``."""
        each = settings
        return cls(
            _rate_limits=rate_limits,
            _known_devices=devices,
            _outbox=outbox,
            _failures=each.login_failures,
            _account=Limit("login.account", each.login_failures_per_account, YEAR, durable=True),
            _logins=Wide.of(
                "login", each.login_failures_per_origin, QUARTER, each.login_failures_per_hour
            ),
            _registrations=Wide.of(
                "register", each.registrations_per_origin, HOUR, each.registrations_per_hour
            ),
            _mails=Wide.of("mail", each.mails_per_origin, HOUR, each.mails_per_hour),
        )

    @contextmanager
    def login(self, email: str, key: str, device: Device | None) -> Iterator[Spent]:
        """Around a login: it counts if it ends with ``BadCredentials``.

        :param key: what all spellings of the address have in common.
        :raises TooManyAttempts: there were too many failures.
        """
        known = self._known(key, device)
        budgets = self._of_device(known) if known else self._of_stranger(key, device)
        try:
            with self._failing(budgets) as spent:
                yield spent
        except BadCredentials:
            self._tell_owner(key if len(key) <= MAX_LENGTH else email, key, spent)
            raise

    @contextmanager
    def proof(self, shown: str, device: Device | None) -> Iterator[Spent]:
        """Around a password that confirms something: it counts if it ends with ``BadCredentials``.

        Not by account: a thief with a copied session would use up what the owner has, too.

        :param shown: the digest of what was shown besides: a session id, or a link's token. Guesses
            get nobody another one.
        :raises TooManyAttempts: there were too many failures.
        """
        who = (shown,)
        own = [Budget(Limit("proof", self._failures), who), Budget(PROOFS_IN_A_ROW, who)]
        with self._failing([*own, *self._logins.budgets(device)]) as spent:
            yield spent

    @contextmanager
    def registration(
        self, key: str, device: Device | None, *, mails: bool = False
    ) -> Iterator[None]:
        """Around a registration: it counts if it makes an account, or tells that there is one.

        :param mails: whether the owner of a known address gets a mail.
        :raises TooManyAttempts: there were too many.
        """
        budgets = self._registrations.budgets(device)
        if mails:
            budgets.append(_mails_to("register", key))
        spent = self._rate_limits.spend(budgets)
        try:
            yield
        except EmailTaken:
            raise
        except BaseException:
            self._give_back(spent)
            raise

    def reset(self, key: str, device: Device | None) -> None:
        """Count a link for a forgotten password that somebody asks for.

        Strangers who ask in the owner's name use up what strangers have: a known device has its
        own. Not so of its place and of everybody: whoever has an account makes known devices.

        :param key: what all spellings of the address have in common.
        :raises TooManyAttempts: there were too many for it, or from there.
        """
        self.mail(RESET, device, self._known(key, device) or key)

    def mail(self, purpose: str, device: Device | None, *keys: str) -> None:
        """Count a mail that somebody asks for, for each of the people that it concerns.

        :raises TooManyAttempts: there were too many for one of them, or from there.
        """
        budgets = [_mails_to(purpose, key) for key in keys]
        self._rate_limits.spend([*budgets, *self._mails.budgets(device)])

    def forgive(self, tx: Transaction, key: str) -> None:
        """Count failures in a row anew, within ``tx``: the account has a new password.

        Those of sessions and links stay with them, which a new password ends.
        """
        self._rate_limits.forget(tx, [Budget(self._account, (key,))])

    def succeeded(self, tx: Transaction, spent: Spent) -> None:
        """Give back, within ``tx``, what an attempt took that was no failure."""
        self._rate_limits.give_back(spent, tx)

    @contextmanager
    def _failing(self, budgets: list[Budget]) -> Iterator[Spent]:
        spent = self._rate_limits.spend(budgets)
        try:
            yield spent
        except BadCredentials:
            raise
        except BaseException as error:
            # Not known to be wrong, but never tried to the end: storage failed, for example. What
            # was given back is given back again only where that has surely come to nothing.
            if not spent.given_back or isinstance(error, Conflict):
                self._give_back(spent)
            raise
        if not spent.given_back:
            self._give_back(spent)

    def _tell_owner(self, email: str, key: str, spent: Spent) -> None:
        """Mail the owner that strangers are shut out, if this failure did it; once each time.

        Whether there is an owner is looked up when the mail is sent: here it takes as long for
        every address.

        :param email: not as it was typed, if that can be helped: what is the same address in odd
            characters may be none that mail goes to.
        """
        account = Budget(self._account, (key,))
        if account.key not in spent.last:
            return
        # A right password that comes between may give one back, and another failure take it.
        this_time = (*account.who, spent.stored[account.key].isoformat())
        # The login is refused, whatever comes of this: it must not be tried again for its sake.
        with suppress(BadAddress, TooManyAttempts, StorageUnavailable):
            require_well_formed(email)
            until_settled(lambda: self._rate_limits.spend([Budget(TOLD, this_time)]))
            until_settled(lambda: self._outbox.queue(LOCKED, email))

    def _give_back(self, spent: Spent) -> None:
        # What cannot be given back stays taken until its window ends: closed, not open.
        with suppress(StorageUnavailable):
            self._rate_limits.give_back(spent)

    def _known(self, key: str, device: Device | None) -> str | None:
        return self._known_devices.recognise(key, device.cookie) if device else None

    def _of_device(self, number: str) -> list[Budget]:
        who = (number,)
        return [Budget(Limit("device", self._failures), who), Budget(DEVICE_IN_A_ROW, who)]

    def _of_stranger(self, key: str, device: Device | None) -> list[Budget]:
        here = device.origin if device else ""
        return [
            Budget(Limit("login", self._failures), (key, here)),
            Budget(self._account, (key,)),
            *self._logins.budgets(device),
        ]


TOLD = Limit("login.told", 1, YEAR, durable=True)
PROOFS_IN_A_ROW = Limit("proof.in_a_row", CONSECUTIVE, YEAR, durable=True)
DEVICE_IN_A_ROW = Limit("device.in_a_row", CONSECUTIVE, YEAR, durable=True)


def _mails_to(purpose: str, key: str) -> Budget:
    return Budget(Limit("mail", MAILS), (purpose, key))
