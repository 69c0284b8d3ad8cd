"""What a broker means: the same for the one in memory and for Apache Kafka."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from itertools import count

import pytest

from deploy.local.kafka import Kafka
from shared.broker import Broker, OffsetGone, Partition, Reader, Record, Unavailable, WrongTopic
from shared.kafka import KafkaBroker, KafkaSettings
from shared.memory_broker import MemoryBroker

Connect = Callable[[], Broker]
NAMES = count(1)
BOUND = 30.0  # seconds that nothing takes


@pytest.fixture
async def memory() -> Connect:
    broker = MemoryBroker()
    return lambda: broker


@pytest.fixture
async def kafka(kafka_broker: Kafka) -> AsyncIterator[Connect]:
    made: list[KafkaBroker] = []

    def connect() -> Broker:
        made.append(KafkaBroker(KafkaSettings(bootstrap_servers=kafka_broker.bootstrap_servers)))
        return made[-1]

    yield connect
    for broker in made:
        await broker.close()


@pytest.fixture(params=["memory", "kafka"])
def connect(request: pytest.FixtureRequest) -> Connect:
    found: Connect = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def broker(connect: Connect) -> Broker:
    return connect()


@pytest.fixture
async def topic(broker: Broker) -> str:
    """A new one, of two partitions."""
    name = f"test.{next(NAMES)}"
    await broker.ensure({name: 2})
    return name


@pytest.fixture
def group() -> str:
    return f"group.{next(NAMES)}"


@pytest.fixture
async def readers() -> AsyncIterator[list[Reader]]:
    """Stopped after the test."""
    started: list[Reader] = []
    yield started
    for reader in started:
        await reader.stop()


def record(word: str) -> Record:
    return Record(
        key=b"k", value=word.encode(), headers=(("ce_id", word.encode()), ("ce_scope", "一号工作室".encode()))
    )


def words(records: Sequence[Record]) -> list[str]:
    return [r.value.decode() for r in records]


async def beginning(partitions: Sequence[Partition]) -> Mapping[Partition, int]:
    return dict.fromkeys(partitions, 0)


async def read(reader: Reader, wanted: int, limit: int = 1_000) -> dict[Partition, list[Record]]:
    """So many records, by partition, and no more than `limit` at once."""
    found: dict[Partition, list[Record]] = defaultdict(list)
    async with asyncio.timeout(BOUND):
        while sum(map(len, found.values())) < wanted:
            batch = await reader.fetch(limit, 1.0)
            assert sum(map(len, batch.values())) <= limit
            for partition, records in batch.items():
                found[partition] += records
    return dict(found)


class TestTopics:
    async def test_making_them_twice_changes_nothing(self, broker: Broker, topic: str) -> None:
        await broker.publish({(topic, 1): [record("a")]})
        await broker.ensure({topic: 2})
        assert await broker.ends([topic]) == {(topic, 0): 0, (topic, 1): 1}

    async def test_another_number_of_partitions_is_refused_with_both(self, broker: Broker, topic: str) -> None:
        with pytest.raises(WrongTopic, match=rf"{topic} has 2 partitions.* 3"):
            await broker.ensure({topic: 3})
        await broker.ensure({topic: 2})

    async def test_ends_leave_out_topics_that_are_not_there(self, broker: Broker, topic: str) -> None:
        assert await broker.ends([topic, "test.nowhere"]) == {(topic, 0): 0, (topic, 1): 0}
        assert await broker.ends(["test.nowhere"]) == {}

    async def test_the_tail_is_the_last_record_of_each_partition_that_has_one(self, broker: Broker, topic: str) -> None:
        assert await broker.tail([(topic, 0), (topic, 1)]) == {}
        await broker.publish({(topic, 1): [record("a"), record("b")]})
        tail = await broker.tail([(topic, 0), (topic, 1)])
        assert {p: (r.value, r.offset) for p, r in tail.items()} == {(topic, 1): (b"b", 1)}
        assert await broker.tail([]) == {}


class TestRecords:
    async def test_they_come_whole_in_order_with_their_offsets(
        self, broker: Broker, topic: str, group: str, readers: list[Reader]
    ) -> None:
        await broker.publish({(topic, 0): [record("a"), record("b")], (topic, 1): [record("c")]})
        await broker.publish({(topic, 0): [record("d")]})
        readers.append(reader := await broker.reader(group, [topic], beginning))
        found = await read(reader, 4)
        assert {p: words(r) for p, r in found.items()} == {(topic, 0): ["a", "b", "d"], (topic, 1): ["c"]}
        assert [r.offset for r in found[topic, 0]] == [0, 1, 2]
        assert found[topic, 1] == [
            Record(
                key=b"k",
                value=b"c",
                headers=(("ce_id", b"c"), ("ce_scope", "一号工作室".encode())),
                offset=0,
            )
        ]

    async def test_a_chunk_larger_than_the_broker_takes_at_once_stays_in_order(
        self, broker: Broker, topic: str, group: str, readers: list[Reader]
    ) -> None:
        chunk = [record(f"{i:04}" + "x" * 2_000) for i in range(1_500)]
        await broker.publish({(topic, 0): chunk, (topic, 1): chunk[:700]})
        readers.append(reader := await broker.reader(group, [topic], beginning))
        found = await read(reader, 2_200, limit=400)
        assert {p: words(r) for p, r in found.items()} == {
            (topic, 0): words(chunk),
            (topic, 1): words(chunk[:700]),
        }

    async def test_who_waits_is_given_what_comes(
        self, broker: Broker, topic: str, group: str, readers: list[Reader]
    ) -> None:
        readers.append(reader := await broker.reader(group, [topic], beginning))
        assert await reader.fetch(10, 0.1) == {}
        while not reader.assigned:
            await reader.fetch(10, 0.1)
        waiting = asyncio.create_task(reader.fetch(10, 10 * BOUND))
        await broker.publish({(topic, 1): [record("a")]})
        async with asyncio.timeout(BOUND):
            assert {p: words(r) for p, r in (await waiting).items()} == {(topic, 1): ["a"]}

    async def test_no_partition_starves_another(
        self, broker: Broker, topic: str, group: str, readers: list[Reader]
    ) -> None:
        many = [record(str(i)) for i in range(50)]
        await broker.publish({(topic, 0): many, (topic, 1): many})
        readers.append(reader := await broker.reader(group, [topic], beginning))
        found = await read(reader, 99, limit=10)
        assert {p: words(r) for p, r in found.items()} == {(topic, 0): words(many), (topic, 1): words(many)}


class TestPositions:
    async def test_reading_begins_where_they_say(
        self, broker: Broker, topic: str, group: str, readers: list[Reader]
    ) -> None:
        asked: list[Partition] = []

        async def positions(partitions: Sequence[Partition]) -> Mapping[Partition, int]:
            asked.extend(partitions)
            return {p: {(topic, 0): 2, (topic, 1): 1}[p] for p in partitions}

        await broker.publish({(topic, n): [record(f"{n}{i}") for i in range(3)] for n in range(2)})
        readers.append(reader := await broker.reader(group, [topic], positions))
        found = await read(reader, 3)
        assert {p: words(r) for p, r in found.items()} == {(topic, 0): ["02"], (topic, 1): ["11", "12"]}
        assert sorted(asked) == [(topic, 0), (topic, 1)]

    async def test_nothing_is_read_before_they_are_known(
        self, broker: Broker, topic: str, group: str, readers: list[Reader]
    ) -> None:
        away = [Unavailable("the database is away"), Unavailable("still")]

        async def positions(partitions: Sequence[Partition]) -> Mapping[Partition, int]:
            if away:
                raise away.pop()
            return dict.fromkeys(partitions, 1)

        await broker.publish({(topic, 0): [record("a"), record("b")], (topic, 1): [record("c"), record("d")]})
        readers.append(reader := await broker.reader(group, [topic], positions))
        found: dict[Partition, list[Record]] = defaultdict(list)
        raised = 0
        async with asyncio.timeout(BOUND):
            while sum(map(len, found.values())) < 2:
                try:
                    for partition, records in (await reader.fetch(10, 1.0)).items():
                        found[partition] += records
                except Unavailable:
                    raised += 1
                    assert not found
        assert raised == 2
        assert {p: words(r) for p, r in found.items()} == {(topic, 0): ["b"], (topic, 1): ["d"]}

    async def test_the_end_is_a_place_to_wait_at(
        self, broker: Broker, topic: str, group: str, readers: list[Reader]
    ) -> None:
        await broker.publish({(topic, 0): [record("a")]})
        ends = await broker.ends([topic])

        async def positions(partitions: Sequence[Partition]) -> Mapping[Partition, int]:
            return {p: ends[p] for p in partitions}

        readers.append(reader := await broker.reader(group, [topic], positions))
        assert await reader.fetch(10, 0.1) == {}
        await broker.publish({(topic, 0): [record("b")]})
        assert {p: words(r) for p, r in (await read(reader, 1)).items()} == {(topic, 0): ["b"]}

    async def test_an_offset_that_the_topic_does_not_hold_is_said(
        self, broker: Broker, topic: str, group: str, readers: list[Reader]
    ) -> None:
        async def positions(partitions: Sequence[Partition]) -> Mapping[Partition, int]:
            return dict.fromkeys(partitions, 5)

        await broker.publish({(topic, 0): [record("a")]})
        readers.append(reader := await broker.reader(group, [topic], positions))
        with pytest.raises(OffsetGone, match=topic):
            await read(reader, 1)

    async def test_what_was_read_comes_again_on_request(
        self, broker: Broker, topic: str, group: str, readers: list[Reader]
    ) -> None:
        await broker.publish({(topic, 0): [record("a"), record("b"), record("c")]})
        readers.append(reader := await broker.reader(group, [topic], beginning))
        await read(reader, 3)
        reader.rewind({(topic, 0): 1})
        assert {p: words(r) for p, r in (await read(reader, 2)).items()} == {(topic, 0): ["b", "c"]}


class Member:
    """A reader with checkpoints that its group shares, as a database would keep them."""

    def __init__(self, kept: dict[Partition, int]) -> None:
        self.kept = kept
        self.asked: list[frozenset[Partition]] = []
        self.taken: list[tuple[Partition, str]] = []
        self.reader: Reader

    async def join(self, broker: Broker, group: str, *topics: str) -> "Member":
        self.reader = await broker.reader(group, topics, self.positions)
        return self

    async def positions(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        self.asked.append(frozenset(partitions))
        return {p: self.kept.get(p, 0) for p in partitions}

    async def take(self) -> None:
        for partition, records in (await self.reader.fetch(5, 0.2)).items():
            for r in records:
                # Compare and set, as a checkpoint does.
                if self.kept.get(partition, 0) == r.offset:
                    self.kept[partition] = r.offset + 1
                    self.taken.append((partition, r.value.decode()))


async def until(condition: Callable[[], bool], *members: Member) -> None:
    async with asyncio.timeout(BOUND):
        while not condition():
            await asyncio.gather(*(member.take() for member in members))


class TestGroups:
    async def test_each_group_reads_everything(
        self, broker: Broker, topic: str, group: str, readers: list[Reader]
    ) -> None:
        await broker.publish({(topic, 0): [record("a")], (topic, 1): [record("b")]})
        for name in ("one", "other"):
            readers.append(reader := await broker.reader(f"{group}.{name}", [topic], beginning))
            assert sum(map(len, (await read(reader, 2)).values())) == 2

    async def test_who_comes_after_a_crash_reads_again_what_took_no_effect(
        self, connect: Connect, broker: Broker, topic: str, group: str, readers: list[Reader]
    ) -> None:
        await broker.publish({(topic, 0): [record("a")], (topic, 1): [record("b")]})
        first = await broker.reader(group, [topic], beginning)
        await read(first, 2)
        await first.stop()
        readers.append(second := await connect().reader(group, [topic], beginning))
        assert sum(map(len, (await read(second, 2)).values())) == 2

    async def test_members_share_and_take_over(
        self, connect: Connect, broker: Broker, topic: str, group: str, readers: list[Reader]
    ) -> None:
        both = {(topic, 0), (topic, 1)}
        kept: dict[Partition, int] = {}
        one = await Member(kept).join(broker, group, topic)
        readers.append(one.reader)
        await until(lambda: one.reader.assigned == both, one)
        other = await Member(kept).join(connect(), group, topic)
        readers.append(other.reader)
        await until(
            lambda: (
                len(one.reader.assigned) == len(other.reader.assigned) == 1
                and one.reader.assigned | other.reader.assigned == both
            ),
            one,
            other,
        )

        await broker.publish({p: [record(f"{p[1]}{i}") for i in range(20)] for p in both})
        await until(lambda: sum(kept.values()) == 40, one, other)
        assert {p for p, _ in one.taken} == one.reader.assigned
        assert {p for p, _ in other.taken} == other.reader.assigned

        left = other.reader.assigned
        await other.reader.stop()
        await broker.publish({p: [record(f"{p[1]}{i}") for i in range(20, 25)] for p in both})
        await until(lambda: sum(kept.values()) == 50, one)
        assert one.reader.assigned == both
        assert left <= frozenset[Partition]().union(*one.asked[1:])
        taken = one.taken + other.taken
        assert sorted(taken) == sorted((p, f"{p[1]}{i}") for p in both for i in range(25))
        for partition in both:
            for member in (one, other):
                own = [int(word[1:]) for p, word in member.taken if p == partition]
                assert own == sorted(own)

    async def test_a_topic_may_come_after_its_readers(
        self, broker: Broker, topic: str, group: str, readers: list[Reader]
    ) -> None:
        later = f"test.{next(NAMES)}"
        readers.append(reader := await broker.reader(group, [topic, later], beginning))
        await broker.publish({(topic, 0): [record("a")]})
        await read(reader, 1)
        await broker.ensure({later: 1})
        await broker.publish({(later, 0): [record("b")]})
        found: dict[Partition, Sequence[Record]] = {}
        async with asyncio.timeout(BOUND):
            while (later, 0) not in found:
                found = {**await reader.fetch(10, 1.0)}
        assert words(found[later, 0]) == ["b"]
