#!/usr/bin/env python3
"""Tasks 1 to 3 again: the store shared by threads and by processes."""
import os
import unittest
from typing import Any
from unittest import mock

from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm.exc import NoResultFound

from support import LessonTest, in_thread, sql
from db import DB
from user import User


class TestThreads(LessonTest):
    """Each thread has its session, and all see the same users."""

    def setUp(self) -> None:
        """Open a new store."""
        super().setUp()
        self.db = DB()

    def test_each_thread_has_a_session_of_its_own(self) -> None:
        """The same in one thread, different in two."""
        self.assertIs(self.db._session, self.db._session)
        self.assertIsNot(in_thread(lambda: self.db._session),
                         self.db._session)

    def test_the_session_may_be_asked_directly(self) -> None:
        """Scripts of the exercise look into the private session."""
        user = self.db.add_user("a@example.com", "hash")
        self.assertEqual(self.db._session.query(User).all(), [user])

    def test_an_object_shows_what_another_thread_wrote(self) -> None:
        """Objects are never stale, in whatever thread they were made."""
        ours = self.db.add_user("a@example.com", "hash")
        theirs = in_thread(self.db.find_user_by, id=1)
        for write in (self.db.update_user,
                      lambda *a, **k: in_thread(self.db.update_user, *a, **k)):
            for value in ("one", None, "two"):
                write(1, session_id=value, reset_token=value)
                for user in (ours, theirs):
                    self.assertEqual(user.session_id, value)
                    self.assertEqual(user.reset_token, value)

    def test_another_user_is_not_shown(self) -> None:
        """What is written to one row appears on its objects alone."""
        first = self.db.add_user("a@example.com", "hash")
        self.db.add_user("b@example.com", "hash")
        in_thread(self.db.update_user, 2, session_id="s")
        self.assertIsNone(first.session_id)

    def test_objects_outlive_their_thread(self) -> None:
        """A user made by a thread that is over can be read in full."""
        user = in_thread(self.db.add_user, "a@example.com", "hash")
        self.assertEqual((user.id, user.email, user.session_id),
                         (1, "a@example.com", None))

    def test_no_call_leaves_a_connection_behind(self) -> None:
        """Every connection that is taken is given back, errors included."""
        taken = []
        event.listen(self.db._engine, "checkout",
                     lambda *_: taken.append(1))
        event.listen(self.db._engine, "checkin", lambda *_: taken.pop())
        for call in (lambda: self.db.add_user("a@example.com", "hash"),
                     lambda: self.db.update_user(1, session_id="s"),
                     lambda: self.db.find_user_by(id=1)):
            call()
            self.assertEqual(taken, [])
        for call in (lambda: self.db.add_user(None, None),
                     lambda: self.db.find_user_by(id=9),
                     lambda: self.db.find_user_by(nothing=9),
                     lambda: self.db.update_user(9, email="x"),
                     lambda: self.db.update_user(1, nothing="x")):
            with self.assertRaises(Exception):
                call()
            self.assertEqual(taken, [])

    def test_while_one_writes_the_others_wait(self) -> None:
        """Between finding and changing, no other thread comes in."""
        self.db.add_user("a@example.com", "hash")
        find_user_by, free = self.db.find_user_by, []

        def find_and_look(**kwargs: Any) -> User:
            """Find the user, then see whether another thread could enter."""
            free.append(in_thread(self.db._lock.acquire, blocking=False))
            return find_user_by(**kwargs)

        with mock.patch.object(self.db, "find_user_by", find_and_look):
            self.db.update_user(1, session_id="s")
        self.assertEqual(free, [False])


class TestAnotherProcess(LessonTest):
    """Others may drop, recreate or delete the file at any moment."""

    def setUp(self) -> None:
        """Open a new store."""
        super().setUp()
        self.db = DB()

    def lose(self, how: str) -> None:
        """Lose all users in one of three ways."""
        create = sql("SELECT sql FROM sqlite_master WHERE name = 'users'")
        if how == "file":
            os.remove("a.db")
            return
        sql("DROP TABLE users")
        if how == "rows":
            sql(create[0][0])

    def test_the_next_call_works(self) -> None:
        """The users are gone, and nothing else is wrong."""
        for how in ("rows", "table", "file"):
            with self.subTest(how=how):
                user = self.db.add_user("a@example.com", "hash")
                self.lose(how)
                with self.assertRaises(NoResultFound):
                    self.db.find_user_by(email="a@example.com")
                self.assertEqual(user.email, "a@example.com")
                del user
                self.lose(how)
                with self.assertRaises(NoResultFound):
                    self.db.update_user(1, session_id="s")
                self.lose(how)
                self.assertEqual(self.db.add_user("b@x.org", "hash").id, 1)

    def test_a_reader_does_not_keep_a_deleted_file_alive(self) -> None:
        """Even an open connection is not used again."""
        self.db.add_user("a@example.com", "hash")
        self.assertEqual(self.db._session.query(User).count(), 1)
        os.remove("a.db")
        with self.assertRaises(NoResultFound):
            self.db.find_user_by(id=1)

    def test_trouble_that_stays_is_reported(self) -> None:
        """After three attempts the error is raised, and ends there."""
        with mock.patch.object(self.db, "_create_tables") as create:
            self.lose("table")
            with self.assertRaises(OperationalError):
                self.db.add_user("a@example.com", "hash")
        self.assertEqual(create.call_count, 2)
        self.assertEqual(self.db.add_user("a@example.com", "hash").id, 1)


if __name__ == "__main__":
    unittest.main()
