#!/usr/bin/env python3
"""What the tests share: a directory to throw away, threads, a real server."""
import logging
import os
import sqlite3
import sys
import tempfile
import unittest
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier, Thread
from typing import Any, Callable, Iterator, List
from unittest import mock

import bcrypt
from flask import Flask
from werkzeug.serving import make_server

LESSON = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(LESSON))

from auth import Auth  # noqa: E402 - the path comes first

EMAIL = "a@example.com"
# Too long in characters, too long in bytes, cut by C, and no text at all.
UNUSABLE = ("x" * 73, "\u00e9" * 37, "a\0b", "\ud800")
REAL_GENSALT = bcrypt.gensalt


def cheap_salt(rounds: int = 12) -> bytes:
    """Return a salt of bcrypt's lowest cost, whatever is asked for."""
    return REAL_GENSALT(4)


class LessonTest(unittest.TestCase):
    """A test in an empty directory, with hashes that cost nothing.

    Each real hash takes a quarter of a second, on purpose; a suite that makes
    hundreds of them would take minutes, and nobody would run it.
    """

    def setUp(self) -> None:
        """Enter an empty directory, so that no a.db is left anywhere."""
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(directory.name)
        patch = mock.patch("bcrypt.gensalt", cheap_salt)
        patch.start()
        self.addCleanup(patch.stop)


class DeskTest(LessonTest):
    """A test with a front desk, and one user whose password is right."""

    def setUp(self) -> None:
        """Register the user."""
        super().setUp()
        self.auth = Auth()
        self.user = self.auth.register_user(EMAIL, "right")


def in_thread(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call ``function`` in a thread that is over afterwards."""
    return at_once([lambda: function(*args, **kwargs)])[0]


def at_once(functions: List[Callable[[], Any]]) -> List[Any]:
    """Call all functions at one moment; return results or exceptions."""
    results = [None] * len(functions)  # type: List[Any]
    barrier = Barrier(len(functions))

    def run(index: int) -> None:
        """Wait until everybody is ready, then call one of the functions."""
        barrier.wait(timeout=30)
        try:
            results[index] = functions[index]()
        except Exception as error:
            results[index] = error

    threads = [Thread(target=run, args=(index,), daemon=True)
               for index in range(len(functions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results


def sql(statement: str, *values: Any) -> List[Any]:
    """Run a statement on a.db as another process would."""
    connection = sqlite3.connect("a.db")
    try:
        with connection:
            return connection.execute(statement, values).fetchall()
    finally:
        connection.close()


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """Serve ``app`` with threads on a free port, and give its URL."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    # It looks every 10 ms whether it should stop; each test waits for that.
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield "http://127.0.0.1:{}".format(server.server_port)
    finally:
        server.shutdown()
        thread.join(timeout=30)
        server.server_close()
