"""Commands decided and stored: the desk beside the same by hand with asyncpg, and beside the library eventsourcing.

The twin gives the same guarantees: one call for what waits, the state of each stream loaded and folded, its version
checked under the lock, positions in commit order without a gap, a command whole or not at all. It knows one event, one
decision and one table. The library stores a command a transaction, from threads; what it guarantees is less: no
position order of commits, a conflict is the caller's to solve.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import uvloop

from cli.bench import eventsourced
from cli.bench.databases import fresh
from cli.bench.exams import TOPICS, Grade, Graded, asked, contract, decide, evolve, exams
from cli.bench.figure import Figure, Plan, in_turns, tell
from deploy.local.postgres import Postgres, postgres
from shared.desk import Decided, Desk, Request
from shared.event import Contracts, Envelope, encode, new_id
from shared.policy import Policies
from shared.postgres import open_store
from shared.wire import partition_of

CALLERS = (1, 64, 1000)
SECONDS = 2.0


def measure(directory: Path, plan: Plan) -> Iterator[Figure]:
    with postgres(directory / "append") as server:
        for callers in CALLERS:
            tell(f" {callers} callers: ours, by hand, eventsourcing")
            ours, byhand, library = in_turns(
                plan,
                lambda turn, n=callers: uvloop.run(desk_rate(server, f"kaibo_{n}_{turn}", n))[0],  # type: ignore[misc]
                lambda turn, n=callers: uvloop.run(twin_rate(server, f"twin_{n}_{turn}", n)),  # type: ignore[misc]
                lambda turn, n=callers: eventsourced.rate(  # type: ignore[misc]
                    uvloop.run(fresh(server.url(), f"library_{n}_{turn}")), n, SECONDS
                ),
            )
            for beside, twin in (("by hand", byhand), ("eventsourcing", library)):
                name = f"append/{callers} callers"
                yield Figure(name=name, unit="commands/s", ours=ours, twin=twin, beside=beside)


def syncs(directory: Path, plan: Plan) -> Iterator[Figure]:
    """On a disk whose fsync takes 1 ms more than this one's: the server waits that long before each."""
    slow = {"commit_delay": "1000", "commit_siblings": "0"}
    with postgres(directory / "fsync") as server:
        uvloop.run(configured(server, slow))
        found: list[tuple[float, Work]] = []

        def ours(turn: int) -> float:
            found.append(uvloop.run(desk_rate(server, f"kaibo_{turn}", 64)))
            return found[-1][0]

        mine, byhand = in_turns(plan, ours, lambda turn: uvloop.run(twin_rate(server, f"twin_{turn}", 64)))
    yield Figure(name="fsync/64 callers, 1 ms a sync", unit="commands/s", ours=mine, twin=byhand, beside="by hand")
    per_batch = [work.syncs / work.batches for _, work in found]
    yield Figure(name="fsync/64 callers, 1 ms a sync", unit="syncs a batch", ours=per_batch)
    yield Figure(
        name="fsync/64 callers, 1 ms a sync",
        unit="syncs a command",
        ours=[work.syncs / work.commands for _, work in found],
    )


async def configured(server: Postgres, settings: Mapping[str, str]) -> None:
    connection = await asyncpg.connect(server.url())
    for name, content in settings.items():
        await connection.execute(f"alter system set {name} = {content}")
    await connection.execute("select pg_reload_conf()")
    await connection.close()


@dataclass
class Work:
    """What PostgreSQL did for so many commands."""

    commands: int
    batches: int
    syncs: int


class Counted(Desk):
    batches = 0
    commands = 0

    async def decide(self, requests: Sequence[Request]) -> list[Decided]:
        answers = await super().decide(requests)
        self.batches, self.commands = self.batches + 1, self.commands + len(requests)
        return answers


async def desk_rate(server: Postgres, name: str, callers: int) -> tuple[float, Work]:
    store = await open_store(await fresh(server.url(), name), TOPICS)
    desk = Counted(store, contract, Contracts(contract), TOPICS, Policies())
    observer = await asyncpg.connect(server.url())

    async def ours(command: Grade) -> object:
        return await desk.submit(Request(decider=exams, command=command, now=datetime.now(UTC), actor="chen"))

    running = asyncio.create_task(desk.run())
    before, batches, commands = await synced(observer), desk.batches, desk.commands
    found = await rate(callers, ours, "")
    running.cancel()
    await store.close()  # a connection that ends tells the statistics what it did, an idle one only after a while
    made = Work(desk.commands - commands, desk.batches - batches, await synced(observer) - before)
    await observer.close()
    return found, made


async def twin_rate(server: Postgres, name: str, callers: int) -> float:
    twin = Twin(await asyncpg.create_pool(await fresh(server.url(), name), min_size=1, max_size=2))
    await twin.pool.execute(TABLE)
    running = asyncio.create_task(twin.run())
    found = await rate(callers, twin.submit, "")
    running.cancel()
    await twin.pool.close()
    return found


async def synced(observer: "asyncpg.Connection[asyncpg.Record]") -> int:
    """Syncs of the log by those who commit."""
    await asyncio.sleep(1)
    sql = "select sum(fsyncs) from pg_stat_io where object = 'wal' and backend_type = 'client backend'"
    return int(await observer.fetchval(sql) or 0)


async def rate(callers: int, submit: Callable[[Grade], Awaitable[object]], run: str) -> float:
    """Commands a second, when so many callers ask again as soon as they are answered."""
    began = time.perf_counter()
    done = 0

    async def calls(caller: int) -> None:
        nonlocal done
        turn = 0
        while time.perf_counter() - began < SECONDS:
            await submit(asked(caller, turn, run))
            turn, done = turn + 1, done + 1

    await asyncio.gather(*(calls(caller) for caller in range(callers)))
    return done / (time.perf_counter() - began)


TABLE = """
create table events (
  position bigint primary key, stream text not null, version int not null, topic text not null, partition int not null,
  id uuid not null, type text not null, schema int not null, occurred_at timestamptz not null,
  recorded_at timestamptz not null, data bytea not null, meta bytea not null, unique (stream, version)
);
create function store(
  s text[], v int[], p int[], e_id uuid[], e_at timestamptz[], e_data bytea[], e_meta bytea[]
) returns table (nth int, at bigint) language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare base bigint;
begin
  perform pg_advisory_xact_lock(42);
  base := coalesce((select e.position from events e order by e.position desc limit 1), 0);
  return query
    with fresh as (
      select row_number() over (order by c.i) as n, c.* from unnest(s, v, p, e_id, e_at, e_data, e_meta) with ordinality
             as c(stream, version, part, id, occurred, data, meta, i)
       where coalesce((select e.version from events e where e.stream = c.stream order by e.version desc limit 1), 0)
             = c.version
    ), written as (
      insert into events select base + f.n, f.stream, f.version + 1, 'kaibo.bench.events', f.part, f.id, 'Graded', 1,
             f.occurred, clock_timestamp(), f.data, f.meta from fresh f
    ) select f.i::int, base + f.n from fresh f;
end $$;
"""


class Twin:
    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self.pool = pool
        self.waiting: list[tuple[Grade, asyncio.Future[int]]] = []
        self.wanted = asyncio.Event()
        self.read = msgspec.json.Decoder(Graded).decode

    async def submit(self, command: Grade) -> int:
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.waiting.append((command, future))
        self.wanted.set()
        return await future

    async def run(self) -> None:
        while True:
            await self.wanted.wait()
            batch: dict[str, tuple[Grade, asyncio.Future[int]]] = {}
            later = []
            for one in self.waiting:
                stream = f"exam/{one[0].person}/{one[0].session}"
                if stream in batch or len(batch) == 500:
                    later.append(one)
                else:
                    batch[stream] = one
            self.waiting = later
            if not later:
                self.wanted.clear()
            self.waiting += await self.store(batch)

    async def store(self, batch: dict[str, tuple[Grade, asyncio.Future[int]]]) -> list[Any]:
        """Returns those whose stream moved meanwhile."""
        streams = list(batch)
        versions = dict.fromkeys(streams, 0)
        states = dict.fromkeys(streams, 0)
        found = await self.pool.fetch(
            "select stream, version, data from events where stream = any($1::text[]) order by stream, version", streams
        )
        for stream, version, data in found:
            versions[stream] = version
            states[stream] = evolve(states[stream], self.read(data))
        now = datetime.now(UTC)
        answers = await self.pool.fetch(
            "select * from store($1, $2, $3, $4, $5, $6, $7)",
            streams,
            [versions[stream] for stream in streams],
            [partition_of(stream, 6) for stream in streams],
            [new_id() for _ in streams],
            [now] * len(streams),
            [encode(decide(batch[stream][0], states[stream])[0]) for stream in streams],
            [encode(Envelope(actor="chen")) for _ in streams],
        )
        for nth, position in answers:
            batch.pop(streams[nth - 1])[1].set_result(position)
        return list(batch.values())
