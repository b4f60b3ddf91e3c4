"""What people do: each rule is done to the service and to the model, and both must agree."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from werkzeug.test import TestResponse

from tests.model.model import CHANGE, RECENT_LOGIN, RESET, UNDO, Account, Model, Session, Token
from tests.stage.clock import MovableClock
from tests.stage.visits import (
    front_desk,
    log_in,
    mail_to,
    set_password,
    token_to,
    try_login,
    visitor,
)

PEOPLE = ("ann@example.com", "ben@example.com", "cyd@example.com")
PASSWORDS = tuple(f"marzipan of {day}" for day in ("monday", "tuesday"))
PAGES = {
    RESET: "/reset_password",
    CHANGE: "/profile/email/confirm",
    UNDO: "/profile/email/undo",
}
PAUSES = [
    timedelta(seconds=20),
    timedelta(minutes=16),
    timedelta(minutes=30),
    timedelta(minutes=45),
    timedelta(days=3, hours=12),
    timedelta(days=7),
    timedelta(days=29),
]
people, passwords = st.sampled_from(PEOPLE), st.sampled_from(PASSWORDS)


def held(client: FlaskClient) -> str:
    """The session id in the visitor's cookie."""
    cookie = client.get_cookie("session_id")
    assert cookie is not None
    return str(cookie.value)


class Visitors(RuleBasedStateMachine):
    """Who registers, logs in and out again; two passwords, any number of sessions."""

    def __init__(self, fresh: Callable[[], Flask], clock: MovableClock) -> None:
        super().__init__()
        self.app, self.clock, self.model = fresh(), clock, Model()
        self.auth = front_desk(self.app)

    def teardown(self) -> None:
        """Give the database back."""
        self.auth.upkeep.close()

    def _a_session(self, data: st.DataObject) -> tuple[str, Session]:
        """One that was handed out, open or not."""
        # In the order in which they were made: ids are random, and a walk must be repeatable.
        session_id = data.draw(st.sampled_from(list(self.model.sessions)))
        return session_id, self.model.sessions[session_id]

    def _open_and_recent(self, session: Session) -> bool:
        """Whether the session may do what needs a recent login."""
        now = self.clock.now
        return session.open(now) and now - session.created_at < RECENT_LOGIN

    @rule(email=people, password=passwords)
    def register(self, email: str, password: str) -> None:
        """The first one gets the account, if nobody can go back to the address."""
        form = {"email": email, "password": password}
        answer = visitor(self.app).post("/users", data=form)
        taken = self.model.taken(email, self.clock.now)
        assert answer.status_code == (400 if taken else 200)
        if not taken:
            self.model.accounts.append(Account(email, password))

    @rule(email=people, password=passwords)
    def log_in(self, email: str, password: str) -> None:
        """Only the password of today opens a session."""
        client, account = visitor(self.app), self.model.account(email)
        if account and account.password == password:
            self.model.opened(log_in(client, email, password), account, self.clock.now)
        else:
            assert try_login(client, email, password).status_code == 401
            assert client.get_cookie("session_id") is None

    @precondition(lambda self: self.model.sessions)
    @rule(data=st.data())
    def log_out(self, data: st.DataObject) -> None:
        """One session ends, and no other."""
        session_id, session = self._a_session(data)
        answer = visitor(self.app, session_id).delete("/sessions")
        assert answer.status_code == (302 if session.open(self.clock.now) else 403)
        session.ended = True

    @precondition(lambda self: self.model.sessions)
    @rule(data=st.data())
    def end_others(self, data: st.DataObject) -> None:
        """All of one's own end, save the one that asks; nobody else's."""
        session_id, session = self._a_session(data)
        answer = visitor(self.app, session_id).delete("/sessions?others=true")
        if self._open_and_recent(session):
            assert answer.status_code == 204
            self.model.end_sessions(session.owner, but=session_id)
        else:
            assert answer.status_code == 403

    @rule(pause=st.sampled_from(PAUSES))
    def wait(self, pause: timedelta) -> None:
        """Time passes."""
        self.clock.advance(pause)

    @rule()
    def sweep(self) -> None:
        """What is over is removed, and nothing else."""
        self.auth.upkeep.sweep()

    @invariant()
    def sessions_are_open_for_a_reason(self) -> None:
        """Each id that was ever handed out works exactly as long as it should."""
        now = self.clock.now
        for session_id, session in self.model.sessions.items():
            answer = visitor(self.app, session_id).get("/profile")
            assert answer.status_code == (200 if session.open(now) else 403)
            if session.open(now):
                assert answer.get_json() == {"email": session.owner.email}
                session.see(now)
        self.auth.sessions.record_visits()


class Accounts(Visitors):
    """Three addresses, and what their owners do with the accounts: any number of tokens."""

    def _a_token(self, data: st.DataObject, purpose: str) -> tuple[str, Token]:
        """One that arrived: good or not, and now and then one for something else."""
        tokens = self.model.tokens
        right = [secret for secret in tokens if tokens[secret].purpose == purpose]
        secret = data.draw(st.sampled_from(right or list(tokens)))
        return secret, tokens[secret]

    def _mailed(self, owner: Account, purpose: str, to: str, about: str) -> None:
        """Read the token in the newest mail."""
        self.model.mailed(token_to(self.app, to), owner, purpose, about, self.clock.now)

    @precondition(lambda self: self.model.sessions)
    @rule(data=st.data(), current=passwords, new=passwords)
    def change_password(self, data: st.DataObject, current: str, new: str) -> None:
        """Who knows the password of today sets another: one fresh session is left, no token."""
        session_id, session = self._a_session(data)
        client = visitor(self.app, session_id)
        form = {"current_password": current, "new_password": new}
        answer = client.put("/profile/password", data=form)
        if self._refused(answer, session, current):
            return
        assert answer.status_code == 200
        self.model.new_password(session.owner, new)
        self.model.opened(held(client), session.owner, self.clock.now)

    def _refused(self, answer: TestResponse, session: Session, password: str) -> bool:
        """Whether it had to be refused, and was: no session, wrong password, too often."""
        if not session.open(self.clock.now):
            assert answer.status_code == 403
            return True
        if answer.status_code != 429 and session.owner.password != password:
            assert answer.status_code == 401
        return answer.status_code == 429 or session.owner.password != password

    @precondition(lambda self: self.model.sessions)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        """Who logged in lately may go, and takes everything along."""
        session_id, session = self._a_session(data)
        answer = visitor(self.app, session_id).delete("/profile")
        if self._open_and_recent(session):
            assert answer.status_code == 200
            self.model.accounts.remove(session.owner)
            self.model.end_sessions(session.owner)
            self.model.end_tokens(session.owner)
        else:
            assert answer.status_code == 403

    @rule(email=people)
    def forget(self, email: str) -> None:
        """A mail goes to who has the address, with a token that replaces the one before."""
        account, before = self.model.account(email), mail_to(self.app, email)
        answer = visitor(self.app).post("/reset_password", data={"email": email})
        if answer.status_code == 429:
            return
        assert answer.status_code == 200
        assert (mail_to(self.app, email) != before) == (account is not None)
        if account:
            self._mailed(account, RESET, email, email)

    @precondition(lambda self: self.model.tokens)
    @rule(data=st.data(), password=passwords)
    def reset(self, data: st.DataObject, password: str) -> None:
        """A good token sets the password once, and ends every session and token."""
        secret, token = self._a_token(data, RESET)
        answer = set_password(visitor(self.app), secret, password, token.owner.email)
        if token.purpose == RESET and token.good(self.clock.now):
            assert answer.status_code == 200
            self.model.new_password(token.owner, password)
        else:
            assert answer.status_code == 403

    @precondition(lambda self: self.model.sessions)
    @rule(data=st.data(), email=people, password=passwords)
    def move(self, data: st.DataObject, email: str, password: str) -> None:
        """Both addresses get a link: to confirm the new one, and to keep the old."""
        session_id, session = self._a_session(data)
        form = {"email": email, "password": password}
        answer = visitor(self.app, session_id).put("/profile/email", data=form)
        if self._refused(answer, session, password):
            return
        owner, now = session.owner, self.clock.now
        if email == owner.email:
            assert answer.status_code == 400
        elif self.model.undo_open(owner, now) or self.model.taken(email, now):
            assert answer.status_code == 409
        else:
            assert answer.status_code == 200
            self._mailed(owner, CHANGE, email, email)
            self._mailed(owner, UNDO, owner.email, owner.email)

    @precondition(lambda self: self.model.tokens)
    @rule(data=st.data(), password=passwords)
    def confirm(self, data: st.DataObject, password: str) -> None:
        """With the password, a good token moves the account, and ends every token but the undo."""
        secret, token = self._a_token(data, CHANGE)
        form = {"token": secret, "password": password}
        answer = visitor(self.app).post("/profile/email/confirm", data=form)
        owner, now = token.owner, self.clock.now
        if token.purpose != CHANGE or not token.good(now):
            assert answer.status_code == 403
        elif answer.status_code != 429 and owner.password != password:
            assert answer.status_code == 401
        elif answer.status_code != 429 and self.model.taken(token.address, now):
            assert answer.status_code == 409
        elif answer.status_code != 429:
            assert answer.status_code == 200
            before, owner.email = owner.email, token.address
            self.model.end_tokens(owner)
            self._mailed(owner, UNDO, before, before)

    @precondition(lambda self: self.model.tokens)
    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        """A good token always leads back; password, sessions and other tokens are over."""
        secret, token = self._a_token(data, UNDO)
        answer = visitor(self.app).post("/profile/email/undo", data={"token": secret})
        if token.purpose == UNDO and token.good(self.clock.now):
            assert answer.status_code == 200
            token.owner.email = token.address
            self.model.new_password(token.owner, None)
            self.model.end_tokens(token.owner)
            self._mailed(token.owner, RESET, token.address, token.address)
        else:
            assert answer.status_code == 403

    @invariant()
    def tokens_are_good_for_a_reason(self) -> None:
        """Each token that ever arrived is accepted exactly as long, and for what, it should be."""
        for secret, token in self.model.tokens.items():
            for purpose, path in PAGES.items():
                page = visitor(self.app).get(path, query_string={"token": secret})
                good = token.good(self.clock.now) and purpose == token.purpose
                assert page.status_code == (200 if good else 403)
