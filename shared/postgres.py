"""The store on PostgreSQL: all SQL of the kernel, but for the rows of projections (rows.py)."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, cast

import asyncpg
import msgspec

from shared import operations, readers
from shared.broker import Partition, Unavailable
from shared.build import Build, Model, Source
from shared.facts import Facts
from shared.projection import Projection
from shared.rows import Table, table
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
    Unfit,
    Waiting,
)

R = TypeVar("R")
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

MIGRATIONS = (Path(__file__).with_name("schema.sql"),)
# In the order of the fields of `Stored`.
EVENT = "position, stream, version, topic, partition, id::text, type, schema, occurred_at, recorded_at, data, meta"
AWAY = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the connection broke off between two steps of a statement
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shut down, crashed, still starting, or cancelled by a timeout
    asyncpg.InsufficientResourcesError,  # no memory, disk or connection left
    asyncpg.PostgresSystemError,
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TransactionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,  # a standby, for as long as it is one
)
# Not the failed rows, nor those that wait behind a failed one of their stream, or for a policy.
WAITING = """from due d where failed = '' and waits = '' and reaction = any($1::text[]) and not exists (
    select from due f where f.failed <> '' and f.reaction = d.reaction and f.stream = d.stream and f.id < d.id)"""
FREE = f"""not exists (select from imports i
    where i.released_at is null and i.scope in ('{EVERYWHERE}', d.scope))"""
FORGOTTEN_AT_ONCE = 5_000
MET = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)


def kept_text(text: str) -> str:
    """What went wrong, as a text that the database keeps: an error may quote what it cannot."""
    return text[:4000].replace("\0", "\\0").encode(errors="replace").decode()


@asynccontextmanager
async def answering() -> AsyncIterator[None]:
    """The database away, or two transactions met: told apart from an error of ours."""
    try:
        yield
    except MET as error:
        raise Moved(str(error)) from error
    except AWAY as error:
        raise Unavailable(f"PostgreSQL: {type(error).__name__}: {error}") from error


UNFIT = (
    asyncpg.UndefinedColumnError,
    asyncpg.UndefinedFunctionError,  # two types that are not compared
    asyncpg.UndefinedTableError,
    asyncpg.DatatypeMismatchError,
    asyncpg.DataError,
    msgspec.ValidationError,
)


@asynccontextmanager
async def fitting(name: str) -> AsyncIterator[None]:
    try:
        yield
    except UNFIT as error:
        raise Unfit(f"what is served as {name} was built by another version: {error}") from error


class PostgresStore:
    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", log: str, topics: Mapping[str, int]) -> None:
        self.pool, self.log, self.partitions = pool, log, dict(topics)
        self.waiting_on: dict[str, asyncio.Event] = {name: asyncio.Event() for name in ("log", "due", "readers")}
        self.deaf = False
        self.listener: asyncpg.pool.PoolConnectionProxy[asyncpg.Record] | None = None
        self.listening = asyncio.Lock()

    async def history(self, streams: Iterable[str]) -> dict[str, list[Stored]]:
        found: dict[str, list[Stored]] = {stream: [] for stream in streams}
        sql = f"select {EVENT} from events where stream = any($1::text[]) order by stream, version"
        async with answering():
            records = await self.pool.fetch(sql, list(found))
        for record in records:
            found[record["stream"]].append(Stored(*record))
        return found

    async def past(self, streams: Iterable[str]) -> dict[str, list[Past]]:
        found: dict[str, list[Past]] = {stream: [] for stream in streams}
        sql = """select stream, position, type, schema, data from events where stream = any($1::text[])
                  order by stream, version"""
        async with answering():
            records = await self.pool.fetch(sql, list(found))
        for stream, position, type_, schema, data in records:
            found[stream].append(Past(position=position, type=type_, schema=schema, data=data))
        return found

    async def append(self, groups: Sequence[Group]) -> list[Answer]:
        each = list(enumerate(groups, 1))
        async with answering():
            answers = await self.pool.fetch(
                "select * from append($1, $2, $3, $4)",
                [(g.stream, g.expected, g.topic, g.partition) for g in groups],
                [(i, e.id, e.type, e.schema, e.occurred_at, e.data, e.meta) for i, g in each for e in g.events],
                [(i, *s) for i, g in each for s in g.guards],
                [(i, o.key, o.digest, o.version, o.outcome) for i, g in each for o in g.once],
            )
        return [Answer(outcome=outcome, position=position) for _, outcome, position in answers]

    async def kept(self, keys: Sequence[str]) -> dict[str, Kept]:
        if not keys:
            return {}
        sql = "select key, digest, stream, version, position, outcome from once where key = any($1::text[])"
        async with answering():
            records = await self.pool.fetch(sql, list(keys))
        return kept_by_key(records)

    async def kept_policies(self) -> dict[str, Kept]:
        # The index once_of_policies answers this.
        sql = "select key, digest, stream, version, position, outcome from once where starts_with(key, 'policy:')"
        async with answering():
            return kept_by_key(await self.pool.fetch(sql))

    async def forget(self, age: timedelta) -> int:
        # The index once_of_requests answers this; no transaction holds many rows.
        sql = """delete from once where key in (
                   select key from once where starts_with(key, 'http:') and at < now() - $1::interval limit $2)"""
        forgotten, count = 0, FORGOTTEN_AT_ONCE
        while count == FORGOTTEN_AT_ONCE:
            async with answering():
                count = int((await self.pool.execute(sql, age, FORGOTTEN_AT_ONCE)).split()[-1])
            forgotten += count
        return forgotten

    async def tail(self, after: int, limit: int) -> list[Stored]:
        # The length of a value does not read it, so what is cut off costs nothing.
        sql = f"""select {EVENT} from (
                    select *, sum(octet_length(data) + octet_length(meta)) over (order by position
                                  rows between unbounded preceding and 1 preceding) as before
                      from (select {EVENT} from events where position > $1 order by position limit $2) e) e
                   where before is null or before < $3 order by position"""
        async with answering():
            return [Stored(*r) for r in await self.pool.fetch(sql, after, limit, TAIL_BYTES)]

    async def maximum(self) -> int:
        async with answering():
            return await self.pool.fetchval("select coalesce(max(position), 0) from events") or 0

    async def identity(self) -> Identity:
        async with answering():
            found = await self.pool.fetchrow("select id, former, republish from log")
        if found is None:
            raise RuntimeError("the database has no log")
        self.log = found["id"]
        return Identity(id=found["id"], former=tuple(found["former"]), republish=found["republish"])

    async def republished(self) -> None:
        async with answering():
            await self.pool.execute("update log set republish = false")

    async def topics(self) -> dict[str, int]:
        return dict(self.partitions)

    async def cursors(self) -> dict[Partition, int]:
        async with answering():
            records = await self.pool.fetch("select topic, partition, position from cursors")
        return {(r["topic"], r["partition"]): r["position"] for r in records}

    async def move_cursors(self, moved: Mapping[Partition, tuple[int, int]]) -> None:
        sql = """
            with moved as (
              select * from unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[])
                         as m(topic, partition, before, after)
            ), changed as (
              update cursors c set position = m.after from moved m
               where c.topic = m.topic and c.partition = m.partition and c.position = m.before returning 1
            ), made as (
              insert into cursors (topic, partition, position)
              select m.topic, m.partition, m.after from moved m where m.before = 0
                 and not exists (select from cursors c where c.topic = m.topic and c.partition = m.partition)
              on conflict do nothing returning 1
            ) select 1 / ((select count(*) from changed) + (select count(*) from made) = cardinality($1))::int
        """
        try:
            async with answering():
                await self.pool.execute(sql, *columns(4, [(*place, *fromto) for place, fromto in moved.items()]))
        except asyncpg.DivisionByZeroError as error:  # all or none in one statement, without a transaction around it
            raise Moved("another relay moved a cursor") from error

    async def checkpoints(self, reader: str) -> dict[Partition, Checkpoint]:
        sql = 'select topic, partition, log, "offset", position, past from checkpoints where reader = $1'
        async with answering():
            records = await self.pool.fetch(sql, reader)
        return {(r["topic"], r["partition"]): checkpoint(r) for r in records}

    async def pass_over(
        self, reader: str, before: Mapping[Partition, Checkpoint | None], after: Mapping[Partition, Checkpoint]
    ) -> None:
        # Without a transaction around it: most readers are not concerned by most batches.
        async with answering(), self.pool.acquire() as connection:
            await PostgresWork(connection, 1).checkpoint(reader, before, after)

    def work(self, number: int = 1) -> AbstractAsyncContextManager["PostgresWork"]:
        return self.working(number)

    @asynccontextmanager
    async def working(self, number: int) -> AsyncIterator["PostgresWork"]:
        # REPEATABLE READ: several partitions write one row; under READ COMMITTED the later one would win silently.
        async with (
            answering(),
            self.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read"),
        ):
            yield PostgresWork(connection, number)

    async def prepare(self, readers_: Sequence[Source]) -> None:
        async with answering(), self.pool.acquire() as connection, connection.transaction():
            await readers.enlist(connection, readers_)

    async def furnish(self, source: Source, build: Build) -> None:
        async with answering(), self.pool.acquire() as connection, connection.transaction():
            await readers.furnish(connection, source, build)

    async def builds(self) -> list[Build]:
        async with answering(), self.pool.acquire() as connection:
            return await readers.known(connection)

    async def standing(self, name: str) -> tuple[Build, dict[Partition, Checkpoint]] | None:
        sql = """select r.name, r.version, r.number, r.state, r.held, r.accepts, r.error,
                        c.topic, c.partition, c.log, c."offset", c.position, c.past
                   from readers r left join checkpoints c using (reader) where r.name = $1 and r.state = 'served'"""
        async with answering():
            records = await self.pool.fetch(sql, name)
        if not records:
            return None
        build = Build(**dict(list(records[0].items())[:7]))
        return build, {(r["topic"], r["partition"]): checkpoint(r) for r in records if r["topic"] is not None}

    async def stand(self, reader: str, error: str) -> None:
        async with answering(), self.pool.acquire() as connection:
            await readers.stand(connection, reader, error)

    async def switch(self, build: Build, patience: float) -> bool:
        async with answering(), self.pool.acquire() as connection, connection.transaction():
            return await readers.switch(connection, build.reader, patience)

    async def sweep(self) -> None:
        async with answering(), self.pool.acquire() as connection:
            await readers.sweep(connection)

    async def due(self, now: datetime, limit: int, reactions: Sequence[str]) -> list[Due]:
        row = "select id, reaction, at, stream, trigger, made, failed"
        sql = f"""(({row} {WAITING} and at <= $2 and {FREE} order by at, id limit greatest($3 / 4, 1))
                   union all ({row} {WAITING} and at is null order by id limit $3)) limit $3"""
        async with answering():
            return [Due(**dict(r)) for r in await self.pool.fetch(sql, list(reactions), now, limit)]

    async def next_due(self, reactions: Sequence[str]) -> datetime | None:
        sql = f"""select coalesce((select made {WAITING} and at is null order by id limit 1),
                                  (select at {WAITING} and at is not null and {FREE} order by at, id limit 1))"""
        async with answering():
            found: datetime | None = await self.pool.fetchval(sql, list(reactions))
            return found

    async def settle_due(
        self, done: Sequence[int], failed: Mapping[int, str], waits: Mapping[int, str] | None = None
    ) -> None:
        mark = "update due set {} = f.why from unnest($1::bigint[], $2::text[]) as f(id, why) where due.id = f.id"
        async with answering(), self.pool.acquire() as connection, connection.transaction():
            await connection.execute("delete from due where id = any($1::bigint[])", list(done))
            for column, why in (("failed", failed), ("waits", waits or {})):
                words = [kept_text(text) or column for text in why.values()]
                await connection.execute(mark.format(column), list(why), words)

    async def take_up(self, reactions: Sequence[str]) -> int:
        sql = "update due set waits = '' where waits <> '' and reaction = any($1::text[])"
        async with answering():
            return int((await self.pool.execute(sql, list(reactions))).split()[-1])

    async def start_import(self, name: str, scope: str, by: str) -> Import:
        sql = "insert into imports (name, scope, started_by) values ($1, $2, $3) on conflict do nothing"
        async with answering(), self.pool.acquire() as connection:
            await connection.execute(sql, name, scope, by)
            return await operations.import_of(connection, name)

    async def complete_import(self, name: str, positions: Mapping[Partition, int]) -> Import:
        asked = [{"topic": topic, "partition": n, "position": at} for (topic, n), at in positions.items()]
        sql = """update imports set completed_at = now(), positions = $2::jsonb
                  where name = $1 and completed_at is null and released_at is null"""
        async with answering(), self.pool.acquire() as connection:
            await connection.execute(sql, name, msgspec.json.encode(asked).decode())
            await connection.execute("select pg_notify('due', '')")
            return await operations.import_of(connection, name)

    async def end_import(self, name: str, by: str, reason: str) -> Import:
        async with answering(), self.pool.acquire() as connection:
            return await operations.end(connection, name, by, reason)

    async def imports(self) -> list[Import]:
        async with answering(), self.pool.acquire() as connection:
            return await operations.imports(connection)

    async def waiting(self, reader: str = "", event: str = "") -> list[Waiting]:
        async with answering(), self.pool.acquire() as connection:
            return await operations.waiting(connection, reader, event)

    async def ask(self, asking: Asking) -> int:
        async with answering(), self.pool.acquire() as connection:
            return await operations.ask(connection, asking)

    async def backlog(self) -> Backlog:
        async with answering(), self.pool.acquire() as connection:
            return await operations.backlog(connection)

    async def discards(self) -> list[Discarded]:
        async with answering(), self.pool.acquire() as connection:
            return await operations.discarded(connection)

    async def release(self, readers: Sequence[str]) -> list[str]:
        # A reader of a topic without a checkpoint of a partition has not read any of it.
        sql = """update imports i set released_at = now() where completed_at is not null and released_at is null
                   and not exists (select from due where failed = '' and waits = '' and at is null)
                   and not exists (
                     select from jsonb_to_recordset(i.positions) as p(topic text, partition int, position bigint)
                       join (select distinct reader, topic from checkpoints where reader = any($1::text[])) r
                         using (topic)
                       left join checkpoints c on (c.reader, c.topic, c.partition) = (r.reader, p.topic, p.partition)
                      where coalesce(c.position, 0) < p.position)
                 returning name"""
        async with answering():
            return [r["name"] for r in await self.pool.fetch(sql, list(readers))]

    async def wait(self, channel: str, timeout: float) -> None:
        async with answering(), self.listening:
            if self.listener is None or self.deaf:
                await self.listen()
        event = self.waiting_on[channel]
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):  # not wait_for: before Python 3.12 it may swallow a cancellation
                await event.wait()
        event.clear()

    async def listen(self) -> None:
        async with answering():
            self.listener, self.deaf = await self.pool.acquire(), False
            self.listener.add_termination_listener(self.lost)
            for channel, event in self.waiting_on.items():
                await self.listener.add_listener(channel, lambda *_, e=event: e.set())
                event.set()  # what was written before we listened was told to nobody

    def lost(self, *_: object) -> None:
        """The connection that listens ended: whoever waits looks again."""
        self.deaf = True
        for event in self.waiting_on.values():
            event.set()

    async def rows(self, projection: Projection[R, Any], keys: Sequence[tuple[Any, ...]]) -> list[R]:
        t = table(f"served_{projection.name}", cast("Any", projection.row))
        async with answering(), fitting(projection.name), self.pool.acquire() as connection:
            return await rows(connection, t, keys)

    async def page(
        self, projection: Projection[R, Any], equal: Mapping[str, Any], after: tuple[Any, ...] | None, limit: int
    ) -> list[R]:
        t: Table[R] = table(f"served_{projection.name}", cast("Any", projection.row))
        store = {c.name: c.store for c in t.columns}
        values = [store[name](v) for name, v in equal.items()]
        async with answering(), fitting(projection.name):
            records = await self.pool.fetch(t.page(list(equal), after is not None), *values, *(after or ()), limit)
            return [t.load(r) for r in records]

    async def result(self, facts: Facts[Any, Any, Any, Any], subject: str) -> Result | None:
        sql = f"select document, used, computed_at, error from served_{facts.name}_result where subject = $1"
        async with answering():
            r = await self.pool.fetchrow(sql, subject)
        return None if r is None else result_of(r)

    async def results(self, facts: Facts[Any, Any, Any, Any], after: str, limit: int) -> dict[str, Result]:
        sql = f"""select subject, document, used, computed_at, error from served_{facts.name}_result
                   where subject > $1 collate "C" order by subject collate "C" limit $2"""
        async with answering():
            records = await self.pool.fetch(sql, after, limit)
        return {r["subject"]: result_of(r) for r in records}

    async def known(self, facts: Facts[Any, Any, Any, Any], subjects: Sequence[str]) -> dict[str, list[Held]]:
        async with answering(), self.pool.acquire() as connection:
            return await held(connection, f"served_{facts.name}", subjects)

    async def person_keys(self, owners: Sequence[tuple[str, str]]) -> dict[tuple[str, str], bytes | None]:
        sql = """select person, class, wrapped from keys
                   join unnest($1::text[], $2::text[]) as o(person, class) using (person, class)"""
        async with answering():
            records = await self.pool.fetch(sql, *columns(2, owners))
        return {(r["person"], r["class"]): r["wrapped"] for r in records}

    async def add_person_keys(self, keys: Mapping[tuple[str, str], bytes]) -> None:
        # The row without a class is written by whoever adds a key and by whoever erases, so that the two meet.
        sql = """
            with new as (select * from unnest($1::text[], $2::text[], $3::bytea[]) as n(person, class, wrapped)),
            known as (
              insert into keys (person, class, wrapped) select distinct person, '', ''::bytea from new order by person
              on conflict (person, class) do update set at = now() where keys.wrapped is not null returning person
            )
            insert into keys (person, class, wrapped) select new.* from new join known using (person)
            on conflict do nothing"""
        async with answering():
            await self.pool.execute(sql, *columns(3, [(*owner, wrapped) for owner, wrapped in keys.items()]))

    async def close(self) -> None:
        if self.listener is not None:
            with suppress(*AWAY):
                await self.listener.close()
        try:
            await asyncio.wait_for(self.pool.close(), 5)
        except (TimeoutError, *AWAY):
            self.pool.terminate()


class PostgresWork:
    def __init__(self, connection: Connection, number: int) -> None:
        self.connection, self.number = connection, number

    def prefix(self, model: Model) -> str:
        return Build(name=model.name, version=model.version, number=self.number).prefix

    def table(self, projection: Projection[R, Any]) -> Table[R]:
        return cast("Table[R]", table(self.prefix(projection), cast("Any", projection.row)))

    async def state(self, reader: str) -> str:
        return await self.connection.fetchval("select state from readers where reader = $1", reader) or ""

    async def rows(self, projection: Projection[R, Any], keys: Sequence[tuple[Any, ...]]) -> list[R]:
        return await rows(self.connection, self.table(projection), keys)

    async def put_rows(self, projection: Projection[R, Any], changed: Sequence[R]) -> None:
        t = self.table(projection)
        await self.connection.execute(t.upsert, *t.values(changed))

    async def gather(self, facts: Facts[Any, Any, Any, Any], found: Sequence[Gathered]) -> None:
        name = self.prefix(facts)
        things = sorted({g.thing for g in found})
        # Two that gather for one thing must meet: neither sees the other's event, nor the subjects that it names.
        await self.connection.execute(
            f"insert into {name}_about (thing) select * from unnest($1::text[])"
            f" on conflict (thing) do update set gathered = {name}_about.gathered + 1",
            things,
        )
        kept = [(g.thing, h.id, h.service, h.type, h.schema, h.data, h.meta) for g in found for h in (g.held,)]
        await self.connection.execute(
            f"insert into {name}_fact (thing, id, service, type, schema, data, meta) select * from"
            " unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::int[], $6::bytea[], $7::bytea[])"
            " on conflict do nothing",
            *columns(7, kept),
        )
        pairs = sorted({(subject, g.thing) for g in found for subject in g.subjects})
        await self.connection.execute(
            f"insert into {name}_thing (subject, thing) select * from unnest($1::text[], $2::text[])"
            " on conflict do nothing",
            *columns(2, pairs),
        )
        # The update, not `do nothing`: a settling transaction that deletes the row must meet us, or our fact is lost.
        await self.connection.execute(
            f"insert into dirty (facts, subject) select $1, t.subject from"
            f" (select distinct subject from {name}_thing where thing = any($2::text[]) order by subject) t"
            " on conflict (facts, subject) do update set touched = dirty.touched + 1",
            name,
            things,
        )

    async def dirty(self, facts: Facts[Any, Any, Any, Any], limit: int) -> list[str]:
        # What another one settles now is left to him: waiting for his row would only end in meeting him.
        sql = """delete from dirty where facts = $1 and subject in (
                   select subject from dirty where facts = $1 order by subject limit $2 for update skip locked
                 ) returning subject"""
        return [r["subject"] for r in await self.connection.fetch(sql, self.prefix(facts), limit)]

    async def in_the_past(self, facts: Facts[Any, Any, Any, Any], reader: str) -> bool:
        await self.connection.execute(
            "update checkpoints set past = 0 where reader = $1 and past > 0"
            " and not exists (select from checkpoints where reader = $1 and position < past)"
            " and not exists (select from dirty where facts = $2)",
            reader,
            self.prefix(facts),
        )
        sql = "select exists (select from checkpoints where reader = $1 and past > 0)"
        return bool(await self.connection.fetchval(sql, reader))

    async def soil(self, facts: Facts[Any, Any, Any, Any], codes: Sequence[str]) -> None:
        await self.connection.execute(
            f"insert into dirty (facts, subject) select $1, subject from {self.prefix(facts)}_result"
            " where split_part(error, ' ', 1) = any($2::text[]) order by subject"
            " on conflict (facts, subject) do update set touched = dirty.touched + 1",
            self.prefix(facts),
            list(codes),
        )

    async def facts(self, facts: Facts[Any, Any, Any, Any], subjects: Sequence[str]) -> dict[str, list[Held]]:
        return await held(self.connection, self.prefix(facts), subjects)

    async def put_results(self, facts: Facts[Any, Any, Any, Any], results: Sequence[NewResult]) -> list[str]:
        name = self.prefix(facts)
        # Written even where it is the same: of two that settle a subject from other facts, one has to fail.
        written = await self.connection.fetch(
            f"insert into {name}_result as r (subject, document, used, error)"
            " select n.subject, n.document, array(select jsonb_array_elements_text(n.used::jsonb)), n.error"
            " from unnest($1::text[], $2::bytea[], $3::text[], $4::text[]) as n(subject, document, used, error)"
            " on conflict (subject) do update set document = excluded.document, used = excluded.used,"
            " error = excluded.error, computed_at = now()"
            " returning subject, (old.document, old.error) is distinct from (new.document, new.error) as changed",
            [r.subject for r in results],
            [r.document for r in results],
            [msgspec.json.encode(r.used).decode() for r in results],
            [kept_text(r.error) for r in results],
        )
        return [r["subject"] for r in written if r["changed"]]

    async def erase(self, persons: Sequence[str]) -> None:
        await self.connection.execute(
            "insert into keys (person, class) select *, '' from unnest($1::text[]) on conflict do nothing", persons
        )
        await self.connection.execute("update keys set wrapped = null where person = any($1::text[])", persons)

    async def add_due(self, due: Sequence[NewDue]) -> None:
        if not due:
            return
        await self.connection.execute(
            "insert into due (reaction, at, stream, trigger, scope)"
            " select * from unnest($1::text[], $2::timestamptz[], $3::text[], $4::bytea[], $5::text[])",
            *columns(5, [(d.reaction, d.at, d.stream, d.trigger, d.scope) for d in due]),
        )
        await self.connection.execute("select pg_notify('due', '')")

    async def parked(self, reader: str) -> list[Parked]:
        sql = """select topic, partition, position, stream, record, error, request from parked where reader = $1
                 order by position"""
        return [
            Parked(
                reader=reader,
                partition=(r["topic"], r["partition"]),
                **{k: r[k] for k in ("position", "stream", "record", "error", "request")},
            )
            for r in await self.connection.fetch(sql, reader)
        ]

    async def park(self, parked: Sequence[Parked]) -> None:
        await self.connection.executemany(
            "insert into parked (reader, topic, partition, position, stream, record, error, request)"
            " values ($1, $2, $3, $4, $5, $6, $7, '') on conflict (reader, topic, partition, position)"
            " do update set error = excluded.error, request = ''",
            [(p.reader, *p.partition, p.position, p.stream, p.record, kept_text(p.error)) for p in parked],
        )

    async def unpark(self, parked: Sequence[Parked], discard: bool) -> None:
        keys = [(p.reader, *p.partition, p.position) for p in parked]
        if discard:
            await self.connection.executemany(
                "insert into discarded (reader, topic, partition, position, stream, record, error, asked)"
                " select reader, topic, partition, position, stream, record, error, asked from parked"
                " where reader = $1 and topic = $2 and partition = $3 and position = $4 on conflict do nothing",
                keys,
            )
        gone = await self.connection.fetch(
            "delete from parked p using unnest($1::text[], $2::text[], $3::int[], $4::bigint[])"
            " as k(reader, topic, partition, position) where p.reader = k.reader and p.topic = k.topic"
            " and p.partition = k.partition and p.position = k.position returning 1",
            *columns(4, keys),
        )
        if len(gone) != len(keys):
            raise Moved("somebody else has taken up what was parked")

    async def discarded(self, name: str) -> list[bytes]:
        sql = "select record from discarded where split_part(reader, '/', 1) = $1 and topic <> 'due'"
        return [r["record"] for r in await self.connection.fetch(sql, name)]

    async def checkpoint(
        self, reader: str, before: Mapping[Partition, Checkpoint | None], after: Mapping[Partition, Checkpoint]
    ) -> None:
        moved = [(p, was, now) for p, now in sorted(after.items()) if (was := before.get(p))]
        if moved:
            sql = """
                update checkpoints c set log = m.log, "offset" = m."offset", position = m.position, at = now()
                  from unnest($2::text[], $3::int[], $4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::bigint[])
                       as m(topic, partition, log, "offset", position, log_before, offset_before)
                 where c.reader = $1 and c.topic = m.topic and c.partition = m.partition
                   and c."offset" = m.offset_before and c.log = m.log_before"""
            each = [(*p, now.log, now.offset, now.position, was.log, was.offset) for p, was, now in moved]
            self.owned(reader, moved, await self.connection.execute(sql, reader, *columns(7, each)))
        if new := [(p, now) for p, now in sorted(after.items()) if not before.get(p)]:
            sql = """
                insert into checkpoints (reader, topic, partition, log, "offset", position, past) select $1, m.*
                  from unnest($2::text[], $3::int[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[]) m
                    on conflict do nothing"""
            begun = [(*p, now.log, now.offset, now.position, now.past) for p, now in new]
            self.owned(reader, new, await self.connection.execute(sql, reader, *columns(6, begun)))

    def owned(self, reader: str, partitions: Sequence[Any], done: str) -> None:
        if int(done.rsplit(maxsplit=1)[-1]) != len(partitions):
            raise Moved(f"{reader} has another owner of {', '.join(str(p[0]) for p in partitions)}")


def columns(count: int, rows: Iterable[tuple[Any, ...]]) -> list[Sequence[Any]]:
    """An array a column."""
    return list(zip(*rows, strict=True)) or [()] * count


def checkpoint(record: asyncpg.Record) -> Checkpoint:
    return Checkpoint(**{name: record[name] for name in ("log", "offset", "position", "past")})


async def rows(connection: Connection, t: Table[R], keys: Sequence[tuple[Any, ...]]) -> list[R]:
    columns = [c for name in t.primary for c in t.columns if c.name == name]
    arrays = [[c.store(key[i]) for key in keys] for i, c in enumerate(columns)]
    return [t.load(r) for r in await connection.fetch(t.select, *arrays)]


async def held(connection: Connection, name: str, subjects: Sequence[str]) -> dict[str, list[Held]]:
    # In the order of the fields of `Held`.
    records = await connection.fetch(
        f"select t.subject, f.service, f.type, f.schema, f.data, f.meta, f.id::text from {name}_thing t"
        f" join {name}_fact f using (thing) where t.subject = any($1::text[])",
        list(subjects),
    )
    found: dict[str, list[Held]] = {subject: [] for subject in subjects}
    for subject, *fact in records:
        found[subject].append(Held(*fact))
    return found


def kept_by_key(records: Sequence[asyncpg.Record]) -> dict[str, Kept]:
    return {r["key"]: Kept(**{k: r[k] for k in r.keys() if k != "key"}) for r in records}  # noqa: SIM118


def result_of(record: asyncpg.Record) -> Result:
    document = msgspec.json.decode(record["document"]) if record["document"] else None
    return Result(
        document=document, used=tuple(record["used"]), computed_at=record["computed_at"], error=record["error"]
    )


async def migrate(url: str, topics: Mapping[str, int]) -> None:
    """Bring a database to the kernel's schema; two that start at once do it once. Partition counts stay as they are.

    Raises RuntimeError where a migration was changed after it ran, or the database is newer than this program."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute("select pg_advisory_xact_lock(44)")
            await connection.execute("create table if not exists migrations (number int primary key, checksum text)")
            done = {r["number"]: r["checksum"] for r in await connection.fetch("select * from migrations")}
            if len(done) > len(MIGRATIONS):
                raise RuntimeError("the database was made by a newer release: upgrade this program first")
            for number, path in enumerate(MIGRATIONS, 1):
                sql = path.read_text()
                checksum = hashlib.sha256(sql.encode()).hexdigest()
                if done.setdefault(number, checksum) != checksum:
                    raise RuntimeError(f"{path.name} is not what this database was made with; migrations never change")
                if number not in {r["number"] for r in await connection.fetch("select number from migrations")}:
                    await connection.execute(sql)
                    await connection.execute("insert into migrations values ($1, $2)", number, checksum)
            await connection.executemany(
                "insert into topics (topic, partitions) values ($1, $2) on conflict do nothing", list(topics.items())
            )
    finally:
        await connection.close()


async def as_it_is(connection: Connection) -> None:
    """Nothing of ours outlives its transaction, so a connection that is given back needs no round trip to be reset."""


async def open_store(url: str, topics: Mapping[str, int], size: int = 10) -> PostgresStore:
    """Migrate, then connect with so many connections at the most. Raises Unavailable."""
    async with answering():
        await migrate(url, topics)
        pool = await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=size,
            command_timeout=60,
            reset=as_it_is,
            server_settings={
                "lock_timeout": "10s",
                "idle_in_transaction_session_timeout": "30s",
                "transaction_timeout": "120s",
                "application_name": "kaibo",
            },
        )
        log = await pool.fetchval("select id from log")
        counts = {r["topic"]: r["partitions"] for r in await pool.fetch("select topic, partitions from topics")}
    return PostgresStore(pool, log, counts)
