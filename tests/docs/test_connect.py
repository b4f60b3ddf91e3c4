"""The page for who connects an application: its commands and its example do what it says."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.docs.tour import SHOWN_AT, Shell, comparable, console_steps
from tests.running import START_SECONDS, STOP_SECONDS, Running, environment, free_port, running
from vestibule.app import create_app
from vestibule.config import Settings

PAGE = Path(__file__).parents[2] / "docs" / "connect.md"
ALICE = {"email": "alice@example.com", "password": "marzipan dries slowly"}
# What no visitor's browser needs: the application's own home, and what watches the service.
NOT_FOR_BROWSERS = {"/", "/healthz", "/readyz"}


def block(language: str) -> str:
    """The page's code in this language."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.search(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert found, language
    return found[1]


@contextmanager
def example(directory: Path, auth: str) -> Iterator[str]:
    """The page's application, asking the Vestibule at ``auth``; yields its URL."""
    (directory / "app.py").write_text(block("python"), encoding="utf-8")
    url = f"http://127.0.0.1:{(port := free_port())}"
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "app", "run", "--port", str(port)],
        cwd=directory,
        env=environment(directory, {"AUTH_ADDRESS": auth.removeprefix("http://")}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        await_answer(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def await_answer(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        assert process.poll() is None, "the example ended"
        assert time.monotonic() < deadline, "the example does not answer"
        try:
            requests.get(url, timeout=5)
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Running]:
    """A Vestibule that Alice has an account with."""
    with running(tmp_path) as server:
        assert requests.post(f"{server.url}/users", data=ALICE, timeout=30).status_code == 200
        yield server


def test_the_commands_print_what_the_page_shows(service: Running, tmp_path: Path) -> None:
    host, shell = service.url.removeprefix("http://"), Shell(tmp_path)
    steps = list(console_steps(PAGE.read_text(encoding="utf-8")))
    assert len(steps) > 4
    for step in steps:
        seen = shell.run(step.command.replace(SHOWN_AT, host))
        assert comparable(seen) == comparable(step.shown), step.command
    shell.close()


def test_the_example_knows_who_is_signed_in(service: Running, tmp_path: Path) -> None:
    with example(tmp_path, service.url) as url, requests.Session() as browser:
        assert "You are nobody." in browser.get(url, timeout=30).text
        assert ALICE["email"] in browser.post(f"{url}/login", data=ALICE, timeout=30).text
        assert f"You are {ALICE['email']}." in browser.get(url, timeout=30).text
        assert "You are nobody." in requests.get(url, timeout=30).text
        assert "You are nobody." in browser.post(f"{url}/logout", timeout=30).text
        assert "You are nobody." in browser.post(f"{url}/logout", timeout=30).text


def test_the_example_repeats_why_a_login_was_refused(service: Running, tmp_path: Path) -> None:
    with example(tmp_path, service.url) as url:
        wrong = requests.post(f"{url}/login", data=ALICE | {"password": "no"}, timeout=30)
        empty = requests.post(f"{url}/login", timeout=30)
    assert (wrong.status_code, "set-cookie" in wrong.headers) == (401, False)
    assert "Wrong address or password." in wrong.text
    assert (empty.status_code, "email is empty." in empty.text) == (401, True)


def test_the_example_refuses_forms_of_other_sites(service: Running, tmp_path: Path) -> None:
    with example(tmp_path, service.url) as url:
        for site, status in (("cross-site", 403), ("same-site", 403), ("same-origin", 303)):
            sent = requests.post(
                f"{url}/login",
                data=ALICE,
                headers={"Sec-Fetch-Site": site},
                allow_redirects=False,
                timeout=30,
            )
            assert (site, sent.status_code) == (site, status)


def test_the_example_lets_nobody_in_without_an_answer(service: Running, tmp_path: Path) -> None:
    with example(tmp_path, service.url) as url, requests.Session() as browser:
        assert browser.post(f"{url}/login", data=ALICE, timeout=30).status_code == 200
        service.stop()
        assert browser.get(url, timeout=30).status_code == 503
        assert browser.post(f"{url}/login", data=ALICE, timeout=30).status_code == 503
        assert browser.post(f"{url}/logout", timeout=30).status_code == 503


def test_under_https_the_example_passes_the_other_name_on(tmp_path: Path) -> None:
    public = {"VESTIBULE_PUBLIC_URL": "https://app.example.com"}
    with running(tmp_path, settings=public) as server, example(tmp_path, server.url) as url:
        assert requests.post(f"{server.url}/users", data=ALICE, timeout=30).status_code == 200
        entered = requests.post(f"{url}/login", data=ALICE, allow_redirects=False, timeout=30)
        session, device = entered.raw.headers.getlist("set-cookie")
        assert device.startswith("__Host-device=")
        cookie, *attributes = session.split("; ")
        assert cookie.startswith("__Host-session_id=")
        assert sorted(attributes) == ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]
        # What a browser would send; over plain http it would not.
        shown = requests.get(url, headers={"Cookie": f"theme=dark; {cookie}"}, timeout=30)
    assert f"You are {ALICE['email']}." in shown.text


def test_no_answer_is_for_another_origin(service: Running) -> None:
    asking = {"Origin": "http://localhost:8000", "Access-Control-Request-Method": "DELETE"}
    for method in ("OPTIONS", "POST", "DELETE"):
        answer = requests.request(method, f"{service.url}/sessions", headers=asking, timeout=30)
        assert [name for name in answer.headers if name.lower().startswith("access-control")] == []


def test_the_proxy_sends_every_path_of_the_service_there(tmp_path: Path) -> None:
    pattern = re.search(r"location ~ (\S+)", block("nginx"))
    assert pattern
    settings: Any = {"data": tmp_path}
    app = create_app(Settings(**settings), worker=False)
    paths = {rule.rule.replace("<path:filename>", "forms.js") for rule in app.url_map.iter_rules()}
    sent = {path for path in paths if re.search(pattern[1], path)}
    assert paths - sent == NOT_FOR_BROWSERS
    app.extensions["vestibule"].upkeep.close()
