"""For whoever watches the service: is it alive, and can it do its work."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, current_app
from flask.typing import ResponseReturnValue

from vestibule.auth.errors import StorageUnavailable
from vestibule.web.bodies import Health
from vestibule.web.door import answer, auth
from vestibule.web.openapi import Answer, Operation, describe
from vestibule.web.problems import RETRY_AFTER, problem

# In the application's configuration: what tells whether the service stops soon.
STOPPING = "STOPPING"
health = Blueprint("health", __name__)


@health.get("/healthz")
@describe(
    Operation(
        "Whether the process answers; asks no database",
        (Answer(200, "It does", {"status": "ok"}, (Health,)),),
        storage=False,
    )
)
def alive() -> ResponseReturnValue:
    """Answer, and nothing else."""
    return answer(status="ok")


@health.get("/readyz")
@describe(
    Operation(
        "Whether to send requests: the database is there, at the schema that this version needs,"
        " and the service is not about to stop",
        (Answer(200, "It is", {"status": "ready"}, (Health,)),),
    )
)
def ready() -> ResponseReturnValue:
    """Look at the database's schema, and whether there is a stop to come."""
    stopping: Callable[[], bool] | None = current_app.config.get(STOPPING)
    if stopping and stopping():
        detail = "The service stops soon. Send no more requests here."
        return problem(503, "stopping", detail, **{"Retry-After": RETRY_AFTER})
    if auth().upkeep.schema() != current_app.config["SCHEMA"]:
        raise StorageUnavailable("another schema")
    return answer(status="ready")
