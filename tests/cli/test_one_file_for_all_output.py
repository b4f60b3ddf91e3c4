"""What is printed and what is logged may go to one file (``> file 2>&1``), and both are whole."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from tests.running import VESTIBULE, free_port
from tests.stage.databases import only_sqlite
from tests.stage.visits import eventually

pytestmark = only_sqlite("about files")


def test_neither_overwrites_the_other(tmp_path: Path) -> None:
    file = tmp_path / "output"
    settings = os.environ | {"VESTIBULE_DATA": str(tmp_path / "data"), "VESTIBULE_WORKERS": "1"}
    command = [*VESTIBULE, "run", "--port", str(free_port())]
    with file.open("w") as output:
        server = subprocess.Popen(command, env=settings, stdout=output, stderr=output)
    try:
        eventually(lambda: "Started worker-1" in file.read_text())
    finally:
        server.terminate()
        server.wait(30)
    lines = file.read_text().splitlines()
    logged = [json.loads(line) for line in lines if line.startswith("{")]
    printed = [line for line in lines if not line.startswith("{")]
    assert any("Starting granian" in each["event"] for each in logged)
    assert printed[0].startswith("url ")
    assert printed[-1].startswith("workers ")
