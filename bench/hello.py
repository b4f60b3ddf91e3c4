"""Flask's hello world, served in two ways: the least that a Flask service costs.

``python -m bench.hello lanes PORT`` serves it through the lanes that Vestibule uses, with the same
settings of granian; ``python -m bench.hello wsgi PORT`` as granian serves any WSGI application.
"""

from __future__ import annotations

import sys
from typing import Any

from flask import Flask
from granian.constants import HTTPModes, Interfaces
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


def lanes() -> Lanes:
    """The application behind the lanes."""
    return Lanes(app)


def main(variant: str, port: str) -> None:
    """Serve until SIGTERM."""
    ways: dict[str, dict[str, Any]] = {
        "lanes": {"target": "bench.hello:lanes", "factory": True, "interface": Interfaces.RSGI},
        "wsgi": {
            "target": "bench.hello:app",
            "interface": Interfaces.WSGI,
            "blocking_threads": THREADS,
        },
    }
    Server(
        **ways[variant],
        port=int(port),
        http=HTTPModes.http1,
        websockets=False,
        workers=1,
        backpressure=serve.CONNECTIONS,
    ).serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
