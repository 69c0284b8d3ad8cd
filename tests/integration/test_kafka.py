"""What is peculiar to Apache Kafka: settings of topics, batches that fail, brokers that are away."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import count
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local.kafka import Kafka
from shared import kafka as module
from shared.broker import Partition, Reader, Record, Unavailable, WrongTopic
from shared.kafka import KafkaBroker, KafkaSettings

NUMBERS = count(1)
BOUND = 60.0  # seconds that nothing takes


@pytest.fixture
async def broker(kafka_broker: Kafka) -> AsyncIterator[KafkaBroker]:
    made = KafkaBroker(KafkaSettings(bootstrap_servers=kafka_broker.bootstrap_servers))
    yield made
    await made.close()


@pytest.fixture
def topic() -> str:
    return f"peculiar.{next(NUMBERS)}"


async def make(broker: KafkaBroker, topic: str, **settings: str) -> None:
    """A topic of one partition, as somebody else would make it."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.settings.bootstrap_servers)
    await admin.start()
    try:
        configs = {name.replace("_", "."): content for name, content in settings.items()}
        await admin.create_topics([NewTopic(topic, 1, 1, topic_configs=configs)])
    finally:
        await admin.close()


async def positions(broker: KafkaBroker, topic: str) -> list[int]:
    """What the records of the topic were numbered."""

    async def beginning(partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        return dict.fromkeys(partitions, 0)

    end = (await broker.ends([topic]))[topic, 0]
    reader = await broker.reader(f"all.{next(NUMBERS)}", [topic], beginning)
    found: list[int] = []
    try:
        async with asyncio.timeout(BOUND):
            while len(found) < end:
                for records in (await reader.fetch(1_000, 1.0)).values():
                    found += [int(record.key) for record in records]
    finally:
        await reader.stop()
    return found


def numbered(number: int, size: int) -> Record:
    return Record(key=b"%d" % number, value=b"x" * size, headers=())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"retention_ms": "86400000"}, "retention.ms=86400000.*--add-config retention.ms=-1"),
        (
            {"retention_ms": "-1", "cleanup_policy": "compact"},
            "cleanup.policy=compact.*--add-config cleanup.policy",
        ),
        ({"retention_ms": "-1", "retention_bytes": "1000000"}, "retention.bytes=1000000.*--add-config retention.bytes"),
    ],
)
async def test_a_topic_whose_events_could_vanish_is_refused(
    broker: KafkaBroker, topic: str, settings: dict[str, str], said: str
) -> None:
    await make(broker, topic, **settings)
    with pytest.raises(WrongTopic, match=said):
        await broker.ensure({topic: 1})


async def test_a_topic_of_ours_that_somebody_else_made_is_taken(broker: KafkaBroker, topic: str) -> None:
    await make(broker, topic, retention_ms="-1")
    await broker.ensure({topic: 1})


async def test_two_services_may_make_a_topic_at_once(broker: KafkaBroker, topic: str) -> None:
    other = KafkaBroker(broker.settings)
    try:
        await asyncio.gather(broker.ensure({topic: 3}), other.ensure({topic: 3}))
    finally:
        await other.close()
    assert len(await broker.ends([topic])) == 3


async def test_what_a_failing_batch_leaves_behind_has_no_hole(
    broker: KafkaBroker, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first batch of a fresh producer is too large for the topic, those behind it would not be."""
    monkeypatch.setitem(module.PRODUCER, "max_batch_size", 20_000)
    await make(broker, topic, max_message_bytes="40000")
    chunk = [numbered(0, 60_000), *(numbered(i, 1_000) for i in range(1, 70))]
    with pytest.raises(Unavailable, match="TooLarge"):
        await broker.publish({(topic, 0): chunk})
    assert await positions(broker, topic) == []
    await broker.publish({(topic, 0): chunk[1:]})
    with pytest.raises(Unavailable, match="TooLarge"):
        await broker.publish({(topic, 0): [numbered(70, 1_000), *(numbered(i, 60_000) for i in range(71, 73))]})
    found = await positions(broker, topic)
    assert found == list(range(1, 1 + len(found)))
    assert len(found) in (69, 70)


async def test_after_a_failure_comes_a_new_producer(broker: KafkaBroker, topic: str) -> None:
    await make(broker, topic, max_message_bytes="40000")
    await broker.publish({(topic, 0): [numbered(1, 10)]})
    first = broker.producer
    await broker.publish({(topic, 0): [numbered(2, 10)]})
    assert broker.producer is first
    with pytest.raises(Unavailable):
        await broker.publish({(topic, 0): [numbered(3, 60_000)]})
    assert broker.producer is None
    await broker.publish({(topic, 0): [numbered(3, 10)]})
    assert broker.producer is not first
    assert await positions(broker, topic) == [1, 2, 3]


async def test_a_broker_that_is_away_is_unavailable_for_everything() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        away = KafkaBroker(KafkaSettings(bootstrap_servers=f"127.0.0.1:{held.getsockname()[1]}"))

        async def nowhere(partitions: Sequence[Partition]) -> Mapping[Partition, int]:
            return {}

        for attempt in (
            away.ensure({"a": 1}),
            away.ends(["a"]),
            away.tail([("a", 0)]),
            away.publish({("a", 0): [numbered(1, 10)]}),
            away.reader("group", ["a"], nowhere),
        ):
            with pytest.raises(Unavailable, match="Kafka"):
                await attempt
        await away.close()


async def test_a_broker_that_falls_silent_holds_nobody_for_ever(
    broker: KafkaBroker, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes connections and answers no more; the producer is ended without waiting for it."""
    monkeypatch.setattr(module, "DELIVERY_SECONDS", 1.0)
    await broker.ensure({topic: 1})
    host, port = broker.settings.bootstrap_servers.split(":")
    silent = asyncio.Event()
    streams: list[asyncio.StreamWriter] = []

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65_536):
            if not silent.is_set():
                sink.write(data)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there = await asyncio.open_connection(host, int(port))
        streams.extend((writer, there))
        await asyncio.gather(pump(reader, there), pump(there_reader, writer))

    await broker.publish({(topic, 0): [numbered(1, 10)]})
    proxy = await asyncio.start_server(connected, "127.0.0.1", 0)
    node = broker.producer.client.cluster.broker_metadata(1)
    monkeypatch.setattr(
        broker.producer.client.cluster,
        "broker_metadata",
        lambda number: node._replace(port=proxy.sockets[0].getsockname()[1]),
    )
    for connection in list(broker.producer.client._conns.values()):
        connection.close()
    await broker.publish({(topic, 0): [numbered(2, 10)]})
    assert streams
    silent.set()
    async with asyncio.timeout(BOUND):
        with pytest.raises(Unavailable):
            await broker.publish({(topic, 0): [numbered(3, 10)]})
    assert broker.producer is None
    monkeypatch.setattr(module, "DELIVERY_SECONDS", BOUND)
    await broker.publish({(topic, 0): [numbered(3, 10)]})
    assert (await positions(broker, topic))[:2] == [1, 2]
    proxy.close()
    for stream in streams:
        stream.close()


async def test_a_reader_outlives_the_broker_and_stops_without_it(topic: str, tmp_path: Path) -> None:
    node = Kafka(tmp_path / "kafka", tell=lambda text: None)
    node.spawn()
    node.wait()
    broker = KafkaBroker(KafkaSettings(bootstrap_servers=node.bootstrap_servers))

    async def beginning(partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        return dict.fromkeys(partitions, 0)

    async def until(reader: Reader, wanted: bytes) -> None:
        async with asyncio.timeout(BOUND):
            while True:
                for records in (await reader.fetch(10, 1.0)).values():
                    if records[-1].value == wanted:
                        return

    def kill() -> None:
        assert node.process is not None
        node.process.kill()
        node.process.wait()

    try:
        await broker.ensure({topic: 1})
        reader = await broker.reader("outlives", [topic], beginning)
        await broker.publish({(topic, 0): [numbered(1, 10)]})
        await until(reader, b"x" * 10)
        kill()
        assert await reader.fetch(10, 1.0) == {}
        node.spawn()
        node.wait()
        await broker.publish({(topic, 0): [numbered(2, 20)]})
        await until(reader, b"x" * 20)
        kill()
        assert await reader.fetch(10, 1.0) == {}
        await reader.stop()
        await broker.close()
    finally:
        node.stop()


async def test_the_knob_that_is_turned_behind_its_back_is_still_there(broker: KafkaBroker, topic: str) -> None:
    """Else a busy partition would wait for the long poll of the idle ones again: 0.7 s a batch."""
    await broker.ensure({topic: 1})
    async with broker.observing() as (_, plain):
        assert plain._fetcher._prefetch_backoff == 0.1


def test_security_settings_reach_the_client_and_not_the_log() -> None:
    settings = KafkaSettings(
        bootstrap_servers="one:9093,two:9093",
        security_protocol="SASL_SSL",
        sasl_mechanism="SCRAM-SHA-512",
        sasl_plain_username="kaibo",
        sasl_plain_password="not for the log",
    )
    given = settings.connection()
    assert (given["security_protocol"], given["sasl_mechanism"]) == ("SASL_SSL", "SCRAM-SHA-512")
    assert (given["sasl_plain_username"], given["sasl_plain_password"]) == ("kaibo", "not for the log")
    assert given["ssl_context"].verify_mode is ssl.CERT_REQUIRED
    assert given["ssl_context"].check_hostname
    assert "not for the log" not in repr(settings)
    assert KafkaSettings(bootstrap_servers="one:9092").connection()["ssl_context"] is None
