"""What `kaibo status` says of a reader that is behind: how old the oldest is, whether it moves, how long it takes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from cli.status import progress
from shared.build import Build
from shared.event import Envelope, encode, new_id
from shared.postgres import open_store
from shared.readers import add
from shared.status import Overview, Reading
from shared.store import Group, New, NewDue

TOPIC = "kaibo.training.events"
READER = "results/1"
META = encode(Envelope(actor="trainer-7"))


async def recorded(database: str, count: int, ago: timedelta) -> Any:
    """A log of so many events, the second of them so long ago, and a reader that has taken the first."""
    store = await open_store(database, {TOPIC: 1})
    now = datetime.now(UTC)
    event: Any = {"type": "ExamGraded", "schema": 1, "occurred_at": now, "data": b"{}", "meta": META}
    events = tuple(New(id=new_id(), **event) for _ in range(count))
    await store.append([Group(stream="exams/P1", expected=0, topic=TOPIC, partition=0, events=events)])
    async with store.work() as work:
        await work.add_due([NewDue(reaction="term", at=None, stream="s", trigger=b"{}", scope="organisation")])
    ((_, due),) = [(r.reaction, r.id) for r in await store.due(now, 10, ["term"])]
    await store.settle_due([], {}, {due: "bonus"})
    await store.close()
    connection = await asyncpg.connect(database)
    await add(connection, Build(name="results", version=1), "projection")
    await connection.execute("insert into checkpoints values ($1, $2, 0, 'log', 0, 1)", READER, TOPIC)
    await connection.execute("update events set recorded_at = now() - $1::interval where position <= 2", ago)
    return connection


async def read(overview: Overview) -> Reading:
    ((reading,),) = [standing.readers for standing in await overview.standings()]
    return reading


async def test_far_behind_and_frozen_are_two_things(database: str) -> None:
    connection = await recorded(database, 9, timedelta(minutes=10))
    async with Overview({"training": database}) as overview:
        moves = await read(overview)
        assert (moves.lag, moves.frozen, moves.left) == (8, False, None)
        assert 600 <= moves.seconds < 6_000
        await connection.execute("update checkpoints set position = 6")
        drains = await read(overview)
        assert (drains.lag, drains.frozen) == (3, False)
        assert drains.seconds < 600  # the oldest was taken; since when the checkpoint stands is another matter
        assert drains.left is not None
        assert abs(drains.left - drains.lag / drains.rate) < 0.001
        assert "s left" in progress(drains).plain
        await connection.execute("update checkpoints set at = now() - interval '5 minutes', position = 1")
        still = await read(overview)
        assert (still.frozen, still.left) == (True, None)
        assert progress(still).plain == "frozen"
    await connection.close()


async def test_who_had_nothing_to_do_is_not_frozen_by_what_just_came(database: str) -> None:
    connection = await recorded(database, 2, timedelta())
    await connection.execute("update checkpoints set at = now() - interval '5 hours'")
    async with Overview({"training": database}) as overview:
        reading = await read(overview)
        assert (reading.lag, reading.frozen) == (1, False)
        assert [standing.waits for standing in await overview.standings()] == [1]
    await connection.close()
