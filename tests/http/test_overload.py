"""More than can be answered is sent away at once, with when to come back; what was let in is answered."""

import asyncio
import json
import socket
from collections.abc import Sequence
from urllib.parse import urlsplit

import httpx2
import pytest

from shared import bulk, web
from shared.memory import MemoryStore
from shared.memory_broker import MemoryBroker
from shared.store import Answer, Group
from tests.http.serving import SERVICES, behind_a_server, naming, served, until, with_store
from tests.seeded.patching import mutated

HR, IMPORTER = naming("somebody", "hr"), naming("importer", "system")


class Gated(MemoryStore):
    """Stores nothing before it is told to."""

    def __init__(self, topics: dict[str, int]) -> None:
        super().__init__(topics)
        self.gate = asyncio.Event()

    async def append(self, groups: Sequence[Group]) -> list[Answer]:
        await self.gate.wait()
        return await super().append(groups)


def sent_away(answer: httpx2.Response, title: str) -> None:
    assert (answer.status_code, answer.json()["title"]) == (503, title)
    assert answer.headers["retry-after"] == "1"
    assert answer.headers["content-type"] == "application/problem+json"


async def a_burst_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "AT_ONCE", 4)
    service = SERVICES["people"]
    store = Gated(dict.fromkeys(service.contract.topics, 2))
    async with served(await with_store(service, store, MemoryBroker())) as there:

        async def ask(n: int) -> httpx2.Response:
            return await there.http.post("/units/define", json={"unit": f"u{n}", "name": "U"}, headers=HR)

        asking = [asyncio.create_task(ask(n)) for n in range(400)]

        async def answered() -> bool:
            return sum(task.done() for task in asking) == 396

        await until(answered)
        for task in asking:
            if task.done():
                sent_away(task.result(), "busy")
        assert (await there.http.get("/health/ready")).status_code == 200
        store.gate.set()
        answers = await asyncio.gather(*asking)
        assert sorted(a.status_code for a in answers).count(202) == 4
        assert await store.maximum() == 4


async def test_a_burst_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred times as many as are answered at once: those wait, all others are told at once."""
    await a_burst_is_sent_away(monkeypatch)


async def test_seeded_everything_is_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    with mutated(web, "if self.serving > AT_ONCE and not", "if self.serving < 0 and not"), pytest.raises(TimeoutError):
        async with asyncio.timeout(3):
            await a_burst_is_sent_away(monkeypatch)


async def test_a_file_too_many_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 1)
    service = SERVICES["people"]
    store = Gated(dict.fromkeys(service.contract.topics, 2))
    async with served(await with_store(service, store, MemoryBroker())) as there:
        line = json.dumps({"command": "DefineUnit", "body": {"unit": "u", "name": "U"}})

        async def send() -> httpx2.Response:
            return await there.http.post("/bulk", content=line, headers=naming("importer", "system"))

        first = asyncio.create_task(send())
        second: list[httpx2.Response] = []

        async def refused() -> bool:
            second.append(await asyncio.wait_for(send(), 5))
            return second[-1].status_code == 503

        await asyncio.sleep(0)
        await until(refused)
        sent_away(second[-1], "later")
        store.gate.set()
        assert (await first).status_code == 200
        assert (await send()).json()["status"] in ("unchanged", "refused")


async def test_lines_are_decided_before_more_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """By bytes, not by number alone: what a file takes in memory is bounded."""
    monkeypatch.setattr(bulk, "CHUNK_BYTES", 10_000)
    service = SERVICES["people"]
    store = MemoryStore(dict.fromkeys(service.contract.topics, 2))
    sizes: list[int] = []
    decide = bulk.Bulk.decide

    async def watched(self: bulk.Bulk, chunk: bulk.Chunk, by: bulk.Sender) -> bytes:
        sizes.append(chunk.size)
        return await decide(self, chunk, by)

    monkeypatch.setattr(bulk.Bulk, "decide", watched)
    async with served(await with_store(service, store, MemoryBroker())) as there:
        body = {"unit": "u", "name": "N" * 3_000}
        lines = [json.dumps({"command": "DefineUnit", "body": body | {"unit": f"u{n}"}}) for n in range(20)]
        answer = await there.http.post("/bulk", content="\n".join(lines), headers=IMPORTER)
        assert len(answer.text.splitlines()) == 20
    assert len(sizes) == 5
    assert max(sizes) < 14_000


def a_body_that_stops(monkeypatch: pytest.MonkeyPatch, path: str, begun: bytes) -> bytes:
    """What is answered to the beginning of a body, until the connection is closed; the only place is free then."""
    monkeypatch.setattr(web, "BODY_SECONDS", 0.2)
    monkeypatch.setattr(web, "AT_ONCE", 1)
    with behind_a_server(SERVICES["people"]) as there:
        address = urlsplit(there.url)
        named = "".join(f"{name}: {text}\r\n" for name, text in IMPORTER.items())
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 500\r\n{named}\r\n"
        with socket.create_connection((address.hostname, address.port), timeout=10) as client:
            client.sendall(head.encode() + begun)
            answer = b"".join(iter(lambda: client.recv(10_000), b""))
        body = {"unit": "u", "name": "U"}
        assert httpx2.post(f"{there.url}/units/define", json=body, headers=HR).status_code == 202
    return answer


def test_a_body_that_comes_too_slowly_holds_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = a_body_that_stops(monkeypatch, "/units/define", b'{"unit": ')
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"too_slow"' in answer


def test_a_file_that_stops_holds_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer has begun by then: it breaks off without its end."""
    answer = a_body_that_stops(monkeypatch, "/bulk", b'{"command": "DefineUnit"')
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert not answer.endswith(b"0\r\n\r\n")


def test_seeded_a_body_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with mutated(web, 'bounded(receive, scope["path"]), answering', "receive, answering"), pytest.raises(TimeoutError):
        a_body_that_stops(monkeypatch, "/units/define", b'{"unit": ')
