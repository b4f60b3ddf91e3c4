#!/usr/bin/env python3
"""Tasks 6, 7, 11, 14, 15, 17 and 19: what HTTP answers."""
import ast
import importlib
import unittest
from typing import Any
from unittest import mock
from uuid import UUID

from support import EMAIL, LESSON, UNUSABLE, LessonTest, in_thread, sql
from auth import Auth

UNKNOWN = "00000000-0000-4000-8000-000000000000"


class AppTest(LessonTest):
    """A test with an app, its own front desk, and a client."""

    def setUp(self) -> None:
        """Import the app where its a.db may lie, and register a user."""
        super().setUp()
        self.module = importlib.import_module("app")
        self.module.AUTH = Auth()
        self.client = self.module.app.test_client()
        self.user = self.module.AUTH.register_user(EMAIL, "right")

    def ask(self, method: str, path: str, session_id: str = None,
            **form: Any) -> Any:
        """Send a form, with a cookie if a session id is given."""
        headers = {}
        if session_id is not None:
            headers["Cookie"] = "session_id=" + session_id
        # A client without cookies of its own: each test says what is sent.
        client = self.module.app.test_client(use_cookies=False)
        return client.open(path, method=method, data=form, headers=headers)

    def assert_answer(self, response: Any, status: int, body: Any) -> None:
        """Check the status, the type and the exact body of an answer."""
        self.assertEqual(response.status_code, status)
        self.assertEqual(response.mimetype, "application/json")
        self.assertEqual(response.get_json(), body)

    def log_in(self) -> str:
        """Log in and return the session id of the cookie."""
        response = self.ask("POST", "/sessions", email=EMAIL,
                            password="right")
        return response.headers["Set-Cookie"].split(";")[0].split("=")[1]


class TestModule(AppTest):
    """The module is what the scripts of the exercise expect."""

    def test_the_names_of_the_views(self) -> None:
        """Each view has the name of the exercise."""
        self.assertIsInstance(self.module.AUTH, Auth)
        for name in ("index", "users", "login", "logout", "profile",
                     "get_reset_password_token", "update_password"):
            with self.subTest(name=name):
                self.assertIs(self.module.app.view_functions[name],
                              getattr(self.module, name))

    def test_the_app_knows_nothing_below_auth(self) -> None:
        """It imports no store and no table, and touches nothing private."""
        tree = ast.parse((LESSON / "app.py").read_text("utf-8"))
        modules = {node.module for node in ast.walk(tree)
                   if isinstance(node, ast.ImportFrom)}
        self.assertEqual(modules, {"flask", "flask.typing", "auth"})
        private = [node.attr for node in ast.walk(tree)
                   if isinstance(node, ast.Attribute) and node.attr[0] == "_"]
        self.assertEqual(private, [])

    def test_trailing_slashes_are_accepted(self) -> None:
        """Every route answers with a slash as without."""
        for method, path in (
                ("POST", "/users"), ("POST", "/sessions"), ("GET", "/profile"),
                ("DELETE", "/sessions"), ("POST", "/reset_password"),
                ("PUT", "/reset_password")):
            with self.subTest(method=method, path=path):
                status = self.ask(method, path).status_code
                self.assertIn(status, (400, 401, 403))
                self.assertEqual(
                    self.ask(method, path + "/").status_code, status)


class TestIndex(AppTest):
    """Task 6: the service says welcome."""

    def test_it_says_welcome(self) -> None:
        """In JSON."""
        self.assert_answer(
            self.ask("GET", "/"), 200, {"message": "Bienvenue"})


class TestUsers(AppTest):
    """Task 7: POST /users registers."""

    def test_a_new_address_is_registered_once(self) -> None:
        """First 200, then 400."""
        form = {"email": "b@example.com", "password": "x"}
        self.assert_answer(
            self.ask("POST", "/users", **form), 200,
            {"email": "b@example.com", "message": "user created"})
        self.assert_answer(self.ask("POST", "/users", **form), 400,
                           {"message": "email already registered"})
        self.assertTrue(self.module.AUTH.valid_login("b@example.com", "x"))

    def test_missing_and_empty_fields_are_refused(self) -> None:
        """The answer is 400, and nobody is registered."""
        for form in ({}, {"email": "b@example.com"}, {"password": "x"},
                     {"email": "", "password": "x"},
                     {"email": "b@example.com", "password": ""}):
            with self.subTest(form=form):
                self.assert_answer(
                    self.ask("POST", "/users", **form), 400,
                    {"message": "email and password are required"})
        self.assertEqual(sql("SELECT count(*) FROM users"), [(1,)])

    def test_an_unusable_password_is_refused_with_the_reason(self) -> None:
        """The answer is 400, and says why."""
        form = {"email": "b@example.com", "password": "x" * 73}
        self.assert_answer(self.ask("POST", "/users", **form), 400,
                           {"message": "password is longer than 72 bytes"})
        form["password"] = "a\0b"
        self.assert_answer(self.ask("POST", "/users", **form), 400,
                           {"message": "password contains a NUL character"})
        self.assertEqual(sql("SELECT count(*) FROM users"), [(1,)])


class TestLogin(AppTest):
    """Task 11: POST /sessions logs in."""

    def test_the_right_password_gets_a_cookie(self) -> None:
        """The cookie holds the session of the user."""
        response = self.ask("POST", "/sessions", email=EMAIL,
                            password="right")
        self.assert_answer(
            response, 200, {"email": EMAIL, "message": "logged in"})
        cookie, = response.headers.getlist("Set-Cookie")
        self.assertEqual(cookie.split(";")[0],
                         "session_id=" + self.user.session_id)
        self.assertTrue(UUID(self.user.session_id))

    def test_anything_else_gets_401_and_no_cookie(self) -> None:
        """One answer for wrong, unknown, missing and unusable."""
        for form in ({}, {"email": EMAIL}, {"password": "right"},
                     {"email": EMAIL, "password": ""},
                     {"email": "", "password": "right"},
                     {"email": EMAIL, "password": "wrong"},
                     {"email": "b@example.com", "password": "right"},
                     {"email": EMAIL, "password": UNUSABLE[0]},
                     {"email": EMAIL, "password": "right\0"}):
            with self.subTest(form=form):
                response = self.ask("POST", "/sessions", **form)
                self.assertEqual(response.status_code, 401)
                self.assertNotIn("Set-Cookie", response.headers)
        self.assertIsNone(self.user.session_id)

    def test_a_user_who_vanishes_meanwhile_gets_no_cookie(self) -> None:
        """Between the check and the session another process may write."""
        with mock.patch.object(self.module.AUTH, "create_session",
                               return_value=None):
            response = self.ask("POST", "/sessions", email=EMAIL,
                                password="right")
        self.assertEqual(response.status_code, 401)
        self.assertNotIn("Set-Cookie", response.headers)


class TestLogout(AppTest):
    """Task 14: DELETE /sessions logs out."""

    def test_it_ends_the_session_and_leads_home(self) -> None:
        """The answer is 302 to /, and the cookie opens nothing any more."""
        session_id = self.log_in()
        response = self.ask("DELETE", "/sessions", session_id)
        self.assertEqual(response.status_code, 302)
        self.assertEqual(response.headers["Location"], "/")
        self.assertIsNone(self.user.session_id)
        self.assertEqual(
            self.ask("GET", "/profile", session_id).status_code, 403)

    def test_strangers_get_403_and_end_nothing(self) -> None:
        """Unknown, empty and absent cookies."""
        session_id = self.log_in()
        for cookie in (UNKNOWN, "", None):
            with self.subTest(cookie=cookie):
                response = self.ask("DELETE", "/sessions", cookie)
                self.assertEqual(response.status_code, 403)
        self.assertEqual(self.user.session_id, session_id)

    def test_a_mocked_auth_sees_the_two_calls(self) -> None:
        """The user is found by the cookie, and ended by the id."""
        desk = mock.create_autospec(Auth, instance=True)
        desk.get_user_from_session_id.return_value = self.user
        with mock.patch.object(self.module, "AUTH", desk):
            response = self.ask("DELETE", "/sessions", UNKNOWN)
            self.assertEqual(response.status_code, 302)
            self.assertEqual(desk.mock_calls, [
                mock.call.get_user_from_session_id(UNKNOWN),
                mock.call.destroy_session(self.user.id)])
            for method, path in (("GET", "/profile"), ("DELETE", "/sessions")):
                desk.reset_mock()
                self.ask(method, path)
                desk.get_user_from_session_id.assert_called_once_with(None)


class TestProfile(AppTest):
    """Task 15: GET /profile tells users who they are."""

    def test_a_session_shows_its_user(self) -> None:
        """The address, and nothing else."""
        self.assert_answer(self.ask("GET", "/profile", self.log_in()), 200,
                           {"email": EMAIL})

    def test_strangers_get_403(self) -> None:
        """Unknown, empty and absent cookies, and the UUID of None."""
        for cookie in (UNKNOWN, "", None, "None"):
            with self.subTest(cookie=cookie):
                self.assertEqual(
                    self.ask("GET", "/profile", cookie).status_code, 403)


class TestResetPassword(AppTest):
    """Tasks 17 and 19: /reset_password gives and takes tokens."""

    def token(self) -> str:
        """Ask for a token and return it."""
        response = self.ask("POST", "/reset_password", email=EMAIL)
        return response.get_json()["reset_token"]

    def test_a_known_address_gets_a_token(self) -> None:
        """The one that is stored."""
        response = self.ask("POST", "/reset_password", email=EMAIL)
        self.assertTrue(UUID(self.user.reset_token))
        self.assert_answer(response, 200, {
            "email": EMAIL, "reset_token": self.user.reset_token})

    def test_strangers_get_no_token(self) -> None:
        """The answer is 403 for unknown, empty and missing addresses."""
        for form in ({}, {"email": ""}, {"email": "b@example.com"}):
            with self.subTest(form=form):
                self.assertEqual(self.ask(
                    "POST", "/reset_password", **form).status_code, 403)

    def test_a_token_changes_the_password_once(self) -> None:
        """Whatever address is sent along is sent back."""
        form = {"email": "z@example.com", "reset_token": self.token(),
                "new_password": "new"}
        self.assert_answer(
            self.ask("PUT", "/reset_password", **form), 200,
            {"email": "z@example.com", "message": "Password updated"})
        self.assertIsNone(self.user.reset_token)
        self.assertEqual(
            self.ask("PUT", "/reset_password", **form).status_code, 403)
        self.assertTrue(self.module.AUTH.valid_login(EMAIL, "new"))

    def test_anything_less_is_403_and_spends_nothing(self) -> None:
        """Bad tokens, and fields that are missing or empty."""
        token = in_thread(self.token)
        good = {"email": EMAIL, "reset_token": token, "new_password": "new"}
        bad = [dict(good, reset_token=UNKNOWN), dict(good, reset_token="None"),
               dict(good, reset_token=UNKNOWN, new_password="x" * 73)]
        for name in good:
            bad.append(dict(good, **{name: ""}))
            bad.append({key: good[key] for key in good if key != name})
        for form in bad:
            with self.subTest(form=form):
                self.assertEqual(self.ask(
                    "PUT", "/reset_password", **form).status_code, 403)
        self.assertEqual(self.user.reset_token, token)
        self.assertTrue(self.module.AUTH.valid_login(EMAIL, "right"))

    def test_an_unusable_password_is_refused_with_the_reason(self) -> None:
        """The answer is 400, and the token may be used again."""
        form = {"email": EMAIL, "reset_token": self.token(),
                "new_password": "x" * 73}
        self.assert_answer(self.ask("PUT", "/reset_password", **form), 400,
                           {"message": "password is longer than 72 bytes"})
        form["new_password"] = "x" * 72
        self.assertEqual(
            self.ask("PUT", "/reset_password", **form).status_code, 200)


if __name__ == "__main__":
    unittest.main()
