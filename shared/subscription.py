"""The one loop that feeds projections, facts and reactions: read on, take effect, move the checkpoint. All or none.

Rows, facts, due rows and the checkpoint change in one transaction. A record that is not above the checkpoint is
dropped; a hole, or a log that nobody accepted, stops the reader loudly. An event whose handler fails is parked with
the later events of its stream; everything else goes on. An outage parks nothing.
"""

import asyncio
import hashlib
import random
import traceback
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import msgspec
import structlog

from shared.broker import Broker, OffsetGone, Partition, Reader, Record, Unavailable
from shared.build import RUNNING, Build, Source, initial
from shared.decider import Context
from shared.desk import recall
from shared.event import Contracts, NewerSchema, Recorded, decoder, encode
from shared.explanation import Node, encoded
from shared.facts import Facts, key_text
from shared.policy import Policies
from shared.privacy import Erasure
from shared.projection import Projection
from shared.reaction import Reaction
from shared.refusal import LACKING, Refused
from shared.store import Checkpoint, Gathered, Held, Moved, NewDue, NewResult, Parked, Store, Work
from shared.telemetry import READER_EVENTS, READER_RECORDS, READER_STOPPED
from shared.wire import Heading, NotOurs, heading, recorded

log = structlog.get_logger()

BATCH = 2_000
SETTLE = 200  # subjects a transaction, or as many as it takes
SETTLE_SECONDS = 5.0  # for: the broker takes who is silent for eight to be dead, the database for thirty
PATIENCE = 20  # full batches between two settlings of a reader that is behind
CACHE = 50_000  # facts kept decoded
PARKED_AT_MOST = 1_000
STANDS_SECONDS = 30.0
IDLE_SECONDS = 5.0  # that an empty fetch lasts: records wake it
HELD_SECONDS = 0.2  # until what may not take effect yet is looked at again
LOOK_SECONDS = 1.0  # the same where an operator may ask for something, or another reader's place is waited for
PAUSE_SECONDS = 0.1  # of the first pause in an outage; doubled until something takes effect


class Stopped(Exception):
    """The reader cannot go on without an operator: a hole, a log that is not the one it knew, or too many parked."""


class Hole(Stopped):
    """A position is missing. Where a topic was made again its offsets are new: it is read once from the beginning."""


class Ended(Exception):
    """Another build is served now, or an operator had this one stopped."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A record with its place."""

    partition: Partition
    record: Record
    heading: Heading

    @property
    def checkpoint(self) -> Checkpoint:
        return Checkpoint(log=self.heading.log, offset=self.record.offset, position=self.heading.position)


class Subscription:
    def __init__(
        self,
        service: str,
        source: Source,
        store: Store,
        broker: Broker,
        contracts: Contracts,
        policies: Policies,
        told: Sequence[Reaction[Any, Any]] = (),
        parked_at_most: int = PARKED_AT_MOST,
        build: Build | None = None,
    ) -> None:
        self.source, self.store, self.broker, self.contracts, self.policies = source, store, broker, contracts, policies
        self.build = build or initial(source)
        self.name, self.group = self.build.reader, f"kaibo.{service}.{self.build.reader}"
        self.told = told  # reactions to a changed result
        self.parked_at_most = parked_at_most
        self.wanted = {name for e in source.events for name in contracts.names(e)}
        self.topics = sorted({contracts.of(e).topic(e) for e in source.events})
        self.checkpoints: dict[Partition, Checkpoint] = {}
        self.parked: list[Parked] = []
        self.cache: OrderedDict[str, Recorded[Any]] = OrderedDict()
        self.unsettled, self.at_once = 0, SETTLE
        self.owed = True  # subjects may have been left dirty by whoever owned this before
        self.discarded: set[str] = set()  # by the id of the event: it stays where a log is renewed
        self.past: dict[Partition, int] = {}  # where it ends, of facts that are filled for the first time
        self.rewound = False
        self.looked = 0.0
        self.pause = PAUSE_SECONDS
        self.error = self.build.error

    async def run(self) -> None:
        """Until cancelled, or another build is served. An outage is waited out; what needs an operator stops this
        reader and no other."""
        READER_STOPPED.labels(self.name).set(0)
        while True:
            try:
                await self.read()
            except Ended as reason:
                log.info("reader.ended", reader=self.name, reason=str(reason))
                return
            except (Unavailable, Moved) as error:
                log.warning("reader.waits", reader=self.name, error=str(error), seconds=round(self.pause, 2))
                await asyncio.sleep(self.pause * random.uniform(0.5, 1))
                self.pause = min(self.pause * 2, 5.0)
            except (Hole, OffsetGone) as error:
                if self.rewound:
                    await self.stand(error)
                else:
                    log.warning("reader.rewinds", reader=self.name, reason=str(error))
                self.rewound = not self.rewound
            except (Stopped, NotOurs) as error:
                await self.stand(error)

    async def stand(self, error: Exception) -> None:
        """Still, and said loudly, until somebody has done something about it."""
        READER_STOPPED.labels(self.name).set(1)
        log.error("reader.stopped", reader=self.name, reason=str(error))
        await self.write_down(str(error))
        await asyncio.sleep(STANDS_SECONDS)

    async def write_down(self, error: str) -> None:
        """Why this reader stands, where an operator looks; empty: it goes on."""
        if error != self.error:
            with suppress(Unavailable, Moved):
                await self.store.stand(self.name, error)
                self.error = error

    async def read(self) -> None:
        reader = await self.broker.reader(self.group, self.topics, self.positions)
        try:
            while True:
                wait = IDLE_SECONDS if self.build.state == "served" and not (self.parked or self.owed) else LOOK_SECONDS
                batch = await reader.fetch(BATCH, 0.0 if self.unsettled else wait)
                await self.requests(reader)
                fresh = [item for partition, records in batch.items() for item in self.fresh(partition, records)]
                if items := await self.within(fresh, reader):
                    await self.take(items)
                    self.rewound, self.pause = False, PAUSE_SECONDS
                    READER_STOPPED.labels(self.name).set(0)
                    await self.write_down("")
                await self.settle(behind=bool(items))
        finally:
            await reader.stop()

    async def within(self, items: Sequence[Item], reader: Reader) -> Sequence[Item]:
        """What of it may take effect now; the rest is read again later."""
        allowed = [i for i in items if not self.beyond(i)]
        if len(allowed) < len(items):
            reader.rewind({i.partition: i.record.offset for i in reversed(items) if self.beyond(i)})
            await asyncio.sleep(0 if allowed else HELD_SECONDS)
        return allowed

    def beyond(self, item: Item) -> bool:
        """Of facts that are filled for the first time nothing is told until all is settled that was there when they
        began; what came since is told, so it waits for that."""
        return bool(self.past) and item.heading.position > self.past.get(item.partition, 0)

    async def running(self) -> None:
        """Raises Ended where this build is not to be worked on any more."""
        state = next((b.state for b in await self.store.builds() if b.reader == self.name), self.build.state)
        if state not in RUNNING:
            raise Ended(f"it is {state}")

    async def positions(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        """Where to read on, for what this member owns from now on."""
        await self.running()
        known = await self.store.checkpoints(self.name)
        for partition in partitions:
            self.checkpoints.pop(partition, None)
            if partition in known:
                self.checkpoints[partition] = known[partition]
        async with self.store.work(self.build.number) as work:
            self.parked = await work.parked(self.name)
            records = [decoder(Record).decode(r) for r in await work.discarded(self.build.name)]
            self.discarded = {heading(r).id for r in records}
            if isinstance(self.source, Facts):
                await work.soil(self.source, LACKING)  # a start may have brought the policies
        self.owed = True
        self.past = self.past_of(known)
        return {p: known[p].offset + 1 if p in known and not self.rewound else 0 for p in partitions}

    def fresh(self, partition: Partition, records: Iterable[Record]) -> Iterable[Item]:
        """What is above the checkpoint, without a hole. Raises Stopped."""
        before = self.checkpoints.get(partition)
        position, known = (before.position, before.log) if before else (0, "")
        for record in records:
            found = heading(record)
            if known and found.log != known:
                raise Stopped(
                    f"{partition[0]}/{partition[1]} at offset {record.offset} comes from log {found.log}, not {known}: "
                    "the store behind it was restored or replaced; `kaibo readers accept` reads the new log"
                )
            if found.position <= position:
                continue
            if found.previous != position and (known or found.previous > position):
                raise Hole(
                    f"{partition[0]}/{partition[1]} has a hole: position {found.position} follows {found.previous}, "
                    f"the last one here was {position}; `kaibo relay republish {found.service}` makes the topic again"
                )
            position, known = found.position, found.log
            yield Item(partition=partition, record=record, heading=found)

    async def take(self, items: Sequence[Item]) -> None:
        """A batch takes effect as a whole; where its handler fails, halves of it, down to the event that is parked."""
        try:
            await self.until_met(items)
        except (Unavailable, Moved, Stopped, Ended, OffsetGone, asyncio.CancelledError):
            raise
        except Exception as error:  # noqa: BLE001 a handler may raise anything: the event is found and parked
            if len(items) > 1:
                middle = len(items) // 2
                await self.take(items[:middle])
                await self.take(items[middle:])
            else:
                await self.apply(items, poison=error)

    async def until_met(self, items: Sequence[Item]) -> None:
        """Again where another transaction was in the way; not where another worker owns the partition now."""
        while True:
            try:
                return await self.apply(items)
            except Moved:
                stands = await self.store.checkpoints(self.name)
                if any(mark(stands.get(i.partition)) != mark(self.checkpoints.get(i.partition)) for i in items):
                    raise
                await asyncio.sleep(random.uniform(0, 0.05))

    async def apply(self, items: Sequence[Item], poison: Exception | None = None) -> None:
        started = monotonic()
        held_back = {p.stream for p in self.parked}
        wanted = [i for i in items if self.wants(i)]
        parked = [self.park(i, poison) for i in wanted if poison or i.heading.stream in held_back]
        behind = {p.stream for p in parked}
        after = {partition: i.checkpoint for partition, i in {i.partition: i for i in items}.items()}
        wanted = [i for i in wanted if i.heading.id not in self.discarded]
        events = [recorded(i.record, i.heading, self.contracts) for i in wanted if i.heading.stream not in behind]
        if parked and len(self.parked) + len(parked) > self.parked_at_most:
            raise Stopped(
                f"{len(self.parked)} events are parked, at most {self.parked_at_most} may be (KAIBO_PARKED_AT_MOST): "
                "something is wrong with all of them. See `kaibo parked list`; mend the handler, or what it needs, "
                f"then `kaibo parked retry SERVICE {self.name}`, or discard them: it goes on by itself"
            )
        before = {p: self.checkpoints.get(p) for p in after}
        if events or parked:
            async with self.store.work(self.build.number) as work:
                await self.effect(work, events)
                if parked:
                    await work.park(parked)
                await work.checkpoint(self.name, before, after)
        else:
            await self.store.pass_over(self.name, before, after)
        self.checkpoints |= after
        self.parked += parked
        if poison:
            log.error("reader.parked", reader=self.name, stream=parked[0].stream, error=str(poison))
        self.observe(items, events, monotonic() - started)

    def wants(self, item: Item) -> bool:
        """An event by any of its names: one that was renamed since we were built is ours, and waits for our upgrade."""
        head = item.heading
        if (head.service, head.type) in self.wanted:
            return True
        return any((head.service, name) in self.wanted for name in head.formerly)

    def park(self, item: Item, error: Exception | None) -> Parked:
        return Parked(
            reader=self.name,
            partition=item.partition,
            position=item.heading.position,
            stream=item.heading.stream,
            record=encode(item.record),
            error="".join(traceback.format_exception(error)[-6:]) if error else "",
        )

    async def effect(self, work: Work, events: Sequence[Recorded[Any]]) -> None:
        if not events:
            return
        match self.source:
            case Projection():
                await self.fold(work, self.source, events)
            case Facts():
                await self.gather(work, self.source, events)
            case Reaction():
                await work.add_due([d for e in events for d in self.due(self.source, e)])
            case Erasure():
                await work.erase(sorted({self.source.person(e.event) for e in events}))

    async def fold(self, work: Work, projection: Projection[Any, Any], events: Sequence[Recorded[Any]]) -> None:
        places = [projection.places(e.event) for e in events]
        keys = {key: None for touched in places for key, _ in touched}
        rows = {projection.identity(row): row for row in await work.rows(projection, list(keys))}
        for event, touched in zip(events, places, strict=True):
            projection.apply(rows, event, touched)
        # In order of the key: two workers that write the same rows never wait for each other in a circle.
        await work.put_rows(projection, [rows[key] for key in sorted(rows, key=repr)])

    async def gather(self, work: Work, facts: Facts[Any, Any, Any, Any], events: Sequence[Recorded[Any]]) -> None:
        found = []
        for event, meta in [(e.event, e.meta) for e in events]:
            held = Held(
                service=meta.service,
                type=type(event).__name__,
                schema=self.contracts.by_service[meta.service].schema(type(event)),
                data=encode(event),
                meta=encode(meta),
                id=meta.id,
            )
            subjects = tuple(map(key_text, facts.subjects(event)))
            found.append(Gathered(thing=key_text(facts.about(event)), subjects=subjects, held=held))
        await work.gather(facts, found)
        self.cache |= {e.meta.id: e for e in events}
        self.unsettled += 1
        self.owed = True

    def due(self, reaction: Reaction[Any, Any], cause: Recorded[Any]) -> list[NewDue]:
        at = reaction.at(cause.event) if reaction.at else None
        if reaction.at and at is None:
            return []
        kind = type(cause.event)
        schema = self.contracts.by_service[cause.meta.service].schema(kind)
        trigger = encode({"type": kind.__name__, "schema": schema, "event": cause.event, "meta": cause.meta})
        return [
            NewDue(reaction=reaction.name, at=at, stream=cause.meta.stream, trigger=trigger, scope=cause.meta.scope)
        ]

    async def settle(self, behind: bool) -> None:
        """Compute what is known about the touched subjects: when the log is quiet, or at times while it is not."""
        if not isinstance(self.source, Facts) or not self.owed or (behind and self.unsettled % PATIENCE):
            return
        if self.past and await self.in_the_past():
            self.unsettled = 0  # others read on: no need to look without a pause
            return
        while True:
            began, settled = monotonic(), 0
            try:
                settled = await self.settle_some(self.source)
                if not settled:
                    break
            except Moved:
                await asyncio.sleep(random.uniform(0, 0.05))
            finally:
                self.at_once = paced(self.at_once, settled, monotonic() - began)
        self.unsettled, self.owed = 0, bool(self.past)

    async def in_the_past(self) -> bool:
        """What was there when it began is not all read: what is computed on the way would be computed again."""
        known = await self.store.checkpoints(self.name)
        self.past = self.past_of(known)
        return any(known[p].position < past for p, past in self.past.items())

    def past_of(self, known: Mapping[Partition, Checkpoint]) -> dict[Partition, int]:
        return {p: c.past for p, c in known.items() if c.past} if isinstance(self.source, Facts) else {}

    async def settle_some(self, facts: Facts[Any, Any, Any, Any]) -> int:
        async with self.store.work(self.build.number) as work:
            if await work.state(self.name) not in ("", self.build.state):
                raise Ended("another build is served")
            told = not (self.past and await work.in_the_past(facts, self.name))
            subjects = await work.dirty(facts, self.at_once)
            if not subjects:
                return 0
            held = await work.facts(facts, subjects)
            results, sets = [], {}
            for text in subjects:
                result, sets[text] = self.compute(facts, text, held[text])
                results.append(result)
            changed = await work.put_results(facts, results)
            used = {r.subject: r.used for r in results}
            if told:
                await work.add_due([d for s in changed for d in self.changed(facts, s, sets[s], used[s])])
        log.info("facts.computed", reader=self.name, subjects=len(subjects), changed=len(changed))
        return len(subjects)

    def compute(
        self, facts: Facts[Any, Any, Any, Any], text: str, held: Sequence[Held]
    ) -> tuple[NewResult, list[Recorded[Any]]]:
        """A result, or what went wrong, and the facts that it rests on."""
        used = tuple(h.id for h in held)
        found: list[Recorded[Any]] = []
        try:
            found, subject = [self.recall(h) for h in held], facts.named(text)
            known = facts.gathered(subject, found)
            used = known.ids
            context = Context(now=datetime.now(UTC), actor="", policies=self.policies)
            result = facts.compute(subject, known, context)
            document = encoded(result) if isinstance(result, Node) else encode(result)
        except Refused as refused:
            return NewResult(subject=text, document=b"", used=used, error=f"{refused.code} {refused.facts}"), found
        except Exception as error:
            log.exception("facts.failed", reader=self.name, subject=text)
            return NewResult(subject=text, document=b"", used=used, error=f"failed: {error!r}"), found
        return NewResult(subject=text, document=document, used=used), found

    def changed(
        self, facts: Facts[Any, Any, Any, Any], text: str, found: Sequence[Recorded[Any]], used: Sequence[str]
    ) -> list[NewDue]:
        """For the reactions that are told: the set of facts is the occasion, since sets only grow."""
        if not found:
            return []
        cause = max((r.meta for r in found), key=lambda m: (m.recorded_at, m.id))
        occasion = hashlib.sha256("".join(sorted(used)).encode()).hexdigest()[:32]
        meta = encode(cause)
        trigger = encode({"subject": text, "occasion": occasion, "meta": msgspec.Raw(meta)})
        stream = f"{facts.name}:{text}"
        return [NewDue(reaction=r.name, at=None, stream=stream, trigger=trigger, scope=cause.scope) for r in self.told]

    def recall(self, held: Held) -> Recorded[Any]:
        if (found := self.cache.get(held.id)) is None:
            found = self.cache[held.id] = recall(self.contracts, held)
        while len(self.cache) > CACHE:
            self.cache.popitem(last=False)
        return found

    async def requests(self, reader: Reader) -> None:
        """What an operator asked for parked events: retry a stream from its first one, or discard it."""
        if not self.parked or monotonic() - self.looked < 1.0:
            return
        self.looked = monotonic()
        async with self.store.work(self.build.number) as work:
            self.parked = [p for p in await work.parked(self.name) if p.partition in reader.assigned]
        streams: dict[str, list[Parked]] = {}
        for one in self.parked:
            streams.setdefault(one.stream, []).append(one)
        for first, *behind in streams.values():
            if first.request == "discard":
                async with self.store.work(self.build.number) as work:
                    await work.unpark([first], discard=True)
                await self.retry(behind)
            elif first.request == "retry" or not first.error or self.upgraded(first):  # no error: its cause is gone
                await self.retry([first, *behind])

    def upgraded(self, parked: Parked) -> bool:
        """It was parked by an older one of us, which could not read it."""
        if NewerSchema.__qualname__ not in parked.error.rstrip().rsplit("\n", 1)[-1]:
            return False
        found = heading(decoder(Record).decode(parked.record))
        return self.contracts.by_service[found.service].reads(found.type, found.schema)

    def unpacked(self, parked: Parked) -> Recorded[Any]:
        record = decoder(Record).decode(parked.record)
        return recorded(record, heading(record), self.contracts)

    async def retry(self, parked: Sequence[Parked]) -> None:
        for one in parked:
            try:
                async with self.store.work(self.build.number) as work:
                    await self.effect(work, [self.unpacked(one)])
                    await work.unpark([one], discard=False)
            except (Unavailable, Moved):
                raise
            except Exception as error:  # noqa: BLE001 the same handler, tried again
                failed = "".join(traceback.format_exception(error)[-6:])
                async with self.store.work(self.build.number) as work:
                    await work.park([replace(one, error=failed, request="")])
                break
        async with self.store.work(self.build.number) as work:
            self.parked = await work.parked(self.name)

    def observe(self, items: Sequence[Item], events: Sequence[Recorded[Any]], seconds: float) -> None:
        last = items[-1]
        READER_EVENTS.labels(self.name).inc(len(events))
        READER_RECORDS.labels(self.name).inc(len(items))
        log.info(
            "reader.applied",
            reader=self.name,
            topic=last.partition[0],
            partition=last.partition[1],
            position=last.heading.position,
            records=len(items),
            events=len(events),
            seconds=round(seconds, 4),
        )


def paced(at_once: int, settled: int, seconds: float) -> int:
    """How many subjects the next transaction settles. A step that was not full says nothing of how many would fit."""
    if seconds > SETTLE_SECONDS:
        return max(1, int(at_once * SETTLE_SECONDS / seconds))
    if settled == at_once and seconds < SETTLE_SECONDS / 2:
        return min(SETTLE, 2 * at_once)
    return at_once


def mark(checkpoint: Checkpoint | None) -> tuple[str, int] | None:
    """What tells whether somebody else has moved it. Where its past ends may be written by others."""
    return None if checkpoint is None else (checkpoint.log, checkpoint.offset)
