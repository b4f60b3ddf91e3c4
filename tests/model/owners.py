"""What people do with their own accounts, and with the links in their mails."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule
from werkzeug.test import TestResponse

from tests.model.model import CHANGE, RESET, UNDO, VERIFY, Session, Token
from tests.model.visitors import PEOPLE, Visitors, mostly, passwords, people
from tests.stage.visits import mail_to, set_password, visitor

PAGES = {
    RESET: "/reset_password",
    VERIFY: "/verify_email",
    CHANGE: "/profile/email/confirm",
    UNDO: "/profile/email/undo",
}


class Owners(Visitors):
    """Other passwords, other addresses, the end: any number of tokens."""

    @rule(data=st.data(), new=passwords)
    def change_password(self, data: st.DataObject, new: str) -> None:
        """Who knows the password of today sets another: one fresh session is left, no token."""
        session_id, session = self._a_session(data)
        client, owner = visitor(self.app, session_id), session.owner
        current = self._a_password(data, owner)
        form = {"current_password": current, "new_password": new}
        answer = client.put("/profile/password", data=form)
        if self._refused(answer, session, current):
            return
        assert answer.status_code == 200
        owner.password = new
        self.model.counts.forgive(owner.email)
        self.model.void(owner)
        self._opened(client, owner)

    def _refused(self, answer: TestResponse, session: Session, password: str) -> bool:
        """Whether it had to be refused, and was: no session, wrong password, too often, too late.

        Who has a factor has shown it a short while ago.
        """
        if not session.open(self.clock.now):
            assert answer.status_code == 403
            return True
        right = session.owner.password == password
        late = bool(session.owner.factor) and not session.recent(self.clock.now)
        if answer.status_code != 429 and (late or not right):
            assert answer.status_code == (403 if right else 401)
        return answer.status_code == 429 or late or not right

    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        """Who logged in lately may go, and takes everything along."""
        session_id, session = self._a_session(data)
        answer = visitor(self.app, session_id).delete("/profile")
        if session.recent(self.clock.now):
            assert answer.status_code == 200
            self.model.gone(session.owner)
            self._a_moment()
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
        owner = account if account and not account.disabled else None
        assert (mail_to(self.app, email) != before) == (owner is not None)
        if owner:
            self._mailed(owner, RESET, email, email)

    @precondition(lambda self: self._good(RESET))
    @rule(data=st.data(), password=passwords)
    def reset(self, data: st.DataObject, password: str) -> None:
        """A good token sets the password once, and ends every session and token."""
        secret, token = self._a_token(data, RESET)
        owner = token.owner
        answer = set_password(visitor(self.app), secret, password, owner.email)
        if token.purpose == RESET and token.good(self.clock.now):
            assert answer.status_code == 200
            if not owner.verified:
                # Nobody had shown to own the address: the factor is of who registered it.
                owner.factor = None
            owner.password, owner.waits_until, owner.verified = password, None, True
            self.model.counts.forgive(owner.email)
            self.model.void(owner)
        else:
            assert answer.status_code == 403

    @rule(data=st.data())
    def move(self, data: st.DataObject) -> None:
        """Both addresses get a link: to confirm the new one, and to keep the old."""
        session_id, session = self._a_session(data)
        free = (each for each in PEOPLE if not self.model.taken(each, self.clock.now))
        email = data.draw(mostly(free, PEOPLE))
        password = self._a_password(data, session.owner)
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
            if data.draw(st.booleans()):
                # Most people read such a mail at once.
                self._confirm(*self._a_token(data, CHANGE), password)

    @precondition(lambda self: self._good(CHANGE))
    @rule(data=st.data())
    def confirm(self, data: st.DataObject) -> None:
        """With the password, a good token moves the account, and ends every token but the undo."""
        secret, token = self._a_token(data, CHANGE)
        self._confirm(secret, token, self._a_password(data, token.owner))

    def _confirm(self, secret: str, token: Token, password: str) -> None:
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
            before = owner.email
            self.model.moved(owner, token.address)
            self.model.end_tokens(owner)
            self._mailed(owner, UNDO, before, before)
            self._a_moment()

    @precondition(lambda self: self._good(UNDO))
    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        """A good token leads back; password, sessions and other tokens are over."""
        secret, token = self._a_token(data, UNDO)
        answer = visitor(self.app).post("/profile/email/undo", data={"token": secret})
        owner, good = token.owner, token.good(self.clock.now)
        # While the account is disabled, the way back waits.
        if token.purpose == UNDO and good and not owner.disabled:
            assert answer.status_code == 200
            if owner.disowned(self.clock.now):
                owner.factor = None
            self.model.moved(owner, token.address)
            owner.password, owner.disown = None, None
            self.model.end_sessions(owner)
            self.model.end_tokens(owner)
            self._mailed(owner, RESET, token.address, token.address)
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
