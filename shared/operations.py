"""What an operator asks for. It is written down here; the owner of the partition does it, in its own transaction."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from shared.broker import Record
from shared.value import value


class Unknown(Exception):
    """There is no such reader, stream or parked event here: what there is instead."""


@value
class Waiting:
    """A parked event, or a consequence that failed."""

    service: str
    reader: str  # or reaction
    id: str  # topic/partition/position, or due/7
    stream: str
    error: str  # empty: it only waits behind one of its stream
    request: str = ""
    since: datetime | None = None
    event: Mapping[str, Any] = field(default_factory=dict)


async def parked(connection: "asyncpg.Connection[Any]", service: str) -> list[Waiting]:
    """Everything that waits for an operator, oldest first."""
    records = await connection.fetch("select * from parked order by at, position")
    found = [
        Waiting(
            service=service,
            reader=r["reader"],
            id=f"{r['topic']}/{r['partition']}/{r['position']}",
            stream=r["stream"],
            error=r["error"],
            request=r["request"],
            since=r["at"],
            event=readable(r["record"]),
        )
        for r in records
    ]
    failed = await connection.fetch("select * from due where failed <> '' order by id")
    return found + [
        Waiting(
            service=service,
            reader=r["reaction"],
            id=f"due/{r['id']}",
            stream=r["stream"],
            error=r["failed"],
            since=r["at"],
            event=msgspec.json.decode(r["trigger"]),
        )
        for r in failed
    ]


def readable(record: bytes) -> Mapping[str, Any]:
    """Headers and value; personal texts in it are tokens."""
    found = msgspec.json.decode(record, type=Record)
    return {name: content.decode() for name, content in found.headers} | {"value": msgspec.json.decode(found.value)}


async def ask(connection: "asyncpg.Connection[Any]", what: str, reader: str, stream: str | None) -> int:
    """`retry` or `discard` the first parked event of a stream, or of every stream of a reader. Returns how many were
    asked for. Raises Unknown."""
    if what == "retry":
        again = await connection.execute(
            "update due set failed = '' where reaction = $1 and ($2::text is null or stream = $2) and failed <> ''",
            reader,
            stream,
        )
        await connection.execute("select pg_notify('due', '')")
    else:
        again = await connection.execute(
            "delete from due where reaction = $1 and stream = $2 and failed <> ''", reader, stream
        )
    asked = await connection.execute(
        "update parked p set request = $1 where reader = $2 and ($3::text is null or stream = $3) and error <> ''"
        " and position = (select min(position) from parked q where q.reader = p.reader and q.stream = p.stream)",
        what,
        reader,
        stream,
    )
    count = int(again.split()[-1]) + int(asked.split()[-1])
    if not count:
        readers = await connection.fetch(
            "select reader from parked union select reaction from due where failed <> '' order by 1"
        )
        raise Unknown(
            f"{reader} has nothing parked{f' of {stream}' if stream else ''}; there is: {[r[0] for r in readers]}"
        )
    return count


async def rebuild(connection: "asyncpg.Connection[Any]", reader: str) -> int:
    """Empty a projection or facts and read the topics from the beginning. Its rows are incomplete until it has caught
    up. Returns the number of partitions. Raises Unknown, also for a reaction: consequences are never repeated."""
    known = [r["reader"] for r in await connection.fetch("select distinct reader from checkpoints order by 1")]
    if reader not in known or "/" not in reader:
        raise Unknown(f"{reader} is none of {[r for r in known if '/' in r]}")
    name, version = reader.split("/")
    prefix = f"{name}_{int(version)}"
    tables = await connection.fetch(
        "select tablename from pg_tables where schemaname = 'public' and tablename = any($1::text[])",
        [prefix, f"{prefix}_fact", f"{prefix}_thing", f"{prefix}_result"],
    )
    async with connection.transaction():
        moved = await connection.execute(
            "update checkpoints set past = greatest(past, position), log = '', \"offset\" = -1, position = 0,"
            " at = now() where reader = $1",
            reader,
        )
        await connection.execute("delete from parked where reader = $1", reader)
        await connection.execute("delete from dirty where facts = $1", prefix)
        for r in tables:
            await connection.execute(f'truncate "{r["tablename"]}"')
    return int(moved.split()[-1])
