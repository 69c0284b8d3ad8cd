"""The store in memory: the same meaning as on PostgreSQL, for tests and for reading. Nothing outlives the process."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypeVar
from uuid import uuid4

import msgspec

from shared.broker import Partition
from shared.build import RUNNING, Build, Model, Source, enlisted
from shared.facts import Facts
from shared.projection import Projection
from shared.store import (
    EVERYWHERE,
    TAIL_BYTES,
    Answer,
    Asking,
    Backlog,
    Checkpoint,
    Discarded,
    Due,
    Gathered,
    Group,
    Held,
    Identity,
    Import,
    Kept,
    Moved,
    NewDue,
    NewResult,
    Parked,
    Past,
    Result,
    Stored,
    Unknown,
    Waiting,
)

R = TypeVar("R")
AGES_AGO = datetime.min.replace(tzinfo=UTC)  # this store does not keep when something was parked
ENDS = ("", "_fact", "_subjects", "_things", "_dirty", "_result")  # of the tables of a build


class MemoryStore:
    def __init__(self, topics: Mapping[str, int]) -> None:
        self.log, self.former, self.republish = str(uuid4()), tuple[str, ...](), False
        self.partitions = dict(topics)
        self.events: list[Stored] = []
        self.streams: dict[str, list[Stored]] = defaultdict(list)
        self.once: dict[str, Kept] = {}
        self.once_at: dict[str, datetime] = {}
        self.moved: dict[Partition, int] = {}
        self.keys: dict[tuple[str, str], bytes | None] = {}
        self.tables: dict[str, dict[Any, Any]] = defaultdict(dict)  # what a Work writes: values that never change
        self.due_ids = count(1)
        self.waits: dict[int, str] = {}  # due rows without their policy
        self.scopes: dict[int, str] = {}  # of the causes of due rows
        self.asked: list[Asking] = []
        self.history_of: dict[str, tuple[Import, Mapping[Partition, int]]] = {}
        self.waiting_on: dict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def history(self, streams: Iterable[str]) -> dict[str, list[Stored]]:
        return {stream: list(self.streams.get(stream, ())) for stream in streams}

    async def past(self, streams: Iterable[str]) -> dict[str, list[Past]]:
        return {
            stream: [Past(position=e.position, type=e.type, schema=e.schema, data=e.data) for e in events]
            for stream, events in (await self.history(streams)).items()
        }

    async def append(self, groups: Sequence[Group]) -> list[Answer]:
        if len({g.stream for g in groups}) != len(groups):
            raise ValueError("append takes one group per stream")
        outcomes = [self.outcome(g) for g in groups]
        for group, outcome in zip(groups, outcomes, strict=True):
            if outcome == "stored":
                self.add(group)
        return [Answer(outcome=o, position=self.position(g.stream)) for g, o in zip(groups, outcomes, strict=True)]

    def outcome(self, group: Group) -> str:
        if any(o.key in self.once for o in group.once):
            return "taken"
        seen = ((group.stream, group.expected), *group.guards)
        return "stored" if all(len(self.streams.get(s, ())) == version for s, version in seen) else "stale"

    def add(self, group: Group) -> None:
        held = self.streams[group.stream]
        for new in group.events:
            stored = Stored(
                position=len(self.events) + 1,
                stream=group.stream,
                version=len(held) + 1,
                topic=group.topic,
                partition=group.partition,
                occurred_at=new.occurred_at.astimezone(UTC),
                recorded_at=datetime.now(UTC),
                **{name: getattr(new, name) for name in ("id", "type", "schema", "data", "meta")},
            )
            self.events.append(stored)
            held.append(stored)
            self.waiting_on["log"].set()
        for o in group.once:
            self.once_at[o.key] = datetime.now(UTC)
            self.once[o.key] = Kept(
                digest=o.digest,
                stream=group.stream,
                version=o.version,
                position=self.position(group.stream) or 0,
                outcome=o.outcome,
            )

    def position(self, stream: str) -> int | None:
        held = self.streams.get(stream)
        return held[-1].position if held else None

    async def kept(self, keys: Sequence[str]) -> dict[str, Kept]:
        return {key: self.once[key] for key in keys if key in self.once}

    async def kept_policies(self) -> dict[str, Kept]:
        return {key: kept for key, kept in self.once.items() if key.startswith("policy:")}

    async def forget(self, age: timedelta) -> int:
        before = datetime.now(UTC) - age
        old = [key for key, at in self.once_at.items() if key.startswith("http:") and at < before]
        for key in old:
            del self.once[key], self.once_at[key]
        return len(old)

    async def tail(self, after: int, limit: int) -> list[Stored]:
        found, size = [], 0
        for stored in self.events[after : after + limit]:
            if size >= TAIL_BYTES:
                break
            found.append(stored)
            size += len(stored.data) + len(stored.meta)
        return found

    async def maximum(self) -> int:
        return len(self.events)

    async def identity(self) -> Identity:
        return Identity(id=self.log, former=self.former, republish=self.republish)

    async def republished(self) -> None:
        self.republish = False

    async def topics(self) -> dict[str, int]:
        return dict(self.partitions)

    async def cursors(self) -> dict[Partition, int]:
        return dict(self.moved)

    async def move_cursors(self, moved: Mapping[Partition, tuple[int, int]]) -> None:
        if any(self.moved.get(partition, 0) != before for partition, (before, _) in moved.items()):
            raise Moved("another relay moved a cursor")
        self.moved |= {partition: after for partition, (_, after) in moved.items()}

    async def checkpoints(self, reader: str) -> dict[Partition, Checkpoint]:
        return {partition: at for (owner, partition), at in self.tables["checkpoints"].items() if owner == reader}

    async def pass_over(
        self, reader: str, before: Mapping[Partition, Checkpoint | None], after: Mapping[Partition, Checkpoint]
    ) -> None:
        async with self.work() as work:
            await work.checkpoint(reader, before, after)

    def work(self, number: int = 1) -> AbstractAsyncContextManager["MemoryWork"]:
        return self.working(number)

    @asynccontextmanager
    async def working(self, number: int) -> AsyncIterator["MemoryWork"]:
        work = MemoryWork(self, number)
        yield work
        work.commit()

    async def prepare(self, readers: Sequence[Source]) -> None:
        for source in readers:
            if build := enlisted(source, await self.builds()):
                self.tables["readers"][build.reader] = build

    async def furnish(self, source: Source, build: Build) -> None:
        pass

    async def builds(self) -> list[Build]:
        found: list[Build] = list(self.tables["readers"].values())
        return sorted(found, key=lambda b: (b.name, b.version, b.number))

    async def standing(self, name: str) -> tuple[Build, dict[Partition, Checkpoint]] | None:
        served = self.served(name)
        return (served, await self.checkpoints(served.reader)) if served else None

    def served(self, name: str) -> Build | None:
        found: Iterable[Build] = self.tables["readers"].values()
        return next((b for b in found if b.name == name and b.state == "served"), None)

    def prefix(self, model: Model) -> str:
        """Of what is served; of the first build where nobody prepared it."""
        return (self.served(model.name) or Build(name=model.name, version=model.version)).prefix

    async def stand(self, reader: str, error: str) -> None:
        build: Build | None = self.tables["readers"].get(reader)
        if build is not None and build.state in RUNNING:
            state = "stopped" if error and build.state == "building" else build.state
            self.tables["readers"][reader] = replace(build, error=error, state=state)

    async def switch(self, build: Build, patience: float) -> bool:
        found: Build | None = self.tables["readers"].get(build.reader)
        served = self.served(build.name)
        if found is None or served is None or found.state != "building" or found.held or self.behind(served, found):
            return False
        self.hand_over(served, found)
        stood = await self.checkpoints(served.reader)
        for partition in stood:
            del self.tables["checkpoints"][served.reader, partition]
        for key in [key for key in self.tables["parked"] if key[0] == served.reader]:
            del self.tables["parked"][key]
        for key, at in list(self.tables["checkpoints"].items()):
            if key[0] == found.reader:
                past = min(stood[key[1]].past, at.past) if key[1] in stood else 0
                self.tables["checkpoints"][key] = msgspec.structs.replace(at, past=past)
        self.tables["readers"] |= {
            served.reader: replace(served, state="retired"),
            found.reader: replace(found, state="served", error=""),
        }
        self.waiting_on["readers"].set()
        return True

    def behind(self, served: Build, build: Build) -> bool:
        stands: dict[tuple[str, Partition], Checkpoint] = self.tables["checkpoints"]
        old, new = ({p: c for (reader, p), c in stands.items() if reader == b.reader} for b in (served, build))

        def replaced(p: Partition) -> bool:
            return build.accepts and p in old and p in new and old[p].log != new[p].log

        short = any(p not in new or new[p].position < old[p].position for p in old if not replaced(p))
        unread = any(c.position < c.past for p, c in new.items() if p not in old or replaced(p))
        return short or unread or not new or bool(self.tables[f"{build.prefix}_dirty"])

    def hand_over(self, served: Build, build: Build) -> None:
        """What is not told yet, or was told of a log that was replaced."""
        was, now = self.tables[f"{served.prefix}_result"], self.tables[f"{build.prefix}_result"]
        changed = [s for s, found in now.items() if s not in was or told(found) != told(was[s])]
        for subject in [*self.tables[f"{served.prefix}_dirty"], *(changed if build.accepts else ())]:
            now.pop(subject, None)
            now |= {subject: was[subject]} if subject in was else {}
            self.tables[f"{build.prefix}_dirty"][subject] = object()

    async def sweep(self) -> None:
        retired = tuple(b.prefix + end for b in await self.builds() if b.state == "retired" for end in ENDS)
        for name in retired:
            self.tables.pop(name, None)

    def waiting_due(self) -> list[Due]:
        """Deadlines by moment, then what is due at once, as it was left; without what waits for something else."""
        rows: dict[int, Due] = self.tables["due"]
        failed: dict[tuple[str, str], int] = {}
        for row in sorted(rows.values(), key=lambda row: row.id):
            if row.failed:
                failed.setdefault((row.reaction, row.stream), row.id)
        free = [
            r
            for r in rows.values()
            if not r.failed and r.id not in self.waits and r.id < failed.get((r.reaction, r.stream), r.id + 1)
        ]
        held = {i.scope for i, _ in self.history_of.values() if i.released_at is None}
        deadlines = [(r.at, r.id, r) for r in free if r.at and not held & {EVERYWHERE, self.scopes[r.id]}]
        return [r for *_, r in sorted(deadlines)] + sorted((r for r in free if not r.at), key=lambda row: row.id)

    async def due(self, now: datetime, limit: int, reactions: Sequence[str]) -> list[Due]:
        rows = [row for row in self.waiting_due() if row.reaction in reactions]
        deadlines = [row for row in rows if row.at and row.at <= now][: max(limit // 4, 1)]
        return [*deadlines, *(row for row in rows if not row.at)][:limit]

    async def next_due(self, reactions: Sequence[str]) -> datetime | None:
        rows = [row for row in self.waiting_due() if row.reaction in reactions]
        return next((row.made for row in rows if not row.at), next((row.at for row in rows), None))

    async def settle_due(
        self, done: Sequence[int], failed: Mapping[int, str], waits: Mapping[int, str] | None = None
    ) -> None:
        rows = self.tables["due"]
        for settled in done:
            rows.pop(settled, None)
        for waiting, error in failed.items():
            if waiting in rows:
                rows[waiting] = replace(rows[waiting], failed=error or "failed")
        self.waits |= waits or {}

    async def take_up(self, reactions: Sequence[str]) -> int:
        rows = self.tables["due"]
        again = [n for n in self.waits if n in rows and rows[n].reaction in reactions]
        for number in again:
            del self.waits[number]
        return len(again)

    async def start_import(self, name: str, scope: str, by: str) -> Import:
        new = Import(name=name, scope=scope, started_at=datetime.now(UTC), started_by=by)
        return self.history_of.setdefault(name, (new, {}))[0]

    async def complete_import(self, name: str, positions: Mapping[Partition, int]) -> Import:
        found, _ = self.opened(name)
        if not found.completed_at and not found.released_at:
            self.history_of[name] = replace(found, completed_at=datetime.now(UTC)), dict(positions)
            self.waiting_on["due"].set()
        return self.history_of[name][0]

    async def end_import(self, name: str, by: str, reason: str) -> Import:
        found, positions = self.opened(name)
        if not found.released_at:
            ended = replace(found, released_at=datetime.now(UTC), ended_by=by, reason=reason)
            self.history_of[name] = ended, positions
            self.waiting_on["due"].set()
        return self.history_of[name][0]

    def opened(self, name: str) -> tuple[Import, Mapping[Partition, int]]:
        if name not in self.history_of:
            raise Unknown(f"there is no import {name}; there is: {list(self.history_of)}")
        return self.history_of[name]

    async def imports(self) -> list[Import]:
        return [found for found, _ in reversed(self.history_of.values())]

    async def waiting(self, reader: str = "", event: str = "") -> list[Waiting]:
        parked: list[Parked] = sorted(self.tables["parked"].values(), key=lambda p: p.position)
        failed = [d for d in self.tables["due"].values() if d.failed]
        found = [
            Waiting(reader=p.reader, id=identity(p), stream=p.stream, error=p.error, since=AGES_AGO, request=p.request)
            for p in parked
        ] + [
            Waiting(reader=d.reaction, id=f"due/{d.id}", stream=d.stream, error=d.failed, since=d.made) for d in failed
        ]
        found = [w for w in found if reader in ("", w.reader) and event in ("", w.id)]
        return [replace(w, requests=self.asked_for(w)) for w in found] if event else found

    def asked_for(self, w: Waiting) -> tuple[Asking, ...]:
        mine = (a for a in self.asked if a.reader == w.reader)
        return tuple(a for a in mine if a.stream in ("", w.stream) and a.event in ("", w.id))

    async def ask(self, asking: Asking) -> int:
        a, parked = asking, self.tables["parked"]
        first: dict[tuple[str, str], Parked] = {}
        for p in sorted(parked.values(), key=lambda p: p.position):
            first.setdefault((p.reader, p.stream), p)
        meant = [p for p in first.values() if p.error and fits(a, p.reader, p.stream, identity(p))]
        due = [d for d in self.tables["due"].values() if d.failed or d.id in self.waits]
        rows = [d for d in due if fits(a, d.reaction, d.stream, f"due/{d.id}")]
        if not meant and not rows:
            raise Unknown(f"{a.reader} has nothing parked of {a.stream or a.event or 'any stream'}")
        self.asked.append(replace(a, at=datetime.now(UTC)))
        for p in meant:
            parked[place(p)] = replace(p, request=a.what)
        for d in rows:
            self.waits.pop(d.id, None)
            self.tables["due"][d.id] = replace(d, failed="")
            if a.what == "discard":
                left = Parked(reader=d.reaction, partition=("due", 0), position=d.id, stream=d.stream, record=d.trigger)
                self.tables["discarded"][place(left)] = replace(left, error=d.failed)
                del self.tables["due"][d.id]
        self.waiting_on["due"].set()
        return len(meant) + len(rows)

    async def backlog(self) -> Backlog:
        now, rows = datetime.now(UTC), self.waiting_due()
        late = [(now - (row.at or row.made)).total_seconds() for row in rows]
        held = [(now - i.started_at).total_seconds() for i, _ in self.history_of.values() if not i.released_at]
        return Backlog(
            parked={
                reader: (n, 0.0) for reader, n in Counter(p.reader for p in self.tables["parked"].values()).items()
            },
            due=max([0.0, *late]),
            stuck=sum(bool(row.failed) for row in self.tables["due"].values()),
            waits=len(self.waits),
            importing=max([0.0, *held]),
        )

    async def discards(self) -> list[Discarded]:
        found = []
        for p in reversed(self.tables["discarded"].values()):
            fitting = (a for a in self.asked if a.what == "discard" and fits(a, p.reader, p.stream, identity(p)))
            who = next(fitting, Asking(actor="", what="discard", reader=p.reader, at=AGES_AGO))
            told = {"stream": p.stream, "error": p.error, "at": who.at or AGES_AGO}
            found.append(Discarded(reader=p.reader, id=identity(p), actor=who.actor, reason=who.reason, **told))
        return found

    async def release(self, readers: Sequence[str]) -> list[str]:
        if any(not row.at for row in self.waiting_due()):
            return []
        stands: dict[tuple[str, Partition], Checkpoint] = self.tables["checkpoints"]
        topics = {(reader, partition[0]) for reader, partition in stands if reader in readers}
        released = []
        for name, (found, positions) in self.history_of.items():
            asked = [((reader, p), n) for p, n in positions.items() for reader, topic in topics if topic == p[0]]
            passed = all(at in stands and stands[at].position >= n for at, n in asked)
            if found.completed_at and not found.released_at and passed:
                released.append(name)
        for name in released:
            found, positions = self.history_of[name]
            self.history_of[name] = replace(found, released_at=datetime.now(UTC)), positions
        return released

    async def wait(self, channel: str, timeout: float) -> None:
        event = self.waiting_on[channel]
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await event.wait()
        event.clear()

    async def rows(self, projection: Projection[R, Any], keys: Sequence[tuple[Any, ...]]) -> list[R]:
        held = self.tables[self.prefix(projection)]
        return [held[key] for key in keys if key in held]

    async def page(
        self, projection: Projection[R, Any], equal: Mapping[str, Any], after: tuple[Any, ...] | None, limit: int
    ) -> list[R]:
        if unknown := equal.keys() - getattr(projection.row, "__dataclass_fields__", {}).keys():
            raise KeyError(*unknown)
        held = self.tables[self.prefix(projection)]
        fitting = (row for row in held.values() if all(getattr(row, name) == v for name, v in equal.items()))
        ordered = sorted(fitting, key=projection.identity)
        return [row for row in ordered if after is None or projection.identity(row) > after][:limit]

    async def result(self, facts: Facts[Any, Any, Any, Any], subject: str) -> Result | None:
        found: tuple[NewResult, datetime] | None = self.tables[f"{self.prefix(facts)}_result"].get(subject)
        if found is None:
            return None
        new, at = found
        document = msgspec.json.decode(new.document) if new.document else None
        return Result(document=document, used=new.used, computed_at=at, error=new.error)

    async def results(self, facts: Facts[Any, Any, Any, Any], after: str, limit: int) -> dict[str, Result]:
        subjects = sorted(subject for subject in self.tables[f"{self.prefix(facts)}_result"] if subject > after)[:limit]
        found = {subject: await self.result(facts, subject) for subject in subjects}
        return {subject: result for subject, result in found.items() if result is not None}

    async def known(self, facts: Facts[Any, Any, Any, Any], subjects: Sequence[str]) -> dict[str, list[Held]]:
        return MemoryWork(self).held(self.prefix(facts), subjects)

    async def person_keys(self, owners: Sequence[tuple[str, str]]) -> dict[tuple[str, str], bytes | None]:
        erased = self.tables["erased"]
        return {owner: None if owner[0] in erased else self.keys[owner] for owner in owners if owner in self.keys}

    async def add_person_keys(self, keys: Mapping[tuple[str, str], bytes]) -> None:
        erased = self.tables["erased"]
        self.keys = {**{owner: key for owner, key in keys.items() if owner[0] not in erased}, **self.keys}

    async def close(self) -> None:
        pass


class MemoryWork:
    """Remembers what it read and what it is to write; commits where nothing that it read has changed since."""

    def __init__(self, store: MemoryStore, number: int = 1) -> None:
        self.store, self.number = store, number
        self.seen: dict[tuple[str, Any], Any] = {}
        self.changed: dict[tuple[str, Any], Any] = {}

    def get(self, name: str, key: Any) -> Any:
        if (name, key) in self.changed:
            return self.changed[name, key]
        return self.seen.setdefault((name, key), self.store.tables[name].get(key))

    def put(self, name: str, key: Any, value: Any) -> None:
        """None deletes. What is written blindly is looked at too: of two that write it, the first to commit wins."""
        self.get(name, key)
        self.changed[name, key] = value

    def scan(self, name: str) -> dict[Any, Any]:
        keys = [*self.store.tables[name], *(key for at, key in self.changed if at == name)]
        return {key: found for key in keys if (found := self.get(name, key)) is not None}

    def commit(self) -> None:
        if any(self.store.tables[name].get(key) is not was for (name, key), was in self.seen.items()):
            raise Moved("two transactions met")
        for (name, key), new in self.changed.items():
            if new is None:
                self.store.tables[name].pop(key, None)
            else:
                self.store.tables[name][key] = new
        if any(name == "due" for name, _ in self.changed):
            self.store.waiting_on["due"].set()

    def prefix(self, model: Model) -> str:
        return Build(name=model.name, version=model.version, number=self.number).prefix

    async def state(self, reader: str) -> str:
        build = self.get("readers", reader)
        return build.state if build else ""

    async def rows(self, projection: Projection[R, Any], keys: Sequence[tuple[Any, ...]]) -> list[R]:
        return [row for key in keys if (row := self.get(self.prefix(projection), key)) is not None]

    async def put_rows(self, projection: Projection[R, Any], rows: Sequence[R]) -> None:
        for row in rows:
            self.put(self.prefix(projection), projection.identity(row), row)

    async def gather(self, facts: Facts[Any, Any, Any, Any], found: Sequence[Gathered]) -> None:
        name = self.prefix(facts)
        for g in found:
            self.put(f"{name}_fact", g.thing, {g.held.id: g.held, **(self.get(f"{name}_fact", g.thing) or {})})
            subjects = (self.get(f"{name}_subjects", g.thing) or frozenset()) | frozenset(g.subjects)
            self.put(f"{name}_subjects", g.thing, subjects)
            for subject in g.subjects:
                self.put(f"{name}_things", subject, (self.get(f"{name}_things", subject) or frozenset()) | {g.thing})
            for subject in subjects:
                self.put(f"{name}_dirty", subject, object())

    async def dirty(self, facts: Facts[Any, Any, Any, Any], limit: int) -> list[str]:
        name = f"{self.prefix(facts)}_dirty"
        taken = sorted(self.scan(name))[:limit]
        for subject in taken:
            self.put(name, subject, None)
        return taken

    async def in_the_past(self, facts: Facts[Any, Any, Any, Any], reader: str) -> bool:
        begun = {key: at for key, at in self.scan("checkpoints").items() if key[0] == reader and at.past}
        if any(at.position < at.past for at in begun.values()) or self.scan(f"{self.prefix(facts)}_dirty"):
            return bool(begun)
        for key, at in begun.items():
            self.put("checkpoints", key, msgspec.structs.replace(at, past=0))
        return False

    async def soil(self, facts: Facts[Any, Any, Any, Any], codes: Sequence[str]) -> None:
        name = self.prefix(facts)
        for subject, (result, _) in self.scan(f"{name}_result").items():
            if result.error.partition(" ")[0] in codes:
                self.put(f"{name}_dirty", subject, object())

    async def facts(self, facts: Facts[Any, Any, Any, Any], subjects: Sequence[str]) -> dict[str, list[Held]]:
        return self.held(self.prefix(facts), subjects)

    def held(self, name: str, subjects: Sequence[str]) -> dict[str, list[Held]]:
        things = {subject: self.get(f"{name}_things", subject) or frozenset() for subject in subjects}
        return {s: [h for thing in things[s] for h in self.get(f"{name}_fact", thing).values()] for s in subjects}

    async def put_results(self, facts: Facts[Any, Any, Any, Any], results: Sequence[NewResult]) -> list[str]:
        name = f"{self.prefix(facts)}_result"
        changed = []
        for new in results:
            before = self.get(name, new.subject)
            if before is None or (before[0].document, before[0].error) != (new.document, new.error):
                changed.append(new.subject)
            self.put(name, new.subject, (new, datetime.now(UTC)))
        return changed

    async def erase(self, persons: Sequence[str]) -> None:
        for person in persons:
            self.put("erased", person, True)

    async def add_due(self, due: Sequence[NewDue]) -> None:
        for new in due:
            row = Due(
                id=next(self.store.due_ids),
                reaction=new.reaction,
                at=new.at,
                stream=new.stream,
                trigger=new.trigger,
                made=datetime.now(UTC),
            )
            self.put("due", row.id, row)
            self.store.scopes[row.id] = new.scope

    async def parked(self, reader: str) -> list[Parked]:
        return sorted((p for p in self.scan("parked").values() if p.reader == reader), key=lambda p: p.position)

    async def park(self, parked: Sequence[Parked]) -> None:
        for p in parked:
            self.put("parked", place(p), replace(p, request=""))

    async def unpark(self, parked: Sequence[Parked], discard: bool) -> None:
        for p in parked:
            found = self.get("parked", place(p))
            if not found:
                raise Moved(f"{p.reader} {p.partition}/{p.position} is no longer parked")
            if discard:
                self.put("discarded", place(p), found)
            self.put("parked", place(p), None)

    async def discarded(self, name: str) -> list[bytes]:
        rows: dict[Any, Parked] = self.store.tables["discarded"]
        return [p.record for p in rows.values() if p.reader.partition("/")[0] == name and p.partition[0] != "due"]

    async def checkpoint(
        self, reader: str, before: Mapping[Partition, Checkpoint | None], after: Mapping[Partition, Checkpoint]
    ) -> None:
        for partition, now in after.items():
            stands, was = self.get("checkpoints", (reader, partition)), before.get(partition)
            if (stands is None) != (was is None) or (
                stands and was and (stands.log, stands.offset) != (was.log, was.offset)
            ):
                raise Moved(f"{reader} {partition} has another owner")
            self.put(
                "checkpoints",
                (reader, partition),
                msgspec.structs.replace(now, past=stands.past if stands else now.past),
            )


def told(result: tuple[NewResult, datetime]) -> tuple[bytes, str]:
    return result[0].document, result[0].error


def place(parked: Parked) -> tuple[str, Partition, int]:
    return parked.reader, parked.partition, parked.position


def identity(parked: Parked) -> str:
    return f"{parked.partition[0]}/{parked.partition[1]}/{parked.position}"


def fits(a: Asking, reader: str, stream: str, event: str) -> bool:
    return a.reader == reader and a.stream in ("", stream) and a.event in ("", event)
