"""``vestibule run``: granian, one worker process per core, drained on SIGTERM."""

from __future__ import annotations

import ctypes
import errno
import gc
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings

from vestibule import config, migrations
from vestibule.app import create_app
from vestibule.auth import Auth
from vestibule.config import BadSetting, Settings, SQLiteFile
from vestibule.early import Early, TooBusy, origin_reader
from vestibule.lanes import READERS, THREADS, Dear, Lanes
from vestibule.observe import LossyLog, appended
from vestibule.stopping import PoliteServer, announced
from vestibule.web.error_pages import busy_pages
from vestibule.web.health import STOPPING
from vestibule.web.openapi import taking_passwords

# Connections that a worker holds at most. An idle one costs some kilobytes.
CONNECTIONS = 4096
# Open files besides connections: the database, the log, what libraries need.
OTHER_FILES = 128
# A client that takes longer to send its request line and headers is let go.
HEADER_MILLISECONDS = 10_000
# The request line and headers together; no browser sends as many.
HEADER_BYTES = 32 * 1024
# A request that was begun has this long to end.
DRAIN_SECONDS = 30
STOPS = {signal.SIGTERM, signal.SIGINT}
PR_SET_PDEATHSIG = 1  # prctl(2)
M_ARENA_MAX = -8  # mallopt(3)


def worker() -> Lanes:
    """The application of one worker process, by the settings in the environment."""
    # The main process has migrated. A worker that is replaced later must not: a database that
    # vanished meanwhile would come back as a new, empty one.
    settings = config.load()
    app = create_app(settings, migrate=False)
    auth: Auth = app.extensions["vestibule"]
    app.config[STOPPING] = announced

    def end() -> None:
        auth.upkeep.close()
        sys.stderr.flush()

    _keep_what_is_here()
    on_a_server = not isinstance(settings.database, SQLiteFile)
    # While some hash, one on each core, others look up and write down.
    hasher = auth.passwords.hasher
    return Lanes(
        app,
        early=(lambda _: None) if settings.classic else Early(settings, auth),
        at_start=heed_stops,
        at_end=end,
        readers=READERS if on_a_server else 0,
        dear=Dear(
            taking_passwords(app),
            hasher.slots + THREADS,
            hasher.wait,
            TooBusy(settings, (lambda *_: None) if settings.classic else busy_pages(app)),
            origin_reader(settings),
        ),
    )


def _keep_what_is_here() -> None:
    """Have the collector of garbage look no more at what a process is built of.

    It would now and then look through all of it, 85,000 objects, in the middle of a request:
    tens of milliseconds in which nobody is answered.
    """
    gc.collect()
    gc.freeze()


def serve(settings: Settings, started: Callable[[], None]) -> None:
    """Serve until SIGINT, or SIGTERM and a while, then finish the requests that were begun.

    :param started: called when the port is bound, before the first request.
    """
    _share_one_arena()
    # Before there are workers, who would each carry the garbage of all imports.
    _keep_what_is_here()
    sys.stdout, sys.stderr = appended(sys.stdout), LossyLog.of(sys.stderr)
    server = PoliteServer(
        "vestibule.serve:worker",
        notice=settings.stop_notice.total_seconds() if settings.stop_notice else 0,
        factory=True,
        address=_resolve(settings.host, settings.port)[1],
        port=settings.port,
        interface=Interfaces.RSGI,
        # asyncio's own costs a request three times as much (docs/decisions/0018).
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        websockets=False,
        workers=settings.workers,
        http1_settings=HTTP1Settings(
            header_read_timeout=HEADER_MILLISECONDS, max_buffer_size=HEADER_BYTES
        ),
        backpressure=_connections(),
        workers_kill_timeout=DRAIN_SECONDS,
        respawn_failed_workers=True,
        log_dictconfig=_logging(settings.log_level),
    )
    server.on_startup(started)
    begin_workers_deaf()
    try:
        server.serve()
    finally:
        fold(settings)
        sys.stderr.flush()


def fold(settings: Settings) -> None:
    """Leave SQLite's database as one file.

    The last connection that is closed folds the write-ahead log into it. Of two workers that close
    theirs at the same moment, each takes the other's for the last.
    """
    if isinstance(settings.database, SQLiteFile):
        with suppress(migrations.SchemaError):
            migrations.current(settings.database)


def export(settings: dict[str, Any]) -> None:
    """Put settings of the command line where worker processes read theirs: the environment."""
    for name, value in settings.items():
        if value is not None:
            os.environ[f"{config.PREFIX}{name.upper()}"] = str(value)


def require_free(settings: Settings) -> None:
    """Bind and let go. Workers share the port (SO_REUSEPORT), so a second service would too.

    :raises BadSetting: the port is taken, or may not be listened on.
    """
    host, port = settings.host, settings.port
    try:
        family, address = _resolve(host, port)
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "not an address"
        taken = getattr(error, "errno", None) == errno.EADDRINUSE
        name = "port" if taken or isinstance(error, PermissionError) else "host"
        advice = " Another program has it; choose another with --port." if taken else ""
        raise BadSetting(
            f"{name} ({config.PREFIX}{name.upper()}): cannot listen on {host} port {port}: "
            f"{reason}.{advice}"
        ) from error


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, str]:
    """The address of ``host``, which may be a name; IPv4 where it has both."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    family, _, _, _, address = min(found, key=lambda one: one[0])
    return family, str(address[0])


def _connections() -> int:
    """How many connections a worker may hold: the limit on open files allows them all."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + OTHER_FILES
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(soft - OTHER_FILES, OTHER_FILES) if soft < wanted else CONNECTIONS


def wake_politely() -> None:
    """Have no thread of this process, now or later, interrupt another by waking up; on Linux.

    Those that take turns at a request did whenever SQLite let go of the interpreter, which cost a
    check a third of its time: see sched(7) for ``SCHED_BATCH``. Whoever started the process with
    another policy than the usual one has chosen it.
    """
    with suppress(OSError):  # Where it is not allowed, all else goes on.
        if os.sched_getscheduler(0) == os.SCHED_OTHER:
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def begin_workers_deaf() -> None:
    """Have forked processes become workers that are not told to stop until they serve.

    The main process's handlers only note a signal in a copy of its own state, and uvloop forgets
    one that comes before it runs.
    """
    os.register_at_fork(
        before=_ignore_stops,
        after_in_parent=heed_stops,
        after_in_child=partial(_become_worker, os.getpid()),
    )


def _ignore_stops() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)


def heed_stops() -> None:
    """Let the process be told to stop, also by what was said while it could not be told."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)


def _become_worker(main_process: int) -> None:
    """Make a forked process a worker that ends when it should."""
    if sys.platform == "linux":
        wake_politely()
        libc = ctypes.CDLL(None)
        # When the main process is killed, nobody could stop an orphan, or take its port. There is
        # nothing to end gently then: what was acknowledged is stored.
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != main_process:  # It died before the line above.
            os._exit(1)


def _share_one_arena() -> None:
    """Have all threads allocate from the main arena, the only one that glibc trims to its end.

    Before there is a second thread. It would get an arena of its own, and a worker is given it
    with the fork, whatever the limit is by then: what hashes of other software took, tens of
    megabytes, would stay there. Argon2id's own memory is no matter of the allocator.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc's own.
    if mallopt:
        mallopt(M_ARENA_MAX, 1)


def _logging(level: str) -> dict[str, Any]:
    """Let granian's own lines pass through the same formatter as everything else."""
    formatter = {"()": "vestibule.observe.JsonFormatter"}
    handler = {
        "class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"
    }  # fmt: skip
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": formatter, "generic": formatter, "access": formatter},
        "handlers": {"console": handler, "access": handler},
        "loggers": {
            "_granian": {"handlers": ["console"], "level": level.upper(), "propagate": False},
            "granian.access": {"handlers": [], "level": "CRITICAL", "propagate": False},
        },
    }
