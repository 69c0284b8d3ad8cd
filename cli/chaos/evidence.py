"""What is there, by plain SQL, a plain Kafka consumer and plain HTTP, and how it differs from what must be."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from cli.chaos.oracle import Event, World, rows
from cli.state import Run

SHOWN = 20
READER = "chaos"
Known = Mapping[str, dict[str, Any]]


@dataclass
class Verdict:
    """`checked`: how many of what. `differences` in words."""

    checked: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    differences: list[str] = field(default_factory=list)

    def differ(self, what: str) -> None:
        self.differences.append(what)


@dataclass(frozen=True, slots=True)
class Stored:
    """A row of an event table."""

    position: int
    stream: str
    version: int
    topic: str
    partition: int
    id: str
    type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Arrived:
    """A record of a topic."""

    offset: int
    key: bytes
    value: bytes
    headers: Mapping[str, str]


async def examine(run: Run, world: World, verdict: Verdict, lost: World) -> None:
    """Compare logs, topics and read models with the oracle's world; `lost` are commands that no log holds any more."""
    verdict.checked["commands"] = world.commands
    verdict.checked["refused as they must be"] = world.refused
    for wrong in world.wrong:
        verdict.differ(f"answer: {wrong}")
    for service, about in run.services.items():
        log = await read_log(about.database_url)
        verdict.checked["decided on what is no more"] += world.outlive(
            lost, service, {stream: told(events) for stream, events in by_stream(log).items()}
        )
        compare_log(service, log, world.logs[service], verdict)
        topics = await read_topics(run.kafka.bootstrap_servers, sorted({event.topic for event in log}))
        compare_topics(service, log, topics, verdict)
    await asyncio.to_thread(compare_rows, run, rows(world), verdict)


# Event tables


async def read_log(url: str) -> list[Stored]:
    connection = await asyncpg.connect(url)
    try:
        found = await connection.fetch(
            "select position, stream, version, topic, partition, id::text as id, type, data from events"
            " order by position"
        )
    finally:
        await connection.close()
    return [Stored(**dict(row)) for row in found]


def compare_log(service: str, log: list[Stored], due: Mapping[str, list[Event]], verdict: Verdict) -> None:
    """Every stream is the oracle's: no event more, none less, none twice, in order, versions and positions whole."""
    streams = by_stream(log)
    if [event.position for event in log] != list(range(1, len(log) + 1)):
        verdict.differ(f"{service}: positions are not 1 to {len(log)}")
    for stream in sorted({*streams, *due}):
        there = streams.get(stream, [])
        if [event.version for event in there] != list(range(1, len(there) + 1)):
            verdict.differ(f"{service} {stream}: versions are {[event.version for event in there]}")
        wanted, found = due.get(stream, []), told(there)
        if stream.startswith("session/"):  # all lanes enrol there, and none of them first
            wanted, found = sorted(wanted, key=by_content), sorted(found, key=by_content)
        if not same(wanted, found):
            verdict.differ(f"{service} {stream}: {[n for n, _ in wanted]} must be there, {brief(there)} is")
    verdict.checked["streams"] += len(streams)
    verdict.checked["events"] += len(log)


def by_stream(log: list[Stored]) -> dict[str, list[Stored]]:
    streams: dict[str, list[Stored]] = defaultdict(list)
    for event in log:
        streams[event.stream].append(event)
    return streams


def told(events: list[Stored]) -> list[Event]:
    return [(event.type, json.loads(event.data)) for event in events]


def by_content(event: Event) -> tuple[str, str]:
    return event[0], str(event[1].get("persons"))


def same(wanted: list[Event], found: list[Event]) -> bool:
    return len(wanted) == len(found) and all(
        name == other and all(alike(value, there.get(key)) for key, value in told.items())
        for (name, told), (other, there) in zip(wanted, found, strict=True)
    )


def alike(wanted: Any, found: Any) -> bool:
    """A decimal may be written as text or as a number."""
    if isinstance(wanted, Decimal):
        return found is not None and Decimal(str(found)) == wanted
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        return all(alike(value, found.get(key)) for key, value in wanted.items())
    return bool(wanted == found)


def brief(events: list[Stored]) -> str:
    return ", ".join(f"{event.type}@{event.position}" for event in events) or "nothing"


# Topics


async def read_topics(servers: str, topics: list[str]) -> dict[tuple[str, int], list[Arrived]]:
    """All that a topic holds, by partition."""
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, enable_auto_commit=False, auto_offset_reset="none")
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await consumer.start()
    await admin.start()
    try:
        described = await admin.describe_topics(topics)
        places = [TopicPartition(t["topic"], part["partition"]) for t in described for part in t["partitions"]]
        ends = await consumer.end_offsets(places)
        starts = await consumer.beginning_offsets(places)
        found: dict[tuple[str, int], list[Arrived]] = {(p.topic, p.partition): [] for p in places}
        filled = [place for place in places if ends[place] > starts[place]]
        consumer.assign(filled)
        for place in filled:
            consumer.seek(place, starts[place])
        while [place for place in filled if await consumer.position(place) < ends[place]]:
            for place, records in (await consumer.getmany(timeout_ms=5_000)).items():
                found[place.topic, place.partition] += [
                    Arrived(r.offset, r.key, r.value, {name: text.decode() for name, text in r.headers})
                    for r in records
                ]
    finally:
        await admin.close()
        await consumer.stop()
    return found


def compare_topics(
    service: str, log: list[Stored], topics: Mapping[tuple[str, int], list[Arrived]], verdict: Verdict
) -> None:
    """Every event is there, at its place, as stored; first arrivals are in order of the log, none left out."""
    stored = {event.id: event for event in log}
    arrived: set[str] = set()
    for (topic, number), records in topics.items():
        before = 0
        for record in records:
            name, at = record.headers["ce_id"], f"{topic}/{number} offset {record.offset}"
            event = stored.get(name)
            if event is None:
                verdict.differ(f"{at}: event {name} is in no log")
                continue
            if not faithful(event, record) or (event.topic, event.partition) != (topic, number):
                verdict.differ(f"{at}: event {name} is not as it was stored")
            if name in arrived:
                verdict.checked["records that came again"] += 1
                continue
            arrived.add(name)
            if int(record.headers["ce_prevposition"]) != before or event.position <= before:
                said = record.headers["ce_prevposition"]
                verdict.differ(f"{at}: position {event.position} follows {before} and says it follows {said}")
            before = event.position
        verdict.checked["records"] += len(records)
    for name in sorted(stored.keys() - arrived)[:SHOWN]:
        verdict.differ(f"{service}: event {name} at {stored[name].position} of {stored[name].stream} was not published")
    verdict.checked["published"] += len(arrived)


def faithful(event: Stored, record: Arrived) -> bool:
    told = record.headers
    return (
        (record.key.decode(), record.value, told["ce_position"]) == (event.stream, event.data, str(event.position))
        and (told["ce_subject"], told["ce_streamversion"]) == (event.stream, str(event.version))
        and told["ce_type"].rpartition(".")[2] == event.type
    )


# Read models

LISTS = {
    "units": ("people", "/units", "hr", "unit"),
    "persons": ("people", "/persons", "hr", "person"),
    "archives": ("people", "/archives", "hr", "person"),
    "recorded-metrics": ("performance", "/recorded-metrics", "hr", "person month metric"),
    "sessions": ("training", "/sessions", "system", "session"),
    "exams": ("training", "/exams", "training_admin", "person session"),
    "streams": ("supervision", "/streams", "hr", "stream"),
    "violations": ("supervision", "/violations", "hr", "person kind occasion"),
    "penalties": ("supervision", "/penalties", "hr", "person"),
    "awards": ("supervision", "/awards", "hr", "person"),
}


def compare_rows(run: Run, due: Mapping[str, Known], verdict: Verdict) -> None:
    """Every row of every list that the story touches, asked over HTTP."""
    for model, (service, path, capacity, key) in LISTS.items():
        if service not in run.services:
            continue
        found: dict[str, dict[str, Any]] = {}
        for item in items(run, service, path, capacity):
            name = "/".join(str(item[part]) for part in key.split())
            if "standing" in item and key == "person":  # proposals: how many of a person wait
                counts = found.setdefault(name, {"pending": 0, "reversed": 0})
                counts[item["standing"]] = counts.get(item["standing"], 0) + 1
            else:
                found[name] = item
        wanted = due.get(model, {})
        for name in sorted({*wanted, *found}):
            if name not in found or name not in wanted or not alike(wanted[name], found[name]):
                shown = {key: found[name].get(key) for key in wanted.get(name, {})} if name in found else None
                verdict.differ(f"{model} {name}: {wanted.get(name)} must be there, {shown} is")
        verdict.checked["rows"] += len(found)


def items(run: Run, service: str, path: str, capacity: str) -> Iterator[dict[str, Any]]:
    address = urlsplit(run.services[service].url)
    headers = {"Authorization": f"Bearer {run.secret}", "Kaibo-Person": READER, "Kaibo-Capacity": capacity}
    connection = HTTPConnection(address.hostname or "", address.port, timeout=60)
    after: str | None = ""
    while after is not None:
        connection.request("GET", f"{path}?{urlencode({'limit': 500, 'after': after})}", headers=headers)
        response = connection.getresponse()
        page = json.loads(response.read())
        if response.status != 200:
            raise LookupError(f"{service} answered GET {path} with {response.status}: {page}")
        yield from page["items"]
        after = page["next"]
    connection.close()
