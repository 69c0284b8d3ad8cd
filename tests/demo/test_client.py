"""The client asks again what was not answered, and never loses or doubles a line."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR
from threading import Thread
from typing import Any

import pytest

from cli.demo import client as client_module
from cli.demo.client import BATCH, Answer, Caller, Client, Unanswered
from cli.demo.world.lines import Line, Origin

SECRET = "of this run"


class Service(BaseHTTPRequestHandler):
    """Answers as the bulk endpoint does. `faults` are answered first, one a request."""

    protocol_version = "HTTP/1.1"
    faults: list[str] = []  # noqa: RUF012  of the class on purpose: one a server
    seen: list[tuple[str, str, list[Any]]] = []  # noqa: RUF012

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "away":
            self.close_connection = True
            self.connection.shutdown(SHUT_RDWR)
            return
        if fault == "503":
            self.reply(503, b'{"title": "later"}')
            return
        lines = [json.loads(line) for line in body.splitlines()]
        self.seen.append((self.headers["Kaibo-Person"], self.headers["Kaibo-Capacity"], lines))
        assert self.headers["Authorization"] == f"Bearer {SECRET}"
        answers = [
            {
                "line": n,
                "status": "failed" if fault == "failed" and n % 2 else "stored",
                "stream": "",
                "version": 1,
                "position": f"x/0/{n}",
                "problem": None,
            }
            for n, _ in enumerate(lines, 1)
        ]
        self.reply(200, b"".join(json.dumps(answer).encode() + b"\n" for answer in answers))

    def do_GET(self) -> None:
        after = "after=2" in self.path
        page = {"items": [3] if after else [1, 2], "next": None if after else "2"}
        self.reply(404 if "nowhere" in self.path else 200, json.dumps(page).encode())

    def reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Client, type[Service]]]:
    monkeypatch.setattr(client_module, "AGAIN", 0.01)
    handler = type("OneService", (Service,), {"faults": [], "seen": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield Client({"training": f"http://127.0.0.1:{server.server_port}"}, SECRET), handler
    finally:
        server.shutdown()
        server.server_close()


def lines(times: int, actor: str = "importer") -> list[Line]:
    at = datetime(2024, 5, 1, tzinfo=UTC)
    return [
        Line(
            service="training",
            command="SignIn",
            body={"n": n},
            occurred_at=at,
            key=f"{actor}-{n}",
            origin=Origin.REAL,
            actor=actor,
        )
        for n in range(times)
    ]


def sent(client: Client, told: list[Line]) -> list[tuple[Line, Answer]]:
    answers: list[tuple[Line, Answer]] = []
    client.bulk("training", told, lambda line, answer: answers.append((line, answer)))
    return answers


def test_lines_go_in_order_and_in_batches(service: tuple[Client, type[Service]]) -> None:
    client, handler = service
    told = lines(2 * BATCH + 7)
    answers = sent(client, told)
    assert [line for line, _ in answers] == told
    assert [len(batch) for _, _, batch in handler.seen] == [BATCH, BATCH, 7]
    assert handler.seen[0][2][0] == {
        "command": "SignIn",
        "body": {"n": 0},
        "occurred_at": "2024-05-01T00:00:00Z",
        "key": "importer-0",
        "origin": "real",
    }


def test_each_caller_speaks_for_himself(service: tuple[Client, type[Service]]) -> None:
    client, handler = service
    sent(client, [*lines(2), *lines(3, "somebody"), *lines(1)])
    assert [(who, len(batch)) for who, _, batch in handler.seen] == [("importer", 2), ("somebody", 3), ("importer", 1)]


@pytest.mark.parametrize("fault", ["away", "503"])
def test_an_outage_is_waited_out(service: tuple[Client, type[Service]], fault: str) -> None:
    client, handler = service
    handler.faults += [fault, fault]
    assert len(sent(client, lines(3))) == 3
    assert [len(batch) for _, _, batch in handler.seen] == [3]


def test_lines_that_failed_are_sent_again_and_only_they(service: tuple[Client, type[Service]]) -> None:
    client, handler = service
    handler.faults += ["failed"]
    answers = sent(client, lines(5))
    assert Counter(line.key for line, _ in answers) == Counter(line.key for line in lines(5))
    assert [len(batch) for _, _, batch in handler.seen] == [5, 3]


def test_an_outage_without_end_is_said(service: tuple[Client, type[Service]], monkeypatch: pytest.MonkeyPatch) -> None:
    client, handler = service
    monkeypatch.setattr(client_module, "PATIENCE", 0.05)
    handler.faults += ["503"] * 1000
    with pytest.raises(Unanswered, match="training did not answer POST /bulk"):
        sent(client, lines(1))


def test_lists_are_read_to_their_end(service: tuple[Client, type[Service]]) -> None:
    client, _ = service
    assert list(client.items("training", "/sessions", Caller())) == [1, 2, 3]
    with pytest.raises(Unanswered, match="GET /nowhere with 404"):
        client.read("training", "/nowhere", Caller())


def test_a_closed_client_asks_no_more(service: tuple[Client, type[Service]]) -> None:
    client, handler = service
    client.close()
    with pytest.raises(Unanswered, match="3 lines for training were not sent any more"):
        sent(client, lines(3))
    assert handler.seen == []
