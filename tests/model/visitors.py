"""Who registers, logs in and out again: each rule is done to the service and to the model."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.model.model import KEPT, VERIFY, Account, Half, Model, Session, Token
from tests.stage.clock import MovableClock
from tests.stage.visits import LINK, front_desk, mail_to, token_to, try_login, visitor

PEOPLE = ("ann@example.com", "ben@example.com", "cyd@example.com")
PASSWORDS = tuple(f"marzipan of {day}" for day in ("monday", "tuesday"))
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


def mostly(likely: Iterable[Any], all_of_them: Iterable[Any]) -> st.SearchStrategy[Any]:
    """One of ``likely``, now and then any: a walk of what is refused gets nowhere."""
    # In the order in which they were made: secrets are random, and a walk must be repeatable.
    first, rest = list(likely), list(all_of_them)
    others = st.integers(0, 7).map(lambda number: number == 7 or not first)
    return others.flatmap(lambda any_of_them: st.sampled_from(rest if any_of_them else first))


class Visitors(RuleBasedStateMachine):
    """Three addresses, two passwords, any number of sessions."""

    def __init__(self, fresh: Callable[[], Flask], clock: MovableClock, verifying: bool) -> None:
        super().__init__()
        self.app, self.clock, self.model = fresh(), clock, Model(verifying)
        self.auth = front_desk(self.app)

    def teardown(self) -> None:
        """Give the database back."""
        self.auth.upkeep.close()

    def _a_session(self, data: st.DataObject) -> tuple[str, Session]:
        """One that was handed out, open or not; before that, somebody logs in if none is."""
        now, sessions = self.clock.now, self.model.sessions
        if not any(each.open(now) for each in sessions.values()):
            for each in self.model.accounts:
                if each.password and not self.model.counts.failures(each.email).full(now):
                    self._log_in(each.email, each.password)
                    self._finish_what_can_be(each)
        still_open = (each for each in sessions if sessions[each].open(now))
        session_id = data.draw(mostly(still_open, sessions))
        return session_id, sessions[session_id]

    def _a_token(self, data: st.DataObject, purpose: str) -> tuple[str, Token]:
        """One that arrived: good or not, and now and then one for something else."""
        secret = data.draw(mostly(self._good(purpose), self.model.tokens))
        return secret, self.model.tokens[secret]

    def _good(self, purpose: str) -> list[str]:
        """The tokens that are for this, and not over."""
        now, tokens = self.clock.now, self.model.tokens
        return [
            each for each in tokens if tokens[each].purpose == purpose and tokens[each].good(now)
        ]

    def _a_password(self, data: st.DataObject, owner: Account | None) -> str:
        """The right one or another."""
        right = owner.password if owner else None
        return str(data.draw(mostly([right] if right else [], PASSWORDS)))

    def _opened(self, client: FlaskClient, owner: Account) -> None:
        """Note the session that the visitor holds now."""
        cookie = client.get_cookie("session_id")
        assert cookie is not None
        shown = client.get("/sessions").get_json()["sessions"]
        (public_id,) = (each["id"] for each in shown if each["current"])
        self.model.opened(str(cookie.value), public_id, owner, self.clock.now)

    def _one_has_a_factor(self) -> None:
        """From the beginning, or few walks would come far with it; see ``factors``."""

    def _finish_what_can_be(self, owner: Account) -> None:
        """Show a code for a login that owes one; see ``factors``."""

    def _mailed(self, owner: Account, purpose: str, to: str, about: str) -> None:
        """Read the token in the newest mail."""
        self.model.mailed(token_to(self.app, to), owner, purpose, about, self.clock.now)

    def _a_moment(self) -> None:
        """After accounts went, and their mails with them: the next mails may get their numbers."""
        self.clock.advance(seconds=1)

    @initialize()
    def some_are_there(self) -> None:
        """Two of the three have an account when the walk begins, and one of them a factor."""
        for email, password in zip(PEOPLE[:2], PASSWORDS, strict=True):
            self.register(email, password)
            for secret, token in self.model.tokens.items():
                if token.good(self.clock.now):
                    self._verify(secret, token, password)
            self._log_in(email, password)
        self._one_has_a_factor()

    @rule(email=people, password=passwords)
    def register(self, email: str, password: str) -> None:
        """The first one gets the account, if nobody can go back to the address."""
        form, now = {"email": email, "password": password}, self.clock.now
        answer = visitor(self.app).post("/users", data=form)
        if self.model.account(email) or self.model.leads_back(email, now):
            assert answer.status_code == 400
            return
        assert answer.status_code == 200
        waits_until = now + KEPT if self.model.verifying else None
        account = Account(email, password, waits_until)
        self.model.accounts.append(account)
        if waits_until:
            self._mailed(account, VERIFY, email, email)

    @rule(data=st.data(), email=people)
    def log_in(self, data: st.DataObject, email: str) -> None:
        """Only the password of today opens a session, and not before somebody read the mail."""
        self._log_in(email, self._a_password(data, self.model.account(email)))

    def _log_in(self, email: str, password: str) -> None:
        client, now = visitor(self.app), self.clock.now
        account, failures = self.model.account(email), self.model.counts.failures(email)
        answer = try_login(client, email, password)
        if failures.full(now):
            assert answer.status_code == 429
            return
        right = account is not None and account.opens(password)
        entered = right and account is not None and account.waits_until is None
        failures.count(now, 0 if entered else 1)
        owes = entered and account is not None and account.factor is not None
        assert answer.status_code == (200 if entered and not owes else 401)
        assert answer.get_json().get("owes") == ("factor" if owes else None)
        cookie = client.get_cookie("session_id")
        assert (cookie is not None) == entered
        if account and owes and cookie:
            self.model.halves[str(cookie.value)] = Half(account, now)
        elif account and entered:
            self._opened(client, account)
        elif account and right:
            self._reminded(account)

    def _reminded(self, account: Account) -> None:
        """A fresh link came, unless there were many."""
        newest, reminders = (
            mail_to(self.app, account.email),
            self.model.counts.reminders(account.email),
        )
        fresh = [secret for secret in LINK.findall(newest) if secret not in self.model.tokens]
        assert bool(fresh) != reminders.full(self.clock.now)
        if fresh:
            reminders.count(self.clock.now)
            self._mailed(account, VERIFY, account.email, account.email)

    @precondition(lambda self: self._good(VERIFY))
    @rule(data=st.data())
    def verify(self, data: st.DataObject) -> None:
        """A good token and the password of the registration let the owner in, once."""
        secret, token = self._a_token(data, VERIFY)
        self._verify(secret, token, self._a_password(data, token.owner))

    def _verify(self, secret: str, token: Token, password: str) -> None:
        client, owner = visitor(self.app), token.owner
        answer = client.post("/verify_email", data={"token": secret, "password": password})
        if token.purpose != VERIFY or not token.good(self.clock.now):
            assert answer.status_code == 403
        elif not owner.opens(password):
            assert answer.status_code == 401
        else:
            assert answer.status_code == 200
            owner.waits_until, owner.verified, token.over = None, True, True
            self._opened(client, owner)

    @rule(data=st.data())
    def log_out(self, data: st.DataObject) -> None:
        """One session ends, and no other."""
        session_id, session = self._a_session(data)
        answer = visitor(self.app, session_id).delete("/sessions")
        assert answer.status_code == (302 if session.open(self.clock.now) else 403)
        session.ended = True

    @rule(data=st.data())
    def end_one(self, data: st.DataObject) -> None:
        """One of one's own ends, another than this only soon after a login; nobody else's."""
        session_id, session = self._a_session(data)
        _, other = self._a_session(data)
        answer = visitor(self.app, session_id).delete(f"/sessions/{other.public_id}")
        now = self.clock.now
        if not session.open(now) or (other is not session and not session.recent(now)):
            assert answer.status_code == 403
        elif other.owner is not session.owner or other.ended:
            assert answer.status_code == 404
        else:
            # What is over by its time is there until it is swept.
            assert answer.status_code == 204 or not other.open(now)
            other.ended = True

    @rule(data=st.data())
    def end_others(self, data: st.DataObject) -> None:
        """All of one's own end, save the one that asks; nobody else's."""
        session_id, session = self._a_session(data)
        answer = visitor(self.app, session_id).delete("/sessions?others=true")
        if session.recent(self.clock.now):
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
        self.model.swept(self.clock.now)
        self._a_moment()

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
