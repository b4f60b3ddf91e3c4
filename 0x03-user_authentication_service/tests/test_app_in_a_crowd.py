#!/usr/bin/env python3
"""The whole app on a real server: crowds, and clients that mean harm."""
import os
import socket
import unittest
from typing import Any, List, Tuple
from urllib.parse import urlparse

import requests

from support import EMAIL, at_once, serving, sql
from test_app import AppTest

FORM = "Content-Type: application/x-www-form-urlencoded"


class TestCrowd(AppTest):
    """Many clients at once, each on a thread of the server."""

    def test_twelve_registrations_of_one_address_make_one_account(
            self) -> None:
        """One 200, eleven 400, one row."""
        form = {"email": "new@example.com", "password": "x"}
        with serving(self.module.app) as url:
            answers = at_once(
                [lambda: requests.post(url + "/users", data=form)] * 12)
        self.assertEqual(sorted(answer.status_code for answer in answers),
                         [200] + [400] * 11)
        self.assertEqual(sql(
            "SELECT count(*) FROM users WHERE email = 'new@example.com'"),
            [(1,)])

    def test_one_token_used_twelve_times_works_once(self) -> None:
        """One 200, eleven 403."""
        token = self.module.AUTH.get_reset_password_token(EMAIL)
        form = {"email": EMAIL, "reset_token": token, "new_password": "new"}
        with serving(self.module.app) as url:
            answers = at_once(
                [lambda: requests.put(url + "/reset_password", data=form)]
                * 12)
        self.assertEqual(sorted(answer.status_code for answer in answers),
                         [200] + [403] * 11)

    def test_two_hundred_users_log_in_and_see_themselves(self) -> None:
        """Everybody gets a session, and sees nobody else's profile."""
        emails = ["user{}@example.com".format(n) for n in range(200)]
        for email in emails:
            self.module.AUTH.register_user(email, "x")

        def visit(url: str, email: str) -> Tuple[int, int, Any]:
            """Log in, then look at the profile."""
            session = requests.Session()
            form = {"email": email, "password": "x"}
            login = session.post(url + "/sessions", data=form, timeout=60)
            profile = session.get(url + "/profile", timeout=60)
            return login.status_code, profile.status_code, profile.json()

        with serving(self.module.app) as url:
            answers = at_once(
                [lambda email=email: visit(url, email) for email in emails])
        self.assertEqual(
            answers, [(200, 200, {"email": email}) for email in emails])

    def test_logins_of_one_user_leave_one_session(self) -> None:
        """The last login wins, and no other cookie opens the profile."""
        form = {"email": EMAIL, "password": "right"}
        with serving(self.module.app) as url:
            answers = at_once(
                [lambda: requests.post(url + "/sessions", data=form)] * 12)
            profiles = [
                requests.get(url + "/profile", cookies=answer.cookies)
                for answer in answers]
        self.assertEqual({answer.status_code for answer in answers}, {200})
        self.assertEqual(sorted(answer.status_code for answer in profiles),
                         [200] + [403] * 11)

    def test_the_file_may_be_lost_under_the_running_server(self) -> None:
        """The next request works; the user is simply unknown."""
        form = {"email": EMAIL, "password": "right"}
        with serving(self.module.app) as url:
            for lose in (lambda: os.remove("a.db"),
                         lambda: sql("DROP TABLE users")):
                session = requests.Session()
                requests.post(url + "/users", data=form)
                self.assertEqual(session.post(
                    url + "/sessions", data=form).status_code, 200)
                lose()
                self.assertEqual(
                    session.get(url + "/profile").status_code, 403)
                lose()
                self.assertEqual(
                    session.post(url + "/sessions", data=form).status_code,
                    401)
                lose()
                self.assertEqual(
                    session.post(url + "/users", data=form).status_code, 200)


class TestHostileClients(AppTest):
    """Whatever a client sends, it is never answered with a 5xx."""

    def status(self, url: str, method: str, path: str, lines: List[str],
               body: bytes = b"") -> int:
        """Send bytes that no decent client would, and return the status."""
        head = "\r\n".join(
            ["{} {} HTTP/1.1".format(method, path), "Host: localhost",
             "Connection: close"] + lines) + "\r\n\r\n"
        address = urlparse(url)
        with socket.create_connection(
                (address.hostname, address.port), timeout=30) as connection:
            connection.sendall(head.encode("latin-1") + body)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.makefile("rb").readline()
        return int(answer.split()[1])

    def test_strange_fields(self) -> None:
        """NUL, half characters, broken UTF-8 and very long texts."""
        values = (b"%00", b"%ed%a0%80", b"\xff\xfe", b"%ff", b"%", b"&&==",
                  b"x" * 10000, b"x" * 400000)
        with serving(self.module.app) as url:
            for method, path in (("POST", "/users"), ("POST", "/sessions"),
                                 ("POST", "/reset_password"),
                                 ("PUT", "/reset_password")):
                for value in values:
                    body = b"&".join(name + b"=" + value for name in (
                        b"email", b"password", b"reset_token",
                        b"new_password"))
                    lines = [FORM, "Content-Length: {}".format(len(body))]
                    with self.subTest(path=path, value=value[:20]):
                        self.assertLess(self.status(
                            url, method, path, lines, body), 500)

    def test_strange_encodings(self) -> None:
        """The client names an encoding that is odd, or does not exist."""
        body = ("--B\r\nContent-Disposition: form-data; name={}\r\n"
                "Content-Type: text/plain; charset={}\r\n\r\n"
                "\\ud800\r\n--B--\r\n")
        with serving(self.module.app) as url:
            for charset in ("unicode_escape", "hex", "klingon", "utf-7"):
                data = body.format("email", charset).encode("ascii")
                lines = ["Content-Type: multipart/form-data; boundary=B",
                         "Content-Length: {}".format(len(data))]
                for path, expected in (("/users", 400), ("/sessions", 401),
                                       ("/reset_password", 403)):
                    with self.subTest(charset=charset, path=path):
                        self.assertEqual(self.status(
                            url, "POST", path, lines, data), expected)

    def test_broken_bodies(self) -> None:
        """A body that breaks off holds no fields."""
        chunked = [FORM, "Transfer-Encoding: chunked"]
        with serving(self.module.app) as url:
            for body in (b"zz\r\nemail=a\r\n", b"-5\r\nemail=a\r\n", b""):
                with self.subTest(body=body):
                    self.assertEqual(self.status(
                        url, "POST", "/users", chunked, body), 400)

    def test_huge_bodies(self) -> None:
        """A form of a megabyte is too large to be read."""
        response = self.ask("POST", "/users", email=EMAIL,
                            password="x" * 2 ** 20)
        self.assertEqual(response.status_code, 413)

    def test_strange_cookies(self) -> None:
        """They open nothing."""
        with serving(self.module.app) as url:
            for cookie in ("session_id=\xff\xed\xa0\x80", "session_id",
                           'session_id="\\355\\240\\200"', ";;=;==",
                           "session_id=" + "x" * 10000):
                with self.subTest(cookie=cookie[:30]):
                    self.assertEqual(self.status(
                        url, "GET", "/profile", ["Cookie: " + cookie]), 403)


if __name__ == "__main__":
    unittest.main()
