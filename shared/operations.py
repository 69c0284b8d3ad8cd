"""What an operator sees and asks for. It is written down here with who asked and why; the owner of the partition does
it, in its own transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import asyncpg
import msgspec

from shared import readers
from shared.broker import Record
from shared.build import Build, following
from shared.store import AT_MOST, EVERYWHERE, Asking, Backlog, Discarded, Import, Unknown, Waiting

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

PLACE = "p.topic || '/' || p.partition || '/' || p.position"  # the id of a parked event; of a consequence due/<id>
FIRST = "(select min(q.position) from parked q where q.reader = p.reader and q.stream = p.stream)"


async def waiting(connection: Connection, reader: str = "", event: str = "") -> list[Waiting]:
    """What waits for an operator, oldest first; of one reader, or one event with its content and all that was asked."""
    records = await connection.fetch(
        f"""select * from (
              select p.reader, {PLACE} as id, p.stream, p.error, p.request, p.at as since, p.record from parked p
               union all
              select reaction, 'due/' || id, stream, failed, '', made, trigger from due where failed <> '') w
             where ($1 = '' or reader = $1) and ($2 = '' or id = $2) order by since, id limit $3""",
        reader,
        event,
        AT_MOST,
    )
    found = []
    for r in records:
        shown = {name: r[name] for name in ("reader", "id", "stream", "error", "request", "since")}
        if event:
            shown |= {"event": readable(r["record"]), "requests": tuple(await asked(connection, dict(r)))}
        found.append(Waiting(**shown))
    return found


async def asked(connection: Connection, waits: Mapping[str, Any]) -> list[Asking]:
    """What was asked for a parked event, by name, stream or reader, since it is parked."""
    records = await connection.fetch(
        "select at, actor, what, reader, stream, event, reason from requests where reader = $1 and at >= $2"
        " and stream in ('', $3) and event in ('', $4) order by id",
        *(waits[name] for name in ("reader", "since", "stream", "id")),
    )
    return [Asking(**dict(r)) for r in records]


async def discarded(connection: Connection) -> list[Discarded]:
    """What operators had left out, newest first, with who asked for it and why."""
    records = await connection.fetch(
        f"""select p.reader, {PLACE} as id, p.stream, p.error, p.at, r.actor, r.reason, p.record
              from discarded p left join requests r on r.id = p.asked order by p.at desc, id limit $1""",
        AT_MOST,
    )
    return [
        Discarded(
            reader=r["reader"],
            id=r["id"],
            stream=r["stream"],
            error=r["error"],
            at=r["at"],
            actor=r["actor"] or "",
            reason=r["reason"] or "",
            event=readable(r["record"]),
        )
        for r in records
    ]


async def backlog(connection: Connection) -> Backlog:
    parked = await connection.fetch(
        "select reader, count(*) as n, extract(epoch from now() - min(at))::float8 as age from parked group by reader"
    )
    counts = await connection.fetchrow(
        f"""select extract(epoch from now() - least(
                     (select min(made) from due where failed = '' and waits = '' and at is null),
                     (select min(at) from due d where failed = '' and waits = '' and at <= now()
                         and not exists (select from imports i where i.released_at is null
                                            and i.scope in ('{EVERYWHERE}', d.scope)))))::float8 as due,
                   (select count(*) from due where failed <> '') as stuck,
                   (select count(*) from due where waits <> '') as waits,
                   (select extract(epoch from now() - min(started_at))::float8
                      from imports where released_at is null) as importing"""
    )
    told = {name: found or 0 for name, found in dict(counts or {}).items()}
    return Backlog(parked={r["reader"]: (r["n"], r["age"]) for r in parked}, **told)


def readable(content: bytes) -> Mapping[str, Any]:
    """A record's headers and value, or what a consequence was to follow from; personal texts in it are tokens."""
    found = msgspec.json.decode(content)
    if "headers" not in found:
        return dict(found)
    record = msgspec.json.decode(content, type=Record)
    headers = {name: text.decode(errors="replace") for name, text in record.headers}
    try:
        return headers | {"value": msgspec.json.decode(record.value)}
    except (msgspec.DecodeError, UnicodeDecodeError):
        return headers | {"value": record.value.decode(errors="replace")}  # whatever it is: it is why it is parked


async def ask(connection: Connection, asking: Asking) -> int:
    """`retry` or `discard` the first parked event of a stream, or of every stream of a reader. Returns how many were
    asked for. Raises Unknown."""
    a = asking
    async with connection.transaction():
        number = await connection.fetchval(
            "insert into requests (actor, what, reader, stream, event, reason) values ($1, $2, $3, $4, $5, $6)"
            " returning id",
            *(a.actor, a.what, a.reader, a.stream, a.event, a.reason),
        )
        marked = await connection.execute(
            f"""update parked p set request = $1, asked = $2 where p.reader = $3 and ($4 = '' or p.stream = $4)
                   and ($5 = '' or {PLACE} = $5) and p.error <> '' and p.position = {FIRST}""",
            *(a.what, number, a.reader, a.stream, a.event),
        )
        count = int(marked.split()[-1]) + await (retry_due if a.what == "retry" else discard_due)(connection, a, number)
        if not count:
            raise Unknown(await instead(connection, a))
    await connection.execute("select pg_notify('due', '')")
    return count


MEANT = (
    "reaction = $1 and ($2 = '' or stream = $2) and ($3 = '' or 'due/' || id = $3) and (failed <> '' or waits <> '')"
)


async def retry_due(connection: Connection, a: Asking, number: int) -> int:
    sql = f"update due set failed = '', waits = '' where {MEANT}"
    return int((await connection.execute(sql, a.reader, a.stream, a.event)).split()[-1])


async def discard_due(connection: Connection, a: Asking, number: int) -> int:
    gone = f"delete from due where {MEANT} returning reaction, id, stream, trigger, failed || waits, $4::bigint"
    sql = f"""with gone(reader, id, stream, record, error, asked) as ({gone})
              insert into discarded (reader, topic, partition, position, stream, record, error, asked)
              select reader, 'due', 0, id, stream, record, error, asked from gone"""
    return int((await connection.execute(sql, a.reader, a.stream, a.event, number)).split()[-1])


async def instead(connection: Connection, a: Asking) -> str:
    """Why there is nothing to ask for, and what there is."""
    if a.event:
        before = await connection.fetchrow(
            f"""select p.stream, (select {PLACE.replace("p.", "f.")} from parked f
                   where f.reader = p.reader and f.stream = p.stream order by f.position limit 1) as first
                  from parked p where p.reader = $1 and {PLACE} = $2""",
            a.reader,
            a.event,
        )
        if before is not None:
            return f"{a.event} waits behind {before['first']} of its stream {before['stream']}: ask for that one"
    there = await connection.fetch(
        "select reader from parked union select reaction from due where failed <> '' or waits <> '' order by 1"
    )
    of = f" of {a.stream}" if a.stream else f" {a.event}" if a.event else ""
    others = ", ".join(r[0] for r in there)
    return f"{a.reader} has nothing parked{of}; {f'there is something of: {others}' if others else 'nor has any other'}"


IMPORT = "name, scope, started_at, started_by, completed_at, released_at, ended_by, reason"


async def imports(connection: Connection) -> list[Import]:
    """Newest first."""
    sql = f"select {IMPORT} from imports order by started_at desc, name limit $1"
    return [Import(**dict(r)) for r in await connection.fetch(sql, AT_MOST)]


async def end(connection: Connection, name: str, by: str, reason: str) -> Import:
    """Release what an import holds, whatever was passed; one that is released stays as it is. Raises Unknown."""
    sql = """update imports set released_at = now(), ended_by = $2, reason = $3
              where name = $1 and released_at is null"""
    await connection.execute(sql, name, by, reason)
    await connection.execute("select pg_notify('due', '')")
    return await import_of(connection, name)


async def import_of(connection: Connection, name: str) -> Import:
    """Raises Unknown."""
    if (found := await connection.fetchrow(f"select {IMPORT} from imports where name = $1", name)) is None:
        names = [r["name"] for r in await connection.fetch("select name from imports where released_at is null")]
        raise Unknown(f"there is no import {name}; open are: {', '.join(names) or 'none'}")
    return Import(**dict(found))


async def rebuild(connection: Connection, reader: str, held: bool = False) -> Build:
    """Have a projection or facts filled beside what is served, or go on with that. `reader` may name a version, for a
    release that went back to it. Raises Unknown, also for a reaction: consequences are never repeated."""
    async with connection.transaction():
        await readers.alone(connection, reader)
        wanted, started = await intended(connection, reader)
        if started is None:
            return await begun(connection, replace(wanted, held=held))
        await connection.execute(
            "update readers set state = 'building', held = $2, error = '', since = now(), passed ="
            " (select coalesce(sum(position), 0) from checkpoints c where c.reader = $1) where reader = $1",
            started.reader,
            held,
        )
        await connection.execute("select pg_notify('readers', '')")
        return replace(started, state="building", held=held, error="")


async def intended(connection: Connection, reader: str) -> tuple[Build, Build | None]:
    """What is to be filled, and the build that was begun already. Raises Unknown."""
    name, _, version = reader.partition("/")
    mine = await readers.known(connection, name)
    served = next((b for b in mine if b.state == "served" and b.version), None)
    if served is None or (version and not version.isdecimal()):
        models = sorted({b.name for b in await readers.known(connection) if b.version and b.state == "served"})
        raise Unknown(f"there is no read model {reader}; there are: {', '.join(models)}")
    begun = [b for b in mine if b.state in ("building", "stopped") and version in ("", str(b.version))]
    fresh = Build(name=name, version=int(version or served.version), state="building")
    return fresh, begun[-1] if begun else None


async def begun(connection: Connection, wanted: Build) -> Build:
    """Beside what is served."""
    build = following(await readers.known(connection, wanted.name), wanted)
    sql = "select kind from readers where name = $1 and state = 'served'"
    await readers.add(connection, build, await connection.fetchval(sql, build.name))
    return build


async def stop(connection: Connection, reader: str) -> Build:
    """Have the filling of a build end, until it is asked for again. Raises Unknown."""
    async with connection.transaction():
        await readers.alone(connection, reader)
        build = await filling(connection, reader)
        await connection.execute("update readers set state = 'stopped' where reader = $1", build.reader)
        await connection.execute("select pg_notify('readers', '')")
    return build


async def filling(connection: Connection, reader: str) -> Build:
    """The build that is filled, by the name of its reader. Raises Unknown."""
    for build in await readers.known(connection):
        if build.state in ("building", "stopped") and reader in (build.name, build.reader):
            return build
    raise Unknown(f"nothing is built beside {reader}; `kaibo readers list` shows what is")


async def compare(connection: Connection, reader: str, patience: float) -> tuple[int, list[readers.Difference]] | None:
    """What differs between a build and what is served, when the two stand at the same positions; None where they did
    not meet within so many seconds. Raises Unknown."""
    async with connection.transaction():
        build = await filling(connection, reader)
        known = await readers.known(connection, build.name)
        served = next(b for b in known if b.state == "served")
        kind = await connection.fetchval("select kind from readers where reader = $1", build.reader)
        if not await readers.met(connection, served, build, patience):
            return None
        return await readers.compared(connection, served, build, kind)


async def retire(connection: Connection, reader: str) -> list[Build]:
    """A build that is filled, or by its name a reader that no release has any more, with its rows. Raises Unknown."""
    async with connection.transaction():
        await readers.alone(connection, reader)
        known = [b for b in await readers.known(connection) if b.state != "retired"]
        gone = [b for b in known if b.reader == reader and b.state != "served"]
        gone = gone or [b for b in known if b.name == reader]
        if not gone:
            raise Unknown(f"there is no reader {reader}; there are: {', '.join(sorted({b.name for b in known}))}")
        for build in gone:
            if build.state == "served":
                await readers.withdraw(connection, build)
            await readers.retire(connection, build)
    await readers.sweep(connection)
    return gone


async def accept(connection: Connection, reader: str, logs: Mapping[str, str]) -> Build:
    """Have a reader take up what a log says that was restored or replaced; `logs` are the ids of today by topic.

    A read model is built from it anew, beside what is served. A reaction reads it again from where it was deployed:
    what had its consequence has it once. Raises Unknown where it reads no such log."""
    async with connection.transaction():
        await readers.alone(connection, reader)
        served = next((b for b in await readers.known(connection) if b.state == "served" and b.name == reader), None)
        if served is None:
            names = sorted({b.name for b in await readers.known(connection)})
            raise Unknown(f"there is no reader {reader}; there are: {', '.join(names)}")
        stands = await connection.fetch(
            "select topic, partition, log from checkpoints where reader = $1 and log <> ''", served.reader
        )
        replaced = sorted({r["topic"] for r in stands if r["log"] != logs.get(r["topic"], r["log"])})
        if not replaced:
            raise Unknown(f"{reader} reads no log that was replaced")
        if served.version:
            wanted, started = await intended(connection, reader)
            if started is not None:
                await readers.retire(connection, started)
                wanted = replace(wanted, version=started.version)
            return await begun(connection, replace(wanted, accepts=True))
        await reread(connection, reader, replaced)
        return served


async def outdated(connection: Connection, logs: Mapping[str, str]) -> list[str]:
    """Readers that have read a log which was replaced, and were not told to accept that; `logs` as above."""
    return [
        r["name"]
        for r in await connection.fetch(
            """select distinct r.name from readers r join checkpoints c using (reader)
                 join unnest($1::text[], $2::text[]) as now (topic, log) on now.topic = c.topic
                where r.state = 'served' and c.log not in ('', now.log)
                  and not exists (select from readers b
                                   where b.name = r.name and b.accepts and b.state in ('building', 'stopped'))
                order by r.name""",
            list(logs),
            list(logs.values()),
        )
    ]


async def reread(connection: Connection, reaction: str, topics: Sequence[str]) -> None:
    services = sorted({topic.split(".")[1] for topic in topics})
    await connection.execute(
        "update checkpoints set log = '', \"offset\" = -1, position = past, at = now()"
        " where reader = $1 and topic = any($2::text[])",
        reaction,
        list(topics),
    )
    await connection.execute("delete from parked where reader = $1 and topic = any($2::text[])", reaction, list(topics))
    # Whoever reads it may wait at an offset of the old topic, and would not look at its checkpoints before it stands.
    await connection.execute("update readers set accepts = not accepts, error = '' where reader = $1", reaction)
    await connection.execute("select pg_notify('readers', '')")
    # Of events that the log may not hold any more. Whatever it holds comes again.
    await connection.execute(
        "delete from due where reaction = $1"
        " and convert_from(trigger, 'utf8')::jsonb #>> '{meta,service}' = any($2::text[])",
        reaction,
        services,
    )


async def renew(connection: Connection) -> str:
    """Give a restored or replaced log another id and have its topics made again. Returns the id."""
    async with connection.transaction():
        await connection.execute("update log set former = former || id, id = gen_random_uuid()::text")
        await republish(connection)
    return str(await connection.fetchval("select id from log"))


async def republish(connection: Connection) -> int:
    """Have the topics of a service deleted and filled from its log again, by its relay. Returns how many events."""
    async with connection.transaction():
        await connection.execute("update log set republish = true")
        await connection.execute("delete from cursors")
        await connection.execute("select pg_notify('log', '')")
    return int(await connection.fetchval("select coalesce(max(position), 0) from events") or 0)


async def published(connection: Connection) -> tuple[bool, int, int]:
    """Whether the relay has yet to begin with that; up to which position the topics are filled; of how many."""
    row = await connection.fetchrow(
        "select republish, (select coalesce(max(position), 0) from cursors) as upto,"
        " (select coalesce(max(position), 0) from events) as events from log"
    )
    return (row["republish"], row["upto"], row["events"]) if row else (True, 0, 0)


async def log_of(connection: Connection) -> dict[str, str]:
    """The id of the log behind each topic of a service."""
    log = str(await connection.fetchval("select id from log"))
    return {r["topic"]: log for r in await connection.fetch("select topic from topics")}
