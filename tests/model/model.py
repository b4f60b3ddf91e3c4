"""What the service should do, in plain objects: who exists, what is open, what a token is for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

IDLE, LIFETIME = timedelta(days=7), timedelta(days=30)
TOUCH_EVERY = timedelta(minutes=1)
RECENT_LOGIN = timedelta(minutes=10)
RESET, CHANGE, UNDO, VERIFY = "reset", "change", "undo", "verify"
HOUR = timedelta(hours=1)
LIFETIMES = {RESET: timedelta(minutes=30), CHANGE: HOUR, UNDO: HOUR, VERIFY: HOUR}
# How long an account waits for somebody to verify its address.
KEPT = timedelta(days=7)
# Failures in a row that shut an account to strange devices; fewer than the service's own, so that
# a walk gets there.
MOST_FAILURES = 5
MOST_REMINDERS = 5
# Of a login that owes a factor; and how long the mail about a first factor takes it off again.
HALF, MOST_WRONG, DISOWNED = timedelta(minutes=10), 5, timedelta(days=3)


@dataclass
class Factor:
    """An authenticator: its secret, the step that was used last, and what is on paper."""

    secret: str
    step: int
    codes: list[str]
    used: list[str] = field(default_factory=list)


@dataclass(eq=False)
class Account:
    """An address and its password; ``None`` is nobody's."""

    email: str
    password: str | None
    # Until somebody verifies the address.
    waits_until: datetime | None = None
    disabled: bool = False
    # Whether somebody showed to read the mail of the address.
    verified: bool = False
    factor: Factor | None = None
    # The address that its first factor was told to, and until when that leads back.
    disown: tuple[str, datetime] | None = None

    def disowned(self, now: datetime) -> str | None:
        """The address, as long as it leads back."""
        return self.disown[0] if self.disown and now < self.disown[1] else None

    @property
    def pending(self) -> bool:
        """Whether the address may still go to who verifies it first."""
        return self.waits_until is not None and not self.disabled

    def opens(self, password: str) -> bool:
        """Whether this is the password of an account that is not shut."""
        return not self.disabled and self.password == password


@dataclass
class Session:
    """An id that was handed out, and why it may be over."""

    owner: Account
    public_id: str
    created_at: datetime
    last_seen_at: datetime
    proved_at: datetime
    ended: bool = False

    def open(self, now: datetime) -> bool:
        """Whether it should be accepted."""
        idle, old = now - self.last_seen_at >= IDLE, now - self.created_at >= LIFETIME
        return not (self.ended or idle or old)

    def recent(self, now: datetime) -> bool:
        """Whether it may do what needs a recent login."""
        return self.open(now) and now - self.proved_at < RECENT_LOGIN

    def renewed(self, public_id: str, proved_at: datetime | None = None) -> Session:
        """The same by another id; and when it was proved, if it was."""
        self.ended, proved_at = True, proved_at or self.proved_at
        return Session(self.owner, public_id, self.created_at, self.last_seen_at, proved_at)

    def see(self, now: datetime) -> None:
        """It was used: noted once a minute at most."""
        if now - self.last_seen_at >= TOUCH_EVERY:
            self.last_seen_at = now


@dataclass
class Half:
    """The id of a login that owes a factor."""

    owner: Account
    began_at: datetime
    wrong: int = 0
    over: bool = False

    def good(self, now: datetime) -> bool:
        """Whether it may still be finished."""
        return not self.over and self.wrong < MOST_WRONG and now - self.began_at < HALF


@dataclass
class Token:
    """A token that arrived by mail, and the address that it is about."""

    owner: Account
    purpose: str
    address: str
    expires_at: datetime
    over: bool = False

    def good(self, now: datetime) -> bool:
        """Whether it should be accepted."""
        return not self.over and now < self.expires_at

    @property
    def leads_back(self) -> bool:
        """Whether it is the way back to an earlier address."""
        return self.purpose == UNDO and self.address != self.owner.email


@dataclass
class Window:
    """What was counted since the first, until it begins anew."""

    most: int
    length: timedelta
    many: int = 0
    ends: datetime | None = None

    def full(self, now: datetime) -> bool:
        """Whether there was too much."""
        return self.ends is not None and now < self.ends and self.many >= self.most

    def count(self, now: datetime, many: int = 1) -> None:
        """So many more; none opens it all the same."""
        if self.ends is None or self.ends <= now:
            self.many, self.ends = 0, now + self.length
        self.many += many


@dataclass
class Counts:
    """What is counted of an address, whether or not it is anybody's."""

    _failures: dict[str, Window] = field(default_factory=dict)
    _reminders: dict[str, Window] = field(default_factory=dict)

    def failures(self, email: str) -> Window:
        """Logins of strange devices that failed in a row."""
        return self._failures.setdefault(email, Window(MOST_FAILURES, timedelta(days=365)))

    def reminders(self, email: str) -> Window:
        """Fresh links for who logged in before the address was verified."""
        return self._reminders.setdefault(email, Window(MOST_REMINDERS, timedelta(minutes=15)))

    def forgive(self, email: str) -> None:
        """Count failures in a row anew."""
        self._failures.pop(email, None)


@dataclass
class Model:
    """All that was acknowledged."""

    # Whether addresses are verified before the first login.
    verifying: bool = False
    accounts: list[Account] = field(default_factory=list)
    sessions: dict[str, Session] = field(default_factory=dict)
    halves: dict[str, Half] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)

    def account(self, email: str) -> Account | None:
        """Whose address this is now."""
        return next((each for each in self.accounts if each.email == email), None)

    def leads_back(self, email: str, now: datetime) -> bool:
        """Whether somebody may still go back to this address."""
        tokens = self.tokens.values()
        return any(each.disowned(now) == email for each in self.accounts) or any(
            (token.purpose, token.address) == (UNDO, email) and token.good(now) for token in tokens
        )

    def taken(self, email: str, now: datetime) -> bool:
        """Whether no account may move there: somebody has shown to read its mail."""
        holder = self.account(email)
        return not holder.pending if holder else self.leads_back(email, now)

    def undo_open(self, owner: Account, now: datetime) -> bool:
        """Whether the owner's last change of address can still be undone."""
        tokens = self.tokens.values()
        return any(
            token.owner is owner and token.leads_back and token.good(now) for token in tokens
        )

    def opened(self, session_id: str, public_id: str, owner: Account, now: datetime) -> None:
        """Note a login."""
        self.sessions[session_id] = Session(owner, public_id, now, now, now)

    def mailed(self, secret: str, owner: Account, purpose: str, about: str, now: datetime) -> None:
        """Note a token, which replaces the one before."""
        self.end_tokens(owner, purpose)
        self.tokens[secret] = Token(owner, purpose, about, now + LIFETIMES[purpose])

    def end_sessions(self, owner: Account, *, but: str | None = None) -> None:
        """All of the owner's sessions are over, save one; and all logins under way."""
        for half in self.halves.values():
            half.over |= half.owner is owner
        for session_id, session in self.sessions.items():
            if session.owner is owner and session_id != but:
                session.ended = True

    def end_tokens(self, owner: Account, purpose: str | None = None) -> None:
        """The owner's tokens are over: all, or those for one purpose."""
        for token in self.tokens.values():
            if token.owner is owner and purpose in (None, token.purpose):
                token.over = True

    def void(self, owner: Account) -> None:
        """Sessions and tokens are over, but for the way back to an earlier address."""
        self.end_sessions(owner)
        for token in self.tokens.values():
            if token.owner is owner and not token.leads_back:
                token.over = True

    def moved(self, owner: Account, email: str) -> None:
        """Note the address, whose mail the owner reads; whoever only waited for it is gone."""
        other = self.account(email)
        if other is not None and other is not owner:
            self.gone(other)
        owner.email, owner.waits_until, owner.verified = email, None, True

    def gone(self, account: Account) -> None:
        """Nothing of the account is left."""
        self.accounts.remove(account)
        self.end_sessions(account)
        self.end_tokens(account)

    def swept(self, now: datetime) -> None:
        """The accounts whose address nobody verified in time are gone."""
        for each in list(self.accounts):
            if each.pending and each.waits_until is not None and each.waits_until <= now:
                self.gone(each)
