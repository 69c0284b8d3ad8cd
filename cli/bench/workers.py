"""One reader over 1, 2 and 3 worker processes on 12 partitions, and no event takes effect twice.

python -m cli.bench.workers DATABASE_URL BOOTSTRAP     one worker, until it is told to stop
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import asyncpg
import uvloop

from cli.bench.databases import fresh
from cli.bench.exams import contract
from cli.bench.figure import Figure, Plan, in_turns, tell
from cli.bench.readers import Topic, published, results
from deploy.local.environment import ROOT
from deploy.local.processes import spawn, stop
from shared.event import Contracts
from shared.kafka import KafkaBroker, KafkaSettings
from shared.policy import Policies
from shared.postgres import open_store
from shared.subscription import Subscription

PARTITIONS = 12
WORKERS = (1, 2, 3)


def measure(directory: Path, plan: Plan) -> Iterator[Figure]:
    events = 2 * plan.events
    with published(directory / "workers", events, PARTITIONS) as topic:
        tell(f" {events} events, {' / '.join(map(str, WORKERS))} processes on {os.cpu_count()} cores")
        found = in_turns(plan, *(lambda turn, n=n: run(directory, topic, n, turn) for n in WORKERS))
    for workers, rates in zip(WORKERS, found, strict=True):
        yield Figure(
            name=f"workers/{workers} of one reader, {PARTITIONS} partitions, {os.cpu_count()} cores",
            unit="events/s",
            ours=rates,
            twin=found[0] if workers > 1 else (),
            beside="one worker" if workers > 1 else "",
        )


def run(directory: Path, topic: Topic, workers: int, turn: int) -> float:
    """Events a second once every worker has taken up something. Raises RuntimeError where one took effect twice."""
    url = uvloop.run(prepared(topic, f"workers_{workers}_{turn}"))
    with ExitStack() as stack:
        for number in range(workers):
            process = spawn(
                [sys.executable, "-P", "-m", "cli.bench.workers", url, topic.settings.bootstrap_servers],
                log=directory / f"worker-{number}.log",
                death_signal=signal.SIGKILL,
                environment={**os.environ, "PYTHONPATH": str(ROOT)},
            )
            stack.callback(stop, process, ((signal.SIGTERM, 5.0),))
        return uvloop.run(watch(url, topic, workers))


async def prepared(topic: Topic, name: str) -> str:
    url = await fresh(topic.server.url(), name)
    store = await open_store(url, dict.fromkeys(contract.topics, PARTITIONS))
    await store.prepare([results])
    await store.pool.execute("create table takers (pid int primary key)")
    await store.close()
    return url


async def watch(url: str, topic: Topic, workers: int) -> float:
    connection = await asyncpg.connect(url)
    try:
        while await connection.fetchval("select count(*) from takers") < workers:
            await asyncio.sleep(0.02)
        before, began = await taken(connection), time.perf_counter()
        while (now := await taken(connection)) < topic.events:
            await asyncio.sleep(0.02)
        rate = (now - before) / (time.perf_counter() - began)
        exams = await connection.fetchval("select sum(exams) from results_1")
        if exams != topic.events:
            raise RuntimeError(f"{exams} events took effect, {topic.events} were published")
    finally:
        await connection.close()
    return rate


async def taken(connection: "asyncpg.Connection[asyncpg.Record]") -> int:
    return int(await connection.fetchval('select coalesce(sum("offset" + 1), 0) from checkpoints'))


class Taker(Subscription):
    told_of_itself = False

    async def take(self, items: object) -> None:
        await super().take(items)  # type: ignore[arg-type]
        if not self.told_of_itself:
            self.told_of_itself = True
            await self.store.pool.execute("insert into takers values ($1)", os.getpid())  # type: ignore[attr-defined]


async def work(url: str, bootstrap: str) -> None:
    store = await open_store(url, dict.fromkeys(contract.topics, PARTITIONS))
    broker = KafkaBroker(KafkaSettings(bootstrap_servers=bootstrap))
    reader = Taker("bench", results, store, broker, Contracts(contract), Policies())
    running = asyncio.create_task(reader.run())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    await asyncio.wait([running])
    await broker.close()
    await store.close()


if __name__ == "__main__":
    uvloop.run(work(*sys.argv[1:]))
