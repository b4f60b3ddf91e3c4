"""One run over a folder: functions, then routes, then what lies beyond."""

from __future__ import annotations

import time
from functools import partial

from vestibule.lab.catalogue import BEYOND, INSIDE
from vestibule.lab.checks import OVER_HTTP
from vestibule.lab.client import Client
from vestibule.lab.course import Course
from vestibule.lab.folder import Folder, Verdict
from vestibule.lab.report import Report
from vestibule.lab.site import FolderSite

# Checks of the target's own functions, even of those that failed their tasks.
OWN = {"empty-secrets": {12, 13, 18}}
# The modules that checks beyond the exercise import; those of style import nothing.
NEEDED = {"stale-objects": "auth", "failed-insert": "db", "names": "app"}
EMPTY = (
    "There is none of user.py, db.py, auth.py, app.py and main.py in this folder: "
    "name the one that holds them."
)


class FolderRun:
    """One run over a folder: first each function alone, then the routes, then what lies beyond.

    A function that fails its task is replaced by ours for everything after it, so that what
    stands on it is judged by its own mistakes.
    """

    def __init__(self, folder: Folder, course: Course) -> None:
        self._folder = folder
        self._course = course
        self._stand_ins: list[int] = []
        self._broken: dict[str, Verdict] = {}
        self._server: Verdict = {}
        self._threaded = False
        self._served_with: list[int] = []

    def report(self, target: str) -> Report:
        """Make all checks and return their verdicts."""
        course = self._course
        self._functions()
        routes = [self._over_http(key) for key in OVER_HTTP if key.isdigit()]
        self._main(routes_passed=not any(routes))
        self._threaded = True
        self._stop()
        for key in filter(course.wanted, BEYOND):
            if key in OVER_HTTP:
                self._over_http(key)
        self._stop()
        for key in filter(course.wanted, BEYOND):
            if key not in OVER_HTTP:
                self._inside(key, NEEDED.get(key))
        return Report(
            target=target,
            kind="folder",
            python=self._folder.python,
            tasks=course.tasks(),
            beyond=course.results_beyond(),
            stood_in=sorted(self._stand_ins),
            notes=[] if self._folder.files else [EMPTY],
            seconds=course.elapsed,
        )

    def _functions(self) -> None:
        """Check what needs no server, from the table upwards."""
        imported: set[str] = set()
        for number, module in INSIDE.items():
            if module not in imported:
                imported.add(module)
                self._import(module)
            verdict = self._inside(str(number), module)
            # A missing table can be stood in for; a missing file of functions cannot.
            if verdict and module != "app" and (module == "user" or module not in self._broken):
                self._stand_ins.append(number)

    def _import(self, module: str) -> None:
        seconds = max(self._course.limit(), 0.1)
        verdict = self._check(f"import {module}", seconds)
        if verdict:
            self._broken[module] = {**verdict, "expected": f"{module}.py to be imported"}

    def _inside(self, key: str, module: str | None, port: int | None = None) -> Verdict:
        """Note and return the verdict of a check in the target's interpreter."""

        def check(limit: float) -> Verdict:
            if module in self._broken:
                return self._broken[module]
            return self._check(key, limit, port)

        return self._course.judge(key, check)

    def _check(self, key: str, seconds: float, port: int | None = None) -> Verdict:
        return self._folder.check(
            key,
            stand_ins=self._stand_ins,
            seconds=seconds,
            port=port,
            # A server that runs has its database there.
            keep_database=bool(self._server),
        )

    def _over_http(self, key: str) -> Verdict:
        """Note and return the verdict of a check over HTTP."""
        check = OVER_HTTP[key]
        verdict = self._course.judge(key, partial(self._ask, key), check.patience)
        if verdict:
            # It may have left the server waiting, or dead.
            self._stop()
        return verdict

    def _ask(self, key: str, limit: float) -> Verdict:
        if "app" in self._broken:
            return self._broken["app"]
        stand_ins = [number for number in self._stand_ins if number not in OWN.get(key, ())]
        if stand_ins != self._served_with:
            self._stop()
        if not self._server:
            self._served_with = stand_ins
            self._server = self._folder.serve(
                threaded=self._threaded, stand_ins=stand_ins, seconds=limit
            )
        if "port" not in self._server:
            self._broken["app"] = self._server
            return self._server
        client = Client(f"http://127.0.0.1:{self._server['port']}")
        client.deadline = time.monotonic() + limit
        return OVER_HTTP[key].judge(FolderSite(client, self._folder))

    def _main(self, *, routes_passed: bool) -> None:
        """Check ``main.py``, against the target's own app if that is right, or against ours."""
        self._import("main")
        own = int(str(self._server["port"])) if routes_passed and "port" in self._server else None
        self._inside("20", "main", own)

    def _stop(self) -> None:
        """End the server, if there is one, so that the next check gets a new one."""
        if "pid" in self._server:
            self._folder.stop(int(str(self._server["pid"])))
        self._server = {}
