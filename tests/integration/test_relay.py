"""From the log to the topics: nothing skipped, nothing out of order, whatever fails in between."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, cast

import pytest
from msgspec.structs import replace
from prometheus_client import REGISTRY

from deploy.local.kafka import Kafka
from shared import relay as module
from shared.broker import Broker, Partition, Record, Unavailable
from shared.event import Contract, Envelope, encode, new_id
from shared.kafka import KafkaBroker, KafkaSettings
from shared.memory import MemoryStore
from shared.memory_broker import MemoryBroker
from shared.postgres import open_store
from shared.relay import Relay
from shared.store import Group, Moved, New, Store, Stored
from shared.value import value
from shared.wire import partition_of

NUMBERS = count(1)
BOUND = 60.0  # seconds that nothing takes


@value
class Said:
    word: str


@value
class Paid:
    fen: int


class World:
    """A service that only records, with its topics."""

    def __init__(self, contract: Contract, store: Store, broker: Broker) -> None:
        self.contract, self.store, self.broker = contract, store, broker
        self.partitions = dict.fromkeys(contract.topics, 3)
        self.written = 0

    async def record(self, number: int, *streams: str) -> None:
        """So many events, over the streams in turn, on both topics; or on streams of their own."""
        events = range(self.written, self.written + number)
        self.written += number
        names = [streams[i % len(streams)] if streams else f"words/{i}" for i in events]
        versions: dict[str, int] = {}
        for stream, history in (await self.store.history(set(names))).items():
            versions[stream] = len(history)
        groups: dict[str, Group] = {}
        for i, stream in zip(events, names, strict=True):
            kind = Paid if stream.startswith("pay/") else Said
            topic = self.contract.topic(kind)
            event = New(
                id=new_id(),
                type=kind.__name__,
                schema=1,
                occurred_at=datetime.now(UTC),
                data=encode(Paid(fen=i) if kind is Paid else Said(word=f"字{i}")),
                meta=encode(Envelope(actor="li")),
            )
            group = groups.get(stream) or Group(
                stream=stream,
                expected=versions[stream],
                topic=topic,
                partition=partition_of(stream, self.partitions[topic]),
                events=(),
            )
            groups[stream] = replace(group, events=(*group.events, event))
        assert {a.outcome for a in await self.store.append(list(groups.values()))} == {"stored"}

    def relay(self, store: Store | None = None, broker: Broker | None = None) -> Relay:
        return Relay(store or self.store, broker or self.broker, self.contract)

    async def published(self) -> dict[Partition, list[Record]]:
        """All that the topics hold."""

        async def beginning(partitions: Sequence[Partition]) -> Mapping[Partition, int]:
            return dict.fromkeys(partitions, 0)

        ends = await self.broker.ends(self.contract.topics)
        found: dict[Partition, list[Record]] = {p: [] for p in ends}
        reader = await self.broker.reader(f"all.{next(NUMBERS)}", self.contract.topics, beginning)
        try:
            async with asyncio.timeout(BOUND):
                while any(len(found[p]) < end for p, end in ends.items()):
                    for partition, records in (await reader.fetch(10_000, 1.0)).items():
                        found[partition] += records
        finally:
            await reader.stop()
        return found

    async def log(self) -> dict[Partition, list[Stored]]:
        found: dict[Partition, list[Stored]] = defaultdict(list)
        for stored in await self.store.tail(0, 1_000_000):
            found[stored.topic, stored.partition].append(stored)
        return found

    async def whole(self) -> int:
        """Checks that a reader meets every event of the log in order, and returns how many records it has to drop."""
        published, log = await self.published(), await self.log()
        dropped = 0
        for partition, records in published.items():
            met: list[tuple[str, bytes, bytes]] = []
            last = 0
            for record in records:
                position, previous = int(record.header("ce_position")), int(record.header("ce_prevposition"))
                if position <= last:
                    dropped += 1
                    continue
                assert previous == last, f"{partition} has a hole: {position} follows {previous}, the last was {last}"
                last = position
                met.append((record.header("ce_id"), record.key, record.value))
            assert met == [(stored.id, stored.stream.encode(), stored.data) for stored in log[partition]]
        return dropped

    async def caught_up(self) -> None:
        """Every event is acknowledged."""
        async with asyncio.timeout(BOUND):
            while True:
                if max((await self.store.cursors()).values(), default=0) >= await self.store.maximum():
                    return
                await asyncio.sleep(0.01)


@asynccontextmanager
async def running(*relays: Relay) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(relay.run()) for relay in relays]
    try:
        yield
        for task in tasks:
            assert not task.done()
    finally:
        for task in tasks:
            while not task.done():
                task.cancel()
                await asyncio.wait({task}, timeout=1.0)


@pytest.fixture
def contract() -> Contract:
    return Contract(f"relayed{next(NUMBERS)}", Said, restricted=[Paid])


@pytest.fixture
def memory(contract: Contract) -> World:
    return World(contract, MemoryStore(dict.fromkeys(contract.topics, 3)), MemoryBroker())


@pytest.fixture
async def real(contract: Contract, database: str, kafka_broker: Kafka) -> AsyncIterator[World]:
    store = await open_store(database, dict.fromkeys(contract.topics, 3))
    broker = KafkaBroker(KafkaSettings(bootstrap_servers=kafka_broker.bootstrap_servers))
    yield World(contract, store, broker)
    await broker.close()
    await store.close()


@pytest.fixture(params=["memory", "real"])
def world(request: pytest.FixtureRequest) -> World:
    found: World = request.getfixturevalue(request.param)
    return found


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small pages and short pauses; and a relay that overslept the store's word would never come to an end."""
    monkeypatch.setattr(module, "PAGE", 50)
    monkeypatch.setattr(module, "QUIET_SECONDS", 10 * BOUND)
    monkeypatch.setattr(module, "STANDBY_SECONDS", 0.2)
    monkeypatch.setattr(module, "STOPPED_SECONDS", 0.1)
    monkeypatch.setattr(module, "PAUSE_SECONDS", (0.01, 0.1))


class Wrapped:
    """Everything as the one within, but for what a test overrides."""

    def __init__(self, within: object) -> None:
        self.within = within

    def __getattr__(self, name: str) -> Any:
        return getattr(self.within, name)


async def test_every_event_is_published_once_in_order(world: World) -> None:
    await world.record(333, *(f"words/{i}" for i in range(20)), "pay/1", "pay/2")
    async with running(world.relay()):
        await world.caught_up()
        await world.record(77, "words/1", "words/2", "pay/1")
        await world.caught_up()
    assert await world.whole() == 0


async def test_it_wakes_when_something_is_recorded(world: World) -> None:
    async with running(world.relay()):
        for _ in range(5):
            await world.record(1)
            await world.caught_up()
    assert await world.whole() == 0


async def test_a_second_start_sends_nothing_again(world: World) -> None:
    await world.record(120)
    for _ in range(2):
        async with running(world.relay()):
            await world.record(10)
            await world.caught_up()
    assert await world.whole() == 0


async def test_a_crash_before_the_cursors_move_sends_nothing_again(world: World) -> None:
    class Crashing(Wrapped):
        left = 3

        async def move_cursors(self, moved: Mapping[Partition, tuple[int, int]]) -> None:
            self.left -= 1
            if self.left >= 0:
                raise Unavailable("the database is away")
            await cast(Store, self.within).move_cursors(moved)

    await world.record(220, *(f"words/{i}" for i in range(9)))
    async with running(world.relay(store=cast(Store, Crashing(world.store)))):
        await world.caught_up()
    assert await world.whole() == 0


@pytest.mark.parametrize("arrive", [0, 1, 2])
async def test_a_page_that_arrived_in_part_is_completed(world: World, arrive: int) -> None:
    class Failing(Wrapped):
        pages = 0

        async def publish(self, chunks: Mapping[Partition, Sequence[Record]]) -> None:
            self.pages += 1
            within = cast(Broker, self.within)
            if self.pages not in (2, 4):
                return await within.publish(chunks)
            some = dict(list(chunks.items())[:arrive])
            half = {place: records[: len(records) // 2] for place, records in list(chunks.items())[arrive:]}
            await within.publish({p: r for p, r in {**some, **(half if self.pages == 2 else {})}.items() if r})
            raise Unavailable("the broker is away")

    await world.record(260, *(f"words/{i}" for i in range(9)))
    broker = Failing(world.broker)
    async with running(world.relay(broker=cast(Broker, broker))):
        await world.caught_up()
    assert broker.pages > 4
    assert await world.whole() == 0


async def test_what_a_topic_lost_is_published_again(memory: World) -> None:
    await memory.record(180, *(f"words/{i}" for i in range(9)), "pay/1")
    async with running(memory.relay()):
        await memory.caught_up()
    broker = cast(MemoryBroker, memory.broker)
    places = [place for place, records in broker.logs.items() if records]
    broker.logs[places[0]] = []
    del broker.logs[places[1]][3:]
    relay = memory.relay()
    async with running(relay):
        await memory.record(20, "words/1", "pay/1")
        await memory.caught_up()
    assert await memory.whole() == 0


async def test_a_refill_that_is_cut_short_is_taken_up_again(memory: World) -> None:
    await memory.record(300, *(f"words/{i}" for i in range(9)))
    await memory.record(1, "pay/1")
    async with running(memory.relay()):
        await memory.caught_up()
    broker = cast(MemoryBroker, memory.broker)
    lost = max(broker.logs, key=lambda place: len(broker.logs[place]))
    broker.logs[lost] = []
    relay = memory.relay()
    await relay.begin()
    while not broker.logs[lost]:
        await relay.step()
    async with running(memory.relay()):
        await memory.record(1)
        await memory.caught_up()
    assert await memory.whole() == 0


async def test_a_start_does_not_read_the_log_from_its_beginning(world: World) -> None:
    class Watching(Wrapped):
        def __init__(self, within: object) -> None:
            super().__init__(within)
            self.asked: list[int] = []

        async def tail(self, after: int, limit: int) -> list[Stored]:
            if limit > 1:
                self.asked.append(after)
            return await cast(Store, self.within).tail(after, limit)

    await world.record(1, "words/quiet")
    await world.record(200, "words/busy")
    async with running(world.relay()):
        await world.caught_up()
    store = Watching(world.store)
    async with running(world.relay(store=cast(Store, store))):
        await world.record(1, "words/busy")
        await world.caught_up()
    assert min(store.asked) >= 201
    assert await world.whole() == 0


async def test_one_of_two_stands_by_and_takes_over(world: World) -> None:
    one, other = world.relay(), world.relay()
    async with running(one, other):
        for i in range(20):
            await world.record(9, *(f"words/{j}" for j in range(9)))
            if i % 5 == 0:
                await world.caught_up()
        await world.caught_up()
        async with asyncio.timeout(BOUND):
            while not (one.stands_by or other.stands_by):
                await world.record(9, *(f"words/{j}" for j in range(9)))
                await world.caught_up()
        assert not (one.stands_by and other.stands_by)
        standing = one if one.stands_by else other
    await world.whole()
    async with running(standing):
        await world.record(30, "words/1", "words/2")
        await world.caught_up()
    await world.whole()


async def test_nothing_is_published_on_top_of_another_log(world: World) -> None:
    await world.record(5, "words/1")
    async with running(world.relay()):
        await world.caught_up()
    before = await world.broker.ends(world.contract.topics)
    stranger = World(world.contract, MemoryStore(world.partitions), world.broker)
    await stranger.record(9, "words/1", "words/2")
    relay = stranger.relay()
    with pytest.raises(module.Foreign, match="`kaibo log renew"):
        await relay.begin()
    async with running(relay), asyncio.timeout(BOUND):
        for _ in iter(lambda: REGISTRY.get_sample_value("kaibo_relay_stopped", {"service": world.contract.service}), 1):
            await asyncio.sleep(0.01)
    assert await world.broker.ends(world.contract.topics) == before


async def test_a_restored_log_with_the_same_events_goes_on(memory: World) -> None:
    await memory.record(30, "words/1", "words/2")
    async with running(memory.relay()):
        await memory.caught_up()
    cast(MemoryStore, memory.store).log = "renewed"
    async with running(memory.relay()):
        await memory.record(10, "words/1", "words/2")
        await memory.caught_up()
    assert await memory.whole() == 0
    logs = [r.header("ce_logid") for records in (await memory.published()).values() for r in records]
    assert logs.count("renewed") == 10


async def test_cursors_wait_for_the_acknowledgement(memory: World) -> None:
    class Away(Wrapped):
        async def publish(self, chunks: Mapping[Partition, Sequence[Record]]) -> None:
            raise Unavailable("the broker is away")

    await memory.record(10, "words/1")
    relay = memory.relay(broker=cast(Broker, Away(memory.broker)))
    await relay.begin()
    with pytest.raises(Unavailable):
        await relay.step()
    assert await memory.store.cursors() == {}


async def test_a_cursor_that_moved_behind_its_back_stops_a_relay(memory: World) -> None:
    await memory.record(10, "words/1")
    relay = memory.relay()
    await relay.begin()
    place = (memory.contract.topics[0], partition_of("words/1", 3))
    await memory.store.move_cursors({place: (0, 4)})
    with pytest.raises(Moved):
        await relay.step()


async def test_a_broker_killed_in_the_middle_loses_nothing(real: World, tmp_path: Path) -> None:
    node = Kafka(tmp_path / "kafka", tell=lambda text: None)
    node.spawn()
    node.wait()

    class Killing(Wrapped):
        pages = 0

        async def publish(self, chunks: Mapping[Partition, Sequence[Record]]) -> None:
            self.pages += 1
            if self.pages not in (3, 6):
                return await cast(Broker, self.within).publish(chunks)
            publishing = asyncio.create_task(cast(Broker, self.within).publish(chunks))
            await asyncio.wait({publishing}, timeout=0.001 * self.pages)
            assert node.process is not None
            node.process.kill()
            node.process.wait()
            node.spawn()
            return await publishing

    try:
        broker = KafkaBroker(KafkaSettings(bootstrap_servers=node.bootstrap_servers))
        world = World(real.contract, real.store, broker)
        await world.record(600, *(f"words/{i}" for i in range(9)))
        killing = Killing(broker)
        async with running(world.relay(broker=cast(Broker, killing))):
            await world.caught_up()
        assert killing.pages > 6
        await world.whole()
        await broker.close()
    finally:
        node.stop()
