"""What is limited, for whom, and how much: the rules. ``docs/limits.md`` gives the reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

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
from vestibule.auth.letters import FACTOR_FAILED, LOCKED
from vestibule.auth.outbox import Outbox
from vestibule.auth.rate_limits import Budget, Limit, RateLimits, Spent
from vestibule.auth.tokens import RESET
from vestibule.auth.wide_limits import HOUR, Wide
from vestibule.config import Settings
from vestibule.db import Transaction
from vestibule.user import User

QUARTER, YEAR = timedelta(minutes=15), timedelta(days=365)
# NIST 800-63B-4 section 3.2.2: at most 100 failures in a row.
CONSECUTIVE = 100
MAILS = 5


@dataclass(frozen=True)
class Attempts:
    """Whatever visitors may not try as often as they like."""

    _rate_limits: RateLimits
    _known_devices: KnownDevices
    _outbox: Outbox
    _failures: int
    _account: Limit
    _factor: Limit
    _factor_account: Limit
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
            _factor=Limit("factor", each.factor_failures, QUARTER),
            _factor_account=Limit(
                "factor.account", each.factor_failures_per_account, YEAR, durable=True
            ),
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
    def factor(
        self,
        shown: str,
        user: User,
        device: Device | None,
        *,
        short: bool = False,
        end: Callable[[], None] = lambda: None,
    ) -> Iterator[Spent]:
        """Around a code or passkey that is shown besides the password: it counts like ``proof``.

        The account has as many guesses as there are, however many logins are begun. Known devices
        have their own: who knows the password must not shut the owner out.

        :param shown: the digest of the session or login that it is shown for.
        :param short: whether it can be guessed. A recovery code cannot, and still opens an account
            whose guesses are used up; nor can a passkey.
        :param end: what is done after the last wrong one of a session or login, of whatever kind.
        :raises TooManyAttempts: there were too many failures.
        """
        known = self._known(user.email_key, device)
        who = (known or user.pseudonym,)
        of_account = [Budget(self._factor, who), Budget(self._factor_account, who)] if short else []
        wide = [] if known else self._logins.budgets(device)
        spent = Spent()
        try:
            with self._failing([_of_shown(shown), *of_account, *wide]) as spent:
                yield spent
        except BadCredentials:
            if _of_shown(shown).key in spent.last:
                end()
                self._tell(FACTOR_FAILED, user.email, Budget(FACTOR_TOLD, (user.pseudonym,)))
            raise

    @contextmanager
    def passkey(self, device: Device | None) -> Iterator[Spent]:
        """Around a passkey that is shown alone: it counts if it ends with ``BadCredentials``.

        Nobody guesses one, but to look at each costs work: it counts by place, as logins do.

        :raises TooManyAttempts: there were too many failures.
        """
        with self._failing(self._logins.budgets(device)) as spent:
            yield spent

    def forgive_factor(self, tx: Transaction, user: User) -> None:
        """Count wrong codes in a row anew, within ``tx``: whoever has the factor was here.

        A reset by mail does not: its reader could guess on and on.
        """
        self._rate_limits.forget(tx, [Budget(self._factor_account, (user.pseudonym,))])

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

    @contextmanager
    def mailing(self, purpose: str, key: str) -> Iterator[None]:
        """Around what mails its owner: it counts if it is done, and not if it is refused.

        :param key: what all spellings of the owner's address have in common.
        :raises TooManyAttempts: there were too many for it.
        """
        spent = self._rate_limits.spend([_mails_to(purpose, key)])
        try:
            yield
        except BaseException:
            self._give_back(spent)
            raise

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
        self._tell(LOCKED, email, Budget(TOLD, this_time))

    def _tell(self, template: str, email: str, often: Budget) -> None:
        # What was tried is refused, whatever comes of this: it is not tried again for its sake.
        with suppress(BadAddress, TooManyAttempts, StorageUnavailable):
            require_well_formed(email)
            until_settled(lambda: self._rate_limits.spend([often]))
            until_settled(lambda: self._outbox.queue(template, email))

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
FACTOR_TOLD = Limit("factor.told", 1, HOUR)
# Of one login that is half done, in its whole life, which is shorter; or of one session.
FACTOR_OF_ONE = Limit("factor.shown", 5, QUARTER, durable=True)
PROOFS_IN_A_ROW = Limit("proof.in_a_row", CONSECUTIVE, YEAR, durable=True)
DEVICE_IN_A_ROW = Limit("device.in_a_row", CONSECUTIVE, YEAR, durable=True)


def _of_shown(shown: str) -> Budget:
    return Budget(FACTOR_OF_ONE, (shown,))


def _mails_to(purpose: str, key: str) -> Budget:
    return Budget(Limit("mail", MAILS), (purpose, key))
