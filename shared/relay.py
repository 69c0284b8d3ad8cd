"""From the log of a service to its topics: every event, in order of position, nothing skipped.

A page of the log becomes one chunk a partition, and the cursors move when all of it is acknowledged: whatever is not
above the highest cursor was published, and after a failure one page is in doubt. The last record of each partition
tells how much of it arrived, and also whether a topic has lost records, which are then published again.

One relay of a service is active. Two that meet write the same records under the same positions, and readers drop the
second ones; the one that finds a cursor moved by the other stands by until the log grows and no cursor moves.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from time import perf_counter

import structlog
from prometheus_client import Counter, Gauge, Histogram

from shared.broker import Broker, Partition, Record, Unavailable, WrongTopic
from shared.event import Contract
from shared.store import TAIL_BYTES, Identity, Moved, Store, Stored
from shared.wire import NotOurs, heading, to_record

log = structlog.get_logger()

RECORDS = Counter("kaibo_relay_records_total", "Records that the broker acknowledged.", ["service"])
FAILURES = Counter("kaibo_relay_failures_total", "Attempts that ended with an outage.", ["service"])
POSITION = Gauge("kaibo_relay_position", "Up to where the log is published.", ["service"])
DELAY = Histogram("kaibo_relay_delay_seconds", "From the recording of a page's first event to its end.", ["service"])
STOPPED = Gauge("kaibo_relay_stopped", "1 while the relay stands still until an operator acts.", ["service"])

PAGE = 2_000
QUIET_SECONDS = 5.0  # the store says at once when the log has grown; this is for a word that got lost
STANDBY_SECONDS = 5.0
STOPPED_SECONDS = 30.0
PAUSE_SECONDS = 0.1, 5.0


class Foreign(Exception):
    """A topic ends with what is not in this log: nothing is published on top of it."""


class Relay:
    def __init__(self, store: Store, broker: Broker, contract: Contract) -> None:
        self.store, self.broker, self.contract, self.service = store, broker, contract, contract.service
        self.read = 0  # the log is published up to this position
        self.page: list[Stored] = []  # what was read beyond that
        self.moved: dict[Partition, int] = {}  # cursors: position of the last event that is known to be published
        self.sent: dict[Partition, int] = {}  # the same, with what the topic holds beyond that
        self.stands_by = False

    async def run(self) -> None:
        """Until cancelled. Outages are waited out; what needs an operator is said again and again until it is done."""
        shortest, longest = PAUSE_SECONDS
        pause = shortest
        while True:
            try:
                if self.stands_by:
                    await self.stand_by()
                await self.begin()
                while True:
                    await self.step()
                    pause = shortest
            except Moved:
                self.stands_by = True
                log.info("relay.stands_by", reason="another one is active")
            except Unavailable as problem:
                FAILURES.labels(self.service).inc()
                log.warning("relay.waits", reason=str(problem), seconds=round(pause, 2))
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))
                pause = min(2 * pause, longest)
            except (Foreign, WrongTopic) as problem:
                STOPPED.labels(self.service).set(1)
                log.error("relay.stopped", reason=str(problem))
                await asyncio.sleep(STOPPED_SECONDS)

    async def begin(self) -> None:
        """Find out what the topics hold, or make them again where an operator asked for that. Raises WrongTopic,
        Foreign."""
        topics, identity = await self.store.topics(), await self.store.identity()
        places = [(topic, number) for topic, count in topics.items() for number in range(count)]
        if identity.republish:
            await self.remove(identity, places)
        await self.broker.ensure(topics)
        self.moved = dict.fromkeys(places, 0) | await self.store.cursors()
        tails = await self.broker.tail(places)
        self.sent = {place: await self.position(place, tails.get(place)) for place in places}
        lost = [sent for place, sent in self.sent.items() if sent < self.moved[place]]
        self.read, self.page = min([max(self.moved.values()), *lost]), []
        STOPPED.labels(self.service).set(0)
        log.info("relay.began", position=self.read, partitions=len(places), lost=len(lost))

    async def remove(self, identity: Identity, places: Sequence[Partition]) -> None:
        """Empty the topics, if they are ours. Raises Foreign."""
        there = await self.broker.ends(sorted({topic for topic, _ in places}))
        for place, last in (await self.broker.tail([place for place in places if place in there])).items():
            with suppress(NotOurs):  # somebody else wrote to it: that goes too
                found = heading(last)
                if found.log == identity.id:
                    await self.position(place, last)
                elif found.log not in identity.former:
                    raise Foreign(f"{place[0]} is of log {found.log}, another installation's: it is left alone")
        await self.broker.remove(sorted({topic for topic, _ in places}))
        await self.store.republished()
        log.info("relay.republishes", topics=sorted({topic for topic, _ in places}))

    async def position(self, place: Partition, last: Record | None) -> int:
        """Of the last event in a partition; 0 where there is none. Raises Foreign."""
        if last is None:
            return 0
        try:
            found = heading(last)
        except NotOurs as problem:
            raise Foreign(f"{place[0]}/{place[1]} ends with a record that is not ours: {problem}") from problem
        if [event.id for event in await self.store.tail(found.position - 1, 1)] != [found.id]:
            raise Foreign(
                f"{place[0]}/{place[1]} ends with event {found.id} at position {found.position} of log {found.log}, "
                f"which this log {self.store.log} does not hold there. Where the database was restored or replaced, "
                f"`kaibo log renew {self.service}` gives it another id and has its topics made again; where the topic "
                "is another installation's, use another broker."
            )
        return found.position

    async def step(self) -> None:
        """Publish a page; wait for more where it was the last one. What was stored since it was read has been told."""
        page = self.page or await self.store.tail(self.read, PAGE)
        if page:
            await self.publish(page)
        elif (await self.store.identity()).republish:
            return await self.begin()
        if not full(page):
            await self.store.wait("log", QUIET_SECONDS)
        return None

    async def publish(self, page: Sequence[Stored]) -> None:
        """While the next one is read, if there is one. Moves the cursors when all of it is acknowledged."""
        began = perf_counter()
        chunks = self.chunks(page)
        following = asyncio.create_task(self.following(page))
        try:
            if chunks:
                await self.broker.publish(chunks)
            await self.move(page)
            self.page = await following
        finally:
            following.cancel()
        self.tell(page, chunks, perf_counter() - began)

    async def following(self, page: Sequence[Stored]) -> list[Stored]:
        return await self.store.tail(page[-1].position, PAGE) if full(page) else []

    def chunks(self, page: Sequence[Stored]) -> dict[Partition, list[Record]]:
        """Without what the topics hold already."""
        contract, name, sent = self.contract, self.store.log, self.sent
        chunks: dict[Partition, list[Record]] = {}
        for stored in page:
            place = (stored.topic, stored.partition)
            previous = sent[place]
            if stored.position > previous:
                chunks.setdefault(place, []).append(to_record(contract, name, stored, previous))
                sent[place] = stored.position
        return chunks

    async def move(self, page: Sequence[Stored]) -> None:
        """Not back where a topic is filled again, nor past this page where more of it had arrived. Raises Moved."""
        last = {(stored.topic, stored.partition): stored.position for stored in page}
        moves = {place: (self.moved[place], to) for place, to in last.items() if to > self.moved[place]}
        if moves:
            await self.store.move_cursors(moves)
        self.moved |= {place: to for place, (_, to) in moves.items()}
        self.read = page[-1].position

    def tell(self, page: Sequence[Stored], chunks: Mapping[Partition, Sequence[Record]], seconds: float) -> None:
        records = sum(map(len, chunks.values()))
        delay = (datetime.now(UTC) - page[0].recorded_at).total_seconds()
        RECORDS.labels(self.service).inc(records)
        POSITION.labels(self.service).set(self.read)
        DELAY.labels(self.service).observe(delay)
        log.info(
            "relay.published",
            records=records,
            partitions=len(chunks),
            position=self.read,
            seconds=round(seconds, 4),
            delay=round(delay, 3),
        )

    async def stand_by(self) -> None:
        """Until the log is ahead of the cursors and none of them moves."""
        before: dict[Partition, int] | None = None
        while True:
            now = await self.store.cursors()
            if now == before and max(now.values(), default=0) < await self.store.maximum():
                self.stands_by = False
                return
            before = now
            await asyncio.sleep(STANDBY_SECONDS)


def full(page: Sequence[Stored]) -> bool:
    """Whether the log may go on behind it."""
    return len(page) == PAGE or sum(len(e.data) + len(e.meta) for e in page) >= TAIL_BYTES
