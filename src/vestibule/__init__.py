"""Vestibule: user authentication you can see through."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    """Offer ``create_app`` to ``flask --app vestibule run``.

    Imported only when asked for: whoever needs one room should not load the whole house.
    """
    if name != "create_app":
        raise AttributeError(name)
    from vestibule.app import create_app  # noqa: PLC0415 - see above.

    return create_app
