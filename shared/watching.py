"""What a worker tells of itself when it is asked: how far behind, how late, and what stands still. Nothing is measured
while nobody asks.

Distance and standing still are two things: a reader far behind that moves needs patience, one that is a single record
behind and does not move needs a person.
"""

import asyncio
import math
from collections.abc import Callable, Coroutine, Mapping, Sequence
from time import monotonic
from typing import Any

from shared.broker import Broker, Partition, Unavailable
from shared.build import Build, progress
from shared.store import Store
from shared.telemetry import (
    BROKER_UP,
    BUILD_DONE,
    BUILD_LEFT,
    BUILD_RATE,
    DUE_OLDEST,
    DUE_STUCK,
    DUE_WAITING,
    IMPORT_OLDEST,
    READER_FROZEN,
    READER_LAG,
    READER_LAG_SECONDS,
    READER_PARKED,
    READER_PARKED_SECONDS,
    RELAY_FROZEN,
    RELAY_LAG,
    STORE_UP,
)

ANSWER_SECONDS = 3.0  # a part that takes longer is away
FROZEN_SECONDS = 60.0


class Mark:
    """Since when something stands still, and how old the oldest is that it has not taken: at the most, for all that was
    there at one look was taken when it has passed the ends of that look. `stands` and `ends` by partition."""

    def __init__(self) -> None:
        self.stands: Mapping[Any, int] = {}
        self.passed = self.looked = self.moved = monotonic()
        self.ends: Mapping[Any, int] = {}  # of the look that is to be passed next

    def see(self, stands: Mapping[Any, int], ends: Mapping[Any, int], now: float) -> None:
        if stands != self.stands or reached(stands, ends):
            self.stands, self.moved = stands, now
        if reached(stands, self.ends):
            self.passed, self.ends, self.looked = self.looked, ends, now
        if reached(stands, ends):
            self.passed = self.looked = now

    def age(self, now: float) -> float:
        return now - self.passed

    def frozen(self, now: float) -> bool:
        return now - self.moved >= FROZEN_SECONDS


def reached(stands: Mapping[Any, int], ends: Mapping[Any, int]) -> bool:
    return all(stands.get(place, 0) >= end for place, end in ends.items())


class Question:
    """Something that is asked of a part again and again. One that does not answer is not waited for, and not asked a
    second time meanwhile: a query of a database that hangs cannot even be cancelled."""

    def __init__(self, ask: Callable[[], Coroutine[Any, Any, object]]) -> None:
        self.ask = ask
        self.asking: asyncio.Task[object] | None = None

    async def answered(self) -> bool:
        if self.asking is None:
            self.asking = asyncio.create_task(self.ask())
        await asyncio.wait({self.asking}, timeout=ANSWER_SECONDS)
        if not self.asking.done():
            return False
        asked, self.asking = self.asking, None
        if isinstance(asked.exception(), Unavailable):
            return False
        asked.result()
        return True


class Watch:
    """`readers`: the topics of each, by name."""

    def __init__(self, service: str, store: Store, broker: Broker, readers: Mapping[str, Sequence[str]]) -> None:
        self.service, self.store, self.broker, self.readers = service, store, broker, readers
        self.relay = Mark()
        self.marks = {reader: Mark() for reader in readers}
        self.builds: dict[str, tuple[float, int]] = {}  # when each was first seen, and how far it was
        self.looking = asyncio.Lock()
        self.ends: Mapping[Partition, int] | None = None  # of the topics, where the broker told them
        self.of_store, self.of_broker = Question(self.look_at_store), Question(self.look_at_broker)

    async def look(self) -> None:
        """Set every gauge. A part that is away is told as such; what it would have told stays as it was."""
        async with self.looking:
            self.ends = None
            for part, question in ((BROKER_UP, self.of_broker), (STORE_UP, self.of_store)):
                part.labels(self.service).set(await question.answered())

    async def look_at_store(self) -> None:
        now = monotonic()
        found = await self.store.backlog()
        for reader in self.readers.keys() | found.parked.keys():
            count, age = found.parked.get(reader, (0, 0.0))
            READER_PARKED.labels(self.service, reader).set(count)
            READER_PARKED_SECONDS.labels(self.service, reader).set(age)
        DUE_OLDEST.labels(self.service).set(found.due)
        DUE_STUCK.labels(self.service).set(found.stuck)
        DUE_WAITING.labels(self.service).set(found.waits)
        IMPORT_OLDEST.labels(self.service).set(found.importing)
        published = max((await self.store.cursors()).values(), default=0)
        maximum = await self.store.maximum()
        self.relay.see({"log": published}, {"log": maximum}, now)
        RELAY_LAG.labels(self.service).set(max(maximum - published, 0))
        RELAY_FROZEN.labels(self.service).set(self.relay.frozen(now))
        if self.ends is not None:
            await self.look_at_readers(self.ends, now)
        await self.look_at_builds(now)

    async def look_at_builds(self, now: float) -> None:
        """What is filled beside a served one. A build that has ended is told of no more."""
        filled = {b.reader: b for b in await self.store.builds() if b.state == "building"}
        for build in filled.values():
            await self.look_at_build(build, now)
        for reader in self.builds.keys() - filled.keys():
            for gauge in (BUILD_DONE, BUILD_RATE, BUILD_LEFT):
                gauge.remove(self.service, reader)
            del self.builds[reader]

    async def look_at_build(self, build: Build, now: float) -> None:
        stands = [c.position for c in (await self.store.checkpoints(build.reader)).values()]
        served = await self.store.standing(build.name)
        since, passed = self.builds.setdefault(build.reader, (now, sum(stands)))
        way = progress(stands, [c.position for c in served[1].values()] if served else [], passed, now - since)
        BUILD_DONE.labels(self.service, build.reader).set(way.done)
        BUILD_RATE.labels(self.service, build.reader).set(way.rate)
        BUILD_LEFT.labels(self.service, build.reader).set(math.nan if way.left is None else way.left)

    async def look_at_broker(self) -> None:
        self.ends = await self.broker.ends(sorted({topic for topics in self.readers.values() for topic in topics}))

    async def look_at_readers(self, ends: Mapping[Partition, int], now: float) -> None:
        for reader, topics in self.readers.items():
            served = await self.store.standing(reader.partition("/")[0])
            known = served[1] if served else {}
            its = {p: end for p, end in ends.items() if p[0] in topics}
            self.tell(reader, {p: known[p].offset + 1 if p in known else 0 for p in its}, its, now)

    def tell(self, reader: str, stands: Mapping[Partition, int], ends: Mapping[Partition, int], now: float) -> None:
        mark = self.marks[reader]
        mark.see(stands, ends, now)
        READER_LAG.labels(self.service, reader).set(sum(max(end - stands[p], 0) for p, end in ends.items()))
        READER_LAG_SECONDS.labels(self.service, reader).set(mark.age(now))
        READER_FROZEN.labels(self.service, reader).set(mark.frozen(now))
