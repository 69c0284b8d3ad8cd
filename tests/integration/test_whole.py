"""A fact travels: over HTTP into PostgreSQL, through Kafka, into rows, results and consequences of another service."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import pytest

from deploy.local.kafka import Kafka
from shared.explanation import evaluate, load
from shared.kafka import KafkaSettings
from shared.service import Parts, Service, Workers, api, opened, tend
from shared.settings import Settings
from tests.databases import Databases
from tests.kernel.clubs import club, treasury

ACCESS = "member.join: [clerk, system]\nmember.read: [clerk, self]\n"
CLERK = {"Authorization": "Bearer secret", "Kaibo-Person": "c1", "Kaibo-Capacity": "clerk"}
SYSTEM = {**CLERK, "Kaibo-Capacity": "system"}
PATIENCE = 30.0
NUMBERS = count(1)


@dataclass
class Running:
    club: httpx2.AsyncClient
    treasury: httpx2.AsyncClient
    parts: dict[str, Parts]

    async def patient(self, path: str, seeing: httpx2.Response, **params: Any) -> httpx2.Response:
        """A query that sees what a command did, asked again as long as the answer is to come back later."""
        headers = {"Kaibo-Min-Position": seeing.headers["Kaibo-Position"]}

        async def answered() -> httpx2.Response | None:
            answer = await self.club.get(path, headers=headers, params=params)
            return None if answer.status_code == 503 else answer

        found: httpx2.Response = await until(answered)
        return found

    async def events(self, service: str) -> list[str]:
        return [s.type for s in await self.parts[service].store.tail(0, 10_000)]


@asynccontextmanager
async def running(services: list[Service], databases: Databases, kafka: Kafka) -> AsyncIterator[dict[str, Parts]]:
    tasks: list[asyncio.Task[None]] = []
    parts: dict[str, Parts] = {}
    contexts = []
    crews: list[Workers] = []
    try:
        for service in services:
            settings = Settings(
                service=service.name,
                database_url=await databases.make("template1"),
                kafka=KafkaSettings(bootstrap_servers=kafka.bootstrap_servers),
                master_key=secrets.token_bytes(32),
                development_secret="secret",
                partitions=3,
            )
            context = opened(service, settings)
            contexts.append(context)
            parts[service.name] = await context.__aenter__()
            crew = Workers(parts[service.name])
            crews.append(crew)
            tasks.append(asyncio.create_task(tend(parts[service.name], crew, "all")))

        async def ready() -> bool:
            return all(crew.ready for crew in crews)

        await until(ready)  # a reaction that is new begins at the end of the log
        yield parts
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for context in contexts:
            await context.__aexit__(None, None, None)


@pytest.fixture
async def whole(databases: Databases, kafka_broker: Kafka, tmp_path: Path) -> AsyncIterator[Running]:
    (tmp_path / "access.yaml").write_text(ACCESS)
    number = next(NUMBERS)  # topics of their own for every test
    first = club(tmp_path, f"club{number}")
    services = [first, treasury(tmp_path, first.contract, f"treasury{number}")]
    async with running(services, databases, kafka_broker) as found:
        parts = dict(zip(("club", "treasury"), found.values(), strict=True))
        clients = {
            name: httpx2.AsyncClient(transport=httpx2.ASGITransport(api(p)), base_url="http://127.0.0.1", headers=CLERK)
            for name, p in parts.items()
        }
        yield Running(clients["club"], clients["treasury"], parts)
        for client in clients.values():
            await client.aclose()


async def until(true: Callable[[], Awaitable[Any]]) -> Any:
    """The first answer that is not empty."""
    async with asyncio.timeout(PATIENCE):
        while not (found := await true()):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        return found


def joining(person: str, year: int = 5, points: str = "2") -> dict[str, Any]:
    return {"person": person, "name": "Li", "year": year, "points": points}


async def test_a_fact_travels(whole: Running) -> None:
    answer = await whole.club.post("/members/join", json=joining("a"))
    assert answer.status_code == 202, answer.text
    accepted = answer.json()
    assert (accepted["version"], accepted["changed"]) == (1, True)
    seen = await whole.patient("/members/a", answer)
    assert seen.json()["name"] == "withheld"
    hr = {"Kaibo-Capacity": "hr", "Kaibo-Person": "a"}
    assert (await whole.club.get("/members/a", headers=hr)).json()["name"] == "Li"
    (stored,) = await whole.parts["club"].store.tail(0, 10)
    assert b'"name":"enc1:a:name:' in stored.data

    async def charged() -> bool:
        return set(await whole.events("treasury")) == {"Charged", "Warned", "YearSeen"}

    await until(charged)

    async def year() -> dict[str, Any] | None:
        found = await whole.treasury.get("/years/a/5")
        return dict(found.json()) if found.status_code == 200 else None

    document = await until(year)
    assert document["used"] == [stored.id]
    assert evaluate(load(document["document"])) == 2


async def test_what_is_asked_twice_happens_once(whole: Running) -> None:
    key = {"Idempotency-Key": "k1"}
    first = await whole.club.post("/members/join", json=joining("b"), headers=key)
    again = await whole.club.post("/members/join", json=joining("b"), headers=key)
    assert first.json()["version"] == again.json()["version"] == 1
    other = await whole.club.post("/members/join", json=joining("b", year=7), headers=key)
    assert (other.status_code, other.json()["title"]) == (422, "idempotency_key.reused")
    refused = await whole.club.post("/members/join", json=joining("b", year=7))
    assert (refused.status_code, refused.json()["title"]) == (409, "membership.out_of_turn")
    stale = await whole.club.post("/members/join", json=joining("b", year=7), headers={"If-Match": '"9"'})
    assert stale.status_code == 412


async def test_the_edge_refuses_and_says_why(whole: Running) -> None:
    def titled(response: httpx2.Response) -> tuple[int, str]:
        return response.status_code, response.json()["title"]

    nobody = await whole.club.post("/members/join", json=joining("x"), headers={"Authorization": "Bearer wrong"})
    assert titled(nobody) == (401, "unauthenticated")
    guest = await whole.club.post("/members/join", json=joining("x"), headers={"Kaibo-Capacity": "guest"})
    assert titled(guest) == (403, "capability.missing")
    wrong = await whole.club.post("/members/join", json=joining("x") | {"points": "900", "nam": 1})
    assert wrong.status_code == 422
    assert {e["at"] for e in wrong.json()["errors"]} == {"body/points", "body/nam"}
    assert "900" not in wrong.text
    assert titled(
        await whole.club.post("/members/join", content=b"{", headers={"content-type": "application/json"})
    ) == (
        400,
        "malformed",
    )
    assert titled(await whole.club.get("/members/x")) == (404, "not_found")
    host = await whole.club.get("/members/x", headers={"Host": "evil.example"})
    assert titled(host) == (400, "host.unknown")
    forged = await whole.club.post("/members/join", json=joining("x") | {"name": "enc1:x:name:abc"})
    assert titled(forged) == (422, "personal.forged")
    at = {"Kaibo-Occurred-At": "2024-01-01T00:00:00Z"}
    assert titled(await whole.club.post("/members/join", json=joining("x"), headers=at)) == (403, "capability.missing")


async def test_bulk_answers_each_line_and_takes_a_file_twice(whole: Running) -> None:
    lines = [
        {"command": "Join", "body": joining("d1"), "occurred_at": "2024-05-01T08:00:00+08:00", "key": "1"},
        {"command": "Join", "body": joining("d1"), "key": "2"},
        {"command": "Leave", "body": {"person": "d1"}, "key": "3"},
        {"command": "Leave", "body": {"person": "d1"}, "key": "4"},
        {"command": "Fly", "body": {}},
        {"command": "Join", "body": {"person": "d2", "year": "x"}},
    ]
    content = "\n".join(json.dumps(line) for line in lines)

    async def send() -> list[dict[str, Any]]:
        answer = await whole.club.post("/bulk", content=content, headers=SYSTEM)
        assert answer.status_code == 200, answer.text
        return [json.loads(line) for line in answer.text.splitlines()]

    first, second = await send(), await send()
    statuses = ["stored", "unchanged", "stored", "refused", "invalid", "invalid"]
    assert [r["status"] for r in first] == statuses
    assert [r["status"] for r in second] == ["unchanged", "unchanged", "unchanged", "refused", "invalid", "invalid"]
    assert [r["version"] for r in first[:3]] == [1, 1, 2]
    stored = [s for s in await whole.parts["club"].store.tail(0, 100) if s.stream == "membership/d1"]
    assert [s.version for s in stored] == [1, 2]
    assert stored[0].occurred_at.isoformat() == "2024-05-01T00:00:00+00:00"
    denied = await whole.club.post("/bulk", content=content)
    assert denied.status_code == 403


async def test_a_refused_consequence_is_an_outcome(whole: Running) -> None:
    await whole.club.post("/members/join", json=joining("old", year=1900))

    async def decided() -> bool:
        store = whole.parts["treasury"].store
        kept = await store.kept([f"reaction:fee:charge/old:{stored.id}"])
        return any(k.outcome == "refused:charge.too_old" for k in kept.values())

    stored = next(s for s in await whole.parts["club"].store.tail(0, 1000) if s.stream == "membership/old")
    assert await until(decided)
    assert await whole.parts["treasury"].store.history(["charge/old"]) == {"charge/old": []}


async def test_pages_follow_each_other(whole: Running) -> None:
    last = None
    for i in range(5):
        last = await whole.club.post("/members/join", json=joining(f"p{i}"))
    assert last is not None
    found: list[str] = []
    after = ""
    while True:
        page = await whole.patient("/members", last, limit=2, after=after)
        assert page.status_code == 200, page.text
        found += [row["person"] for row in page.json()["items"]]
        after = page.json()["next"]
        if not after:
            break
    assert [p for p in found if p.startswith("p")] == [f"p{i}" for i in range(5)]
    wrong = await whole.club.get("/members", params={"after": "!!"})
    assert wrong.status_code == 400
