"""Events from Kafka to rows, to facts with their results, and to what follows from them: beside the same by hand.

The twin reads the same records, drops what comes again, sees a hole, folds, and writes rows and checkpoints in one
REPEATABLE READ transaction a batch, compared and set. It knows one event and two tables, and parks nothing.
"""

import asyncio
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition

from cli.bench import eventsourced
from cli.bench.databases import fresh
from cli.bench.exams import TOPICS, Graded, contract
from cli.bench.figure import Figure, Plan, in_turns, tell
from deploy.local.kafka import kafka
from deploy.local.postgres import Postgres, postgres
from shared.broker import Partition, Record
from shared.consequence import Consequences
from shared.desk import Desk
from shared.event import Contract, Contracts, Envelope, encode, new_id
from shared.facts import Facts, Known
from shared.kafka import CONSUMER, KafkaBroker, KafkaSettings
from shared.policy import Policies
from shared.postgres import open_store
from shared.projection import Projection
from shared.reaction import Reaction
from shared.register import register
from shared.store import Stored
from shared.subscription import BATCH, Subscription
from shared.value import value
from shared.wire import partition_of, to_record

PEOPLE = 1_000
SLICES = 10  # of a rebuild, whose rates are compared
REACTIONS = 20_000  # events
LIBRARY = 2_000  # events that eventsourcing projects
LOG = "5f0c7c1e-6f8d-4b8e-9d55-0f1d3f0b8a11"
CHUNK = 2_000
POLL = 0.005
Last = Mapping[Partition, int]  # the last position of each partition


@value
class Results:
    """The row of a person."""

    person: str
    exams: int = 0
    total: Decimal = Decimal(0)
    last: str = ""


def fold(row: Results, event: Graded) -> Results:
    return replace(row, exams=row.exams + 1, total=row.total + event.score, last=event.grade)


@value
class Person:
    person: str


def mean(subject: Person, known: Known[Graded]) -> Decimal:
    """The mean of the last word on each exam."""
    scores = [word.event.score for word in known.last(Graded).values()]
    return sum(scores, Decimal(0)) / len(scores)


results = Projection(name="results", key=lambda e: Results(person=e.person), evolve=fold)
means: Facts[Person, Graded, Decimal, None] = Facts(
    name="means", about=lambda e: f"{e.person}/{e.session}", subjects=lambda e: [Person(person=e.person)], result=mean
)


@value
class Flagged:
    """What a reaction makes of each mark."""

    person: str
    session: str
    score: Decimal


flags = register(name="flag", fact=Flagged, key=lambda c: (c.person, c.session))
watch = Contract("watch", Flagged)


def flag(event: Graded) -> list[Flagged]:
    return [Flagged(person=event.person, session=event.session, score=event.score)]


flagging = Reaction(name="flagging", to=flags, react=flag)


def projection(directory: Path, plan: Plan) -> Iterator[Figure]:
    with published(directory / "projection", plan.events) as topic:
        tell(f" {plan.events} events from Kafka: ours, by hand, eventsourcing ({LIBRARY} events)")
        ours, byhand, library = in_turns(
            plan,
            lambda turn: uvloop.run(subscribed(topic, results, turn)),
            lambda turn: uvloop.run(handwritten(topic, Rows, turn)),
            lambda turn: eventsourced.projection_rate(
                uvloop.run(fresh(topic.server.url(), f"library_{turn}")), LIBRARY
            ),
        )
    name = f"projection/{plan.events} events of {PEOPLE} keys"
    yield Figure(name=name, unit="events/s", ours=ours, twin=byhand, beside="by hand")
    yield Figure(name=name, unit="events/s", ours=ours, twin=library, beside="eventsourcing")


def facts(directory: Path, plan: Plan) -> Iterator[Figure]:
    with published(directory / "facts", plan.events) as topic:
        ours, byhand = in_turns(
            plan,
            lambda turn: uvloop.run(subscribed(topic, means, turn)),
            lambda turn: uvloop.run(handwritten(topic, Sets, turn)),
        )
    name = f"facts/{plan.events} events of {PEOPLE} subjects"
    yield Figure(name=name, unit="events/s", ours=ours, twin=byhand, beside="by hand")


def reaction(directory: Path, plan: Plan) -> Iterator[Figure]:
    """From an event on the topic to the event that answers it, stored."""
    with published(directory / "reaction", REACTIONS) as topic:
        (ours,) = in_turns(plan, lambda turn: uvloop.run(reacted(topic, turn)))
    yield Figure(name=f"reaction/{REACTIONS} events, decided and stored", unit="events/s", ours=ours)


def rebuild(directory: Path, plan: Plan) -> Iterator[Figure]:
    """A topic from its beginning, in ten slices; one round."""
    events, part = plan.events, plan.events // SLICES
    with published(directory / "rebuild", events) as topic:
        rates, memory = uvloop.run(sliced(topic, part))
    name = f"rebuild/{events} events"
    first = f"the first {part}"
    yield Figure(name=f"{name}: the last {part}", unit="events/s", ours=rates[-1:], twin=rates[:1], beside=first)
    yield Figure(name=f"{name}: the slowest {part}", unit="events/s", ours=[min(rates)], twin=rates[:1], beside=first)
    yield Figure(
        name=f"{name}: memory at its highest",
        unit="MB",
        ours=[max(memory)],
        twin=memory[:1],
        beside=f"after {part}",
        better="less",
    )


@dataclass(frozen=True)
class Topic:
    """What was published, and the database server beside it."""

    server: Postgres
    settings: KafkaSettings
    events: int
    last: Last


@contextmanager
def published(directory: Path, events: int, partitions: int = 6) -> Iterator[Topic]:
    with postgres(directory / "postgres") as server, kafka(directory / "kafka") as broker:
        settings = KafkaSettings(bootstrap_servers=broker.bootstrap_servers)
        tell(f" publishing {events} events")
        yield Topic(server, settings, events, uvloop.run(publish(settings, events, partitions)))


async def publish(settings: KafkaSettings, events: int, partitions: int) -> dict[Partition, int]:
    """The events on the topic. Returns the last position of each partition."""
    broker, last = KafkaBroker(settings), dict[Partition, int]()
    chunks: dict[Partition, list[Record]] = defaultdict(list)
    await broker.ensure(dict.fromkeys(contract.topics, partitions))
    for position in range(1, events + 1):
        stored = graded(position, contract, partitions)
        place = (stored.topic, stored.partition)
        chunks[place].append(to_record(contract, LOG, stored, last.get(place, 0)))
        last[place] = position
        if position % CHUNK == 0 or position == events:
            await broker.publish(chunks)
            chunks.clear()
    await broker.close()
    return last


def graded(position: int, contract: Contract, partitions: int, meta: bytes = b"") -> Stored:
    """With an envelope of its own, unless it is given one."""
    turn, person = divmod(position, PEOPLE)
    event = Graded(
        person=f"p{person}",
        session=f"s{turn // 2}",
        score=Decimal(40 + position % 60),
        grade="pass",
        held_on=date(2026, 1, 9),
    )
    stream, now = f"exam/{event.person}/{event.session}", datetime.now(UTC)
    return Stored(
        position=position,
        stream=stream,
        version=1 + turn % 2,
        topic=contract.topics[0],
        partition=partition_of(stream, partitions),
        id=new_id(),
        type="Graded",
        schema=1,
        occurred_at=now,
        recorded_at=now,
        data=encode(event),
        meta=meta or encode(Envelope(actor="chen", capacity="training_admin", correlation=new_id())),
    )


async def subscribed(
    topic: Topic,
    source: Projection[Any, Any] | Facts[Any, Any, Any, Any],
    turn: int,
    tick: Callable[[int], object] = lambda count: None,
) -> float:
    store = await open_store(await fresh(topic.server.url(), f"kaibo_{source.name}_{turn}"), TOPICS)
    await store.prepare([source])
    broker = KafkaBroker(topic.settings)
    reader = Subscription("bench", source, store, broker, Contracts(contract), Policies())
    reading = asyncio.create_task(reader.run())

    def count() -> int:
        found = sum(c.offset + 1 for c in reader.checkpoints.values())
        tick(found)
        return found

    found = await rate(
        topic.events,
        count,
        lambda: {p: c.position for p, c in reader.checkpoints.items()} == topic.last and not reader.unsettled,
    )
    reading.cancel()
    await asyncio.wait([reading])
    await broker.close()
    await store.close()
    return found


async def sliced(topic: Topic, part: int) -> tuple[list[float], list[float]]:
    """The rate of each slice but for what came with the first batch, and the memory in MB after it."""
    marks: list[tuple[float, int]] = []
    memory: list[float] = []

    def tick(count: int) -> None:
        if count and (not marks or count >= marks[-1][1] + part):
            marks.append((time.perf_counter(), count))
            if len(marks) > 1:
                memory.append(resident_megabytes())
                tell(f"  {count} events, {memory[-1]:.0f} MB")

    await subscribed(topic, results, 0, tick)
    return [(n2 - n1) / (t2 - t1) for (t1, n1), (t2, n2) in pairwise(marks)], memory


def resident_megabytes() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


async def reacted(topic: Topic, turn: int) -> float:
    topics = dict.fromkeys(watch.topics, 6)
    store = await open_store(await fresh(topic.server.url(), f"kaibo_reaction_{turn}"), topics)
    broker, contracts = KafkaBroker(topic.settings), Contracts(watch, contract)
    reader = Subscription("watch", flagging, store, broker, contracts, Policies())
    desk = Desk(store, watch, contracts, topics, Policies())
    consequences = Consequences("watch", [flagging], [], store, desk, contracts, Policies())
    running = [asyncio.create_task(task) for task in (reader.run(), consequences.run())]
    while not (before := await store.maximum()):
        await asyncio.sleep(POLL)
    began = time.perf_counter()
    while (now := await store.maximum()) < topic.events:
        await asyncio.sleep(0.05)
    found = (now - before) / (time.perf_counter() - began)
    for task in running:
        task.cancel()
    await asyncio.wait(running)
    await broker.close()
    await store.close()
    return found


async def rate(events: int, count: Callable[[], int], ended: Callable[[], bool]) -> float:
    """Events a second, from the end of the first batch: neither joining a group nor the first plans are counted."""
    while not (before := count()):
        await asyncio.sleep(POLL)
    began = time.perf_counter()
    while not ended():
        count()
        await asyncio.sleep(POLL)
    return (events - before) / (time.perf_counter() - began)


class Hand:
    """Reads, checks, decodes, and hands a batch on within its transaction."""

    tables = ""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self.connection = connection
        self.at: dict[Partition, tuple[int, int]] = {}  # offset, position
        self.batches, self.unsettled = 0, False

    async def run(self, consumer: AIOKafkaConsumer) -> None:
        decode = msgspec.json.Decoder(Graded).decode
        while True:
            events: list[tuple[Graded, dict[str, bytes], bytes]] = []
            after: dict[Partition, tuple[int, int]] = {}
            found = await consumer.getmany(timeout_ms=100, max_records=BATCH)
            for topic, records in found.items():
                place = (topic.topic, topic.partition)
                offset, position = self.at.get(place, (-1, 0))
                for record in records:
                    headers = dict(record.headers)
                    now = int(headers["ce_position"])
                    if now <= position:
                        continue
                    if headers["ce_logid"] != LOG.encode() or int(headers["ce_prevposition"]) != position:
                        raise RuntimeError(f"a hole, or another log, at {now}")
                    offset, position = record.offset, now
                    if headers["ce_type"] == b"kaibo.bench.Graded":
                        events.append((decode(record.value), headers, record.value))
                after[place] = (offset, position)
            if after:
                async with self.connection.transaction(isolation="repeatable_read"):
                    await self.put(events)
                    await self.checkpoint(after)
                self.at |= after
                self.batches += 1
                self.visible(events)
            if self.unsettled and (not after or self.batches % 20 == 0):
                await self.settle()

    def visible(self, events: Sequence[tuple[Graded, dict[str, bytes], bytes]]) -> None:
        """They are committed."""

    async def put(self, events: Sequence[tuple[Graded, dict[str, bytes], bytes]]) -> None:
        raise NotImplementedError

    async def settle(self) -> None:
        """Nothing is left to compute; a set of facts has it otherwise."""

    async def checkpoint(self, after: Mapping[Partition, tuple[int, int]]) -> None:
        moved = await self.connection.execute(
            """insert into checkpoints as c select * from unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[])
               on conflict (topic, partition) do update set "offset" = excluded."offset", position = excluded.position
               where c."offset" = any($5::bigint[])""",
            [topic for topic, _ in after],
            [number for _, number in after],
            [offset for offset, _ in after.values()],
            [position for _, position in after.values()],
            [self.at.get(place, (-1, 0))[0] for place in after],
        )
        if moved != f"INSERT 0 {len(after)}":
            raise RuntimeError("another worker owns a partition")


class Rows(Hand):
    tables = "create table results (person text primary key, exams bigint, total numeric, last text)"

    async def put(self, events: Sequence[tuple[Graded, dict[str, bytes], bytes]]) -> None:
        rows: dict[str, list[Any]] = {}
        for event, _, _ in events:
            row = rows.setdefault(event.person, [0, Decimal(0), ""])
            row[0] += 1
            row[1] += event.score
            row[2] = event.grade
        people = sorted(rows)
        await self.connection.execute(
            """insert into results as r select * from unnest($1::text[], $2::bigint[], $3::numeric[], $4::text[])
               on conflict (person) do update
               set exams = r.exams + excluded.exams, total = r.total + excluded.total, last = excluded.last""",
            people,
            *([rows[person][column] for person in people] for column in range(3)),
        )


class Sets(Hand):
    tables = """
        create table facts (thing text, id uuid, version int, data bytea, primary key (thing, id));
        create table abouts (thing text primary key, gathered bigint not null default 1);
        create table things (person text, thing text, primary key (person, thing));
        create index on things (thing);
        create table dirty (person text primary key, touched bigint not null default 1);
        create table means (person text primary key, mean text not null, used uuid[] not null)"""

    async def put(self, events: Sequence[tuple[Graded, dict[str, bytes], bytes]]) -> None:
        things = [f"{event.person}/{event.session}" for event, _, _ in events]
        pairs = sorted({(event.person, thing) for (event, _, _), thing in zip(events, things, strict=True)})
        # As ours: whoever was ever named by a thing learns of all its events, and two that gather for one thing meet.
        await self.connection.execute(
            """insert into abouts select * from unnest($1::text[])
               on conflict (thing) do update set gathered = abouts.gathered + 1""",
            sorted(set(things)),
        )
        await self.connection.execute(
            """insert into facts select * from unnest($1::text[], $2::uuid[], $3::int[], $4::bytea[])
               on conflict do nothing""",
            things,
            [headers["ce_id"].decode() for _, headers, _ in events],
            [int(headers["ce_streamversion"]) for _, headers, _ in events],
            [data for _, _, data in events],
        )
        await self.connection.execute(
            "insert into things select * from unnest($1::text[], $2::text[]) on conflict do nothing",
            *([pair[n] for pair in pairs] for n in range(2)),
        )
        await self.connection.execute(
            """insert into dirty select distinct person from things where thing = any($1::text[]) order by person
               on conflict (person) do update set touched = dirty.touched + 1""",
            things,
        )
        self.unsettled = True

    async def settle(self) -> None:
        decode = msgspec.json.Decoder(Graded).decode
        async with self.connection.transaction(isolation="repeatable_read"):
            await self.connection.execute("delete from dirty")
            words: dict[str, dict[str, tuple[int, Decimal]]] = defaultdict(dict)
            used: dict[str, list[Any]] = defaultdict(list)
            for person, thing, version, id_, data in await self.connection.fetch(
                "select person, thing, version, id, data from things join facts using (thing)"
            ):
                used[person].append(id_)
                if words[person].get(thing, (0,))[0] < version:
                    words[person][thing] = (version, decode(data).score)
            means = {p: sum((s for _, s in found.values()), Decimal(0)) / len(found) for p, found in words.items()}
            await self.connection.executemany(
                """insert into means values ($1, $2, $3)
                   on conflict (person) do update set mean = excluded.mean, used = excluded.used""",
                [(person, str(found), used[person]) for person, found in means.items()],
            )
        self.unsettled = False


CHECKPOINTS = (
    'create table checkpoints (topic text, partition int, "offset" bigint, position bigint,'
    " primary key (topic, partition));"
)


async def handwritten(topic: Topic, twin: type[Hand], turn: int) -> float:
    connection = await asyncpg.connect(await fresh(topic.server.url(), f"twin_{twin.__name__.lower()}_{turn}"))
    await connection.execute(CHECKPOINTS + twin.tables)
    consumer = await assigned(topic.settings, topic.last)
    hand = twin(connection)
    reading = asyncio.create_task(hand.run(consumer))
    found = await rate(
        topic.events,
        lambda: sum(offset + 1 for offset, _ in hand.at.values()),
        lambda: {place: position for place, (_, position) in hand.at.items()} == topic.last and not hand.unsettled,
    )
    reading.cancel()
    await asyncio.wait([reading])
    await consumer.stop()
    await connection.close()
    return found


async def assigned(settings: KafkaSettings, places: Iterable[Partition]) -> AIOKafkaConsumer:
    """From the beginning."""
    consumer = AIOKafkaConsumer(**settings.connection(), **CONSUMER)
    await consumer.start()
    wanted = [TopicPartition(*place) for place in places]
    consumer.assign(wanted)
    for place in wanted:
        consumer.seek(place, 0)
    return consumer
