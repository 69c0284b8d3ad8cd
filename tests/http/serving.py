"""The four services on the parts in memory, over HTTP: within the test, or behind a real server on loopback."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
from fastapi.routing import APIRoute

from services.people.main import service as people
from services.performance.main import service as performance
from services.supervision.main import service as supervision
from services.training.main import service as training
from shared import as_of, operating, trial
from shared.access import Access
from shared.build import initial
from shared.desk import Desk
from shared.kafka import KafkaSettings
from shared.memory import MemoryStore
from shared.memory_broker import MemoryBroker
from shared.privacy import Vault
from shared.service import Parts, Service, Workers, api, server, tend
from shared.settings import Settings
from shared.store import Parked

KERNELS = (*operating.router.routes, *as_of.router.routes, *trial.router.routes, *trial.trials.routes)
OPERATING = {route.path for route in KERNELS if isinstance(route, APIRoute)}  # no commands, no queries
SERVICES = {service.name: service for service in (training, people, performance, supervision)}
POLICIES = Path(__file__).parents[2] / "deploy/demo/policies"
PATIENCE = 30.0
SECRET = "secret"


async def in_memory(service: Service, broker: MemoryBroker | None = None) -> Parts:
    return await with_store(service, MemoryStore(dict.fromkeys(service.contract.topics, 2)), broker or MemoryBroker())


async def with_store(service: Service, store: Any, broker: MemoryBroker) -> Parts:
    """Under the demo's policies, so that decisions come as far as they can."""
    await store.prepare(service.sources)
    policies = service.load_policies(POLICIES / service.name)
    settings = Settings(
        service=service.name,
        database_url="",
        kafka=KafkaSettings(bootstrap_servers=""),
        master_key=b"k" * 32,
        development_secret=SECRET,
    )
    desk = Desk(store, service.contract, service.contracts, await store.topics(), policies)
    await broker.ensure({topic: 2 for contract in service.contracts.by_service.values() for topic in contract.topics})
    return Parts(service, settings, store, broker, policies, desk, Vault(settings.master_key, store))


def naming(person: str, capacity: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {SECRET}", "Kaibo-Person": person, "Kaibo-Capacity": capacity}


def holder(access: Access, capability: str) -> str:
    """A capacity that holds it."""
    return next((capacity for capacity in access.table[capability] if capacity != "self"), "nobody")


@dataclass
class Served:
    parts: Parts
    http: httpx2.AsyncClient

    async def caught_up(self) -> None:
        """Everything that was recorded is in every read model, and every consequence is drawn."""
        await until(lambda: caught_up(self.parts))

    async def parked(self) -> list[Parked]:
        return await parked(self.parts)


@asynccontextmanager
async def tended(parts: Parts) -> AsyncIterator[None]:
    crew = Workers(parts)
    task = asyncio.create_task(tend(parts, crew, "all"))

    async def ready() -> bool:
        return crew.ready

    try:
        await until(ready)
        yield
    finally:
        assert not task.done(), task.exception()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def served(parts: Parts) -> AsyncIterator[Served]:
    transport = httpx2.ASGITransport(api(parts))
    async with tended(parts), httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        yield Served(parts, http)


async def until(true: Callable[[], Awaitable[Any]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await true():  # noqa: ASYNC110 what is waited for is a row
            await asyncio.sleep(0.01)


async def caught_up(parts: Parts) -> bool:
    """Published, read to the end by every reader, and nothing left to do; and nothing came meanwhile."""
    before = await parts.store.maximum()
    contracts = parts.service.contracts.by_service.values()
    ends = await parts.broker.ends([topic for contract in contracts for topic in contract.topics])
    for reader in Workers(parts).readers:
        for partition, at in (await parts.store.checkpoints(initial(reader).reader)).items():
            if at.offset + 1 < ends.get(partition, 0):
                return False
    if await dirty(parts.store):
        return False
    waits = await parts.store.next_due([reaction.name for reaction in parts.service.reactions])
    quiet = waits is None or waits > datetime.now(UTC)
    own = sum(end for (topic, _), end in ends.items() if topic in parts.service.contract.topics)
    return quiet and own == before == await parts.store.maximum()


async def dirty(store: Any) -> bool:
    """Whether a subject waits to be computed again."""
    if isinstance(store, MemoryStore):
        return any(rows for name, rows in store.tables.items() if name.endswith("_dirty"))
    return bool(await store.pool.fetchval("select count(*) from dirty"))


async def parked(parts: Parts) -> list[Parked]:
    """What waits for an operator."""
    found: list[Parked] = []
    async with parts.store.work() as work:
        for reader in Workers(parts).readers:
            found += await work.parked(initial(reader).reader)
    return found


@dataclass
class Behind:
    """A service behind a real server, in a thread of its own."""

    parts: Parts
    url: str


@contextmanager
def behind_a_server(service: Service) -> Iterator[Behind]:
    begun, stop = threading.Event(), threading.Event()
    found: list[Behind] = []

    async def serve() -> None:
        parts = await in_memory(service)
        face = server(api(parts), "127.0.0.1", 0)
        async with tended(parts):
            serving = asyncio.create_task(face.serve())

            async def started() -> bool:
                return face.started

            await until(started)
            port = face.servers[0].sockets[0].getsockname()[1]
            found.append(Behind(parts, f"http://127.0.0.1:{port}"))
            begun.set()
            await asyncio.to_thread(stop.wait)
            face.should_exit = True
            await serving

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert begun.wait(PATIENCE)
        yield found[0]
    finally:
        stop.set()
        thread.join()
