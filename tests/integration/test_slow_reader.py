"""A reader that waits for a row which somebody holds, on PostgreSQL and Kafka: the others read on, and so does it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

import asyncpg
import pytest

from deploy.local.kafka import Kafka
from shared.event import Contract, Contracts, Envelope, encode, new_id
from shared.kafka import KafkaBroker, KafkaSettings
from shared.policy import Policies
from shared.postgres import PostgresStore, open_store
from shared.projection import Projection
from shared.store import Checkpoint, Stored
from shared.subscription import Subscription
from shared.value import value
from shared.wire import to_record

NOON = datetime(2026, 1, 9, 12, tzinfo=UTC)
NUMBERS = count(1)
EVENTS = 40


@value
class Sold:
    shop: str
    amount: int


@value
class Takings:
    shop: str
    total: int = 0


@value
class Sales:
    shop: str
    count: int = 0


def add(row: Takings, event: Sold) -> Takings:
    return replace(row, total=row.total + event.amount)


def one_more(row: Sales, event: Sold) -> Sales:
    return replace(row, count=row.count + 1)


takings = Projection(name="takings", key=lambda e: Takings(shop=e.shop), evolve=add)
sales = Projection(name="sales", key=lambda e: Sales(shop=e.shop), evolve=one_more)


class Till:
    """Two readers of one topic, on the connections of one process."""

    def __init__(self, store: PostgresStore, kafka: Kafka) -> None:
        self.contract = Contract(f"till{next(NUMBERS)}", Sold)
        self.store, self.broker = store, KafkaBroker(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers))
        self.place = self.contract.topic(Sold), 0

    async def sell(self, first: int, last: int) -> None:
        records = []
        for position in range(first, last + 1):
            event = Stored(
                position=position,
                stream="sale/a",
                version=position,
                topic=self.place[0],
                partition=0,
                id=new_id(),
                type="Sold",
                schema=1,
                occurred_at=NOON,
                recorded_at=NOON,
                data=encode(Sold(shop="a", amount=1)),
                meta=encode(Envelope(actor="somebody")),
            )
            records.append(to_record(self.contract, "log", event, position - 1))
        await self.broker.publish({self.place: records})

    @asynccontextmanager
    async def read(self) -> AsyncIterator[None]:
        await self.broker.ensure({self.place[0]: 1})
        readers = [
            Subscription("till", source, self.store, self.broker, Contracts(self.contract), Policies())
            for source in (takings, sales)
        ]
        for reader in readers:
            async with self.store.work() as work:
                await work.checkpoint(reader.name, {}, {self.place: Checkpoint(log="", offset=-1, position=0)})
        reading = [asyncio.create_task(reader.run()) for reader in readers]
        try:
            yield
        finally:
            for task in reading:
                task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*reading, return_exceptions=True)
            await self.broker.close()

    async def stands(self, connection: asyncpg.Connection, reader: str) -> int:
        found: int = await connection.fetchval("select position from checkpoints where reader = $1", reader)
        return found

    async def reaches(self, connection: asyncpg.Connection, reader: str, position: int, seconds: float = 60) -> None:
        async with asyncio.timeout(seconds):
            while await self.stands(connection, reader) < position:  # noqa: ASYNC110 what is waited for is a row
                await asyncio.sleep(0.02)


async def one_waits(database: str, kafka: Kafka, connections: int, patience: float) -> None:
    store = await open_store(database, {}, size=connections)
    holder, watcher = await asyncpg.connect(database), await asyncpg.connect(database)
    try:
        await store.prepare([takings, sales])
        till = Till(store, kafka)
        async with till.read():
            await till.sell(1, 1)
            for reader in ("takings/1", "sales/1"):
                await till.reaches(watcher, reader, 1)
            async with holder.transaction():
                await holder.execute("select from takings_1 where shop = 'a' for update")
                await till.sell(2, EVENTS // 2)
                async with asyncio.timeout(60):
                    while not await watcher.fetchval(WAITS):  # noqa: ASYNC110
                        await asyncio.sleep(0.02)
                await till.sell(EVENTS // 2 + 1, EVENTS)
                await till.reaches(watcher, "sales/1", EVENTS, patience)
                assert await till.stands(watcher, "takings/1") == 1
            await till.reaches(watcher, "takings/1", EVENTS)
    finally:
        await holder.close()
        await watcher.close()
        await store.close()


WAITS = """select count(*) from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock' and application_name = 'kaibo'"""


async def test_one_reader_waits_and_the_others_read_on(database: str, kafka_broker: Kafka) -> None:
    await one_waits(database, kafka_broker, connections=10, patience=60)


async def test_seeded_all_share_what_one_waits_with(database: str, kafka_broker: Kafka) -> None:
    with pytest.raises(TimeoutError):
        await one_waits(database, kafka_broker, connections=1, patience=5)
