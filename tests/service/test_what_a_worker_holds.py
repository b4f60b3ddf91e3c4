"""A worker loads what everybody needs, and gives back what was needed for a while."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from tests.attacks.memory import resident
from tests.conftest import Serve
from tests.stage.crowd import crowd
from tests.stage.visits import ALICE, PASSWORD, eventually

# What each costs every worker that loads it: from a third of a megabyte to fifteen.
HEAVY = (
    "alembic",
    "argon2",
    "bcrypt",
    "cryptography",
    "psycopg",
    "redis",
    "rich",
    "segno",
    "smtplib",
    "sqlalchemy.dialects.postgresql",
    "vestibule.auth.breach_range",
    "webauthn",
    "zxcvbn",
)
# Whoever else comes along costs memory in every worker, and time at each start: let it be seen.
OTHERS = {
    *("annotated_types", "anyio", "blinker", "click", "cython_runtime", "deprecated"),
    *("dotenv", "email_validator", "flask", "granian", "greenlet", "idna", "itsdangerous"),
    *("jinja2", "limits", "markupsafe", "nacl", "packaging", "pydantic", "pydantic_core"),
    *("pydantic_settings", "pyotp", "pysqlite3", "sqlalchemy", "typing_extensions"),
    *("typing_inspection", "uvloop", "vestibule", "werkzeug", "wrapt"),
}
# Of Python's own, what is dear and needed by nobody who checks a session or logs in.
UNNEEDED = (
    *("doctest", "ensurepip", "ftplib", "imaplib", "pydoc", "smtplib", "sqlite3", "tkinter"),
    *("unittest", "xml", "xmlrpc", "concurrent.futures.process", "multiprocessing.pool"),
)
VISIT = """
import sys
from vestibule import serve
from vestibule.app import create_app
from vestibule.auth.policy import common
from vestibule.config import Settings

visitor = create_app(Settings(data=sys.argv[1]), migrate=False, worker=False).test_client()
wrong = {"email": "alice@example.com", "password": "marzipan at noon"}
assert visitor.get("/profile").status_code == 403
assert visitor.post("/sessions", data=wrong).status_code == 401
if common.cache_info().currsize:
    print("the common passwords")
print(*sys.modules)
"""
FIRST_START = """
import sys
from pathlib import Path
from vestibule.cli.run import upgraded
from vestibule.config import Settings, prepare_data

settings = Settings(data=Path(sys.argv[1]))
prepare_data(settings)
assert upgraded(settings).before is None
assert upgraded(settings).before == upgraded(settings).after
print(*(name for name in ("alembic", "mako") if name in sys.modules))
"""
# In KiB: more than connections and caches take, less than the 19 MiB of one hash.
SOME = 12 * 1024
# HEAP_MAX_SIZE of glibc on 64-bit machines; each begins at a multiple of it.
ARENA = 64 * 1024 * 1024


@pytest.fixture
def loaded(tmp_path: Path) -> set[str]:
    """The modules of a process that has answered a check and a login."""
    upgrade = "import sys; from vestibule.config import Settings, clock, prepare_data;"
    upgrade += "from vestibule.migrations import upgrade; settings = Settings(data=sys.argv[1]);"
    upgrade += "prepare_data(settings); upgrade(settings.database, clock())"
    subprocess.run([sys.executable, "-c", upgrade, str(tmp_path)], check=True)
    visit = [sys.executable, "-c", VISIT, str(tmp_path)]
    ran = subprocess.run(visit, capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


def test_a_check_and_a_login_load_nothing_heavy(loaded: set[str]) -> None:
    assert {*HEAVY, *UNNEEDED, "common"} & loaded == set()


def test_a_check_and_a_login_load_these_packages_and_no_others(loaded: set[str]) -> None:
    packages = {name.partition(".")[0] for name in loaded} - sys.stdlib_module_names
    # Those that begin so are parts of others, or of how this checkout is installed.
    assert {name for name in packages if not name.startswith("_")} - OTHERS == set()


def test_a_first_start_leaves_nothing_of_its_migrations_to_workers(tmp_path: Path) -> None:
    start = [sys.executable, "-c", FIRST_START, str(tmp_path / "data")]
    ran = subprocess.run(start, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == []


def test_what_logins_took_is_given_back_when_they_are_over(server: Serve) -> None:
    running = server(workers=1, login_failures_per_account=0)
    form = {"email": ALICE, "password": PASSWORD}
    (before,) = resident(running).values()
    running.visitor().post("/users", data=form)
    for _ in range(2):
        answers = crowd(running, 8, lambda one, _: one.post("/sessions", data=form))
        assert {answer.status_code for answer in answers} == {200}
    eventually(lambda: max(resident(running).values()) < before + SOME)


@pytest.mark.skipif(sys.platform != "linux", reason="it is about glibc")
def test_all_threads_of_a_worker_share_one_arena(server: Serve) -> None:
    """Of another, what hashes of other software took would stay: glibc trims the main one."""
    running = server(workers=2)
    visits = [running.visitor().get("/profile").status_code for _ in range(8)]
    assert visits == [403] * 8
    assert [arenas(pid) for pid in running.workers()] == [0, 0]


def arenas(pid: int) -> int:
    """How many arenas there are besides the main one, each in 64 MiB that it may fill."""
    maps = [
        re.match(r"(?P<start>[0-9a-f]+)-(?P<end>[0-9a-f]+) (?P<may>\S+)", line)
        for line in Path(f"/proc/{pid}/maps").read_text(encoding="ascii").splitlines()
    ]
    found = [(int(m["start"], 16), int(m["end"], 16), m["may"]) for m in maps if m]
    return sum(
        (start % ARENA, end - start, used, free) == (0, ARENA, "rw-p", "---p")
        for (start, _, used), (_, end, free) in pairwise(found)
    )


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such policy")
def test_no_thread_of_a_worker_interrupts_another_by_waking_up(server: Serve) -> None:
    running = server(workers=2)
    running.visitor().post("/sessions", data={"email": ALICE, "password": PASSWORD})
    threads = [int(task.name) for pid in running.workers() for task in tasks(pid)]
    assert len(threads) > len(running.workers())
    assert {os.sched_getscheduler(thread) for thread in threads} == {os.SCHED_BATCH}


# How much of a worker is never looked at for garbage, and how much may be.
BUILT = """
import gc
from vestibule import serve

serve.worker()
print(gc.get_freeze_count(), len(gc.get_objects()))
"""


def test_what_a_worker_is_built_of_is_not_looked_through_for_garbage(tmp_path: Path) -> None:
    data = {"VESTIBULE_DATA": str(tmp_path / "data")}
    start = [sys.executable, "-m", "vestibule", "db", "upgrade"]
    subprocess.run(start, env=os.environ | data, capture_output=True, check=True)
    ran = subprocess.run(
        [sys.executable, "-c", BUILT], env=os.environ | data, capture_output=True, check=True
    )
    kept, looked_through = map(int, ran.stdout.split())
    assert kept > 50 * looked_through


# A command, and whether garbage was looked for while it ran.
COMMANDED = """
import gc, sys
from vestibule.__main__ import main

sys.argv[1:] = ["config", "show"]
try:
    main()
finally:
    print(gc.isenabled())
"""


def test_a_command_looks_for_garbage_again_once_it_is_loaded(tmp_path: Path) -> None:
    data = {"VESTIBULE_DATA": str(tmp_path / "data")}
    ran = subprocess.run(
        [sys.executable, "-c", COMMANDED], env=os.environ | data, capture_output=True, text=True
    )
    assert (ran.returncode, ran.stdout.split()[-1]) == (0, "True"), ran.stderr


# A worker of a service that was started so; it ends with its policy.
IDLE = """
import os, sys
from vestibule import serve

os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
serve.begin_workers_deaf()
if os.fork():
    sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
os._exit(os.sched_getscheduler(0))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such policy")
def test_a_policy_that_an_operator_chose_stays() -> None:
    ran = subprocess.run([sys.executable, "-c", IDLE], timeout=60)
    assert ran.returncode == os.SCHED_IDLE


def tasks(pid: int) -> list[Path]:
    """The threads of a process."""
    return list(Path(f"/proc/{pid}/task").iterdir())
