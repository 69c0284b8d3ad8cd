"""Commands decided and stored: the desk beside the same by hand with asyncpg, and beside the library eventsourcing.

The twin gives the same guarantees: one call for what waits, the state of each stream loaded and folded, its version
checked under the lock, positions in commit order without a gap, a command whole or not at all. It knows one event, one
decision and one table. The library stores a command a transaction, from threads; what it guarantees is less: no
position order of commits, a conflict is the caller's to solve.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import uvloop

from cli.bench import eventsourced
from cli.bench.databases import fresh
from cli.bench.exams import TOPICS, Grade, Graded, asked, contract, decide, evolve, exams
from cli.bench.figure import Figure
from deploy.local.postgres import Postgres, postgres
from shared.desk import Desk, Request
from shared.event import Contracts, encode, new_id
from shared.policy import Policies
from shared.postgres import open_store
from shared.wire import partition_of

CALLERS = (1, 64, 1000)
SECONDS = 2.0
ROUNDS = 3


def measure(directory: Path) -> Iterator[Figure]:
    with postgres(directory / "append") as server:
        for callers in CALLERS:
            ours, byhand = uvloop.run(side_by_side(server, callers))
            yield Figure(name=f"append/{callers} callers, by hand beside", value=ours, unit="commands/s", twin=byhand)
            library = eventsourced.rate(uvloop.run(fresh(server.url(), f"library_{callers}")), callers, SECONDS)
            yield Figure(
                name=f"append/{callers} callers, eventsourcing beside", value=ours, unit="commands/s", twin=library
            )


async def side_by_side(server: Postgres, callers: int) -> tuple[float, float]:
    """In turns, the median of each."""
    store = await open_store(await fresh(server.url(), f"kaibo_{callers}"), TOPICS)
    desk = Desk(store, contract, Contracts(contract), TOPICS, Policies())
    twin = Twin(await asyncpg.create_pool(await fresh(server.url(), f"twin_{callers}"), min_size=1, max_size=2))
    await twin.pool.execute(TABLE)

    async def ours(command: Grade) -> object:
        return await desk.submit(Request(decider=exams, command=command, now=datetime.now(UTC), actor="chen"))

    rates: dict[str, list[float]] = {"ours": [], "twin": []}
    tasks = [asyncio.create_task(desk.run()), asyncio.create_task(twin.run())]
    for turn in range(ROUNDS):
        rates["ours"].append(await rate(callers, ours, f"{turn}"))
        rates["twin"].append(await rate(callers, twin.submit, f"{turn}"))
    for task in tasks:
        task.cancel()
    await store.close()
    await twin.pool.close()
    return median(rates["ours"]), median(rates["twin"])


def median(found: Sequence[float]) -> float:
    return sorted(found)[len(found) // 2]


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
            [b'{"actor":"chen"}'] * len(streams),
        )
        for nth, position in answers:
            batch.pop(streams[nth - 1])[1].set_result(position)
        return list(batch.values())
