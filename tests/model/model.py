"""What the service should do, in plain objects: who exists, what is open, what a token is for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

IDLE, LIFETIME = timedelta(days=7), timedelta(days=30)
TOUCH_EVERY = timedelta(minutes=1)
RECENT_LOGIN = timedelta(minutes=15)
RESET, CHANGE, UNDO = "reset", "change", "undo"
LIFETIMES = {RESET: timedelta(minutes=30), CHANGE: timedelta(hours=1), UNDO: timedelta(hours=1)}


@dataclass(eq=False)
class Account:
    """An address and its password; ``None`` is nobody's."""

    email: str
    password: str | None


@dataclass
class Session:
    """An id that was handed out, and why it may be over."""

    owner: Account
    created_at: datetime
    last_seen_at: datetime
    ended: bool = False

    def open(self, now: datetime) -> bool:
        """Whether it should be accepted."""
        idle, old = now - self.last_seen_at >= IDLE, now - self.created_at >= LIFETIME
        return not (self.ended or idle or old)

    def see(self, now: datetime) -> None:
        """It was used: noted once a minute at most."""
        if now - self.last_seen_at >= TOUCH_EVERY:
            self.last_seen_at = now


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


@dataclass
class Model:
    """All that was acknowledged."""

    accounts: list[Account] = field(default_factory=list)
    sessions: dict[str, Session] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)

    def account(self, email: str) -> Account | None:
        """Whose address this is now."""
        return next((each for each in self.accounts if each.email == email), None)

    def taken(self, email: str, now: datetime) -> bool:
        """Whether it is somebody's address, or somebody may still go back to it."""
        leads_back = any(
            token.purpose == UNDO and token.address == email and token.good(now)
            for token in self.tokens.values()
        )
        return leads_back or self.account(email) is not None

    def undo_open(self, owner: Account, now: datetime) -> bool:
        """Whether the owner's last change of address can still be undone."""
        return any(
            (token.owner, token.purpose) == (owner, UNDO)
            and token.address != owner.email
            and token.good(now)
            for token in self.tokens.values()
        )

    def opened(self, session_id: str, owner: Account, now: datetime) -> None:
        """Note a login."""
        self.sessions[session_id] = Session(owner, now, now)

    def mailed(self, secret: str, owner: Account, purpose: str, about: str, now: datetime) -> None:
        """Note a token, which replaces the one before."""
        self.end_tokens(owner, purpose)
        self.tokens[secret] = Token(owner, purpose, about, now + LIFETIMES[purpose])

    def end_sessions(self, owner: Account, *, but: str | None = None) -> None:
        """All of the owner's sessions are over, save one."""
        for session_id, session in self.sessions.items():
            if session.owner is owner and session_id != but:
                session.ended = True

    def end_tokens(self, owner: Account, purpose: str | None = None) -> None:
        """The owner's tokens are over: all, or those for one purpose."""
        for token in self.tokens.values():
            if token.owner is owner and purpose in (None, token.purpose):
                token.over = True

    def new_password(self, owner: Account, password: str | None) -> None:
        """Nothing of the old password is left but the way back to an earlier address."""
        owner.password = password
        self.end_sessions(owner)
        for token in self.tokens.values():
            leads_back = token.purpose == UNDO and token.address != owner.email
            if token.owner is owner and not leads_back:
                token.over = True
