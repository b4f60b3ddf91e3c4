"""Raw bytes, headers and cookies at every route and method: an answer, and never a 5xx."""

from __future__ import annotations

import http.client
import socket
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.conftest import Serve
from tests.stage.server import Server

BOUNDED = settings(
    max_examples=100,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
PATHS = [
    *("/", "/users", "/sessions", "/profile", "/reset_password", "/reset_password/new", "/docs"),
    *("/openapi.json", "/healthz", "/readyz", "/static/forms.js", "/static/", "/nowhere"),
]
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
KINDS = [
    *("application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"),
    *("multipart/form-data", "text/plain", "application/json; charset=utf-7", "", ";", "a/b; c"),
]
NAMES = [
    *("Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Cookie", "Date", "Expect"),
    *("Forwarded", "Host", "If-Match", "If-Modified-Since", "If-None-Match", "Origin", "Range"),
    *("Referer", "Sec-Fetch-Site", "TE", "Transfer-Encoding", "Upgrade", "User-Agent"),
    *("X-Forwarded-For", "X-HTTP-Method-Override", "X-Request-ID"),
]
FIELDS = ["email", "password", "reset_token", "new_password", "token", "\0", "", "é"]
TEXT = st.text(max_size=30) | st.sampled_from(
    ["\ud800", "\0", "'; --", "a@b.example.com", "%00", "\ufffd", "1e999", "x" * 1025, "{{7*7}}"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=40)
COOKIE = HEADER | HEADER.map(lambda text: f"session_id={text}")
PARTS = st.lists(
    st.sampled_from([b"--b", b"--b--", b"\r\n", b"\r\n\r\n", b"x", b"\xff", b'; name="email"',
                     b"Content-Disposition: form-data", b'; filename="f"', b"; name*=utf-8''%ff",
                     b"Content-Type: text/plain; charset=utf-16", b'; name="', b"\0"]),
    max_size=14,
).map(b"".join)  # fmt: skip


def survives(answer: Any) -> None:
    assert answer.status_code < 500, answer.text
    assert answer.headers["X-Request-ID"]
    if answer.status_code >= 400 and answer.data and "html" not in answer.content_type:
        assert answer.content_type == "application/problem+json" or "message" in answer.text


def exchange(app: Flask, **request: Any) -> None:
    # A new client each time: a cookie jar would drop what is not a cookie.
    client: FlaskClient = app.test_client(use_cookies=False)
    headers = {name: value for name, value in request.pop("headers").items() if name != "Host"}
    with client.open(headers=list(headers.items()), **request) as answer:
        survives(answer)


def test_raw_bodies(app: Flask) -> None:
    @BOUNDED
    @given(
        method=st.sampled_from(METHODS),
        path=st.sampled_from(PATHS),
        kind=st.sampled_from(KINDS),
        body=st.binary(max_size=200) | PARTS,
    )
    def answers(method: str, path: str, kind: str, body: bytes) -> None:
        exchange(app, path=path, method=method, data=body, content_type=kind, headers={})

    answers()


def test_json_of_any_shape(app: Flask) -> None:
    @BOUNDED
    @given(
        route=st.sampled_from(["POST /users", "POST /sessions", "POST /reset_password",
                               "PUT /reset_password", "POST /reset_password/new"]),
        body=st.dictionaries(st.sampled_from(FIELDS), VALUES) | VALUES,
    )  # fmt: skip
    def answers(route: str, body: Any) -> None:
        method, path = route.split()
        exchange(app, path=path, method=method, json=body, headers={})

    answers()


def test_forms_of_any_text(app: Flask) -> None:
    @BOUNDED
    @given(
        path=st.sampled_from(["/users", "/sessions", "/reset_password", "/reset_password/new"]),
        form=st.dictionaries(
            st.sampled_from(FIELDS), TEXT.map(lambda text: text.encode("utf-8", "surrogatepass"))
        ),
        method=st.sampled_from(["POST", "PUT"]),
    )
    def answers(path: str, form: dict[str, bytes], method: str) -> None:
        body = b"&".join(name.encode() + b"=" + value for name, value in form.items())
        kind = "application/x-www-form-urlencoded"
        exchange(app, path=path, method=method, data=body, content_type=kind, headers={})

    answers()


def test_headers_cookies_and_queries(app: Flask) -> None:
    @BOUNDED
    @given(
        method=st.sampled_from(METHODS),
        path=st.sampled_from(PATHS),
        query=TEXT.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=20),
        headers=st.dictionaries(st.sampled_from(NAMES), HEADER, max_size=4),
        cookie=COOKIE,
    )
    def answers(method: str, path: str, query: bytes, headers: dict[str, str], cookie: str) -> None:
        given_headers = headers | {"Cookie": cookie}
        asked = {"query_string": query.decode("latin-1")}
        exchange(app, path=path, method=method, headers=given_headers, **asked)

    answers()


RAW = [
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /%ff%fe HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET http://x/profile HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET * HTTP/1.1\r\nHost: x\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET //profile HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /profile?%ff=%00&\xff HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /profile HTTP/1.1\r\nHost: \xff\r\n\r\n",
    b"GET /profile HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    b"GET /profile HTTP/1.1\r\nHost: a b:c:d\r\n\r\n",
    b"GET /profile HTTP/1.1\r\nHost: x\r\nCookie: session_id=\xff\xfe\r\n\r\n",
    b"GET /profile HTTP/1.1\r\nHost: x\r\nCookie: session_id=a\r\nCookie: session_id=b\r\n\r\n",
    b"GET /profile HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
    b"GET /profile HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nAccept: \xff;q=x\r\nAccept: text/html;q=NaN\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"POST /users HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST /users HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"POST /users HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    b"POST /users HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Type: \xff\xfe\r\n\r\n",
    b"POST /users HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    b"PUT /users HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    b"BREW /\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 200 + b"\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 300_000 + b"\r\n\r\n",
]


def say(running: Server, words: bytes) -> bytes:
    """What the server answers to these very bytes; nothing if it hangs up."""
    host, _, port = running.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        try:
            connection.sendall(words)
            connection.shutdown(socket.SHUT_WR)
            return connection.recv(65536)
        except OSError:
            return b""


@pytest.mark.parametrize("profile", ["strict", "classic"])
def test_a_real_server_survives_every_kind_of_bytes(server: Serve, profile: str) -> None:
    running = server(profile=profile)
    (worker,) = running.workers()
    for words in RAW:
        answer = say(running, words)
        assert not answer.startswith((b"HTTP/1.1 5", b"HTTP/1.0 5")), (words[:60], answer)
        assert running.visitor().get("/healthz").status_code == 200, words[:60]
    assert running.workers() == [worker], "no worker died of it"
    assert "Traceback" not in running.errors.read_text()
    assert "exception" not in running.errors.read_text()


def test_headers_beyond_reason_are_refused_unread(server: Serve) -> None:
    running = server()
    with socket.create_connection(_address(running), timeout=10) as connection:
        connection.sendall(
            b"GET / HTTP/1.1\r\nHost: x\r\nAccept: " + b"a/b," * 20_000 + b"\r\n\r\n"
        )
        assert b" 431 " in connection.recv(4096).partition(b"\r\n")[0]
    assert running.visitor().get("/", headers={"Accept": "a/b," * 2000}).status_code == 200


def test_slashes_are_not_tidied_up_by_a_redirect_to_anywhere(server: Serve) -> None:
    running = server()
    connection = http.client.HTTPConnection(*_address(running), timeout=10)
    # More of them at the start are as good as one; anywhere else they are part of the path.
    for path, status in (("//profile", 403), ("//static//forms.js", 404), ("///users", 405)):
        connection.request("GET", path, headers={"Host": "evil.example.com"})
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("Location")) == (status, None), path
        assert "evil.example.com" not in answer.read().decode()
    connection.close()


def _address(running: Server) -> tuple[str, int]:
    host, _, port = running.url.removeprefix("http://").partition(":")
    return host, int(port)
