"""A partition changes its owner in the middle of a batch: two members of one group on PostgreSQL and Kafka. G3."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from deploy.local.kafka import Kafka
from shared import postgres
from shared.broker import Partition, Reader
from shared.event import Contract, Contracts, Envelope, Recorded, encode, new_id
from shared.kafka import KafkaBroker, KafkaSettings
from shared.policy import Policies
from shared.postgres import PostgresStore, open_store
from shared.projection import Projection
from shared.store import Checkpoint, Stored, Work
from shared.subscription import Item, Subscription
from shared.value import value
from shared.wire import to_record
from tests.seeded.patching import mutated

NOON = datetime(2026, 1, 9, 12, tzinfo=UTC)
NUMBERS = count(1)
SHOPS = [f"shop {n}" for n in range(50)]
BOUND = 60.0
READER = "sales/1"


@value
class Sold:
    shop: str


@value
class Sales:
    shop: str
    count: int = 0


def one_more(row: Sales, event: Sold) -> Sales:
    return replace(row, count=row.count + 1)


sales = Projection(name="sales", key=lambda e: Sales(shop=e.shop), evolve=one_more)


class Member(Subscription):
    """Its first batch, which is of so many partitions, halts: before the transaction, or in it when the rows are
    written and the checkpoint is not."""

    halts_in, of = "", 1

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.halted, self.goes_on, self.went_on = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.kept: list[Item] = []

    async def halt(self, where: str) -> None:
        if where == self.halts_in:
            self.halts_in = ""
            self.halted.set()
            await self.goes_on.wait()

    async def within(self, items: Sequence[Item], reader: Reader) -> Sequence[Item]:
        if self.goes_on.is_set():
            self.went_on.set()
        if self.halts_in and len({item.partition for item in [*self.kept, *items]}) < self.of:
            self.kept += items
            return []
        batch, self.kept = [*self.kept, *items], []
        if batch:
            await self.halt("batch")
        return batch

    async def effect(self, work: Work, events: Sequence[Recorded[Any]]) -> None:
        await super().effect(work, events)
        await self.halt("transaction")


class Shops:
    """A topic of two partitions; every shop is spoken of on both."""

    def __init__(self, store: PostgresStore, kafka: Kafka) -> None:
        self.contract = Contract(f"shops{next(NUMBERS)}", Sold)
        self.store, self.broker = store, KafkaBroker(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers))
        self.places: list[Partition] = [(self.contract.topic(Sold), number) for number in range(2)]
        self.position = 0
        self.before = dict.fromkeys(self.places, 0)

    async def sell(self) -> None:
        """One of every shop on each partition."""
        records: dict[Partition, list[Any]] = {place: [] for place in self.places}
        for shop in SHOPS:
            for place in self.places:
                self.position += 1
                event = Stored(
                    position=self.position,
                    stream=f"sale/{self.position}",
                    version=1,
                    topic=place[0],
                    partition=place[1],
                    id=new_id(),
                    type="Sold",
                    schema=1,
                    occurred_at=NOON,
                    recorded_at=NOON,
                    data=encode(Sold(shop=shop)),
                    meta=encode(Envelope(actor="somebody")),
                )
                records[place].append(to_record(self.contract, "log", event, self.before[place]))
                self.before[place] = self.position
        await self.broker.publish(records)

    def member(self, halts_in: str = "", of: int = 1) -> Member:
        made = Member("shops", sales, self.store, self.broker, Contracts(self.contract), Policies())
        made.halts_in, made.of = halts_in, of
        return made

    @asynccontextmanager
    async def reading(self, member: Member) -> AsyncIterator[None]:
        task = asyncio.create_task(member.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def reaches(self, places: Sequence[Partition]) -> None:
        """The last record that was sold on these partitions."""
        async with asyncio.timeout(BOUND):
            while await self.behind(places):  # noqa: ASYNC110 what is waited for is a row
                await asyncio.sleep(0.02)

    async def behind(self, places: Sequence[Partition]) -> bool:
        stands = await self.store.checkpoints(READER)
        return any(stands[place].position < self.before[place] for place in places)

    async def counts(self) -> set[int]:
        found = await self.store.rows(sales, [(shop,) for shop in SHOPS])
        return {row.count for row in found}


@pytest.fixture
async def shops(database: str, kafka_broker: Kafka) -> AsyncIterator[Shops]:
    store = await open_store(database, {}, size=10)
    made = Shops(store, kafka_broker)
    try:
        await store.prepare([sales])
        await made.broker.ensure({made.places[0][0]: 2})
        async with store.work() as work:
            start = Checkpoint(log="", offset=-1, position=0)
            await work.checkpoint(READER, {}, dict.fromkeys(made.places, start))
        yield made
    finally:
        await made.broker.close()
        await store.close()


async def met(halted: asyncio.Event) -> None:
    async with asyncio.timeout(BOUND):
        await halted.wait()


async def the_old_owner_is_first(shops: Shops) -> None:
    """It has written the rows of a batch when the other one takes over a partition and has fetched the same records."""
    await shops.sell()
    one, other = shops.member("transaction", of=2), shops.member("batch")
    async with shops.reading(one):
        await met(one.halted)
        async with shops.reading(other):
            await met(other.halted)
            one.goes_on.set()
            await shops.reaches(list(other.checkpoints))
            other.goes_on.set()
            await shops.sell()
            await shops.reaches(shops.places)
            assert await shops.counts() == {4}
        await shops.sell()
        await shops.reaches(shops.places)
    assert await shops.counts() == {6}


async def the_new_owner_is_first(shops: Shops) -> None:
    """The old one has fetched a batch of both partitions, and goes on with it when one of them is read already."""
    await shops.sell()
    one, other = shops.member("batch", of=2), shops.member()
    async with shops.reading(one):
        await met(one.halted)
        async with shops.reading(other):
            async with asyncio.timeout(BOUND):
                while not other.checkpoints:  # noqa: ASYNC110 what is waited for is an assignment
                    await asyncio.sleep(0.02)
            await shops.reaches(list(other.checkpoints))
            one.goes_on.set()
            await met(one.went_on)
            await shops.sell()
            await shops.reaches(shops.places)
            assert await shops.counts() == {4}
        await shops.sell()
        await shops.reaches(shops.places)
    assert await shops.counts() == {6}


COURSES = [the_old_owner_is_first, the_new_owner_is_first]


@pytest.mark.parametrize("course", COURSES)
async def test_nothing_is_doubled_or_skipped(shops: Shops, course: Any) -> None:
    await course(shops)


@pytest.mark.parametrize("course", COURSES)
async def test_seeded_a_checkpoint_is_written_whoever_wrote_the_last_one(shops: Shops, course: Any) -> None:
    compared = '\n                   and c."offset" = m.offset_before and c.log = m.log_before'
    with mutated(postgres, compared, ""), pytest.raises(AssertionError):
        await course(shops)
