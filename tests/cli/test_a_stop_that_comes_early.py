"""A worker that is told to stop before it serves stops when it does."""

from __future__ import annotations

import subprocess
import sys

# What granian does in a worker, in this order; the signal comes as early as it can.
WORKER = """
import os, signal, sys
import uvloop
from vestibule import serve
from vestibule.lanes import Lanes

serve.begin_workers_deaf()
if os.fork():
    _, status = os.wait()
    sys.exit(os.waitstatus_to_exitcode(status))
os.kill(os.getpid(), signal.SIGTERM)
loop = uvloop.new_event_loop()
loop.add_signal_handler(signal.SIGTERM, loop.stop)
os.kill(os.getpid(), signal.SIGTERM)
Lanes(lambda *_: [], at_start=serve.heed_stops).__rsgi_init__(loop)
loop.run_forever()
os._exit(7)
"""


def test_a_stop_before_the_event_loop_runs_is_not_lost() -> None:
    ran = subprocess.run([sys.executable, "-c", WORKER], timeout=30)
    assert ran.returncode == 7
