#!/usr/bin/env python3
"""Tasks 4, 5, 8 to 10, 12 and 13: who registers, logs in and stays."""
import unittest
from threading import Barrier, BrokenBarrierError
from typing import Any
from unittest import mock
from uuid import UUID

import bcrypt
from sqlalchemy.orm.exc import NoResultFound

import support
from support import (
    EMAIL, UNUSABLE, DeskTest, LessonTest, at_once, in_thread, sql)
import auth
from auth import UnusablePassword
from user import User


class TestHashPassword(LessonTest):
    """Task 4: passwords are hashed with bcrypt and a fresh salt."""

    def test_the_real_cost_is_twelve(self) -> None:
        """Without the cheap salt of the tests, the hash says 2b and 12."""
        with mock.patch("bcrypt.gensalt", support.REAL_GENSALT):
            hashed = auth._hash_password("right")
        self.assertIsInstance(hashed, bytes)
        self.assertEqual(hashed[:7], b"$2b$12$")
        self.assertTrue(bcrypt.checkpw(b"right", hashed))

    def test_every_hash_has_its_own_salt(self) -> None:
        """Equal passwords get different hashes."""
        self.assertNotEqual(
            auth._hash_password("right"), auth._hash_password("right"))

    def test_seventy_two_bytes_are_the_limit(self) -> None:
        """All bytes count up to the limit, and above it there is an error."""
        hashed = auth._hash_password("x" * 72)
        self.assertTrue(bcrypt.checkpw(b"x" * 72, hashed))
        self.assertFalse(bcrypt.checkpw(b"x" * 71, hashed))
        for password in UNUSABLE:
            with self.subTest(password=password):
                with self.assertRaises(UnusablePassword):
                    auth._hash_password(password)

    def test_letters_of_any_script_may_be_used(self) -> None:
        """The password is hashed as UTF-8."""
        hashed = auth._hash_password("p\u00e4ssw\u00f6rd")
        self.assertTrue(
            bcrypt.checkpw("p\u00e4ssw\u00f6rd".encode("utf-8"), hashed))


class TestGenerateUuid(LessonTest):
    """Task 9: session ids and tokens are random UUIDs."""

    def test_it_is_the_text_of_a_random_uuid(self) -> None:
        """The version is 4: everything else in it is random."""
        value = auth._generate_uuid()
        self.assertIsInstance(value, str)
        self.assertEqual(str(UUID(value)), value)
        self.assertEqual(UUID(value).version, 4)

    def test_it_never_repeats(self) -> None:
        """A hundred of them are a hundred."""
        values = {auth._generate_uuid() for _ in range(100)}
        self.assertEqual(len(values), 100)


class TestRegisterUser(DeskTest):
    """Task 5: an address is registered once."""

    def test_it_returns_the_user_and_stores_only_a_hash(self) -> None:
        """The password itself is nowhere."""
        self.assertIsInstance(self.user, User)
        self.assertEqual((self.user.id, self.user.email), (1, EMAIL))
        row, = sql("SELECT * FROM users")
        self.assertEqual(row[1], EMAIL)
        self.assertEqual(row[2][:4], "$2b$")
        self.assertNotIn("right", str(row))

    def test_a_known_address_is_refused(self) -> None:
        """The message is the exercise's, and nothing is changed."""
        before = sql("SELECT * FROM users")
        with self.assertRaises(ValueError) as caught:
            self.auth.register_user(EMAIL, "other")
        self.assertEqual(str(caught.exception),
                         "User a@example.com already exists")
        self.assertNotIsInstance(caught.exception, UnusablePassword)
        self.assertEqual(sql("SELECT * FROM users"), before)

    def test_an_unusable_password_is_refused(self) -> None:
        """Nobody is registered with half a password."""
        for password in UNUSABLE:
            with self.subTest(password=password):
                with self.assertRaises(UnusablePassword):
                    self.auth.register_user("new@example.com", password)
        self.assertEqual(sql("SELECT count(*) FROM users"), [(1,)])

    def test_twelve_at_once_make_one_account(self) -> None:
        """One thread wins, and eleven are told that it did."""
        find_user_by, gap = self.auth._db.find_user_by, Barrier(2)

        def find_and_dawdle(**kwargs: Any) -> User:
            """Find nobody, then wait for another thread to find nobody."""
            try:
                return find_user_by(**kwargs)
            except NoResultFound:
                try:
                    gap.wait(timeout=0.2)
                except BrokenBarrierError:
                    pass
                raise

        with mock.patch.object(
                self.auth._db, "find_user_by", find_and_dawdle):
            results = at_once(
                [lambda: self.auth.register_user("new@example.com", "x")]
                * 12)
        users = [item for item in results if isinstance(item, User)]
        refusals = [item for item in results if isinstance(item, ValueError)]
        self.assertEqual((len(users), len(refusals)), (1, 11))
        self.assertEqual(sql(
            "SELECT count(*) FROM users WHERE email = 'new@example.com'"),
            [(1,)])

    def test_hashing_does_not_make_others_wait(self) -> None:
        """Two slow hashes are made at the same time."""
        meeting = Barrier(2)
        hash_password = auth._hash_password

        def slow_hash(password: str) -> bytes:
            """Hash only when the other thread is hashing as well."""
            meeting.wait(timeout=10)
            return hash_password(password)

        with mock.patch("auth._hash_password", slow_hash):
            users = at_once([
                lambda: self.auth.register_user("b@example.com", "x"),
                lambda: self.auth.register_user("c@example.com", "x")])
        self.assertEqual(sorted(user.id for user in users), [2, 3])


class TestValidLogin(DeskTest):
    """Task 8: the right password, and nothing else, is valid."""

    def test_only_the_right_password_of_a_known_address(self) -> None:
        """True for one pair alone."""
        self.assertIs(self.auth.valid_login(EMAIL, "right"), True)
        for email, password in (
                (EMAIL, "wrong"), ("b@example.com", "right"), (EMAIL, ""),
                ("", "right"), (None, None), (EMAIL, None),
                ("\ud800", "right"), (EMAIL + "\0", "right")):
            with self.subTest(email=email, password=password):
                self.assertIs(self.auth.valid_login(email, password), False)

    def test_an_unusable_password_is_simply_wrong(self) -> None:
        """Also when its first 72 bytes are the right ones."""
        self.auth.register_user("long@example.com", "x" * 72)
        self.assertTrue(self.auth.valid_login("long@example.com", "x" * 72))
        for password in UNUSABLE:
            with self.subTest(password=password):
                self.assertIs(self.auth.valid_login(
                    "long@example.com", password), False)

    def test_a_hash_may_be_stored_as_bytes(self) -> None:
        """Many solutions of the exercise store what bcrypt returns."""
        self.auth._db.add_user("b@x.org", auth._hash_password("right"))
        self.assertTrue(self.auth.valid_login("b@x.org", "right"))
        self.assertFalse(self.auth.valid_login("b@x.org", "wrong"))

    def test_what_is_no_hash_lets_nobody_in(self) -> None:
        """A row with another text is no error, and no way in."""
        self.auth._db.add_user("b@example.com", "SuperHashedPwd")
        self.assertFalse(self.auth.valid_login("b@example.com", "x"))


class TestSessions(DeskTest):
    """Tasks 10, 12 and 13: a session is opened, found and ended."""

    def test_create_session_stores_and_returns_a_uuid(self) -> None:
        """The object that we hold shows it."""
        session_id = self.auth.create_session(EMAIL)
        self.assertEqual(str(UUID(session_id)), session_id)
        self.assertEqual(self.user.session_id, session_id)
        self.assertEqual(sql("SELECT session_id FROM users"), [(session_id,)])

    def test_create_session_gives_strangers_none(self) -> None:
        """Unknown and empty addresses get no session."""
        for email in ("b@example.com", "", None, "\ud800"):
            with self.subTest(email=email):
                self.assertIsNone(self.auth.create_session(email))

    def test_a_second_login_replaces_the_first(self) -> None:
        """There is one session per user."""
        first = self.auth.create_session(EMAIL)
        second = self.auth.create_session(EMAIL)
        self.assertNotEqual(first, second)
        self.assertIsNone(self.auth.get_user_from_session_id(first))
        self.assertEqual(
            self.auth.get_user_from_session_id(second).id, self.user.id)

    def test_a_session_finds_its_user(self) -> None:
        """Not another one."""
        self.auth.register_user("b@example.com", "x")
        self.auth.create_session("b@example.com")
        user = self.auth.get_user_from_session_id(
            self.auth.create_session(EMAIL))
        self.assertEqual((user.id, user.email), (1, EMAIL))

    def test_no_session_finds_nobody(self) -> None:
        """None and empty do not match users who are logged out."""
        self.auth._db.update_user(1, session_id=None)
        self.auth._db.add_user("b@example.com", "hash")
        self.auth._db.update_user(2, session_id="")
        for session_id in (None, "", "unknown", "\ud800"):
            with self.subTest(session_id=session_id):
                self.assertIsNone(
                    self.auth.get_user_from_session_id(session_id))

    def test_destroy_session_ends_it(self) -> None:
        """It returns nothing, and the id opens nothing any more."""
        session_id = self.auth.create_session(EMAIL)
        self.assertIsNone(self.auth.destroy_session(self.user.id))
        self.assertIsNone(self.user.session_id)
        self.assertIsNone(self.auth.get_user_from_session_id(session_id))

    def test_destroy_session_of_nobody_raises_nothing(self) -> None:
        """Logging out twice, or as nobody, is no error."""
        session_id = self.auth.create_session(EMAIL)
        for user_id in (99, None, 2 ** 70):
            with self.subTest(user_id=user_id):
                self.assertIsNone(self.auth.destroy_session(user_id))
        self.assertEqual(self.user.session_id, session_id)

    def test_objects_show_what_other_threads_did(self) -> None:
        """A login elsewhere is visible here at once."""
        session_id = in_thread(self.auth.create_session, EMAIL)
        self.assertEqual(self.user.session_id, session_id)
        in_thread(self.auth.destroy_session, 1)
        self.assertIsNone(self.user.session_id)


if __name__ == "__main__":
    unittest.main()
