"""A device is told in the words of a person who looks for the one that is lost."""

from __future__ import annotations

import pytest

from vestibule.auth.devices import in_words

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Safari/605.1", "Safari on macOS"),
        ("curl/8.5.0", "curl"),
        ("", "an unknown device"),
        (None, "an unknown device"),
    ],
)
def test_a_device_is_told_in_words(agent: str | None, words: str) -> None:
    assert in_words(agent) == words
