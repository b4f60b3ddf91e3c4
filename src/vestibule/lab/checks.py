"""All checks that are made over HTTP, tasks first."""

from vestibule.lab import beyond, routes
from vestibule.lab.site import over_http

# Their checks are registered when they are imported.
ROOMS = (routes, beyond)
OVER_HTTP = over_http
