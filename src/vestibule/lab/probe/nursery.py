"""Starts each check in a process of its own, ends it when its time is over, and outlives it.

Orders come as lines of JSON on standard input, answers leave as lines of JSON on what was the
standard output; the target's own output goes nowhere. The libraries are imported once, here, and
the target never is: a fork has them ready.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.util
import json
import os
import platform
import select
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from . import (
    app_tasks,
    auth_tasks,
    beyond_inside,
    main_tasks,
    serve,
    stand_ins,
    storage_tasks,
    style,
)
from .verdict import Check, failure, true
from .world import DATABASE, MODULES, World, cheap_hashes, inside, prepare

if TYPE_CHECKING:
    from collections.abc import Callable

    Verdict = dict[str, object]

ROOMS = (app_tasks, auth_tasks, beyond_inside, main_tasks, storage_tasks, style)
SLOW_ROUNDS = 8
# What the exercise is made of, by the names that a folder imports.
COMPONENTS = ("bcrypt", "flask", "requests", "sqlalchemy")
LIBRARIES = ("bcrypt", "flask.testing", "requests", "sqlalchemy.orm", "sqlalchemy.dialects.sqlite")


def importing(name: str) -> Callable[[World], None]:
    """Return a check that only imports one of the target's modules."""

    def run(world: World) -> None:
        there = Path(f"{name}.py").exists() or Path(name).is_dir()
        true(f"a file {name}.py", there, "no such file")
        world.module(name)

    run.__doc__ = f"{name}.py to be imported"
    return run


for module in MODULES:
    inside(f"import {module}")(importing(module))


class Nursery:
    """Carries out orders, one after the other, in children that it ends itself."""

    def __init__(self, answers: TextIO) -> None:
        self._answers = answers
        self._children: dict[int, int] = {}

    def say(self, **answer: object) -> None:
        """Send one answer."""
        self._answers.write(json.dumps(answer) + "\n")
        self._answers.flush()

    def obey(self, order: dict[str, Any]) -> None:
        """Carry out one order and say how it went."""
        if order["order"] == "stop":
            self.end(order["pid"])
            self.say(result={})
            return
        if not order["keep_database"]:
            for path in Path().glob(f"{DATABASE}*"):
                with contextlib.suppress(OSError):
                    path.unlink()
        pid = self.start(serving if order["order"] == "serve" else checking, order)
        self.say(started=pid)
        result = self.listen(pid, float(order["seconds"]))
        if "port" not in result:
            self.end(pid)
        self.say(result=result)

    def start(self, work: Callable[..., None], order: dict[str, Any]) -> int:
        """Start ``work`` in a child, at the head of its own process group, and return its id."""
        read, write = os.pipe()
        pid = os.fork()
        if pid:
            os.close(write)
            self._children[pid] = read
            return pid
        try:
            os.setsid()
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.close(self._answers.fileno())
            work(order, write)
        except BaseException as error:  # noqa: BLE001 - a child must end here, whatever happens
            tell(write, failure("the target to be made ready", f"{type(error).__name__}: {error}"))
        finally:
            os._exit(0)

    def listen(self, pid: int, seconds: float) -> Verdict:
        """Return what a child tells within its time."""
        end, told = time.monotonic() + seconds, b""
        while not told.endswith(b"\n"):
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._children[pid]], [], [], left)[0]:
                return failure(f"an end within {seconds:g} s", "none: it was stopped", silent=True)
            more = os.read(self._children[pid], 65536)
            if not more:
                return failure("a target that lives", "it ended its own process")
            told += more
        verdict: Verdict = json.loads(told.decode())
        return verdict

    def end(self, pid: int) -> None:
        """End a child of ours and whatever it started in its group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(self._children.pop(pid))

    def end_all(self) -> None:
        """End the children that are left."""
        for pid in list(self._children):
            self.end(pid)


def checking(order: dict[str, Any], write: int) -> None:
    """Judge the target by one check and tell the verdict."""
    world = World(order.get("port"))
    check: Check[World] = inside[order["key"]]
    ready(world, order)
    tell(write, check.judge(world))


def serving(order: dict[str, Any], write: int) -> None:
    """Serve the target's app, tell the port, and go on until the end."""
    ready(World(), order)
    if order["threaded"]:
        # Long enough for requests to overtake each other between a look and a write.
        cheap_hashes(SLOW_ROUNDS)
    server = serve.server(order["backstage"], order["threaded"])
    tell(write, {"port": server.server_port})
    server.serve_forever()


def ready(world: World, order: dict[str, Any]) -> None:
    """Make the target importable, with stand-ins for what has failed."""
    prepare(world)
    stand_ins.put_in(order["stand_ins"])


def tell(write: int, verdict: Verdict) -> None:
    """Send the verdict of a child to its parent."""
    os.write(write, json.dumps(verdict).encode() + b"\n")


def main() -> None:
    """Carry out orders until they end."""
    answers = os.fdopen(os.dup(1), "w")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    for library in LIBRARIES:
        # What the target needs and the interpreter lacks is found where the target imports it.
        with contextlib.suppress(Exception):
            importlib.import_module(library)
    # The collector of a child would touch, and so copy, everything that was imported here.
    gc.freeze()
    nursery = Nursery(answers)
    missing = [name for name in COMPONENTS if importlib.util.find_spec(name) is None]
    nursery.say(python=platform.python_version(), missing=missing)
    try:
        for line in sys.stdin:
            nursery.obey(json.loads(line))
    finally:
        nursery.end_all()
