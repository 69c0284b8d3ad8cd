"""A backlog from the log to its topic: the relay beside the same by hand.

The twin publishes page after page as the relay does: one chunk a partition outstanding, acknowledged by all replicas,
by an idempotent producer, then the cursors, compared and set. It makes the same headers. The envelopes of an import
are alike; those of single requests are not.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import msgspec
import uvloop
from aiokafka import AIOKafkaProducer

from cli.bench.databases import fresh
from cli.bench.exams import Graded
from cli.bench.figure import Figure, Plan, in_turns, tell
from cli.bench.readers import graded
from deploy.local.kafka import kafka
from deploy.local.postgres import postgres
from shared.broker import Partition
from shared.event import Contract, Envelope, encode
from shared.kafka import PRODUCER, KafkaBroker, KafkaSettings
from shared.postgres import PostgresStore, open_store
from shared.relay import PAGE, Relay
from shared.store import Stored

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
PARTITIONS = 6
COLUMNS = tuple(Stored.__struct_fields__)
SHARED = encode(Envelope(actor="chen", capacity="training_admin", correlation="0190-one-import", origin="file"))


def measure(directory: Path, plan: Plan) -> Iterator[Figure]:
    with postgres(directory / "relay") as server, kafka(directory / "relay-kafka") as broker:
        settings = KafkaSettings(bootstrap_servers=broker.bootstrap_servers)
        for kind, meta in (("shared envelopes", SHARED), ("every envelope different", b"")):
            tell(f" {plan.events} events, {kind}: ours, by hand")

            def measured(
                run: Callable[[PostgresStore, KafkaSettings, Contract], Any], turn: int, who: str, meta: bytes = meta
            ) -> float:
                contract = Contract(f"{who}{turn}{'s' if meta else 'd'}", Graded)  # topics of its own
                return uvloop.run(relayed(run, server.url(), settings, contract, plan.events, meta))

            ours, byhand = in_turns(
                plan,
                lambda turn, measured=measured: measured(relay, turn, "ours"),  # type: ignore[misc]
                lambda turn, measured=measured: measured(twin, turn, "hand"),  # type: ignore[misc]
            )
            name = f"relay/{plan.events} events, {kind}"
            yield Figure(name=name, unit="events/s", ours=ours, twin=byhand, beside="by hand, one chunk outstanding")


async def relayed(
    run: Callable[[PostgresStore, KafkaSettings, Contract], Any],
    url: str,
    settings: KafkaSettings,
    contract: Contract,
    events: int,
    meta: bytes,
) -> float:
    """Events a second from the first move of a cursor to the last."""
    topics = dict.fromkeys(contract.topics, PARTITIONS)
    store = await open_store(await fresh(url, contract.service), topics)
    rows = [graded(position, contract, PARTITIONS, meta) for position in range(1, events + 1)]
    await store.pool.copy_records_to_table(
        "events", records=[msgspec.structs.astuple(row) for row in rows], columns=COLUMNS
    )
    broker = KafkaBroker(settings)
    await broker.ensure(topics)
    await broker.close()
    running = asyncio.create_task(run(store, settings, contract))
    while not (before := max((await store.cursors()).values(), default=0)):
        await asyncio.sleep(0.005)
    began = time.perf_counter()
    while max((await store.cursors()).values()) < events:
        await asyncio.sleep(0.02)
    found = (events - before) / (time.perf_counter() - began)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    await store.close()
    return found


async def relay(store: PostgresStore, settings: KafkaSettings, contract: Contract) -> None:
    broker = KafkaBroker(settings)
    try:
        await Relay(store, broker, contract).run()
    finally:
        await broker.close()


async def twin(store: PostgresStore, settings: KafkaSettings, contract: Contract) -> None:
    await by_hand(store.pool, store.log, settings, contract, asyncio.Event())


async def by_hand(pool: Pool, log_id: str, settings: KafkaSettings, contract: Contract, woken: asyncio.Event) -> None:
    producer = AIOKafkaProducer(**settings.connection(), **PRODUCER)
    await producer.start()
    service, log, decode = contract.service, log_id.encode(), msgspec.json.Decoder(Envelope).decode
    source, urn = f"/kaibo/{service}".encode(), f"urn:kaibo:{service}:".encode()
    at, moved = 0, dict[Partition, int]()
    try:
        while True:
            page = await pool.fetch(
                f"select {', '.join(COLUMNS)} from events where position > $1 order by position limit {PAGE}", at
            )
            if not page:
                await woken.wait()
                woken.clear()
                continue
            batches: dict[Partition, Any] = {}
            previous = dict(moved)
            for row in page:
                place = (row["topic"], row["partition"])
                stream, kind = row["stream"].encode(), row["type"].encode()
                meta = decode(row["meta"])
                headers = [
                    ("ce_specversion", b"1.0"),
                    ("ce_source", source),
                    ("ce_type", b"kaibo." + service.encode() + b"." + kind),
                    ("ce_dataschema", urn + kind + b":1"),
                    ("content-type", b"application/json"),
                    ("ce_schema", b"1"),
                    ("ce_logid", log),
                    ("ce_id", str(row["id"]).encode()),
                    ("ce_subject", stream),
                    ("ce_time", row["occurred_at"].isoformat().encode()),
                    ("ce_streamversion", b"%d" % row["version"]),
                    ("ce_position", b"%d" % row["position"]),
                    ("ce_prevposition", b"%d" % previous.get(place, 0)),
                    ("ce_recordedtime", row["recorded_at"].isoformat().encode()),
                    ("ce_actor", meta.actor.encode()),
                    ("ce_correlationid", meta.correlation.encode()),
                    ("ce_capacity", meta.capacity.encode()),
                ]
                if meta.origin:
                    headers.append(("ce_origin", meta.origin.encode()))
                if place not in batches:
                    batches[place] = producer.create_batch()
                batches[place].append(timestamp=None, key=stream, value=row["data"], headers=headers)
                previous[place] = row["position"]
            sent = [await producer.send_batch(batch, topic, partition=n) for (topic, n), batch in batches.items()]
            await asyncio.gather(*sent)
            await move(pool, moved, previous, list(batches))
            moved, at = previous, page[-1]["position"]
    finally:
        await producer.stop()


async def move(
    pool: Pool, before: dict[Partition, int], after: dict[Partition, int], places: Sequence[Partition]
) -> None:
    """Compared and set."""
    done = await pool.execute(
        """insert into cursors as c select t, p, a from unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[])
             as m(t, p, b, a)
           on conflict (topic, partition) do update set position = excluded.position
           where c.position = any($3::bigint[])""",
        [topic for topic, _ in places],
        [number for _, number in places],
        [before.get(place, 0) for place in places],
        [after[place] for place in places],
    )
    if done != f"INSERT 0 {len(places)}":
        raise asyncpg.DataError("another relay moved a cursor")
