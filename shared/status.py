"""Where everything stands: logs, relays, readers. For `status`, and for whoever waits until all is caught up."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import asyncpg

from shared.broker import Partition
from shared.build import progress
from shared.store import EVERYWHERE
from shared.value import value
from shared.watching import FROZEN_SECONDS

MEASURE_SECONDS = 1.0

COUNTS = f"""
    select (select coalesce(max(position), 0) from events) as events,
           (select count(*) from events where position > (select coalesce(max(position), 0) from cursors))
             as unpublished,
           (select count(*) from dirty join readers on prefix = facts where state = 'served') as dirty,
           (select count(*) from due d where failed = '' and waits = '' and (at is null or at <= now()
              and not exists (select from imports i
                               where i.released_at is null and i.scope in ('{EVERYWHERE}', d.scope)))) as due,
           (select count(*) from due where waits <> '') as waits,
           (select count(*) from due where failed <> '') as failed,
           (select count(*) from imports where released_at is null) as importing"""


@value
class Reading:
    """One reader of a service, over all its partitions."""

    service: str
    reader: str
    position: int  # sum over its partitions' lag makes no sense; this is the highest it took up
    lag: int  # events of its topics that it has not passed
    seconds: float  # since the oldest of them was recorded
    parked: int
    unsettled: int = 0  # subjects whose result is to be computed again
    frozen: bool = False  # it is behind and has not moved for a minute: distance is not standing still
    state: str = "served"  # or building, stopped
    held: bool = False  # a build that is compared first: an operator has it switched
    error: str = ""  # why it stands
    done: float = 1.0  # of a build that is filled: how much of what the served one has read, by positions
    rate: float = 0.0  # positions a second, since begun or resumed; of a served one by how much its lag falls
    left: float | None = None  # seconds, at that rate


@value
class Standing:
    """One service."""

    service: str
    events: int
    unpublished: int
    due: int
    failed: int
    waits: int  # consequences that wait for a policy: they follow once the organisation has set it
    importing: int  # imports that are open, or that readers have not passed yet
    dirty: int
    readers: tuple[Reading, ...]


@value
class Blocked:
    """What keeps the whole from being caught up until an operator acts."""

    service: str
    what: str


class StandsStill(Exception):
    """Parked events, failed consequences or a reader that no longer moves: the list."""

    def __init__(self, blocked: Sequence[Blocked]) -> None:
        super().__init__("; ".join(f"{b.service}: {b.what}" for b in blocked))
        self.blocked = blocked


class Overview:
    """Reads the four databases, and nothing else. Positions of a partition are compared with the store's own: what a
    reader has to reach is the last event of the partition in the log behind it."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self.urls = urls
        self.connections: dict[str, asyncpg.Connection[Any]] = {}
        self.seen: dict[tuple[str, str], tuple[int, float]] = {}  # the lag of each reader, and when it was looked at

    async def __aenter__(self) -> "Overview":
        for service, url in self.urls.items():
            self.connections[service] = await asyncpg.connect(url)
        return self

    async def __aexit__(self, *_: object) -> None:
        for connection in self.connections.values():
            await connection.close()

    async def ends(self) -> dict[tuple[str, int], int]:
        """The last position of every partition: what readers have to reach.

        A relay publishes its log in order: up to its highest cursor the cursors tell it, above that the few events that
        are not published yet. The whole log is never scanned for this."""
        sql = """select topic, partition, max(position) as position from (
                   select topic, partition, position from cursors
                   union all
                   select topic, partition, position from events
                    where position > (select coalesce(max(position), 0) from cursors)) e
                  group by topic, partition"""
        found = {}
        for connection in self.connections.values():
            for r in await connection.fetch(sql):
                found[r["topic"], r["partition"]] = r["position"]
        return found

    async def standings(self) -> list[Standing]:
        ends = await self.ends()
        return [await self.standing(service, ends) for service in self.connections]

    async def measured(self) -> list[Standing]:
        """Where a reader is behind, two looks, so that it can be told how fast it drains."""
        found = await self.standings()
        if any(reader.lag for one in found for reader in one.readers):
            await asyncio.sleep(MEASURE_SECONDS)
            found = await self.standings()
        return found

    async def standing(self, service: str, ends: Mapping[tuple[str, int], int]) -> Standing:
        c = self.connections[service]
        counts = await c.fetchrow(COUNTS)
        return Standing(
            service=service,
            readers=tuple(await self.readers(service, ends)),
            **dict(counts or {}),
        )

    async def readers(self, service: str, ends: Mapping[tuple[str, int], int]) -> list[Reading]:
        c = self.connections[service]
        parked = {
            r["reader"]: r["n"] for r in await c.fetch("select reader, count(*) as n from parked group by reader")
        }
        stands: dict[str, dict[tuple[str, int], tuple[int, datetime]]] = {}
        for r in await c.fetch("select reader, topic, partition, position, at from checkpoints"):
            stands.setdefault(r["reader"], {})[r["topic"], r["partition"]] = r["position"], r["at"]
        known = await c.fetch("select * from readers where state <> 'retired' order by name, version, number")
        dirty = {r["facts"]: r["n"] for r in await c.fetch("select facts, count(*) as n from dirty group by facts")}
        served = {r["name"]: stands.get(r["reader"], {}) for r in known if r["state"] == "served"}
        found = []
        for r in known:
            at = stands.get(r["reader"], {})
            one = Reading(
                service=service,
                reader=r["reader"],
                position=max((position for position, _ in at.values()), default=0),
                lag=0,
                seconds=0.0,
                parked=parked.get(r["reader"], 0),
                unsettled=dirty.get(r["prefix"], 0),
                state=r["state"],
                held=r["held"],
                error=r["error"],
            )
            if r["state"] == "served":
                found.append(await self.behind(one, at, ends))
            else:
                found.append(on_its_way(one, at, served.get(r["name"], {}), r["passed"], r["since"]))
        return found

    async def behind(
        self, one: Reading, at: Mapping[Partition, tuple[int, datetime]], ends: Mapping[Partition, int]
    ) -> Reading:
        topics = {t for t, _ in at}
        lag, now = 0, datetime.now(UTC)
        oldest = now
        for p, n in ends.items():
            position = at[p][0] if p in at else 0
            if p[0] in topics and position < n:
                count, since = await self.between(p, position)
                lag, oldest = lag + count, min(oldest, since or now)
        seconds = (now - oldest).total_seconds()
        still = (now - max((moved for _, moved in at.values()), default=oldest)).total_seconds()
        frozen, rate = min(seconds, still) >= FROZEN_SECONDS, self.draining(one, lag)
        left = lag / rate if rate > 0 else None
        return replace(one, lag=lag, seconds=seconds, frozen=frozen, rate=rate, left=left)

    def draining(self, one: Reading, lag: int) -> float:
        """By how many events a second its lag fell since it was looked at before; 0 where it did not, or at first."""
        now = monotonic()
        before, then = self.seen.get((one.service, one.reader), (0, 0.0))
        self.seen[one.service, one.reader] = lag, now
        return max(before - lag, 0) / (now - then)

    async def between(self, partition: tuple[str, int], position: int) -> tuple[int, datetime | None]:
        """How many events stand behind it there, and when the first was recorded."""
        connection = self.connections[partition[0].split(".")[1]]
        sql = """select count(*), min(recorded_at) from events
                  where topic = $1 and partition = $2 and position > $3"""
        found = await connection.fetchrow(sql, *partition, position)
        return (found[0], found[1]) if found is not None else (0, None)

    async def caught_up(self, patience: float = 60, progress: Any = None) -> int:
        """Wait until relays and readers have reached the maxima, nothing is due or dirty, and no log has moved since.

        Returns the number of events. `progress(left, all)` is told of the way. Raises StandsStill with the list of what
        is parked or failed, or where nothing moved for `patience` seconds."""
        quiet = 0
        last: tuple[int, ...] = ()
        moved = monotonic()
        while True:
            standings = await self.standings()
            blocked = [b for s in standings for b in blocks(s)]
            if blocked:
                raise StandsStill(blocked)
            left = sum(s.unpublished + s.due + s.dirty + s.importing + sum(r.lag for r in s.readers) for s in standings)
            now = (*(s.events for s in standings), left)
            if progress:
                progress(left, sum(s.events for s in standings))
            quiet = quiet + 1 if left == 0 and now == last else 0
            if quiet >= 2:
                return sum(s.events for s in standings)
            if now != last:
                moved = monotonic()
            if monotonic() - moved > patience:
                slow = [
                    Blocked(service=s.service, what=f"{r.reader} is {r.lag} behind")
                    for s in standings
                    for r in s.readers
                    if r.lag
                ]
                raise StandsStill(slow or [Blocked(service=s.service, what=f"{left} left") for s in standings[:1]])
            last = now
            await asyncio.sleep(0.1 if left == 0 else 0.4)  # looking costs those who work


def on_its_way(
    one: Reading,
    at: Mapping[Partition, tuple[int, datetime]],
    served: Mapping[Partition, tuple[int, datetime]],
    passed: int,
    since: datetime,
) -> Reading:
    seconds = (datetime.now(UTC) - since).total_seconds()
    way = progress([n for n, _ in at.values()], [n for n, _ in served.values()], passed, seconds)
    return replace(one, done=way.done, rate=way.rate, left=way.left)


def blocks(standing: Standing) -> list[Blocked]:
    parked = [f"{r.parked} events are parked at {r.reader}" for r in standing.readers if r.parked]
    parked += [f"{r.reader} stands: {r.error}" for r in standing.readers if r.error and r.state == "served"]
    failed = [f"{standing.failed} consequences failed"] if standing.failed else []
    return [Blocked(service=standing.service, what=what) for what in (*parked, *failed)]
