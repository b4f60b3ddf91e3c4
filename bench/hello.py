"""Flask's hello world, served in two ways: the least that a Flask service costs.

``python -m bench.hello lanes PORT`` serves it through the lanes that Vestibule uses, with the same
settings of granian; ``python -m bench.hello wsgi PORT`` as granian serves any WSGI application.
``python -m bench.hello bare PORT`` does without Flask: the least that Python costs there.
"""

from __future__ import annotations

import sys
from typing import Any

from flask import Flask
from granian.constants import HTTPModes, Interfaces, Loops
from granian.server import Server

from vestibule import serve
from vestibule.lanes import Lanes

# Granian's blocking threads, for the WSGI variant.
THREADS = 8
app = Flask("hello")


@app.get("/")
def hello() -> str:
    """Greet."""
    return "Hello, world"


def bare(_: dict[str, Any], start_response: Any) -> list[bytes]:
    """Greet, as a WSGI application of one function."""
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "12")])
    return [b"Hello, world"]


def lanes() -> Lanes:
    """The application behind the lanes."""
    return Lanes(app)


def main(variant: str, port: str) -> None:
    """Serve until SIGTERM."""
    if variant == "lanes":
        serve.wake_politely()
    as_wsgi = {"interface": Interfaces.WSGI, "blocking_threads": THREADS}
    ways: dict[str, dict[str, Any]] = {
        "lanes": {"target": "bench.hello:lanes", "factory": True, "interface": Interfaces.RSGI},
        "wsgi": {"target": "bench.hello:app", **as_wsgi},
        "bare": {"target": "bench.hello:bare", **as_wsgi},
    }
    Server(
        **ways[variant],
        port=int(port),
        http=HTTPModes.http1,
        loop=Loops.uvloop,
        websockets=False,
        workers=1,
        backpressure=serve.CONNECTIONS,
    ).serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
