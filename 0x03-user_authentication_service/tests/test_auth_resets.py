#!/usr/bin/env python3
"""Tasks 16 and 18: a token changes a password, once."""
import unittest
from threading import Barrier, BrokenBarrierError
from typing import Any
from unittest import mock
from uuid import UUID

from sqlalchemy.orm.exc import NoResultFound

from support import EMAIL, UNUSABLE, DeskTest, at_once, in_thread, sql
from auth import UnusablePassword


class TestResets(DeskTest):
    """Tasks 16 and 18: a token changes a password, once."""

    def test_the_token_is_stored_and_returned(self) -> None:
        """It is a UUID, and the object that we hold shows it."""
        token = self.auth.get_reset_password_token(EMAIL)
        self.assertEqual(str(UUID(token)), token)
        self.assertEqual(self.user.reset_token, token)

    def test_strangers_get_no_token(self) -> None:
        """ValueError for unknown and empty addresses."""
        for email in ("b@example.com", "", None, "\ud800"):
            with self.subTest(email=email):
                with self.assertRaises(ValueError):
                    self.auth.get_reset_password_token(email)

    def test_a_new_token_replaces_the_old(self) -> None:
        """Only the last token opens the account."""
        old = self.auth.get_reset_password_token(EMAIL)
        new = self.auth.get_reset_password_token(EMAIL)
        with self.assertRaises(ValueError):
            self.auth.update_password(old, "new")
        self.auth.update_password(new, "new")
        self.assertTrue(self.auth.valid_login(EMAIL, "new"))

    def test_the_password_is_changed_and_the_token_is_spent(self) -> None:
        """It returns nothing, and works once."""
        token = self.auth.get_reset_password_token(EMAIL)
        self.assertIsNone(in_thread(self.auth.update_password, token, "new"))
        self.assertIsNone(self.user.reset_token)
        self.assertFalse(self.auth.valid_login(EMAIL, "right"))
        with self.assertRaises(ValueError):
            self.auth.update_password(token, "newer")
        self.assertTrue(self.auth.valid_login(EMAIL, "new"))

    def test_a_bad_token_changes_nobody(self) -> None:
        """None and empty do not match users who asked for no reset."""
        self.auth._db.add_user("b@example.com", "hash")
        self.auth._db.update_user(2, reset_token="")
        before = sql("SELECT * FROM users")
        for token in (None, "", "unknown", "\ud800"):
            with self.subTest(token=token):
                with self.assertRaises(ValueError) as caught:
                    self.auth.update_password(token, "x" * 73)
                self.assertNotIsInstance(caught.exception, UnusablePassword)
        self.assertEqual(sql("SELECT * FROM users"), before)

    def test_an_unusable_password_does_not_spend_the_token(self) -> None:
        """Whoever chose too long a password may try again."""
        token = self.auth.get_reset_password_token(EMAIL)
        for password in UNUSABLE:
            with self.subTest(password=password):
                with self.assertRaises(UnusablePassword):
                    self.auth.update_password(token, password)
        self.assertTrue(self.auth.valid_login(EMAIL, "right"))
        self.auth.update_password(token, "new")

    def test_one_token_used_twelve_times_at_once_works_once(self) -> None:
        """One thread wins, and its password is the one that counts."""
        token = self.auth.get_reset_password_token(EMAIL)
        update_user, gap = self.auth._db.update_user, Barrier(2)

        def dawdle_and_update(*args: Any, **kwargs: Any) -> None:
            """Wait for another thread that found the token, then spend it."""
            try:
                gap.wait(timeout=0.2)
            except BrokenBarrierError:
                pass
            update_user(*args, **kwargs)

        with mock.patch.object(
                self.auth._db, "update_user", dawdle_and_update):
            results = at_once([
                lambda word="new{}".format(number):
                self.auth.update_password(token, word) or word
                for number in range(12)])
        words = [item for item in results if isinstance(item, str)]
        refusals = [item for item in results if isinstance(item, ValueError)]
        self.assertEqual((len(words), len(refusals)), (1, 11))
        self.assertTrue(self.auth.valid_login(EMAIL, words[0]))


class TestAnotherProcess(DeskTest):
    """Users may vanish between two steps of one call."""

    def test_whoever_vanishes_is_unknown(self) -> None:
        """The answers are those for strangers."""
        gone = mock.Mock(side_effect=NoResultFound)
        with mock.patch.object(self.auth._db, "update_user", gone):
            self.assertIsNone(self.auth.create_session(EMAIL))
            self.assertIsNone(self.auth.destroy_session(1))
            with self.assertRaises(ValueError):
                self.auth.get_reset_password_token(EMAIL)


if __name__ == "__main__":
    unittest.main()
