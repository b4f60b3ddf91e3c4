"""Where the service is put together, and nothing else."""

from __future__ import annotations

from flask import Flask

from vestibule import config, migrations
from vestibule.auth import Auth, carriers
from vestibule.config import Clock, Settings
from vestibule.observe import configure_logs, observe
from vestibule.web import sheet
from vestibule.web.account_pages import account_pages
from vestibule.web.api import api
from vestibule.web.door import guard
from vestibule.web.entry_pages import entry_pages
from vestibule.web.error_pages import as_asked
from vestibule.web.factor_links import factor_links
from vestibule.web.factor_pages import factor_pages
from vestibule.web.factors import factors
from vestibule.web.forgotten import forgotten
from vestibule.web.health import health
from vestibule.web.links import links
from vestibule.web.openapi import openapi
from vestibule.web.pages import pages
from vestibule.web.passkey_logins import passkey_logins
from vestibule.web.passkey_pages import passkey_pages
from vestibule.web.passkeys import passkeys
from vestibule.web.passwords import passwords
from vestibule.web.profile import profile
from vestibule.web.session_pages import session_pages
from vestibule.web.sessions import sessions
from vestibule.web.step_pages import step_pages
from vestibule.web.theme import theme
from vestibule.web.visitors import caller

# What the strict profile has, and the exercise has not.
FOR_PROGRAMS = (sessions, profile, passwords, factors, passkeys, passkey_logins)
FOR_PEOPLE = (
    *(entry_pages, account_pages, session_pages, step_pages, factor_pages, passkey_pages),
    *(theme, links, factor_links, forgotten),
)


def create_app(
    settings: Settings | None = None,
    *,
    clock: Clock = config.clock,
    migrate: bool = True,
    worker: bool = True,
) -> Flask:
    """The service as a WSGI application.

    :param settings: those of the environment, unless given.
    :param migrate: whether to bring the database to the newest schema first, making it if need be.
    :param worker: whether a thread of this process delivers mail and sweeps up.
    :raises BadSetting: a setting that the service cannot start with.
    :raises SchemaError: the database is of a newer version, or not readable.
    """
    settings = settings or config.load()
    configure_logs(settings.log_level)
    if migrate:
        carriers.require_usable(settings)
        sheet.require_usable(settings)
        config.prepare_data(settings)
        migrations.upgrade(settings.database, clock())
    app = Flask("vestibule", static_folder="web/static", template_folder=None)
    app.config["SCHEMA"] = migrations.head()
    auth = app.extensions["vestibule"] = Auth.open(settings, clock, caller)
    # The contract takes every route with a slash at the end, too.
    app.url_map.strict_slashes = False
    # Tidying //x up would redirect to whatever host the client named.
    app.url_map.merge_slashes = False
    sheet.lay_out(app, settings)
    if settings.classic:
        guard(app, settings)
    else:
        guard(app, settings, as_asked)
    observe(app)
    for blueprint in (api, pages, health, openapi):
        app.register_blueprint(blueprint)
    if not settings.classic:
        for blueprint in (*FOR_PROGRAMS, *FOR_PEOPLE):
            app.register_blueprint(blueprint)
    if worker:
        auth.upkeep.start()
    return app
