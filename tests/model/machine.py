"""Everybody at once: visitors, owners of accounts, and the operators of the service."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.model.factors import Factors
from tests.model.model import Account
from tests.model.visitors import PEOPLE, mostly, people
from vestibule.auth.errors import UnknownEmail


class Everybody(Factors):
    """What operators do besides, from a shell, with other people's accounts."""

    def _operate(self, act: Callable[[str], None], email: str) -> Account | None:
        """Do it; the account, if anybody has the address."""
        account = self.model.account(email)
        if account is None:
            with pytest.raises(UnknownEmail):
                act(email)
        else:
            act(email)
        return account

    @rule(email=people)
    def disable(self, email: str) -> None:
        """Sessions and links are over, but for the way back to an earlier address, which waits."""
        account = self._operate(self.auth.operators.disable, email)
        if account:
            account.disabled = True
            self.model.void(account)

    @rule(data=st.data())
    def enable(self, data: st.DataObject) -> None:
        """The account opens to its password; what has ended stays over."""
        disabled = (each.email for each in self.model.accounts if each.disabled)
        email = data.draw(mostly(disabled, PEOPLE))
        account = self._operate(self.auth.operators.enable, email)
        if account:
            account.disabled = False

    @rule(email=people)
    def unlock(self, email: str) -> None:
        """Strange devices may log in again, however often that failed."""
        if self._operate(self.auth.operators.unlock, email):
            self.model.counts.forgive(email)
