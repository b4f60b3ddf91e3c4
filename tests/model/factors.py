"""Second factors: added, shown, used up, taken away, and the logins that owe one."""

from __future__ import annotations

from datetime import datetime

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from tests.model.model import DISOWNED, MOST_WRONG, Account, Factor, Half
from tests.model.owners import Owners
from tests.model.visitors import mostly
from tests.stage.factors import STEP_SECONDS, Authenticator, code_of, prove, send
from tests.stage.visits import visitor

NOBODYS = "0000-0000-0000-0000-0000-0000"
KINDS = ("code", "paper", "wrong", "used", "many wrong")


class Factors(Owners):
    """An authenticator for each account, ten codes on paper, any number of logins half done."""

    @rule(data=st.data())
    def enrol(self, data: st.DataObject) -> None:
        """Soon after a proof a code of the offered secret makes it the factor."""
        self._enrol(self._a_session(data)[0])

    def _one_has_a_factor(self) -> None:
        self._enrol(next(iter(self.model.sessions)))

    def _enrol(self, session_id: str) -> None:
        session, client = self.model.sessions[session_id], visitor(self.app, session_id)
        owner, now = session.owner, self.clock.now
        answer = client.post("/factors/otp")
        assert answer.status_code == (200 if session.recent(now) else 403)
        if answer.status_code != 200:
            return
        made = answer.get_json()
        form = {"ticket": made["ticket"], "code": code_of(made["secret"], now.timestamp())}
        answer = client.put("/factors/otp", data=form)
        if answer.status_code == 429:
            return
        assert answer.status_code == 200
        codes, before = answer.get_json()["recovery_codes"], owner.factor
        assert (codes is None) == (before is not None), "the first brings them"
        if before is None and not owner.disowned(now):
            owner.disown = owner.email, now + DISOWNED
        owner.factor = Factor(made["secret"], self._step, codes or (before.codes if before else []))
        self._changed(session_id, str(getattr(client.get_cookie("session_id"), "value", "")))

    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        """Soon after a proof the factor goes, and what is on paper with it."""
        session_id, session = self._a_session(data)
        client = visitor(self.app, session_id)
        answer = client.delete("/factors/otp")
        if not session.recent(self.clock.now):
            assert answer.status_code == 403
        elif session.owner.factor is None:
            assert answer.status_code == 404
        elif answer.status_code != 429:
            assert answer.status_code == 200
            session.owner.factor = None
            self._changed(session_id, str(getattr(client.get_cookie("session_id"), "value", "")))

    def _changed(self, before: str, session_id: str) -> None:
        """Other sessions are over, and this one has another id."""
        self.model.end_sessions(self.model.sessions[before].owner, but=before)
        self._renewed(before, session_id)

    def _renewed(self, before: str, session_id: str, proved_at: datetime | None = None) -> None:
        shown = visitor(self.app, session_id).get("/sessions").get_json()["sessions"]
        public_id = next(each["id"] for each in shown if each["current"])
        sessions = self.model.sessions
        sessions[session_id] = sessions[before].renewed(str(public_id), proved_at)

    @rule(data=st.data())
    def prove(self, data: st.DataObject) -> None:
        """Password and code make a session as good as one that was opened just now."""
        session_id, session = self._a_session(data)
        client, owner = visitor(self.app, session_id), session.owner
        code, right = self._a_code(owner, "code") if owner.factor else ("", True)
        if not right:
            code, right = self._a_code(owner, "paper")
        if owner.password is None or not right:
            return
        answer = prove(client, code, owner.password)
        if not session.open(self.clock.now):
            assert answer.status_code == 403
            return
        assert answer.status_code == 200
        self._used(owner, code)
        fresh = str(getattr(client.get_cookie("session_id"), "value", ""))
        self._renewed(session_id, fresh, self.clock.now)

    @precondition(lambda self: self._with_factors())
    @rule(data=st.data(), kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=4))
    def finish(self, data: st.DataObject, kinds: list[str]) -> None:
        """What is right, and was not used, opens a session; the fifth that is wrong ends it."""
        owner = data.draw(st.sampled_from(self._with_factors()))
        for kind in kinds:
            if owner.password and not self._good_halves(owner):
                self._log_in(owner.email, owner.password)
            if not self.model.halves:
                return
            half_id = data.draw(mostly(self._good_halves(owner), self.model.halves))
            half = self.model.halves[half_id]
            for _ in range(MOST_WRONG + 1 if kind == "many wrong" else 1):
                self._finish(half_id, *self._a_code(half.owner, kind))

    def _with_factors(self) -> list[Account]:
        return [each for each in self.model.accounts if each.factor]

    def _good_halves(self, owner: Account) -> list[str]:
        now, halves = self.clock.now, self.model.halves
        return [each for each in halves if halves[each].owner is owner and halves[each].good(now)]

    def _finish(self, half_id: str, code: str, right: bool) -> None:
        half: Half = self.model.halves[half_id]
        client = visitor(self.app, half_id)
        answer = send(client, code)
        if not half.good(self.clock.now):
            assert answer.status_code == 403
        elif not right:
            assert answer.status_code == 401
            half.wrong += 1
        else:
            assert answer.status_code == 200
            half.over = True
            self._used(half.owner, code)
            self._opened(client, half.owner)

    def _finish_what_can_be(self, owner: Account) -> None:
        code, right = self._a_code(owner, "code")
        mine = self._good_halves(owner)
        if mine and right:
            self._finish(mine[-1], code, right)

    @property
    def _step(self) -> int:
        return int(self.clock.now.timestamp()) // STEP_SECONDS

    def _a_code(self, owner: Account, kind: str) -> tuple[str, bool]:
        """One of this kind, and whether it is right."""
        factor = owner.factor
        if factor is None:
            return NOBODYS, False
        telephone = Authenticator(factor.secret, self.clock, [])
        if kind == "code":
            return telephone.code(), self._step > factor.step
        if "wrong" in kind:
            return telephone.wrong(), False
        codes = factor.codes if kind == "paper" else factor.used
        return (codes[0], kind == "paper") if codes else (NOBODYS, False)

    def _used(self, owner: Account, code: str) -> None:
        """It was right: neither it nor a step before it is so again."""
        if owner.factor and code in owner.factor.codes:
            owner.factor.codes.remove(code)
            owner.factor.used.append(code)
        elif owner.factor:
            owner.factor.step = self._step

    @invariant()
    def half_a_login_opens_nothing(self) -> None:
        """But what it owes, exactly as long as it should."""
        for half_id, half in self.model.halves.items():
            client = visitor(self.app, half_id)
            owed = client.get("/sessions/factor")
            assert owed.status_code == (200 if half.good(self.clock.now) else 403)
            assert client.get("/profile").status_code == 403

    @invariant()
    def factors_are_there_for_a_reason(self) -> None:
        """Who logged in last sees what the account has."""
        now, sessions = self.clock.now, self.model.sessions
        for session_id in [each for each in sessions if sessions[each].open(now)][-1:]:
            told = visitor(self.app, session_id).get("/factors").get_json()
            factor = sessions[session_id].owner.factor
            assert (told["otp"] is None) == (factor is None)
            assert told["recovery_codes"] == (len(factor.codes) if factor else 0)
