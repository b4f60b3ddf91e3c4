"""A target in a folder: its copy, the probe that runs it, and the end of both."""

from __future__ import annotations

import ast
import json
import os
import secrets
import select
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from vestibule.lab.probe.verdict import Unmet, failure
from vestibule.lab.probe.world import MODULES
from vestibule.lab.report import Unusable

LAB = Path(__file__).parent
# The first entry of the path is the target's folder, which may hold a json.py of its own.
BOOT = (
    "import sys; sys.path[0] = sys.argv[1]; from probe import nursery; sys.path.pop(0); "
    "[sys.modules.pop(n) for n in list(sys.modules) if n.partition('.')[0] == 'probe']; "
    "nursery.main()"
)
START_SECONDS = 30.0
GRACE_SECONDS = 5.0
MOST_FILES = 5_000
MOST_BYTES = 100_000_000
LEFT_OUT = {".git", ".hg", ".venv", "venv", "node_modules", "__pycache__", ".mypy_cache"}

FILES = [f"{module}.py" for module in MODULES]

Verdict = dict[str, object]


class Folder:
    """A copy of the target's folder with a probe in it; to be closed.

    ``files`` are those of the five that are there.

    :raises Unusable: it is no folder, too big a one, or ``python`` is no interpreter for it.
    """

    def __init__(self, path: Path, python: str) -> None:
        self.path = f"/{secrets.token_urlsafe(16)}"
        self._buffer = b""
        self._children: set[int] = set()
        self._stand_ins: list[int] = []
        with ExitStack() as stack:
            room = stack.enter_context(
                tempfile.TemporaryDirectory(prefix="vestibule-check-", ignore_cleanup_errors=True)
            )
            self._copy = Path(room) / "target"
            copy(path, self._copy)
            self._probe = self._start(python)
            stack.callback(self._end)
            greeting = self._read(START_SECONDS)
            if "python" not in greeting:
                raise Unusable(f"{python} did not start as Python 3.7 or later")
            self.python = str(greeting["python"])
            self.files = [name for name in FILES if (self._copy / name).exists()]
            require(python, imported(self._copy) & set(as_list(greeting.get("missing"))))
            self._stack = stack.pop_all()

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def check(
        self,
        key: str,
        *,
        stand_ins: list[int],
        seconds: float,
        port: int | None = None,
        keep_database: bool = False,
    ) -> Verdict:
        """Return the verdict of one check inside the target's interpreter."""
        details = {"key": key, "port": port, "keep_database": keep_database}
        return self._order("check", stand_ins=stand_ins, seconds=seconds, **details)

    def serve(self, *, threaded: bool, stand_ins: list[int], seconds: float) -> Verdict:
        """Serve the target's app; return its ``port`` and ``pid``, or a verdict."""
        self._stand_ins = stand_ins
        details = {"threaded": threaded, "backstage": self.path, "keep_database": False}
        return self._order("serve", stand_ins=stand_ins, seconds=seconds, **details)

    def stop(self, pid: int) -> None:
        """End a server."""
        self._order("stop", pid=pid, seconds=1.0)
        self._children.discard(pid)

    def recreate_database(self, *, delete_first: bool) -> None:
        """Drop and recreate the database from another process, or delete its file and make one.

        :raises Unmet: the target's own ``DB()`` does not do so.
        """
        if delete_first:
            with suppress(OSError):
                (self._copy / "a.db").unlink()
        verdict = self.check(
            "recreate-database", stand_ins=self._stand_ins, seconds=5.0, keep_database=True
        )
        if verdict:
            raise Unmet(str(verdict["expected"]), str(verdict["seen"]))

    def _start(self, python: str) -> subprocess.Popen[bytes]:
        try:
            # The user names the interpreter: that is what --python is for.
            return subprocess.Popen(  # noqa: S603
                [python, "-B", "-c", BOOT, str(LAB)],
                cwd=self._copy,
                # It is meant for our interpreter, and may be relative to our folder.
                env={name: v for name, v in os.environ.items() if name != "PYTHONPATH"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise Unusable(f"{python} cannot be run: {error.strerror}") from error

    def _order(self, order: str, *, seconds: float, **details: object) -> Verdict:
        line = json.dumps({"order": order, "seconds": seconds, **details}).encode() + b"\n"
        try:
            assert self._probe.stdin is not None  # noqa: S101 - for mypy: it is a pipe
            self._probe.stdin.write(line)
            self._probe.stdin.flush()
            answer = self._read(seconds + GRACE_SECONDS)
            if "started" in answer:
                pid = int(str(answer["started"]))
                self._children.add(pid)
                answer = self._read(seconds + GRACE_SECONDS)
                return self._verdict(pid, answer)
        except OSError:
            answer = {}
        return {} if "result" in answer else lost()

    def _verdict(self, pid: int, answer: Verdict) -> Verdict:
        result = answer.get("result")
        if not isinstance(result, dict):
            return lost()
        if "port" in result:
            return {**result, "pid": pid}
        self._children.discard(pid)
        return result

    def _read(self, seconds: float) -> Verdict:
        """Return the probe's next line, or nothing if it has ended or says none in time."""
        assert self._probe.stdout is not None  # noqa: S101 - for mypy: it is a pipe
        end = time.monotonic() + seconds
        while b"\n" not in self._buffer:
            left = max(end - time.monotonic(), 0)
            if not select.select([self._probe.stdout], [], [], left)[0]:
                return {}
            more = os.read(self._probe.stdout.fileno(), 65536)
            if not more:
                return {}
            self._buffer += more
        line, _, self._buffer = self._buffer.partition(b"\n")
        try:
            answer = json.loads(line)
        except ValueError:
            return {}
        return answer if isinstance(answer, dict) else {}

    def _end(self) -> None:
        """End what still runs, and the probe."""
        # Nobody waits for these any more, and the probe may be gone.
        for pid in self._children:
            end_group(pid)
        for pipe in (self._probe.stdin, self._probe.stdout):
            assert pipe is not None  # noqa: S101 - for mypy: they are pipes
            with suppress(OSError):
                pipe.close()
        try:
            self._probe.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            end_group(self._probe.pid)
            self._probe.wait()


def end_group(pid: int) -> None:
    """End a process of ours and its group, if it is still there."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def lost() -> Verdict:
    """Return the verdict on a target that has ended the probe itself."""
    return failure("a target that leaves its parent process alone", "the probe is gone")


def as_list(value: object) -> list[object]:
    """Return a value that should be a list, or an empty one."""
    return value if isinstance(value, list) else []


def require(python: str, missing: set[object]) -> None:
    """Go on if nothing is missing.

    :raises Unusable: the folder cannot do without what the interpreter does not have.
    """
    if missing:
        names = ", ".join(sorted(map(str, missing)))
        raise Unusable(
            f"{python} has no module {names}: "
            "name an interpreter that has what the folder imports with --python"
        )


def imported(folder: Path) -> set[object]:
    """Return the modules that the five files import at once and do not bring along themselves."""
    names: set[object] = set()
    for file in FILES:
        # What is missing, or no Python, is graded as such.
        with suppress(OSError, SyntaxError, ValueError, RecursionError):
            for node in ast.parse((folder / file).read_bytes()).body:
                if isinstance(node, ast.Import):
                    names |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    names.add((node.module or "").partition(".")[0])
    return {n for n in names if not list(folder.glob(f"{n}.py")) and not (folder / str(n)).is_dir()}


def copy(source: Path, destination: Path) -> None:
    """Copy the folder without what no check reads: environments, caches, special files.

    :raises Unusable: it is far bigger than the exercise.
    """
    files, size = 0, 0

    def leave_out(folder: str, names: list[str]) -> set[str]:
        nonlocal files, size
        left_out = {name for name in names if name in LEFT_OUT or name.startswith("a.db")}
        for name in set(names) - left_out:
            path = Path(folder, name)
            with suppress(OSError):
                found = path.stat()
                files, size = files + 1, size + found.st_size
                if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
                    left_out.add(name)
                if (path / "pyvenv.cfg").exists():
                    left_out.add(name)
        if files > MOST_FILES or size > MOST_BYTES:
            raise Unusable(f"{source} holds far more than the exercise")
        return left_out

    # What cannot be copied is missing in the copy, and is graded as missing.
    with suppress(shutil.Error):
        shutil.copytree(source, destination, ignore=leave_out)
    destination.mkdir(exist_ok=True)
