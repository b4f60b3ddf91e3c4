"""``docs/settings.md`` says what the settings are."""

from __future__ import annotations

from tests.docs.settings_page import ACCEPTS, PAGE, page, secrets


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.docs.settings_page"


def test_every_secret_is_called_one() -> None:
    assert {name for name, text in ACCEPTS.items() if text.startswith("secret")} == secrets()
