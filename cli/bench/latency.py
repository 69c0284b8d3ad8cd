"""From accepted to visible: how soon after the answer to a command its row is committed by a reader.

Desk, relay and subscription on one event loop, beside the same by hand: insert what waits by one call and notify,
`send_batch`, `getmany`, upsert with the checkpoint; the twins of `append`, `relay` and `projection` in a row. Neither
polls; commands come evenly, whether earlier ones are visible or not.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import uvloop
from aiokafka import AIOKafkaConsumer

from cli.bench import append, relay
from cli.bench.databases import fresh
from cli.bench.exams import Grade, Graded, asked, exams
from cli.bench.exams import contract as exams_contract
from cli.bench.figure import Figure, Plan, tell
from cli.bench.readers import CHECKPOINTS, Rows, assigned, results
from cli.bench.readers import LOG as LOG_ID
from deploy.local.kafka import kafka
from deploy.local.postgres import postgres
from shared.desk import Desk, Request
from shared.event import Contract, Contracts
from shared.kafka import KafkaBroker, KafkaSettings
from shared.policy import Policies
from shared.postgres import open_store
from shared.relay import Relay
from shared.subscription import Subscription

RATES = {10: 60, 100: 400, 1000: 4_000}  # commands a second, and how many
PARTITIONS = 6


@dataclass
class Waits:
    """By event: when it was accepted, and when visible; the second may be noticed first."""

    accepted: dict[str, float] = field(default_factory=dict)
    visible: dict[str, float] = field(default_factory=dict)
    failed: list[BaseException] = field(default_factory=list)

    def milliseconds(self) -> list[float]:
        return sorted(1000 * max(0.0, self.visible[key] - at) for key, at in self.accepted.items())


def measure(directory: Path, plan: Plan) -> Iterator[Figure]:
    with postgres(directory / "latency") as server, kafka(directory / "latency-kafka") as broker:
        settings = KafkaSettings(bootstrap_servers=broker.bootstrap_servers)
        for rate, count in RATES.items():
            found: dict[str, dict[int, list[float]]] = {"ours": {50: [], 99: []}, "hand": {50: [], 99: []}}
            tell(f" {rate} commands/s: ours, by hand")
            for turn in range(plan.rounds):
                for who, run in (("ours", ours), ("hand", by_hand)):
                    contract = Contract(f"{who}{turn}x{rate}", Graded)
                    waits = uvloop.run(run(server.url(), settings, contract, rate, count))
                    for part, figures in found[who].items():
                        figures.append(waits[len(waits) * part // 100])
                    tell(f"  round {turn + 1}: {found[who][50][-1]:.1f} ms, {found[who][99][-1]:.1f} ms")
            for part in (50, 99):
                yield Figure(
                    name=f"latency/{part} % visible within, at {rate} commands/s",
                    unit="ms",
                    ours=found["ours"][part],
                    twin=found["hand"][part],
                    beside="by hand",
                    better="less",
                )


async def paced(
    rate: int,
    count: int,
    waits: Waits,
    submit: Callable[[Grade], Awaitable[object]],
    parts: list[Coroutine[Any, Any, Any]],
) -> list[float]:
    """Milliseconds, in order. What is asked before the readers have begun is not counted."""
    running = [asyncio.create_task(part) for part in parts]

    async def command(number: int, run: str) -> None:
        grade = asked(number, 0, run)
        await submit(grade)
        waits.accepted[grade.person] = time.perf_counter()

    try:
        await command(0, "first")
        await seen(waits, running)
        waits.accepted.clear()
        began = time.perf_counter()
        asking = []
        for number in range(count):
            await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
            asking.append(asyncio.create_task(command(number, "then")))
        await asyncio.gather(*asking)
        await seen(waits, running)
    finally:
        for task in running:
            task.cancel()
        for task in running:
            with suppress(asyncio.CancelledError):
                await task
    return waits.milliseconds()


async def seen(waits: Waits, running: list["asyncio.Task[Any]"]) -> None:
    while not waits.accepted.keys() <= waits.visible.keys():
        await asyncio.sleep(0.05)
        for task in running:
            if task.done():
                task.result()


class Watched(Subscription):
    waits: Waits

    def observe(self, items: Any, events: Any, seconds: float) -> None:
        super().observe(items, events, seconds)
        self.waits.visible |= dict.fromkeys([e.event.person for e in events], time.perf_counter())


async def ours(url: str, settings: KafkaSettings, contract: Contract, rate: int, count: int) -> list[float]:
    topics = dict.fromkeys(contract.topics, PARTITIONS)
    store = await open_store(await fresh(url, contract.service), topics)
    await store.prepare([results])
    contracts, sending, reading = Contracts(contract), KafkaBroker(settings), KafkaBroker(settings)
    await sending.ensure(topics)
    desk = Desk(store, contract, contracts, topics, Policies())
    reader = Watched(contract.service, results, store, reading, contracts, Policies())
    waits = reader.waits = Waits()

    async def submit(command: Grade) -> object:
        return await desk.submit(Request(decider=exams, command=command, now=datetime.now(UTC), actor="chen"))

    try:
        return await paced(
            rate, count, waits, submit, [desk.run(), Relay(store, sending, contract).run(), reader.run()]
        )
    finally:
        await sending.close()
        await reading.close()
        await store.close()


TABLES = """
create table cursors (topic text, partition int, position bigint not null, primary key (topic, partition));
create function tell() returns trigger language plpgsql as $$ begin perform pg_notify('log', ''); return null; end $$;
create trigger told after insert on events for each statement execute function tell();
"""


async def by_hand(url: str, settings: KafkaSettings, contract: Contract, rate: int, count: int) -> list[float]:
    address = await fresh(url, contract.service)
    pool = await asyncpg.create_pool(address, min_size=4, max_size=8)
    broker, waits, topic = KafkaBroker(settings), Waits(), contract.topics[0]
    await pool.execute(append.TABLE.replace(exams_contract.topics[0], topic) + TABLES + CHECKPOINTS + Rows.tables)
    await broker.ensure({topic: PARTITIONS})
    await broker.close()
    woken = asyncio.Event()
    listener, hand = await asyncpg.connect(address), await asyncpg.connect(address)
    await listener.add_listener("log", lambda *_: woken.set())
    consumer = await assigned(settings, [(topic, number) for number in range(PARTITIONS)])
    twin = append.Twin(pool)
    relaying = relay.by_hand(pool, LOG_ID, settings, exams_contract, woken)
    try:
        return await paced(rate, count, waits, twin.submit, [twin.run(), relaying, read(hand, consumer, waits)])
    finally:
        await consumer.stop()
        await hand.close()
        await listener.close()
        await pool.close()


async def read(connection: "asyncpg.Connection[asyncpg.Record]", consumer: AIOKafkaConsumer, waits: Waits) -> None:
    class Seen(Rows):
        def visible(self, events: Any) -> None:
            waits.visible |= dict.fromkeys([event.person for event, _, _ in events], time.perf_counter())

    await Seen(connection).run(consumer)
