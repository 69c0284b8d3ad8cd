"""Builds in PostgreSQL: their tables, the views through which the served ones are read, and how they change places.

Whoever reads, reads `served_<name>`: a switch gives that view another table, in one transaction with everything else.
"""

import asyncio
from collections.abc import Iterable, Mapping
from time import monotonic
from typing import Any, TypeAlias, cast

import asyncpg
import msgspec

from shared.build import Build, Source, enlisted, kind_of
from shared.facts import Facts
from shared.privacy import Erasure
from shared.projection import Projection
from shared.reaction import Reaction
from shared.rows import table
from shared.store import Unknown
from shared.value import value

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

SUFFIXES = {"projection": ("",), "facts": ("_fact", "_thing", "_result", "_about"), "reaction": (), "erasure": ()}
POLL_SECONDS = 0.05
SHOWN = 20  # differences
NEAR = 2_000  # positions, and subjects to settle: from so near it is worth having the served one stand still
# $1: the served one, $2: the other one, $3: whether it accepts another log; $4: its tables, for what is to be settled;
# $5: how near is near enough. Where the log is another one, or where the served one does not read at all, the end of
# the topic is what counts.
BEHIND = """
    select exists (
      select from checkpoints o
        left join checkpoints n on n.reader = $2 and n.topic = o.topic and n.partition = o.partition
       where o.reader = $1
         and (n.reader is null or n.position < o.position - $5 and not ($3 and n.log <> o.log))
      union all
      select from checkpoints n
        left join checkpoints o on o.reader = $1 and o.topic = n.topic and o.partition = n.partition
       where n.reader = $2 and n.position < n.past and (o.reader is null or $3 and n.log <> o.log)
    ) or (select count(*) from dirty where facts = $4) > $5 or not exists (select from checkpoints where reader = $2)"""

# What the served one had not settled of its past is nobody to be told of by the other one either.
PAST = """
    update checkpoints n set past = least(n.past, coalesce(
             (select o.past from checkpoints o
               where o.reader = $1 and (o.topic, o.partition) = (n.topic, n.partition)), 0))
     where n.reader = $2"""


def creates(source: Source, prefix: str) -> list[str]:
    match source:
        case Projection():
            return [table(prefix, cast("Any", source.row)).create]
        case Reaction() | Erasure():
            return []
        case Facts():
            return gathering(prefix)


def gathering(prefix: str) -> list[str]:
    return [
        f"create table if not exists {prefix}_about (thing text primary key, gathered bigint not null default 1)",
        f"create table if not exists {prefix}_fact (thing text, id uuid, service text not null, type text not null,"
        " schema int not null, data bytea not null, meta bytea not null, primary key (thing, id))",
        f"create table if not exists {prefix}_thing (subject text, thing text, primary key (subject, thing))",
        f"create index if not exists {prefix}_subjects on {prefix}_thing (thing)",
        f"create table if not exists {prefix}_result (subject text primary key, document bytea not null,"
        " used text[] not null, error text not null, computed_at timestamptz not null default now())",
    ]


async def known(connection: Connection, name: str | None = None) -> list[Build]:
    """By name, version and number."""
    sql = """select name, version, number, state, held, accepts, error from readers
              where $1::text is null or name = $1 order by name, version, number"""
    return [Build(**dict(r)) for r in await connection.fetch(sql, name)]


async def enlist(connection: Connection, sources: Iterable[Source]) -> None:
    """In a transaction of the caller's. What is not served gets its tables from the worker that fills it."""
    await connection.execute("select pg_advisory_xact_lock(43)")
    for source in sources:
        build = enlisted(source, await known(connection, source.name))
        if build is None:
            continue
        await add(connection, build, kind_of(source))
        if build.state == "served":
            await furnish(connection, source, build)
            await serve(connection, build, kind_of(source))


async def add(connection: Connection, build: Build, kind: str) -> None:
    await connection.execute(
        "insert into readers (reader, name, version, number, kind, prefix, state, held, accepts)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        *(build.reader, build.name, build.version, build.number, kind, build.prefix),
        *(build.state, build.held, build.accepts),
    )
    await connection.execute("select pg_notify('readers', '')")


async def furnish(connection: Connection, source: Source, build: Build) -> None:
    for sql in creates(source, build.prefix):
        await connection.execute(sql)


async def serve(connection: Connection, build: Build, kind: str) -> None:
    for suffix in SUFFIXES[kind][:3]:
        await connection.execute(f"drop view if exists served_{build.name}{suffix}")
        await connection.execute(f"create view served_{build.name}{suffix} as select * from {build.prefix}{suffix}")


async def met(connection: Connection, served: Build, build: Build, patience: float) -> bool:
    """Have the served one stand still, for the rest of this transaction (READ COMMITTED), until the other one is not
    behind it on any partition. False where that takes longer than so many seconds."""
    those = (served.reader, build.reader, build.accepts, build.prefix)
    if await connection.fetchval(BEHIND, *those, NEAR):
        return False
    await connection.execute(
        "select from checkpoints where reader = $1 order by topic, partition for update", served.reader
    )
    until = monotonic() + patience
    while await connection.fetchval(BEHIND, *those, 0):
        if monotonic() > until:
            return False
        await asyncio.sleep(POLL_SECONDS)
    return True


async def alone(connection: Connection, reader: str) -> None:
    """Nobody else has the builds of its name change places, or end, for the rest of the caller's transaction."""
    await connection.execute("select pg_advisory_xact_lock(43, hashtext($1))", reader.partition("/")[0])


async def switch(connection: Connection, reader: str, patience: float) -> bool:
    """In a transaction of the caller's, READ COMMITTED. False where somebody else is at it, or it is behind."""
    name = reader.partition("/")[0]
    if not await connection.fetchval("select pg_try_advisory_xact_lock(43, hashtext($1))", name):
        return False
    kind = await connection.fetchval("select kind from readers where reader = $1 for update", reader)
    mine = {b.reader: b for b in await known(connection, name)}
    build = mine.get(reader)
    served = next((b for b in mine.values() if b.state == "served"), None)
    if build is None or served is None or build.state != "building" or build.held:
        return False
    if not await met(connection, served, build, patience):
        return False
    if kind == "facts":
        await hand_over(connection, served, build)
    await connection.execute(PAST, served.reader, reader)
    await retire(connection, served)
    await connection.execute("update readers set state = 'served', error = '' where reader = $1", reader)
    await serve(connection, build, kind)
    return True


async def hand_over(connection: Connection, served: Build, build: Build) -> None:
    """What the old one has not told yet is told by the new one: it finds the result that was told last, and settles.

    Where a log was replaced that is every subject whose result is another one now."""
    changed = (
        f"union select subject from {build.prefix}_result n left join {served.prefix}_result o using (subject)"
        " where (o.document, o.error) is distinct from (n.document, n.error)"
    )
    owed = await connection.fetch(
        f"select subject from dirty where facts = $1 {changed if build.accepts else ''}", served.prefix
    )
    subjects = [r["subject"] for r in owed]
    await connection.execute(f"delete from {build.prefix}_result where subject = any($1::text[])", subjects)
    await connection.execute(
        f"insert into {build.prefix}_result select * from {served.prefix}_result where subject = any($1::text[])",
        subjects,
    )
    await connection.execute(
        "insert into dirty (facts, subject) select $1, * from unnest($2::text[])"
        " on conflict (facts, subject) do update set touched = dirty.touched + 1",
        build.prefix,
        sorted(subjects),
    )


async def retire(connection: Connection, build: Build) -> None:
    """Whoever still works on it finds its checkpoints gone, and ends."""
    for name in ("checkpoints", "parked"):
        await connection.execute(f"delete from {name} where reader = $1", build.reader)
    await connection.execute("update readers set state = 'retired' where reader = $1", build.reader)
    await connection.execute("select pg_notify('readers', '')")


async def withdraw(connection: Connection, build: Build) -> None:
    """Nobody reads it any more."""
    for suffix in ("", "_fact", "_thing", "_result"):
        await connection.execute(f"drop view if exists served_{build.name}{suffix}")


async def left(connection: Connection) -> Mapping[str, str]:
    """Tables of retired builds, with the prefix of the build."""
    there = {r[0] for r in await connection.fetch("select tablename from pg_tables where schemaname = 'public'")}
    retired = await connection.fetch("select name, version, number, kind from readers where state = 'retired'")
    builds = [(Build(name=r["name"], version=r["version"], number=r["number"]), r["kind"]) for r in retired]
    return {b.prefix + s: b.prefix for b, kind in builds for s in SUFFIXES[kind] if b.prefix + s in there}


async def sweep(connection: Connection) -> None:
    """In autocommit: a table at a time. Another process may be at it too."""
    for name, prefix in (await left(connection)).items():
        await connection.execute("delete from dirty where facts = $1", prefix)
        await connection.execute(f"drop table if exists {name}")


async def stand(connection: Connection, reader: str, error: str) -> None:
    await connection.execute(
        "update readers set error = $2,"
        " state = case when $2 <> '' and state = 'building' then 'stopped' else state end"
        " where reader = $1 and error <> $2 and state <> 'retired'",
        reader,
        error,
    )


@value
class Difference:
    """A row, or the result of a subject, on which two builds do not agree, in the columns of both. None: it is not
    there."""

    key: str
    served: Mapping[str, Any] | None
    built: Mapping[str, Any] | None


async def compared(connection: Connection, served: Build, build: Build, kind: str) -> tuple[int, list[Difference]]:
    """How many differ, and the first of them. In the transaction in which the two have met. Raises Unknown."""
    suffix = "_result" if kind == "facts" else ""
    old, new = f"{served.prefix}{suffix}", f"{build.prefix}{suffix}"
    keys = await primary(connection, old)
    if keys != await primary(connection, new):
        raise Unknown(f"the rows of {served.reader} and {build.reader} have other keys: they cannot be compared")
    shared = ["document", "error"] if suffix else [c for c in await columns(connection, old, new) if c not in keys]

    def whole(side: str) -> str:
        shown = ", ".join(f"'{c}', {text(side, c)}" for c in shared)
        return f"case when {side}.{keys[0]} is not null then jsonb_build_object({shown})::text end"

    def text(side: str, column: str) -> str:
        return f"convert_from({side}.document, 'utf8')" if suffix and column == "document" else f'{side}."{column}"'

    using = ", ".join(f'"{k}"' for k in keys)
    rows = await connection.fetch(
        f"select concat_ws('/', {using}) as key, {whole('o')} as served, {whole('n')} as built, count(*) over () as all"
        f" from {old} o full join {new} n using ({using})"
        f" where {whole('o')} is distinct from {whole('n')} order by {using} limit {SHOWN}"
    )
    found = [Difference(key=r["key"], served=parsed(r["served"]), built=parsed(r["built"])) for r in rows]
    return (rows[0]["all"] if rows else 0), found


def parsed(text: str | None) -> dict[str, Any] | None:
    return None if text is None else dict(msgspec.json.decode(text))


async def primary(connection: Connection, name: str) -> list[str]:
    sql = """select a.attname from pg_index i
               join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
              where i.indrelid = $1::regclass and i.indisprimary order by a.attnum"""
    return [r["attname"] for r in await connection.fetch(sql, name)]


async def columns(connection: Connection, one: str, other: str) -> list[str]:
    """That both tables have."""
    sql = """select column_name from information_schema.columns where table_schema = 'public' and table_name = $1
             intersect select column_name from information_schema.columns
              where table_schema = 'public' and table_name = $2 order by 1"""
    return [r["column_name"] for r in await connection.fetch(sql, one, other)]
