#!/usr/bin/env python3
"""Tasks 1 to 3: users are added, found and changed."""
import io
import unittest
from contextlib import redirect_stderr, redirect_stdout
from typing import Any
from unittest import mock

from sqlalchemy.exc import IntegrityError, InvalidRequestError
from sqlalchemy.orm.exc import NoResultFound

from support import LessonTest, at_once, sql
from db import DB, Base
from user import User


class StoreTest(LessonTest):
    """A test with a store of its own."""

    def setUp(self) -> None:
        """Open a new store."""
        super().setUp()
        self.db = DB()


class TestStart(LessonTest):
    """A new store starts with nothing."""

    def test_it_prints_nothing(self) -> None:
        """No statement is echoed to the terminal."""
        output = io.StringIO()
        with redirect_stdout(output), redirect_stderr(output):
            DB().add_user("a@example.com", "hash")
        self.assertEqual(output.getvalue(), "")

    def test_it_is_a_file_in_the_working_directory(self) -> None:
        """The users are in a.db, which SQLite reads."""
        DB()
        self.assertEqual(sql("SELECT count(*) FROM users"), [(0,)])

    def test_it_forgets_what_was_there(self) -> None:
        """A second store starts empty, and counts from one again."""
        DB().add_user("a@example.com", "hash")
        db = DB()
        self.assertEqual(sql("SELECT count(*) FROM users"), [(0,)])
        self.assertEqual(db.add_user("b@example.com", "hash").id, 1)

    def test_nobody_ever_sees_the_file_without_its_table(self) -> None:
        """Dropping and creating happen at one stroke for other processes."""
        DB()
        create_all = Base.metadata.create_all
        seen = []

        def look_and_create(*args: Any, **kwargs: Any) -> None:
            """Look at the file as another process, then go on."""
            seen.extend(sql("SELECT count(*) FROM users"))
            create_all(*args, **kwargs)

        with mock.patch.object(Base.metadata, "create_all", look_and_create):
            DB()
        self.assertEqual(seen, [(0,)])


class TestAddUser(StoreTest):
    """Task 1: a user is stored and returned."""

    def test_it_returns_the_user(self) -> None:
        """The object shows what was stored."""
        user = self.db.add_user("a@example.com", "hash")
        self.assertIsInstance(user, User)
        self.assertEqual(
            (user.id, user.email, user.hashed_password, user.session_id,
             user.reset_token), (1, "a@example.com", "hash", None, None))

    def test_it_stores_the_user(self) -> None:
        """Another process sees the row at once."""
        self.db.add_user("a@example.com", "hash")
        self.db.add_user("b@example.com", "other")
        self.assertEqual(sql("SELECT * FROM users"), [
            (1, "a@example.com", "hash", None, None),
            (2, "b@example.com", "other", None, None)])

    def test_a_refused_insert_does_not_poison_the_next(self) -> None:
        """After an insert that fails, the same session works."""
        with self.assertRaises(IntegrityError):
            self.db.add_user(None, None)
        self.assertEqual(self.db.add_user("a@example.com", "hash").id, 1)
        self.assertEqual(self.db.find_user_by(id=1).email, "a@example.com")

    def test_twelve_threads_add_twelve_users(self) -> None:
        """Nobody waits in vain and no id is given twice."""
        users = at_once([lambda: self.db.add_user("a@example.com", "hash")
                         for _ in range(12)])
        self.assertEqual(sorted(user.id for user in users),
                         list(range(1, 13)))


class TestFindUserBy(StoreTest):
    """Task 2: the first user who matches is found."""

    def setUp(self) -> None:
        """Store two users with one address, and a third."""
        super().setUp()
        self.db.add_user("twice@example.com", "first")
        self.db.add_user("twice@example.com", "second")
        self.db.add_user("once@example.com", "third")
        self.db.update_user(3, session_id="session", reset_token="token")

    def test_every_column_finds(self) -> None:
        """Any column may be asked for, alone or with others."""
        for question in ({"id": 3}, {"email": "once@example.com"},
                         {"hashed_password": "third"},
                         {"session_id": "session"}, {"reset_token": "token"},
                         {"id": 3, "email": "once@example.com"}):
            with self.subTest(question=question):
                self.assertEqual(self.db.find_user_by(**question).id, 3)

    def test_the_first_of_two_is_returned(self) -> None:
        """Two rows with one address break nothing."""
        user = self.db.find_user_by(email="twice@example.com")
        self.assertEqual((user.id, user.hashed_password), (1, "first"))

    def test_all_columns_must_match(self) -> None:
        """A user who matches by half is not found."""
        with self.assertRaises(NoResultFound):
            self.db.find_user_by(id=1, email="once@example.com")

    def test_nobody_is_an_error(self) -> None:
        """NoResultFound also for values that SQLite cannot hold."""
        for question in ({"email": "nobody@example.com"}, {"id": 4},
                         {"id": None}, {"email": "\ud800"}, {"id": 2 ** 70}):
            with self.subTest(question=question):
                with self.assertRaises(NoResultFound):
                    self.db.find_user_by(**question)

    def test_an_unknown_column_or_none_is_another_error(self) -> None:
        """InvalidRequestError, and not the one that means nobody."""
        for question in ({}, {"no_email": "x"}, {"metadata": "x"},
                         {"id": 1, "no_email": "x"}):
            with self.subTest(question=question):
                with self.assertRaises(InvalidRequestError) as caught:
                    self.db.find_user_by(**question)
                self.assertNotIsInstance(caught.exception, NoResultFound)

    def test_it_sees_what_another_process_wrote(self) -> None:
        """An object that is held already shows the new values."""
        user = self.db.find_user_by(id=3)
        sql("UPDATE users SET session_id = 'new' WHERE id = 3")
        self.assertIs(self.db.find_user_by(id=3), user)
        self.assertEqual(user.session_id, "new")


class TestUpdateUser(StoreTest):
    """Task 3: columns of a user are changed."""

    def setUp(self) -> None:
        """Store two users."""
        super().setUp()
        self.user = self.db.add_user("a@example.com", "hash")
        self.db.add_user("b@example.com", "other")

    def test_it_changes_one_user_and_returns_nothing(self) -> None:
        """The change is stored, and nobody else is touched."""
        self.assertIsNone(
            self.db.update_user(1, hashed_password="new", session_id="s"))
        self.assertEqual(sql("SELECT * FROM users"), [
            (1, "a@example.com", "new", "s", None),
            (2, "b@example.com", "other", None, None)])

    def test_an_unknown_attribute_changes_nothing(self) -> None:
        """ValueError, and the good half is not stored either."""
        before = sql("SELECT * FROM users")
        for name in ("no_column", "metadata", "__class__"):
            with self.subTest(name=name):
                with self.assertRaises(ValueError):
                    self.db.update_user(1, session_id="s", **{name: "x"})
                self.db.find_user_by(id=1)
                self.assertEqual(sql("SELECT * FROM users"), before)

    def test_an_unknown_id_is_nobody(self) -> None:
        """NoResultFound, as the search says."""
        for user_id in (3, None, 2 ** 70):
            with self.subTest(user_id=user_id):
                with self.assertRaises(NoResultFound):
                    self.db.update_user(user_id, session_id="s")

    def test_it_finds_with_find_user_by(self) -> None:
        """The search is not written twice."""
        find = mock.Mock(wraps=self.db.find_user_by)
        with mock.patch.object(self.db, "find_user_by", find):
            self.db.update_user(2, session_id="s")
        find.assert_called_once_with(id=2)

    def test_a_refused_update_does_not_poison_the_next(self) -> None:
        """After an update that fails, the same session works."""
        with self.assertRaises(IntegrityError):
            self.db.update_user(1, email=None)
        self.assertEqual(self.user.email, "a@example.com")
        self.db.update_user(1, session_id="s")
        self.assertEqual(self.user.session_id, "s")

    def test_a_row_that_vanishes_meanwhile_is_nobody(self) -> None:
        """Another process may delete the row after it was found."""
        find_user_by = self.db.find_user_by

        def find_and_lose(**kwargs: Any) -> User:
            """Find the user, then delete the row as another process."""
            user = find_user_by(**kwargs)
            sql("DELETE FROM users WHERE id = ?", user.id)
            return user

        with mock.patch.object(self.db, "find_user_by", find_and_lose):
            with self.assertRaises(NoResultFound):
                self.db.update_user(1, session_id="s")
        self.assertEqual(self.db.find_user_by(id=2).email, "b@example.com")


if __name__ == "__main__":
    unittest.main()
