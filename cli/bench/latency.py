"""From accepted to visible: how soon after the answer to a command its row is committed by a reader.

Desk, relay and subscription on one event loop, beside the same by hand: insert and notify, `send_batch`, `getmany`,
upsert with the checkpoint. Neither polls; commands come evenly, whether earlier ones are visible or not.
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
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from cli.bench.databases import fresh
from cli.bench.exams import Grade, Graded, asked, decide, exams
from cli.bench.figure import Figure, Plan, tell
from cli.bench.readers import CHECKPOINTS, Rows, assigned, results
from cli.bench.readers import LOG as LOG_ID
from deploy.local.kafka import kafka
from deploy.local.postgres import postgres
from shared.desk import Desk, Request
from shared.event import Contract, Contracts, encode, new_id
from shared.kafka import PRODUCER, KafkaBroker, KafkaSettings
from shared.policy import Policies
from shared.postgres import open_store
from shared.relay import Relay
from shared.subscription import Subscription
from shared.wire import partition_of

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
create table events (
  position bigint generated always as identity primary key, stream text not null, version int not null,
  partition int not null, id uuid not null, data bytea not null, unique (stream, version)
);
create table cursors (position bigint not null);
insert into cursors values (0);
"""


async def by_hand(url: str, settings: KafkaSettings, contract: Contract, rate: int, count: int) -> list[float]:
    pool = await asyncpg.create_pool(await fresh(url, contract.service), min_size=4, max_size=8)
    await pool.execute(TABLES + CHECKPOINTS + Rows.tables)
    broker, waits, topic = KafkaBroker(settings), Waits(), contract.topics[0]
    await broker.ensure({topic: PARTITIONS})
    await broker.close()
    woken = asyncio.Event()
    listener = await asyncpg.connect(pool._connect_args[0])  # type: ignore[attr-defined]  # noqa: SLF001
    await listener.add_listener("log", lambda *_: woken.set())
    consumer = await assigned(settings, [(topic, number) for number in range(PARTITIONS)])
    hand = await asyncpg.connect(pool._connect_args[0])  # type: ignore[attr-defined]  # noqa: SLF001

    async def submit(command: Grade) -> None:
        (event,) = decide(command, 0)
        stream = f"exam/{command.person}/{command.session}"
        # One statement: the lock makes the order of positions that of commits, as the cursor needs it.
        await pool.execute(
            """with locked as materialized (select pg_advisory_xact_lock(42)), written as (
                 insert into events (stream, version, partition, id, data)
                 select $1, 1, $2, $3::uuid, $4 from locked returning 1
               ) select pg_notify('log', '') from written""",
            stream,
            partition_of(stream, PARTITIONS),
            new_id(),
            encode(event),
        )

    try:
        return await paced(
            rate, count, waits, submit, [sent(pool, settings, contract, woken), read(hand, consumer, waits)]
        )
    finally:
        await consumer.stop()
        await hand.close()
        await listener.close()
        await pool.close()


async def sent(
    pool: "asyncpg.Pool[asyncpg.Record]", settings: KafkaSettings, contract: Contract, woken: asyncio.Event
) -> None:
    producer = AIOKafkaProducer(**settings.connection(), **PRODUCER)
    await producer.start()
    topic, at, previous = contract.topics[0], 0, dict[int, int]()
    kind = f"kaibo.bench.{Graded.__name__}".encode()
    try:
        while True:
            page = await pool.fetch("select * from events where position > $1 order by position limit 2000", at)
            if not page:
                await woken.wait()
                woken.clear()
                continue
            batches: dict[int, Any] = {}
            for position, stream, version, partition, id_, data in page:
                headers = [
                    ("ce_type", kind),
                    ("ce_logid", LOG_ID.encode()),
                    ("ce_id", str(id_).encode()),
                    ("ce_streamversion", b"%d" % version),
                    ("ce_position", b"%d" % position),
                    ("ce_prevposition", b"%d" % previous.get(partition, 0)),
                ]
                if partition not in batches:
                    batches[partition] = producer.create_batch()
                batches[partition].append(timestamp=None, key=stream.encode(), value=data, headers=headers)
                previous[partition] = position
            waiting = [await producer.send_batch(batch, topic, partition=number) for number, batch in batches.items()]
            await asyncio.gather(*waiting)
            now = page[-1]["position"]
            if await pool.execute("update cursors set position = $1 where position = $2", now, at) != "UPDATE 1":
                raise RuntimeError("another relay moved the cursor")
            at = now
    finally:
        await producer.stop()


async def read(connection: "asyncpg.Connection[asyncpg.Record]", consumer: AIOKafkaConsumer, waits: Waits) -> None:
    class Seen(Rows):
        def visible(self, events: Any) -> None:
            waits.visible |= dict.fromkeys([event.person for event, _, _ in events], time.perf_counter())

    await Seen(connection).run(consumer)
