"""Poison on the real parts: what a foreign publisher wrote and no edge of ours saw. G6."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

import asyncpg
import pytest

from deploy.local.kafka import Kafka
from shared import postgres, subscription
from shared.broker import Unavailable
from shared.event import Contract, Contracts, Envelope, encode, new_id
from shared.kafka import KafkaBroker, KafkaSettings
from shared.policy import Policies
from shared.postgres import PostgresStore, open_store
from shared.projection import Projection
from shared.store import Asking, Checkpoint, Stored
from shared.subscription import Subscription
from shared.value import value
from shared.wire import to_record
from tests.seeded.patching import mutated

NOON = datetime(2026, 1, 9, 12, tzinfo=UTC)
NUMBERS = count(1)


@value
class Sold:
    shop: str
    amount: int
    note: str = ""


@value
class Takings:
    shop: str
    total: int = 0
    note: str = ""


def add(row: Takings, event: Sold) -> Takings:
    if event.amount == 13:
        raise ValueError(f"no luck in {event.note}")
    return replace(row, total=row.total + event.amount, note=event.note)


takings = Projection(name="takings", key=lambda e: Takings(shop=e.shop), evolve=add)
LINES = [
    ("a", b'{"shop": "a", "amount": 1}'),
    ("nul", b'{"shop": "nul", "amount": 2, "note": "x\\u0000y"}'),
    ("b", b'{"shop": "b", "amount": 3}'),
    ("huge", b'{"shop": "huge", "amount": 1180591620717411303424}'),
    ("nul", b'{"shop": "nul", "amount": 4}'),
    ("no json", b"\x00\xff"),
    ("a", b'{"shop": "a", "amount": 5}'),
    ("quoted", b'{"shop": "quoted", "amount": 13, "note": "x\\u0000y"}'),
]


class Shop:
    """A reader on PostgreSQL of a service that others publish for."""

    def __init__(self, store: PostgresStore, kafka: Kafka) -> None:
        self.contract = Contract(f"shop{next(NUMBERS)}", Sold)
        self.store, self.broker = store, KafkaBroker(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers))
        self.topic = self.contract.topic(Sold)
        self.reader = Subscription("till", takings, store, self.broker, Contracts(self.contract), Policies())

    async def publish(self) -> None:
        """In one partition, so that all of it is one batch."""
        await self.broker.ensure({self.topic: 1})
        records = []
        for position, (shop, data) in enumerate(LINES, 1):
            event = Stored(
                position=position,
                stream=f"sale/{shop}",
                version=position,
                topic=self.topic,
                partition=0,
                id=new_id(),
                type="Sold",
                schema=1,
                occurred_at=NOON,
                recorded_at=NOON,
                data=data,
                meta=encode(Envelope(actor="somebody")),
            )
            records.append(to_record(self.contract, "foreign", event, position - 1))
        await self.broker.publish({(self.topic, 0): records})
        async with self.store.work() as work:
            await work.checkpoint("takings/1", {}, {(self.topic, 0): Checkpoint(log="", offset=-1, position=0)})

    async def until(self, true: Callable[[], Awaitable[bool]]) -> None:
        """While the reader reads. Raises what ends it."""
        reading = asyncio.create_task(self.reader.read())
        try:
            async with asyncio.timeout(60):
                while not await true():
                    if reading.done():
                        reading.result()
                    await asyncio.sleep(0.02)
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError, Unavailable):
                await reading
            await self.broker.close()

    async def passed(self) -> bool:
        return (await self.store.checkpoints("takings/1"))[self.topic, 0].position == len(LINES)

    async def totals(self) -> dict[str, int]:
        return {row.shop: row.total for row in await self.store.page(takings, {}, None, 100)}


async def poison_of_a_foreign_publisher(database: str, kafka: Kafka) -> Shop:
    store = await open_store(database, {})
    await store.prepare([takings])
    shop = Shop(store, kafka)
    await shop.publish()
    await shop.until(shop.passed)
    assert await shop.totals() == {"a": 6, "b": 3}
    parked = {w.id.rsplit("/", 1)[1]: w for w in await store.waiting("takings/1")}
    assert {n: w.stream for n, w in parked.items()} == {
        "2": "sale/nul", "4": "sale/huge", "5": "sale/nul", "6": "sale/no json", "8": "sale/quoted",
    }  # fmt: skip
    assert "0x00" in parked["2"].error
    assert "no luck in x\\0y" in parked["8"].error
    assert parked["5"].error == ""
    return shop


async def test_poison_of_a_foreign_publisher(database: str, kafka_broker: Kafka) -> None:
    """A NUL in a text, a number out of range and what is no JSON: each parks its stream, in one batch with the rest;
    what an operator asks for is done by the owner, and is on record."""
    shop = await poison_of_a_foreign_publisher(database, kafka_broker)
    huge = next(w for w in await shop.store.waiting() if w.stream == "sale/huge")
    asking = Asking(actor="li", what="discard", reader="takings/1", event=huge.id, reason="a test of theirs")
    assert await shop.store.ask(asking) == 1
    retry = Asking(actor="wang", what="retry", reader="takings/1", stream="sale/nul")
    assert await shop.store.ask(retry) == 1

    async def done() -> bool:
        requests = [w.request for w in await shop.store.waiting()]
        return len(requests) == 4 and not any(requests)

    await shop.until(done)
    (gone,) = await shop.store.discards()
    assert (gone.id, gone.actor, gone.reason) == (huge.id, "li", "a test of theirs")
    assert gone.event["value"]["amount"] == 2**70
    (nul,) = [w for w in await shop.store.waiting("takings/1") if w.error and w.stream == "sale/nul"]
    (shown,) = await shop.store.waiting("takings/1", nul.id)
    assert [(a.actor, a.what) for a in shown.requests] == [("wang", "retry")]
    assert shown.event["value"]["note"] == "x\0y"
    await shop.store.close()


BUGS = {
    "all of a batch is parked": (subscription, "if len(items) > 1:", "if False:"),
    "an error is kept as it is": (postgres, 'return text[:4000].replace("\\0", "\\\\0")', "return text[:4000]"),
}


@pytest.mark.parametrize("bug", BUGS)
async def test_seeded_poison(database: str, kafka_broker: Kafka, bug: str) -> None:
    with mutated(*BUGS[bug]), pytest.raises((AssertionError, asyncpg.DataError)):
        await poison_of_a_foreign_publisher(database, kafka_broker)
