#!/usr/bin/env python3
"""Tasks 6 and 20: app.py and main.py, started as the reader starts them."""
import ast
import os
import socket
import subprocess
import sys
import time
import unittest
from typing import Any, Callable, Dict, Tuple
from unittest import mock

import main
from flask import jsonify
from support import LESSON, serving
from test_app import AppTest

EMAIL, PASSWD = "a@example.com", "right"


def functions(path: str) -> Dict[str, Tuple[Any, ...]]:
    """Return names, annotated arguments and results of a file's functions."""
    tree = ast.parse((LESSON / path).read_text("utf-8"))
    return {node.name: ([(arg.arg, arg.annotation.id)
                         for arg in node.args.args],
                        getattr(node.returns, "id", None))
            for node in tree.body if isinstance(node, ast.FunctionDef)}


class TestText(unittest.TestCase):
    """What can be seen without starting anything."""

    def test_the_app_listens_where_the_exercise_says(self) -> None:
        """Under __main__, and only there, the app runs on port 5000."""
        tree = ast.parse((LESSON / "app.py").read_text("utf-8"))
        guard = tree.body[-1]
        self.assertIsInstance(guard, ast.If)
        self.assertEqual(
            ast.dump(guard), ast.dump(ast.parse(
                'if __name__ == "__main__":\n'
                '    app.run(host="0.0.0.0", port="5000")').body[0]))

    def test_the_functions_are_those_of_the_exercise(self) -> None:
        """Names, arguments and annotations."""
        word, secret = ("email", "str"), ("password", "str")
        session, reset = ("session_id", "str"), ("reset_token", "str")
        self.assertEqual(functions("main.py"), {
            "register_user": ([word, secret], None),
            "log_in_wrong_password": ([word, secret], None),
            "log_in": ([word, secret], "str"),
            "profile_unlogged": ([], None),
            "profile_logged": ([session], None),
            "log_out": ([session], None),
            "reset_password_token": ([word], "str"),
            "update_password": (
                [word, reset, ("new_password", "str")], None)})

    def test_the_constants_are_those_of_the_exercise(self) -> None:
        """The service, the address and the two passwords."""
        self.assertEqual(
            (main.URL, main.EMAIL, main.PASSWD, main.NEW_PASSWD),
            ("http://localhost:5000", "guillaume@holberton.io", "b4l0u",
             "t4rt1fl3tt3"))

    def test_the_steps_stand_in_the_order_of_the_exercise(self) -> None:
        """Under __main__, main.py walks through all of them."""
        tree = ast.parse((LESSON / "main.py").read_text("utf-8"))
        steps = [node.value.func.id for node in tree.body[-1].body]
        self.assertEqual(steps, [
            "register_user", "log_in_wrong_password", "profile_unlogged",
            "log_in", "profile_logged", "log_out", "reset_password_token",
            "update_password", "log_in"])


class TestForReal(AppTest):
    """Two processes, as in two terminals."""

    def run_python(self, *args: str) -> subprocess.Popen:
        """Start this Python in the test's directory."""
        environment = dict(os.environ, PYTHONPATH=str(LESSON),
                           PYTHONDONTWRITEBYTECODE="1")
        process = subprocess.Popen(
            [sys.executable] + list(args), env=environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def run_main(self, url: str) -> Tuple[int, str]:
        """Run main.py against ``url``; return its status and its output."""
        text = (LESSON / "main.py").read_text("utf-8")
        with open("main_here.py", "w", encoding="utf-8") as file:
            file.write(text.replace("http://localhost:5000", url))
        process = self.run_python("main_here.py")
        output = process.communicate(timeout=60)[0].decode("utf-8")
        return process.returncode, output

    def test_main_is_silent_when_all_is_well(self) -> None:
        """The app runs on a free port, since 5000 may be taken."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        app = self.run_python(
            "-c", "import app; app.app.run(port={})".format(port))
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and app.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        url = "http://localhost:{}".format(port)
        self.assertEqual(self.run_main(url), (0, ""))
        self.assertIsNone(app.poll())

    def test_main_fails_aloud_when_something_is_wrong(self) -> None:
        """A service that welcomes everybody does not pass."""
        with serving(self.module.app) as url:
            with mock.patch.dict(self.module.app.view_functions,
                                 profile=self.module.index):
                status, output = self.run_main(url)
        self.assertEqual(status, 1)
        self.assertIn("AssertionError", output)


class TestEachStep(AppTest):
    """Every step passes on the right service and notices a wrong one."""

    def setUp(self) -> None:
        """Serve an app where one user is registered."""
        super().setUp()
        context = serving(self.module.app)
        url = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        for name, value in (("URL", url), ("EMAIL", EMAIL)):
            patch = mock.patch.object(main, name, value)
            patch.start()
            self.addCleanup(patch.stop)

    def assert_notices(self, view: str, answer: Callable[[], Any],
                       step: Callable[..., Any], *args: str) -> None:
        """Break one view, and check that the step fails."""
        with mock.patch.dict(self.module.app.view_functions,
                             {view: answer}):
            with self.assertRaises((AssertionError, KeyError)):
                step(*args)

    def test_steps_that_should_pass_do(self) -> None:
        """In the order of the exercise."""
        main.register_user("new@example.com", PASSWD)
        main.log_in_wrong_password(EMAIL, "wrong")
        main.profile_unlogged()
        session_id = main.log_in(EMAIL, PASSWD)
        self.assertEqual(session_id, self.user.session_id)
        main.profile_logged(session_id)
        main.log_out(session_id)
        self.assertIsNone(self.user.session_id)
        token = main.reset_password_token(EMAIL)
        self.assertEqual(token, self.user.reset_token)
        main.update_password(EMAIL, token, "new")
        main.log_in(EMAIL, "new")

    def test_register_user_notices(self) -> None:
        """An address that is taken, and an address that is taken twice."""
        created = {"email": "b@x.org", "message": "user created"}
        for answer in (lambda: jsonify({}), lambda: jsonify(created)):
            self.assert_notices("users", answer, main.register_user,
                                "b@x.org", PASSWD)
        with self.assertRaises(AssertionError):
            main.register_user(EMAIL, PASSWD)

    def test_the_logins_notice(self) -> None:
        """A right password that is refused, a wrong one that is not."""
        logged_in = {"email": EMAIL, "message": "logged in"}
        with self.assertRaises(AssertionError):
            main.log_in_wrong_password(EMAIL, PASSWD)
        with self.assertRaises(AssertionError):
            main.log_in(EMAIL, "wrong")
        for answer in (lambda: jsonify({}), lambda: jsonify(logged_in)):
            self.assert_notices("login", answer, main.log_in, EMAIL, PASSWD)

        def refused_with_cookie() -> Any:
            """Refuse, but hand out a cookie all the same."""
            return "", 401, {"Set-Cookie": "session_id=x"}

        self.assert_notices("login", refused_with_cookie,
                            main.log_in_wrong_password, EMAIL, "wrong")

    def test_the_profiles_notice(self) -> None:
        """A profile that is open to all, closed to all, or another's."""
        session_id = main.log_in(EMAIL, PASSWD)
        self.assert_notices("profile", lambda: jsonify({"email": EMAIL}),
                            main.profile_unlogged)
        self.assert_notices("profile", lambda: jsonify({"email": "b@x.org"}),
                            main.profile_logged, session_id)
        with self.assertRaises(AssertionError):
            main.profile_logged("unknown")

    def test_log_out_notices(self) -> None:
        """A logout that is refused, leads nowhere, or ends nothing."""
        session_id = main.log_in(EMAIL, PASSWD)
        with self.assertRaises(AssertionError):
            main.log_out("unknown")
        for location in ("/profile", "/"):
            self.assert_notices(
                "logout", lambda: ("", 302, {"Location": location}),
                main.log_out, session_id)

    def test_the_resets_notice(self) -> None:
        """A token for strangers, and a token that works twice."""
        with self.assertRaises(AssertionError):
            main.reset_password_token("b@x.org")
        self.assert_notices(
            "get_reset_password_token",
            lambda: jsonify({"email": "b@x.org", "reset_token": "x"}),
            main.reset_password_token, EMAIL)
        with self.assertRaises(AssertionError):
            main.update_password(EMAIL, "unknown", "new")
        updated = {"email": EMAIL, "message": "Password updated"}
        for answer in (lambda: jsonify({}), lambda: jsonify(updated)):
            self.assert_notices("update_password", answer,
                                main.update_password, EMAIL, "t", "new")


if __name__ == "__main__":
    unittest.main()
