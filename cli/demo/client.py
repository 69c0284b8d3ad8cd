"""The public HTTP API as the demo uses it: bulk lines, single commands, queries. Standard library only.

An outage is waited out: whatever was not answered is sent again, under the same keys, so that nothing happens twice.
"""

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from itertools import groupby, islice
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from cli.demo.world.lines import IMPORTER, Line, Origin
from shared.value import value

BATCH = 500  # lines a request: what the service decides together
PATIENCE, AGAIN = 90.0, 0.5  # seconds that an outage may last, and between two tries


@value
class Answer:
    """What became of a line: stored, unchanged, refused or invalid, and where it stands in the log."""

    status: str
    position: str = ""
    problem: Mapping[str, Any] | None = None


@value
class Caller:
    """Who asks, in which capacity."""

    person: str = IMPORTER
    capacity: str = "system"


class Unanswered(Exception):
    """A service stayed away, or answered what it should not: which, on what, and what it said."""


@value
class Reply:
    status: int
    body: Any


Told = Callable[[Line, Answer], None]


class Reached:
    """The last position of each partition that lines were answered with."""

    def __init__(self) -> None:
        self.positions: dict[str, int] = {}
        self.lock = threading.Lock()

    def add(self, answer: Answer) -> None:
        if answer.position:
            partition, position = answer.position.rsplit("/", 1)
            with self.lock:
                self.positions[partition] = max(self.positions.get(partition, 0), int(position))


class Client:
    """One connection a thread and service."""

    def __init__(self, urls: Mapping[str, str], secret: str) -> None:
        self.urls, self.secret = dict(urls), secret
        self.local = threading.local()
        self.closed = False

    def close(self) -> None:
        """Whatever is still being asked in other threads ends as Unanswered."""
        self.closed = True

    # Commands

    def bulk(self, service: str, lines: Iterable[Line], told: Told) -> None:
        """Send lines in their order, as the callers that they name; `told` hears of every answer, in order."""
        for (person, capacity), said in groupby(lines, key=lambda line: (line.actor, line.capacity)):
            while batch := list(islice(said, BATCH)):
                self.send(service, batch, Caller(person=person, capacity=capacity), told)

    def send(self, service: str, batch: list[Line], caller: Caller, told: Told) -> None:
        until = monotonic() + PATIENCE
        while batch:
            if self.closed:
                raise Unanswered(f"{len(batch)} lines for {service} were not sent any more")
            body = b"".join(line.wire() for line in batch)
            raw = self.request(service, "POST", "/bulk", caller, body, "application/x-ndjson")
            if raw.status != 200:
                raise Unanswered(f"{service} answered a bulk request with {raw.status}: {raw.body[:300]!r}")
            answers = [json.loads(answer) for answer in raw.body.splitlines()]
            left = []
            for line, answer in zip(batch, answers, strict=True):
                if answer["status"] == "failed":
                    left.append(line)
                else:
                    told(line, Answer(status=answer["status"], position=answer["position"], problem=answer["problem"]))
            if left and monotonic() > until:
                raise Unanswered(f"{service} could not decide {len(left)} lines within {PATIENCE:.0f} s")
            if left:
                sleep(AGAIN)
            batch = left

    def post(self, service: str, path: str, body: Mapping[str, Any], caller: Caller) -> Reply:
        """A single command, also a refused one. Sent again after an outage, it happens once."""
        content = json.dumps(body, ensure_ascii=False).encode()
        raw = self.request(service, "POST", path, caller, content, "application/json", key=uuid4().hex)
        return Reply(status=raw.status, body=json.loads(raw.body))

    @contextmanager
    def history(self, name: str) -> Iterator[Reached]:
        """An import at every service: no deadline fires before all that was sent in it is read. Where it breaks off it
        stays open, until it is sent again under its name or an operator ends it. Raises Unanswered."""
        reached = Reached()
        self.everywhere("/imports/start", {"name": name})
        yield reached
        positions = [f"{partition}/{position}" for partition, position in sorted(reached.positions.items())]
        self.everywhere("/imports/complete", {"name": name, "positions": positions})

    def everywhere(self, path: str, body: Mapping[str, Any]) -> None:
        for service in self.urls:
            reply = self.post(service, path, body, Caller())
            if reply.status != 202:
                raise Unanswered(f"{service} answered POST {path} {body} with {reply.status}: {reply.body}")

    # Queries

    def get(self, service: str, path: str, caller: Caller, **query: Any) -> Reply:
        raw = self.request(service, "GET", with_query(path, query), caller)
        return Reply(status=raw.status, body=json.loads(raw.body))

    def text(self, service: str, path: str, caller: Caller, **query: Any) -> str:
        """As plain text. Raises Unanswered."""
        raw = self.request(service, "GET", with_query(path, query), caller, accept="text/plain")
        found: str = raw.body.decode()
        if raw.status != 200:
            raise Unanswered(f"{service} answered GET {path} with {raw.status}: {found[:300]}")
        return found

    def read(self, service: str, path: str, caller: Caller, **query: Any) -> Any:
        """What must be there. Raises Unanswered."""
        reply = self.get(service, path, caller, **query)
        if reply.status != 200:
            raise Unanswered(f"{service} answered GET {path} with {reply.status}: {reply.body}")
        return reply.body

    def items(self, service: str, path: str, caller: Caller, **query: Any) -> Iterator[Any]:
        """All pages of a list."""
        after: str | None = ""
        while after is not None:
            page = self.read(service, path, caller, limit=500, after=after or None, **query)
            yield from page["items"]
            after = page["next"]

    # The wire

    def request(
        self,
        service: str,
        method: str,
        path: str,
        caller: Caller,
        body: bytes = b"",
        kind: str = "",
        accept: str = "*/*",
        key: str = "",
    ) -> Reply:
        """Asked again while the service is away, up to `PATIENCE`."""
        until = monotonic() + PATIENCE
        headers = self.headers(caller, kind, accept) | ({"Idempotency-Key": key} if key else {})
        while True:
            try:
                reply = self.once(service, method, path, body, headers)
            except (OSError, HTTPException) as error:
                self.connections().pop(service, None)
                reason = str(error)
            else:
                if reply.status != 503:
                    return reply
                reason = reply.body.decode(errors="replace")
            if self.closed or monotonic() > until:
                raise Unanswered(f"{service} did not answer {method} {path} for {PATIENCE:.0f} s: {reason}")
            sleep(AGAIN)

    def headers(self, caller: Caller, kind: str, accept: str) -> dict[str, str]:
        """The development identity: a person and capacity, under the secret of this run. Lines say their own origin."""
        return {
            "Authorization": f"Bearer {self.secret}",
            "Kaibo-Person": caller.person,
            "Kaibo-Capacity": caller.capacity,
            "Kaibo-Origin": Origin.GENERATED,
            "Accept": accept,
            **({"Content-Type": kind} if kind else {}),
        }

    def once(self, service: str, method: str, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        connection = self.connections().get(service) or self.open(service)
        connection.request(method, path, body or None, headers)
        response = connection.getresponse()
        return Reply(status=response.status, body=response.read())

    def open(self, service: str) -> HTTPConnection:
        address = urlsplit(self.urls[service])
        connection = self.connections()[service] = HTTPConnection(
            address.hostname or "", address.port, timeout=PATIENCE
        )
        return connection

    def connections(self) -> dict[str, HTTPConnection]:
        if not hasattr(self.local, "connections"):
            self.local.connections = {}
        found: dict[str, HTTPConnection] = self.local.connections
        return found


def with_query(path: str, query: Mapping[str, Any]) -> str:
    """None asks for nothing; a list asks for each."""
    asked = urlencode({name: v for name, v in query.items() if v is not None}, doseq=True)
    return f"{path}?{asked}" if asked else path
