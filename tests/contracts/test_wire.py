"""The wire contract: what other systems read. Nothing here may change but by adding."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import count
from typing import Any

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat
from confluent_kafka import Consumer, Producer, TopicPartition
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from deploy.local.kafka import Kafka
from shared.broker import Record
from shared.event import Contract, Contracts, Envelope, Meta, encode, new_id
from shared.kafka import KafkaBroker, KafkaSettings
from shared.store import Stored
from shared.value import value
from shared.wire import Heading, NotOurs, heading, meta_of, murmur2, partition_of, recorded, to_record

NUMBERS = count(1)
BOUND = 30.0  # seconds that nothing takes


@value
class Graded:
    person: str
    points: int
    remark: str = ""


contract = Contract("lessons", Graded)

ENVELOPE = Envelope(
    actor="p-7",
    capacity="appraiser",
    cause="0198c0de-0000-7000-8000-00000000000a",
    correlation="0198c0de-0000-7000-8000-00000000000b",
    scope="studio/一号",
    origin="demo-generated",
    depth=2,
    policies=("AppraisalStandard@3", "Bands@1"),
    seen=("sessions/s1@4",),
)
STORED = Stored(
    position=4711,
    stream="exams/p-1/s%2F1",
    version=3,
    topic="kaibo.lessons.events",
    partition=1,
    id="0198c0de-0000-7000-8000-000000000001",
    type="Graded",
    schema=1,
    occurred_at=datetime(2026, 5, 4, 9, 30, tzinfo=UTC),
    recorded_at=datetime(2026, 5, 4, 9, 30, 1, 250_000, tzinfo=UTC),
    data=encode(Graded(person="p-1", points=88, remark="良好")),
    meta=encode(ENVELOPE),
)
LOG = "7b0c9a52-0000-4000-8000-000000000000"
GOLDEN = {
    "ce_specversion": "1.0",
    "ce_id": "0198c0de-0000-7000-8000-000000000001",
    "ce_source": "/kaibo/lessons",
    "ce_type": "kaibo.lessons.Graded",
    "ce_subject": "exams/p-1/s%2F1",
    "ce_time": "2026-05-04T09:30:00Z",
    "ce_dataschema": "urn:kaibo:lessons:Graded:1",
    "content-type": "application/json",
    "ce_schema": "1",
    "ce_streamversion": "3",
    "ce_logid": LOG,
    "ce_position": "4711",
    "ce_prevposition": "4702",
    "ce_recordedtime": "2026-05-04T09:30:01.250000Z",
    "ce_correlationid": "0198c0de-0000-7000-8000-00000000000b",
    "ce_causationid": "0198c0de-0000-7000-8000-00000000000a",
    "ce_scope": "studio/一号",
    "ce_actor": "p-7",
    "ce_capacity": "appraiser",
    "ce_origin": "demo-generated",
    "ce_depth": "2",
    "ce_policies": '["AppraisalStandard@3","Bands@1"]',
}


def sent(stored: Stored = STORED) -> Record:
    return to_record(contract, LOG, stored, 4702)


def texts(record: Record) -> dict[str, str]:
    return {name: content.decode() for name, content in record.headers}


class TestRecord:
    def test_headers(self) -> None:
        assert texts(sent()) == GOLDEN
        assert len(sent().headers) == len(GOLDEN)

    def test_key_is_the_stream_and_value_the_json_with_its_chinese(self) -> None:
        assert sent().key == b"exams/p-1/s%2F1"
        assert sent().value.decode() == '{"person":"p-1","points":88,"remark":"良好"}'

    def test_what_is_not_known_is_not_written(self) -> None:
        bare = texts(sent(replace(STORED, meta=encode(Envelope(actor="system")))))
        optional = {"correlationid", "causationid", "scope", "capacity", "origin", "depth", "policies"}
        assert bare == {k: v for k, v in GOLDEN.items() if k.removeprefix("ce_") not in optional} | {
            "ce_actor": "system"
        }

    def test_times_are_utc(self) -> None:
        shanghai = timezone(timedelta(hours=8))
        here = replace(STORED, occurred_at=STORED.occurred_at.astimezone(shanghai))
        assert texts(sent(here))["ce_time"] == "2026-05-04T09:30:00Z"

    def test_a_newer_schema_has_an_address_of_its_own(self) -> None:
        headers = texts(sent(replace(STORED, schema=2)))
        assert (headers["ce_schema"], headers["ce_dataschema"]) == ("2", "urn:kaibo:lessons:Graded:2")
        assert headers["ce_type"] == GOLDEN["ce_type"]


class TestReading:
    def test_the_heading_tells_what_a_reader_needs_first(self) -> None:
        assert heading(sent()) == Heading(
            service="lessons",
            type="Graded",
            schema=1,
            stream="exams/p-1/s%2F1",
            id=STORED.id,
            log=LOG,
            position=4711,
            previous=4702,
        )

    def test_event_and_meta_come_back(self) -> None:
        found = recorded(sent(), heading(sent()), Contracts(contract))
        assert found.event == Graded(person="p-1", points=88, remark="良好")
        assert found.meta == Meta(
            id=STORED.id,
            service="lessons",
            stream=STORED.stream,
            version=3,
            position=4711,
            occurred_at=STORED.occurred_at,
            recorded_at=STORED.recorded_at,
            actor="p-7",
            capacity="appraiser",
            cause=ENVELOPE.cause,
            correlation=ENVELOPE.correlation,
            scope="studio/一号",
            origin="demo-generated",
            depth=2,
            policies=("AppraisalStandard@3", "Bands@1"),
        )

    @given(
        st.builds(
            Envelope,
            actor=st.text(),
            capacity=st.text(),
            cause=st.text(),
            correlation=st.text(),
            scope=st.text(),
            origin=st.text(),
            depth=st.integers(0, 99),
            policies=st.lists(st.text()).map(tuple),
        ),
        st.datetimes(
            datetime(1990, 1, 1),  # noqa: DTZ001
            datetime(2100, 1, 1),  # noqa: DTZ001
            timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))]),
        ),
        st.text(min_size=1),
    )
    def test_whatever_is_written_is_read(self, envelope: Envelope, at: datetime, stream: str) -> None:
        found = meta_of(sent(replace(STORED, meta=encode(envelope), occurred_at=at, stream=stream)))
        assert {name: getattr(found, name) for name in Envelope.__struct_fields__} == asdict(envelope)
        assert (found.occurred_at, found.stream) == (at, stream)

    @pytest.mark.parametrize(
        "change",
        [
            {"ce_type": None},
            {"ce_position": None},
            {"ce_position": "many"},
            {"ce_type": "org.example.Graded"},
            {"ce_type": "order"},
            {"ce_logid": None},
        ],
    )
    def test_a_record_of_somebody_else_is_told_apart(self, change: dict[str, str | None]) -> None:
        changed: dict[str, str | None] = {**GOLDEN, **change}
        foreign = replace(sent(), headers=tuple((k, v.encode()) for k, v in changed.items() if v is not None))
        with pytest.raises(NotOurs):
            heading(foreign)

    @pytest.mark.parametrize("change", [{"ce_actor": None}, {"ce_time": "noon"}, {"ce_streamversion": "x"}])
    def test_a_record_with_half_an_envelope_too(self, change: dict[str, str | None]) -> None:
        changed: dict[str, str | None] = {**GOLDEN, **change}
        foreign = replace(sent(), headers=tuple((k, v.encode()) for k, v in changed.items() if v is not None))
        with pytest.raises(NotOurs):
            meta_of(foreign)

    def test_headers_that_we_do_not_know_are_ignored(self) -> None:
        more = replace(sent(), headers=(*sent().headers, ("ce_later", b"x"), ("traceparent", b"00-1")))
        assert heading(more) == heading(sent())
        assert meta_of(more) == meta_of(sent())


class TestPartition:
    @pytest.mark.parametrize(
        ("key", "hashed"),
        [
            (b"21", -973932308),
            (b"foobar", -790332482),
            (b"a-little-bit-long-string", -985981536),
            (b"a-little-bit-longer-string", -1486304829),
            (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
            (b"abc", 479470107),
        ],
    )
    def test_the_hash_is_the_one_of_the_java_client(self, key: bytes, hashed: int) -> None:
        assert murmur2(key) == hashed & 0xFFFFFFFF


@pytest.fixture
async def topic(kafka_broker: Kafka) -> AsyncIterator[tuple[str, KafkaBroker]]:
    broker = KafkaBroker(KafkaSettings(bootstrap_servers=kafka_broker.bootstrap_servers))
    name = f"wire.{next(NUMBERS)}"
    await broker.ensure({name: 5})
    yield name, broker
    await broker.close()


class TestOtherSystems:
    """They know Kafka and CloudEvents and nothing of us."""

    async def test_librdkafka_and_the_cloudevents_sdk_read_every_record(self, topic: tuple[str, KafkaBroker]) -> None:
        name, broker = topic
        stored = [
            replace(STORED, id=new_id(), position=i, meta=encode(replace(ENVELOPE, scope="" if i % 2 else "一")))
            for i in range(1, 51)
        ]
        await broker.publish({(name, 2): [to_record(contract, LOG, s, s.position - 1) for s in stored]})
        events = await asyncio.to_thread(read_events, broker.settings.bootstrap_servers, name, 2, len(stored))
        assert [event.get_id() for event in events] == [s.id for s in stored]
        for event, s in zip(events, stored, strict=True):
            assert event.get_source() == "/kaibo/lessons"
            assert event.get_type() == "kaibo.lessons.Graded"
            assert event.get_subject() == s.stream
            assert event.get_time() == s.occurred_at
            assert event.get_datacontenttype() == "application/json"
            assert event.get_dataschema() == "urn:kaibo:lessons:Graded:1"
            assert event.get_extension("position") == str(s.position)
            assert event.get_extension("partitionkey") == s.stream
            assert event.get_extension("scope") == (None if s.position % 2 else "一")
            assert event.get_data() == {"person": "p-1", "points": 88, "remark": "良好"}

    async def test_librdkafka_puts_a_key_where_we_do(self, topic: tuple[str, KafkaBroker]) -> None:
        name, broker = topic
        keys = [f"exams/person-{i}/课-{i % 7}" for i in range(200)]
        placed = await asyncio.to_thread(place_keys, broker.settings.bootstrap_servers, name, keys)
        assert placed == {key: partition_of(key, 5) for key in keys}
        assert set(placed.values()) == set(range(5))


def read_events(servers: str, topic: str, partition: int, wanted: int) -> list[Any]:
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "stranger", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, partition, 0)])
    try:
        messages: list[Any] = []
        while len(messages) < wanted:
            got = consumer.consume(wanted, timeout=BOUND)
            assert got, "nothing came"
            messages += got
    finally:
        consumer.close()
    assert all(message.error() is None for message in messages)
    return [from_binary(KafkaMessage(dict(m.headers()), m.key(), m.value()), JSONFormat()) for m in messages]


def place_keys(servers: str, topic: str, keys: list[str]) -> dict[str, int]:
    placed: dict[str, int] = {}

    def delivered(problem: object, message: Any) -> None:
        assert problem is None
        placed[message.key().decode()] = message.partition()

    producer = Producer({"bootstrap.servers": servers, "partitioner": "murmur2_random"})
    for key in keys:
        producer.produce(topic, key=key.encode(), value=b"{}", on_delivery=delivered)
    assert producer.flush(BOUND) == 0
    return placed
