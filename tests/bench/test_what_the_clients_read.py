"""The clients of the bench: what wrk printed, what package clients said, what a server answered."""

from __future__ import annotations

import asyncio
import socketserver
import threading
from pathlib import Path

import pytest

from bench import peers
from bench.load import parse
from bench.peers import PEERS
from bench.peers.installing import install, installed_version, reason
from bench.rows import Rows
from bench.servers import Unusable
from bench.storm import typical
from bench.watch import percentile
from bench.wire import Line, Lines, request
from tests.bench.runs import storm

GOOD = '{"requests": 300, "seconds": 3.0, "p50_ms": 1.2, "p99_ms": 4.5, "wrong": 0}'
BAD = GOOD.replace('"wrong": 0', '"wrong": 7')
ANSWERS = {
    "a length": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "no body": b"HTTP/1.1 204 No Content\r\n\r\n",
    "a farewell": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
}


class Answering(socketserver.ThreadingTCPServer):
    """A server that answers every request with these bytes, and hangs up where they say so."""

    daemon_threads = True

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        super().__init__(("127.0.0.1", 0), Conversation)
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class Conversation(socketserver.BaseRequestHandler):
    """One connection."""

    def handle(self) -> None:
        """Answer as often as asked."""
        assert isinstance(self.server, Answering)
        while self.request.recv(65536):
            self.request.sendall(self.server.answer)
            if b"close" in self.server.answer:
                break


def test_what_wrk_printed_is_read() -> None:
    assert parse(f"Running 3s test\n{GOOD}\n")["p99_ms"] == 4.5


def test_wrong_answers_are_no_measurement() -> None:
    with pytest.raises(Unusable, match="7 of 300 answers were wrong"):
        parse(BAD)


@pytest.mark.parametrize("kind", ANSWERS)
def test_whole_answers_are_taken_however_they_end(kind: str) -> None:
    words = request("GET", "/")
    with Answering(ANSWERS[kind]) as server, Line(server.url) as line:
        assert {line.ask(words).status for _ in range(3)} <= {200, 204}


@pytest.mark.parametrize("kind", ANSWERS)
def test_so_they_are_by_many_connections(kind: str) -> None:
    async def ask(url: str) -> set[int]:
        lines = Lines(url)
        answers = [await lines.ask(request("GET", "/")) for _ in range(3)]
        lines.close()
        return {answer.status for answer in answers}

    with Answering(ANSWERS[kind]) as server:
        assert asyncio.run(asyncio.wait_for(ask(server.url), 10)) <= {200, 204}


def test_most_are_faster_than_the_p99() -> None:
    assert percentile([float(n) for n in range(1000)], 99) == 990


def test_storms_are_told_by_their_median_and_their_sums() -> None:
    told = typical(
        storm(p99) | {"checks": 10, "checks_wrong": 0, "logins_per_second": 9.0}
        for p99 in (9, 30, 12)
    )
    assert (told["p99_ms"], told["logins"], told["answered"]["503"]) == (12, 6000, 5400)


def test_a_row_that_fails_leaves_the_others_alone(capsys: pytest.CaptureFixture[str]) -> None:
    rows = Rows()
    with rows.attempt("one"):
        parse(BAD)
    with rows.attempt("two"):
        rows.found["two"] = 2
    assert (rows.found, rows.failed) == ({"two": 2}, {"one": "7 of 300 answers were wrong"})
    assert "one FAILED: 7 of 300 answers were wrong" in capsys.readouterr().err


def test_the_reason_is_the_line_that_tells_and_names_no_index() -> None:
    said = "warn: old\nERROR: No matching distribution at https://index.example/x for y\nnotice\n"
    assert reason(said) == "ERROR: No matching distribution at <address> for y"


def test_a_program_that_is_missing_is_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (node,) = [peer for peer in PEERS if peer.kind == peers.NODE]
    (tmp_path / node.folder).mkdir()
    monkeypatch.setattr(peers, "HERE", tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Unusable, match="npm is not on this machine"):
        install(node)


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_every_peer_has_a_fixed_version(peer: peers.Peer) -> None:
    assert installed_version(peer)[0].isdigit()
