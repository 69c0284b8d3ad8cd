"""The desk: commands in, decided in batches, stored by one call. HTTP, bulk and reactions all go over it.

What waits is decided together: one query for the streams, one call of `append`. Commands on one stream are decided on
the evolving state and stored as one group. A command that depends on what an earlier one of the same batch has just
decided waits for the next round, so that nothing is decided on a state that may not come to be; what does not depend on
it goes on, so there are as many rounds as the longest chain has links.
"""

import asyncio
from collections import deque
from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
import structlog

from shared.broker import Unavailable
from shared.decider import Context, Decider, Sight
from shared.event import Contract, Contracts, Envelope, Meta, NewerSchema, Recorded, decoder, encode, new_id
from shared.facts import Facts, Known, key_text
from shared.policy import Policies
from shared.projection import Projection
from shared.refusal import LACKING, Refused
from shared.store import Group, Held, Kept, Moved, New, Once, Past, Store, Stored
from shared.wire import partition_of

log = structlog.get_logger()

BATCH = 500
QUEUE = 5_000
TRIES = 3
LARGEST = 900_000  # bytes of an event with its envelope


class Busy(Exception):
    """More waits than can be decided soon: come back later."""


class TooLarge(Exception):
    """An event that no record of the broker can hold: it would stop everything behind it."""


class KeyReused(Exception):
    """Another request was made under this key."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A command, with when, by whom, because of what."""

    decider: Decider[Any, Any, Any]
    command: Any
    now: datetime
    actor: str
    capacity: str = ""
    scope: str = ""
    origin: str = ""
    cause: str = ""
    correlation: str = ""
    depth: int = 0
    expected: int | None = None  # version that the caller saw
    once: str = ""  # the key under which this happens once
    digest: bytes = b""  # tells a repeat from another request under the key
    final: bool = False  # a refusal stands under the key
    stream: str = ""  # of the command

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "stream", self.decider.stream(self.command))


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """`stored`, `unchanged`, `refused`, `stale` (not the version that the caller saw), `contested` (others were faster
    again and again) or `failed` (our error)."""

    outcome: str
    stream: str
    version: int = 0
    position: int = 0
    topic: str = ""
    partition: int = 0
    refusal: Refused | None = None
    error: Exception | None = None
    repeated: bool = False  # the answer that was given under this key before


class Live(msgspec.Struct, kw_only=True):
    """A stream as this batch sees it."""

    version: int
    position: int  # of its last stored event
    state: Any
    error: Exception | None = None  # the history cannot be folded: who looks at it fails, nobody else


class Pending(Group, frozen=True, kw_only=True):
    """What a batch has decided on one stream, so far."""

    events: list[New]
    guards: dict[tuple[str, int], None]
    once: list[Once]
    requests: list[int]


class Desk:
    def __init__(
        self, store: Store, contract: Contract, contracts: Contracts, topics: dict[str, int], policies: Policies
    ) -> None:
        self.store, self.contract, self.contracts = store, contract, contracts
        self.topics, self.policies = topics, policies
        self.waiting: deque[tuple[Request, asyncio.Future[Decided]]] = deque()
        self.asked = asyncio.Event()

    async def submit(self, request: Request) -> Decided:
        """Decide it with whatever else waits. Raises Busy, Unavailable, KeyReused, or our own error in `decide`."""
        future: asyncio.Future[Decided] = asyncio.get_running_loop().create_future()
        if len(self.waiting) >= QUEUE:
            raise Busy
        self.waiting.append((request, future))
        self.asked.set()
        decided = await future
        if decided.error is not None:
            raise decided.error
        return decided

    async def run(self) -> None:
        while True:
            if not self.waiting:
                self.asked.clear()
                await self.asked.wait()
            batch = [self.waiting.popleft() for _ in range(min(BATCH, len(self.waiting)))]
            wanted = [(request, future) for request, future in batch if not future.cancelled()]
            try:
                answers = await self.decide([request for request, _ in wanted])
            except Exception as error:  # noqa: BLE001 the desk outlives whatever its callers are told
                for _, future in wanted:
                    if not future.done():
                        future.set_exception(error)
                continue
            for (_, future), answer in zip(wanted, answers, strict=True):
                if not future.done():
                    future.set_result(answer)

    async def decide(self, requests: Sequence[Request]) -> list[Decided]:
        """One answer each, in order. Raises Unavailable: what was stored then is told by the keys on the next try."""
        answers: dict[int, Decided] = {}
        try:
            await self.rounds(requests, range(len(requests)), answers)
        except (Unavailable, Moved):
            raise
        except Exception as error:
            # One of them cannot even be looked at, or be stored: it fails alone.
            log.exception("desk.failed", requests=len(requests), error=repr(error))
            for i in [i for i in range(len(requests)) if i not in answers]:
                await self.alone(requests, i, answers)
        return [answers[i] for i in range(len(requests))]

    async def alone(self, requests: Sequence[Request], i: int, answers: dict[int, Decided]) -> None:
        try:
            await self.rounds(requests, [i], answers)
        except (Unavailable, Moved):
            raise
        except Exception as error:  # noqa: BLE001 it is told to whoever asked
            answers[i] = Decided(outcome="failed", stream="", error=error)

    async def rounds(self, requests: Sequence[Request], those: Sequence[int], answers: dict[int, Decided]) -> None:
        tries = [0] * len(requests)
        waiting = list(those)
        while waiting:
            stale = await self.round(requests, waiting, answers)
            for i in stale:
                tries[i] += 1
                if tries[i] > TRIES:
                    request = requests[i]
                    answers[i] = Decided(outcome="contested", stream=request.stream)
            waiting = [i for i in waiting if i not in answers]

    async def round(
        self, requests: Sequence[Request], waiting: Sequence[int], answers: dict[int, Decided]
    ) -> Sequence[int]:
        """Decide and store as many as do not depend on each other. Returns those whose stream moved meanwhile."""
        kept = await self.store.kept([requests[i].once for i in waiting if requests[i].once])
        fresh = []
        for i in waiting:
            if requests[i].once in kept:
                answers[i] = self.again(requests[i], kept[requests[i].once])
            else:
                fresh.append(i)
        batch = Batch(self, await self.look(requests, fresh))
        for i in fresh:
            if batch.waits(i, requests[i]):
                continue
            if (answer := batch.decide(i, requests[i])) is not None:
                answers[i] = answer
        return await self.store_batch(batch, requests, answers)

    async def store_batch(
        self, batch: "Batch", requests: Sequence[Request], answers: dict[int, Decided]
    ) -> Sequence[int]:
        pending = [p for p in batch.pending.values() if p.events or p.once]
        results = await self.store.append(pending) if pending else []
        stale: list[int] = []
        for p, result in zip(pending, results, strict=True):
            if result.outcome == "stored":
                for i in p.requests:
                    answers[i] = msgspec.structs.replace(batch.made[i], position=result.position or 0)
            else:
                stale += p.requests
        return stale

    def again(self, request: Request, kept: Kept) -> Decided:
        """The answer that was given under this key before."""
        if kept.digest != request.digest:
            failed = KeyReused(request.once)
            return Decided(outcome="failed", stream=kept.stream, error=failed)
        code = kept.outcome.removeprefix("refused:")
        topic, partition = self.place(request.decider, kept.stream)
        return Decided(
            outcome=kept.outcome if code == kept.outcome else "refused",
            stream=kept.stream,
            version=kept.version,
            position=kept.position,
            topic=topic,
            partition=partition,
            refusal=None if code == kept.outcome else Refused(code),
            repeated=True,
        )

    def place(self, decider: Decider[Any, Any, Any], stream: str) -> tuple[str, int]:
        """Topic and partition of a stream: all events of a decider share their topic."""
        topic = self.contract.topic(decider.facts[0])
        return topic, partition_of(stream, self.topics[topic])

    async def look(self, requests: Sequence[Request], fresh: Sequence[int]) -> "Looked":
        """Load everything that these decisions look at: a query a kind, not one a command."""
        sights = {i: requests[i].decider.sees(requests[i].command) for i in fresh}
        streams: dict[str, Decider[Any, Any, Any]] = {}
        for i in fresh:
            streams[requests[i].stream] = requests[i].decider
            for sight in sights[i]:
                if isinstance(sight.source, Decider):
                    streams[sight.source.named(*sight.key)] = sight.source  # type: ignore[misc]
        past = await self.store.past(streams)
        others: dict[tuple[str, Hashable], object] = {}
        for source in {s.source.name: s.source for found in sights.values() for s in found}.values():
            keys = list({s.key: None for found in sights.values() for s in found if s.source.name == source.name})
            if isinstance(source, Projection):
                others |= await self.rows(source, keys)
            elif isinstance(source, Facts):
                others |= await self.known(source, keys)
        live = {stream: self.live(decider, past[stream]) for stream, decider in streams.items()}
        return Looked(live=live, sights=sights, others=others)

    async def rows(self, source: Projection[Any, Any], keys: Sequence[Hashable]) -> dict[tuple[str, Hashable], Any]:
        found = {source.identity(row): row for row in await self.store.rows(source, [source.identity(k) for k in keys])}
        return {(source.name, blank): found.get(source.identity(blank), blank) for blank in keys}

    async def known(
        self, source: Facts[Any, Any, Any, Any], subjects: Sequence[Hashable]
    ) -> dict[tuple[str, Hashable], Any]:
        texts = {subject: key_text(subject) for subject in subjects}
        held = await self.store.known(source, list(texts.values()))
        return {
            (source.name, subject): source.gathered(subject, (recall(self.contracts, h) for h in held[text]))
            for subject, text in texts.items()
        }

    def live(self, decider: Decider[Any, Any, Any], past: Sequence[Past]) -> Live:
        live = Live(version=len(past), position=past[-1].position if past else 0, state=None)
        try:
            live.state = decider.state([self.contract.decode(e.type, e.schema, e.data) for e in past])
        except NewerSchema as error:
            live.error = error
        except Exception as error:  # noqa: BLE001 an impossible history is one stream's, not the batch's
            live.error = RuntimeError(f"{decider.name} cannot be folded: {error!r}")  # never a refusal
        return live


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """All that the decisions of a round look at."""

    live: dict[str, Live]
    sights: dict[int, Sequence[Sight]]
    others: dict[tuple[str, Hashable], object]


class Batch:
    """The decisions of one round, on the states that were loaded for it."""

    def __init__(self, desk: Desk, looked: Looked) -> None:
        self.desk, self.looked = desk, looked
        self.pending: dict[str, Pending] = {}
        self.made: dict[int, Decided] = {}
        self.keys: set[str] = set()
        self.later: set[str] = set()  # streams of requests that wait for the next round
        self.seen_later: set[str] = set()  # and what those see: it may not move before they have been decided

    def waits(self, i: int, request: Request) -> bool:
        """For the next round: it depends on something that this one has decided and not stored yet, or on a request
        that does."""
        stream = request.stream
        seen = [
            s.source.named(*s.key)  # type: ignore[misc]
            for s in self.looked.sights[i]
            if isinstance(s.source, Decider)
        ]
        waits = (
            stream in self.later
            or stream in self.seen_later
            or any(s in self.later for s in seen)
            or any(self.writes(s) for s in seen if s != stream)
            or (bool(request.once) and request.once in self.keys)
        )
        if waits:
            self.later.add(stream)
            self.seen_later.update(seen)
            self.keys.update([request.once] if request.once else [])
        return waits

    def writes(self, stream: str) -> bool:
        return stream in self.pending and bool(self.pending[stream].events)

    def decide(self, i: int, request: Request) -> Decided | None:
        """An answer at once, or None where it is to be stored first."""
        decider, stream = request.decider, request.stream
        live = self.looked.live[stream]
        if request.expected is not None and request.expected != live.version:
            return Decided(outcome="stale", stream=stream, version=live.version)
        refusal: Refused | None = None
        events: Sequence[Any] = ()
        guards: dict[tuple[str, int], None] = {}
        notes: list[str] = []
        try:
            context = self.context(i, request, guards, notes)
            events = decider(request.command, readable(live), context)
            state = decider.state(events, live.state)
            new = [self.new(e, request, context, notes) for e in events]
        except Refused as refused:
            refusal, state, new = refused, live.state, []
        except Exception as error:
            log.exception("decision.failed", decider=decider.name, command=type(request.command).__name__)
            return Decided(outcome="failed", stream=stream, error=error)
        made = self.answer(request, stream, live, len(events), refusal)
        final = request.final and not (refusal and refusal.code in LACKING)
        keyed = bool(request.once) and (final or refusal is None)
        if not events and not keyed:
            if not self.writes(stream):
                return made
            self.pending[stream].requests.append(i)  # it rests on what the group decided: it stands or falls with it
            self.made[i] = made
            return None
        live.version, live.state = live.version + len(events), state
        self.add(i, request, made, new, guards)
        return None

    def answer(self, request: Request, stream: str, live: Live, events: int, refusal: Refused | None) -> Decided:
        topic, partition = self.desk.place(request.decider, stream)
        return Decided(
            outcome="refused" if refusal else "stored" if events else "unchanged",
            stream=stream,
            version=live.version + events,
            position=live.position,
            topic=topic,
            partition=partition,
            refusal=refusal,
        )

    def context(self, i: int, request: Request, guards: dict[tuple[str, int], None], notes: list[str]) -> Context:
        """What the decision may know; and what of it is checked again when its events are stored."""
        seen: dict[tuple[str, Hashable], object] = {}
        for sight in self.looked.sights[i]:
            at = (sight.source.name, sight.key)
            if isinstance(sight.source, Decider):
                other = sight.source.named(*sight.key)  # type: ignore[misc]
                live = self.looked.live[other]
                seen[at] = readable(live)
                notes.append(f"{other}@{live.version}")
                if other != request.stream:
                    guards[other, live.version] = None
            else:
                found = seen[at] = self.looked.others[at]
                notes.append(f"{at[0]}:{len(found.ids)}" if isinstance(found, Known) else at[0])
        return Context(
            now=request.now,
            actor=request.actor,
            capacity=request.capacity,
            scope=request.scope,
            policies=self.desk.policies,
            seen=seen,
        )

    def new(self, event: Any, request: Request, context: Context, notes: Sequence[str]) -> New:
        envelope = Envelope(
            actor=request.actor,
            capacity=request.capacity,
            cause=request.cause,
            correlation=request.correlation,
            scope=request.scope,
            origin=request.origin,
            depth=request.depth,
            policies=tuple(sorted(context.asked)),
            seen=tuple(notes),
        )
        data, meta = encode(event), encode(envelope)
        if len(data) + len(meta) > LARGEST:
            raise TooLarge(f"{type(event).__name__} has {len(data) + len(meta)} bytes, {LARGEST} are possible")
        return New(
            id=new_id(),
            type=type(event).__name__,
            schema=self.desk.contract.schema(type(event)),
            occurred_at=request.now,
            data=data,
            meta=meta,
        )

    def add(
        self, i: int, request: Request, made: Decided, events: list[New], guards: dict[tuple[str, int], None]
    ) -> None:
        if (pending := self.pending.get(made.stream)) is None:
            pending = self.pending[made.stream] = Pending(
                stream=made.stream,
                expected=made.version - len(events),
                topic=made.topic,
                partition=made.partition,
                events=[],
                guards={},
                once=[],
                requests=[],
            )
        pending.events.extend(events)
        pending.guards.update(guards)
        if request.once:
            outcome = f"refused:{made.refusal.code}" if made.refusal else made.outcome
            pending.once.append(Once(key=request.once, digest=request.digest, version=made.version, outcome=outcome))
            self.keys.add(request.once)
        pending.requests.append(i)
        self.made[i] = made


def readable(live: Live) -> Any:
    """Its state. Raises what folding its history raised."""
    if live.error is not None:
        raise live.error
    return live.state


async def history(store: Store, contract: Contract, streams: Iterable[str]) -> list[Recorded[Any]]:
    """What these streams of the own log say, in its order; personal texts stay sealed."""
    stored = [s for events in (await store.history(streams)).values() for s in events]
    return [remembered(contract, s) for s in sorted(stored, key=lambda s: s.position)]


def remembered(contract: Contract, stored: Stored) -> Recorded[Any]:
    """An event of the own log, with all that is known of it."""
    meta = Meta(
        id=stored.id,
        service=contract.service,
        stream=stored.stream,
        version=stored.version,
        position=stored.position,
        occurred_at=stored.occurred_at,
        recorded_at=stored.recorded_at,
        **msgspec.structs.asdict(decoder(Envelope).decode(stored.meta)),
    )
    return Recorded(event=contract.decode(stored.type, stored.schema, stored.data), meta=meta)


def recall(contracts: Contracts, held: Held) -> Recorded[Any]:
    event = contracts.by_service[held.service].decode(held.type, held.schema, held.data)
    return Recorded(event=event, meta=decoder(Meta).decode(held.meta))
