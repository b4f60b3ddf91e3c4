#!/usr/bin/env python3
"""Task 0: the table of users has exactly the columns of the exercise."""
import unittest

from sqlalchemy import Integer, String

import support  # noqa: F401 - puts the lesson on the path
from user import Base, User


class TestUser(unittest.TestCase):
    """The model is the one that the exercise fixes."""

    def test_the_table_is_called_users(self) -> None:
        """The name of the table is users."""
        self.assertEqual(User.__tablename__, "users")

    def test_the_model_is_declarative(self) -> None:
        """User extends Base, and Base knows the table."""
        self.assertTrue(issubclass(User, Base))
        self.assertEqual(list(Base.metadata.tables), ["users"])

    def test_the_columns_stand_in_order_and_there_are_no_others(self) -> None:
        """There are five columns, in the order of the exercise."""
        self.assertEqual(
            [column.name for column in User.__table__.columns],
            ["id", "email", "hashed_password", "session_id", "reset_token"])

    def test_the_id_is_an_integer_and_the_only_primary_key(self) -> None:
        """SQLite numbers the users for us."""
        self.assertIsInstance(User.__table__.c.id.type, Integer)
        keys = [column.name for column in User.__table__.primary_key]
        self.assertEqual(keys, ["id"])

    def test_everything_else_is_text_of_at_most_250_characters(self) -> None:
        """The other columns are String(250), and none is unique."""
        for column in list(User.__table__.columns)[1:]:
            with self.subTest(column=column.name):
                self.assertIsInstance(column.type, String)
                self.assertEqual(column.type.length, 250)
                self.assertFalse(column.unique)

    def test_only_the_secrets_that_come_and_go_may_be_null(self) -> None:
        """A user always has an address and a hash."""
        nullable = {column.name: column.nullable
                    for column in User.__table__.columns}
        self.assertEqual(nullable, {
            "id": False, "email": False, "hashed_password": False,
            "session_id": True, "reset_token": True})

    def test_a_new_user_has_no_secrets(self) -> None:
        """Nobody is born logged in."""
        user = User(email="a@example.com", hashed_password="hash")
        self.assertEqual(user.email, "a@example.com")
        self.assertEqual(user.hashed_password, "hash")
        self.assertIsNone(user.session_id)
        self.assertIsNone(user.reset_token)


if __name__ == "__main__":
    unittest.main()
