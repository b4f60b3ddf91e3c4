"""Where the service is put together, and nothing else."""

from __future__ import annotations

from flask import Flask

from vestibule import config, migrations
from vestibule.auth import Auth
from vestibule.config import Clock, Settings
from vestibule.observe import configure_logs, observe
from vestibule.web.api import api
from vestibule.web.door import guard
from vestibule.web.health import health
from vestibule.web.openapi import openapi
from vestibule.web.pages import pages


def create_app(
    settings: Settings | None = None, *, clock: Clock = config.clock, worker: bool = True
) -> Flask:
    """The service as a WSGI application, on a database brought to the newest schema.

    :param settings: those of the environment, unless given.
    :param worker: whether a thread of this process delivers mail and sweeps up.
    :raises BadSetting: a setting that the service cannot start with.
    :raises SchemaError: the database is of a newer version, or not readable.
    """
    settings = settings or config.load()
    configure_logs(settings.log_level)
    config.prepare_data(settings)
    schema = migrations.upgrade(settings.database, clock()).after
    app = Flask("vestibule", static_folder="web/static", template_folder="web/templates")
    app.config["SCHEMA"] = schema
    auth = app.extensions["vestibule"] = Auth.open(settings, clock)
    # The contract takes every route with a slash at the end, too.
    app.url_map.strict_slashes = False
    guard(app, settings)
    observe(app)
    for blueprint in (api, pages, health, openapi):
        app.register_blueprint(blueprint)
    if worker:
        auth.upkeep.start()
    return app
