"""Peers get their packages: each its own virtual environment, or npm folder."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from bench.peers import NODE, Peer
from bench.servers import Unusable

INSTALL_SECONDS = 600
STAMP = ".installed"
# An address of the machine's package index is nothing that a page should tell.
ADDRESS = re.compile(r"\S*://\S+")
FAILURE = re.compile(r"error|not found|no matching|cannot|failed", re.IGNORECASE)


def program(peer: Peer) -> list[str]:
    """What runs its scripts."""
    return ["node"] if peer.kind == NODE else [str(peer.environment / "bin" / "python")]


def place(peer: Peer) -> Path:
    """Where its scripts run: Node looks for packages where the script is."""
    return peer.environment if peer.kind == NODE else peer.home


def install(peer: Peer) -> None:
    """Install its packages, unless these versions are there.

    :raises Unusable: it could not be installed; the text says why.
    """
    stamp, wanted = peer.environment / STAMP, _wanted(peer)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    shutil.rmtree(peer.environment, ignore_errors=True)
    peer.environment.mkdir()
    if peer.kind == NODE:
        _install_node(peer)
    else:
        _install_python(peer)
    stamp.write_text(wanted)


def installed_version(peer: Peer) -> str:
    """Of the peer itself."""
    if peer.kind == NODE:
        lock = json.loads((peer.home / "package-lock.json").read_text())
        return str(lock["packages"][f"node_modules/{peer.package}"]["version"])
    lines = (peer.home / "requirements.txt").read_text().splitlines()
    (line,) = [each for each in lines if each.startswith(f"{peer.package}==")]
    return line.partition("==")[2]


def reason(output: str) -> str:
    """The line that says why a package client gave up."""
    lines = [ADDRESS.sub("<address>", line.strip()) for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if FAILURE.search(line)]
    return (telling or lines or ["it ended without a word"])[0]


def _wanted(peer: Peer) -> str:
    """What is installed, in a word; a changed script of Node's has to be copied as well."""
    files = sorted(path for path in peer.home.iterdir() if path.is_file())
    content = b"".join(path.read_bytes() for path in files) + sys.version.encode()
    return hashlib.sha256(content).hexdigest()


def _install_python(peer: Peer) -> None:
    python = _interpreter()
    _run([python, "-m", "venv", "--without-pip", str(peer.environment)])
    pip = [python, "-m", "pip", "-q", "--disable-pip-version-check", "--python", *program(peer)]
    _run([*pip, "install", "--prefer-binary", "-r", str(peer.home / "requirements.txt")])


def _interpreter() -> str:
    """The Python that this environment was made from: it has pip."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return str(Path(sys.base_prefix) / "bin" / name)


def _install_node(peer: Peer) -> None:
    for path in peer.home.iterdir():
        if path.is_file():
            shutil.copy(path, peer.environment)
    _run(["npm", "ci", "--no-audit", "--no-fund"], peer.environment)


def _run(command: list[str], cwd: Path | None = None) -> None:
    try:
        ended = subprocess.run(
            command,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=INSTALL_SECONDS,
        )
    except FileNotFoundError:
        raise Unusable(f"not installed: {command[0]} is not on this machine") from None
    except subprocess.TimeoutExpired:
        raise Unusable(f"not installed: {command[0]} took over {INSTALL_SECONDS} s") from None
    if ended.returncode:
        raise Unusable(f"not installed: {reason(ended.stderr + ended.stdout)}")
