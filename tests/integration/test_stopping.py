"""Processes that are asked to end, or are killed, while they work: on PostgreSQL and Kafka. G12."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import httpx2
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from cli.chaos.plan import Link
from cli.chaos.proxies import Proxy
from deploy.local.environment import ROOT
from deploy.local.kafka import Kafka
from deploy.local.processes import free_port
from services.people.contracts import contract
from shared.kafka import KafkaBroker, KafkaSettings

BOUND = 300.0  # a process imports for half a minute where others are at work
HR = {"Authorization": "Bearer secret", "Kaibo-Person": "somebody", "Kaibo-Capacity": "hr"}
PROGRAM = """
import sys
from contextlib import ExitStack
from shared import kafka, service
from cli.serve import serve
from tests.seeded.patching import mutated
role, drain, last, *bug = sys.argv[1:]
service.DRAIN, service.LAST = float(drain), float(last)
with ExitStack() as stack:
    if bug:
        stack.enter_context(mutated(sys.modules[bug[0]], *bug[1:]))
    serve("people", role)
"""
WAITS = "select pid from pg_locks where locktype = 'advisory' and not granted"


@dataclass
class Running:
    """A process of people. `url`: where it answers."""

    process: asyncio.subprocess.Process
    url: str
    log: Path

    async def ended(self, number: int, bound: float = BOUND) -> int:
        """Its exit code, after this signal."""
        self.process.send_signal(number)
        async with asyncio.timeout(bound):
            return await self.process.wait()

    def said(self, word: str) -> bool:
        return f'"{word}"' in self.log.read_text()


@dataclass
class People:
    """The service's processes, on one database and one broker."""

    database: str
    kafka: Kafka
    directory: Path
    stack: AsyncExitStack
    running: list[Running] = field(default_factory=list)

    async def start(
        self, role: str, database: str = "", drain: float = 12.0, last: float = 27.0, bug: Sequence[str] = ()
    ) -> Running:
        """Until it is ready. `bug`: a module, what it says, what it says instead."""
        port, log = free_port(), self.directory / f"{len(self.running)}.log"
        (self.directory / "key").write_text("ab" * 32)
        environment = {
            "PYTHONPATH": str(ROOT),
            "PEOPLE_DATABASE_URL": database or self.database,
            "PEOPLE_METRICS_PORT" if role == "workers" else "PEOPLE_HTTP_PORT": str(port),
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "KAIBO_MASTER_KEY_FILE": str(self.directory / "key"),
            "KAIBO_DEVELOPMENT_SECRET": "secret",
        }
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", PROGRAM, role, str(drain), str(last), *bug),
                env={**os.environ, **environment},
                stdout=output,
                stderr=output,
            )
        made = Running(process, f"http://127.0.0.1:{port}", log)
        self.running.append(made)
        self.stack.push_async_callback(killed, process)

        async def ready() -> bool:
            assert process.returncode is None, log.read_text()
            return await answered(f"{made.url}/health/ready") == 200

        await until(ready)
        return made


async def killed(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()


async def answered(url: str) -> int:
    """The status; 0 where nobody listens."""
    try:
        async with httpx2.AsyncClient() as http:
            return (await http.get(url, headers=HR)).status_code
    except httpx2.HTTPError:
        return 0


async def until(true: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(BOUND):
        while not await true():  # noqa: ASYNC110 what is waited for is another process
            await asyncio.sleep(0.05)


async def define(http: httpx2.AsyncClient, unit: str) -> int:
    """The status; 0 where it was left in doubt."""
    try:
        return (await http.post("/units/define", json={"unit": unit, "name": unit}, headers=HR)).status_code
    except httpx2.HTTPError:
        return 0


@pytest.fixture
async def people(database: str, kafka_broker: Kafka, tmp_path: Path) -> AsyncIterator[People]:
    broker = KafkaBroker(KafkaSettings(bootstrap_servers=kafka_broker.bootstrap_servers))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(broker.close)
        await broker.remove(contract.topics)
        stack.push_async_callback(broker.remove, contract.topics)
        yield People(database, kafka_broker, tmp_path, stack)


@asynccontextmanager
async def halted(database: str) -> AsyncIterator[asyncpg.Connection]:
    """Whoever appends waits until the block ends."""
    connection = await asyncpg.connect(database)
    try:
        async with connection.transaction():
            await connection.execute("select pg_advisory_xact_lock(42)")
            yield connection
    finally:
        await connection.close()


async def in_flight(people: People, drain: float) -> tuple[int, int]:
    """What a command was answered that was in flight when its process was asked to end, and the exit code of that."""
    there = await people.start("api", drain=drain)
    async with httpx2.AsyncClient(base_url=there.url, timeout=BOUND) as http:
        async with halted(people.database) as connection:
            asked = asyncio.create_task(define(http, "u1"))
            await until(lambda: connection.fetchval(WAITS))
            ending = asyncio.create_task(there.ended(signal.SIGTERM))
            await until(lambda: refused(there) if drain else over(asked))
        return await asked, await ending


async def refused(there: Running) -> bool:
    """Who comes now is not let in."""
    return await answered(f"{there.url}/health/live") == 0


async def over(asked: "asyncio.Task[int]") -> bool:
    return asked.done()


async def test_what_an_api_has_in_flight_is_answered_and_it_ends(people: People) -> None:
    assert await in_flight(people, drain=12.0) == (202, 0)


async def test_seeded_what_is_in_flight_is_not_waited_for(people: People) -> None:
    answer, _ = await in_flight(people, drain=0.0)
    assert answer != 202


async def whose_database_hangs(people: People, bound: float, bug: Sequence[str] = ()) -> None:
    """It ends by itself after 27 seconds in production, after two here."""
    port = int(people.database.rsplit(":", 1)[1].split("/")[0])
    proxy = Proxy(Link(0, port))
    front = await asyncio.start_server(proxy.connected, "127.0.0.1", 0)
    through = people.database.replace(f":{port}/", f":{front.sockets[0].getsockname()[1]}/")
    there = await people.start("all", database=through, drain=0.5, last=2.0, bug=bug)
    proxy.set("hold", 0.0)
    async with httpx2.AsyncClient(base_url=there.url, timeout=BOUND) as http:
        asked = asyncio.create_task(define(http, "u1"))
        try:
            assert await there.ended(signal.SIGTERM, bound) == 0
        finally:
            proxy.set("cut", 0.0)
            front.close()
        assert await asked in (0, 503)
    assert there.said("service.cut_off")


async def test_a_process_whose_database_hangs_ends_within_its_bound(people: People) -> None:
    await whose_database_hangs(people, BOUND)


async def test_seeded_no_last_resort(people: People) -> None:
    bug = ("shared.service", "call_later(LAST, cut_off,", "call_later(1_000, cut_off,")
    with pytest.raises((TimeoutError, AssertionError)):
        await whose_database_hangs(people, bound=8.0, bug=bug)


async def hands_over(people: People, other: Running) -> None:
    """The broker knows it the moment that it is gone, not after a session that nobody answers."""
    assert await other.ended(signal.SIGTERM) == 0
    assert await members(people, 1)


async def test_seeded_who_ends_does_not_leave(people: People) -> None:
    await people.start("all")
    other = await people.start("workers", bug=("shared.kafka", "await leave(self.consumer)", "pass"))
    await until(lambda: members(people, 2))
    with pytest.raises(AssertionError):
        await hands_over(people, other)


async def test_a_worker_that_ends_hands_over_and_one_that_is_killed_is_followed(people: People) -> None:
    one, other = await people.start("all"), await people.start("workers")
    async with httpx2.AsyncClient(base_url=one.url, timeout=BOUND) as http:
        assert [await define(http, f"a{n}") for n in range(20)] == [202] * 20
        await until(lambda: members(people, 2))
        defining = asyncio.create_task(many(http))
        await hands_over(people, other)
        assert other.said("service.stopped")
        assert not other.said("service.cut_off")
        known = {f"a{n}" for n in range(20)} | await defining
        await until(lambda: shown(http, known))
        defining = asyncio.create_task(many(http, "c"))
        await until(lambda: shown(http, {"c3"}))
        await one.ended(signal.SIGKILL)
        known |= await defining
    follower = await people.start("all")
    async with httpx2.AsyncClient(base_url=follower.url, timeout=BOUND) as http:
        assert await define(http, "d") == 202
        await until(lambda: shown(http, known | {"d"}))
        assert await follower.ended(signal.SIGTERM) == 0


async def many(http: httpx2.AsyncClient, prefix: str = "b") -> set[str]:
    """What was accepted of 100 units that are defined, ten at a time, or as many as are answered."""
    found: set[str] = set()
    for n in range(10):
        units = [f"{prefix}{10 * n + i}" for i in range(10)]
        answers = await asyncio.gather(*(define(http, unit) for unit in units))
        found |= {unit for unit, answer in zip(units, answers, strict=True) if answer == 202}
    return found


async def shown(http: httpx2.AsyncClient, units: set[str]) -> bool:
    answer = await http.get("/units", params={"limit": 500}, headers=HR)
    assert answer.status_code == 200, answer.text
    return units <= {item["unit"] for item in answer.json()["items"]}


async def members(people: People, count: int) -> bool:
    """Whether so many read the units, as the broker knows it."""
    admin = AIOKafkaAdminClient(bootstrap_servers=people.kafka.bootstrap_servers)
    await admin.start()
    try:
        (answer,) = await admin.describe_consumer_groups(["kaibo.people.units/1"])
        return len(answer.groups[0][5]) == count
    finally:
        await admin.close()
