"""Many at once on the real database: nothing is lost, nothing is half done."""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator

import asyncpg
import msgspec
import pytest
from msgspec.structs import replace

from shared.broker import Unavailable
from shared.postgres import PostgresStore, open_store
from shared.store import Checkpoint, Group, Moved, NewResult, Once
from tests.conformance.stores import TOPIC, TOPICS, Count, about, archive, counts, group, new

KEYS = [(f"key {i}",) for i in range(200)]


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    opened = await open_store(database, TOPICS, size=12)
    await opened.prepare([counts, archive])
    try:
        yield opened
    finally:
        await opened.close()


async def test_two_partitions_write_the_same_rows_and_no_update_is_lost(store: PostgresStore) -> None:
    batches = 20
    both_read = asyncio.Barrier(2)

    async def work_off(partition: int) -> None:
        before: Checkpoint | None = None
        here, done, first = (TOPIC, partition), 0, True
        while done < batches:
            after = Checkpoint(log="l", offset=done, position=done + 1)
            try:
                async with store.work() as work:
                    rows = {row.word: row for row in await work.rows(counts, KEYS)}
                    if first:  # so that the two are sure to overlap
                        first = False
                        await both_read.wait()
                    added = [Count(word=k, times=rows.get(k, Count(word=k)).times + 1) for (k,) in KEYS]
                    await work.put_rows(counts, added)
                    await work.checkpoint("counts/1", {here: before}, {here: after})
            except Moved:
                continue
            before, done = after, done + 1

    await asyncio.gather(work_off(0), work_off(1))
    assert {row.times for row in await store.rows(counts, KEYS)} == {2 * batches}
    assert [c.offset for c in (await store.checkpoints("counts/1")).values()] == [batches - 1] * 2


async def test_two_gather_while_a_third_settles_and_no_fact_is_forgotten(store: PostgresStore) -> None:
    chance = random.Random(3)
    subjects, things = [f"s{i}" for i in range(8)], [f"t{i}" for i in range(12)]
    known: dict[str, set[str]] = defaultdict(set)
    named: dict[str, set[str]] = defaultdict(set)
    gathering = 2

    async def gathers() -> None:
        nonlocal gathering
        for _ in range(25):
            found = [about(chance.choice(things), *chance.sample(subjects, chance.choice((0, 0, 1)))) for _ in range(5)]
            while True:
                try:
                    async with store.work() as work:
                        await work.gather(archive, found)
                    break
                except Moved:
                    continue
            for g in found:
                known[g.thing].add(g.held.id)
                named[g.thing].update(g.subjects)
        gathering -= 1

    async def settles() -> bool:
        try:
            async with store.work() as work:
                dirty = await work.dirty(archive, 3)
                facts = await work.facts(archive, dirty)
                results = [NewResult(subject=s, document=b"1", used=tuple(h.id for h in facts[s])) for s in dirty]
                await work.put_results(archive, results)
        except Moved:
            return True
        return bool(dirty)

    async def keeps_settling() -> None:
        while gathering or await settles():
            await settles()

    await asyncio.gather(gathers(), gathers(), keeps_settling())
    for subject in subjects:
        expected = {event for thing in things if subject in named[thing] for event in known[thing]}
        result = await store.result(archive, subject)
        assert (set(result.used) if result else set()) == expected, subject


def numbered(stream: str, expected: int, command: str, size: int, key: str) -> Group:
    """A group whose events say of which command they are, and how many there must be."""
    events = tuple(replace(new(), data=msgspec.json.encode([command, size])) for _ in range(size))
    return replace(group(stream, expected, 0, once=[Once(key=key)]), events=events)


async def test_eight_append_to_fifty_streams(store: PostgresStore) -> None:
    """No half command, no gap, no doubled version; and who follows the positions misses nothing."""
    streams = [f"stream/{i}" for i in range(50)]
    stored: dict[str, int] = {}
    outcomes: Counter[str] = Counter()
    appending = 8
    followed: list[int] = []

    async def appends(writer: int) -> None:
        nonlocal appending
        chance = random.Random(writer)
        for turn in range(40):
            chosen = chance.sample(streams, 6)
            history = await store.history(chosen)
            groups = [
                numbered(s, len(history[s]), f"{writer}/{turn}/{s}", chance.randint(1, 4), f"{writer // 2}/{turn}/{s}")
                for s in chosen
            ]
            answers = await store.append(groups)
            for s, g, a in zip(chosen, groups, answers, strict=True):
                outcomes[a.outcome] += 1
                if a.outcome == "stored":
                    stored[f"{writer}/{turn}/{s}"] = len(g.events)
        appending -= 1

    async def follows() -> None:
        while appending or followed[-1:] != [await store.maximum()]:
            followed.extend(e.position for e in await store.tail(followed[-1] if followed else 0, 7))
            await asyncio.sleep(0)

    await asyncio.gather(follows(), *(appends(writer) for writer in range(8)))
    log = await store.tail(0, 10**6)
    commands: dict[str, list[int]] = defaultdict(list)
    sizes: dict[str, int] = {}
    versions: dict[str, list[int]] = defaultdict(list)
    for event in log:
        command, size = msgspec.json.decode(event.data)
        commands[command].append(event.position)
        sizes[command] = size
        versions[event.stream].append(event.version)
    assert [e.position for e in log] == list(range(1, len(log) + 1))
    assert followed == [e.position for e in log]
    assert {command: len(at) for command, at in commands.items()} == sizes == stored
    assert all(at == list(range(at[0], at[0] + len(at))) for at in commands.values())
    assert all(found == list(range(1, len(found) + 1)) for found in versions.values())
    keys = [f"{pair}/{turn}/{s}" for pair in range(4) for turn in range(40) for s in streams]
    assert len(await store.kept(keys)) == len(stored), "a command was stored without its key, or under one that stood"
    assert min(outcomes[o] for o in ("stored", "stale", "taken")) > 0, outcomes


async def test_a_call_that_is_broken_off_stores_nothing(store: PostgresStore, database: str) -> None:
    """Its connection is cut while it waits for its turn, and what it was to store is not there."""
    await store.append([group("a")])
    other = await asyncpg.connect(database)
    try:
        async with other.transaction():
            await other.execute("select pg_advisory_xact_lock(42)")
            broken = asyncio.create_task(store.append([group("a", 1, events=3), group("b", events=2)]))
            waits = "select pid from pg_locks where locktype = 'advisory' and not granted"
            async with asyncio.timeout(30):
                while (backend := await other.fetchval(waits)) is None:
                    continue
            await other.execute("select pg_terminate_backend($1)", backend)
            with pytest.raises(Unavailable):
                await broken
    finally:
        await other.close()
    assert [e.stream for e in await store.tail(0, 10)] == ["a"]
    assert [a.outcome for a in await store.append([group("a", 1, events=3), group("b")])] == ["stored", "stored"]


async def test_append_refuses_a_transaction_of_another_isolation(store: PostgresStore) -> None:
    """Its checks would look at the state before it got its turn."""
    arrays = ", ".join(["'{}'"] * 4)
    async with store.pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
        with pytest.raises(asyncpg.RaiseError, match="READ COMMITTED"):
            await connection.execute(f"select * from append({arrays})")
