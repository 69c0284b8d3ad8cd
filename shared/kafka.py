"""The broker on Apache Kafka, by aiokafka.

At least once: an idempotent producer is thrown away after any failure, since a fresh one whose first batch fails
leaves a hole that later batches would step over; so there is one batch of a partition on its way at a time.
Consumers commit nothing to Kafka: where to read from is asked of the database on every assignment, before any fetch.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import field
from itertools import zip_longest
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import KafkaError, NoError, OffsetOutOfRangeError, TopicAlreadyExistsError, for_code
from aiokafka.helpers import create_ssl_context

from shared.broker import OffsetGone, Partition, Positions, Reader, Record, Unavailable, WrongTopic
from shared.value import value

TOPIC = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
PRODUCER = {
    "enable_idempotence": True,
    "acks": "all",
    "max_batch_size": 900_000,  # bytes; a broker takes 1,048,588 by default
}
CONSUMER = {
    "enable_auto_commit": False,
    "auto_offset_reset": "none",
    "fetch_max_wait_ms": 5_000,  # data comes at once; this is how often an idle reader asks
    "fetch_max_bytes": 8_000_000,
    "consumer_timeout_ms": 10_000,  # how often the client wakes without a reason
    "metadata_max_age_ms": 5_000,  # how soon a reader sees a topic that was made after it started
    "session_timeout_ms": 8_000,
    "heartbeat_interval_ms": 2_000,
}
REQUEST_MS = 10_000
DELIVERY_SECONDS = 30.0  # a broker that comes back meanwhile gets its batches from the same producer
STOP_SECONDS = 5.0
GRACE_SECONDS = 0.2
POLL_SECONDS = 0.05
SILENCE_SECONDS = 30.0

LOGGERS = (
    "aiokafka",
    "aiokafka.conn",
    "aiokafka.consumer.fetcher",
    "aiokafka.consumer.group_coordinator",
    "aiokafka.producer.sender",
)


class Seldom(logging.Filter):
    """Each message once in a while: aiokafka repeats itself many times a second for as long as a broker is away."""

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        now = time.monotonic()
        if now - self.told.get(record.msg, -SILENCE_SECONDS) < SILENCE_SECONDS:
            return False
        self.told[record.msg] = now
        return True


for logger in LOGGERS:
    logging.getLogger(logger).addFilter(Seldom())


@value
class KafkaSettings:
    """How to reach the broker; the names are those of the Kafka clients."""

    bootstrap_servers: str
    client_id: str = "kaibo"
    security_protocol: str = "PLAINTEXT"  # SSL, SASL_PLAINTEXT, SASL_SSL
    sasl_mechanism: str = "PLAIN"  # SCRAM-SHA-256, SCRAM-SHA-512
    sasl_plain_username: str = ""
    sasl_plain_password: str = field(default="", repr=False)
    ssl_cafile: str = ""  # empty: the system's
    ssl_certfile: str = ""
    ssl_keyfile: str = ""

    def connection(self) -> dict[str, Any]:
        """The arguments that every client takes."""
        tls = self.security_protocol in {"SSL", "SASL_SSL"}
        return {
            "bootstrap_servers": self.bootstrap_servers,
            "client_id": self.client_id,
            "request_timeout_ms": REQUEST_MS,
            "retry_backoff_ms": 250,
            "security_protocol": self.security_protocol,
            "sasl_mechanism": self.sasl_mechanism,
            "sasl_plain_username": self.sasl_plain_username or None,
            "sasl_plain_password": self.sasl_plain_password or None,
            "ssl_context": create_ssl_context(
                cafile=self.ssl_cafile or None, certfile=self.ssl_certfile or None, keyfile=self.ssl_keyfile or None
            )
            if tls
            else None,
        }


class KafkaBroker:
    """One service's connection to Kafka; nothing is opened before it is needed."""

    def __init__(self, settings: KafkaSettings) -> None:
        self.settings = settings
        self.connection = settings.connection()
        self.producer: Any = None
        self.sending: list[asyncio.Future[Any]] = []
        self.observers: tuple[Any, Any] | None = None
        self.looking = asyncio.Lock()

    async def ensure(self, topics: Mapping[str, int]) -> None:
        async with self.observing() as (admin, _):
            there = await partitions(admin)
            await create(admin, {name: count for name, count in topics.items() if name not in there})
            there = await settled(admin, topics)
            for name, count in topics.items():
                if there[name] != count:
                    raise WrongTopic(self.wrong_count(name, there[name], count))
            for name, setting, content in await settings_of(admin, topics):
                if content != TOPIC[setting]:
                    raise WrongTopic(self.wrong_setting(name, setting, content))

    async def remove(self, topics: Sequence[str]) -> None:
        async with self.observing() as (admin, _):
            there = {topic["topic"] for topic in await admin.describe_topics()} & set(topics)
            if there:
                await admin.delete_topics(sorted(there))
            while {topic["topic"] for topic in await admin.describe_topics()} & there:  # noqa: ASYNC110
                await asyncio.sleep(POLL_SECONDS)

    def wrong_count(self, topic: str, there: int, wanted: int) -> str:
        return (
            f"Topic {topic} has {there} partitions, the database of its service says {wanted}. The number is fixed for "
            f"ever: use another broker, or delete the topic, and it is made again from the database: "
            f"kafka-topics.sh --bootstrap-server {self.settings.bootstrap_servers} --delete --topic {topic}"
        )

    def wrong_setting(self, topic: str, setting: str, content: str) -> str:
        return (
            f"Topic {topic} has {setting}={content}: events could vanish. "
            f"kafka-configs.sh --bootstrap-server {self.settings.bootstrap_servers} --alter --entity-type topics "
            f"--entity-name {topic} --add-config {setting}={TOPIC[setting]}"
        )

    async def publish(self, chunks: Mapping[Partition, Sequence[Record]]) -> None:
        try:
            with answering():
                async with asyncio.timeout(DELIVERY_SECONDS):
                    if self.producer is None:
                        self.producer = AIOKafkaProducer(**self.connection, **PRODUCER)
                        await self.producer.start()
                    for at_once in zip_longest(*(batches(self.producer, *chunk) for chunk in chunks.items())):
                        await self.deliver([batch for batch in at_once if batch is not None])
        except BaseException:
            await self.abandon()
            raise

    async def deliver(self, batches: Sequence[tuple[Partition, Any]]) -> None:
        """At most one of a partition."""
        self.sending = [
            await self.producer.send_batch(batch, topic, partition=number) for (topic, number), batch in batches
        ]
        done, _ = await asyncio.wait(self.sending, return_when=asyncio.FIRST_EXCEPTION)
        for problem in [sent.exception() for sent in done]:
            if problem is not None:
                raise problem

    async def abandon(self) -> None:
        """Without delivering what waits: by itself a producer would try for as long as the broker is away."""
        producer, self.producer = self.producer, None
        if producer is None:
            return
        sender = producer._sender.sender_task  # noqa: SLF001 - the only way to end it now
        while sender is not None and not sender.done():
            sender.cancel()
            await asyncio.wait({sender}, timeout=GRACE_SECONDS)
        for sent in self.sending:
            sent.cancel()
        await producer.stop()

    async def tail(self, partitions: Sequence[Partition]) -> Mapping[Partition, Record]:
        if not partitions:
            return {}
        with answering():
            consumer = AIOKafkaConsumer(**self.connection, **CONSUMER)
            try:
                async with asyncio.timeout(DELIVERY_SECONDS):
                    await consumer.start()
                    return await last_records(consumer, [TopicPartition(*partition) for partition in partitions])
            finally:
                await leave(consumer)

    async def ends(self, topics: Sequence[str]) -> Mapping[Partition, int]:
        async with self.observing() as (admin, consumer):
            there = await partitions(admin)
            # Taken for missing, such a topic would be read from the beginning by a reaction that is new.
            if leaderless := sorted({t["topic"] for t in await admin.describe_topics()} & set(topics) - set(there)):
                raise Unavailable(f"{', '.join(leaderless)}: a partition has no leader")
            places = [TopicPartition(topic, n) for topic in topics for n in range(there.get(topic, 0))]
            return {(place.topic, place.partition): end for place, end in (await consumer.end_offsets(places)).items()}

    async def reader(self, group: str, topics: Sequence[str], positions: Positions) -> Reader:
        reader = KafkaReader(self.connection, group, positions)
        try:
            with answering():
                async with asyncio.timeout(DELIVERY_SECONDS):
                    await reader.start(topics)
        except BaseException:
            await reader.stop()
            raise
        return reader

    @asynccontextmanager
    async def observing(self) -> AsyncIterator[tuple[Any, Any]]:
        """The clients for looking at topics, kept from call to call; new ones after any failure."""
        async with self.looking:
            try:
                with answering():
                    async with asyncio.timeout(DELIVERY_SECONDS):
                        if self.observers is None:
                            consumer = AIOKafkaConsumer(**self.connection, **CONSUMER)
                            self.observers = AIOKafkaAdminClient(**self.connection), consumer
                            for client in self.observers:
                                await client.start()
                        yield self.observers
            except BaseException:
                await self.look_away()
                raise

    async def look_away(self) -> None:
        observers, self.observers = self.observers, None
        if observers is not None:
            admin, consumer = observers
            await admin.close()
            await leave(consumer)

    async def close(self) -> None:
        await self.look_away()
        await self.abandon()


class KafkaReader:
    """A member of a group. What is assigned stays paused until it stands where `positions` says."""

    def __init__(self, connection: Mapping[str, Any], group: str, positions: Positions) -> None:
        self.consumer = AIOKafkaConsumer(
            **connection, **CONSUMER, group_id=group, partition_assignment_strategy=(Assignor(self.assign),)
        )
        self.positions = positions
        self.owned: frozenset[Partition] = frozenset()
        self.unplaced: frozenset[Partition] = frozenset()
        self.getting: asyncio.Task[Any] | None = None

    async def start(self, topics: Sequence[str]) -> None:
        await self.consumer.start()
        # After this time (else 0.1 s) aiokafka asks for the other partitions although one still has records here, and
        # cannot ask for that one again before their long poll ends: a busy partition would wait for the idle ones.
        self.consumer._fetcher._prefetch_backoff = float("inf")  # noqa: SLF001
        self.consumer.subscribe(topics)

    @property
    def assigned(self) -> frozenset[Partition]:
        return self.owned

    def assign(self, assignment: Any) -> None:
        """Called before anything of an assignment can be fetched: a paused partition with a place is left alone."""
        places = assignment.partitions()
        for place in places:
            self.consumer.seek(place, 0)
        self.consumer.pause(*places)
        self.owned = self.unplaced = frozenset((place.topic, place.partition) for place in places)
        if self.getting is not None:
            self.getting.cancel()

    async def fetch(self, limit: int, wait: float) -> Mapping[Partition, Sequence[Record]]:
        deadline = time.monotonic() + wait
        with answering():
            while True:
                await self.place()
                found = await self.get(limit, max(0.0, deadline - time.monotonic()))
                if found or (not self.unplaced and time.monotonic() >= deadline):
                    return {
                        (place.topic, place.partition): [received(record) for record in records]
                        for place, records in found.items()
                    }

    async def place(self) -> None:
        while self.unplaced:
            asked = self.unplaced
            offsets = await self.positions(sorted(asked))
            if asked is self.unplaced:
                places = [TopicPartition(*partition) for partition in asked]
                for place in places:
                    self.consumer.seek(place, offsets[place.topic, place.partition])
                self.consumer.resume(*places)
                self.unplaced = frozenset()

    async def get(self, limit: int, wait: float) -> Mapping[Any, Sequence[Any]]:
        """Empty where an assignment came in between, or nothing. A group that is being joined ignores the timeout."""
        self.getting = asyncio.create_task(self.consumer.getmany(timeout_ms=int(wait * 1000), max_records=limit))
        try:
            await asyncio.wait({self.getting}, timeout=wait + GRACE_SECONDS)
        finally:
            self.getting.cancel()
        await asyncio.wait({self.getting})
        return {} if self.getting.cancelled() else self.getting.result()

    def rewind(self, offsets: Mapping[Partition, int]) -> None:
        for partition, offset in offsets.items():
            if partition in self.owned - self.unplaced:
                self.consumer.seek(TopicPartition(*partition), offset)

    async def stop(self) -> None:
        await leave(self.consumer)


class Assignor:
    """Deals partitions out in turn, and tells the reader of its own before anybody else learns of them."""

    name = RoundRobinPartitionAssignor.name
    metadata = RoundRobinPartitionAssignor.metadata
    assign = RoundRobinPartitionAssignor.assign

    def __init__(self, assigned: Callable[[Any], None]) -> None:
        self.on_assignment = assigned


@contextmanager
def answering() -> Iterator[None]:
    try:
        yield
    except OffsetOutOfRangeError as problem:
        raise OffsetGone(
            f"{problem}: the topic does not hold what comes next; `kaibo relay republish` of its service makes it again"
        ) from problem
    except (KafkaError, OSError, TimeoutError) as problem:
        raise Unavailable(f"Kafka: {problem!r}") from problem


def batches(producer: Any, place: Partition, records: Sequence[Record]) -> Iterator[tuple[Partition, Any]]:
    batch = producer.create_batch()
    for record in records:
        if append(batch, record) is None:
            yield place, batch
            batch = producer.create_batch()
            append(batch, record)
    batch.close()
    yield place, batch


def append(batch: Any, record: Record) -> Any:
    """None where it is full; it takes its first record whatever the size."""
    return batch.append(timestamp=None, key=record.key, value=record.value, headers=list(record.headers))


def received(record: Any) -> Record:
    return Record(key=record.key, value=record.value, headers=record.headers, offset=record.offset)


async def leave(consumer: Any) -> None:
    """Where the broker is away, `stop` may end as if we had been cancelled, or not at all."""
    stopping = asyncio.create_task(consumer.stop())
    await asyncio.wait({stopping}, timeout=STOP_SECONDS)
    stopping.cancel()
    await asyncio.gather(stopping, consumer._client.close(), return_exceptions=True)  # noqa: SLF001 - it was left open


async def partitions(admin: Any) -> dict[str, int]:
    """How many each topic has that every broker knows a leader of."""
    return {
        topic["topic"]: len(topic["partitions"])
        for topic in await admin.describe_topics()
        if all(partition["leader"] >= 0 for partition in topic["partitions"])
    }


async def settled(admin: Any, topics: Mapping[str, int]) -> dict[str, int]:
    """As `partitions`, when all of these are there."""
    while True:
        there = await partitions(admin)
        if there.keys() >= topics.keys():
            return there
        await asyncio.sleep(POLL_SECONDS)


async def create(admin: Any, topics: Mapping[str, int]) -> None:
    """With the replication of the broker's own setting. Somebody else may be making them too."""
    wanted = []
    for name, count in topics.items():
        topic = NewTopic(name, count, 1, topic_configs=TOPIC)
        topic.replication_factor = -1
        wanted.append(topic)
    for _, code, message in (await admin.create_topics(wanted)).topic_errors if wanted else ():
        if for_code(code) not in (NoError, TopicAlreadyExistsError):
            raise for_code(code)(message)


async def settings_of(admin: Any, topics: Iterable[str]) -> list[tuple[str, str, str]]:
    """Topic, setting, content."""
    wanted = [ConfigResource(ConfigResourceType.TOPIC, name, TOPIC) for name in topics]
    found = [resource for response in await admin.describe_configs(wanted) for resource in response.resources]
    for code, message, *_ in found:
        if for_code(code) is not NoError:
            raise for_code(code)(message)
    return [(name, setting, content) for _, _, _, name, entries in found for setting, content, *_ in entries]


async def last_records(consumer: Any, places: Sequence[Any]) -> dict[Partition, Record]:
    starts, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
    filled = [place for place in places if ends[place] > starts[place]]
    consumer.assign(filled)
    for place in filled:
        consumer.seek(place, ends[place] - 1)
    last: dict[Partition, Record] = {}
    while len(last) < len(filled):
        for place, records in (await consumer.getmany(timeout_ms=REQUEST_MS)).items():
            last[place.topic, place.partition] = received(records[-1])
    return last
